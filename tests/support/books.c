#include "support/books.h"

#include "common/model/civil.h"
#include "common/net/wire.h"
#include "common/sys/db.h"
#include "ledger/follow.h"
#include "schema/schema.h"
#include "verify/verify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An error is a failed test, told in its own words. */
static void must(const struct books *books, int rc, const char *what)
{
	if (rc < 0)
		fail_msg("%s: %d %s", what, rc, books->err.text);
}

static void connect_db(struct books *books)
{
	if (!books->lent)
		must(books, schema_open(books->path, false, &books->db, &books->err), "open");
	if (!books->safe)
		books_exec(books, "PRAGMA synchronous=OFF");
	books->ledger = ledger_open(books->db, &books->err);
	must(books, books->ledger ? 0 : books->err.code, "ledger");
	must(books, reference_load(books->db, &books->reference, &books->err), "reference");
}

static void import_all(struct books *books, const char *units, const char *catalogue,
		       const char *indicators)
{
	size_t rows;
	bool changed;
	must(books, db_begin(books->db, &books->err), "begin");
	if (units)
		must(books, units_import(books->db, units, strlen(units), &rows, &books->err),
		     "units");
	if (catalogue)
		must(books,
		     catalogue_import(books->db, catalogue, strlen(catalogue), &changed,
				      &books->err),
		     "catalogue");
	if (indicators)
		must(books,
		     indicators_import(books->db, indicators, strlen(indicators), &changed,
				       &books->err),
		     "indicators");
	must(books, db_commit(books->db, &books->err), "commit");
}

void books_open(struct books *books, const char *units, const char *catalogue,
		const char *indicators, bool safe)
{
	*books = (struct books){ .safe = safe };
	/* the same hours as Asia/Ho_Chi_Minh, but in 1969 too, which the oracle need not know */
	must(books, civil_set_zone("Asia/Bangkok", &books->err), "zone");
	scratch_make(!safe, books->folder);
	(void)snprintf(books->path, sizeof(books->path), "%s/province.db", books->folder);
	connect_db(books);
	import_all(books, units, catalogue, indicators);
	books_refresh(books);
}

void books_release(struct books *books)
{
	ledger_close(books->ledger);
	reference_close(books->reference);
	books->ledger = NULL;
	books->reference = NULL;
	if (books->lent)
		return;
	db_close(books->db);
	books->db = NULL;
}

void books_borrow(struct books *books, sqlite3 *db)
{
	books->db = db;
	books->lent = true;
	connect_db(books);
}

void books_open_at(struct books *books, const char *path)
{
	*books = (struct books){ 0 };
	(void)snprintf(books->path, sizeof(books->path), "%s", path);
	connect_db(books);
}

void books_reopen(struct books *books)
{
	books_release(books);
	connect_db(books);
}

void books_close(struct books *books)
{
	books_release(books);
	scratch_remove(books->folder);
}

int64_t books_office(struct books *books, const char *code, const char *unit, int32_t day)
{
	int64_t id = 0;
	must(books, office_add(books->db, code, code, unit, day, "test", &id, &books->err), code);
	return id;
}

void books_move(struct books *books, int64_t office, const char *unit, int32_t day)
{
	sqlite3_stmt *stmt;
	must(books,
	     db_prepare(books->db, "INSERT OR REPLACE INTO assignment VALUES(?, ?, ?)", &stmt,
			&books->err),
	     "move");
	sqlite3_bind_int64(stmt, 1, office);
	sqlite3_bind_int(stmt, 2, day);
	sqlite3_bind_text(stmt, 3, unit, -1, SQLITE_STATIC); /* NULL binds an SQL NULL */
	must(books, db_run(stmt, &books->err), "move");
	sqlite3_finalize(stmt);
	must(books, reference_changed(books->db, &books->err), "reference");
}

