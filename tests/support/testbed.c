#include "support/testbed.h"

#include "common/base/hash.h"
#include "common/model/civil.h"
#include "common/net/wire.h"
#include "common/sys/db.h"
#include "ledger/follow.h"
#include "registry/office_register.h"
#include "registry/successors.h"
#include "registry/units_import.h"
#include "rollup/next.h"
#include "rollup/page.h"
#include "schema/effects.h"
#include "schema/event.h"
#include "schema/reference_version.h"
#include "schema/schema.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An error is a failed test, told in its own words. */
static void must(const struct testbed *testbed, int rc, const char *what)
{
	if (rc < 0)
		fail_msg("%s: %d %s", what, rc, testbed->err.text);
}

#define BEFORE_ALL_US INT64_C(-2208988800000000) /* in 1900 */

static int64_t acts_us = BEFORE_ALL_US;

/* Batches come when a test says so, mostly long ago: an act comes right behind what is in the
 * ledger.
 */
int64_t __wrap_ledger_clock_us(const struct ledger_head *head);
int64_t __wrap_ledger_clock_us(const struct ledger_head *head)
{
	(void)head;
	return acts_us;
}

/* Not always in order. */
int64_t __wrap_entry_time(const struct ledger_head *head, int64_t now_us);
int64_t __wrap_entry_time(const struct ledger_head *head, int64_t now_us)
{
	(void)head;
	return now_us;
}

void testbed_acts_at(int64_t us)
{
	acts_us = us;
}

int64_t testbed_time(struct testbed *testbed)
{
	int64_t at_us = 0;
	must(testbed, event_time(testbed->db, acts_us, &at_us, &testbed->err), "time");
	return at_us;
}

static void connect_db(struct testbed *testbed)
{
	if (!testbed->lent)
		must(testbed, schema_open(testbed->path, false, &testbed->db, &testbed->err),
		     "open");
	if (!testbed->safe)
		testbed_exec(testbed, "PRAGMA synchronous=OFF");
	testbed->ledger = ledger_open(testbed->db, &testbed->err);
	must(testbed, testbed->ledger ? 0 : testbed->err.code, "ledger");
	must(testbed, reference_load(testbed->db, &testbed->reference, &testbed->err), "reference");
}

/* What was changed is an event's. */
void testbed_note(struct testbed *testbed)
{
	bool any = false;
	must(testbed, effects_any(testbed->db, &any, &testbed->err), "effects");
	if (any)
		must(testbed,
		     event_append(testbed->db,
				  &(struct event_form){ .who = "test",
							.kind = "test",
							.at_us = testbed_time(testbed) },
				  NULL, &testbed->err),
		     "note");
}

void testbed_pause(struct testbed *testbed, bool pause)
{
	struct effects *effects = NULL;
	must(testbed, effects_of(testbed->db, &effects, &testbed->err), "effects");
	effects_pause(effects, pause);
}

static void act_end(struct testbed *testbed, const char *kind)
{
	const struct event_form form = { .who = "testbed", .kind = kind };
	must(testbed, event_append(testbed->db, &form, NULL, &testbed->err), kind);
}

static void import_all(struct testbed *testbed, const char *units, const char *catalogue,
		       const char *indicators)
{
	size_t rows;
	bool changed;
	must(testbed, db_begin(testbed->db, &testbed->err), "begin");
	if (units)
		must(testbed, units_import(testbed->db, units, strlen(units), &rows, &testbed->err),
		     "units");
	if (catalogue)
		must(testbed,
		     catalogue_import(testbed->db, catalogue, strlen(catalogue), &changed,
				      &testbed->err),
		     "catalogue");
	if (indicators)
		must(testbed,
		     indicators_import(testbed->db, indicators, strlen(indicators), &changed,
				       &testbed->err),
		     "indicators");
	act_end(testbed, "import");
	must(testbed, db_commit(testbed->db, &testbed->err), "commit");
}

