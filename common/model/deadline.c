#include "common/model/deadline.h"

int32_t metric_end_day(const struct metric *metric, int32_t day)
{
	return metric->period < GRAIN_WEEK
		       ? day + 1
		       : period_end_day(period_of_day(metric->calendar, metric->period, day));
}

int32_t metric_late_day(const struct metric *metric, int32_t day)
{
	return metric_late_from(metric, metric_end_day(metric, day));
}
