/* The screen of closed periods, with what opens and closes them for who may. */
#pragma once

#include "dashboard/visit.h"

void closed_write(struct visit *visit, struct html *html);
