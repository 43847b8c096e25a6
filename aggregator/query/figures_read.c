/* From pages to parts, totals and members.
 *
 * 1. The steps of the bucket are gone through one after the other. Between days on which anything
 *    may stand elsewhere, all stands as before: where each office counts, whether it is due, and
 *    which pages are to be read.
 * 2. An office's page gives its parts (what values are made of) and its counts; a unit's page, for
 *    metrics that add up, the total of its row.
 * 3. Where that tells enough (figures_sum_up), most offices' pages are not looked at. */
#include "figures_parts.h"
#include "fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROW_AT_END (-2) /* of a last metric: which row is known at the end of the bucket */

void figures_stand(struct figures *f, int32_t any_day)
{
	int32_t day = rows_since(f->rows, any_day);
	if (f->day == day)
		return;
	f->day = day;
	for (size_t i = 0; i < f->reference->offices->n; i++) {
		const struct office *office = &f->reference->offices->list[i];
		const struct unit *unit = office_unit(office, f->reference->units, day);
		f->standings[i].unit = unit;
		f->standings[i].place = rows_place(f->rows, office, unit, day);
		f->standings[i].due = unit && strcmp(unit->level, f->metric->level) == 0;
		f->standings[i].blamed = false;
	}
}

void figures_blame(struct figures *f, struct standing *standing)
{
	if (standing->place.across && !standing->blamed)
		rows_blame(f->rows, standing->unit, f->day);
	standing->blamed = true;
}

struct pairs {
	int64_t reported, on_time;
};

/* Labels of one metric share a pair, and a page of many minutes cannot tell which they share: the
 * journal can. */
static int pairs_from_journal(struct figures *f, const struct step *step, size_t office,
			      struct pairs *ret, struct err *err)
{
	struct replay_series *list;
	size_t n;
	int rc = replay_day(f->replay, f->reference->offices->list[office].id, step->day, f->series,
			    f->n_series, &list, &n, err);
	uint32_t from = step_first_nth(step, f->metric);
	int32_t late_day = metric_late_day(f->metric, step->day);
	for (uint32_t nth = from; rc == 0 && nth < from + step->pairs; nth++) {
		bool reported = false, on_time = false;
		for (size_t i = 0; i < n; i++) {
			const struct replay_slot *slot = &list[i].slots[nth];
			reported |= slot->state == REPLAY_VALUE;
			on_time |= slot->state == REPLAY_VALUE && slot->received_day < late_day;
		}
		ret->reported += reported;
		ret->on_time += on_time;
	}
	return rc;
}

/* Walk the entries of @page that are of the series asked for. */
static const struct entry *next_entry(const struct figures *f, const struct page *page, size_t *at,
				      size_t *s)
{
	while (*at < page->n && *s < f->n_series) {
		if (page->entries[*at].series < f->series[*s])
			++*at;
		else if (page->entries[*at].series > f->series[*s])
			++*s;
		else
			return ++*s, &page->entries[(*at)++];
	}
	return NULL;
}

static int count_pairs(struct figures *f, const struct step *step, size_t office,
		       const struct page *page, struct counts *counts, struct pairs *ret,
		       struct err *err)
{
	size_t at = 0, s = 0, n = 0;
	for (const struct entry *entry; (entry = next_entry(f, page, &at, &s));) {
		counts->observations += entry->acc.n;
		counts->revisions += entry->acc.revisions;
		n += entry->acc.n > 0;
		if (entry->acc.n > ret->reported)
			ret->reported = entry->acc.n;
		if (entry->acc.on_time > ret->on_time)
			ret->on_time = entry->acc.on_time;
	}
	if (n < 2 ||
	    step->pairs == 1) /* at most one pair, or one series: the larger count is the union */
		return 0;
	*ret = (struct pairs){ 0 };
	return pairs_from_journal(f, step, office, ret, err);
}

bool figures_from_units(const struct figures *f)
{
	return metric_is_additive(f->metric) && !f->plan->by_office && !f->plan->restated;
}

bool figures_sum_up(const struct figures *f)
{
	return figures_from_units(f) && f->n_series <= 1 && !f->each_office &&
	       f->plan->known_us == DERIVE_NOW;
}

static bool is_rest(const struct figures *f, int32_t row)
{
	return row == (int32_t)f->rows->n - 1;
}

