/* Until when a figure is in time. Days, as looking for the instant at which one begins asks the
 * zone eighteen times. */
#pragma once

#include "common/model/days_off.h"
#include "common/model/metric.h"

#include <stdint.h>

/** The day after a period of @metric that starts on @day, or lies in it. */
int32_t metric_end_day(const struct metric *metric, int32_t day);
/** The local day from which figures of a period are late that ends before @end_day: the one after
 * the due date, which is `due_days` after the period's last day or, where nobody works on that day,
 * the next working day (rule 5.5). */
static inline int32_t metric_late_from(const struct metric *metric, int32_t end_day)
{
	int32_t late = end_day + (int32_t)metric->due_days;
	return metric->days_off ? days_off_next_work(metric->days_off, late - 1) + 1 : late;
}
/** The same of the period that starts on @day, or in which it lies. */
int32_t metric_late_day(const struct metric *metric, int32_t day);
