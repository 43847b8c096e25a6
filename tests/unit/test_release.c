/* Closed periods and the way out of quarantine, case by case; test_fold and test_query hold them
 * against an oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "common/net/wire.h"
#include "journal/quarantine.h"
#include "ledger/follow.h"
#include "query/query.h"
#include "schema/event.h"
#include "support/fault.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max,calendar\n"                                                        \
	"d,x,x,x,flow,sum,sum,day,,0,0,commune,1,,%s,\n"                                           \
	"h,x,x,x,flow,sum,sum,hour,,0,0,commune,1,,100,\n"                                         \
	"w,x,x,x,flow,sum,sum,week,,0,0,commune,1,,,\n"                                            \
	"m,x,x,x,flow,sum,sum,month,,0,0,commune,1,,,\n"                                           \
	"r,x,x,x,flow,sum,sum,month,,0,0,commune,1,,,report\n"

struct fixture {
	struct testbed testbed;
	struct testbed_spool spool;
	int64_t now_us; /* 2026-03-01 */
};

static int32_t day(const char *text)
{
	int32_t number = 0;
	assert_int_equal(day_parse(text, &number, &(struct err){ 0 }), 0);
	return number;
}

static void import_catalogue(struct fixture *f, const char *max_of_d)
{
	char text[1024];
	bool changed;
	(void)snprintf(text, sizeof(text), METRICS, max_of_d);
	assert_int_equal(
		catalogue_import(f->testbed.db, text, strlen(text), &changed, &f->testbed.err), 0);
	testbed_note(&f->testbed);
	testbed_refresh(&f->testbed);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f)
		return -1;
	testbed_open(&f->testbed, UNITS, NULL, NULL, false);
	import_catalogue(f, "");
	f->spool = (struct testbed_spool){ .id = 7 };
	f->spool.office = testbed_office(&f->testbed, "o", "C", day("2025-01-01"));
	testbed_refresh(&f->testbed);
	f->now_us = civil_day_start_us(day("2026-03-01"));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static int order(struct fixture *f, bool reopen, const char *period, const char *metric,
		 const char *calendar)
{
	const struct closing_form form = { .period = period,
					   .metric = metric,
					   .calendar = calendar,
					   .who = "me",
					   .at_us = f->now_us };
	return testbed_order_closing(&f->testbed, reopen, &form);
}

static void record(struct fixture *f, const char *metric, const char *period, int64_t value)
{
	testbed_record(&f->testbed, &f->spool, metric, "", period, value, 0);
}

/* Is a figure of the period let in? */
static bool counts(struct fixture *f, const char *metric, const char *period)
{
	uint32_t held = f->testbed.held;
	record(f, metric, period, 1);
	return f->testbed.held == held;
}

