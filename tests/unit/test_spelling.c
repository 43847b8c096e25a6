/* Labels that differ in how they are typed alone name one series, from an event of the ledger on.
 * Random histories of it are held against an oracle by test_fold, test_query and test_known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "query/label_list.h"
#include "query/query.h"
#include "registry/units_import.h"
#include "schema/effects.h"
#include "schema/event.h"
#include "support/testbed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"d,x,x,x,flow,sum,sum,day,sector;topic,0,0,commune,1,,\n"                                  \
	"n,x,x,x,flow,sum,sum,day,,0,0,commune,1,,\n"
#define LISTS "dimension,code,label_vi,label_en,valid_from,valid_to\n"

struct fixture {
	struct testbed testbed;
	struct testbed_spool a, b;
};

static int32_t day_of(const char *text)
{
	int32_t day = 0;
	assert_int_equal(day_parse(text, &day, &(struct err){ 0 }), 0);
	return day;
}

static void begin(struct fixture *f, const char *units, const char *metrics)
{
	testbed_open(&f->testbed, units, metrics, NULL, false);
}

static void import(struct fixture *f, const char *what, const char *csv)
{
	if (testbed_order_import(&f->testbed, what, csv) < 0)
		fail_msg("%s", f->testbed.err.text);
}

static void offices(struct fixture *f)
{
	f->a = (struct testbed_spool){ .id = 7 };
	f->b = (struct testbed_spool){ .id = 8 };
	f->a.office = testbed_office(&f->testbed, "a", "C", day_of("2025-01-01"));
	f->b.office = testbed_office(&f->testbed, "b", "C", day_of("2025-01-01"));
	testbed_refresh(&f->testbed);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f)
		return -1;
	begin(f, UNITS, METRICS);
	offices(f);
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

static void record(struct fixture *f, struct testbed_spool *spool, const char *labels,
		   const char *day, int64_t value)
{
	testbed_record(&f->testbed, spool, "d", labels, day, value, 0);
}

static struct table *ask(struct fixture *f, const struct query *query)
{
	struct table *table = NULL;
	if (query_run(f->testbed.db, f->testbed.reference, query, &table, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	return table;
}

static void assert_told(struct fixture *f, const char *labels, const char *day, const char *value,
			const char *revisions)
{
	const struct query query = { .name = "d", .from = day, .labels = labels };
	struct table *table = ask(f, &query);
	assert_string_equal(testbed_cell(table, 0, "value"), value);
	assert_string_equal(testbed_cell(table, 0, "revisions"), revisions);
	table_close(table);
}

static void assert_sound(struct fixture *f)
{
	struct table *table = NULL;
	uint64_t differences = testbed_verify(&f->testbed, &table);
	if (differences > 0)
		fail_msg("%s: %s, not %s", testbed_cell(table, 0, "where"),
			 testbed_cell(table, 0, "found"), testbed_cell(table, 0, "expected"));
	table_close(table);
}

/* The case of the field: 6 in one spelling and 6 in another make 6. */
static void one_text_in_two_spellings_is_one_figure(void **state)
{
	struct fixture *f = *state;
	record(f, &f->a, "sector=Đất đai", "2025-06-01", 6);
	record(f, &f->a, "sector=đất  đai", "2025-06-01", 6);
	assert_told(f, "", "2025-06-01", "6", "0");
	record(f, &f->a, "sector=\u0111a\u0302\u0301t \u0111ai", "2025-06-01", 7); /* not NFC */
	assert_told(f, "", "2025-06-01", "7", "1");
	record(f, &f->b, "sector=ĐẤT ĐAI", "2025-06-01", 10);
	assert_told(f, "sector=đất đai", "2025-06-01", "17", "1");
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM series"), 1);
	/* The mark makes another word, and each label of a series has to be alike. */
	record(f, &f->a, "sector=dat dai", "2025-06-02", 1);
	record(f, &f->a, "sector=Đất đai;topic=x", "2025-06-02", 2);
	record(f, &f->a, "sector=đất đai;topic=X", "2025-06-02", 3);
	assert_told(f, "", "2025-06-02", "4", "1");
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM series"), 3);
	/* What came is journaled as it came. */
	testbed_reopen(&f->testbed);
	record(f, &f->a, "sector=đất  đai", "2025-06-01", 8);
	assert_told(f, "sector=Đất đai", "2025-06-01", "18", "2");
	assert_sound(f);
}

