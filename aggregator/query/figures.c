#include "common/base/array.h"
#include "query/aggregate.h"
#include "query/figures_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int allocate(struct figures *f)
{
	size_t offices = f->reference->offices->n, units = f->reference->units->n;
	f->coverage = calloc(offices + 1, sizeof(*f->coverage));
	f->sites = calloc(units + 1, sizeof(*f->sites));
	f->asked_of = calloc(units + 1, sizeof(*f->asked_of));
	f->row_of = calloc(units + 1, sizeof(*f->row_of));
	return f->coverage && f->sites && f->asked_of && f->row_of ? 0 : -ENOMEM;
}

struct figures *figures_open(sqlite3 *db, const struct reference *reference,
			     const struct plan *plan, bool each_office, struct err *err)
{
	struct figures *f = calloc(1, sizeof(*f));
	if (!f) {
		(void)err_memory(err);
		return NULL;
	}
	f->db = db;
	f->reference = reference;
	f->plan = plan;
	f->each_office = each_office;
	if (allocate(f) < 0) {
		(void)err_memory(err);
		figures_close(f);
		return NULL;
	}
	if (!(f->source = source_open(db, reference, plan, err)) ||
	    !(f->declarations = declarations_open(db, err)) ||
	    !(f->replay = replay_open(db, f->declarations, err))) {
		figures_close(f);
		return NULL;
	}
	declarations_forget(f->declarations, reference->catalogue);
	replay_until(f->replay, plan->known_us);
	if (strays_find(reference->offices, reference->units, &f->strays, err) < 0 ||
	    waiting_read(db, reference, plan, f->declarations, &f->waiting, err) < 0) {
		figures_close(f);
		return NULL;
	}
	return f;
}

void figures_close(struct figures *figures)
{
	if (!figures)
		return;
	source_close(figures->source);
	replay_close(figures->replay);
	declarations_close(figures->declarations);
	free(figures->coverage);
	free(figures->sites);
	free(figures->asked);
	free(figures->asked_of);
	free(figures->row_of);
	free(figures->strays.list);
	free(figures->waiting.list);
	free(figures->nodes.list);
	free(figures->parts);
	free(figures->members);
	free(figures->totals);
	free(figures->summed);
	free(figures->summed_now);
	for (size_t i = 0; i < PLAN_OPERANDS_MAX; i++)
		free(figures->lists[i].list);
	free(figures);
}

struct figure *figures_alloc(size_t n)
{
	struct figure *figures = calloc(n, sizeof(*figures));
	for (size_t i = 0; figures && i < n; i++)
		mpq_init(figures[i].value);
	return figures;
}

void figures_free(struct figure *figures, size_t n)
{
	for (size_t i = 0; figures && i < n; i++)
		mpq_clear(figures[i].value);
	free(figures);
}

unsigned metric_shown_decimals(const struct metric *metric)
{
	bool mean = metric->time_agg == AGG_MEAN || metric->area_agg == AGG_MEAN;
	return metric->decimals + (mean ? 4 : 0);
}

/* --- members and parts: small lists per office --- */

struct member *figures_member(struct figures *f, size_t office, int32_t row)
{
	struct coverage *coverage = &f->coverage[office];
	for (int32_t i = coverage->first_member; i >= 0; i = f->members[i].next)
		if (f->members[i].row == row)
			return &f->members[i];
	if (ARRAY_RESERVE(f->members, f->members_room, f->n_members + 1) < 0)
		return NULL;
	f->members[f->n_members] = (struct member){ .row = row,
						    .office = &f->reference->offices->list[office],
						    .next = coverage->first_member };
	coverage->first_member = (int32_t)f->n_members;
	return &f->members[f->n_members++];
}

