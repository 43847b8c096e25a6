/* /pivot?name=A,B: several metrics and indicators side by side. */
#pragma once

#include "dashboard/visit.h"

void pivot_write(struct visit *visit, struct html *html);
