/* Reading round the damage.
 *
 * 1. The series, from their table and from the index that holds the same, because one of the two
 * may be readable; what batches declare fills the rest.
 * 2. Current values, series by series: forward until a page fails, backward until one fails, and
 * what lies between day by day.
 * 3. Batches, one by one. At the same number the batch is believed: it decoded whole.
 * 4. Figures that wait for the time.
 * In the spool a value that came from the damaged file is marked by a negative seq until the end,
 * so that its own values, which are newer, are known from those. One transaction. */
#include "spool_repair.h"

#include "decimal.h"

#include "spool_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNSEALED INT64_C(0x3fffffffffffffff) /* newer than any batch */

struct series {
	int64_t old_id; /* in the damaged file; -1: told by a batch alone */
	int64_t number; /* -1: none yet */
	int64_t shape;
	int64_t id; /* in the spool */
};

struct repair {
	struct spool *spool;
	sqlite3 *old; /* owned */
	struct arena *arena;
	struct series *series; /* owned [n], room for WIRE_SERIES_MAX more than a spool may have */
	size_t n, room;
	sqlite3_stmt *taken, *put; /* owned */
	struct spool_repaired done;
};

/* --- into the spool --- */

/* @series' id in the spool, where it is made when it is not there. */
static int series_enter(struct repair *repair, const char *metric, const char *labels,
			int64_t shape, int64_t *ret_id, struct err *err)
{
	struct spool *spool = repair->spool;
	const enum spool_sql steps[] = { SQL_SERIES_ENTER, SQL_SERIES_EXACT };
	int rc = 0;
	for (size_t i = 0; i < 2 && rc >= 0; i++) {
		sqlite3_stmt *step = spool_statement(spool, steps[i], err);
		if (!step)
			return err->code;
		if (sqlite3_bind_text(step, 1, metric, -1, SQLITE_STATIC) != SQLITE_OK ||
		    sqlite3_bind_text(step, 2, labels, -1, SQLITE_STATIC) != SQLITE_OK ||
		    sqlite3_bind_int64(step, 3, shape) != SQLITE_OK)
			return db_err(err, spool->db, "bind");
		rc = db_step(step, err);
		if (rc == 1)
			*ret_id = sqlite3_column_int64(step, 0);
		(void)sqlite3_reset(step); /* repeats the step's error, already told */
	}
	return rc < 0 ? rc : 0;
}

static int series_add(struct repair *repair, const struct series *series, const char *metric,
		      const char *labels, struct err *err)
{
	for (size_t i = 0; i < repair->n; i++)
		if (series->old_id >= 0 && repair->series[i].old_id == series->old_id)
			return 0; /* from the other of the two */
	if (repair->n == repair->room) {
		size_t room = repair->room ? 2 * repair->room : 256;
		struct series *more = realloc(repair->series, room * sizeof(*more));
		if (!more)
			return err_memory(err);
		repair->series = more;
		repair->room = room;
	}
	struct series *added = &repair->series[repair->n];
	*added = *series;
	int rc = series_enter(repair, metric, labels, series->shape, &added->id, err);
	repair->n += rc == 0;
	return rc;
}

static bool is_sane(int64_t shape, int64_t day, int64_t nth)
{
	return shape_grain(shape) < GRAIN_COUNT && shape_decimals(shape) <= DECIMALS_MAX &&
	       day >= DAY_MIN && day <= DAY_MAX && nth >= 0 &&
	       nth < grain_per_day(shape_grain(shape));
}

/* A value that @seq (UNSEALED: none yet) of the damaged file holds. */
static int value_take(struct repair *repair, const struct series *series, const int64_t at[2],
		      int64_t value_e, bool withdrawn, int64_t seq, struct err *err)
{
	const int64_t key[] = { series->id, at[0], at[1] };
	const int64_t row[] = { series->id, at[0], at[1], value_e, withdrawn, -seq - 1 };
	if (!is_sane(series->shape, at[0], at[1]))
		return 0; /* a damaged row */
	repair->done.read++;
	if (spool_bind(repair->taken, 3, key) != SQLITE_OK)
		return db_err(err, repair->spool->db, "bind");
	int rc = db_step(repair->taken, err);
	(void)sqlite3_reset(repair->taken); /* repeats the step's error, already told */
	if (rc != 0)
		return rc < 0 ? rc : 0; /* the spool's own is newer */
	if (spool_bind(repair->put, 6, row) != SQLITE_OK)
		return db_err(err, repair->spool->db, "bind");
	return db_run(repair->put, err);
}