int figures_part_add(struct figures *f, size_t office, int32_t row, uint32_t series, int32_t at,
		     const struct acc *acc)
{
	struct coverage *coverage = &f->coverage[office];
	for (int32_t i = coverage->first_part; i >= 0; i = f->parts[i].next) {
		struct part *part = &f->parts[i];
		if (part->row != row || part->series != series)
			continue;
		acc_append(&part->acc, acc, f->metric->time_agg);
		part->at = at;
		return 0;
	}
	if (ARRAY_RESERVE(f->parts, f->parts_room, f->n_parts + 1) < 0)
		return -ENOMEM;
	f->parts[f->n_parts] = (struct part){
		.row = row, .series = series, .at = at, .acc = *acc, .next = coverage->first_part
	};
	coverage->first_part = (int32_t)f->n_parts++;
	return 0;
}

/* --- from parts to values --- */

/* Rule 5.7: what belongs to a row that cannot have a value goes to the rest, so that the rows add
 * up.
 */
static int32_t shown_in(const struct figures *f, int32_t row)
{
	return f->rows->attribution[row].unit ? (int32_t)f->rows->n - 1 : row;
}

/* Did an earlier part of the list, of the same series if @by_series, count in the same row? */
static bool counted_before(const struct figures *f, size_t office, int32_t part, bool by_series)
{
	for (int32_t i = f->coverage[office].first_part; i != part; i = f->parts[i].next)
		if (shown_in(f, f->parts[i].row) == shown_in(f, f->parts[part].row) &&
		    (!by_series || f->parts[i].series == f->parts[part].series))
			return true;
	return false;
}

/* What @office has in @row, its series combined. In the rest, too, a series of an office that lay
 * in several rows is one (rules 5.3 and 5.7). False: it has nothing there. */
static bool office_value(const struct figures *f, size_t office, int32_t row,
			 struct aggregate *aggregate, mpq_t scratch)
{
	aggregate->n = 0;
	for (int32_t i = f->coverage[office].first_part; i >= 0; i = f->parts[i].next) {
		if (shown_in(f, f->parts[i].row) != row || counted_before(f, office, i, true))
			continue;
		struct part series = f->parts[i];
		for (int32_t k = series.next; k >= 0; k = f->parts[k].next)
			if (f->parts[k].series == series.series &&
			    shown_in(f, f->parts[k].row) == row)
				acc_append(&series.acc, &f->parts[k].acc, f->metric->time_agg);
		rational_set(scratch, series.acc.value, f->metric->decimals);
		if (f->metric->time_agg == AGG_MEAN)
			aggregate_divide(scratch, series.acc.n);
		aggregate_add(aggregate, scratch, f->metric->area_agg);
	}
	aggregate_finish(aggregate, f->metric->area_agg);
	return aggregate->n > 0;
}

/* Rule 5.3: the series of each office, then the offices of each row. Rule 5.4: of no values none
 * comes, which is not 0. */
static int combine(struct figures *f, struct figure ret[], struct err *err)
{
	struct aggregate *rows = calloc(f->rows->n, sizeof(*rows)), office = { 0 };
	mpq_t scratch;
	if (!rows)
		return err_memory(err);
	mpq_inits(office.value, scratch, NULL);
	for (size_t i = 0; i < f->rows->n; i++)
		mpq_init(rows[i].value);
	for (size_t i = 0; i < f->reference->offices->n; i++)
		for (int32_t p = f->coverage[i].first_part; p >= 0; p = f->parts[p].next) {
			int32_t row = shown_in(f, f->parts[p].row);
			if (counted_before(f, i, p, false) ||
			    !office_value(f, i, row, &office, scratch))
				continue;
			aggregate_add(&rows[row], office.value, f->metric->area_agg);
			if (f->on_value)
				f->on_value(f->context, &f->reference->offices->list[i], row,
					    office.value);
		}
	for (size_t i = 0; i < f->rows->n; i++) { /* what units answered, beside the offices */
		if (f->totals[i].n == 0)
			continue;
		rational_set(scratch, f->totals[i].value, f->metric->decimals);
		aggregate_add(&rows[shown_in(f, (int32_t)i)], scratch, f->metric->area_agg);
	}
	for (size_t i = 0; i < f->rows->n; i++) {
		aggregate_finish(&rows[i], f->metric->area_agg);
		ret[i].has_value = rows[i].n > 0;
		if (rows[i].n > 0)
			mpq_set(ret[i].value, rows[i].value);
		mpq_clear(rows[i].value);
	}
	mpq_clears(office.value, scratch, NULL);
	free(rows);
	return 0;
}