void testbed_open(struct testbed *testbed, const char *units, const char *catalogue,
		  const char *indicators, bool safe)
{
	*testbed = (struct testbed){ .safe = safe };
	acts_us = BEFORE_ALL_US;
	/* the same hours as Asia/Ho_Chi_Minh, but in 1969 too, which the oracle need not know */
	must(testbed, civil_set_zone("Asia/Bangkok", &testbed->err), "zone");
	scratch_make(!safe, testbed->folder);
	(void)snprintf(testbed->path, sizeof(testbed->path), "%s/province.db", testbed->folder);
	connect_db(testbed);
	import_all(testbed, units, catalogue, indicators);
	testbed_refresh(testbed);
}

void testbed_release(struct testbed *testbed)
{
	ledger_close(testbed->ledger);
	reference_close(testbed->reference);
	testbed->ledger = NULL;
	testbed->reference = NULL;
	if (testbed->lent)
		return;
	db_close(testbed->db);
	testbed->db = NULL;
}

void testbed_borrow(struct testbed *testbed, sqlite3 *db)
{
	testbed->db = db;
	testbed->lent = true;
	connect_db(testbed);
}

void testbed_open_at(struct testbed *testbed, const char *path)
{
	*testbed = (struct testbed){ 0 };
	(void)snprintf(testbed->path, sizeof(testbed->path), "%s", path);
	connect_db(testbed);
}

void testbed_reopen(struct testbed *testbed)
{
	testbed_release(testbed);
	connect_db(testbed);
}

void testbed_close(struct testbed *testbed)
{
	testbed_release(testbed);
	scratch_remove(testbed->folder);
}

int64_t testbed_office(struct testbed *testbed, const char *code, const char *unit, int32_t day)
{
	int64_t id = 0;
	must(testbed, office_add(testbed->db, code, code, unit, day, "test", &id, &testbed->err),
	     code);
	return id;
}

void testbed_move(struct testbed *testbed, int64_t office, const char *unit, int32_t day)
{
	sqlite3_stmt *stmt;
	must(testbed,
	     db_prepare(testbed->db,
			"INSERT INTO assignment VALUES(?, ?, ?)"
			" ON CONFLICT DO UPDATE SET unit_code = excluded.unit_code",
			&stmt, &testbed->err),
	     "move");
	sqlite3_bind_int64(stmt, 1, office);
	sqlite3_bind_int(stmt, 2, day);
	sqlite3_bind_text(stmt, 3, unit, -1, SQLITE_STATIC); /* NULL binds an SQL NULL */
	must(testbed, db_run(stmt, &testbed->err), "move");
	sqlite3_finalize(stmt);
	act_end(testbed, "office move");
	must(testbed, reference_changed(testbed->db, &testbed->err), "reference");
}

/* With the reference as it is after the change. */
static void follow(struct testbed *testbed, int64_t at_us)
{
	struct reference *after = NULL;
	struct followed followed;
	must(testbed, reference_load(testbed->db, &after, &testbed->err), "reference");
	must(testbed,
	     ledger_follow(testbed->db, testbed->reference, after, at_us, &followed, &testbed->err),
	     "follow");
	reference_close(after);
}

bool testbed_order_move(struct testbed *testbed, const char *code, const char *unit, int32_t day)
{
	char detail[OFFICE_MOVE_DETAIL_MAX];
	bool changed = false;
	must(testbed, db_begin(testbed->db, &testbed->err), "begin");
	struct event_form form = { .who = "test",
				   .kind = "office move",
				   .detail = detail,
				   .at_us = testbed_time(testbed) };
	int rc = office_reassign(testbed->db, code, unit, day, detail, &changed, &testbed->err);
	if (rc == -EINVAL) {
		db_rollback(testbed->db);
		return false;
	}
	must(testbed, rc, "move");
	if (changed) {
		follow(testbed, form.at_us);
		must(testbed, event_append(testbed->db, &form, NULL, &testbed->err), "event");
	}
	must(testbed, db_commit(testbed->db, &testbed->err), "commit");
	testbed_refresh(testbed);
	return true;
}

