/* The screen of a change that goes on by steps: how far it is, or what became of it. */
#pragma once

#include "dashboard/visit.h"

void change_write(struct visit *visit, struct html *html);
