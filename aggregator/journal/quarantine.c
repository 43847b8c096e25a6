#include "journal/quarantine.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/net/wire.h"
#include "journal/damaged_days.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct quarantine {
	sqlite3_stmt *hold, *points, *drop, *put;
	sqlite3_stmt *take; /* a run's rows into next, before one is written; NULL: there is none */
	sqlite3_stmt *past; /* an earlier episode is kept; NULL: with the switch */
	sqlite3_stmt *past_part;           /* of some points; likewise */
	sqlite3_stmt *past_judged, *judge; /* what is held for another reason; likewise */
	struct held_point were[RUN_POINTS_MAX];
};

/* @from is what is read, @into what is written. */
static int statements_prepare(struct quarantine *quarantine, sqlite3 *db, const char *from,
			      const char *into, struct err *err)
{
	char sql[512];
	(void)snprintf(sql, sizeof(sql), /* this one and the others fit */
		       "INSERT INTO %s(journal, run, point, verdict, observations, held_us)"
		       " VALUES(?, ?, ?, ?, ?, nullif(?, 0)) ON CONFLICT DO UPDATE"
		       " SET verdict = excluded.verdict, observations = excluded.observations,"
		       " held_us = excluded.held_us, released_us = NULL"
		       " WHERE released_us IS NOT NULL",
		       into);
	int rc = db_prepare(db, sql, &quarantine->hold, err);
	(void)snprintf(sql, sizeof(sql),
		       "SELECT point, observations, verdict, coalesce(released_us, 0),"
		       " coalesce(held_us, 0)"
		       " FROM %s WHERE journal = ? AND run = ? AND point >= 0"
		       " ORDER BY point",
		       from);
	if (rc == 0)
		rc = db_prepare(db, sql, &quarantine->points, err);
	(void)snprintf(sql, sizeof(sql),
		       "DELETE FROM %s WHERE journal = ? AND run = ? AND point >= 0", into);
	if (rc == 0)
		rc = db_prepare(db, sql, &quarantine->drop, err);
	(void)snprintf(sql, sizeof(sql),
		       "INSERT INTO %s(journal, run, point, verdict, observations,"
		       " released_us, held_us) VALUES(?, ?, ?, ?, ?, nullif(?, 0), nullif(?, 0))",
		       into);
	return rc < 0 ? rc : db_prepare(db, sql, &quarantine->put, err);
}

/* I4: what was released and is held again is known to have been held, and to have counted, before;
 * what is held for another reason, to have been held for the one before. */
static int past_prepare(struct quarantine *quarantine, sqlite3 *db, struct err *err)
{
	int rc = db_prepare(db,
			    "INSERT OR IGNORE INTO quarantine_past(journal, run, point, verdict,"
			    " observations, held_us, released_us, again_us)"
			    " SELECT journal, run, point, verdict, observations, held_us,"
			    " released_us, ?4 FROM quarantine WHERE journal = ?1 AND run = ?2"
			    " AND point = ?3 AND released_us IS NOT NULL",
			    &quarantine->past, err);
	if (rc == 0)
		rc = db_prepare(db,
				"INSERT OR IGNORE INTO quarantine_past(journal, run, point,"
				" verdict, observations, held_us, released_us, again_us)"
				" VALUES(?, ?, ?, ?, ?, nullif(?, 0), ?, ?)",
				&quarantine->past_part, err);
	if (rc == 0)
		rc = db_prepare(db,
				"INSERT INTO quarantine_past(journal, run, point, verdict,"
				" observations, held_us, released_us, again_us)"
				" SELECT journal, run, point, verdict, observations, held_us, ?4,"
				" ?4 FROM quarantine WHERE journal = ?1 AND run = ?2"
				" AND point = ?3 AND verdict <> ?5",
				&quarantine->past_judged, err);
	if (rc == 0)
		rc = db_prepare(
			db,
			"UPDATE quarantine SET verdict = ?5, observations = ?6, held_us = ?4"
			" WHERE journal = ?1 AND run = ?2 AND point = ?3 AND verdict <> ?5",
			&quarantine->judge, err);
	return rc;
}

