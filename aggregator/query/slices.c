#include "query/slices.h"
#include "rollup/replay.h"

static int32_t day_of_hour(int32_t number)
{
	return number >= 0 ? number / 24 : -((23 - number) / 24);
}

static enum grain grain_of(const struct plan *plan, const struct metric *metric)
{
	if (metric->period > GRAIN_DAY)
		return metric->period;
	bool hourly =
		metric->period == GRAIN_HOUR && (metric->carry > 0 || metric->n_dimensions > 0);
	return plan->per == GRAIN_HOUR || hourly ? GRAIN_HOUR : GRAIN_DAY;
}

struct steps steps_of(const struct plan *plan, const struct metric *metric, struct period bucket)
{
	struct steps steps = { .metric = metric,
			       .grain = grain_of(plan, metric),
			       .over = plan->over };
	int32_t first = period_first_day(bucket), end = period_end_day(bucket);
	if (bucket.grain == GRAIN_HOUR) {
		steps.first = steps.last = bucket.number;
	} else if (steps.grain == GRAIN_HOUR) {
		steps.first = first * 24;
		steps.last = end * 24 - 1;
	} else {
		steps.first = period_of_day(metric->calendar, steps.grain, first).number;
		steps.last = period_of_day(metric->calendar, steps.grain, end - 1).number;
	}
	/* minutes are not carried: their steps are not own periods */
	bool carries = metric->time_agg == AGG_LAST && metric->period != GRAIN_MINUTE &&
		       plan_begun(plan, bucket); /* rule 5: nothing into what has not */
	steps.before = steps.first - (carries ? (int32_t)metric->carry : 0);
	return steps;
}

struct steps steps_of_day(const struct steps *steps, const struct step *step)
{
	int32_t first = step->day * 24;
	return (struct steps){ .metric = steps->metric,
			       .grain = GRAIN_HOUR,
			       .before = first,
			       .first = first,
			       .last = first + 23,
			       .over = steps->over };
}

/* How many of the step's own periods are over. */
static int64_t pairs_over(const struct steps *steps, const struct step *step)
{
	bool hour = steps->grain == GRAIN_HOUR;
	if (steps->metric->period >= GRAIN_DAY)
		return metric_end_day(steps->metric, step->day) * INT64_C(1440) <= steps->over;
	int64_t minutes = hour ? 60 : 1440,
		passed = steps->over -
			 (hour ? step->number * INT64_C(60) : step->day * INT64_C(1440));
	return passed <= 0 ? 0 : passed >= minutes ? step->pairs : passed * step->pairs / minutes;
}

struct step step_at(const struct steps *steps, int32_t number)
{
	const struct metric *metric = steps->metric;
	struct step step = { .number = number, .pairs = 1 };
	enum calendar calendar = CALENDAR_CIVIL;
	if (steps->grain == GRAIN_HOUR) {
		step.day = day_of_hour(number);
		step.pairs = metric->period == GRAIN_MINUTE ? 60 : 1;
	} else if (steps->grain == GRAIN_DAY) {
		step.day = number;
		step.pairs = grain_per_day(metric->period);
	} else {
		calendar = metric->calendar;
		step.day = period_first_day((struct period){
			.calendar = calendar, .grain = steps->grain, .number = number });
	}
	step.key = (struct page_key){ page_grain(calendar, steps->grain), number, 0 };
	step.over = pairs_over(steps, &step);
	return step;
}

uint32_t step_first_nth(const struct step *step, const struct metric *metric)
{
	if (step->key.grain != page_grain(CALENDAR_CIVIL, GRAIN_HOUR))
		return 0;
	return (uint32_t)(step->number - step->day * 24) * grain_per_day(metric->period) / 24;
}
