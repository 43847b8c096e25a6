/* The screen of the tables that the province goes by, from which each is imported. */
#pragma once

#include "dashboard/visit.h"

void tables_write(struct visit *visit, struct html *html);