static int import(struct testbed *testbed, const char *what, const char *csv, size_t *ret_n)
{
	size_t len = strlen(csv);
	bool changed = false;
	if (strcmp(what, "units") == 0)
		return units_import(testbed->db, csv, len, ret_n, &testbed->err);
	if (strcmp(what, "successors") == 0)
		return successors_import(testbed->db, csv, len, ret_n, &testbed->err);
	int rc = strcmp(what, "catalogue") == 0
			 ? catalogue_import(testbed->db, csv, len, &changed, &testbed->err)
		 : strcmp(what, "dimensions") == 0
			 ? dimensions_import(testbed->db, csv, len, &changed, &testbed->err)
		 : strcmp(what, "rules") == 0
			 ? rules_import(testbed->db, csv, len, &changed, &testbed->err)
		 : strcmp(what, "calendar") == 0
			 ? days_off_import(testbed->db, csv, len, &changed, &testbed->err)
			 : indicators_import(testbed->db, csv, len, &changed, &testbed->err);
	*ret_n = changed;
	return rc;
}

int testbed_order_import(struct testbed *testbed, const char *what, const char *csv)
{
	char kind[32];
	size_t n = 0;
	(void)snprintf(kind, sizeof(kind), "%s import", what); /* fits */
	must(testbed, db_begin(testbed->db, &testbed->err), "begin");
	const struct event_form form = { .who = "test",
					 .kind = kind,
					 .at_us = testbed_time(testbed) };
	int rc = import(testbed, what, csv, &n);
	if (rc < 0) {
		db_rollback(testbed->db);
		return rc;
	}
	if (n > 0) {
		follow(testbed, form.at_us);
		must(testbed, event_append(testbed->db, &form, NULL, &testbed->err), kind);
	}
	must(testbed, db_commit(testbed->db, &testbed->err), "commit");
	testbed_refresh(testbed);
	return 0;
}

bool testbed_order_rename(struct testbed *testbed, const char *code, const char *name)
{
	bool changed = false;
	must(testbed, db_begin(testbed->db, &testbed->err), "begin");
	must(testbed, office_rename(testbed->db, code, name, "test", &changed, &testbed->err),
	     "rename");
	must(testbed, db_commit(testbed->db, &testbed->err), "commit");
	testbed_refresh(testbed);
	return changed;
}

int testbed_order_closing(struct testbed *testbed, bool reopen, const struct closing_form *form)
{
	const struct catalogue *catalogue = testbed->reference->catalogue;
	must(testbed, db_begin(testbed->db, &testbed->err), "begin");
	int rc = reopen ? closing_remove(testbed->db, catalogue, form, &testbed->err)
			: closing_add(testbed->db, catalogue, form, &testbed->err);
	if (rc == 0) {
		testbed_note(testbed);
		must(testbed, db_commit(testbed->db, &testbed->err), "commit");
	} else {
		db_rollback(testbed->db);
	}
	testbed_refresh(testbed);
	return rc;
}

int testbed_order_excuse(struct testbed *testbed, const struct excuse_form *form, int64_t *ret_id)
{
	const struct reference *reference = testbed->reference;
	must(testbed, db_begin(testbed->db, &testbed->err), "begin");
	int rc = excuse_add(testbed->db, reference->catalogue, reference->offices, form, ret_id,
			    &testbed->err);
	if (rc == 0)
		must(testbed, db_commit(testbed->db, &testbed->err), "commit");
	else
		db_rollback(testbed->db);
	testbed_refresh(testbed);
	return rc;
}