struct quarantine *quarantine_open(sqlite3 *db, struct err *err)
{
	struct quarantine *quarantine = calloc(1, sizeof(*quarantine));
	if (!quarantine) {
		(void)err_memory(err);
		return NULL;
	}
	if (statements_prepare(quarantine, db, "quarantine", "quarantine", err) < 0 ||
	    past_prepare(quarantine, db, err) < 0) {
		quarantine_close(quarantine);
		return NULL;
	}
	return quarantine;
}

struct quarantine *quarantine_open_next(sqlite3 *db, struct err *err)
{
	struct quarantine *quarantine = calloc(1, sizeof(*quarantine));
	if (!quarantine) {
		(void)err_memory(err);
		return NULL;
	}
	if (statements_prepare(quarantine, db, "quarantine_with_next", "quarantine_next", err) <
		    0 ||
	    db_prepare(db,
		       "INSERT INTO quarantine_next(journal, run, point, verdict, observations,"
		       " released_us, held_us) SELECT journal, run, point, verdict, observations,"
		       " released_us, held_us FROM quarantine WHERE journal = ?1 AND run = ?2"
		       " AND NOT EXISTS (SELECT 1 FROM quarantine_next WHERE journal = ?1"
		       " AND run = ?2)",
		       &quarantine->take, err) < 0) {
		quarantine_close(quarantine);
		return NULL;
	}
	return quarantine;
}

void quarantine_close(struct quarantine *quarantine)
{
	if (!quarantine)
		return;
	sqlite3_finalize(quarantine->hold);
	sqlite3_finalize(quarantine->points);
	sqlite3_finalize(quarantine->drop);
	sqlite3_finalize(quarantine->put);
	sqlite3_finalize(quarantine->take);
	sqlite3_finalize(quarantine->past);
	sqlite3_finalize(quarantine->past_part);
	sqlite3_finalize(quarantine->past_judged);
	sqlite3_finalize(quarantine->judge);
	free(quarantine);
}

static void run_bind(sqlite3_stmt *stmt, int64_t journal, size_t run)
{
	sqlite3_bind_int64(stmt, 1, journal);
	sqlite3_bind_int64(stmt, 2, (int64_t)run);
}

/* Before a row of the run is written: of what stands, next has all or nothing. */
static int take(struct quarantine *quarantine, int64_t journal, size_t run, struct err *err)
{
	if (!quarantine->take)
		return 0;
	run_bind(quarantine->take, journal, run);
	return db_run(quarantine->take, err);
}

int quarantine_hold(struct quarantine *quarantine, int64_t journal, size_t run, int64_t point,
		    enum verdict verdict, size_t observations, int64_t since_us, struct err *err)
{
	sqlite3_stmt *hold = quarantine->hold;
	int rc = take(quarantine, journal, run, err);
	if (rc == 0 && quarantine->past && since_us != 0) {
		run_bind(quarantine->past, journal, run);
		sqlite3_bind_int64(quarantine->past, 3, point);
		sqlite3_bind_int64(quarantine->past, 4, since_us);
		rc = db_run(quarantine->past, err);
	}
	if (rc < 0)
		return rc;
	run_bind(hold, journal, run);
	sqlite3_bind_int64(hold, 3, point);
	sqlite3_bind_int(hold, 4, (int)verdict);
	sqlite3_bind_int64(hold, 5, (int64_t)observations);
	sqlite3_bind_int64(hold, 6, since_us);
	return db_run(hold, err);
}