static const char *value(struct fixture *f, const char *metric, const char *period,
			 const char *known)
{
	static char text[64];
	struct table *table = NULL;
	const struct query query = { .name = metric,
				     .from = period,
				     .to = period,
				     .per = strcmp(metric, "h") == 0 ? "day" : NULL,
				     .known = known };
	if (query_run(f->testbed.db, f->testbed.reference, &query, &table, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	const char *cell = table_rows(table) ? testbed_cell(table, 0, "value") : NULL;
	(void)snprintf(text, sizeof(text), "%s", cell ? cell : "null");
	table_close(table);
	return text;
}

/* "released/kept" */
static const char *let_in(struct fixture *f, struct release_form form)
{
	static char text[64];
	uint64_t released, kept;
	form.who = "me";
	form.at_us = form.at_us ? form.at_us : f->now_us;
	testbed_order_release(&f->testbed, &form, &released, &kept);
	(void)snprintf(text, sizeof(text), "%d/%d", (int)released, (int)kept);
	return text;
}

static int64_t audited(struct fixture *f, const char *what, const char *detail)
{
	char sql[512];
	(void)snprintf(sql, sizeof(sql),
		       "SELECT count(*) FROM audit WHERE who = 'me' AND what = '%s' AND detail = "
		       "'%s'",
		       what, detail);
	return testbed_number(&f->testbed, sql);
}

static void assert_clean(struct fixture *f)
{
	struct table *table;
	if (testbed_verify(&f->testbed, &table) > 0)
		fail_msg("%s: %s", testbed_cell(table, 0, "what"), testbed_cell(table, 0, "where"));
	table_close(table);
}

static void what_lies_whole_in_a_closed_period_waits(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(order(f, false, "2025-06", NULL, NULL), 0);
	assert_true(counts(f, "d", "2025-05-31"));
	assert_false(counts(f, "d", "2025-06-01"));
	assert_false(counts(f, "d", "2025-06-30"));
	assert_true(counts(f, "d", "2025-07-01"));
	assert_false(counts(f, "h", "2025-06-30T23"));
	assert_true(counts(f, "h", "2025-07-01T00"));
	assert_false(counts(f, "m", "2025-06"));
	assert_true(counts(f, "m", "2025-07"));
	assert_true(counts(f, "r", "2025-06"));  /* 15 May to 14 June */
	assert_true(counts(f, "w", "2025-W22")); /* 26 May to 1 June */
	assert_false(counts(f, "w", "2025-W23"));
	assert_clean(f);
}

static void a_period_is_closed_for_one_metric_in_its_own_calendar(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(order(f, false, "2025-06", "r", NULL), 0);
	assert_false(counts(f, "r", "2025-06"));
	assert_true(counts(f, "d", "2025-06-01"));
	assert_int_equal(order(f, false, "2025-S1", "d", "report"), 0); /* until 14 June */
	assert_false(counts(f, "d", "2025-06-14"));
	assert_true(counts(f, "d", "2025-06-15"));
	assert_int_equal(audited(f, "close", "period=2025-S1 calendar=report metric=d"), 1);
	struct table *table = NULL;
	assert_int_equal(closings_list(f->testbed.reference->closings, &table, &f->testbed.err), 0);
	assert_int_equal(table_rows(table), 2);
	assert_string_equal(testbed_cell(table, 0, "period"), "2025-S1");
	assert_string_equal(testbed_cell(table, 0, "calendar"), "report");
	assert_string_equal(testbed_cell(table, 0, "metric"), "d");
	assert_string_equal(testbed_cell(table, 0, "at"), "2026-03-01T00:00:00+07:00");
	assert_string_equal(testbed_cell(table, 0, "who"), "me");
	table_close(table);
}

static void what_cannot_be_closed_is_told_why(void **state)
{
	struct fixture *f = *state;
	const char *text = f->testbed.err.text;
	assert_int_equal(order(f, false, "2026-03", NULL, NULL), -EINVAL);
	assert_string_equal(text, "2026-03 is not over: its last day is 2026-03-31; close it after "
				  "that day");
	assert_int_equal(order(f, false, "2026-03-01", NULL, NULL), -EINVAL); /* today */
	assert_int_equal(order(f, false, "2026-02", NULL, NULL), 0);
	assert_int_equal(order(f, false, "2026-02", NULL, NULL), -EEXIST);
	assert_string_equal(text, "2026-02 is closed already; `lantoa closed` lists them");
	assert_int_equal(order(f, false, "2025-06-30T14", NULL, NULL), -EINVAL);
	assert_string_equal(text,
			    "'2025-06-30T14' is shorter than a day; close the day, or longer");
	assert_int_equal(order(f, false, "soon", NULL, NULL), -EINVAL);
	assert_int_equal(order(f, false, "2025", "nope", NULL), -EINVAL);
	assert_int_equal(order(f, false, "2025", NULL, "lunar"), -EINVAL);
	assert_int_equal(order(f, true, "2026-02", "d", NULL), -ENOENT);
	assert_int_equal(order(f, true, "2026-02", NULL, "report"), -ENOENT);
	assert_int_equal(order(f, true, "2026-02", NULL, NULL), 0);
	assert_int_equal(order(f, true, "2026-02", NULL, NULL), -ENOENT);
	assert_int_equal(audited(f, "reopen", "period=2026-02 calendar=civil metric=-"), 1);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM audit WHERE who = 'me'"),
			 2);
}

static void an_operator_lets_in_what_came_late(void **state)
{
	struct fixture *f = *state;
	record(f, "d", "2025-06-02", 5);
	assert_int_equal(order(f, false, "2025-06", NULL, NULL), 0);
	record(f, "d", "2025-06-02", 7); /* a correction */
	record(f, "d", "2025-06-03", 9); /* a first report */
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "5");
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "0/2");
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "5");
	assert_string_equal(let_in(f, (struct release_form){ .entry = 2, .closed = true }), "1/0");
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "7");
	assert_string_equal(value(f, "d", "2025-06-02", "2026-02-28"), "5"); /* as known before */
	assert_string_equal(value(f, "d", "2025-06-02", "2026-03-01"), "7");
	assert_int_equal(
		audited(f, "quarantine release",
			"entry=2 office=- metric=- closed=yes older_copy=no released=1 kept=0"),
		1);
	assert_int_equal(order(f, true, "2025-06", NULL, NULL), 0);
	assert_string_equal(value(f, "d", "2025-06-03", NULL), "null"); /* it still waits */
	assert_string_equal(let_in(f, (struct release_form){ .metric = "d" }), "1/0");
	assert_string_equal(value(f, "d", "2025-06-03", NULL), "9");
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "0/0");
	assert_clean(f);
}