int testbed_order_excuse_end(struct testbed *testbed, int64_t id)
{
	must(testbed, db_begin(testbed->db, &testbed->err), "begin");
	int rc = excuse_end(testbed->db, testbed->reference->offices, id, "test", &testbed->err);
	if (rc == 0)
		must(testbed, db_commit(testbed->db, &testbed->err), "commit");
	else
		db_rollback(testbed->db);
	testbed_refresh(testbed);
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

void testbed_order_release(struct testbed *testbed, const struct release_form *form,
			   uint64_t *ret_released, uint64_t *ret_kept)
{
	struct table *table = NULL;
	must(testbed, db_begin(testbed->db, &testbed->err), "begin");
	must(testbed,
	     quarantine_release(testbed->db, testbed->reference, form, &table, &testbed->err),
	     "release");
	must(testbed, db_commit(testbed->db, &testbed->err), "commit");
	*ret_released = head_of(table, "released");
	*ret_kept = head_of(table, "kept");
	table_close(table);
}

void testbed_refresh(struct testbed *testbed)
{
	must(testbed, reference_refresh(testbed->db, &testbed->reference, &testbed->err),
	     "reference");
}

/* --- batches --- */

static uint32_t shape_of(const struct testbed_figure *figure)
{
	return (uint32_t)figure->grain | figure->decimals << 4 | (uint32_t)figure->calendar << 8;
}

static uint32_t number_of(struct testbed_spool *spool, const struct testbed_figure *figure)
{
	for (size_t i = 0; i < spool->n; i++)
		if (strcmp(spool->series[i].metric, figure->metric) == 0 &&
		    strcmp(spool->series[i].labels, figure->labels) == 0 &&
		    spool->series[i].shape == shape_of(figure))
			return (uint32_t)i;
	assert_true(spool->n < TESTBED_SERIES_MAX);
	spool->series[spool->n].metric = figure->metric;
	spool->series[spool->n].labels = figure->labels;
	spool->series[spool->n].shape = shape_of(figure);
	return (uint32_t)spool->n++;
}

struct numbered {
	uint32_t series;
	struct testbed_figure figure;
};

static int numbered_order(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	return (int)x->figure.nth - (int)y->figure.nth;
}

void testbed_seal(struct testbed_spool *spool, int32_t day, struct testbed_figure figures[],
		  size_t n, int64_t received_us, struct testbed_batch *ret_batch)
{
	size_t known = spool->n;
	struct numbered *list = calloc(n, sizeof(*list));
	struct run *runs = calloc(n, sizeof(*runs));
	struct point *points = calloc(n, sizeof(*points));
	struct declaration declared[TESTBED_SERIES_MAX];
	struct batch batch = { .day = day,
			       .runs = runs,
			       .points = points,
			       .n_points = n,
			       .declared = declared,
			       .first_declared = (uint32_t)known,
			       .from_spool = spool->seq == 0 ? spool->from_id : 0,
			       .from_seq = spool->seq == 0 ? spool->from_seq : 0,
			       .sealed_us = received_us };
	const char *authors[WIRE_AUTHORS_MAX];
	struct remark *remarks = calloc(n, sizeof(*remarks));
	batch.authors = authors;
	batch.remarks = remarks;
	assert_true(list && runs && points && remarks && n > 0);
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
		size_t who = 0;
		while (figures[i].author && who < batch.n_authors &&
		       strcmp(authors[who], figures[i].author) != 0)
			who++;
		if (figures[i].author && who == batch.n_authors) {
			assert_true(who < WIRE_AUTHORS_MAX);
			authors[batch.n_authors++] = figures[i].author;
		}
		points[i].author = figures[i].author ? (uint16_t)(who + 1) : 0;
		if (figures[i].note)
			remarks[batch.n_remarks++] =
				(struct remark){ (uint32_t)i, figures[i].note };
	}
	/* Of some days somebody says, too, that all is there, or not after all. */
	bool says = spool->finished || day % 4 == 0;
	struct finishing finished = {
		.grain = GRAIN_DAY, .author = 1, .undone = spool->seq % 3 == 2, .at_us = received_us
	};
	if (says && batch.n_authors == 0)
		authors[batch.n_authors++] = "desk";
	if (spool->finished)
		finished = *spool->finished;
	batch.finished = &finished;
	batch.n_finished = says;
	*ret_batch = (struct testbed_batch){ .office = spool->office,
					     .received_us = received_us,
					     .spool_id = spool->id,
					     .seq = ++spool->seq };
	struct err err = { 0 };
	if (wire_batch_encode(&batch, &ret_batch->payload, &err) < 0)
		fail_msg("seal: %s", err.text);
	free(remarks);
	free(list);
	free(runs);
	free(points);
}

