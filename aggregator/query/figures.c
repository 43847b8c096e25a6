#include "figures.h"
#include "fold.h"
#include "mix.h"
#include "replay.h"
#include "series.h"
#include "source.h"
#include "step.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROW_AT_END (-2) /* of a last metric: which row is known at the end of the bucket */
#define NEVER      INT32_MIN

struct part { /* one series of one office, gathered over the bucket */
	int32_t row;
	uint32_t series;
	int32_t at; /* number of the step that the newest figure is of */
	struct acc acc;
	int32_t next; /* of the same office; -1: none */
};

struct standing { /* an office on the day at hand, and what is known of it in the bucket */
	const struct unit *unit;
	struct place place; /* where it counts on that day */
	bool due;
	bool blamed;           /* rows_blame() knows of it, on that day */
	bool reported;         /* in the step at hand */
	int32_t last_reported; /* number of the step; NEVER */
	int32_t first_part, first_member;
};

struct total { /* an additive row, from the pages of its unit */
	int128 sum;
	int64_t n;
};

struct figures {
	sqlite3 *db;
	const struct reference *reference;
	const struct plan *plan;
	struct rows *rows; /* lent */
	struct period bucket;
	struct source *source;
	struct declarations *declarations;
	struct replay *replay;      /* for per-minute metrics with labels */
	struct standing *standings; /* owned [offices->n] */
	struct part *parts;         /* owned [n_parts] */
	size_t n_parts, parts_room;
	struct member *members; /* owned [n_members] */
	size_t n_members, members_room;
	struct total *totals;                        /* owned [rows] */
	struct series_list lists[PLAN_OPERANDS_MAX]; /* of each operand, once found */
	bool found[PLAN_OPERANDS_MAX];
	/* of the operand at hand: */
	const struct metric *metric;
	const uint32_t *series; /* [n_series], ascending: those the label filter lets through */
	size_t n_series;
	int32_t day; /* that rows and due of the standings are of */
};

struct figures *figures_open(sqlite3 *db, const struct reference *reference,
			     const struct plan *plan, struct err *err)
{
	struct figures *f = calloc(1, sizeof(*f));
	if (!f || !(f->standings = calloc(reference->offices->n + 1, sizeof(*f->standings)))) {
		free(f);
		(void)err_memory(err);
		return NULL;
	}
	f->db = db;
	f->reference = reference;
	f->plan = plan;
	if (!(f->source = source_open(db, reference, plan->known_us, err)) ||
	    !(f->declarations = declarations_open(db, err)) ||
	    !(f->replay = replay_open(db, f->declarations, err))) {
		figures_close(f);
		return NULL;
	}
	declarations_forget(f->declarations, reference->catalogue);
	replay_until(f->replay, plan->known_us);
	return f;
}

