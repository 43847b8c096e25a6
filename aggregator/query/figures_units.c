/* What units tell of the offices below them, so that those need not be asked one by one.
 *
 * 1. The uppermost units are asked all of whose offices count in one row: their pages of every step
 *    say how many of those due reported, and what the figures come to.
 * 2. That leaves questions open where labels share a report, where a level is carried by some of
 *    those who were silent, or where not all gave the level that counts. Such a unit passes them on
 *    to the units right below it, and to its own offices, until all is told. */
#include "query/figures_internal.h"
#include "rollup/unit_acc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum telling telling_of(const struct figures *f)
{
	const struct metric *metric = f->metric;
	if (f->plan->by_office)
		return TELL_NOTHING;
	if (unit_acc_agg(metric) != AGG_SUM)
		return TELL_EXTREME;
	if (metric->area_agg != AGG_SUM)
		return TELL_NOTHING;
	if (metric->time_agg == AGG_SUM)
		return TELL_SUM;
	return metric->time_agg == AGG_LAST && f->n_series <= LEVEL_SERIES_MAX ? TELL_LEVEL
									       : TELL_NOTHING;
}

struct hearing {
	struct figures *figures;
	enum agg agg;
};

/* Of what is not over, all that came is extra. */
static struct acc as_due(const struct figures *f, struct acc acc)
{
	if (f->over)
		return acc;
	acc.extra = (int32_t)acc.n; /* a step's, as it is of units that are not due */
	acc.on_time = 0;
	return acc;
}

static int on_page(void *context, int64_t node, const struct page *page, struct err *err)
{
	struct hearing *hearing = context;
	struct figures *f = hearing->figures;
	const struct unit *unit = units_by_id(f->reference->units, -node);
	int32_t teller = unit ? f->teller_of[unit - f->reference->units->list] : ALONE;
	size_t at = 0, s = 0;
	(void)err;
	for (const struct entry *entry;
	     teller >= 0 && (entry = figures_next_entry(f, page, &at, &s));) {
		struct acc acc = as_due(f, entry->acc);
		teller_hear(&f->tellers[teller], s - 1, &acc, hearing->agg);
	}
	return 0;
}

/* --- all that are asked --- */

static int32_t teller_add(struct figures *f, const struct unit *unit, int32_t row)
{
	if (figures_grow((void **)&f->tellers, &f->tellers_room, f->n_tellers,
			 sizeof(*f->tellers)) < 0)
		return -ENOMEM;
	f->tellers[f->n_tellers] = (struct teller){ .unit = unit, .row = row };
	f->teller_of[unit - f->reference->units->list] = (int32_t)f->n_tellers;
	return (int32_t)f->n_tellers++;
}

#define MIXED (-2)

/* The row in which all offices of @unit and below it count; MIXED; ROW_OUTSIDE if there are none.
 */
static void unit_takes(struct figures *f, const struct unit *unit, int32_t row)
{
	int32_t *known = &f->row_of[unit - f->reference->units->list];
	if (*known == ROW_OUTSIDE)
		*known = row;
	else if (*known != row)
		*known = MIXED;
}

/* Of every unit with offices, and above. Who lies across rows is to be blamed office by office. */
static void find_rows(struct figures *f)
{
	const struct units *units = f->reference->units;
	for (size_t i = 0; i < units->n; i++) {
		f->row_of[i] = ROW_OUTSIDE;
		f->teller_of[i] = ALONE;
	}
	for (size_t i = 0; i < units->n; i++) {
		const struct site *site = &f->sites[i];
		if (site->of != f->stand)
			continue;
		bool told = site->place.row >= 0 && !site->place.across;
		for (const struct unit *unit = &units->list[i]; unit;
		     unit = units_parent(units, unit, f->day))
			unit_takes(f, unit, told ? site->place.row : MIXED);
	}
}

/* The uppermost unit that tells of @unit's offices in one row; NULL: none does. */
static const struct unit *uppermost(const struct figures *f, const struct unit *unit)
{
	const struct unit *found = NULL;
	for (; unit && f->row_of[unit - f->reference->units->list] >= 0;
	     unit = units_parent(f->reference->units, unit, f->day))
		found = unit;
	return found;
}

static int tellers_find(struct figures *f)
{
	const struct units *units = f->reference->units;
	find_rows(f);
	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit =
			f->sites[i].of == f->stand ? uppermost(f, &units->list[i]) : NULL;
		size_t at = unit ? (size_t)(unit - units->list) : i;
		if (unit && f->teller_of[at] == ALONE && teller_add(f, unit, f->row_of[at]) < 0)
			return -ENOMEM;
		f->sites[i].teller = unit ? f->teller_of[at] : ALONE;
	}
	return 0;
}

static void answer_to(struct figures *f, struct standing *standing, int32_t teller)
{
	standing->teller = teller;
	if (teller >= 0)
		*(standing->due ? &f->tellers[teller].due : &f->tellers[teller].others) += 1;
}

static void offices_find_tellers(struct figures *f)
{
	const struct units *units = f->reference->units;
	for (size_t i = 0; i < f->reference->offices->n; i++) {
		struct standing *standing = &f->standings[i];
		bool told = standing->place.row >= 0 && f->n_tellers > 0;
		answer_to(f, standing,
			  told ? f->sites[standing->unit - units->list].teller : ALONE);
	}
}

/* The unit right below @above that @unit is or lies in. */
static const struct unit *right_below(const struct figures *f, const struct unit *unit,
				      const struct unit *above)
{
	const struct unit *parent;
	while ((parent = units_parent(f->reference->units, unit, f->day)) != above)
		unit = parent;
	return unit;
}

