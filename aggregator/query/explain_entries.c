/* Which entries of the journal the figures came with, and which of them count: of each own period
 * of a series the last that said anything and is not held and, of a level, of these the newest one
 * alone (rule 5.2). */
#include "query/explain_internal.h"

#include "registry/strays.h"

#include <stdlib.h>
#include <string.h>

struct mark {                    /* of a note */
	const struct unit *unit; /* where it counts, or would */
	int32_t row;             /* ROW_OUTSIDE: nowhere, and it is not told */
	bool counted;
};

/* By series of an office, period, and the journal's order. */
static int by_figure(const void *a, const void *b)
{
	const struct note *x = *(const struct note *const *)a, *y = *(const struct note *const *)b;
	if (x->office != y->office)
		return x->office < y->office ? -1 : 1;
	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	if (x->nth != y->nth)
		return x->nth < y->nth ? -1 : 1;
	return x < y ? -1 : x > y;
}

static bool same_series(const struct note *a, const struct note *b)
{
	return a->office == b->office && a->series == b->series;
}

static bool same_figure(const struct note *a, const struct note *b)
{
	return same_series(a, b) && a->day == b->day && a->nth == b->nth;
}

/* Rule 5.7: what belongs to a row that cannot have a value is in the last one. */
static int32_t shown_in(const struct rows *rows, int32_t row)
{
	return row >= 0 && rows->attribution[row].unit ? (int32_t)rows->n - 1 : row;
}

/* What has no unit waits, where its office's last one lies. */
static void place_on(const struct explaining *e, const struct explained *part,
		     const struct note *note, int32_t day, struct mark *mark)
{
	int32_t then = day;
	const struct units *units = e->reference->units;
	const struct unit *unit = note->held ? office_last_unit(note->office, units, day, &then)
					     : office_unit(note->office, units, day);
	mark->unit = unit;
	mark->row =
		unit ? shown_in(&part->rows, rows_place(&part->rows, note->office, unit, then).row)
		     : ROW_OUTSIDE;
	if (!unit && note->held && !part->plan.area)
		mark->row = (int32_t)part->rows.n - 1;
}

/* Rule 5.2. A level that does not count is told where it was reported, or would have counted. */
static void mark_place(const struct explaining *e, const struct explained *part,
		       const struct note *note, struct mark *mark)
{
	bool level = part->plan.metrics[0]->time_agg == AGG_LAST;
	int32_t last = period_end_day(plan_bucket(&part->plan, part->plan.first)) - 1;
	place_on(e, part, note, mark->counted && level ? last : note->day, mark);
	if (level && !mark->counted && mark->row == ROW_OUTSIDE)
		place_on(e, part, note, last, mark);
	if (mark->row == ROW_OUTSIDE || (note->before && !mark->counted))
		*mark = (struct mark){ .row = ROW_OUTSIDE };
}

/* The last note of the figure that begins at @at which is not held, if it has a value. */
static const struct note *standing(const struct note *const *order, size_t at, size_t n)
{
	const struct note *found = NULL;
	for (size_t i = at; i < n && same_figure(order[at], order[i]); i++)
		if (!order[i]->held)
			found = order[i];
	return found && found->became.state == REPLAY_VALUE ? found : NULL;
}

static void find_counted(struct explained *part, const struct note *const *order)
{
	const struct gathering *g = &part->gathering;
	bool level = part->plan.metrics[0]->time_agg == AGG_LAST;
	const struct note *newest = NULL;
	for (size_t i = 0, next; i < g->n; i = next) {
		const struct note *stands = standing(order, i, g->n);
		for (next = i + 1; next < g->n && same_figure(order[i], order[next]);)
			next++;
		if (level && newest && !same_series(newest, order[i]))
			newest = NULL;
		if (!stands)
			continue;
		if (level && newest)
			part->marks[newest - g->notes].counted = false;
		part->marks[stands - g->notes].counted = true;
		newest = stands;
	}
}

static int notes_mark(struct explaining *e, struct explained *part, struct err *err)
{
	const struct gathering *g = &part->gathering;
	const struct note **order = malloc((g->n + 1) * sizeof(const struct note *));
	part->marks = calloc(g->n + 1, sizeof(*part->marks));
	part->cells = note_table();
	if (!order || !part->marks || !part->cells) {
		free(order);
		return err_memory(err);
	}
	for (size_t i = 0; i < g->n; i++)
		order[i] = &g->notes[i];
	qsort(order, g->n, sizeof(const struct note *), by_figure);
	find_counted(part, order);
	for (size_t i = 0; i < g->n; i++)
		mark_place(e, part, &g->notes[i], &part->marks[i]);
	free(order);
	return 0;
}

int explain_gather(struct explaining *e, struct explained *part, struct err *err)
{
	struct gathering *g = &part->gathering;
	g->plan = &part->plan;
	g->reference = e->reference;
	int rc = gathering_open(g, e->db, err);
	if (rc == 0)
		rc = gathering_of_offices(g, e->db, part->plan.metrics[0],
					  plan_bucket(&part->plan, part->plan.first), e->offices,
					  e->n, err);
	return rc == 0 ? notes_mark(e, part, err) : rc;
}

void explain_entries_close(struct explained *part)
{
	gathering_close(&part->gathering);
	free(part->marks);
	table_close(part->cells);
}

static void put_note(struct explaining *e, struct explained *part, const struct note *note,
		     const struct mark *mark, size_t row, bool itself)
{
	const struct table *cells = part->cells;
	bool counted = itself && mark->counted;
	size_t at = AREA;
	table_row(e->table);
	table_text(e->table, "entry");
	table_text(e->table, part->name);
	explain_place(e, &at, part, mark->unit, mark->row);
	explain_copy(e->table, &at, OFFICE, PERIOD, cells, row);
	if (counted)
		table_decimal(e->table, note->became.value_e, note->metric->decimals);
	else
		table_null(e->table);
	at++;
	explain_copy(e->table, &at, REASON, REASON, cells, row);
	explain_copy(e->table, &at, RECEIVED, BECAME, cells, row);
	if (counted && note->before)
		table_text(e->table, "carried");
	else
		table_text(e->table, table_cell_of(cells, row, "change"));
	table_bool(e->table, counted);
	at = LATE;
	explain_copy(e->table, &at, LATE, SHOWN_NAME, cells, row);
}

int64_t explain_held(const struct explained *part, const struct office *office, int32_t row)
{
	const struct gathering *g = &part->gathering;
	int64_t n = 0;
	for (size_t i = 0; i < g->n; i++)
		n += g->notes[i].held && g->notes[i].office == office && part->marks[i].row == row;
	return n;
}

int explain_entries(struct explaining *e, struct explained *part, const struct office *office,
		    int32_t row, struct err *err)
{
	struct gathering *g = &part->gathering;
	int rc = 0;
	for (size_t i = 0; i < g->n && rc == 0; i++) {
		const struct mark *mark = &part->marks[i];
		if (g->notes[i].office != office || mark->row != row)
			continue;
		table_clear(part->cells);
		rc = note_put(g, part->cells, &g->notes[i], err);
		size_t n = table_rows(part->cells);
		for (size_t k = 0; k < n && rc == 0; k++)
			put_note(e, part, &g->notes[i], mark, k, k + 1 == n);
	}
	return rc;
}
