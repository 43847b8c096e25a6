#include "query/slices.h"

#include "common/model/deadline.h"
#include "rollup/replay.h"

static enum grain grain_of(const struct plan *plan, const struct metric *metric)
{
	if (metric->period > GRAIN_DAY)
		return metric->period;
	bool hourly =
		metric->period == GRAIN_HOUR && (metric->carry > 0 || metric->n_dimensions > 0);
	return plan->per == GRAIN_HOUR || hourly ? GRAIN_HOUR : GRAIN_DAY;
}

struct slices slices_of(const struct plan *plan, const struct metric *metric, struct period bucket)
{
	struct slices slices = { .metric = metric,
				 .grain = grain_of(plan, metric),
				 .over = plan->over };
	int32_t first = period_first_day(bucket), end = period_end_day(bucket);
	if (bucket.grain == GRAIN_HOUR) {
		slices.first = slices.last = bucket.number;
	} else if (slices.grain == GRAIN_HOUR) {
		slices.first = first * 24;
		slices.last = end * 24 - 1;
	} else {
		slices.first = period_of_day(metric->calendar, slices.grain, first).number;
		slices.last = period_of_day(metric->calendar, slices.grain, end - 1).number;
	}
	/* Rule 5.2. Minutes are not carried: their slices are not own periods */
	bool carries = metric->time_agg == AGG_LAST && metric->period != GRAIN_MINUTE &&
		       plan_begun(plan, bucket); /* rule 5.5: nothing into what has not */
	slices.before = slices.first - (carries ? (int32_t)metric->carry : 0);
	return slices;
}

struct slices slices_of_day(const struct slices *slices, const struct slice *slice)
{
	int32_t first = slice->day * 24;
	return (struct slices){ .metric = slices->metric,
				.grain = GRAIN_HOUR,
				.before = first,
				.first = first,
				.last = first + 23,
				.over = slices->over };
}

/* How many of the slice's own periods are over. */
static int64_t pairs_over(const struct slices *slices, const struct slice *slice)
{
	bool hour = slices->grain == GRAIN_HOUR;
	if (slices->metric->period >= GRAIN_DAY)
		return metric_end_day(slices->metric, slice->day) * INT64_C(1440) <= slices->over;
	int64_t minutes = hour ? 60 : 1440,
		passed = slices->over -
			 (hour ? slice->number * INT64_C(60) : slice->day * INT64_C(1440));
	return passed <= 0 ? 0 : passed >= minutes ? slice->pairs : passed * slice->pairs / minutes;
}

struct slice slice_at(const struct slices *slices, int32_t number)
{
	const struct metric *metric = slices->metric;
	struct slice slice = { .number = number, .pairs = 1 };
	enum calendar calendar = CALENDAR_CIVIL;
	if (slices->grain == GRAIN_HOUR) {
		slice.day = number >= 0 ? number / 24 : -((23 - number) / 24);
		slice.pairs = metric->period == GRAIN_MINUTE ? 60 : 1;
	} else if (slices->grain == GRAIN_DAY) {
		slice.day = number;
		slice.pairs = grain_per_day(metric->period);
	} else {
		calendar = metric->calendar;
		slice.day = period_first_day((struct period){
			.calendar = calendar, .grain = slices->grain, .number = number });
	}
	slice.key = (struct page_key){ page_grain(calendar, slices->grain), number, 0 };
	slice.over = pairs_over(slices, &slice);
	return slice;
}

uint32_t slice_first_nth(const struct slice *slice, const struct metric *metric)
{
	if (slice->key.grain != page_grain(CALENDAR_CIVIL, GRAIN_HOUR))
		return 0;
	return (uint32_t)(slice->number - slice->day * 24) * grain_per_day(metric->period) / 24;
}