static void only_what_fits_the_order_is_judged(void **state)
{
	struct fixture *f = *state;
	struct err err = { 0 };
	struct table *table = NULL;
	assert_int_equal(order(f, false, "2025", NULL, NULL), 0);
	record(f, "d", "2025-06-02", 5);
	record(f, "m", "2025-06", 5);
	assert_int_equal(order(f, true, "2025", NULL, NULL), 0);
	assert_string_equal(let_in(f, (struct release_form){ .metric = "h" }), "0/0");
	assert_string_equal(let_in(f, (struct release_form){ .entry = 2, .metric = "d" }), "0/0");
	assert_string_equal(let_in(f, (struct release_form){ .entry = 2, .metric = "m" }), "1/0");
	assert_string_equal(let_in(f, (struct release_form){ .office = "o" }), "1/0");
	const struct release_form nobody = { .office = "x", .who = "me", .at_us = f->now_us };
	assert_int_equal(
		quarantine_release(f->testbed.db, f->testbed.reference, &nobody, &table, &err),
		-ENOENT);
	assert_string_equal(err.text, "there is no office 'x'; `lantoa office list` shows them");
}

/* A run of three hours, held because the office had no unit: one value is too large anyhow. */
static void of_a_held_run_only_what_may_not_count_stays(void **state)
{
	struct fixture *f = *state;
	struct testbed_figure hours[] = {
		{ .metric = "h", .labels = "", .grain = GRAIN_HOUR, .nth = 1, .value_e = 10 },
		{ .metric = "h", .labels = "", .grain = GRAIN_HOUR, .nth = 2, .value_e = 1000 },
		{ .metric = "h", .labels = "", .grain = GRAIN_HOUR, .nth = 3, .value_e = 30 },
	};
	struct testbed_batch batch;
	struct table *table = NULL;
	testbed_seal(&f->spool, day("2024-12-30"), hours, 3, f->now_us - 1000000, &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "0/3");
	assert_true(testbed_order_move(&f->testbed, "o", "C", day("2024-12-01")));
	assert_string_equal(value(f, "h", "2024-12-30", NULL), "null");
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "2/1");
	assert_string_equal(value(f, "h", "2024-12-30", NULL), "40");
	assert_int_equal(quarantine_list(f->testbed.db, f->testbed.reference, 9, NULL, &table,
					 &f->testbed.err),
			 0);
	assert_int_equal(table_rows(table), 1);
	assert_string_equal(testbed_cell(table, 0, "period"), "2024-12-30T02");
	assert_string_equal(testbed_cell(table, 0, "value"), "1000");
	assert_string_equal(testbed_cell(table, 0, "reason"), verdict_text(VERDICT_OUT_OF_RANGE));
	table_close(table);
	assert_string_equal(let_in(f, (struct release_form){ .closed = true }), "0/1");
	assert_clean(f);
}

static unsigned decoded;

int __real_wire_batch_decode(struct arena *arena, const uint8_t *payload, size_t len,
			     struct batch *ret_batch, struct err *err);
int __wrap_wire_batch_decode(struct arena *arena, const uint8_t *payload, size_t len,
			     struct batch *ret_batch, struct err *err);