/* --- out of the damaged file; what cannot be read is no error here --- */

/* NULL: not even the schema is left. */
static sqlite3_stmt *ask(struct repair *repair, const char *sql, const int64_t values[], size_t n)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(repair->old, sql, -1, &statement, NULL) != SQLITE_OK)
		return NULL;
	(void)spool_bind(statement, n, values); /* integers, in order: cannot fail */
	return statement;
}

static int series_read(struct repair *repair, const char *sql, bool *ret_whole, struct err *err)
{
	sqlite3_stmt *walk = ask(repair, sql, NULL, 0);
	int code = walk ? SQLITE_ROW : SQLITE_CORRUPT, rc = 0;
	while (rc == 0 && walk && (code = sqlite3_step(walk)) == SQLITE_ROW) {
		const char *metric = (const char *)sqlite3_column_text(walk, 1);
		const char *labels = (const char *)sqlite3_column_text(walk, 2);
		struct series series = { .old_id = sqlite3_column_int64(walk, 0),
					 .number = sqlite3_column_type(walk, 4) == SQLITE_NULL
							   ? -1
							   : sqlite3_column_int64(walk, 4),
					 .shape = sqlite3_column_int64(walk, 3) };
		if (metric && *metric && labels && is_sane(series.shape, 0, 0))
			rc = series_add(repair, &series, metric, labels, err);
	}
	*ret_whole = code == SQLITE_DONE;
	sqlite3_finalize(walk);
	return rc;
}

static int all_series_read(struct repair *repair, struct err *err)
{
	bool table = false, index = false;
	int rc = series_read(repair, "SELECT id, metric, labels, shape, number FROM series", &table,
			     err);
	if (rc == 0 && !table)
		rc = series_read(repair,
				 "SELECT id, metric, labels, shape, NULL FROM series"
				 " INDEXED BY series_by_name ORDER BY metric, labels, shape",
				 &index, err);
	repair->done.lost_series += !table && !index;
	return rc;
}

/* Rows of one series by @sql, until the end or the first that cannot be read. @ret_day: the last
 * day that was read; unchanged when there was none. 1 to the end, 0 not. */
static int values_read(struct repair *repair, const struct series *series, const char *sql,
		       const int64_t bounds[2], int64_t *ret_day, struct err *err)
{
	sqlite3_stmt *walk =
		ask(repair, sql, (int64_t[]){ series->old_id, bounds[0], bounds[1] }, 3);
	int code = walk ? SQLITE_ROW : SQLITE_CORRUPT, rc = 0;
	while (rc == 0 && walk && (code = sqlite3_step(walk)) == SQLITE_ROW) {
		int64_t seq = sqlite3_column_int64(walk, 4);
		const int64_t at[] = { sqlite3_column_int64(walk, 0),
				       sqlite3_column_int64(walk, 1) };
		*ret_day = at[0];
		rc = value_take(repair, series, at, sqlite3_column_int64(walk, 2),
				sqlite3_column_int64(walk, 3) != 0, seq > 0 ? seq : UNSEALED, err);
	}
	sqlite3_finalize(walk);
	return rc < 0 ? rc : code == SQLITE_DONE;
}

#define VALUES_OF                                                                                  \
	"SELECT day, nth, value_e, withdrawn, seq FROM current WHERE series = ?1"                  \
	" AND day BETWEEN ?2 AND ?3 ORDER BY day "

static int values_between(struct repair *repair, const struct series *series, int64_t first,
			  int64_t last, struct err *err)
{
	int rc = 1;
	for (int64_t day = first; day <= last && rc >= 0; day++) {
		int64_t ignored;
		rc = values_read(repair, series, VALUES_OF, (int64_t[]){ day, day }, &ignored, err);
		repair->done.lost_days += rc == 0;
	}
	return rc < 0 ? rc : 0;
}

