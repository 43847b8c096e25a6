/* Units answer from their own pages for the offices below them, so that the offices need not be
 * read one by one.
 *
 * 1. The uppermost units are asked all of whose offices count in one row: their pages of every
 *    slice say how many of those due reported, and what the figures come to.
 * 2. That leaves questions open where labels share a report, where a level is carried by some of
 *    those who were silent, or where not all gave the level that counts. Such a unit passes them on
 *    to the units right below it, and to its own offices, until all are answered. */
#include "common/base/array.h"
#include "query/figures_internal.h"
#include "rollup/unit_acc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum unit_value unit_value_of(const struct figures *f)
{
	const struct metric *metric = f->metric;
	if (f->plan->by_office || f->on_value)
		return UNIT_NO_VALUE;
	if (f->form) /* only its counts are wanted */
		return UNIT_SUM;
	if (unit_acc_agg(metric) != AGG_SUM)
		return UNIT_EXTREME;
	if (metric->area_agg != AGG_SUM)
		return UNIT_NO_VALUE;
	if (metric->time_agg == AGG_SUM)
		return UNIT_SUM;
	return metric->time_agg == AGG_LAST && f->n_series <= LEVEL_SERIES_MAX ? UNIT_LEVEL
									       : UNIT_NO_VALUE;
}

struct unit_reading {
	struct figures *figures;
	enum agg agg;
};

/* Of what is not over, all that came is extra. */
static struct acc as_due(const struct figures *f, struct acc acc)
{
	if (f->over)
		return acc;
	acc.extra = (int32_t)acc.n; /* a slice's, as it is of units that are not due */
	acc.on_time = 0;
	return acc;
}

static int on_page(void *context, int64_t node, const struct page *page, struct err *err)
{
	struct unit_reading *reading = context;
	struct figures *f = reading->figures;
	const struct unit *unit = units_by_id(f->reference->units, -node);
	int32_t asked = unit ? f->asked_of[unit - f->reference->units->list] : ITSELF;
	size_t at = 0, s = 0;
	(void)err;
	for (const struct entry *entry;
	     asked >= 0 && (entry = figures_next_entry(f, page, &at, &s));) {
		struct acc acc = as_due(f, entry->acc);
		unit_pages_add(&f->asked[asked], s - 1, &acc, reading->agg);
	}
	return 0;
}

/* --- all that are asked --- */

static int32_t ask_unit(struct figures *f, const struct unit *unit, int32_t row)
{
	if (ARRAY_RESERVE(f->asked, f->asked_room, f->n_asked + 1) < 0)
		return -ENOMEM;
	f->asked[f->n_asked] = (struct unit_pages){ .unit = unit, .row = row };
	f->asked_of[unit - f->reference->units->list] = (int32_t)f->n_asked;
	return (int32_t)f->n_asked++;
}

#define MIXED (-2)

/* The row in which all offices of a unit and below it count, into row_of: MIXED where they count in
 * several, or where one lies across rows, which is attributed office by office; ROW_OUTSIDE where
 * there are none. */
static void find_rows(struct figures *f)
{
	const struct units *units = f->reference->units;
	for (size_t i = 0; i < units->n; i++) {
		f->row_of[i] = ROW_OUTSIDE;
		f->asked_of[i] = ITSELF;
	}
	for (size_t i = 0; i < units->n; i++) {
		const struct site *site = &f->sites[i];
		if (site->of != f->coverage_no)
			continue;
		int32_t row = site->place.row >= 0 && !site->place.across ? site->place.row : MIXED;
		for (const struct unit *unit = &units->list[i]; unit;
		     unit = units_parent(units, unit, f->day)) {
			int32_t *known = &f->row_of[unit - units->list];
			*known = *known == ROW_OUTSIDE || *known == row ? row : MIXED;
		}
	}
}

/* The uppermost unit that has @unit's offices and all its others in one row; NULL: none has. */
static const struct unit *uppermost(const struct figures *f, const struct unit *unit)
{
	const struct unit *found = NULL;
	for (; unit && f->row_of[unit - f->reference->units->list] >= 0;
	     unit = units_parent(f->reference->units, unit, f->day))
		found = unit;
	return found;
}

static int find_asked_units(struct figures *f)
{
	const struct units *units = f->reference->units;
	find_rows(f);
	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit =
			f->sites[i].of == f->coverage_no ? uppermost(f, &units->list[i]) : NULL;
		size_t at = unit ? (size_t)(unit - units->list) : i;
		if (unit && f->asked_of[at] == ITSELF && ask_unit(f, unit, f->row_of[at]) < 0)
			return -ENOMEM;
		f->sites[i].asked = unit ? f->asked_of[at] : ITSELF;
	}
	return 0;
}

static void assign(struct figures *f, struct coverage *coverage, int32_t asked)
{
	coverage->asked = asked;
	if (asked >= 0)
		*(coverage->due ? &f->asked[asked].due : &f->asked[asked].others) += 1;
}