int __wrap_wire_batch_decode(struct arena *arena, const uint8_t *payload, size_t len,
			     struct batch *ret_batch, struct err *err)
{
	decoded++;
	return __real_wire_batch_decode(arena, payload, len, ret_batch, err);
}

/* Three offices have three days held; an entry of one cannot be read. The others are let in. */
static void an_entry_that_cannot_be_read_keeps_its_offices_day_alone(void **state)
{
	struct fixture *f = *state;
	struct testbed_spool spools[] = {
		{ .office = f->spool.office, .id = 70 },
		{ .office = testbed_office(&f->testbed, "p", "C", day("2020-01-01")), .id = 71 },
		{ .office = testbed_office(&f->testbed, "q", "C", day("2020-01-01")), .id = 72 },
	};
	static const char *const days[] = { "2025-06-02", "2025-06-03", "2025-06-04" };
	struct table *table = NULL;
	import_catalogue(f, "5");
	for (int i = 0; i < 9; i++)
		testbed_record(&f->testbed, &spools[i % 3], "d", "", days[i / 3], 10 + i, 0);
	import_catalogue(f, "500");
	testbed_exec(&f->testbed,
		     "CREATE TABLE saved AS SELECT id, payload FROM journal WHERE day ="
		     " 20242 AND office = (SELECT id FROM office WHERE code = 'p')");
	testbed_exec(&f->testbed, "UPDATE journal SET payload = x'00ff' WHERE id IN (SELECT id FROM"
				  " saved)");
	assert_int_equal(sqlite3_changes(f->testbed.db), 1);

	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	const struct release_form all = { .who = "me", .at_us = f->now_us };
	assert_int_equal(quarantine_release(f->testbed.db, f->testbed.reference, &all, &table,
					    &f->testbed.err),
			 0);
	assert_int_equal(db_commit(f->testbed.db, &f->testbed.err), 0);
	struct blob json = { 0 };
	assert_int_equal(table_json(table, &json), 0);
	assert_int_equal(blob_append(&json, "", 1), 0);
	assert_non_null(strstr((const char *)json.data, "\"released\": 8"));
	assert_non_null(strstr((const char *)json.data, "\"kept\": 1"));
	assert_non_null(strstr((const char *)json.data, "office p for 2025-06-03 cannot be read "
							"(journal entry 5: "));
	assert_non_null(strstr((const char *)json.data, "1 offices' days"));
	blob_free(&json);
	assert_int_equal(table_rows(table), 1);
	table_close(table);
	assert_int_equal(testbed_number(&f->testbed,
					"SELECT count(*) FROM quarantine WHERE released_us"
					" IS NULL AND verdict = 9"),
			 1);
	assert_int_equal(testbed_number(&f->testbed,
					"SELECT count(*) FROM audit WHERE what = 'damaged day left"
					" out' AND detail LIKE 'office=p day=2025-06-03 cause=%'"),
			 1);
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "33");
	assert_string_equal(value(f, "d", "2025-06-03", NULL), "28");
	assert_string_equal(value(f, "d", "2025-06-04", NULL), "51");

	testbed_exec(&f->testbed,
		     "UPDATE journal SET payload = (SELECT payload FROM saved) WHERE id IN"
		     " (SELECT id FROM saved)");
	testbed_exec(&f->testbed, "DROP TABLE saved");
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "1/0");
	assert_string_equal(value(f, "d", "2025-06-03", NULL), "42");
	assert_clean(f);
}

/* A clock that was put back gives a time once more: the page is damaged in between. */
static void two_releases_at_one_time_are_told_apart(void **state)
{
	struct fixture *f = *state;
	import_catalogue(f, "5");
	record(f, "d", "2025-06-02", 10);
	record(f, "d", "2025-06-02", 100);
	import_catalogue(f, "50");
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "1/1");
	import_catalogue(f, "500");
	testbed_exec(&f->testbed, "UPDATE rollup SET page = x'ff'");
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "1/0");
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "100");
	assert_clean(f);
}

