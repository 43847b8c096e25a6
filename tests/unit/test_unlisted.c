/* Figures whose label is in no code list: a list judges what is received after it, and what stands
 * keeps counting. test_fold and test_query hold random histories of it against an oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "journal/quarantine.h"
#include "query/query.h"
#include "support/testbed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\n"
#define METRICS(max)                                                                               \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"d,x,x,x,flow,sum,sum,day,sector;topic,0,0,commune,1,," max "\n"
#define LISTS "dimension,code,label_vi,label_en,valid_from,valid_to\n"
#define LAND  "sector,land,Đất đai,Land use,,\n"

struct fixture {
	struct testbed testbed;
	struct testbed_spool spool;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int32_t since = 0;
	if (!f)
		return -1;
	testbed_open(&f->testbed, UNITS, METRICS("100"), NULL, false);
	f->spool = (struct testbed_spool){ .id = 7 };
	assert_int_equal(day_parse("2025-01-01", &since, &f->testbed.err), 0);
	f->spool.office = testbed_office(&f->testbed, "o", "C", since);
	testbed_refresh(&f->testbed);
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

static void import(struct fixture *f, const char *what, const char *csv)
{
	if (testbed_order_import(&f->testbed, what, csv) < 0)
		fail_msg("%s", f->testbed.err.text);
}

/* How many observations of it were held. */
static uint32_t record(struct fixture *f, const char *labels, const char *day, int64_t value)
{
	uint32_t held = f->testbed.held;
	testbed_record(&f->testbed, &f->spool, "d", labels, day, value, 0);
	return f->testbed.held - held;
}

