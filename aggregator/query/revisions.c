/* 1. The pages of each bucket say which offices have revisions on which day; where the journal has
 *    nothing, none are looked for, so that a long time costs what lies in it;
 * 2. those office-days are played again, and every change is noted down;
 * 3. the notes are sorted by when they were received. */
#include "common/base/array.h"
#include "common/base/search.h"
#include "common/model/civil.h"
#include "common/model/deadline.h"
#include "query/figures.h"
#include "query/known.h"
#include "query/query.h"
#include "query/series.h"
#include "query/slices.h"
#include "query/source.h"
#include "rollup/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct note {
	int64_t entry, received_us;
	const struct office *office;
	const struct metric *metric;
	uint32_t series, nth;
	int32_t day;
	struct replay_slot was, became;
};

struct gathering {
	const struct plan *plan;
	const struct reference *reference;
	sqlite3_stmt *labels;
	struct source *source;
	struct declarations *declarations;
	struct replay *replay;
	struct series_list series; /* of the operand at hand */
	const struct metric *metric;
	struct rows rows; /* of the bucket */
	struct slice slice;
	const struct office *office;
	struct note *notes; /* owned [n] */
	size_t n;
	int32_t *days; /* owned [n_days], ascending: those of the range with entries in the journal
			*/
	size_t n_days;
};

/* Has the journal anything of a day from @first to before @end? */
static bool has_entries(const struct gathering *g, int32_t first, int32_t end)
{
	size_t low = search_first(i, g->n_days,
				  g->days[i] < first); /* days[low - 1] < first <= days[high] */
	return low < g->n_days && g->days[low] < end;
}

static int find_days(struct gathering *g, sqlite3 *db, struct err *err)
{
	int32_t first = period_first_day(plan_bucket(g->plan, g->plan->first)),
		end = period_end_day(plan_bucket(g->plan, g->plan->last));
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT day FROM arrival WHERE day >= ? AND day < ? ORDER BY day",
			    &stmt, err);
	if (rc < 0)
		return rc;
	g->days = malloc((size_t)(end - first) * sizeof(*g->days)); /* of PLAN_BUCKETS_MAX */
	sqlite3_bind_int(stmt, 1, first);
	sqlite3_bind_int(stmt, 2, end);
	while (g->days && (rc = db_step(stmt, err)) == 1)
		g->days[g->n_days++] = sqlite3_column_int(stmt, 0); /* each once: it is the key */
	sqlite3_finalize(stmt);
	return g->days ? rc : err_memory(err);
}

static int on_change(void *context, const struct replay_change *change, struct err *err)
{
	struct gathering *g = context;
	uint32_t from = slice_first_nth(&g->slice, g->metric);
	if (change->nth < from || change->nth >= from + g->slice.pairs)
		return 0; /* of another hour of the day */
	if (change->before.state != REPLAY_VALUE)
		return 0; /* rule 5.4: what comes after a withdrawal is a first report again */
	if (g->n == REVISIONS_MAX)
		return err_set(err, -E2BIG,
			       "there are more than %u revisions; ask for less at once",
			       REVISIONS_MAX);
	struct note *notes = array_room(g->notes, g->n, sizeof(*notes));
	if (!notes)
		return err_memory(err);
	g->notes = notes;
	g->notes[g->n++] = (struct note){ .entry = change->entry,
					  .received_us = change->received_us,
					  .office = g->office,
					  .metric = g->metric,
					  .series = change->series->series,
					  .nth = change->nth,
					  .day = g->slice.day,
					  .was = change->before,
					  .became = change->series->slots[change->nth] };
	return 0;
}

static bool has_revisions(const struct series_list *series, const struct page *page)
{
	for (size_t i = 0; i < series->n; i++) {
		const struct entry *entry = page_find(page, series->list[i]);
		if (entry && entry->acc.revisions > 0)
			return true;
	}
	return false;
}

static int on_page(void *context, int64_t node, const struct page *page, struct err *err)
{
	struct gathering *g = context;
	const struct office *office = node > 0 ? offices_by_id(g->reference->offices, node) : NULL;
	struct replay_series *list;
	size_t n;
	if (!office || !has_revisions(&g->series, page))
		return 0;
	const struct unit *unit = office_unit(office, g->reference->units, g->slice.day);
	if (rows_place(&g->rows, office, unit, g->slice.day).row == ROW_OUTSIDE)
		return 0;
	g->office = office;
	return replay_day(g->replay, office->id, g->slice.day, g->series.list, g->series.n, &list,
			  &n, err);
}

static int gather_metric(struct gathering *g, sqlite3 *db, const struct metric *metric,
			 struct period bucket, struct err *err)
{
	struct slices slices = slices_of(g->plan, metric, bucket);
	g->metric = metric;
	int rc = series_find(db, metric, g->plan->labels, &g->series, err);
	source_want(g->source, &g->series);
	for (int32_t number = slices.first; number <= slices.last && rc == 0; number++) {
		g->slice = slice_at(&slices, number);
		if (has_entries(g, g->slice.day, g->slice.day + 1))
			rc = source_each(g->source, &g->slice, NULL, on_page, g, err);
	}
	return rc;
}