/* A batch may be held by a row for each of its points: 20 seconds, when each of them decoded it. */
static void the_list_decodes_each_entry_once(void **state)
{
	struct fixture *f = *state;
	struct testbed_figure hours[24];
	struct table *table = NULL;
	for (int i = 0; i < 24; i++) /* every other one is over the metric's 100 */
		hours[i] = (struct testbed_figure){ .metric = "h",
						    .labels = "",
						    .grain = GRAIN_HOUR,
						    .nth = (uint16_t)i,
						    .value_e = i % 2 ? 1000 + i : i };
	for (int32_t n = 0; n < 3; n++) {
		struct testbed_batch batch;
		testbed_seal(&f->spool, day("2025-06-01") + n, hours, 24, f->now_us - 1000000,
			     &batch);
		testbed_commit(&f->testbed, &batch, 1);
		blob_free(&batch.payload);
	}
	decoded = 0;
	assert_int_equal(quarantine_list(f->testbed.db, f->testbed.reference, 30, NULL, &table,
					 &f->testbed.err),
			 0);
	assert_int_equal(table_rows(table), 30);
	assert_string_equal(testbed_cell(table, 0, "value"), "1001");
	assert_string_equal(testbed_cell(table, 11, "period"), "2025-06-03T23");
	assert_string_equal(testbed_cell(table, 12, "period"), "2025-06-02T01");
	assert_string_equal(testbed_cell(table, 29, "value"), "1011"); /* of the oldest */
	assert_int_equal(decoded, 3);
	table_close(table);
}

static void a_mended_catalogue_lets_in_what_it_kept_out(void **state)
{
	struct fixture *f = *state;
	import_catalogue(f, "6");
	record(f, "d", "2025-06-02", 5);
	record(f, "d", "2025-06-02", 9);
	record(f, "d", "2025-06-02", 6);
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "0/1");
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "6");
	import_catalogue(f, "9");
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "1/0");
	/* as if it had counted from the start: 5, 9, 6 */
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "6");
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM rollup"), 3);
	assert_clean(f);
}

static int64_t rows_held(struct fixture *f)
{
	int64_t waiting = testbed_number(
		&f->testbed, "SELECT count(*) FROM quarantine WHERE released_us IS NULL");
	/* what the limit goes by */
	assert_int_equal(testbed_number(&f->testbed, "SELECT coalesce(sum(n), 0) FROM held"),
			 waiting);
	return waiting;
}

static const char *hours_held(struct fixture *f)
{
	static char text[256];
	sqlite3_stmt *rows;
	*text = '\0';
	assert_int_equal(db_prepare(f->testbed.db,
				    "SELECT point, observations, released_us IS NULL"
				    " FROM quarantine WHERE point >= 0 ORDER BY journal, point",
				    &rows, &f->testbed.err),
			 0);
	while (db_step(rows, &f->testbed.err) == 1) {
		size_t len = strlen(text);
		(void)snprintf(text + len, sizeof(text) - len, "%s%d+%d",
			       sqlite3_column_int(rows, 2) ? " " : " let in ",
			       sqlite3_column_int(rows, 0), sqlite3_column_int(rows, 1));
	}
	sqlite3_finalize(rows);
	return text;
}