/* Both spellings in one batch: what stands later in it counts. An old agent that sends so is no
 * peer at fault. */
static void both_spellings_may_be_in_one_batch(void **state)
{
	struct fixture *f = *state;
	struct testbed_batch batch;
	struct testbed_figure figures[] = {
		{ .metric = "d", .labels = "sector=Đất đai", .grain = GRAIN_DAY, .value_e = 4 },
		{ .metric = "d", .labels = "sector=đất đai", .grain = GRAIN_DAY, .value_e = 6 },
	};
	testbed_seal(&f->a, day_of("2025-06-01"), figures, 2,
		     civil_day_start_us(day_of("2025-06-02")), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
	assert_told(f, "", "2025-06-01", "6", "1");
	assert_sound(f);
}

static void what_is_said_in_another_spelling_is_withdrawn_in_any(void **state)
{
	struct fixture *f = *state;
	struct testbed_batch batch;
	struct testbed_figure gone = {
		.metric = "d", .labels = "sector=LAND", .grain = GRAIN_DAY, .withdrawn = true
	};
	record(f, &f->a, "sector=land", "2025-06-01", 6);
	record(f, &f->b, "sector=land", "2025-06-01", 1);
	testbed_seal(&f->a, day_of("2025-06-01"), &gone, 1, testbed_time(&f->testbed), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
	assert_told(f, "sector=Land", "2025-06-01", "1", "1");
	assert_sound(f);
}

/* A store of before: two spellings had a series each. They keep what they have, and what is sent
 * again, by whatever spool, finds it there; what is new joins the first. */
static void what_stood_in_two_spellings_stays(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct effects *effects = NULL;
	struct table *table = NULL;
	const struct query parted = { .name = "d", .from = "2025-06-01", .by_label = "sector" };
	(void)state;
	assert_non_null(f);
	begin(f, NULL, NULL);
	/* As if it had been made by a program of before: the event comes later. */
	assert_int_equal(effects_of(f->testbed.db, &effects, &f->testbed.err), 0);
	testbed_exec(&f->testbed, "DELETE FROM event WHERE kind <> 'opening'");
	import(f, "units", UNITS);
	import(f, "catalogue", METRICS);
	offices(f);
	record(f, &f->a, "sector=Đất đai", "2025-06-01", 4);
	testbed_exec(&f->testbed, "UPDATE series SET key = 'none'");
	record(f, &f->a, "sector=đất đai", "2025-06-01", 6);
	testbed_exec(&f->testbed, "UPDATE series SET key = (SELECT key FROM series WHERE id = 2)");
	const struct event_form folded = { .who = "test", .kind = EVENT_FOLDED, .note = true };
	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	assert_int_equal(event_append(f->testbed.db, &folded, NULL, &f->testbed.err), 0);
	assert_int_equal(db_commit(f->testbed.db, &f->testbed.err), 0);
	assert_sound(f);
	assert_told(f, "", "2025-06-01", "10", "0");
	/* A spool that was repaired sends again. */
	struct testbed_spool again = { .office = f->a.office, .id = 9 };
	testbed_reopen(&f->testbed); /* nothing is remembered of how it was spelt */
	record(f, &again, "sector=đất đai", "2025-06-01", 6);
	assert_told(f, "", "2025-06-01", "10", "0");
	record(f, &f->b, "sector=ĐẤT ĐAI", "2025-06-01", 1);
	assert_int_equal(
		testbed_number(&f->testbed, "SELECT count(*) FROM declared WHERE series = 1"), 2);
	/* Shown as one, and asked for as one. */
	assert_told(f, "sector=đất  đai", "2025-06-01", "11", "0");
	table = ask(f, &parted);
	assert_int_equal(table_rows(table), 1);
	assert_string_equal(testbed_cell(table, 0, "label"), "Đất đai");
	assert_string_equal(testbed_cell(table, 0, "value"), "11");
	table_close(table);
	assert_sound(f);
	testbed_close(&f->testbed);
	free(f);
}

/* --- rows by label --- */

static void assert_row(const struct table *table, size_t row, const char *label, const char *name,
		       const char *value, const char *reported)
{
	const char *cells[] = { testbed_cell(table, row, "label"),
				testbed_cell(table, row, "label_name"),
				testbed_cell(table, row, "value"),
				testbed_cell(table, row, "reported") };
	const char *wanted[] = { label, name, value, reported };
	for (size_t i = 0; i < 4; i++)
		if (cells[i] != wanted[i] &&
		    (!cells[i] || !wanted[i] || strcmp(cells[i], wanted[i]) != 0))
			fail_msg("row %zu: %s, expected %s", row, cells[i] ? cells[i] : "null",
				 wanted[i] ? wanted[i] : "null");
}

static void a_row_for_each_label(void **state)
{
	struct fixture *f = *state;
	const struct query query = { .name = "d", .from = "2025-06-01", .by_label = "sector" };
	record(f, &f->a, "sector=Đất đai", "2025-06-01", 1); /* before there was a list */
	record(f, &f->a, "sector=sea", "2025-06-01", 2);
	import(f, "dimensions",
	       LISTS "sector,land,Đất đai,Land use,,\nsector,health,Y tế,Health,,\n"
		     "sector,old,Cũ,Old,,2025-01-01\n");
	record(f, &f->a, "sector=land;topic=x", "2025-06-01", 4);
	record(f, &f->b, "sector=LAND", "2025-06-01", 8);
	record(f, &f->b, "", "2025-06-01", 16);
	record(f, &f->b, "topic=x", "2025-06-01", 32);
	struct table *table = ask(f, &query);
	assert_int_equal(table_rows(table), 4);
	assert_row(table, 0, "land", "Land use", "13", "2");
	assert_row(table, 1, "health", "Health", NULL, "0");
	assert_string_equal(testbed_cell(table, 1, "reason"), "not reported");
	assert_row(table, 2, "sea", NULL, "2", "1");
	assert_row(table, 3, NULL, "not classified", "48", "1");
	table_close(table);
	/* Names in either language, and other labels beside it. */
	assert_told(f, "sector=land use", "2025-06-01", "13", "0");
	assert_told(f, "sector=ĐẤT ĐAI", "2025-06-01", "13", "0");
	const struct query of_x = {
		.name = "d", .from = "2025-06-01", .by_label = "sector", .labels = "topic=X"
	};
	table = ask(f, &of_x);
	assert_int_equal(table_rows(table), 3);
	assert_row(table, 0, "land", "Land use", "4", "1");
	assert_row(table, 2, NULL, "not classified", "32", "1");
	table_close(table);
	/* A bucket in which nothing came still has its rows; what is no code has none. */
	const struct query topics = { .name = "d", .from = "2025-06-09", .by_label = "topic" };
	table = ask(f, &topics);
	assert_int_equal(table_rows(table), 1);
	assert_row(table, 0, NULL, "not classified", NULL, "0");
	table_close(table);
}

static void assert_refused(struct fixture *f, const struct query *query, const char *sentence)
{
	struct table *table = NULL;
	assert_true(query_run(f->testbed.db, f->testbed.reference, query, &table, &f->testbed.err) <
		    0);
	assert_string_equal(f->testbed.err.text, sentence);
}

static void what_is_no_label_is_asked_about(void **state)
{
	struct fixture *f = *state;
	struct query query = { .name = "d", .from = "2025-06-01", .by_label = "sectr" };
	assert_refused(f, &query,
		       "d is not divided by 'sectr'; what it is divided by: sector, topic; did you "
		       "mean 'sector'?");
	query.name = "n";
	assert_refused(f, &query, "n is not divided by 'sectr', nor by anything else");
	query = (struct query){
		.name = "d", .from = "2025-06-01", .by_label = "sector", .labels = "sector=sea"
	};
	assert_refused(
		f, &query,
		"--by-label sector has rows for each sector: leave --label sector=sea out, or "
		"--by-label");
	import(f, "dimensions", LISTS "sector,land,Đất đai,Land use,,\n");
	query.by_label = NULL;
	query.labels = "sector=lnd";
	assert_refused(f, &query,
		       "sector 'lnd' is not in the province's list; did you mean 'land' (Land "
		       "use)?");
	query.labels = "sector=land"; /* nothing of it yet */
	table_close(ask(f, &query));
	record(f, &f->a, "topic=apples", "2025-06-01", 1);
	query.labels = "topic=aples";
	assert_refused(f, &query,
		       "nothing was ever reported with the label topic=aples; did you mean "
		       "'apples'?");
	query.labels = "topic=apples"; /* as it says */
	struct table *table = ask(f, &query);
	assert_string_equal(testbed_cell(table, 0, "value"), "1");
	table_close(table);
}

/* I10 */
static void there_are_rows_for_a_thousand_labels(void **state)
{
	struct fixture *f = *state;
	struct query query = { .name = "d", .from = "2025-06-01", .by_label = "topic" };
	testbed_exec(&f->testbed,
		     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)"
		     " INSERT INTO series(metric, labels, key) SELECT 'd', 'topic=t' || i,"
		     " 'topic=t' || i || ';' FROM n");
	table_close(ask(f, &query));
	record(f, &f->a, "topic=apples", "2025-06-01", 1);
	assert_refused(f, &query,
		       "topic has more than 1000 labels; ask for some of them with --label");
	query.by_label = NULL;
	query.labels = "topic=apples";
	table_close(ask(f, &query));
}

/* --- which there are --- */

static void assert_listed(const struct table *table, size_t row, const char *line)
{
	static const char *const columns[] = { "dimension", "label",   "name",    "state", "means",
					       "figures",   "waiting", "offices", "first", "last" };
	char text[256] = "";
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		const char *cell = testbed_cell(table, row, columns[i]);
		size_t len = strlen(text);
		(void)snprintf(text + len, sizeof(text) - len, "%s%s", i ? "|" : "",
			       cell ? cell : "-");
	}
	assert_string_equal(text, line);
}