/* Who could not tell passes the question on. */
static int pass_on(struct figures *f, size_t first)
{
	size_t end = f->n_tellers;
	for (size_t i = 0; i < f->reference->offices->n; i++) {
		struct standing *standing = &f->standings[i];
		if (standing->teller < (int32_t)first || f->tellers[standing->teller].told)
			continue;
		const struct teller *above = &f->tellers[standing->teller];
		int32_t teller = ALONE, row = above->row;
		if (standing->unit != above->unit) {
			const struct unit *below = right_below(f, standing->unit, above->unit);
			teller = f->teller_of[below - f->reference->units->list];
			if (teller < (int32_t)end && (teller = teller_add(f, below, row)) < 0)
				return -ENOMEM;
		}
		answer_to(f, standing, teller);
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static int want_pages(struct figures *f, size_t first, struct err *err)
{
	int rc = 0;
	f->nodes.n = 0;
	for (size_t t = first; t < f->n_tellers && rc == 0; t++)
		if (!f->tellers[t].told)
			rc = nodes_add(&f->nodes, -f->tellers[t].unit->id, err);
	if (f->nodes.n > 1)
		qsort(f->nodes.list, f->nodes.n, sizeof(f->nodes.list[0]), by_number);
	return rc;
}

/* Ask those from @first on that did not tell, from step @from on. */
static int ask(struct figures *f, const struct steps *steps, const struct stretch *stretch,
	       struct question *question, size_t first, int32_t from, struct err *err)
{
	struct hearing hearing = { f, unit_acc_agg(f->metric) };
	int32_t number = from;
	int rc = want_pages(f, first, err);
	if (rc < 0 || f->nodes.n == 0)
		return rc;
	question->saw_all = from == figures_look_back(f, steps, stretch);
	question->pairs = 0;
	for (size_t t = first; t < f->n_tellers; t++)
		if (!f->tellers[t].told)
			teller_begin(&f->tellers[t], question->saw_all ? NEVER : from - 1);
	for (; number <= stretch->last && rc == 0; number++) {
		struct step step = step_at(steps, number);
		bool before = number < stretch->first;
		rc = source_each(f->source, &step, &f->nodes, on_page, &hearing, err);
		question->pairs += before ? 0 : step.pairs;
		for (size_t t = first; t < f->n_tellers; t++)
			if (!f->tellers[t].told)
				teller_step(&f->tellers[t], question, &step, before);
	}
	for (size_t t = first; t < f->n_tellers; t++)
		if (!f->tellers[t].told)
			teller_end(&f->tellers[t], question);
	return rc;
}

/* Mostly the stretch itself tells all; otherwise what was before it, as long as all stood so. */
static int ask_and_look_back(struct figures *f, const struct steps *steps,
			     const struct stretch *stretch, size_t first, struct err *err)
{
	struct question question = { .metric = f->metric,
				     .telling = telling_of(f),
				     .n_series = f->n_series,
				     .each_office = f->each_office,
				     .ends = stretch->ends };
	int32_t back = figures_look_back(f, steps, stretch);
	if (back < stretch->since)
		back = stretch->since;
	int rc = ask(f, steps, stretch, &question, first, stretch->first, err);
	return rc < 0 || back == stretch->first
		       ? rc
		       : ask(f, steps, stretch, &question, first, back, err);
}

static void add_value(struct total *total, const struct teller *teller, enum agg agg)
{
	if (teller->n == 0)
		return;
	if (agg == AGG_SUM)
		total->value += teller->value;
	else if (total->n == 0 || unit_acc_better(agg, teller->value, total->value))
		total->value = teller->value;
	total->n += teller->n;
}

static void write_down(struct figures *f, const struct stretch *stretch)
{
	bool level = telling_of(f) == TELL_LEVEL;
	for (size_t t = 0; t < f->n_tellers; t++) {
		const struct teller *teller = &f->tellers[t];
		if (!teller->told)
			continue;
		if (!level || stretch->ends)
			add_value(&f->totals[teller->row], teller, unit_acc_agg(f->metric));
		if (!f->each_office)
			counts_add(&f->summed_now[teller->row], &teller->counts);
	}
}

/* 1: days are derived for it, which is done once if offices are asked at once. */
static int derives(struct figures *f, const struct steps *steps, const struct stretch *stretch,
		   struct err *err)
{
	int rc = 0;
	for (int32_t number = figures_look_back(f, steps, stretch);
	     number <= stretch->last && rc == 0; number++)
		rc = source_derives(f->source, step_at(steps, number).day, err);
	return rc;
}

static bool all_told(const struct figures *f, size_t first)
{
	while (first < f->n_tellers && f->tellers[first].told)
		first++;
	return first == f->n_tellers;
}

int figures_ask_units(struct figures *f, const struct steps *steps, const struct stretch *stretch,
		      struct err *err)
{
	int derived = derives(f, steps, stretch, err), rc = 0;
	f->n_tellers = 0;
	if (derived < 0)
		return derived;
	if (!derived && !stretch->partly && telling_of(f) != TELL_NOTHING && tellers_find(f) < 0)
		return err_memory(err);
	offices_find_tellers(f);
	for (size_t first = 0, end; rc == 0 && first < f->n_tellers; first = end) {
		end = f->n_tellers;
		rc = ask_and_look_back(f, steps, stretch, first, err);
		if (rc == 0 && !all_told(f, first) && pass_on(f, first) < 0)
			rc = err_memory(err);
	}
	if (rc == 0)
		write_down(f, stretch);
	return rc;
}