int quarantine_judge(struct quarantine *quarantine, int64_t journal, size_t run, int64_t point,
		     enum verdict verdict, size_t observations, int64_t at_us, struct err *err)
{
	sqlite3_stmt *const both[] = { quarantine->past_judged, quarantine->judge };
	int rc = 0;
	for (size_t i = 0; i < 2 && rc == 0; i++) {
		run_bind(both[i], journal, run);
		sqlite3_bind_int64(both[i], 3, point);
		sqlite3_bind_int64(both[i], 4, at_us);
		sqlite3_bind_int(both[i], 5, (int)verdict);
		if (both[i] == quarantine->judge)
			sqlite3_bind_int64(both[i], 6, (int64_t)observations);
		rc = db_run(both[i], err);
	}
	return rc;
}

int quarantine_points(struct quarantine *quarantine, int64_t journal, size_t run,
		      struct held_point ret_points[], size_t n, struct err *err)
{
	sqlite3_stmt *rows = quarantine->points;
	int rc;
	for (size_t i = 0; i < n; i++)
		ret_points[i] = (struct held_point){ .verdict = VERDICT_OK };
	run_bind(rows, journal, run);
	while ((rc = db_step(rows, err)) == 1) {
		int64_t first = sqlite3_column_int64(rows, 0), len = sqlite3_column_int64(rows, 1);
		int64_t verdict = sqlite3_column_int64(rows, 2);
		if (first >= (int64_t)n || len < 1 || len > (int64_t)n - first ||
		    verdict <= VERDICT_OK || verdict >= VERDICT_COUNT) {
			rc = err_set(
				err, -EUCLEAN,
				"quarantine names points that journal entry %lld does not have",
				(long long)journal);
			break;
		}
		for (int64_t i = first; i < first + len; i++)
			ret_points[i] = (struct held_point){ (enum verdict)verdict,
							     sqlite3_column_int64(rows, 3),
							     sqlite3_column_int64(rows, 4) };
	}
	sqlite3_reset(rows);
	return rc;
}

static bool points_equal(const struct held_point *a, const struct held_point *b)
{
	return a->verdict == b->verdict && a->released_us == b->released_us &&
	       a->held_us == b->held_us;
}

/* Has an episode ended by which it was held, and another begun? */
static bool is_another(const struct held_point *was, const struct held_point *is)
{
	return was->verdict != VERDICT_OK && point_is_held(is) &&
	       (was->released_us != 0 || was->verdict != is->verdict);
}

/* Which of a run's points were released and are held again, or are held for another reason. */
static int points_past(sqlite3_stmt *past, int64_t journal, size_t run,
		       const struct held_point were[], const struct held_point points[], size_t n,
		       struct err *err)
{
	int rc = 0;
	for (size_t from = 0, to; from < n && rc == 0; from = to) {
		const struct held_point *was = &were[from];
		bool another = is_another(was, &points[from]);
		int64_t again_us = points[from].held_us;
		for (to = from + 1; to < n && points_equal(was, &were[to]) &&
				    is_another(&were[to], &points[to]) == another;
		     to++)
			;
		if (!another)
			continue;
		run_bind(past, journal, run);
		sqlite3_bind_int64(past, 3, (int64_t)from);
		sqlite3_bind_int(past, 4, (int)was->verdict);
		sqlite3_bind_int64(past, 5, (int64_t)(to - from));
		sqlite3_bind_int64(past, 6, was->held_us);
		sqlite3_bind_int64(past, 7, was->released_us ? was->released_us : again_us);
		sqlite3_bind_int64(past, 8, again_us);
		rc = db_run(past, err);
	}
	return rc;
}

