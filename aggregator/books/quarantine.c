#include "quarantine.h"
#include "civil.h"
#include "i18n.h"
#include "wire.h"

#include <errno.h>
#include <stdlib.h>

struct quarantine {
	sqlite3_stmt *hold;
};

struct quarantine *quarantine_open(sqlite3 *db, struct err *err)
{
	struct quarantine *quarantine = calloc(1, sizeof(*quarantine));
	if (!quarantine) {
		(void)err_memory(err);
		return NULL;
	}
	if (db_prepare(db,
		       "INSERT INTO quarantine VALUES(?, ?, ?, ?, ?, NULL) ON CONFLICT DO UPDATE"
		       " SET verdict = excluded.verdict, observations = excluded.observations,"
		       " released_us = NULL WHERE released_us IS NOT NULL",
		       &quarantine->hold, err) < 0) {
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
	free(quarantine);
}

int quarantine_hold(struct quarantine *quarantine, int64_t journal, size_t run, int64_t point,
		    enum verdict verdict, size_t observations, struct err *err)
{
	sqlite3_stmt *hold = quarantine->hold;
	sqlite3_bind_int64(hold, 1, journal);
	sqlite3_bind_int64(hold, 2, (int64_t)run);
	sqlite3_bind_int64(hold, 3, point);
	sqlite3_bind_int(hold, 4, (int)verdict);
	sqlite3_bind_int64(hold, 5, (int64_t)observations);
	return db_run(hold, err);
}

/* Which series a held run is of, its period and value: the payload tells. */
struct held_row {
	uint32_t number;
	struct point point;
};

static int look_up(struct arena *arena, sqlite3_stmt *row, struct held_row *ret, struct err *err)
{
	struct batch batch;
	arena_reset(arena);
	int rc = wire_batch_decode(arena, sqlite3_column_blob(row, 7),
				   (size_t)sqlite3_column_bytes(row, 7), &batch, err);
	size_t run = (size_t)sqlite3_column_int64(row, 1);
	int64_t point = sqlite3_column_int64(row, 2);
	if (rc < 0)
		return rc;
	if (run >= batch.n_runs || point >= batch.runs[run].n)
		return err_set(err, -EUCLEAN,
			       "quarantine names a run that journal entry %lld has not",
			       (long long)sqlite3_column_int64(row, 0));
	ret->number = batch.runs[run].series;
	ret->point = batch.points[batch.runs[run].first + (point < 0 ? 0 : (uint32_t)point)];
	return 0;
}

static void show_period(struct table *table, int64_t shape, int32_t day, const struct point *point,
			bool whole)
{
	enum grain grain = (enum grain)(shape & 15);
	enum calendar calendar = (enum calendar)(shape >> 8 & 1);
	char text[PERIOD_TEXT_MAX];
	struct period period = whole && grain < GRAIN_DAY
				       ? period_of_day(CALENDAR_CIVIL, GRAIN_DAY, day)
				       : period_in_day(calendar, grain, day, point->nth);
	table_text(table, period_format(period, text));
}

static int add_row(struct table *table, sqlite3_stmt *row, sqlite3_stmt *series,
		   struct arena *arena, const struct reference *reference, struct err *err)
{
	struct held_row held = { 0 };
	char received[INSTANT_TEXT_MAX];
	int rc = look_up(arena, row, &held, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(series, 1, sqlite3_column_int64(row, 8));
	sqlite3_bind_int64(series, 2, held.number);
	rc = db_step(series, err);
	if (rc <= 0)
		return rc < 0 ? rc : err_set(err, -EUCLEAN, "a held series was never declared");
	const struct office *office =
		offices_by_id(reference->offices, sqlite3_column_int64(row, 5));
	bool whole = sqlite3_column_int64(row, 2) < 0;
	int64_t shape = sqlite3_column_int64(series, 2);
	table_row(table);
	table_int(table, sqlite3_column_int64(row, 0));
	table_text(table, office ? office->code : NULL);
	table_text(table, civil_format(sqlite3_column_int64(row, 6), received));
	table_text(table, (const char *)sqlite3_column_text(series, 0));
	table_text(table, (const char *)sqlite3_column_text(series, 1));
	show_period(table, shape, sqlite3_column_int(row, 9), &held.point, whole);
	if (held.point.withdrawn || sqlite3_column_int64(row, 4) != 1)
		table_null(table);
	else
		table_decimal(table, held.point.value_e, (unsigned)(shape >> 4 & 15));
	table_int(table, sqlite3_column_int64(row, 4));
	table_text(table, _(verdict_text((enum verdict)sqlite3_column_int(row, 3))));
	sqlite3_reset(series);
	return 0;
}

int quarantine_list(sqlite3 *db, const struct reference *reference, unsigned most,
		    struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "entry",  "office",       "received",
					       "metric", "labels",       "period",
					       "value",  "observations", "reason" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	struct arena *arena = arena_open(WIRE_ARENA_MAX);
	sqlite3_stmt *rows = NULL, *series = NULL;
	int rc = table && arena ? 0 : err_memory(err);
	if (rc == 0)
		rc = db_prepare(
			db,
			"SELECT q.journal, q.run, q.point, q.verdict, q.observations, j.office,"
			" j.received_us, j.payload, j.spool, j.day FROM quarantine q JOIN journal j"
			" ON j.id = q.journal WHERE q.released_us IS NULL"
			" ORDER BY q.journal DESC, q.run, q.point LIMIT ?",
			&rows, err);
	if (rc == 0)
		rc = db_prepare(db,
				"SELECT s.metric, s.labels, d.shape FROM declared d JOIN series s"
				" ON s.id = d.series WHERE d.spool = ? AND d.number = ?",
				&series, err);
	if (rc == 0)
		sqlite3_bind_int64(rows, 1, most);
	while (rc == 0 && (rc = db_step(rows, err)) == 1)
		rc = add_row(table, rows, series, arena, reference, err);
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	sqlite3_finalize(rows);
	sqlite3_finalize(series);
	arena_close(arena);
	if (rc < 0) {
		table_close(table);
		return rc;
	}
	*ret_table = table;
	return 0;
}
