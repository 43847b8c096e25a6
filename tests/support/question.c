#include "support/question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *one_of(struct dice *dice, const char *const list[], size_t n)
{
	return list[dice_below(dice, n)];
}

static void find_range(struct history *h, int32_t day, struct question *q)
{
	int32_t most = q->per == GRAIN_HOUR   ? 30
		       : q->per == GRAIN_DAY  ? 10
		       : q->per > GRAIN_MONTH ? 1
					      : 3;
	if (q->per == GRAIN_HOUR)
		q->first = day * 24 + (int32_t)dice_below(h->dice, 24);
	else
		q->first =
			period_of_day(q->calendar, q->per == GRAIN_MINUTE ? GRAIN_DAY : q->per, day)
				.number;
	q->last = q->first + (int32_t)dice_below(h->dice, (uint64_t)most);
}

/* The first of three orders: a move by mistake, its mending, and the release. NULL: there is none.
 */
static const struct act *some_mended_move(struct history *h)
{
	size_t from = h->n_done > 2 ? dice_below(h->dice, h->n_done) : 0;
	for (size_t i = 0; h->n_done > 2 && i < h->n_done; i++) {
		const struct act *act = &h->acts[(from + i) % h->n_done];
		if (act + 2 < h->acts + h->n_done && act[0].kind == ACT_MOVE && !act[0].unit &&
		    act[1].kind == ACT_MOVE && act[1].unit && act[2].kind == ACT_RELEASE &&
		    act[1].office == act[0].office && act[2].office == act[0].office)
			return act;
	}
	return NULL;
}

/* A figure that came; where a move was mended, often one that had come and that it concerned. */
static const struct heard *some_figure(struct history *h, const struct act *mended)
{
	for (int tries = 0; tries < 200; tries++) {
		const struct heard *heard = &h->heard[dice_below(h->dice, h->n_heard)];
		if (strcmp(heard->metric, "nope") != 0 &&
		    (!mended || (heard->office == mended->office && heard->day >= mended->day &&
				 heard->received_us < mended->done_us)))
			return heard;
	}
	return NULL;
}

/* Under the borders of some day, as known at some instant. */
static void find_views(struct history *h, const struct heard *about, const struct act *mended,
		       struct question *q)
{
	q->known_us = INT64_MAX;
	if (dice_below(h->dice, 100) < 40) {
		int32_t day = h->base + (int32_t)dice_between(h->dice, -30, h->days + 30);
		q->query.structure = day_format(day, q->structure);
	}
	if (mended && about) /* before the mistake, or when it was not mended yet */
		q->known_us = dice_below(h->dice, 3) ? about->received_us : mended->done_us;
	else if (dice_below(h->dice, 100) < 30)
		q->known_us = h->heard[dice_below(h->dice, h->n_heard)].received_us;
	if (q->known_us == INT64_MAX)
		return;
	q->known_us = (q->known_us + 999999) / 1000000 * 1000000; /* what the question can say */
	q->query.known = civil_format(q->known_us, q->known);
}

/* Of a reform: all of it in one bucket, by commune, under the borders of before or after all of it,
 * or as they were. */
static void ask_of_the_reform(struct history *h, const struct metric *metric, struct question *q)
{
	int32_t day = h->reform ? h->reform : h->base + (int32_t)dice_between(h->dice, 0, h->days);
	if (metric->period == GRAIN_WEEK)
		return;
	q->query.by = "commune";
	q->query.area = NULL;
	q->query.structure = NULL;
	q->query.labels = "";
	q->calendar = metric->period > GRAIN_WEEK ? metric->calendar : q->calendar;
	q->query.calendar = calendar_name(q->calendar);
	q->per = (enum grain)dice_between(h->dice, GRAIN_MONTH, GRAIN_YEAR);
	q->per = q->per < metric->period ? metric->period : q->per;
	q->query.per = grain_name(q->per);
	if (dice_below(h->dice, 3)) {
		int32_t on = dice_below(h->dice, 2) ? h->base - 30 : h->base + HISTORY_DAYS + 30;
		q->query.structure = day_format(on, q->structure);
	}
	find_range(h, day, q);
}

