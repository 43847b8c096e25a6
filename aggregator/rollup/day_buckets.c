#include "rollup/day_buckets.h"

static unsigned add(struct day_buckets ret[DAY_BUCKETS_MAX], unsigned n, enum calendar calendar,
		    enum grain grain, int32_t day)
{
	int32_t key = page_grain(calendar, grain);
	if (grain == GRAIN_HOUR) {
		ret[n] = (struct day_buckets){ key, day * 24, day * 24 + 23 };
		return n + 1;
	}
	struct period period = period_of_day(calendar, grain, day);
	if (period_first_day(period) != day)
		return n;
	ret[n] = (struct day_buckets){ key, period.number, period.number };
	return n + 1;
}

unsigned day_buckets(int32_t day, struct day_buckets ret[DAY_BUCKETS_MAX])
{
	unsigned n = 0;
	for (int calendar = CALENDAR_CIVIL; calendar <= CALENDAR_REPORT; calendar++)
		for (int grain = calendar == CALENDAR_CIVIL ? GRAIN_HOUR : GRAIN_MONTH;
		     grain < GRAIN_COUNT; grain++)
			n = add(ret, n, (enum calendar)calendar, (enum grain)grain, day);
	return n;
}