static void labels_are_listed(void **state)
{
	struct fixture *f = *state;
	struct table *table = NULL;
	record(f, &f->a, "sector=Đất đai", "2025-06-01", 1);
	import(f, "dimensions",
	       LISTS "sector,land,Đất đai,Land use,,\nsector,old,Cũ,Old,,2025-01-01\n");
	record(f, &f->a, "sector=land;topic=x", "2025-06-02", 4);
	record(f, &f->b, "sector=LAND;topic=y", "2025-06-05", 8);
	record(f, &f->b, "sector=LAND", "2025-06-04", 8);
	record(f, &f->b, "sector=sea", "2025-06-04", 8);
	record(f, &f->b, "", "2025-06-03", 16);
	if (label_list_run(f->testbed.db, f->testbed.reference, "d", &table, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	assert_int_equal(table_rows(table), 8);
	assert_listed(table, 0, "sector|land|Land use|in the list|-|3|0|2|2025-06-02|2025-06-05");
	assert_listed(table, 1, "sector|old|Old|in the list, not for today|-|0|0|0|-|-");
	assert_listed(table, 2, "sector|sea|-|not in the list|-|0|1|1|-|-");
	assert_listed(table, 3,
		      "sector|Đất đai|-|a name of a code|land|1|0|1|2025-06-01|2025-06-01");
	assert_listed(table, 4, "sector|-|-|not classified|-|1|0|1|2025-06-03|2025-06-03");
	assert_listed(table, 5, "topic|x|-|free text|-|1|0|1|2025-06-02|2025-06-02");
	assert_listed(table, 6, "topic|y|-|free text|-|1|0|1|2025-06-05|2025-06-05");
	assert_listed(table, 7, "topic|-|-|not classified|-|3|1|2|2025-06-01|2025-06-04");
	table_close(table);
	assert_true(label_list_run(f->testbed.db, f->testbed.reference, "n", &table,
				   &f->testbed.err) < 0);
	assert_string_equal(f->testbed.err.text, "n is not divided, so it has no labels");
	assert_true(label_list_run(f->testbed.db, f->testbed.reference, "zz", &table,
				   &f->testbed.err) < 0);
	assert_string_equal(f->testbed.err.text,
			    "there is no metric 'zz'; 'lantoa catalogue export' names them");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_text_in_two_spellings_is_one_figure),
		TEST(both_spellings_may_be_in_one_batch),
		TEST(what_is_said_in_another_spelling_is_withdrawn_in_any),
		cmocka_unit_test(what_stood_in_two_spellings_stays),
		TEST(a_row_for_each_label),
		TEST(what_is_no_label_is_asked_about),
		TEST(there_are_rows_for_a_thousand_labels),
		TEST(labels_are_listed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