static int values_of(struct repair *repair, const struct series *series, struct err *err)
{
	static const int64_t all[] = { DAY_MIN, DAY_MAX };
	int64_t first = DAY_MAX, last = DAY_MIN;
	int rc = values_read(repair, series, VALUES_OF ", nth", all, &first, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = values_read(repair, series, VALUES_OF "DESC, nth DESC", all, &last, err);
	if (rc < 0)
		return rc;
	if (first == DAY_MAX || last == DAY_MIN) { /* not a row from one of the ends */
		repair->done.lost_days++;
		return 0;
	}
	return values_between(repair, series, first, last, err);
}

static int declarations_read(struct repair *repair, const struct batch *batch, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < batch->n_declared && rc == 0; i++) {
		const struct declaration *declared = &batch->declared[i];
		int64_t number = batch->first_declared + (int64_t)i;
		bool known = false;
		for (size_t k = 0; k < repair->n && !known; k++)
			known = repair->series[k].number == number;
		if (!known)
			rc = series_add(repair,
					&(struct series){ .old_id = -1,
							  .number = number,
							  .shape = shape_pack(declared->calendar,
									      declared->grain,
									      declared->decimals) },
					declared->metric, declared->labels, err);
	}
	return rc;
}

static int run_read(struct repair *repair, const struct batch *batch, const struct run *run,
		    int64_t seq, struct err *err)
{
	const struct series *series = NULL;
	for (size_t i = 0; i < repair->n && !series; i++)
		if (repair->series[i].number == run->series)
			series = &repair->series[i];
	repair->done.lost_series += !series;
	int rc = 0;
	for (uint32_t i = 0; series && i < run->n && rc == 0; i++) {
		const struct point *point = &batch->points[run->first + i];
		rc = value_take(repair, series, (int64_t[]){ batch->day, point->nth },
				point->value_e, point->withdrawn, seq, err);
	}
	return rc;
}

static int batch_read(struct repair *repair, int64_t seq, sqlite3_stmt *row, struct err *err)
{
	struct batch batch;
	struct err ignored; /* a damaged batch */
	arena_reset(repair->arena);
	if (wire_batch_decode(repair->arena, sqlite3_column_blob(row, 0),
			      (size_t)sqlite3_column_bytes(row, 0), &batch, &ignored) < 0) {
		repair->done.lost_batches++;
		return 0;
	}
	int rc = declarations_read(repair, &batch, err);
	for (size_t i = 0; i < batch.n_runs && rc == 0; i++)
		rc = run_read(repair, &batch, &batch.runs[i], seq, err);
	return rc;
}

/* -1: it cannot be read. */
static int64_t old_number(struct repair *repair, const char *sql)
{
	sqlite3_stmt *row = ask(repair, sql, NULL, 0);
	int64_t number = row && sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : -1;
	sqlite3_finalize(row);
	return number;
}

static int batches_read(struct repair *repair, struct err *err)
{
	int64_t first = old_number(repair, "SELECT min(seq) FROM batch");
	int64_t last = old_number(repair, "SELECT max(seq) FROM batch");
	if (last < 0)
		last = old_number(repair, "SELECT last_seq FROM meta");
	int rc = 0;
	for (int64_t seq = first > 0 ? first : 1; seq <= last && rc == 0; seq++) {
		sqlite3_stmt *row =
			ask(repair, "SELECT payload FROM batch WHERE seq = ?1", &seq, 1);
		int code = row ? sqlite3_step(row) : SQLITE_CORRUPT;
		if (code == SQLITE_ROW)
			rc = batch_read(repair, seq, row, err);
		else if (code != SQLITE_DONE)
			repair->done.lost_batches++;
		sqlite3_finalize(row);
	}
	return rc;
}

static int undated_read(struct repair *repair, struct err *err)
{
	sqlite3_stmt *walk = ask(repair,
				 "SELECT boot_us, shape, kind, value_e, day, nth, boot, metric,"
				 " labels FROM undated ORDER BY id",
				 NULL, 0);
	sqlite3_stmt *add = spool_statement(repair->spool, SQL_UNDATED_ADD, err);
	int rc = add ? 0 : err->code;
	while (rc == 0 && walk && sqlite3_step(walk) == SQLITE_ROW) {
		bool bound = true;
		for (int i = 0; i < 9; i++)
			bound &= sqlite3_bind_value(add, i + 1, sqlite3_column_value(walk, i)) ==
				 SQLITE_OK;
		rc = bound ? db_run(add, err) : db_err(err, repair->spool->db, "bind");
		repair->done.undated++;
	}
	sqlite3_finalize(walk);
	return rc;
}