static void on_held(void *context, uint32_t series, uint32_t observations, enum verdict verdict)
{
	(void)series;
	assert_int_not_equal(verdict, VERDICT_OK);
	((struct testbed *)context)->held += observations;
}

static int post(struct testbed *testbed, const struct testbed_batch *batch, enum posting *ret)
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
	return ledger_post(testbed->ledger, &form, on_held, testbed, ret, &upto, &testbed->err);
}

enum posting testbed_post(struct testbed *testbed, const struct testbed_batch *batch)
{
	enum posting posting = POSTING_BAD;
	must(testbed, post(testbed, batch, &posting), "post");
	return posting;
}

void testbed_commit(struct testbed *testbed, const struct testbed_batch batches[], size_t n)
{
	must(testbed, testbed_try_commit(testbed, batches, n), "commit");
}

int testbed_try_commit(struct testbed *testbed, const struct testbed_batch batches[], size_t n)
{
	enum posting posting;
	int rc = db_begin(testbed->db, &testbed->err);
	if (rc < 0)
		return rc;
	ledger_begin(testbed->ledger, testbed->reference);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = post(testbed, &batches[i], &posting);
		if (rc == 0 && posting != POSTED)
			fail_msg("batch %zu: posting %d: %s", i, (int)posting, testbed->err.text);
	}
	if (rc == 0)
		rc = ledger_finish(testbed->ledger, &testbed->err);
	if (rc == 0)
		rc = db_commit(testbed->db, &testbed->err);
	else
		db_rollback(testbed->db);
	if (rc < 0)
		ledger_forget(testbed->ledger);
	return rc;
}

int testbed_order_hand(struct testbed *testbed, const struct hand_form *form,
		       struct table **ret_table)
{
	struct table *table = NULL;
	int rc = db_begin(testbed->db, &testbed->err);
	if (rc < 0)
		return rc;
	ledger_begin(testbed->ledger, testbed->reference);
	rc = hand_record(testbed->ledger, testbed->db, testbed->reference, form, &table,
			 &testbed->err);
	if (rc == 0)
		rc = db_commit(testbed->db, &testbed->err);
	else
		db_rollback(testbed->db);
	if (rc < 0)
		ledger_forget(testbed->ledger);
	if (rc < 0 || !ret_table)
		table_close(table);
	else
		*ret_table = table;
	return rc;
}

void testbed_record(struct testbed *testbed, struct testbed_spool *spool, const char *metric,
		    const char *labels, const char *period, int64_t value_e, unsigned decimals)
{
	struct period parsed;
	const struct metric *known = catalogue_find(testbed->reference->catalogue, metric);
	struct testbed_figure figure = { .metric = metric, .labels = labels, .value_e = value_e };
	struct testbed_batch batch;
	assert_non_null(known);
	must(testbed, period_parse(period, known->calendar, &parsed, &testbed->err), period);
	figure.grain = parsed.grain;
	figure.calendar = known->calendar;
	figure.decimals = decimals;
	figure.nth = (uint16_t)period_nth(parsed);
	int32_t day = period_first_day(parsed);
	testbed_seal(spool, day, &figure, 1, civil_day_start_us(period_end_day(parsed)), &batch);
	testbed_commit(testbed, &batch, 1);
	blob_free(&batch.payload);
}

/* --- looking --- */

static int by_series(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return (x->series > y->series) - (x->series < y->series);
}