/* With the reference as it is after the change. */
static void follow(struct books *books)
{
	struct reference *after = NULL;
	struct followed followed;
	must(books, reference_load(books->db, &after, &books->err), "reference");
	must(books, ledger_follow(books->db, books->reference, after, &followed, &books->err),
	     "follow");
	reference_close(after);
}

bool books_order_move(struct books *books, const char *code, const char *unit, int32_t day)
{
	bool changed = false;
	must(books, db_begin(books->db, &books->err), "begin");
	int rc = office_move(books->db, code, unit, day, "test", &changed, &books->err);
	if (rc == -EINVAL) {
		db_rollback(books->db);
		return false;
	}
	must(books, rc, "move");
	if (changed)
		follow(books);
	must(books, db_commit(books->db, &books->err), "commit");
	books_refresh(books);
	return true;
}

int books_order_closing(struct books *books, bool reopen, const struct closing_form *form)
{
	const struct catalogue *catalogue = books->reference->catalogue;
	must(books, db_begin(books->db, &books->err), "begin");
	int rc = reopen ? closing_remove(books->db, catalogue, form, &books->err)
			: closing_add(books->db, catalogue, form, &books->err);
	if (rc == 0)
		must(books, db_commit(books->db, &books->err), "commit");
	else
		db_rollback(books->db);
	books_refresh(books);
	return rc;
}

/* A number of the answer's heads. */
static uint64_t head_of(const struct table *table, const char *name)
{
	struct blob json = { 0 };
	char needle[64];
	assert_int_equal(table_json(table, &json), 0);
	assert_int_equal(blob_append(&json, "", 1), 0);
	(void)snprintf(needle, sizeof(needle), "\"%s\":", name);
	const char *at = strstr((const char *)json.data, needle);
	assert_non_null(at);
	at += strlen(needle);
	uint64_t number = strtoull(at + strspn(at, " \""), NULL, 10);
	blob_free(&json);
	return number;
}

void books_order_release(struct books *books, const struct release_form *form,
			 uint64_t *ret_released, uint64_t *ret_kept)
{
	struct table *table = NULL;
	must(books, db_begin(books->db, &books->err), "begin");
	must(books, quarantine_release(books->db, books->reference, form, &table, &books->err),
	     "release");
	must(books, db_commit(books->db, &books->err), "commit");
	*ret_released = head_of(table, "released");
	*ret_kept = head_of(table, "kept");
	table_close(table);
}

void books_refresh(struct books *books)
{
	must(books, reference_refresh(books->db, &books->reference, &books->err), "reference");
}

/* --- batches --- */

static uint32_t shape_of(const struct books_figure *figure)
{
	return (uint32_t)figure->grain | figure->decimals << 4 | (uint32_t)figure->calendar << 8;
}

static uint32_t number_of(struct books_spool *spool, const struct books_figure *figure)
{
	for (size_t i = 0; i < spool->n; i++)
		if (strcmp(spool->series[i].metric, figure->metric) == 0 &&
		    strcmp(spool->series[i].labels, figure->labels) == 0 &&
		    spool->series[i].shape == shape_of(figure))
			return (uint32_t)i;
	assert_true(spool->n < BOOKS_SERIES_MAX);
	spool->series[spool->n].metric = figure->metric;
	spool->series[spool->n].labels = figure->labels;
	spool->series[spool->n].shape = shape_of(figure);
	return (uint32_t)spool->n++;
}

struct numbered {
	uint32_t series;
	struct books_figure figure;
};

static int numbered_order(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	return (int)x->figure.nth - (int)y->figure.nth;
}