void figures_close(struct figures *figures)
{
	if (!figures)
		return;
	source_close(figures->source);
	replay_close(figures->replay);
	declarations_close(figures->declarations);
	free(figures->standings);
	free(figures->parts);
	free(figures->members);
	free(figures->totals);
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

static int grow(void **list, size_t *room, size_t n, size_t size)
{
	if (n < *room)
		return 0;
	size_t more = *room ? *room * 2 : 256;
	void *fresh = realloc(*list, more * size);
	if (!fresh)
		return -ENOMEM;
	*list = fresh;
	*room = more;
	return 0;
}

static struct member *member_of(struct figures *f, size_t office, int32_t row)
{
	struct standing *standing = &f->standings[office];
	for (int32_t i = standing->first_member; i >= 0; i = f->members[i].next)
		if (f->members[i].row == row)
			return &f->members[i];
	if (grow((void **)&f->members, &f->members_room, f->n_members, sizeof(*f->members)) < 0)
		return NULL;
	f->members[f->n_members] = (struct member){ .row = row,
						    .office = &f->reference->offices->list[office],
						    .next = standing->first_member };
	standing->first_member = (int32_t)f->n_members;
	return &f->members[f->n_members++];
}

static int part_add(struct figures *f, size_t office, int32_t row, uint32_t series, int32_t at,
		    const struct acc *acc)
{
	struct standing *standing = &f->standings[office];
	for (int32_t i = standing->first_part; i >= 0; i = f->parts[i].next) {
		struct part *part = &f->parts[i];
		if (part->row != row || part->series != series)
			continue;
		acc_append(&part->acc, acc, f->metric->time_agg);
		part->at = at;
		return 0;
	}
	if (grow((void **)&f->parts, &f->parts_room, f->n_parts, sizeof(*f->parts)) < 0)
		return -ENOMEM;
	f->parts[f->n_parts] = (struct part){
		.row = row, .series = series, .at = at, .acc = *acc, .next = standing->first_part
	};
	standing->first_part = (int32_t)f->n_parts++;
	return 0;
}

/* --- reading a step --- */

static void stand(struct figures *f, int32_t any_day)
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

static void blame(struct figures *f, struct standing *standing)
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

/* Do the units' own pages hold what the rows show? */
static bool from_units(const struct figures *f)
{
	return metric_is_additive(f->metric) && !f->plan->by_office && !f->plan->restated;
}

static int add_parts(struct figures *f, const struct step *step, size_t office,
		     const struct page *page)
{
	const struct standing *standing = &f->standings[office];
	bool last = f->metric->time_agg == AGG_LAST;
	bool rest = standing->place.row == (int32_t)f->rows->n - 1;
	size_t at = 0, s = 0;
	if (!last && (standing->place.row < 0 || (from_units(f) && !rest)))
		return 0; /* outside; or the units' own pages hold the sum */
	for (const struct entry *entry; (entry = next_entry(f, page, &at, &s));)
		if (entry->acc.n > 0 && part_add(f, office, last ? ROW_AT_END : standing->place.row,
						 entry->series, step->number, &entry->acc) < 0)
			return -ENOMEM;
	return 0;
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
	struct member *member = member_of(f, office, standing->place.row);
	if (!member)
		return err_memory(err);
	if (f->metric->time_agg != AGG_LAST && counts.observations > 0)
		blame(f, standing);
	standing->reported = pairs.reported > 0;
	member->counts.observations += counts.observations;
	member->counts.revisions += counts.revisions;
	if (standing->due) {
		member->counts.reported += pairs.reported;
		member->counts.on_time += pairs.on_time;
	} else {
		member->counts.extra += pairs.reported;
	}
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
		f->totals[row].sum += entry->acc.value;
		f->totals[row].n += entry->acc.n;
		if (above < 0)
			continue;
		f->totals[above].sum -= entry->acc.value;
		f->totals[above].n -= entry->acc.n;
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
		const struct unit *unit =
			reading->before ? NULL : units_by_id(f->reference->units, -node);
		if (unit && from_units(f))
			read_unit(f, &reading->step, unit, page);
		return 0;
	}
	const struct office *office = offices_by_id(f->reference->offices, node);
	if (!office)
		return 0;
	size_t index = (size_t)(office - f->reference->offices->list);
	return read_office(f, &reading->step, reading->before, index, page, err);
}

/* Who was due in the step, and of those who did not report, whose last figure still stands. */
static int count_due(struct figures *f, const struct step *step, struct err *err)
{
	bool carries = f->metric->time_agg == AGG_LAST && f->metric->carry > 0;
	for (size_t i = 0; i < f->reference->offices->n; i++) {
		struct standing *standing = &f->standings[i];
		if (!standing->due || standing->place.row < 0)
			continue;
		struct member *member = member_of(f, i, standing->place.row);
		if (!member)
			return err_memory(err);
		if (f->metric->time_agg != AGG_LAST)
			blame(f, standing);
		member->counts.due += step->pairs;
		if (carries && !standing->reported && standing->last_reported != NEVER &&
		    step->number - standing->last_reported <= (int32_t)f->metric->carry)
			member->counts.carried += 1;
	}
	return 0;
}

static int read_steps(struct figures *f, struct err *err)
{
	struct steps steps = steps_of(f->plan, f->metric, f->bucket);
	int rc = 0;
	for (int32_t number = steps.before; number <= steps.last && rc == 0; number++) {
		struct reading reading = { f, step_at(&steps, number), number < steps.first };
		for (size_t i = 0; i < f->reference->offices->n; i++)
			f->standings[i].reported = false;
		if (!reading.before)
			stand(f, reading.step.day);
		rc = source_each(f->source, &reading.step, read_page, &reading, err);
		if (rc == 0 && !reading.before)
			rc = count_due(f, &reading.step, err);
	}
	return rc;
}

/* --- from parts to values --- */

static void part_value(const struct figures *f, const struct part *part, mpq_t ret)
{
	rational_set(ret, part->acc.value, f->metric->decimals);
	if (f->metric->time_agg == AGG_MEAN)
		mix_divide(ret, part->acc.n);
}

/* One office's parts that count in @row, combined. False: it has none. */
static bool office_value(const struct figures *f, size_t office, int32_t row, struct mix *mix,
			 mpq_t scratch)
{
	mix->n = 0;
	for (int32_t i = f->standings[office].first_part; i >= 0; i = f->parts[i].next) {
		if (f->parts[i].row != row)
			continue;
		part_value(f, &f->parts[i], scratch);
		mix_add(mix, scratch, f->metric->area_agg);
	}
	mix_finish(mix, f->metric->area_agg);
	return mix->n > 0;
}

/* A last metric's parts count where their office stands on the bucket's last day. */
static void settle_last(struct figures *f)
{
	stand(f, period_end_day(f->bucket) - 1);
	for (size_t i = 0; i < f->reference->offices->n; i++) {
		struct standing *standing = &f->standings[i];
		for (int32_t p = standing->first_part; p >= 0; p = f->parts[p].next)
			f->parts[p].row = standing->place.row;
		if (standing->due || standing->first_part >= 0)
			blame(f, standing);
	}
}