int quarantine_put_points(struct quarantine *quarantine, int64_t journal, size_t run,
			  const struct held_point points[], size_t n, struct err *err)
{
	sqlite3_stmt *put = quarantine->put;
	int rc = take(quarantine, journal, run, err);
	if (rc == 0 && quarantine->past_part)
		rc = quarantine_points(quarantine, journal, run, quarantine->were, n, err);
	if (rc == 0 && quarantine->past_part)
		rc = points_past(quarantine->past_part, journal, run, quarantine->were, points, n,
				 err);
	if (rc < 0)
		return rc;
	run_bind(quarantine->drop, journal, run);
	rc = db_run(quarantine->drop, err);
	for (size_t from = 0, to; from < n && rc == 0; from = to) {
		for (to = from + 1; to < n && points_equal(&points[from], &points[to]); to++)
			;
		if (points[from].verdict == VERDICT_OK)
			continue;
		run_bind(put, journal, run);
		sqlite3_bind_int64(put, 3, (int64_t)from);
		sqlite3_bind_int(put, 4, (int)points[from].verdict);
		sqlite3_bind_int64(put, 5, (int64_t)(to - from));
		sqlite3_bind_int64(put, 6, points[from].released_us);
		sqlite3_bind_int64(put, 7, points[from].held_us);
		rc = db_run(put, err);
	}
	return rc;
}

/* --- next --- */

int quarantine_is_settling(sqlite3 *db, bool *ret_settling, struct err *err)
{
	int64_t n = 0;
	int rc = db_number(db, "SELECT EXISTS(" QUARANTINE_SWITCHED ")", &n, err);
	if (rc == 0)
		*ret_settling = n != 0;
	return rc;
}

int quarantine_switch(sqlite3 *db, int64_t at_us, bool *ret_settling, struct err *err)
{
	sqlite3_stmt *fact = NULL;
	int rc = db_prepare(db,
			    "INSERT OR REPLACE INTO fact SELECT '" QUARANTINE_NEXT_FACT "', ?"
			    " WHERE EXISTS (SELECT 1 FROM quarantine_next)",
			    &fact, err);
	if (rc == 0) {
		sqlite3_bind_int64(fact, 1, at_us);
		rc = db_run(fact, err);
	}
	if (rc == 0)
		*ret_settling = sqlite3_changes(db) > 0;
	sqlite3_finalize(fact);
	return rc;
}

/* What stands over quarantine for the runs up to one is put where it belongs, and stands over it no
 * longer: in this order. */
static const char *const settling_sql[] = {
	"INSERT OR IGNORE INTO quarantine_past(journal, run, point, verdict, observations, held_us,"
	" released_us, again_us) " QUARANTINE_PAST_NEXT " AND (n.journal, n.run) <= (?1, ?2)",
	"DELETE FROM quarantine WHERE (journal, run) IN (SELECT journal, run FROM quarantine_next"
	" WHERE (journal, run) <= (?1, ?2))",
	"INSERT INTO quarantine(journal, run, point, verdict, observations, released_us, held_us)"
	" " QUARANTINE_OF_NEXT " WHERE (journal, run) <= (?1, ?2)",
	"DELETE FROM quarantine_next WHERE (journal, run) <= (?1, ?2)",
};
#define SETTLING (sizeof(settling_sql) / sizeof(settling_sql[0]))

/* Of the last of so many rows; its run goes along as a whole. */
static int last_find(sqlite3 *db, unsigned rows, sqlite3_stmt **ret_last, struct err *err)
{
	int rc = db_prepare(db,
			    "SELECT journal, run FROM (SELECT journal, run FROM quarantine_next"
			    " ORDER BY journal, run, point LIMIT ?) ORDER BY journal DESC, run DESC"
			    " LIMIT 1",
			    ret_last, err);
	if (rc == 0) {
		sqlite3_bind_int64(*ret_last, 1, rows);
		rc = db_step(*ret_last, err);
	}
	return rc;
}

static int settle(sqlite3 *db, const char *sql, int64_t journal, int64_t run, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, sql, &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, journal);
		sqlite3_bind_int64(stmt, 2, run);
		rc = db_run(stmt, err);
	}
	sqlite3_finalize(stmt);
	return rc;
}