void books_seal(struct books_spool *spool, int32_t day, struct books_figure figures[], size_t n,
		int64_t received_us, struct books_batch *ret_batch)
{
	size_t known = spool->n;
	struct numbered *list = calloc(n, sizeof(*list));
	struct run *runs = calloc(n, sizeof(*runs));
	struct point *points = calloc(n, sizeof(*points));
	struct declaration declared[BOOKS_SERIES_MAX];
	struct batch batch = { .day = day,
			       .runs = runs,
			       .points = points,
			       .n_points = n,
			       .declared = declared,
			       .first_declared = (uint32_t)known,
			       .from_spool = spool->seq == 0 ? spool->from_id : 0,
			       .from_seq = spool->seq == 0 ? spool->from_seq : 0,
			       .sealed_us = received_us };
	assert_true(list && runs && points && n > 0);
	for (size_t i = 0; i < n; i++) {
		list[i].series = number_of(spool, &figures[i]);
		list[i].figure = figures[i];
	}
	for (size_t i = known; i < spool->n; i++) {
		uint32_t shape = spool->series[i].shape;
		declared[batch.n_declared++] =
			(struct declaration){ .metric = spool->series[i].metric,
					      .labels = spool->series[i].labels,
					      .grain = (enum grain)(shape & 15),
					      .calendar = (enum calendar)(shape >> 8),
					      .decimals = shape >> 4 & 15 };
	}
	qsort(list, n, sizeof(*list), numbered_order);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || list[i].series != list[i - 1].series)
			runs[batch.n_runs++] =
				(struct run){ .series = list[i].series, .first = (uint32_t)i };
		runs[batch.n_runs - 1].n++;
		figures[i] = list[i].figure;
		points[i] = (struct point){ .value_e = figures[i].value_e,
					    .nth = figures[i].nth,
					    .withdrawn = figures[i].withdrawn };
	}
	*ret_batch = (struct books_batch){ .office = spool->office,
					   .received_us = received_us,
					   .spool_id = spool->id,
					   .seq = ++spool->seq };
	struct err err = { 0 };
	if (wire_batch_encode(&batch, &ret_batch->payload, &err) < 0)
		fail_msg("seal: %s", err.text);
	free(list);
	free(runs);
	free(points);
}

static void on_held(void *context, uint32_t series, uint32_t observations, enum verdict verdict)
{
	(void)series;
	assert_int_not_equal(verdict, VERDICT_OK);
	((struct books *)context)->held += observations;
}

static int post(struct books *books, const struct books_batch *batch, enum posting *ret)
{
	struct entry_form form = { .office = batch->office,
				   .spool_id = batch->spool_id,
				   .seq = batch->seq,
				   .payload = batch->payload.data,
				   .len = batch->payload.len,
				   .received_us = batch->received_us,
				   .before_told = batch->before_told };
	uint64_t upto;
	memcpy(form.before, batch->before, sizeof(form.before));
	return ledger_post(books->ledger, &form, on_held, books, ret, &upto, &books->err);
}

enum posting books_post(struct books *books, const struct books_batch *batch)
{
	enum posting posting = POSTING_BAD;
	must(books, post(books, batch, &posting), "post");
	return posting;
}

void books_commit(struct books *books, const struct books_batch batches[], size_t n)
{
	must(books, books_try_commit(books, batches, n), "commit");
}

int books_try_commit(struct books *books, const struct books_batch batches[], size_t n)
{
	enum posting posting;
	int rc = db_begin(books->db, &books->err);
	if (rc < 0)
		return rc;
	ledger_begin(books->ledger, books->reference);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = post(books, &batches[i], &posting);
		if (rc == 0 && posting != POSTED)
			fail_msg("batch %zu: posting %d: %s", i, (int)posting, books->err.text);
	}
	if (rc == 0)
		rc = ledger_finish(books->ledger, &books->err);
	if (rc == 0)
		rc = db_commit(books->db, &books->err);
	else
		db_rollback(books->db);
	if (rc < 0)
		ledger_forget(books->ledger);
	return rc;
}

