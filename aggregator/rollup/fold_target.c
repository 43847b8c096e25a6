#include "rollup/fold_target.h"

#include "common/model/deadline.h"
#include "rollup/propagate.h"

/* Rule 5.1: a figure lies in the bucket in which its own period begins. */
static struct page_key whole_key(const struct metric *metric, int32_t day)
{
	enum grain grain = metric->period < GRAIN_DAY ? GRAIN_DAY : metric->period;
	struct period period = period_of_day(metric->calendar, grain, day);
	return (struct page_key){ .grain = page_grain(period.calendar, grain),
				  .bucket = period.number };
}

static struct page_key hour_key(int32_t day, uint32_t hour)
{
	return (struct page_key){ .grain = page_grain(CALENDAR_CIVIL, GRAIN_HOUR),
				  .bucket = day * 24 + (int32_t)hour };
}

void fold_target_move(struct fold_target *target, const struct office *office, int32_t day,
		      const struct metric *metric)
{
	if (target->office != office || target->day != day)
		*target = (struct fold_target){ .pages = target->pages,
						.office = office,
						.day = day };
	target->grain = metric->period;
	target->calendar = metric->calendar;
	target->whole = (struct cell){ .key = whole_key(metric, day) };
	target->whole.key.node = office->id;
	target->end_day = metric_end_day(metric, day);
}

static struct cell *hour_cell(struct fold_target *target, uint32_t hour)
{
	struct page_key key = hour_key(target->day, hour);
	if (!target->hour.page || target->hour.key.bucket != key.bucket)
		target->hour = (struct cell){ .key = key };
	target->hour.key.node = target->office->id;
	return &target->hour;
}

static void append(const struct fold_target *target, struct entry *entry, const struct acc *later)
{
	entry_touch(entry, target->metric);
	acc_append(&entry->acc, later, target->metric->time_agg);
}

/* Put @acc in place of the entry. */
static int replace_at(struct fold_target *target, struct cell *cell, const struct acc *acc,
		      struct err *err)
{
	struct entry *entry;
	int rc = fold_target_entry(target, cell, &entry, err);
	if (rc < 0)
		return rc;
	entry->stale = false;
	if (acc_equal(&entry->acc, acc)) /* as most hours of a day of which one was corrected */
		return 0;
	entry_touch(entry, target->metric);
	entry->acc = *acc;
	return 0;
}

/* --- appending --- */

/* All ways of adding up come to the same. Rule 5.4: what is withdrawn has no value, and is no zero.
 */
static struct acc acc_of_point(const struct point *point, bool timely)
{
	bool counts = !point->withdrawn;
	return (struct acc){ .value = point->value_e,
			     .n = counts,
			     .on_time = counts && timely,
			     .newest = point->nth + 1 };
}

/* The hot loop. All four are taken, since choosing for each point costs more. (A withdrawn point's
 * value is 0.) */
static struct acc acc_of_points(const struct metric *metric, const struct point points[], size_t n,
				bool timely)
{
	if (n == 1)
		return acc_of_point(points, timely);
	struct acc acc = { .newest = points[n - 1].nth + 1 };
	int64_t last = 0, least = INT64_MAX, most = INT64_MIN;
	int128 sum = 0;
	for (size_t i = 0; i < n; i++) {
		int64_t value_e = points[i].value_e;
		sum += value_e;
		if (points[i].withdrawn)
			continue;
		acc.n++;
		last = value_e;
		least = value_e < least ? value_e : least;
		most = value_e > most ? value_e : most;
	}
	const int128 by_agg[] = { [AGG_SUM] = sum,
				  [AGG_MEAN] = sum,
				  [AGG_LAST] = last,
				  [AGG_MIN] = least,
				  [AGG_MAX] = most };
	acc.value = acc.n > 0 ? by_agg[metric->time_agg] : 0;
	acc.on_time = timely ? acc.n : 0;
	return acc;
}

/* Append to the hours, and to @whole what was appended. */
static int append_hours(struct fold_target *target, const struct point points[], size_t n,
			bool timely, struct acc *whole, struct err *err)
{
	uint32_t per_hour = grain_per_day(target->metric->period) / 24;
	for (size_t from = 0, to; from < n; from = to) {
		uint32_t hour = points[from].nth / per_hour;
		for (to = from + 1; to < n && points[to].nth < (hour + 1) * per_hour; to++)
			;
		struct acc acc = acc_of_points(target->metric, points + from, to - from, timely);
		struct entry *entry;
		int rc = fold_target_entry(target, hour_cell(target, hour), &entry, err);
		if (rc < 0)
			return rc;
		append(target, entry, &acc);
		acc_append(whole, &acc, target->metric->time_agg);
	}
	return 0;
}

int fold_target_append(struct fold_target *target, struct entry *whole, const struct point points[],
		       size_t n, int32_t received_day, struct err *err)
{
	const struct metric *metric = target->metric;
	bool timely = received_day < metric_late_from(metric, target->end_day);
	struct acc all = { 0 };
	int rc = 0;
	if (metric->period < GRAIN_DAY)
		rc = append_hours(target, points, n, timely, &all, err);
	else
		all = acc_of_points(metric, points, n, timely);
	if (rc == 0)
		append(target, whole, &all); /* it stands where it stood: hours are other pages */
	return rc;
}

/* --- replacing --- */

int fold_target_each(const struct replay_series *series, int32_t day,
		     int (*on_acc)(void *context, struct page_key key, const struct acc *acc,
				   struct err *err),
		     void *context, struct err *err)
{
	uint32_t per_hour = series->n / 24; /* 0: a day or coarser */
	struct acc whole = { 0 };
	int rc = 0;
	if (!per_hour)
		whole = replay_acc(series, day, 0, series->n);
	for (uint32_t hour = 0; per_hour && hour < 24 && rc == 0; hour++) {
		struct acc acc = replay_acc(series, day, hour * per_hour, (hour + 1) * per_hour);
		if (acc_is_zero(&acc))
			continue;
		rc = on_acc(context, hour_key(day, hour), &acc, err);
		acc_append(&whole, &acc, series->metric->time_agg);
	}
	return rc < 0 || acc_is_zero(&whole)
		       ? rc
		       : on_acc(context, whole_key(series->metric, day), &whole, err);
}

static int replace_played(void *context, struct page_key key, const struct acc *acc,
			  struct err *err)
{
	struct fold_target *target = context;
	bool hour = key.grain == page_grain(CALENDAR_CIVIL, GRAIN_HOUR);
	return replace_at(target,
			  hour ? hour_cell(target, (uint32_t)(key.bucket - target->day * 24))
			       : &target->whole,
			  acc, err);
}

int fold_target_replace(struct fold_target *target, const struct office *office, int32_t day,
			const struct replay_series *series, struct err *err)
{
	fold_target_seek(target, office, day, series->metric, series->series);
	return fold_target_each(series, day, replace_played, target, err);
}