static void some_question(struct history *h, const struct catalogue *catalogue, struct question *q)
{
	static const char *const bys[] = { NULL,      NULL,     "province", "district",
					   "commune", "office", "office" };
	static const char *const filters[] = { "", "", "", "k=a", "j=x", "j=x;k=a", "k=c" };
	struct dice *dice = h->dice;
	size_t index = dice_below(dice, catalogue->n), n_areas = 0;
	int32_t day = h->base + (int32_t)dice_between(dice, -20, h->days);
	const struct act *mended = dice_below(dice, 2) ? some_mended_move(h) : NULL;
	const struct heard *about =
		mended || dice_below(dice, 4) == 0 ? some_figure(h, mended) : NULL;
	for (size_t i = 0; about && i < catalogue->n; i++)
		if (strcmp(about->metric, h->names[i]) == 0)
			index = i, day = about->day;
	bool reform = !about && dice_below(dice, 2) == 0;
	if (reform && h->reform)
		index = 0;
	const struct metric *metric = &catalogue->metrics[index];
	*q = (struct question){ 0 };
	while (history_areas[n_areas])
		n_areas++;
	q->query.name = h->names[index];
	q->query.by = one_of(dice, bys, 7);
	q->query.area = dice_below(dice, 2) ? NULL : one_of(dice, history_areas, n_areas);
	q->query.labels = one_of(dice, filters, 7);
	q->per = (enum grain)dice_below(dice, GRAIN_COUNT);
	if (dice_below(dice, 4) && q->per < metric->period)
		q->per = metric->period;
	q->calendar = dice_below(dice, 2) ? CALENDAR_REPORT : CALENDAR_CIVIL;
	if (dice_below(dice, 4) && metric->period > GRAIN_WEEK)
		q->calendar = metric->calendar;
	q->query.calendar = calendar_name(q->calendar);
	q->query.per = grain_name(q->per);
	find_range(h, day, q);
	find_views(h, about, mended, q);
	if (reform)
		ask_of_the_reform(h, metric, q);
	struct period first = { q->calendar, q->per, q->first },
		      last = { q->calendar, q->per, q->last };
	if (q->per == GRAIN_MINUTE) /* refused whatever the range */
		first = last = (struct period){ CALENDAR_CIVIL, GRAIN_DAY, q->first };
	q->query.from = period_format(first, q->from);
	q->query.to = period_format(last, q->to);
	(void)snprintf(q->words, sizeof(q->words),
		       "%s (%s/%s per %s %s, level %s, carry %u) by %s per %s %s area %s labels "
		       "'%s' from %s to %s structure %s known %s",
		       metric->name, agg_name(metric->time_agg), agg_name(metric->area_agg),
		       grain_name(metric->period), calendar_name(metric->calendar), metric->level,
		       metric->carry, q->query.by ? q->query.by : "-", q->query.per,
		       q->query.calendar, q->query.area ? q->query.area : "-", q->query.labels,
		       q->from, q->to, q->structure, q->known);
}

/* What units' own pages may tell. */
static bool is_of_units(const struct catalogue *catalogue, const struct question *q)
{
	const struct metric *metric = catalogue_find(catalogue, q->query.name);
	bool level = metric->time_agg == AGG_LAST && metric->area_agg == AGG_SUM;
	return !q->query.known && q->per >= GRAIN_DAY && q->per >= metric->period &&
	       (!q->query.by || strcmp(q->query.by, "office") != 0) &&
	       (level || metric->time_agg == metric->area_agg);
}

void question_make(struct history *h, const struct catalogue *catalogue, struct question *q)
{
	do
		some_question(h, catalogue, q);
	while (h->diligent && dice_below(h->dice, 10) && !is_of_units(catalogue, q));
}

bool question_no_label(const char *refusal)
{
	return strstr(refusal, "nothing was ever reported with the label") ||
	       strstr(refusal, "is not in the province's list");
}
