/* From pages to what each office and row has in a bucket.
 *
 * 1. The bucket's slices (days, hours, or the metric's own coarser periods) fall into ranges of
 *    days in which no unit begins or ends and no office moves, and all is over or nothing is
 *    (rule 5.5: only what is over is due). A day that is under way is read hour by hour.
 * 2. In each, units are asked for all below them; where that is not enough, offices are read.
 * 3. Who was due is counted from the register alone. */
#include "query/figures_internal.h"

#include <string.h>

/* Rules 5.2 and 5.5: a figure counts for the unit of the day at hand; due is who is of the metric's
 * level then, if the period is over. */
static struct site site_of(struct figures *f, const struct office *office, const struct unit *unit)
{
	bool due = f->over && strcmp(unit->level, f->metric->level) == 0;
	return (struct site){ f->coverage_no, rows_place(f->rows, office, unit, f->day), due,
			      ITSELF };
}

/* Most offices stand where others of their unit do. */
static void cover_office(struct figures *f, struct coverage *coverage, const struct office *office)
{
	const struct unit *unit = office_unit(office, f->reference->units, f->day);
	struct site *site = unit ? &f->sites[unit - f->reference->units->list] : NULL;
	if (site && (site->of != f->coverage_no || f->plan->by_office))
		*site = site_of(f, office, unit);
	coverage->unit = unit;
	coverage->place = site ? site->place : (struct place){ .row = ROW_OUTSIDE };
	coverage->due = site && site->due;
	coverage->attributed = false;
}

void figures_cover(struct figures *f, int32_t any_day, bool over)
{
	int32_t day = rows_since(f->rows, any_day);
	if (f->day == day && f->over == over)
		return;
	f->day = day;
	f->over = over;
	f->coverage_no++;
	for (size_t i = 0; i < f->reference->offices->n; i++)
		cover_office(f, &f->coverage[i], &f->reference->offices->list[i]);
}

void figures_attribute(struct figures *f, struct coverage *coverage)
{
	if (coverage->place.across && !coverage->attributed)
		rows_attribute(f->rows, &f->reference->offices->list[coverage - f->coverage],
			       coverage->unit, f->day);
	coverage->attributed = true;
}

int32_t figures_look_back(const struct figures *f, const struct slices *slices,
			  const struct day_range *range)
{
	if (f->metric->time_agg != AGG_LAST)
		return range->first;
	return range->ends ? slices->before : range->first - (slices->first - slices->before);
}

/* Rule 5.5: who is due is known from the register alone. */
static int count_due(struct figures *f, int64_t pairs, struct err *err)
{
	for (size_t i = 0; i < f->reference->offices->n; i++) {
		struct coverage *coverage = &f->coverage[i];
		if (!coverage->due || coverage->place.row < 0)
			continue;
		struct member *member = figures_member(f, i, coverage->place.row);
		if (!member)
			return err_memory(err);
		member->counts_now.due += pairs;
		if (coverage->asked == ITSELF)
			continue;
		member->has_reported_now |= f->asked[coverage->asked].complete;
		if (f->each_office) /* the unit answered: all of them reported always */
			member->counts_now.reported += pairs;
	}
	return 0;
}

static int read_range(struct figures *f, const struct slices *slices, const struct day_range *range,
		      struct err *err)
{
	int64_t pairs = 0;
	if (f->each_office && !range->over && !range->ends)
		return 0; /* nothing is due, and values are not asked for */
	for (int32_t number = range->first; number <= range->last; number++)
		pairs += slice_at(slices, number).over;
	int rc = figures_ask_units(f, slices, range, err);
	if (rc == 0)
		rc = figures_ask_offices(f, slices, range, err);
	if (rc == 0)
		rc = count_due(f, pairs, err);
	if (rc == 0)
		rc = figures_excuse(f, slices, range, err);
	return rc == 0 && !f->each_office ? figures_reporters(f, slices, range, err) : rc;
}

static bool is_partly_over(const struct slice *slice)
{
	return slice->over > 0 && slice->over < slice->pairs;
}

/* May the slice follow @first in a range? Rule 5.2: not past a day on which anything changed; rule
 * 5.5: not past the instant up to which all is over. */
static bool goes_on(struct figures *f, const struct slice *first, const struct slice *slice)
{
	return !is_partly_over(first) && !is_partly_over(slice) &&
	       (first->over > 0) == (slice->over > 0) && rows_since(f->rows, slice->day) == f->day;
}

/* The range that begins with slice @number. */
static struct day_range range_from(struct figures *f, const struct slices *slices, int32_t number,
				   int32_t last_day)
{
	struct slice first = slice_at(slices, number), next;
	struct day_range range = { .first = number,
				   .last = number,
				   .since = number,
				   .over = first.over > 0,
				   .partly = is_partly_over(&first) };
	figures_cover(f, first.day, range.over);
	while (range.last < slices->last &&
	       (next = slice_at(slices, range.last + 1), goes_on(f, &first, &next)))
		range.last++;
	range.ends = f->day == last_day && range.last == slices->last && !range.partly;
	while (range.since > slices->first &&
	       rows_since(f->rows, slice_at(slices, range.since - 1).day) == f->day)
		range.since--;
	while (range.since <= slices->first && f->day == f->rows->days[0] &&
	       range.since > slices->before &&
	       slice_at(slices, range.since - 1).day >= f->rows->since)
		range.since--;
	return range;
}

/* @ret_ended: the last range gave the levels, too. */
static int read_steps(struct figures *f, const struct slices *slices, int32_t last_day,
		      bool *ret_ended, struct err *err)
{
	int rc = 0;
	for (int32_t number = slices->first; number <= slices->last && rc == 0;) {
		struct day_range range = range_from(f, slices, number, last_day);
		if (range.partly && slices->grain == GRAIN_DAY) {
			struct slice day = slice_at(slices, number);
			struct slices hours = slices_of_day(slices, &day);
			rc = read_steps(f, &hours, NEVER, ret_ended, err);
		} else {
			rc = read_range(f, slices, &range, err);
		}
		*ret_ended = range.ends;
		number = range.last + 1;
	}
	return rc;
}

int figures_gather(struct figures *f, struct err *err)
{
	struct slices slices = slices_of(f->plan, f->metric, f->bucket);
	int32_t last_day = rows_since(f->rows, period_end_day(f->bucket) - 1);
	bool ended = false;
	int rc = read_steps(f, &slices, last_day, &ended, err);
	if (rc < 0 || ended || f->metric->time_agg != AGG_LAST)
		return rc;
	/* Something changed within the last slice, or part of it is over: levels count where
	   offices stand after that. */
	const struct day_range end = { .first = slices.last + 1,
				       .last = slices.last,
				       .since = slices.last + 1,
				       .ends = true,
				       .over = true };
	figures_cover(f, last_day, true);
	return read_range(f, &slices, &end, err);
}
