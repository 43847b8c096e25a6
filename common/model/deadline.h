/* Until when a figure is in time. Days, as looking for the instant at which one begins asks the
 * zone eighteen times. */
#pragma once

#include "common/model/metric.h"

#include <stdint.h>

/** The day after a period of @metric that starts on @day, or lies in it. */
int32_t metric_end_day(const struct metric *metric, int32_t day);
/** The local day from which figures of a period are late that ends before @end_day. */
static inline int32_t metric_late_from(const struct metric *metric, int32_t end_day)
{
	return end_day + (int32_t)metric->due_days;
}
/** The same of the period that starts on @day, or in which it lies. */
int32_t metric_late_day(const struct metric *metric, int32_t day);
