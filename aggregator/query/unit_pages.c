#include "query/unit_pages.h"
#include "rollup/unit_acc.h"

void teller_hear(struct teller *teller, size_t series, const struct acc *acc, enum agg agg)
{
	struct heard *heard = &teller->heard;
	int64_t due = acc->n - acc->extra;
	heard->revisions += acc->revisions;
	if (acc->n == 0)
		return;
	bool first = heard->n_series++ == 0;
	if (agg == AGG_SUM)
		heard->value += acc->value;
	else if (first || unit_acc_better(agg, acc->value, heard->value))
		heard->value = acc->value;
	heard->series |= UINT64_C(1) << series % LEVEL_SERIES_MAX;
	heard->n += acc->n;
	heard->extra += acc->extra;
	if (due > heard->most_due)
		heard->most_due = due;
	if (first || due < heard->least_due)
		heard->least_due = due;
	if (first || acc->extra < heard->least_extra)
		heard->least_extra = acc->extra;
	if (acc->on_time > heard->most_on_time)
		heard->most_on_time = acc->on_time;
}

/* Where several series have values, they share reports: how many there are is known if one series
 * has all that can be, in time. */
static bool can_count(const struct heard *heard, int64_t due)
{
	return heard->n_series < 2 ||
	       (heard->extra == 0 && (due == 1 || heard->most_on_time == due));
}

/* Those who were silent in a step: whose figures still stand? All, if all reported not long before;
 * none, if nobody did. */
static void carry(struct teller *teller, int32_t number, int64_t silent, int32_t carry, bool counts)
{
	if (teller->whole_at != NEVER && number - teller->whole_at <= carry)
		teller->counts.carried += counts ? silent : 0;
	else if (teller->heard_at != NEVER && number - teller->heard_at <= carry)
		teller->open |= counts;
}

static void keep_value(struct teller *teller, const struct question *question, int64_t pairs)
{
	enum telling telling = question->telling;
	const struct heard *heard = &teller->heard;
	if (heard->n == 0)
		return;
	if (telling == TELL_SUM)
		teller->value += heard->value;
	else if (telling == TELL_LEVEL || teller->n == 0 ||
		 unit_acc_better(question->metric->time_agg, heard->value, teller->value))
		teller->value = heard->value;
	teller->n += heard->n;
	teller->level = (struct level){ heard->series, heard->least_due == teller->due * pairs,
					heard->least_extra == teller->others * pairs };
}

static void count(struct teller *teller, int64_t reported)
{
	const struct heard *heard = &teller->heard;
	teller->counts.observations += heard->n;
	teller->counts.revisions += heard->revisions;
	teller->counts.reported += reported;
	teller->counts.on_time += heard->most_on_time;
	teller->counts.extra += heard->extra;
}

void teller_step(struct teller *teller, const struct question *question, const struct step *step,
		 bool before)
{
	const struct metric *metric = question->metric;
	const struct heard *heard = &teller->heard;
	int64_t due = teller->due * step->pairs, reported = heard->most_due;
	bool whole = due > 0 && reported == due;
	if (!before && !can_count(heard, due))
		teller->open = true;
	teller->extra_reports |= heard->extra > 0;
	teller->seen |= heard->series;
	if (!before || question->telling == TELL_LEVEL)
		keep_value(teller, question, step->pairs);
	if (!before) {
		count(teller, reported);
		teller->complete |= whole;
	}
	if (metric->time_agg == AGG_LAST && !whole && due > 0)
		carry(teller, step->number, due - reported, (int32_t)metric->carry, !before);
	if (reported > 0)
		teller->heard_at = step->number;
	if (whole)
		teller->whole_at = step->number;
	teller->heard = (struct heard){ 0 };
}

void teller_begin(struct teller *teller, int32_t maybe_heard)
{
	*teller = (struct teller){ .unit = teller->unit,
				   .row = teller->row,
				   .due = teller->due,
				   .others = teller->others,
				   .whole_at = NEVER,
				   .heard_at = maybe_heard };
}

/* Is a level's value all there is: each one's newest, in every series it ever had? */
static bool is_whole(const struct teller *teller, const struct question *question)
{
	const struct level *level = &teller->level;
	bool saw_all = question->saw_all;
	if (teller->n == 0)
		return saw_all;
	return level->whole && level->series == teller->seen &&
	       (saw_all || question->n_series == 1) &&
	       (level->extra || (saw_all && !teller->extra_reports));
}

void teller_end(struct teller *teller, const struct question *question)
{
	if (teller->open)
		teller->told = false;
	else if (question->each_office)
		teller->told = teller->counts.reported == teller->due * question->pairs;
	else
		teller->told = question->telling != TELL_LEVEL || !question->ends ||
			       is_whole(teller, question);
}