/* --- counts --- */

/* The operand's counts, to where its values went. */
static int settle(struct figures *f, struct err *err)
{
	for (size_t i = 0; i < f->rows->n; i++) {
		counts_add(&f->summed[shown_in(f, (int32_t)i)], &f->summed_now[i]);
		f->summed_now[i] = (struct counts){ 0 };
	}
	for (size_t i = 0; i < f->n_members; i++) { /* those that it makes have nothing to settle */
		const struct member now = f->members[i];
		struct member *to = &f->members[i];
		if (shown_in(f, now.row) != now.row)
			to = figures_member(f, (size_t)(now.office - f->reference->offices->list),
					    shown_in(f, now.row));
		if (!to)
			return err_memory(err);
		counts_add(&to->counts, &now.counts_now);
		to->has_reported |= now.has_reported_now;
		f->members[i].counts_now = (struct counts){ 0 };
		f->members[i].has_reported_now = false;
	}
	return 0;
}

/* --- the bucket --- */

int figures_begin(struct figures *figures, struct rows *rows, struct period bucket, struct err *err)
{
	figures->rows = rows;
	figures->bucket = bucket;
	figures->n_members = 0;
	figures->asked_form = NULL;
	figures->level = NULL;
	for (size_t i = 0; i < figures->reference->offices->n; i++)
		figures->coverage[i].first_member = -1;
	free(figures->totals);
	free(figures->summed);
	free(figures->summed_now);
	figures->totals = calloc(rows->n, sizeof(*figures->totals));
	figures->summed = calloc(rows->n, sizeof(*figures->summed));
	figures->summed_now = calloc(rows->n, sizeof(*figures->summed_now));
	return figures->totals && figures->summed && figures->summed_now ? 0 : err_memory(err);
}

static int compute(struct figures *f, const struct metric *metric, const struct series_list *series,
		   struct figure ret[], struct err *err)
{
	f->metric = metric;
	f->series = series->list;
	f->n_series = series->n;
	source_want(f->source, series);
	f->n_parts = 0;
	/* The coverage is that of the operand before, unless others are due, or rows must be found
	 * anew that have no value. */
	if (!f->level || f->plan->restated || strcmp(f->level, metric->level) != 0)
		f->day = NEVER;
	f->level = metric->level;
	memset(f->totals, 0, f->rows->n * sizeof(*f->totals));
	memset(f->rows->attribution, 0, f->rows->n * sizeof(*f->rows->attribution));
	for (size_t i = 0; i < f->reference->offices->n; i++)
		f->coverage[i].first_part = -1;
	int rc = figures_gather(f, err);
	if (rc < 0)
		return rc;
	if (metric->time_agg == AGG_LAST) { /* rule 5.2: it counts where its office is at the end */
		figures_cover(f, period_end_day(f->bucket) - 1, true);
		for (size_t i = 0; i < f->reference->offices->n; i++)
			if (f->coverage[i].first_part >= 0)
				figures_attribute(f, &f->coverage[i]);
	}
	rc = combine(f, ret, err);
	if (rc == 0)
		rc = figures_wait(f, err);
	return rc < 0 ? rc : settle(f, err);
}

void figures_tell(struct figures *figures,
		  void (*on_value)(void *context, const struct office *office, int32_t row,
				   const mpq_t value),
		  void *context)
{
	figures->on_value = on_value;
	figures->context = context;
}

void figures_choose(struct figures *figures, const struct series_list series[])
{
	figures->chosen = series;
}