int quarantine_settle(sqlite3 *db, unsigned rows, bool *ret_left, struct err *err)
{
	sqlite3_stmt *last = NULL;
	int64_t left = 0;
	int rc = last_find(db, rows, &last, err);
	bool any = rc == 1;
	int64_t journal = any ? sqlite3_column_int64(last, 0) : 0,
		run = any ? sqlite3_column_int64(last, 1) : 0;
	sqlite3_finalize(last);
	rc = rc < 0 ? rc : 0;
	for (size_t i = 0; any && i < SETTLING && rc == 0; i++)
		rc = settle(db, settling_sql[i], journal, run, err);
	if (rc == 0)
		rc = db_number(db, "SELECT EXISTS(SELECT 1 FROM quarantine_next)", &left, err);
	if (rc == 0 && left == 0)
		rc = db_exec(db, "DELETE FROM fact WHERE name = '" QUARANTINE_NEXT_FACT "'", err);
	if (rc == 0)
		*ret_left = left != 0;
	return rc;
}

int quarantine_abandon(sqlite3 *db, struct err *err)
{
	return db_exec(db,
		       "DELETE FROM quarantine_next;"
		       "DELETE FROM fact WHERE name = '" QUARANTINE_NEXT_FACT "'",
		       err);
}

/* --- the list --- */

/* What it reads with. The rows of one entry follow each other, so that each payload is decoded
 * once, and only one at a time is in memory, whatever there is to list. */
struct listing {
	const struct reference *reference; /* outlives us */
	struct arena *arena;               /* owned: of batch */
	sqlite3_stmt *rows, *payload, *series;
	int64_t entry; /* that batch is of; 0: none yet */
	int64_t bad;   /* the last that could not be read */
	struct batch batch;
	struct table *table; /* owned */
};

static int batch_read(struct listing *list, int64_t entry, struct err *err)
{
	sqlite3_bind_int64(list->payload, 1, entry);
	int rc = db_step(list->payload, err);
	if (rc == 0)
		rc = err_set(err, -EUCLEAN,
			     "quarantine names journal entry %lld, which is not there",
			     (long long)entry);
	arena_reset(list->arena);
	list->entry = 0;
	if (rc == 1)
		rc = wire_batch_decode(list->arena, sqlite3_column_blob(list->payload, 0),
				       (size_t)sqlite3_column_bytes(list->payload, 0), &list->batch,
				       err);
	sqlite3_reset(list->payload);
	if (rc == 0)
		list->entry = entry;
	if (is_damage(rc))
		list->bad = entry;
	return rc;
}

/* Which series a held run is of, its period and value: the payload tells. */
struct held_row {
	uint32_t number;
	struct point point;
};

static int look_up(struct listing *list, struct held_row *ret, struct err *err)
{
	const struct batch *batch = &list->batch;
	int64_t entry = sqlite3_column_int64(list->rows, 0);
	uint64_t run = (uint64_t)sqlite3_column_int64(list->rows, 1);
	int64_t point = sqlite3_column_int64(list->rows, 2);
	int rc = entry == list->entry ? 0
		 : entry == list->bad ? err_set(err, -EUCLEAN, "it cannot be read")
				      : batch_read(list, entry, err);
	if (rc < 0)
		return rc;
	if (run >= batch->n_runs || point >= batch->runs[run].n ||
	    batch->day != sqlite3_column_int64(list->rows, 8))
		return err_set(err, -EUCLEAN,
			       "quarantine names a run that journal entry %lld does not have",
			       (long long)entry);
	ret->number = batch->runs[run].series;
	ret->point = batch->points[batch->runs[run].first + (point < 0 ? 0 : (uint32_t)point)];
	return 0;
}

static void show_period(struct table *table, int64_t shape, int32_t day, const struct point *point,
			bool whole)
{
	enum grain grain = shape_grain(shape);
	enum calendar calendar = shape_calendar(shape);
	char text[PERIOD_TEXT_MAX];
	struct period period = whole && grain < GRAIN_DAY
				       ? period_of_day(CALENDAR_CIVIL, GRAIN_DAY, day)
				       : period_in_day(calendar, grain, day, point->nth);
	table_text(table, period_format(period, text));
}