static int add_parts(struct figures *f, const struct step *step, size_t office,
		     const struct page *page)
{
	const struct standing *standing = &f->standings[office];
	bool last = f->metric->time_agg == AGG_LAST;
	bool rest = is_rest(f, standing->place.row);
	size_t at = 0, s = 0;
	if (!last && (standing->place.row < 0 || (figures_from_units(f) && !rest)))
		return 0; /* outside; or the units' own pages hold the sum */
	for (const struct entry *entry; (entry = next_entry(f, page, &at, &s));)
		if (entry->acc.n > 0 &&
		    figures_part_add(f, office, last ? ROW_AT_END : standing->place.row,
				     entry->series, step->number, &entry->acc) < 0)
			return -ENOMEM;
	return 0;
}

/* An office that is not due is in its unit's page all the same. */
static void take_off(struct total *total, const struct counts *counts, const struct pairs *pairs)
{
	total->reported -= pairs->reported;
	total->in_step -= pairs->reported;
	total->on_time -= pairs->on_time;
	total->revisions -= counts->revisions;
}

static int read_office(struct figures *f, const struct step *step, bool before, size_t office,
		       const struct page *page, struct err *err)
{
	struct standing *standing = &f->standings[office];
	struct counts counts = { 0 };
	struct pairs pairs = { 0 };
	int rc = count_pairs(f, step, office, page, &counts, &pairs, err);
	if (rc < 0)
		return rc;
	if (pairs.reported > 0)
		standing->last_reported = step->number;
	if (add_parts(f, step, office, page) < 0)
		return err_memory(err);
	if (before || standing->place.row < 0)
		return 0;
	struct member *member = figures_member(f, office, standing->place.row);
	if (!member)
		return err_memory(err);
	if (f->metric->time_agg != AGG_LAST && counts.observations > 0)
		figures_blame(f, standing);
	standing->reported = pairs.reported > 0;
	member->counts.observations += counts.observations;
	member->counts.revisions += counts.revisions;
	if (standing->due) {
		member->counts.reported += pairs.reported;
		member->counts.on_time += pairs.on_time;
	} else {
		member->counts.extra += pairs.reported;
	}
	if (f->sums_up && !is_rest(f, standing->place.row))
		take_off(&f->totals[standing->place.row], &counts, &pairs);
	return 0;
}

/* The row of the nearest unit above @unit that has one: of a level within the same level. */
static int32_t row_above(const struct figures *f, const struct unit *unit, int32_t day)
{
	int32_t row = ROW_OUTSIDE;
	while (row < 0 && (unit = units_parent(f->reference->units, unit, day)))
		row = rows_unit(f->rows, unit, day);
	return row;
}

static void total_add(struct total *total, const struct acc *acc, int sign)
{
	total->sum += sign * acc->value;
	total->n += sign * acc->n;
	total->reported += sign * acc->n;
	total->in_step += sign * acc->n;
	total->on_time += sign * acc->on_time;
	total->revisions += sign * acc->revisions;
}

/* A unit's page is the sum of all below it: what it shows is not shown above it again. */
static void read_unit(struct figures *f, const struct step *step, const struct unit *unit,
		      const struct page *page)
{
	int32_t row = rows_unit(f->rows, unit, step->day);
	int32_t above = row < 0 || !f->plan->by ? ROW_OUTSIDE : row_above(f, unit, step->day);
	size_t at = 0, s = 0;
	if (row < 0)
		return;
	for (const struct entry *entry; (entry = next_entry(f, page, &at, &s));) {
		total_add(&f->totals[row], &entry->acc, 1);
		if (above >= 0)
			total_add(&f->totals[above], &entry->acc, -1);
	}
}

struct reading {
	struct figures *figures;
	struct step step;
	bool before; /* the bucket: only for what is carried into it */
};

static int read_page(void *context, int64_t node, const struct page *page, struct err *err)
{
	struct reading *reading = context;
	struct figures *f = reading->figures;
	if (node < 0) {
		const struct unit *unit = units_by_id(f->reference->units, -node);
		if (unit)
			read_unit(f, &reading->step, unit, page);
		return 0;
	}
	const struct office *office = offices_by_id(f->reference->offices, node);
	if (!office)
		return 0;
	size_t index = (size_t)(office - f->reference->offices->list);
	return read_office(f, &reading->step, reading->before, index, page, err);
}

/* --- what stands the same for some days --- */

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static int want_units(struct figures *f, struct err *err)
{
	const struct rows *rows = f->rows;
	int rc = 0;
	for (size_t i = 0; i < rows->n && rc == 0; i++)
		if (rows->list[i].unit && rows_unit(rows, rows->list[i].unit, f->day) == (int32_t)i)
			rc = nodes_add(&f->nodes, -rows->list[i].unit->id, err);
	if (rc == 0 && f->nodes.n > 1)
		qsort(f->nodes.list, f->nodes.n, sizeof(f->nodes.list[0]), by_number);
	return rc;
}

