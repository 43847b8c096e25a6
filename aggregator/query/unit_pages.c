#include "query/unit_pages.h"
#include "rollup/unit_acc.h"

void unit_pages_add(struct unit_pages *pages, size_t series, const struct acc *acc, enum agg agg)
{
	struct slice_reports *reports = &pages->reports;
	int64_t due = acc->n - acc->extra;
	reports->revisions += acc->revisions;
	if (acc->n == 0)
		return;
	bool first = reports->n_series++ == 0;
	if (agg == AGG_SUM)
		reports->value += acc->value;
	else if (first || unit_acc_better(agg, acc->value, reports->value))
		reports->value = acc->value;
	reports->series |= UINT64_C(1) << series % LEVEL_SERIES_MAX;
	reports->n += acc->n;
	reports->extra += acc->extra;
	if (due > reports->most_due)
		reports->most_due = due;
	if (first || due < reports->least_due)
		reports->least_due = due;
	if (first || acc->extra < reports->least_extra)
		reports->least_extra = acc->extra;
	if (acc->on_time > reports->most_on_time)
		reports->most_on_time = acc->on_time;
}

/* Where several series have values, they share reports: how many there are is known if one series
 * has all that can be, in time. */
static bool can_count(const struct slice_reports *reports, int64_t due)
{
	return reports->n_series < 2 ||
	       (reports->extra == 0 && (due == 1 || reports->most_on_time == due));
}

/* Those who were silent in a slice: whose figures still stand? All, if all reported not long
 * before; none, if nobody did. */
static void carry(struct unit_pages *pages, int32_t number, int64_t silent, int32_t carry,
		  bool counts)
{
	if (pages->complete_at != NEVER && number - pages->complete_at <= carry)
		pages->counts.carried += counts ? silent : 0;
	else if (pages->reported_at != NEVER && number - pages->reported_at <= carry)
		pages->open |= counts;
}

static void keep_value(struct unit_pages *pages, const struct question *question, int64_t pairs)
{
	enum unit_value value_is = question->value_is;
	const struct slice_reports *reports = &pages->reports;
	if (reports->n == 0)
		return;
	if (value_is == UNIT_SUM)
		pages->value += reports->value;
	else if (value_is == UNIT_LEVEL || pages->n == 0 ||
		 unit_acc_better(question->metric->time_agg, reports->value, pages->value))
		pages->value = reports->value;
	pages->n += reports->n;
	pages->level = (struct level){ reports->series, reports->least_due == pages->due * pairs,
				       reports->least_extra == pages->others * pairs };
}

static void count(struct unit_pages *pages, int64_t reported)
{
	const struct slice_reports *reports = &pages->reports;
	pages->counts.observations += reports->n;
	pages->counts.revisions += reports->revisions;
	pages->counts.reported += reported;
	pages->counts.on_time += reports->most_on_time;
	pages->counts.extra += reports->extra;
}

void unit_pages_end_slice(struct unit_pages *pages, const struct question *question,
			  const struct slice *slice, bool before)
{
	const struct metric *metric = question->metric;
	const struct slice_reports *reports = &pages->reports;
	int64_t due = pages->due * slice->pairs, reported = reports->most_due;
	bool whole = due > 0 && reported == due;
	if (!before && !can_count(reports, due))
		pages->open = true;
	pages->extra_reports |= reports->extra > 0;
	pages->seen |= reports->series;
	if (!before || question->value_is == UNIT_LEVEL)
		keep_value(pages, question, slice->pairs);
	if (!before) {
		count(pages, reported);
		pages->complete |= whole;
	}
	if (metric->time_agg == AGG_LAST && !whole && due > 0)
		carry(pages, slice->number, due - reported, (int32_t)metric->carry, !before);
	if (reported > 0)
		pages->reported_at = slice->number;
	if (whole)
		pages->complete_at = slice->number;
	pages->reports = (struct slice_reports){ 0 };
}

void unit_pages_begin(struct unit_pages *pages, int32_t maybe_reported)
{
	*pages = (struct unit_pages){ .unit = pages->unit,
				      .row = pages->row,
				      .due = pages->due,
				      .others = pages->others,
				      .complete_at = NEVER,
				      .reported_at = maybe_reported };
}

/* Is a level's value all there is: each one's newest, in every series it ever had? */
static bool is_whole(const struct unit_pages *pages, const struct question *question)
{
	const struct level *level = &pages->level;
	bool saw_all = question->saw_all;
	if (pages->n == 0)
		return saw_all;
	return level->whole && level->series == pages->seen &&
	       (saw_all || question->n_series == 1) &&
	       (level->extra || (saw_all && !pages->extra_reports));
}

void unit_pages_end(struct unit_pages *pages, const struct question *question)
{
	if (pages->open)
		pages->answered = false;
	else if (question->each_office)
		pages->answered = pages->counts.reported == pages->due * question->pairs;
	else
		pages->answered = question->value_is != UNIT_LEVEL || !question->ends ||
				  is_whole(pages, question);
}