static void record_hours(struct fixture *f, const char *date, const int64_t values[], size_t n)
{
	struct testbed_figure hours[24];
	struct testbed_batch batch;
	for (size_t i = 0; i < n; i++)
		hours[i] = (struct testbed_figure){ .metric = "h",
						    .labels = "",
						    .grain = GRAIN_HOUR,
						    .nth = (uint16_t)(i + 1),
						    .value_e = values[i] };
	testbed_seal(&f->spool, day(date), hours, n, f->now_us - 1000000, &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
}

static void import_max_of_hours(struct fixture *f, const char *max)
{
	char text[1024];
	bool changed;
	char *at;
	(void)snprintf(text, sizeof(text), METRICS, "");
	at = strstr(text, ",,100,");
	assert_non_null(at);
	assert_int_equal(strlen(max), 3);
	memcpy(at + 2, max, 3);
	assert_int_equal(
		catalogue_import(f->testbed.db, text, strlen(text), &changed, &f->testbed.err), 0);
	testbed_note(&f->testbed);
	testbed_refresh(&f->testbed);
}

/* Values that follow one another and cannot count for one reason are one row; when some of them are
 * let in later, it is told for each when that was. */
static void values_held_for_one_reason_are_one_row_and_part_as_they_are_let_in(void **state)
{
	struct fixture *f = *state;
	const int64_t values[] = { 1, 200, 400, 300, 500, 200, 7, 900, 8, 600, 200 };
	record_hours(f, "2025-06-02", values, sizeof(values) / sizeof(values[0]));
	assert_string_equal(hours_held(f), " 1+5 7+1 9+2");
	assert_int_equal(rows_held(f), 3);
	assert_int_equal(f->testbed.held, 8);
	assert_string_equal(value(f, "h", "2025-06-02", NULL), "16");
	import_max_of_hours(f, "300");
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "4/4");
	assert_string_equal(hours_held(f),
			    " let in 1+1 2+1 let in 3+1 4+1 let in 5+1 7+1 9+1 let in 10+1");
	assert_int_equal(rows_held(f), 4);
	assert_string_equal(value(f, "h", "2025-06-02", NULL), "916");
	assert_string_equal(value(f, "h", "2025-06-02", "2026-02-28"), "16"); /* as known before */
	assert_clean(f);
	import_max_of_hours(f, "900");
	assert_string_equal(
		let_in(f, (struct release_form){ .at_us = f->now_us + INT64_C(86400000000) }),
		"4/0");
	assert_int_equal(rows_held(f), 0);
	assert_string_equal(value(f, "h", "2025-06-02", NULL), "3316");
	assert_string_equal(value(f, "h", "2025-06-02", "2026-03-01"), "916");
	assert_clean(f);
}

static uint64_t review(struct fixture *f);

/* A reviewer finds some held already, some let in, some counted so far. */
static void what_a_review_holds_joins_what_is_held(void **state)
{
	struct fixture *f = *state;
	const int64_t values[] = { 50, 200, 400, 30, 60, 70 };
	record_hours(f, "2025-06-02", values, sizeof(values) / sizeof(values[0]));
	assert_string_equal(hours_held(f), " 1+2");
	import_max_of_hours(f, "250");
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "1/1");
	assert_string_equal(hours_held(f), " let in 1+1 2+1");
	import_max_of_hours(f, "040");
	assert_int_equal(review(f), 4); /* 50, 200 again, 60, 70 */
	assert_string_equal(hours_held(f), " 0+2 2+1 4+2");
	assert_int_equal(rows_held(f), 3); /* as they are held since two instants */
	assert_string_equal(value(f, "h", "2025-06-02", NULL), "30");
	assert_int_equal(review(f), 0);
	assert_clean(f);
	import_max_of_hours(f, "999");
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "5/0");
	assert_string_equal(value(f, "h", "2025-06-02", NULL), "810");
	assert_clean(f);
}

/* The worst that a run can be: half of a day's minutes, each held by itself. */
static void a_run_of_which_every_second_value_is_held_is_let_in_at_once(void **state)
{
	struct fixture *f = *state;
	int64_t values[24];
	for (size_t i = 0; i < 23; i++)
		values[i] = i % 2 ? 1 : 101 + (int64_t)i;
	record_hours(f, "2025-06-02", values, 23);
	assert_int_equal(rows_held(f), 12);
	import_max_of_hours(f, "999");
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "12/0");
	assert_int_equal(rows_held(f), 0);
	assert_clean(f);
}

/* As after an import. */
static uint64_t review(struct fixture *f)
{
	struct followed followed;
	struct testbed *testbed = &f->testbed;
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	const struct event_form form = { .who = "me",
					 .kind = "catalogue import",
					 .at_us = testbed_time(testbed) };
	assert_int_equal(ledger_follow_whole(testbed->db, testbed->reference, form.at_us, &followed,
					     &testbed->err),
			 0);
	assert_int_equal(event_append(testbed->db, &form, NULL, &testbed->err), 0);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	return followed.held;
}

static void what_a_new_catalogue_keeps_out_is_held_and_not_lost(void **state)
{
	struct fixture *f = *state;
	record(f, "d", "2025-06-02", 5);
	record(f, "d", "2025-06-03", 2);
	import_catalogue(f, "4");
	assert_int_equal(review(f), 1);
	assert_int_equal(review(f), 0); /* once */
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "null");
	assert_string_equal(value(f, "d", "2025-06-03", NULL), "2");
	assert_clean(f);
	import_catalogue(f, "");
	assert_int_equal(review(f), 0);
	assert_string_equal(let_in(f, (struct release_form){ 0 }), "1/0");
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "5");
	import_catalogue(f, "4"); /* what was let in once is held again */
	assert_int_equal(review(f), 1);
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "null");
	assert_clean(f);
}