/* Each row of @office once: a row is taken with its first part in the list. */
static bool first_of_row(const struct figures *f, size_t office, int32_t part)
{
	for (int32_t i = f->standings[office].first_part; i != part; i = f->parts[i].next)
		if (f->parts[i].row == f->parts[part].row)
			return false;
	return f->parts[part].row >= 0;
}

/* What belongs to a row that cannot be told goes to the rest, so that the rows add up. */
static int32_t told_in(const struct figures *f, int32_t row)
{
	return f->rows->blame[row].unit ? (int32_t)f->rows->n - 1 : row;
}

static int combine(struct figures *f, struct figure ret[], struct err *err)
{
	struct mix *rows = calloc(f->rows->n, sizeof(*rows)), office = { 0 };
	mpq_t scratch;
	if (!rows)
		return err_memory(err);
	mpq_inits(office.value, scratch, NULL);
	for (size_t i = 0; i < f->rows->n; i++)
		mpq_init(rows[i].value);
	for (size_t i = 0; i < f->reference->offices->n; i++)
		for (int32_t p = f->standings[i].first_part; p >= 0; p = f->parts[p].next)
			if (first_of_row(f, i, p) &&
			    office_value(f, i, f->parts[p].row, &office, scratch))
				mix_add(&rows[told_in(f, f->parts[p].row)], office.value,
					f->metric->area_agg);
	for (size_t i = 0; i < f->rows->n; i++) {
		mix_finish(&rows[i], f->metric->area_agg);
		ret[i].has_value = rows[i].n > 0 || f->totals[i].n > 0;
		if (rows[i].n > 0)
			mpq_set(ret[i].value, rows[i].value);
		else if (f->totals[i].n > 0)
			rational_set(ret[i].value, f->totals[i].sum, f->metric->decimals);
		mpq_clear(rows[i].value);
	}
	mpq_clears(office.value, scratch, NULL);
	free(rows);
	return 0;
}

/* --- the bucket --- */

int figures_begin(struct figures *figures, struct rows *rows, struct period bucket, struct err *err)
{
	figures->rows = rows;
	figures->bucket = bucket;
	figures->n_members = 0;
	for (size_t i = 0; i < figures->reference->offices->n; i++)
		figures->standings[i].first_member = -1;
	free(figures->totals);
	figures->totals = calloc(rows->n, sizeof(*figures->totals));
	return figures->totals ? 0 : err_memory(err);
}

static int compute(struct figures *f, const struct metric *metric, const struct series_list *series,
		   struct figure ret[], struct err *err)
{
	f->metric = metric;
	f->series = series->list;
	f->n_series = series->n;
	source_want(f->source, series);
	f->n_parts = 0;
	f->day = NEVER;
	memset(f->totals, 0, f->rows->n * sizeof(*f->totals));
	memset(f->rows->blame, 0, f->rows->n * sizeof(*f->rows->blame));
	for (size_t i = 0; i < f->reference->offices->n; i++) {
		f->standings[i].first_part = -1;
		f->standings[i].last_reported = NEVER;
	}
	int rc = read_steps(f, err);
	if (rc < 0)
		return rc;
	if (metric->time_agg == AGG_LAST)
		settle_last(f);
	return combine(f, ret, err);
}

int figures_of(struct figures *figures, size_t index, struct figure ret[], struct err *err)
{
	const struct plan *plan = figures->plan;
	struct series_list *list = &figures->lists[index];
	if (!figures->found[index]) {
		int rc = series_find(figures->db, plan->metrics[index], plan->labels, list, err);
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
	int rc = series_find(figures->db, metric, figures->plan->labels, &list, err);
	if (rc == 0)
		rc = compute(figures, metric, &list, ret,
			     err); /* which is the last to look at list */
	free(list.list);
	return rc;
}

int64_t counts_missing(const struct counts *counts)
{
	return counts->due - counts->reported - counts->carried;
}

static void counts_add(struct counts *to, const struct counts *from)
{
	to->observations += from->observations;
	to->due += from->due;
	to->reported += from->reported;
	to->on_time += from->on_time;
	to->carried += from->carried;
	to->extra += from->extra;
	to->revisions += from->revisions;
	to->offices_due += from->due > 0;
	to->offices_reported += from->reported > 0;
}

size_t figures_end(struct figures *figures, struct figure ret[], const struct member **ret_members)
{
	for (size_t i = 0; i < figures->rows->n; i++)
		ret[i].counts = (struct counts){ 0 };
	for (size_t i = 0; i < figures->n_members; i++)
		counts_add(&ret[figures->members[i].row].counts, &figures->members[i].counts);
	if (ret_members)
		*ret_members = figures->members;
	return figures->n_members;
}
