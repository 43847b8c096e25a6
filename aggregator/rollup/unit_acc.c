#include "rollup/unit_acc.h"

enum agg unit_acc_agg(const struct metric *metric)
{
	bool extreme = metric->time_agg == AGG_MIN || metric->time_agg == AGG_MAX;
	return extreme && metric->area_agg == metric->time_agg ? metric->area_agg : AGG_SUM;
}

bool unit_acc_better(enum agg agg, int128 value, int128 than)
{
	return agg == AGG_MIN ? value < than : value > than;
}

/* @n: observations that the unit had before. */
static bool follow_extreme(struct acc *unit, int64_t n, const struct acc *before,
			   const struct acc *after, enum agg agg)
{
	bool was_its = before->n > 0 && before->value == unit->value;
	if (unit->n == 0) {
		unit->value = 0;
	} else if (after->n > 0 && (n == 0 || !unit_acc_better(agg, unit->value, after->value))) {
		unit->value = after->value;
	} else {
		return !was_its;
	}
	return true;
}

bool unit_acc_follow(struct acc *unit, const struct acc *before, const struct acc *after,
		     enum agg agg, bool due)
{
	int64_t n = unit->n;
	unit->n += after->n - before->n;
	unit->revisions += after->revisions - before->revisions;
	if (due) /* rule 5.5 */
		unit->on_time += after->on_time - before->on_time;
	else
		unit->extra += (int32_t)(after->n - before->n);
	if (agg != AGG_SUM)
		return follow_extreme(unit, n, before, after, agg);
	unit->value += after->value - before->value;
	return true;
}
