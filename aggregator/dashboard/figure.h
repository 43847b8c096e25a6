/* /figure: one metric or indicator. What it is, its newest value and how complete that is, how it
 * went, where it is high and low, and the way down from the province to the single report; without
 * a name, all that there are. */
#pragma once

#include "dashboard/visit.h"

void figure_write(struct visit *visit, struct html *html);