static int gather(struct gathering *g, sqlite3 *db, struct err *err)
{
	const struct plan *plan = g->plan;
	int rc = 0;
	for (int32_t number = plan->first; number <= plan->last && rc == 0; number++) {
		struct period bucket = plan_bucket(plan, number);
		if (!has_entries(g, period_first_day(bucket), period_end_day(bucket)))
			continue;
		rc = db_time_left(err);
		if (rc == 0)
			rc = rows_make(plan, g->reference, bucket, &g->rows, err);
		for (size_t i = 0; i < plan->n_metrics && rc == 0; i++)
			rc = gather_metric(g, db, plan->metrics[i], bucket, err);
		rows_free(&g->rows);
	}
	return rc;
}

static int by_arrival(const void *a, const void *b)
{
	const struct note *x = a, *y = b;
	if (x->received_us != y->received_us)
		return x->received_us < y->received_us ? -1 : 1;
	if (x->entry != y->entry)
		return x->entry < y->entry ? -1 : 1;
	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	return x->nth < y->nth ? -1 : x->nth > y->nth;
}

static void put_value(struct table *table, const struct note *note, const struct replay_slot *slot)
{
	if (slot->state == REPLAY_VALUE)
		table_decimal(table, slot->value_e, note->metric->decimals);
	else
		table_null(table);
}

static int put_note(struct gathering *g, struct table *table, const struct note *note,
		    struct err *err)
{
	char text[INSTANT_TEXT_MAX > PERIOD_TEXT_MAX ? INSTANT_TEXT_MAX : PERIOD_TEXT_MAX];
	const struct metric *metric = note->metric;
	sqlite3_bind_int64(g->labels, 1, note->series);
	int rc = db_step(g->labels, err);
	struct db_row row = { g->labels, err, 0 };
	const char *labels = rc == 1 ? db_row_text(&row, 0) : NULL;
	table_row(table);
	table_text(table, civil_format(note->received_us, text));
	table_text(table, metric->name);
	table_text(table, note->office->code);
	table_text(table, note->office->name);
	table_text(table, labels);
	sqlite3_reset(g->labels);
	struct period period =
		period_in_day(metric->calendar, metric->period, note->day, note->nth);
	table_text(table, period_format(period, text));
	put_value(table, note, &note->was);
	put_value(table, note, &note->became);
	table_text(table, note->became.state == REPLAY_VALUE ? "corrected" : "withdrawn");
	table_bool(table, civil_day(note->received_us) >= metric_late_day(metric, note->day));
	return rc < 0 ? rc : row.rc;
}

static int gathering_open(struct gathering *g, sqlite3 *db, struct err *err)
{
	int rc = db_prepare(db, "SELECT labels FROM series WHERE id = ?", &g->labels, err);
	if (rc < 0)
		return rc;
	if (!(g->source = source_open(db, g->reference, g->plan, err)) ||
	    !(g->declarations = declarations_open(db, err)) ||
	    !(g->replay = replay_open(db, g->declarations, err)))
		return err->code;
	declarations_forget(g->declarations, g->reference->catalogue);
	replay_until(g->replay, g->plan->known_us);
	replay_watch(g->replay, on_change, g);
	return 0;
}

static void gathering_close(struct gathering *g)
{
	sqlite3_finalize(g->labels);
	source_close(g->source);
	replay_close(g->replay);
	declarations_close(g->declarations);
	free(g->series.list);
	free(g->notes);
	free(g->days);
}

int revisions_run(sqlite3 *db, const struct reference *now, const struct query *query,
		  struct table **ret_answer, struct err *err)
{
	static const char *const columns[] = { "received", "metric", "office", "name",   "labels",
					       "period",   "was",    "became", "change", "late" };
	struct plan plan;
	struct reference_then then;
	struct query whole = *query;
	whole.by = NULL; /* in which row it lies does not matter: it is all of the area */
	int rc = known_reference(db, now, query, &then, err);
	const struct reference *reference = rc == 0 ? then.reference : NULL;
	if (rc == 0)
		rc = plan_make(reference, &whole, &plan, err);
	if (rc == 0)
		rc = series_check(db, &plan, reference, err);
	if (rc < 0)
		return rc;
	struct gathering g = { .plan = &plan, .reference = reference };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	rc = table ? gathering_open(&g, db, err) : err_memory(err);
	if (rc == 0)
		rc = find_days(&g, db, err);
	if (rc == 0)
		rc = gather(&g, db, err);
	if (rc == 0 && g.n > 0)
		qsort(g.notes, g.n, sizeof(*g.notes), by_arrival);
	if (rc == 0) {
		plan_head(&plan, table);
		known_head(&then, table);
	}
	for (size_t i = 0; i < g.n && rc == 0; i++)
		rc = put_note(&g, table, &g.notes[i], err);
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	gathering_close(&g);
	if (rc < 0) {
		table_close(table);
		return rc;
	}
	*ret_answer = table;
	return 0;
}