/* Of what cannot be read: whose it is, of which day, and that it is damaged. */
static int add_damaged(struct listing *list)
{
	struct table *table = list->table;
	sqlite3_stmt *row = list->rows;
	const struct office *office =
		offices_by_id(list->reference->offices, sqlite3_column_int64(row, 5));
	int64_t day = sqlite3_column_int64(row, 8);
	char received[INSTANT_TEXT_MAX], text[DAY_TEXT_MAX];
	table_row(table);
	table_int(table, sqlite3_column_int64(row, 0));
	table_text(table, office ? office->code : NULL);
	table_text(table, civil_format(sqlite3_column_int64(row, 6), received));
	table_null(table);
	table_null(table);
	table_text(table, day < DAY_MIN || day > DAY_MAX ? NULL : day_format((int32_t)day, text));
	table_null(table);
	table_int(table, sqlite3_column_int64(row, 4));
	table_text(table, _(verdict_text(VERDICT_DAMAGED)));
	table_text(table, office ? office->name : NULL);
	return 0;
}

/* Of a label that is in no list what there is, unless the list was mended since. */
static void put_reason(struct listing *list, const char *labels)
{
	const struct dimensions *dimensions = list->reference->catalogue->dimensions;
	enum verdict verdict = (enum verdict)sqlite3_column_int(list->rows, 3);
	int32_t day = sqlite3_column_int(list->rows, 8);
	struct err why = { 0 };
	if (verdict == VERDICT_UNLISTED && !dimensions_hold(dimensions, labels, day))
		dimensions_tell(dimensions, labels, day, &why);
	table_text(list->table, *why.text ? why.text : _(verdict_text(verdict)));
}