static void offices_find_asked(struct figures *f)
{
	const struct units *units = f->reference->units;
	for (size_t i = 0; i < f->reference->offices->n; i++) {
		struct coverage *coverage = &f->coverage[i];
		bool known = coverage->place.row >= 0 && f->n_asked > 0;
		assign(f, coverage, known ? f->sites[coverage->unit - units->list].asked : ITSELF);
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

/* A unit whose pages left a question open passes it on. */
static int pass_on(struct figures *f, size_t first)
{
	size_t end = f->n_asked;
	for (size_t i = 0; i < f->reference->offices->n; i++) {
		struct coverage *coverage = &f->coverage[i];
		if (coverage->asked < (int32_t)first || f->asked[coverage->asked].answered)
			continue;
		const struct unit_pages *above = &f->asked[coverage->asked];
		int32_t asked = ITSELF, row = above->row;
		if (coverage->unit != above->unit) {
			const struct unit *below = right_below(f, coverage->unit, above->unit);
			asked = f->asked_of[below - f->reference->units->list];
			if (asked < (int32_t)end && (asked = ask_unit(f, below, row)) < 0)
				return -ENOMEM;
		}
		assign(f, coverage, asked);
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
	for (size_t t = first; t < f->n_asked && rc == 0; t++)
		if (!f->asked[t].answered)
			rc = nodes_add(&f->nodes, -f->asked[t].unit->id, err);
	if (f->nodes.n > 1)
		qsort(f->nodes.list, f->nodes.n, sizeof(f->nodes.list[0]), by_number);
	return rc;
}

/* Ask those from @first on that have not answered, from slice @from on. */
static int ask(struct figures *f, const struct slices *slices, const struct day_range *range,
	       struct question *question, size_t first, int32_t from, struct err *err)
{
	struct unit_reading reading = { f, unit_acc_agg(f->metric) };
	int32_t number = from;
	int rc = want_pages(f, first, err);
	if (rc < 0 || f->nodes.n == 0)
		return rc;
	question->saw_all = from == figures_look_back(f, slices, range);
	question->pairs = 0;
	for (size_t t = first; t < f->n_asked; t++)
		if (!f->asked[t].answered)
			unit_pages_begin(&f->asked[t], question->saw_all ? NEVER : from - 1);
	for (; number <= range->last && rc == 0; number++) {
		struct slice slice = slice_at(slices, number);
		bool before = number < range->first;
		rc = source_each(f->source, &slice, &f->nodes, on_page, &reading, err);
		question->pairs += before ? 0 : slice.pairs;
		for (size_t t = first; t < f->n_asked; t++)
			if (!f->asked[t].answered)
				unit_pages_end_slice(&f->asked[t], question, &slice, before);
	}
	for (size_t t = first; t < f->n_asked; t++)
		if (!f->asked[t].answered)
			unit_pages_end(&f->asked[t], question);
	return rc;
}

/* Mostly the range itself answers all; otherwise what was before it, as long as all stood so. */
static int ask_and_look_back(struct figures *f, const struct slices *slices,
			     const struct day_range *range, size_t first, struct err *err)
{
	struct question question = { .metric = f->metric,
				     .value_is = unit_value_of(f),
				     .n_series = f->n_series,
				     .each_office = f->each_office,
				     .ends = range->ends };
	int32_t back = figures_look_back(f, slices, range);
	if (back < range->since)
		back = range->since;
	int rc = ask(f, slices, range, &question, first, range->first, err);
	return rc < 0 || back == range->first ? rc
					      : ask(f, slices, range, &question, first, back, err);
}

static void add_value(struct total *total, const struct unit_pages *pages, enum agg agg)
{
	if (pages->n == 0)
		return;
	if (agg == AGG_SUM)
		total->value += pages->value;
	else if (total->n == 0 || unit_acc_better(agg, pages->value, total->value))
		total->value = pages->value;
	total->n += pages->n;
}

static void add_answers(struct figures *f, const struct day_range *range)
{
	bool level = unit_value_of(f) == UNIT_LEVEL;
	for (size_t t = 0; t < f->n_asked; t++) {
		const struct unit_pages *pages = &f->asked[t];
		if (!pages->answered)
			continue;
		if (!level || range->ends)
			add_value(&f->totals[pages->row], pages, unit_acc_agg(f->metric));
		if (!f->each_office)
			counts_add(&f->summed_now[pages->row], &pages->counts);
	}
}

static bool all_answered(const struct figures *f, size_t first)
{
	while (first < f->n_asked && f->asked[first].answered)
		first++;
	return first == f->n_asked;
}

int figures_ask_units(struct figures *f, const struct slices *slices, const struct day_range *range,
		      struct err *err)
{
	/* No unit is asked where pages are derived from the journal: each day is derived once if
	 * the offices are read at once. */
	int derived = 0, rc = 0;
	f->n_asked = 0;
	for (int32_t number = figures_look_back(f, slices, range);
	     number <= range->last && derived == 0; number++)
		derived = source_derives(f->source, slice_at(slices, number).day, err);
	if (derived < 0)
		return derived;
	if (!derived && !range->partly && unit_value_of(f) != UNIT_NO_VALUE &&
	    find_asked_units(f) < 0)
		return err_memory(err);
	offices_find_asked(f);
	for (size_t first = 0, end; rc == 0 && first < f->n_asked; first = end) {
		end = f->n_asked;
		rc = ask_and_look_back(f, slices, range, first, err);
		if (rc == 0 && !all_answered(f, first) && pass_on(f, first) < 0)
			rc = err_memory(err);
	}
	if (rc == 0)
		add_answers(f, range);
	return rc;
}
