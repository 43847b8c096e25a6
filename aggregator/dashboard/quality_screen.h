/* /quality: What somebody should look at among the figures that count (aggregator/query/quality.h),
 * with what to do about each kind. */
#pragma once

#include "dashboard/visit.h"

void quality_write(struct visit *visit, struct html *html);