void books_record(struct books *books, struct books_spool *spool, const char *metric,
		  const char *labels, const char *period, int64_t value_e, unsigned decimals)
{
	struct period parsed;
	const struct metric *known = catalogue_find(books->reference->catalogue, metric);
	struct books_figure figure = { .metric = metric, .labels = labels, .value_e = value_e };
	struct books_batch batch;
	assert_non_null(known);
	must(books, period_parse(period, known->calendar, &parsed, &books->err), period);
	figure.grain = parsed.grain;
	figure.calendar = known->calendar;
	figure.decimals = decimals;
	figure.nth = (uint16_t)period_nth(parsed);
	int32_t day = period_first_day(parsed);
	books_seal(spool, day, &figure, 1, civil_day_start_us(period_end_day(parsed)), &batch);
	books_commit(books, &batch, 1);
	blob_free(&batch.payload);
}

/* --- looking --- */

void books_rollups(struct books *books, struct blob *ret)
{
	sqlite3_stmt *rows;
	*ret = (struct blob){ 0 };
	must(books,
	     db_prepare(books->db, "SELECT grain, bucket, node, page FROM rollup ORDER BY 1, 2, 3",
			&rows, &books->err),
	     "rollups");
	while (db_step(rows, &books->err) == 1) {
		int64_t key[4] = { sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1),
				   sqlite3_column_int64(rows, 2), sqlite3_column_bytes(rows, 3) };
		assert_int_equal(blob_append(ret, key, sizeof(key)), 0);
		assert_int_equal(blob_append(ret, sqlite3_column_blob(rows, 3), (size_t)key[3]), 0);
	}
	sqlite3_finalize(rows);
}

static void row_dump(sqlite3_stmt *row, struct blob *out)
{
	for (int i = 0; i < sqlite3_column_count(row); i++) {
		int type = sqlite3_column_type(row, i), len = sqlite3_column_bytes(row, i);
		assert_int_equal(blob_append(out, &type, sizeof(type)), 0);
		assert_int_equal(blob_append(out, &len, sizeof(len)), 0);
		if (len > 0) /* a number as its text */
			assert_int_equal(blob_append(out,
						     type == SQLITE_BLOB
							     ? sqlite3_column_blob(row, i)
							     : sqlite3_column_text(row, i),
						     (size_t)len),
					 0);
	}
}

void books_dump(sqlite3 *db, struct blob *ret)
{
	sqlite3_stmt *tables, *rows;
	struct err err = { 0 };
	*ret = (struct blob){ 0 };
	assert_int_equal(db_prepare(db,
				    "SELECT sql, name FROM sqlite_schema WHERE type = 'table'"
				    " AND name != 'backup' ORDER BY name",
				    &tables, &err),
			 0);
	while (db_step(tables, &err) == 1) {
		char sql[128];
		row_dump(tables, ret);
		(void)snprintf(sql, sizeof(sql), "SELECT * FROM %s",
			       (const char *)sqlite3_column_text(tables, 1));
		assert_int_equal(db_prepare(db, sql, &rows, &err), 0);
		while (db_step(rows, &err) == 1)
			row_dump(rows, ret);
		sqlite3_finalize(rows);
	}
	sqlite3_finalize(tables);
	assert_int_equal(err.code, 0);
}

int64_t books_number(struct books *books, const char *sql)
{
	sqlite3_stmt *stmt;
	must(books, db_prepare(books->db, sql, &stmt, &books->err), sql);
	if (db_step(stmt, &books->err) != 1)
		fail_msg("no row: %s", sql);
	int64_t number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
}

void books_exec(struct books *books, const char *sql)
{
	must(books, db_exec(books->db, sql, &books->err), sql);
}

uint64_t books_verify(struct books *books, struct table **ret_table)
{
	struct verify_counts counts;
	must(books, verify_run(books->db, books->reference, &counts, ret_table, &books->err),
	     "verify");
	return counts.differences;
}

const char *books_cell(const struct table *table, size_t row, const char *column)
{
	for (size_t i = 0; i < table_columns(table); i++)
		if (strcmp(table_column(table, i), column) == 0)
			return table_cell(table, row, i);
	fail_msg("there is no column %s", column);
	return NULL;
}