static void an_office_without_a_unit_has_its_figures_held(void **state)
{
	struct fixture *f = *state;
	record(f, "d", "2025-06-02", 5);
	record(f, "d", "2025-06-03", 2);
	testbed_move(&f->testbed, f->spool.office, NULL, day("2025-06-03"));
	testbed_refresh(&f->testbed);
	assert_int_equal(review(f), 1);
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "5");
	assert_int_equal(
		testbed_number(&f->testbed, "SELECT count(*) FROM quarantine WHERE verdict = 7"),
		1);
	assert_clean(f);
}

static void a_figure_of_the_future_is_let_in_when_its_day_has_come(void **state)
{
	struct fixture *f = *state;
	struct testbed_figure figure = {
		.metric = "d", .labels = "", .grain = GRAIN_DAY, .value_e = 4
	};
	struct testbed_batch batch;
	int64_t soon_us = civil_day_start_us(day("2026-03-07"));
	testbed_seal(&f->spool, day("2026-03-09"), &figure, 1, f->now_us, &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
	assert_string_equal(let_in(f, (struct release_form){ .at_us = soon_us }), "0/1");
	soon_us = civil_day_start_us(day("2026-03-08"));
	assert_string_equal(let_in(f, (struct release_form){ .at_us = soon_us }), "1/0");
	assert_string_equal(value(f, "d", "2026-03-09", NULL), "4");
	assert_clean(f);
}

/* Whatever memory is refused, a release is all or nothing. */
static void a_release_that_fails_changes_nothing(void **state)
{
	struct fixture *f = *state;
	const struct release_form form = { .closed = true, .who = "me", .at_us = f->now_us };
	assert_int_equal(order(f, false, "2025", NULL, NULL), 0);
	record(f, "d", "2025-06-02", 5);
	record(f, "h", "2025-06-02T05", 5);
	for (unsigned after = 0;; after++) {
		struct table *table = NULL;
		struct err err = { 0 };
		assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
		fault_arm_at(FAULT_MEMORY, after);
		int rc = quarantine_release(f->testbed.db, f->testbed.reference, &form, &table,
					    &err);
		bool fired = fault_disarm();
		if (rc == 0) {
			assert_int_equal(db_commit(f->testbed.db, &f->testbed.err), 0);
			table_close(table);
			if (fired)
				fail_msg("refused memory, and nobody said so");
			break;
		}
		assert_int_equal(rc, -ENOMEM);
		db_rollback(f->testbed.db);
		assert_string_equal(value(f, "d", "2025-06-02", NULL), "null");
	}
	assert_string_equal(value(f, "d", "2025-06-02", NULL), "5");
	assert_clean(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_lies_whole_in_a_closed_period_waits),
		TEST(a_period_is_closed_for_one_metric_in_its_own_calendar),
		TEST(what_cannot_be_closed_is_told_why),
		TEST(an_operator_lets_in_what_came_late),
		TEST(only_what_fits_the_order_is_judged),
		TEST(of_a_held_run_only_what_may_not_count_stays),
		TEST(an_entry_that_cannot_be_read_keeps_its_offices_day_alone),
		TEST(two_releases_at_one_time_are_told_apart),
		TEST(the_list_decodes_each_entry_once),
		TEST(values_held_for_one_reason_are_one_row_and_part_as_they_are_let_in),
		TEST(what_a_review_holds_joins_what_is_held),
		TEST(a_run_of_which_every_second_value_is_held_is_let_in_at_once),
		TEST(a_mended_catalogue_lets_in_what_it_kept_out),
		TEST(what_a_new_catalogue_keeps_out_is_held_and_not_lost),
		TEST(an_office_without_a_unit_has_its_figures_held),
		TEST(a_figure_of_the_future_is_let_in_when_its_day_has_come),
		TEST(a_release_that_fails_changes_nothing),
	};
	return cmocka_run_group_tests_name("release", tests, NULL, NULL);
}