static void assert_total(struct fixture *f, const char *labels, const char *day, const char *value,
			 const char *waiting)
{
	struct table *table = NULL;
	const struct query query = { .name = "d", .from = day, .to = day, .labels = labels };
	if (query_run(f->testbed.db, f->testbed.reference, &query, &table, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	const char *cell = testbed_cell(table, 0, "value");
	assert_string_equal(cell ? cell : "null", value);
	assert_string_equal(testbed_cell(table, 0, "waiting"), waiting);
	table_close(table);
}

static void assert_sound(struct fixture *f)
{
	struct table *table = NULL;
	assert_int_equal(testbed_verify(&f->testbed, &table), 0);
	table_close(table);
}

static uint64_t release(struct fixture *f, uint64_t kept)
{
	const struct release_form form = { .who = "me", .at_us = testbed_time(&f->testbed) };
	uint64_t released, stayed;
	testbed_order_release(&f->testbed, &form, &released, &stayed);
	assert_int_equal(stayed, kept);
	return released;
}

static void a_list_judges_what_is_received_after_it(void **state)
{
	struct fixture *f = *state;
	struct blob before, after;
	assert_int_equal(record(f, "sector=sea", "2025-06-01", 1), 0);
	assert_int_equal(record(f, "sector=Đất đai", "2025-06-01", 2), 0);
	testbed_rollups(&f->testbed, &before);
	import(f, "dimensions", LISTS LAND);
	testbed_rollups(&f->testbed, &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	blob_free(&before);
	blob_free(&after);
	assert_total(f, "", "2025-06-01", "3", "0");
	/* The same series, and what is corrected of it: received since. */
	assert_int_equal(record(f, "sector=sea", "2025-06-02", 5), 1);
	assert_int_equal(record(f, "sector=sea", "2025-06-01", 7), 1);
	assert_int_equal(record(f, "sector=Đất đai", "2025-06-02", 6), 1);
	assert_int_equal(record(f, "sector=land", "2025-06-02", 4), 0);
	assert_int_equal(record(f, "sector=LAND;topic=any", "2025-06-03", 8), 0);
	assert_int_equal(record(f, "", "2025-06-02", 3), 0);
	assert_total(f, "", "2025-06-01", "3", "1");
	assert_total(f, "", "2025-06-02", "7", "2");
	assert_sound(f);
}

static void what_waits_is_told_with_what_there_is(void **state)
{
	struct fixture *f = *state;
	struct table *table = NULL;
	import(f, "dimensions", LISTS LAND);
	record(f, "sector=lnd", "2025-06-01", 1);
	record(f, "sector=Đất đai", "2025-06-02", 2);
	assert_int_equal(quarantine_list(f->testbed.db, f->testbed.reference, 9, NULL, &table,
					 &f->testbed.err),
			 0);
	assert_int_equal(table_rows(table), 2);
	assert_string_equal(testbed_cell(table, 1, "reason"),
			    "sector 'lnd' is not in the province's list; did you mean 'land' "
			    "(Land use)?");
	assert_string_equal(
		testbed_cell(table, 0, "reason"),
		"sector 'Đất đai' is a name, and the province takes the code, 'land': the "
		"office's agent is of an older version; once it is upgraded, have the figure "
		"handed in again");
	table_close(table);
	assert_int_equal(record(f, "sector=land", "2025-06-02", 2), 0); /* as it says */
	assert_total(f, "", "2025-06-02", "2", "1");
	/* The list was mended, and it was not released yet. */
	import(f, "dimensions", LISTS LAND "sector,lnd,x,y,,\n");
	assert_int_equal(quarantine_list(f->testbed.db, f->testbed.reference, 9, NULL, &table,
					 &f->testbed.err),
			 0);
	assert_string_equal(testbed_cell(table, 1, "reason"), verdict_text(VERDICT_UNLISTED));
	table_close(table);
}

static void once_the_list_is_mended_it_counts_as_if_it_always_had(void **state)
{
	struct fixture *f = *state;
	import(f, "dimensions", LISTS LAND);
	record(f, "sector=sea", "2025-06-01", 5);
	record(f, "sector=sea", "2025-06-01", 6);
	assert_int_equal(release(f, 2), 0);
	import(f, "dimensions", LISTS LAND "sector,sea,Biển,Sea,,2025-06-02\n");
	record(f, "sector=sea", "2025-06-02", 7); /* too late for the code */
	assert_int_equal(release(f, 1), 2);
	assert_total(f, "", "2025-06-01", "6", "0");
	assert_total(f, "", "2025-06-02", "null", "1");
	/* No list: any text. */
	import(f, "dimensions", LISTS);
	assert_int_equal(release(f, 0), 1);
	assert_sound(f);
}

static void a_code_may_be_used_on_its_days(void **state)
{
	struct fixture *f = *state;
	import(f, "dimensions", LISTS "sector,land,,,2025-06-02,2025-06-04\n");
	assert_int_equal(record(f, "sector=land", "2025-06-01", 1), 1);
	assert_int_equal(record(f, "sector=land", "2025-06-02", 1), 0);
	assert_int_equal(record(f, "sector=land", "2025-06-03", 1), 0);
	assert_int_equal(record(f, "sector=land", "2025-06-04", 1), 1);
	assert_int_equal(release(f, 2), 0);
	assert_sound(f);
}

/* A review is of what stands: it holds nothing for a list, however narrow; and what it holds for
 * another reason comes back. */
static void a_review_never_holds_for_a_list(void **state)
{
	struct fixture *f = *state;
	record(f, "sector=sea", "2025-06-01", 5);
	record(f, "sector=sea", "2025-06-02", 50);
	import(f, "dimensions", LISTS LAND);
	import(f, "catalogue", METRICS("10"));
	assert_total(f, "", "2025-06-01", "5", "0");
	assert_total(f, "", "2025-06-02", "null", "1");
	import(f, "catalogue", METRICS("100"));
	assert_int_equal(release(f, 0), 1);
	assert_total(f, "", "2025-06-02", "50", "0");
	assert_sound(f);
}

static void a_withdrawal_may_have_any_label(void **state)
{
	struct fixture *f = *state;
	struct testbed_batch batch;
	struct testbed_figure withdrawn = {
		.metric = "d", .labels = "sector=sea", .grain = GRAIN_DAY, .withdrawn = true
	};
	int32_t day = 0;
	record(f, "sector=sea", "2025-06-01", 5);
	import(f, "dimensions", LISTS LAND);
	assert_int_equal(day_parse("2025-06-01", &day, &f->testbed.err), 0);
	testbed_seal(&f->spool, day, &withdrawn, 1, testbed_time(&f->testbed), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
	assert_int_equal(f->testbed.held, 0);
	assert_total(f, "", "2025-06-01", "null", "0");
	assert_sound(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_list_judges_what_is_received_after_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_waits_is_told_with_what_there_is, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			once_the_list_is_mended_it_counts_as_if_it_always_had, setup, teardown),
		cmocka_unit_test_setup_teardown(a_code_may_be_used_on_its_days, setup, teardown),
		cmocka_unit_test_setup_teardown(a_review_never_holds_for_a_list, setup, teardown),
		cmocka_unit_test_setup_teardown(a_withdrawal_may_have_any_label, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
