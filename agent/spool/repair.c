/* Reading round the damage, in one transaction:
 *
 * 1. The series are read from their table, or from the index that holds the same, because one of
 *    the two may be readable. What batches declare fills the rest.
 * 2. Current values are read forward until a page fails, then backward until one fails. What lies
 *    between is read day by day, in the same way. (In a file from before chunks each value has a
 *    row; there it is done series by series.)
 * 3. Batches are read one by one. Where a value and a batch have the same number, the batch is
 *    believed, because it decoded whole.
 * 4. Figures that wait for the time are copied, and which reports are finished.
 *
 * Until the end a value that came from the damaged file has a negative seq in the spool. So it is
 * told apart from the spool's own values, which are newer. */
#include "spool/repair.h"

#include "common/base/array.h"
#include "common/base/decimal.h"
#include "common/base/search.h"
#include "common/base/utf8.h"

#include "spool/spool_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNSEALED      INT64_C(0x3fffffffffffffff) /* newer than any batch */
#define FACT_NAME_MAX 40u

struct old_series {
	int64_t old_id; /* in the damaged file; -1: told by a batch alone */
	int64_t number; /* -1: none yet */
	int64_t shape;
	int64_t id; /* in the spool */
};

struct repair {
	struct spool *spool;
	sqlite3 *old; /* owned */
	struct arena *arena;
	struct old_series
		*series; /* owned [n], room for WIRE_SERIES_MAX more than a spool may have */
	size_t n, room;
	size_t last;   /* the series found last */
	bool has_rows; /* the damaged file is of before chunks: a row for each value */
	struct spool_repaired done;
};

/* --- into the spool --- */

/* @series' id in the spool, where it is made when it is not there. */
static int series_enter(struct repair *repair, const char *metric, const char *labels,
			int64_t shape, int64_t *ret_id, struct err *err)
{
	struct spool *spool = repair->spool;
	const enum spool_statement steps[] = { SQL_SERIES_ENTER, SQL_SERIES_EXACT };
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
	if (rc == 0) /* neither entered nor there: its index says so, and it is not */
		rc = err_set(err, -EUCLEAN, "values of a series are damaged");
	return rc < 0 ? rc : 0;
}

static int series_add(struct repair *repair, const struct old_series *series, const char *metric,
		      const char *labels, struct err *err)
{
	for (size_t i = 0; i < repair->n; i++)
		if (series->old_id >= 0 && repair->series[i].old_id == series->old_id)
			return 0; /* from the other of the two */
	if (ARRAY_RESERVE(repair->series, repair->room, repair->n + 1) < 0)
		return err_memory(err);
	struct old_series *added = &repair->series[repair->n];
	*added = *series;
	int rc = series_enter(repair, metric, labels, series->shape, &added->id, err);
	repair->n += rc == 0;
	return rc;
}

static bool is_sane(int64_t shape, int64_t day, int64_t nth)
{
	return shape_is_sane(shape) && day >= DAY_MIN && day <= DAY_MAX && nth >= 0 &&
	       nth < grain_per_day(shape_grain(shape));
}

/* Does @series of the spool have a value there that is its own? */
static int is_own(struct spool *spool, int64_t series, int32_t day, uint32_t nth, struct err *err)
{
	int rc = chunk_cache_load(spool, series, day, nth, err);
	const struct chunk_value *value = rc < 0 ? NULL : chunk_find(&spool->cache.chunk, nth);
	return rc < 0 ? rc : value && value->seq >= 0;
}

/* Or one of the same name with other decimals: a figure lies in one series. */
static int is_taken(struct spool *spool, int64_t series, int32_t day, uint32_t nth, struct err *err)
{
	int64_t sibling = -1;
	int rc = is_own(spool, series, day, nth, err);
	while (rc == 0) {
		rc = spool_number(spool, SQL_SERIES_SIBLINGS, 2, (int64_t[]){ series, sibling },
				  &sibling, err);
		if (rc == 0)
			rc = is_own(spool, sibling, day, nth, err);
	}
	return rc == -ENODATA ? 0 : rc;
}