/* --- the whole --- */

static int open_damaged(struct repair *repair, const char *path, struct err *err)
{
	char *uri = sqlite3_mprintf("file:%w?mode=ro&immutable=1", path);
	if (access(path, R_OK) < 0) {
		sqlite3_free(uri);
		return err_system(err, -errno, path);
	}
	int code = uri ? sqlite3_open_v2(uri, &repair->old, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
					 NULL)
		       : SQLITE_NOMEM;
	sqlite3_free(uri);
	return code == SQLITE_OK ? 0 : err_set(err, db_code(code), "%s: cannot be opened", path);
}

/* Facts that the new spool lacks: the catalogue, the office's name; and that this file was read. */
static int remember(struct repair *repair, struct err *err)
{
	int64_t id = old_number(repair, "SELECT id FROM meta");
	char name[40];
	(void)snprintf(name, sizeof(name), "repaired-%016llx", (unsigned long long)id); /* fits */
	int rc = spool_fact_set(repair->spool, name, "1", 1, err);
	return rc < 0 ? rc : spool_fact_set(repair->spool, SET_ASIDE_FACT, "", 0, err);
}

/* Was it repaired from this file before? Then its undated figures are here already. */
static bool was_read_before(struct repair *repair)
{
	int64_t id = old_number(repair, "SELECT id FROM meta");
	char name[40];
	struct blob fact = { 0 };
	struct err ignored; /* -ENOENT: it was not */
	(void)snprintf(name, sizeof(name), "repaired-%016llx", (unsigned long long)id); /* fits */
	bool found = spool_fact_get(repair->spool, name, &fact, &ignored) == 0;
	blob_free(&fact);
	return found;
}

static int check_result(struct repair *repair, struct err *err)
{
	uint64_t used = 0;
	if (repair->done.read + repair->done.undated == 0)
		return err_set(err, -EUCLEAN,
			       "not a figure can be read of it; keep the file, and call for help");
	int rc = spool_used(repair->spool, &used, err);
	if (rc == 0 && used > repair->spool->limits.bytes_max)
		rc = err_set(err, -ENOSPC,
			     "what it holds does not fit into the spool; raise [spool] bytes_max");
	return rc;
}

static int take_all(struct repair *repair, struct err *err)
{
	int rc = all_series_read(repair, err);
	for (size_t i = 0; i < repair->n && rc == 0; i++)
		rc = values_of(repair, &repair->series[i], err);
	if (rc == 0)
		rc = batches_read(repair, err);
	if (rc == 0 && !was_read_before(repair))
		rc = undated_read(repair, err);
	if (rc == 0)
		rc = spool_run(repair->spool, SQL_SALVAGED_UNSEALED, 0, NULL, err);
	repair->done.taken = (uint64_t)sqlite3_changes64(repair->spool->db);
	return rc < 0 ? rc : check_result(repair, err);
}

static int carry_out(struct repair *repair, bool dry, struct err *err)
{
	struct spool *spool = repair->spool;
	repair->taken = spool_statement(spool, SQL_SALVAGED_TAKEN, err);
	repair->put = repair->taken ? spool_statement(spool, SQL_SALVAGED_PUT, err) : NULL;
	int rc = repair->put ? db_begin(spool->db, err) : err->code;
	if (rc == 0)
		rc = take_all(repair, err);
	if (rc == 0 && !dry)
		rc = remember(repair, err);
	if (rc == 0 && !dry)
		return spool_commit(spool, err);
	db_rollback(spool->db);
	return rc;
}

int spool_repair(struct spool *spool, const char *damaged, bool dry,
		 struct spool_repaired *ret_repaired, struct err *err)
{
	struct err own;
	struct repair repair = { .spool = spool, .arena = arena_open(WIRE_ARENA_MAX) };
	if (!err)
		err = &own;
	int rc = repair.arena ? open_damaged(&repair, damaged, err) : err_memory(err);
	if (rc == 0)
		rc = carry_out(&repair, dry, err);
	(void)sqlite3_close(repair.old); /* NULL is fine; its statements are finalized */
	arena_close(repair.arena);
	free(repair.series);
	spool->undated_here = -1;
	if (rc < 0)
		return err_wrap(err, "repair from '%s'", damaged);
	*ret_repaired = repair.done;
	return 0;
}