static int add_readable(struct listing *list, struct err *err)
{
	struct table *table = list->table;
	sqlite3_stmt *row = list->rows, *series = list->series;
	struct held_row held = { 0 };
	char received[INSTANT_TEXT_MAX];
	int rc = look_up(list, &held, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(series, 1, sqlite3_column_int64(row, 7));
	sqlite3_bind_int64(series, 2, held.number);
	rc = db_step(series, err);
	if (rc <= 0) {
		sqlite3_reset(series);
		return rc < 0 ? rc : err_set(err, -EUCLEAN, "a held series was never declared");
	}
	const struct office *office =
		offices_by_id(list->reference->offices, sqlite3_column_int64(row, 5));
	bool whole = sqlite3_column_int64(row, 2) < 0 || sqlite3_column_int64(row, 4) != 1;
	struct db_row told = { series, err, 0 };
	const char *metric = db_row_text(&told, 0), *labels = db_row_text(&told, 1);
	int64_t shape = db_row_int(&told, 2, 0, SHAPE_END - 1);
	if (!shape_is_sane(shape))
		(void)db_row_refuse(&told, 2);
	if (told.rc < 0) {
		sqlite3_reset(series);
		return told.rc;
	}
	table_row(table);
	table_int(table, sqlite3_column_int64(row, 0));
	table_text(table, office ? office->code : NULL);
	table_text(table, civil_format(sqlite3_column_int64(row, 6), received));
	table_text(table, metric);
	table_text(table, labels);
	show_period(table, shape, sqlite3_column_int(row, 8), &held.point, whole);
	if (held.point.withdrawn || sqlite3_column_int64(row, 4) != 1)
		table_null(table);
	else
		table_decimal(table, held.point.value_e, shape_decimals(shape));
	table_int(table, sqlite3_column_int64(row, 4));
	put_reason(list, labels);
	table_text(table, office ? office->name : NULL);
	sqlite3_reset(series);
	return 0;
}

#define WAITING(table)                                                                             \
	"SELECT q.journal, q.run, q.point, q.verdict, q.observations, j.office, j.received_us,"    \
	" j.spool, j.day FROM " table " q JOIN journal j ON j.id = q.journal"                      \
	" WHERE q.released_us IS NULL AND q.journal <= ?2 AND (q.journal < ?2 OR q.run > ?3"       \
	" OR (q.run = ?3 AND q.point > ?4)) ORDER BY q.journal DESC, q.run, q.point LIMIT ?1"

/* The payload is left out of the rows: they are sorted, and would carry it along, once each. */
static int listing_open(struct listing *list, sqlite3 *db, struct err *err)
{
	static const char *const columns[] = { "entry",  "office",     "received", "metric",
					       "labels", "period",     "value",    "observations",
					       "reason", "office_name" };
	list->table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	list->arena = arena_open(WIRE_ARENA_MAX);
	int rc = list->table && list->arena ? 0 : err_memory(err);
	bool settling = false;
	if (rc == 0)
		rc = quarantine_is_settling(db, &settling, err);
	if (rc == 0)
		rc = db_prepare(db, settling ? WAITING(QUARANTINE_SETTLING) : WAITING("quarantine"),
				&list->rows, err);
	if (rc == 0)
		rc = db_prepare(db, "SELECT payload FROM journal WHERE id = ?", &list->payload,
				err);
	if (rc == 0)
		rc = db_prepare(db,
				"SELECT s.metric, s.labels, d.shape FROM declared d JOIN series s"
				" ON s.id = d.series WHERE d.spool = ? AND d.number = ?",
				&list->series, err);
	return rc;
}

int quarantine_at_parse(const char *text, struct quarantine_at *ret_at, struct err *err)
{
	long long entry, run, point;
	char shown[EXCERPT_MAX], again[QUARANTINE_AT_MAX];
	int n = sscanf(text, "%lld:%lld:%lld", &entry, &run, &point);
	if (n == 3) /* and nothing else: blanks, signs, zeros before, more behind */
		(void)snprintf(again, sizeof(again), "%lld:%lld:%lld", entry, run, point);
	if (n != 3 || strcmp(again, text) != 0 || entry < 1)
		return err_set(
			err, -EINVAL,
			"before: '%s' is not a row of the list; take what the list gives as next",
			utf8_excerpt(text, strlen(text), shown));
	*ret_at = (struct quarantine_at){ entry, run, point };
	return 0;
}

static void tell_more(struct listing *list, const struct quarantine_at *last)
{
	char text[QUARANTINE_AT_MAX];
	(void)snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 ":%" PRId64, last->entry,
		       last->run, last->point); /* fits */
	table_head(list->table, "list", "next", text);
}

int quarantine_list(sqlite3 *db, const struct reference *reference, unsigned most,
		    const struct quarantine_at *before, struct table **ret_table, struct err *err)
{
	struct quarantine_at last = { INT64_MAX, INT64_MAX, INT64_MAX };
	unsigned n = 0;
	struct listing list = { .reference = reference };
	int rc = listing_open(&list, db, err);
	last = before ? *before : last;
	if (rc == 0) {
		sqlite3_bind_int64(list.rows, 1, (int64_t)most + 1);
		sqlite3_bind_int64(list.rows, 2, last.entry);
		sqlite3_bind_int64(list.rows, 3, last.run);
		sqlite3_bind_int64(list.rows, 4, last.point);
	}
	while (rc == 0 && (rc = db_step(list.rows, err)) == 1) {
		if (n++ == most) {
			tell_more(&list, &last);
			rc = 0;
			break;
		}
		last = (struct quarantine_at){ sqlite3_column_int64(list.rows, 0),
					       sqlite3_column_int64(list.rows, 1),
					       sqlite3_column_int64(list.rows, 2) };
		rc = add_readable(&list, err);
		if (is_damage(rc))
			rc = add_damaged(&list);
	}
	if (rc == 0 && table_failed(list.table))
		rc = err_memory(err);
	if (rc == 0) {
		*ret_table = list.table;
		list.table = NULL;
	}
	sqlite3_finalize(list.rows);
	sqlite3_finalize(list.payload);
	sqlite3_finalize(list.series);
	arena_close(list.arena);
	table_close(list.table);
	return rc;
}