int figures_of(struct figures *figures, size_t index, struct figure ret[], struct err *err)
{
	const struct plan *plan = figures->plan;
	struct series_list *list = &figures->lists[index];
	if (figures->chosen)
		return compute(figures, plan->metrics[index], &figures->chosen[index], ret, err);
	if (!figures->found[index]) {
		int rc = series_find(figures->db, figures->reference->catalogue->dimensions,
				     plan->metrics[index], plan->labels, list, err);
		if (rc < 0)
			return rc;
		figures->found[index] = true;
	}
	return compute(figures, plan->metrics[index], list, ret, err);
}

int figures_of_metric(struct figures *figures, const struct metric *metric, struct figure ret[],
		      struct err *err)
{
	struct series_list list = { 0 };
	int rc = series_find(figures->db, figures->reference->catalogue->dimensions, metric,
			     figures->plan->labels, &list, err);
	if (rc == 0)
		rc = compute(figures, metric, &list, ret,
			     err); /* which is the last to look at list */
	free(list.list);
	return rc;
}

static int series_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static int series_of_form(struct figures *f, const struct form *form, struct series_list *ret,
			  struct err *err)
{
	struct series_list all = { 0 };
	size_t room = 0;
	int rc = 0;
	for (size_t i = 0; i < form->n && rc == 0; i++) {
		struct series_list own = { 0 };
		rc = series_find(f->db, f->reference->catalogue->dimensions, form->metrics[i],
				 f->plan->labels, &own, err);
		if (rc == 0 && ARRAY_RESERVE(all.list, room, all.n + own.n + 1) < 0)
			rc = err_memory(err);
		if (rc == 0 && own.n > 0)
			memcpy(all.list + all.n, own.list, own.n * sizeof(*own.list));
		all.n += rc == 0 ? own.n : 0;
		free(own.list);
	}
	if (rc == 0 && all.n > 1)
		qsort(all.list, all.n, sizeof(*all.list), series_order);
	*ret = all;
	return rc;
}

/* Rule 5.5: what was reported before stands for a form of levels alone, for as long as each of them
 * is carried. Hours of several metrics are told apart as those of labels are (slices.h). */
static struct metric form_whole(const struct form *form)
{
	struct metric whole = *form->metrics[0];
	bool levels = true;
	for (size_t i = 0; i < form->n; i++) {
		levels &= form->metrics[i]->time_agg == AGG_LAST;
		if (form->metrics[i]->carry < whole.carry)
			whole.carry = form->metrics[i]->carry;
		if (form->metrics[i]->n_dimensions > whole.n_dimensions)
			whole.n_dimensions = form->metrics[i]->n_dimensions;
	}
	if (form->n > 1 && whole.n_dimensions == 0)
		whole.n_dimensions = 1;
	whole.time_agg = levels ? AGG_LAST : AGG_SUM;
	whole.carry = levels ? whole.carry : 0;
	return whole;
}

int figures_of_form(struct figures *figures, const struct form *form, struct figure ret[],
		    struct err *err)
{
	struct series_list list = { 0 };
	const struct metric whole = form_whole(form);
	int rc = series_of_form(figures, form, &list, err);
	figures->form = figures->asked_form = form;
	if (rc == 0)
		rc = compute(figures, &whole, &list, ret, err);
	figures->form = NULL;
	figures->metric = NULL; /* it was ours */
	free(list.list);
	return rc;
}

size_t figures_end(struct figures *figures, struct figure ret[], const struct member **ret_members)
{
	for (size_t i = 0; i < figures->rows->n; i++)
		ret[i].counts = figures->summed[i];
	for (size_t i = 0; i < figures->n_members; i++) {
		const struct member *member = &figures->members[i];
		struct counts *counts = &ret[member->row].counts;
		counts_add(counts, &member->counts);
		counts->offices_due += member->counts.due > 0;
		counts->offices_reported += member->has_reported || member->counts.reported > 0;
	}
	if (ret_members)
		*ret_members = figures->members;
	return figures->n_members;
}