static bool is_wanted(const struct figures *f, const struct standing *standing)
{
	if (f->metric->time_agg == AGG_LAST) /* it may yet move to where it counts */
		return standing->inside;
	if (standing->place.row < 0)
		return false;
	return !f->sums_up || is_rest(f, standing->place.row) || !standing->due;
}

static int want_nodes(struct figures *f, struct err *err)
{
	const struct offices *offices = f->reference->offices;
	f->nodes.n = 0;
	int rc = figures_from_units(f) ? want_units(f, err) : 0;
	for (size_t i = 0; i < offices->n && rc == 0; i++)
		if (is_wanted(f, &f->standings[i]))
			rc = nodes_add(&f->nodes, offices->list[i].id, err);
	return rc;
}

/* Which offices of a last metric are in a row on any day of the bucket. */
static void look_inside(struct figures *f)
{
	for (size_t i = 0; i < f->reference->offices->n; i++)
		f->standings[i].inside = false;
	for (size_t d = f->rows->n_days; d-- > 0;) { /* the first is where reading begins */
		figures_stand(f, f->rows->days[d]);
		for (size_t i = 0; i < f->reference->offices->n; i++)
			f->standings[i].inside |= f->standings[i].place.row >= 0;
	}
}

static int enter_days(struct figures *f, int32_t day, struct err *err)
{
	figures_stand(f, day);
	f->pairs = 0;
	for (size_t i = 0; i < f->rows->n; i++) {
		f->totals[i].offices = 0;
		f->totals[i].complete = false;
	}
	for (size_t i = 0; i < f->reference->offices->n; i++)
		if (f->standings[i].due && f->standings[i].place.row >= 0)
			f->totals[f->standings[i].place.row].offices++;
	return want_nodes(f, err);
}

/* Who was due since the day at hand. */
static int leave_days(struct figures *f, struct err *err)
{
	for (size_t i = 0; i < f->reference->offices->n && f->pairs > 0; i++) {
		struct standing *standing = &f->standings[i];
		if (!standing->due || standing->place.row < 0)
			continue;
		struct member *member = figures_member(f, i, standing->place.row);
		if (!member)
			return err_memory(err);
		if (f->metric->time_agg != AGG_LAST)
			figures_blame(f, standing);
		member->counts.due += f->pairs;
		member->heard |= f->totals[standing->place.row].complete;
	}
	return 0;
}

/* Of those who did not report in the step, whose last figure still stands. */
static int count_carried(struct figures *f, const struct step *step, struct err *err)
{
	bool carries = f->metric->time_agg == AGG_LAST && f->metric->carry > 0;
	for (size_t i = 0; i < f->reference->offices->n && carries; i++) {
		struct standing *standing = &f->standings[i];
		if (!standing->due || standing->place.row < 0 || standing->reported ||
		    standing->last_reported == NEVER ||
		    step->number - standing->last_reported > (int32_t)f->metric->carry)
			continue;
		struct member *member = figures_member(f, i, standing->place.row);
		if (!member)
			return err_memory(err);
		member->counts.carried += 1;
	}
	return 0;
}

static void look_for_complete(struct figures *f, const struct step *step)
{
	for (size_t i = 0; i < f->rows->n; i++) {
		struct total *total = &f->totals[i];
		total->complete |=
			total->offices > 0 && total->in_step == total->offices * step->pairs;
		total->in_step = 0;
	}
}

static int read_step(struct figures *f, const struct step *step, bool before, struct err *err)
{
	struct reading reading = { f, *step, before };
	int rc = 0;
	for (size_t i = 0; i < f->reference->offices->n; i++)
		f->standings[i].reported = false;
	if (!before && f->day != rows_since(f->rows, step->day)) {
		rc = leave_days(f, err);
		if (rc == 0)
			rc = enter_days(f, step->day, err);
	}
	if (rc == 0)
		rc = source_each(f->source, step, &f->nodes, read_page, &reading, err);
	if (rc < 0 || before)
		return rc;
	f->pairs += step->pairs;
	if (f->sums_up)
		look_for_complete(f, step);
	return count_carried(f, step, err);
}

int figures_read(struct figures *f, struct err *err)
{
	struct steps steps = steps_of(f->plan, f->metric, f->bucket);
	if (f->metric->time_agg == AGG_LAST)
		look_inside(f);
	int rc = enter_days(f, period_first_day(f->bucket), err);
	for (int32_t number = steps.before; number <= steps.last && rc == 0; number++) {
		struct step step = step_at(&steps, number);
		rc = read_step(f, &step, number < steps.first, err);
	}
	if (rc == 0)
		rc = leave_days(f, err);
	return rc == 0 && f->sums_up ? figures_heard(f, &steps, err) : rc;
}
