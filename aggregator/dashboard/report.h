/* /report: a single report, the end of every way down: one office, one metric, one period. Its
 * value and labels, when and by whom it came, what was noted, and what became of it, one by one. */
#pragma once

#include "dashboard/visit.h"

void report_write(struct visit *visit, struct html *html);