/* I5: no figure is lost for want of room for who typed it. */
static int author_take(struct spool *spool, const char *name, uint16_t *ret_id, struct err *err)
{
	int rc = spool_author_id(spool, name, ret_id, err);
	if (rc == -E2BIG)
		*ret_id = 0;
	return rc == -E2BIG ? 0 : rc;
}

/* The newer of what the damaged file holds stays: the lower seq, as it is marked here. */
static int value_put(struct spool *spool, const struct chunk_value *value, const struct said *said,
		     struct err *err)
{
	struct chunk_cache *cache = &spool->cache;
	struct chunk_value *there = chunk_enter(&cache->chunk, value->nth);
	int rc = 0;
	if (there->seq != 0 && there->seq < value->seq)
		return 0;
	if (there->noted)
		rc = spool_note_drop(spool, cache->series, cache->day, value->nth, err);
	*there = *value;
	there->noted = *said->note != '\0';
	cache->changed = true;
	if (rc == 0 && there->noted)
		rc = spool_note_put(spool, cache->series, cache->day, value->nth, said->note, err);
	return rc < 0 ? rc : author_take(spool, said->author, &there->author, err);
}

/* A value that @seq (UNSEALED: none yet) of the damaged file holds. */
static int value_take(struct repair *repair, const struct old_series *series, const int64_t at[2],
		      int64_t value_e, bool withdrawn, int64_t seq, const struct said *said,
		      struct err *err)
{
	if (!is_sane(series->shape, at[0], at[1]))
		return 0; /* a damaged row */
	repair->done.read++;
	int rc = is_taken(repair->spool, series->id, (int32_t)at[0], (uint32_t)at[1], err);
	if (rc == 0)
		rc = chunk_cache_load(repair->spool, series->id, (int32_t)at[0], (uint32_t)at[1],
				      err);
	if (rc != 0)
		return rc < 0 ? rc : 0; /* the spool's own is newer */
	return value_put(repair->spool,
			 &(struct chunk_value){ .nth = (uint32_t)at[1],
						.value_e = withdrawn ? 0 : value_e,
						.withdrawn = withdrawn,
						.seq = -seq - 1 },
			 said, err);
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

/* What the row says that @sql finds, if it is such a text. */
static void old_text(struct repair *repair, const char *sql, const int64_t values[], size_t n,
		     size_t most, char *ret_text)
{
	sqlite3_stmt *row = ask(repair, sql, values, n);
	const char *text = row && sqlite3_step(row) == SQLITE_ROW
				   ? (const char *)sqlite3_column_text(row, 0)
				   : NULL;
	size_t len = text ? strlen(text) : 0;
	*ret_text = '\0';
	if (text && len <= most && utf8_printable(text, len))
		memcpy(ret_text, text, len + 1);
	sqlite3_finalize(row);
}

/* What was said of a value there. */
static void old_said(struct repair *repair, const struct old_series *series, int64_t day,
		     const struct chunk_value *value, struct said *ret_said)
{
	*ret_said->author = *ret_said->note = '\0';
	if (value->author != 0)
		old_text(repair, "SELECT name FROM author WHERE id = ?1",
			 (int64_t[]){ value->author }, 1, SPOOL_AUTHOR_MAX, ret_said->author);
	if (value->noted)
		old_text(repair,
			 "SELECT text FROM note WHERE series = ?1 AND day = ?2 AND nth = ?3",
			 (int64_t[]){ series->old_id, day, value->nth }, 3, SPOOL_NOTE_MAX,
			 ret_said->note);
}

static int series_read(struct repair *repair, const char *sql, bool *ret_whole, struct err *err)
{
	sqlite3_stmt *walk = ask(repair, sql, NULL, 0);
	int code = walk ? SQLITE_ROW : SQLITE_CORRUPT, rc = 0;
	while (rc == 0 && walk && (code = sqlite3_step(walk)) == SQLITE_ROW) {
		const char *metric = (const char *)sqlite3_column_text(walk, 1);
		const char *labels = (const char *)sqlite3_column_text(walk, 2);
		struct old_series series = { .old_id = sqlite3_column_int64(walk, 0),
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

/* Rows come in the order of the series, mostly. NULL: nothing tells what it was. */
static const struct old_series *series_of(struct repair *repair, int64_t old_id)
{
	for (size_t i = 0; i < repair->n; i++) {
		size_t at = (repair->last + i) % repair->n;
		if (repair->series[at].old_id == old_id) {
			repair->last = at;
			return &repair->series[at];
		}
	}
	return NULL;
}

/* What one row holds: a chunk, or a value of @series. One that does not decode is damaged. */
static int row_take(struct repair *repair, const struct old_series *series, sqlite3_stmt *row,
		    bool *ret_whole, struct err *err)
{
	struct chunk chunk = { .n = 1 };
	struct err ignored; /* a damaged chunk */
	int64_t day = sqlite3_column_int64(row, 0);
	int rc = 0;
	if (!series)
		series = series_of(repair, sqlite3_column_int64(row, 3));
	*ret_whole = series != NULL;
	if (repair->has_rows)
		chunk.values[0] = (struct chunk_value){
			.nth = (uint32_t)sqlite3_column_int64(row, 1),
			.value_e = sqlite3_column_int64(row, 2),
			.withdrawn = sqlite3_column_int64(row, 3) != 0,
			.seq = sqlite3_column_int64(row, 4),
		};
	else if (chunk_decode(sqlite3_column_blob(row, 2), (size_t)sqlite3_column_bytes(row, 2),
			      (uint32_t)sqlite3_column_int64(row, 1), &chunk, &ignored) < 0)
		*ret_whole = false;
	for (uint32_t i = 0; series && *ret_whole && i < chunk.n && rc == 0; i++) {
		const struct chunk_value *value = &chunk.values[i];
		struct said said;
		old_said(repair, series, day, value, &said);
		rc = value_take(repair, series, (int64_t[]){ day, value->nth }, value->value_e,
				value->withdrawn, value->seq > 0 ? value->seq : UNSEALED, &said,
				err);
	}
	return rc;
}

/* Rows (of @series, if not NULL) by @sql, until the end or the first that cannot be read. @ret_day:
 * the last day that was read; unchanged when there was none. 1 to the end, 0 not. */
static int values_read(struct repair *repair, const struct old_series *series, const char *sql,
		       const int64_t bounds[2], int64_t *ret_day, struct err *err)
{
	int64_t old_id = series ? series->old_id : 0;
	sqlite3_stmt *walk = ask(repair, sql, (int64_t[]){ old_id, bounds[0], bounds[1] }, 3);
	int code = walk ? SQLITE_ROW : SQLITE_CORRUPT, rc = 0;
	while (rc == 0 && walk && (code = sqlite3_step(walk)) == SQLITE_ROW) {
		bool whole;
		*ret_day = sqlite3_column_int64(walk, 0);
		rc = row_take(repair, series, walk, &whole, err);
		repair->done.lost_days += !whole; /* and on: the pages can be read */
	}
	sqlite3_finalize(walk);
	return rc < 0 ? rc : code == SQLITE_DONE;
}

#define ROWS_OF                                                                                    \
	"SELECT day, nth, value_e, withdrawn, seq FROM current WHERE series = ?1"                  \
	" AND day BETWEEN ?2 AND ?3 ORDER BY day"
#define CHUNKS_OF                                                                                  \
	"SELECT day, part, points, series FROM stretch NOT INDEXED"                                \
	" WHERE day BETWEEN ?2 AND ?3 ORDER BY day"

static const char *forward(const struct repair *repair)
{
	return repair->has_rows ? ROWS_OF ", nth" : CHUNKS_OF ", part, series";
}

static const char *backward(const struct repair *repair)
{
	return repair->has_rows ? ROWS_OF " DESC, nth DESC"
				: CHUNKS_OF " DESC, part DESC, series DESC";
}

static int values_between(struct repair *repair, const struct old_series *series, int64_t first,
			  int64_t last, struct err *err)
{
	int rc = 1;
	for (int64_t day = first; day <= last && rc >= 0; day++) {
		int64_t ignored;
		const int64_t bounds[] = { day, day };
		rc = values_read(repair, series, forward(repair), bounds, &ignored, err);
		if (rc != 0)
			continue;
		repair->done.lost_days++;
		rc = values_read(repair, series, backward(repair), bounds, &ignored, err);
	}
	return rc < 0 ? rc : 0;
}

static int values_of(struct repair *repair, const struct old_series *series, struct err *err)
{
	static const int64_t all[] = { DAY_MIN, DAY_MAX };
	int64_t first = DAY_MAX, last = DAY_MIN;
	int rc = values_read(repair, series, forward(repair), all, &first, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = values_read(repair, series, backward(repair), all, &last, err);
	if (rc < 0)
		return rc;
	if (first == DAY_MAX || last == DAY_MIN) { /* not a row from one of the ends */
		repair->done.lost_days++;
		return 0;
	}
	return values_between(repair, series, first, last, err);
}

static int values_of_all(struct repair *repair, struct err *err)
{
	int rc = 0;
	if (!repair->has_rows)
		return values_of(repair, NULL, err);
	for (size_t i = 0; i < repair->n && rc == 0; i++)
		rc = values_of(repair, &repair->series[i], err);
	return rc;
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
			rc = series_add(
				repair,
				&(struct old_series){ .old_id = -1,
						      .number = number,
						      .shape = shape_pack(declared->calendar,
									  declared->grain,
									  declared->decimals) },
				declared->metric, declared->labels, err);
	}
	return rc;
}

/* What @batch says of point @at; both fit, as it decoded. */
static void batch_said(const struct batch *batch, uint32_t at, struct said *ret_said)
{
	size_t i = search_first(k, batch->n_remarks, batch->remarks[k].point < at);
	uint16_t author = batch->points[at].author;
	(void)snprintf(ret_said->author, sizeof(ret_said->author), "%s",
		       author > 0 ? batch->authors[author - 1] : "");
	(void)snprintf(ret_said->note, sizeof(ret_said->note), "%s",
		       i < batch->n_remarks && batch->remarks[i].point == at
			       ? batch->remarks[i].text
			       : "");
}

static int run_read(struct repair *repair, const struct batch *batch, const struct run *run,
		    int64_t seq, struct err *err)
{
	const struct old_series *series = NULL;
	for (size_t i = 0; i < repair->n && !series; i++)
		if (repair->series[i].number == run->series)
			series = &repair->series[i];
	repair->done.lost_series += !series;
	int rc = 0;
	for (uint32_t i = 0; series && i < run->n && rc == 0; i++) {
		const struct point *point = &batch->points[run->first + i];
		struct said said;
		batch_said(batch, run->first + i, &said);
		rc = value_take(repair, series, (int64_t[]){ batch->day, point->nth },
				point->value_e, point->withdrawn, seq, &said, err);
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

static bool has_rows(struct repair *repair)
{
	return old_number(repair, "SELECT 1 FROM sqlite_schema WHERE name = 'current'") == 1;
}

#define BATCHES_LOST_MAX 65536u /* one after the other: no page of the table leads to more */

/* From one number to the next that there is; where a page cannot be read, to the number behind it.
 * (A damaged number may lie any distance away: it is not counted up to.) */
static int batches_read(struct repair *repair, struct err *err)
{
	int64_t last = old_number(repair, "SELECT max(seq) FROM batch");
	unsigned lost = 0;
	int rc = 0;
	if (last < 0)
		last = old_number(repair, "SELECT last_seq FROM meta");
	for (int64_t seq = 1; rc == 0 && lost < BATCHES_LOST_MAX; seq++) {
		sqlite3_stmt *row = ask(repair,
					"SELECT payload, seq FROM batch WHERE seq >= ?1"
					" ORDER BY seq LIMIT 1",
					&seq, 1);
		int code = row ? sqlite3_step(row) : SQLITE_CORRUPT;
		if (code == SQLITE_ROW) {
			seq = sqlite3_column_int64(row, 1);
			rc = batch_read(repair, seq, row, err);
			lost = 0;
		} else if (code != SQLITE_DONE) {
			repair->done.lost_batches++;
			lost++;
		}
		sqlite3_finalize(row);
		if (code == SQLITE_DONE || !row || seq >= last || seq >= SEQ_MAX)
			break;
	}
	return rc;
}

#define UNDATED_OF(said)                                                                           \
	"SELECT boot_us, shape, kind, value_e, day, nth, boot, metric, labels, " said              \
	" FROM undated ORDER BY id"

static int undated_read(struct repair *repair, struct err *err)
{
	sqlite3_stmt *walk = ask(repair, UNDATED_OF("author, note"), NULL, 0);
	if (!walk) /* a file of before there were authors */
		walk = ask(repair, UNDATED_OF("NULL, NULL"), NULL, 0);
	sqlite3_stmt *add = spool_statement(repair->spool, SQL_UNDATED_ADD, err);
	int rc = add ? 0 : err->code;
	while (rc == 0 && walk && sqlite3_step(walk) == SQLITE_ROW) {
		bool bound = true;
		struct err ignored; /* a damaged row */
		struct db_row cells = { walk, &ignored, 0 };
		(void)row_shape(&cells, 1);
		(void)db_row_int(&cells, 0, INT64_MIN, INT64_MAX);
		(void)db_row_int(&cells, 2, 0, INT64_MAX);
		(void)db_row_int(&cells, 3, INT64_MIN, INT64_MAX);
		for (int i = 4; i < 6; i++)
			if (sqlite3_column_type(walk, i) != SQLITE_NULL)
				(void)db_row_int(&cells, i, INT64_MIN, INT64_MAX);
		for (int i = 6; i < 9; i++)
			(void)db_row_text(&cells, i);
		if (cells.rc < 0) {
			repair->done.lost_days++;
			continue;
		}
		for (int i = 0; i < 11; i++)
			bound &= sqlite3_bind_value(add, i + 1, sqlite3_column_value(walk, i)) ==
				 SQLITE_OK;
		rc = bound ? db_run(add, err) : db_err(err, repair->spool->db, "bind");
		repair->done.undated++;
	}
	sqlite3_finalize(walk);
	return rc;
}

/* What the spool says of a period itself is newer. */
static int finished_read(struct repair *repair, struct err *err)
{
	repair->spool->none_finished = false;
	sqlite3_stmt *walk = ask(repair,
				 "SELECT f.day, f.shape, f.at_us, f.undone, a.name FROM finished f"
				 " LEFT JOIN author a ON a.id = f.author",
				 NULL, 0);
	int rc = 0;
	while (rc == 0 && walk && sqlite3_step(walk) == SQLITE_ROW) {
		int64_t day = sqlite3_column_int64(walk, 0), shape = sqlite3_column_int64(walk, 1);
		const char *name = (const char *)sqlite3_column_text(walk, 4);
		struct spool_finished ignored;
		uint16_t author = 0;
		if (!is_sane(shape, day, 0) || shape_grain(shape) < GRAIN_DAY)
			continue; /* a damaged row */
		struct period period =
			period_of_day(shape_calendar(shape), shape_grain(shape), (int32_t)day);
		int64_t at_us = sqlite3_column_int64(walk, 2);
		rc = spool_finished_of(repair->spool, period, &ignored, err);
		if (rc != -ENOENT)
			continue;
		rc = name && strlen(name) <= SPOOL_AUTHOR_MAX && utf8_printable(name, strlen(name))
			     ? author_take(repair->spool, name, &author, err)
			     : 0;
		if (rc == 0)
			rc = spool_run(repair->spool, SQL_FINISHED_PUT, 5,
				       (int64_t[]){ period_first_day(period),
						    shape_pack(period.calendar, period.grain, 0),
						    author, at_us > 0 ? at_us : 0,
						    sqlite3_column_int64(walk, 3) != 0 },
				       err);
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

/* The fact that says that the spool was repaired from this file. */
static void name_fact(struct repair *repair, char ret_name[FACT_NAME_MAX])
{
	int64_t id = old_number(repair, "SELECT id FROM meta");
	(void)snprintf(ret_name, FACT_NAME_MAX, "repaired-%016llx",
		       (unsigned long long)id); /* fits */
}

/* Was it repaired from this file before? Then its undated figures are here already. */
static bool was_read_before(struct repair *repair)
{
	char name[FACT_NAME_MAX];
	struct blob fact = { 0 };
	struct err ignored; /* -ENOENT: it was not */
	name_fact(repair, name);
	bool found = spool_fact_get(repair->spool, name, &fact, &ignored) == 0;
	blob_free(&fact);
	return found;
}

static int check_result(struct repair *repair, struct err *err)
{
	uint64_t used = 0;
	if (repair->done.read + repair->done.undated == 0)
		return err_set(err, -EUCLEAN,
			       "no figure of it can be read; keep the file, and call for help");
	int rc = spool_used(repair->spool, &used, err);
	if (rc == 0 && used > repair->spool->limits.bytes_max)
		rc = err_set(err, -ENOSPC,
			     "what it holds does not fit into the spool; raise [spool] bytes_max");
	return rc;
}

/* What was taken is as if just recorded; how much that is. */
static int unseal_taken(struct repair *repair, struct err *err)
{
	struct chunk_key key = CHUNK_FIRST;
	struct chunk_cache *cache = &repair->spool->cache;
	int rc;
	while ((rc = chunk_cache_next(repair->spool, &key, err)) == 1)
		for (uint32_t i = 0; i < cache->chunk.n; i++) {
			struct chunk_value *value = &cache->chunk.values[i];
			if (value->seq >= 0)
				continue;
			value->seq = 0;
			cache->changed = true;
			repair->done.taken++;
		}
	return rc;
}

static int take_all(struct repair *repair, struct err *err)
{
	int rc = all_series_read(repair, err);
	repair->has_rows = has_rows(repair);
	if (rc == 0)
		rc = values_of_all(repair, err);
	if (rc == 0)
		rc = batches_read(repair, err);
	if (rc == 0 && !was_read_before(repair))
		rc = undated_read(repair, err);
	if (rc == 0)
		rc = finished_read(repair, err);
	if (rc == 0)
		rc = unseal_taken(repair, err);
	return rc < 0 ? rc : check_result(repair, err);
}

static int carry_out(struct repair *repair, bool dry, struct err *err)
{
	struct spool *spool = repair->spool;
	int rc = db_begin(spool->db, err);
	if (rc == 0)
		rc = take_all(repair, err);
	if (rc == 0 && !dry) {
		/* The file was read: its undated figures never come twice, and nobody is told of
		 * it any more. */
		char name[FACT_NAME_MAX];
		name_fact(repair, name);
		rc = spool_fact_set(spool, name, "1", 1, err);
		if (rc == 0)
			rc = spool_fact_set(spool, SET_ASIDE_FACT, "", 0, err);
		if (rc == 0)
			return spool_commit(spool, err);
	}
	spool_rollback(spool);
	return rc;
}

int spool_repair(struct spool *spool, const char *damaged, bool dry,
		 struct spool_repaired *ret_repaired, struct err *err)
{
	struct repair repair = { .spool = spool, .arena = arena_open(WIRE_ARENA_MAX) };
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