/* The page with series called by their names: which number one has is told by who came first. */
static void page_append(struct testbed *testbed, sqlite3_stmt *named, const void *data, size_t len,
			struct blob *out)
{
	struct page page;
	if (page_decode(data, len, &page, &testbed->err) < 0) {
		assert_int_equal(blob_append(out, data, len), 0);
		return;
	}
	for (size_t i = 0; i < page.n; i++) {
		sqlite3_bind_int64(named, 1, page.entries[i].series);
		if (db_step(named, &testbed->err) == 1)
			page.entries[i].series = hash_text(
				hash_text(HASH_START, (const char *)sqlite3_column_text(named, 0)),
				(const char *)sqlite3_column_text(named, 1));
		sqlite3_reset(named);
	}
	if (page.n > 0)
		qsort(page.entries, page.n, sizeof(page.entries[0]), by_series);
	assert_int_equal(page_encode(&page, out), 0);
	page_free(&page);
}

void testbed_rollups(struct testbed *testbed, struct blob *ret)
{
	sqlite3_stmt *named;
	sqlite3_stmt *rows;
	char sql[96];
	const char *in_force;
	*ret = (struct blob){ 0 };
	must(testbed, next_in_force(testbed->db, &in_force, &testbed->err), "rollups");
	(void)snprintf(sql, sizeof(sql),
		       "SELECT grain, bucket, node, page FROM %s ORDER BY 1, 2, 3", in_force);
	must(testbed, db_prepare(testbed->db, sql, &rows, &testbed->err), "rollups");
	must(testbed,
	     db_prepare(testbed->db, "SELECT metric, key FROM series WHERE id = ?", &named,
			&testbed->err),
	     "series");
	while (db_step(rows, &testbed->err) == 1) {
		int64_t key[3] = { sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1),
				   sqlite3_column_int64(rows, 2) };
		assert_int_equal(blob_append(ret, key, sizeof(key)), 0);
		page_append(testbed, named, sqlite3_column_blob(rows, 3),
			    (size_t)sqlite3_column_bytes(rows, 3), ret);
	}
	sqlite3_finalize(named);
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

void testbed_dump(sqlite3 *db, struct blob *ret)
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
		const char *name = (const char *)sqlite3_column_text(tables, 1);
		(void)snprintf(sql, sizeof(sql), "SELECT * FROM %s%s", name,
			       strcmp(name, "fact") == 0 ? " WHERE name != 'epoch'" : "");
		assert_int_equal(db_prepare(db, sql, &rows, &err), 0);
		while (db_step(rows, &err) == 1)
			row_dump(rows, ret);
		sqlite3_finalize(rows);
	}
	sqlite3_finalize(tables);
	assert_int_equal(err.code, 0);
}

int64_t testbed_number(struct testbed *testbed, const char *sql)
{
	sqlite3_stmt *stmt;
	must(testbed, db_prepare(testbed->db, sql, &stmt, &testbed->err), sql);
	if (db_step(stmt, &testbed->err) != 1)
		fail_msg("no row: %s", sql);
	int64_t number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
}

void testbed_exec(struct testbed *testbed, const char *sql)
{
	must(testbed, db_exec(testbed->db, sql, &testbed->err), sql);
}

int verify_run(sqlite3 *db, const struct reference *reference, struct verify_counts *ret_counts,
	       struct table **ret_table, struct err *err)
{
	struct verify *verify = verify_open(NULL, err);
	int rc = verify ? 1 : err->code;
	while (rc == 1)
		rc = verify_step(verify, db, reference, err);
	if (rc == 0) {
		*ret_counts = verify_progress(verify).counts;
		*ret_table = verify_table_take(verify);
	}
	verify_close(verify);
	return rc;
}

uint64_t testbed_verify(struct testbed *testbed, struct table **ret_table)
{
	struct verify_counts counts;
	must(testbed,
	     verify_run(testbed->db, testbed->reference, &counts, ret_table, &testbed->err),
	     "verify");
	return counts.differences;
}

const char *testbed_cell(const struct table *table, size_t row, const char *column)
{
	for (size_t i = 0; i < table_columns(table); i++)
		if (strcmp(table_column(table, i), column) == 0)
			return table_cell(table, row, i);
	fail_msg("there is no column %s", column);
	return NULL;
}
