/* What the history of a name shows: of an office and of a metric what was held and released, of
 * rows whose texts a disk damaged that they were; and what the revisions of a figure tell of holds
 * that are over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "query/history.h"
#include "query/history_cells.h"
#include "query/query.h"
#include "schema/account.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\n"                                             \
	"P,Tinh,province,,2020-01-01,\n"                                                           \
	"C1,Xa 1,commune,P,2020-01-01,\n"                                                          \
	"C2,Xa 2,commune,P,2020-01-01,\n"
#define HEADER                                                                                     \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"
#define OTHER  "hourly,x,x,x,flow,sum,sum,hour,,0,0,commune,5,,\n"
#define WIDE   HEADER OTHER "monthly,x,x,x,flow,sum,sum,month,,0,0,commune,5,,\n"
#define NARROW HEADER OTHER "monthly,x,x,x,flow,sum,sum,month,,0,0,commune,5,,50\n"

struct fixture {
	struct testbed testbed;
	struct testbed_spool a, b;
	struct table *table;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	testbed_open(&f->testbed, UNITS, WIDE, NULL, false);
	f->a = (struct testbed_spool){ .office = testbed_office(&f->testbed, "a", "C1", 19000),
				       .id = 1 };
	f->b = (struct testbed_spool){ .office = testbed_office(&f->testbed, "b", "C2", 19000),
				       .id = 2 };
	testbed_refresh(&f->testbed);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	table_close(f->table);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static void history(struct fixture *f, const char *name)
{
	const struct history_form form = { .name = name, .most = 1000 };
	table_close(f->table);
	f->table = NULL;
	if (history_run(f->testbed.db, f->testbed.reference, &form, &f->table, &f->testbed.err) !=
	    0)
		fail_msg("%s", f->testbed.err.text);
}

/* The rows of @record, newest first, as "act|row|column|became;". */
static const char *rows_of(struct fixture *f, const char *record)
{
	static char text[4096];
	*text = '\0';
	for (size_t i = 0; i < table_rows(f->table); i++) {
		const char *of = testbed_cell(f->table, i, "record");
		if (!of || strcmp(of, record) != 0)
			continue;
		strcat(text, testbed_cell(f->table, i, "what"));
		strcat(strcat(text, "|"), testbed_cell(f->table, i, "row"));
		strcat(strcat(text, "|"), testbed_cell(f->table, i, "column"));
		strcat(strcat(strcat(text, "|"), testbed_cell(f->table, i, "became")), ";");
	}
	return text;
}

static uint64_t release_with(struct fixture *f, bool closed)
{
	const struct release_form form = { .who = "test",
					   .closed = closed,
					   .at_us = testbed_time(&f->testbed) };
	uint64_t released, kept;
	testbed_order_release(&f->testbed, &form, &released, &kept);
	return released;
}

static uint64_t release(struct fixture *f)
{
	return release_with(f, false);
}

static void hold_and_release(struct fixture *f)
{
	struct testbed *testbed = &f->testbed;
	testbed_record(testbed, &f->a, "monthly", "", "2025-03", 70, 0);
	testbed_record(testbed, &f->a, "monthly", "", "2025-04", 80, 0);
	testbed_record(testbed, &f->b, "monthly", "", "2025-03", 90, 0);
	testbed_record(testbed, &f->b, "hourly", "", "2025-03-01T05", 90, 0);
	assert_int_equal(testbed_order_import(testbed, "catalogue", NARROW), 0);
	assert_int_equal(testbed_order_import(testbed, "catalogue", WIDE), 0);
	assert_int_equal(release(f), 3);
}

#define HELD_BOTH                                                                                  \
	"quarantine release|a 2025-03|released|1;quarantine release|a 2025-04|released|1;"         \
	"quarantine release|b 2025-03|released|1;"                                                 \
	"catalogue import|a 2025-03|held|1;catalogue import|a 2025-04|held|1;"                     \
	"catalogue import|b 2025-03|held|1;"

static void of_a_metric_it_is_told_by_office_and_period(void **state)
{
	struct fixture *f = *state;
	hold_and_release(f);
	history(f, "monthly");
	assert_string_equal(rows_of(f, "quarantine"), HELD_BOTH);
	history(f, "hourly"); /* nothing was held of it */
	assert_string_equal(rows_of(f, "quarantine"), "");
	history(f, "a"); /* of an office, all together */
	assert_string_equal(rows_of(f, "quarantine"), "quarantine release|a|released|2;"
						      "catalogue import|a|held|2;");
}

/* Figures of an hour are told by their day. */
static void of_hours_it_is_told_by_their_day(void **state)
{
	struct fixture *f = *state;
	struct testbed_figure hours[] = {
		{ .metric = "hourly", .labels = "", .grain = GRAIN_HOUR, .nth = 3, .value_e = 70 },
		{ .metric = "hourly", .labels = "", .grain = GRAIN_HOUR, .nth = 4, .value_e = 7 },
		{ .metric = "hourly", .labels = "", .grain = GRAIN_HOUR, .nth = 5, .value_e = 71 },
	};
	struct testbed_batch batch;
	testbed_seal(&f->b, 20148, hours, 3, civil_day_start_us(20150), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
	assert_int_equal(testbed_order_import(&f->testbed, "catalogue",
					      HEADER "hourly,x,x,x,flow,sum,sum,hour,,0,0,commune,"
						     "5,,50\n"),
			 0);
	history(f, "hourly");
	assert_string_equal(rows_of(f, "quarantine"), "catalogue import|b 2025-03-01|held|2;");
}

/* I11: an entry that cannot be read costs its own rows, and no other's. */
static void a_damaged_entry_hides_no_other(void **state)
{
	struct fixture *f = *state;
	hold_and_release(f);
	testbed_exec(&f->testbed, "UPDATE journal SET payload = x'07ff' WHERE id = 1");
	history(f, "monthly");
	assert_string_equal(rows_of(f, "quarantine"),
			    "quarantine release|a 2025-04|released|1;"
			    "quarantine release|b 2025-03|released|1;"
			    "catalogue import|a 2025-04|held|1;catalogue import|b 2025-03|held|1;");
}

static void a_text_that_a_disk_damaged_is_shown_as_damaged(void **state)
{
	struct fixture *f = *state;
	char text[CELL_TEXT_MAX], hex[2 * 40 + 1] = "";
	testbed_pause(&f->testbed, true); /* nobody's act */
	testbed_exec(&f->testbed, "UPDATE unit SET name = CAST(x'58ff61' AS TEXT)"
				  " WHERE code = 'C1'");
	testbed_pause(&f->testbed, false);
	testbed_exec(&f->testbed, "UPDATE unit SET name = 'Xa mot' WHERE code = 'C1'");
	testbed_note(&f->testbed);
	testbed_refresh(&f->testbed);
	history(f, "C1");
	size_t row = 0;
	while (row < table_rows(f->table) &&
	       (!testbed_cell(f->table, row, "column") ||
		strcmp(testbed_cell(f->table, row, "column"), "name") != 0))
		row++;
	assert_true(row < table_rows(f->table));
	assert_string_equal(testbed_cell(f->table, row, "was"), "damaged text, in hex: 58ff61");
	assert_string_equal(testbed_cell(f->table, row, "became"), "Xa mot");
	/* a long one is cut, and says so */
	for (int i = 0; i < 40; i++)
		strcat(hex, "ff");
	json_t *damaged = json_pack("{s:s}", "damaged", hex);
	assert_non_null(damaged);
	const char *shown = cell_show("unit", "name", damaged, text);
	assert_non_null(shown);
	assert_int_equal(strlen(shown), strlen("damaged text, in hex: ") + 64 + 3);
	assert_string_equal(shown + strlen(shown) - 5, "ff...");
	json_decref(damaged);
}

/* Nor does an edition that a disk damaged hide what others changed. */
static void a_damaged_edition_hides_no_other(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(testbed_order_import(&f->testbed, "catalogue", NARROW), 0);
	assert_int_equal(testbed_order_import(&f->testbed, "catalogue", WIDE), 0);
	testbed_exec(&f->testbed, "UPDATE catalogue SET csv = x'6e616d652c22ff' WHERE id = 2");
	history(f, "monthly"); /* that 50 went is not known, and that it came is */
	const char *detail = testbed_cell(f->table, 0, "detail");
	assert_non_null(detail);
	assert_non_null(strstr(detail, "is damaged"));
	assert_string_equal(testbed_cell(f->table, 1, "column"), "max");
	assert_string_equal(testbed_cell(f->table, 1, "became"), "50");
	assert_true(table_rows(f->table) > 2);
}

/* The revisions of "monthly" of office a in 2025-03, as "change|reason?|act|event's kind by act;".
 */
static const char *revisions(struct fixture *f, const char *known)
{
	static char text[4096];
	struct query query = { .name = "monthly",
			       .labels = "",
			       .from = "2025-03",
			       .to = "2025-03",
			       .area = "C1",
			       .known = known };
	table_close(f->table);
	f->table = NULL;
	if (revisions_run(f->testbed.db, f->testbed.reference, &query, &f->table,
			  &f->testbed.err) != 0)
		fail_msg("%s", f->testbed.err.text);
	*text = '\0';
	for (size_t i = 0; i < table_rows(f->table); i++) {
		const char *act = testbed_cell(f->table, i, "act"),
			   *reason = testbed_cell(f->table, i, "reason");
		assert_string_equal(testbed_cell(f->table, i, "entry"), "1");
		strcat(strcat(text, testbed_cell(f->table, i, "change")), "|");
		strcat(strcat(text, act ? act : "-"), reason ? "|why;" : "|;");
	}
	return text;
}

static const char *known_now(struct fixture *f, char text[INSTANT_TEXT_MAX])
{
	int64_t us = (testbed_time(&f->testbed) + 2000000) / 1000000 * 1000000;
	testbed_acts_at(us + 1000000);
	return civil_format(us, text);
}

static void what_was_held_before_is_told_of_a_figure_that_is_held_again(void **state)
{
	struct fixture *f = *state;
	struct testbed *testbed = &f->testbed;
	char times[4][INSTANT_TEXT_MAX];
	testbed_record(testbed, &f->a, "monthly", "", "2025-03", 70, 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(testbed_order_import(testbed, "catalogue", NARROW), 0);
		(void)known_now(f, times[2 * i]);
		assert_int_equal(testbed_order_import(testbed, "catalogue", WIDE), 0);
		assert_int_equal(release(f), 1);
		(void)known_now(f, times[2 * i + 1]);
	}
#define HELD     "held|catalogue imported|why;"
#define RELEASED "first|released from quarantine|why;"
#define BEFORE   "released|released from quarantine|why;"
#define AGAIN    "held again|catalogue imported|why;"
	assert_string_equal(revisions(f, times[0]), HELD);
	assert_string_equal(revisions(f, times[1]), RELEASED);
	assert_string_equal(revisions(f, times[2]), BEFORE HELD);
	assert_string_equal(revisions(f, times[3]), BEFORE AGAIN RELEASED);
	assert_string_equal(revisions(f, NULL), BEFORE AGAIN RELEASED);
}

#define MONTHLY(decimals, max)                                                                     \
	HEADER OTHER "monthly,x,x,x,flow,sum,sum,month,," decimals ",0,commune,5,," max "\n"

/* revisions(), as "change|act|verdict's number;". */
static const char *reasons(struct fixture *f, const char *known)
{
	static char text[4096];
	char row[128];
	(void)revisions(f, known);
	*text = '\0';
	for (size_t i = 0; i < table_rows(f->table); i++) {
		const char *act = testbed_cell(f->table, i, "act"),
			   *reason = testbed_cell(f->table, i, "reason");
		unsigned verdict = VERDICT_COUNT;
		while (verdict > 0 &&
		       strcmp(verdict_text((enum verdict)(verdict - 1)), reason) != 0)
			verdict--;
		(void)snprintf(row, sizeof(row), "%s|%s|%u;", testbed_cell(f->table, i, "change"),
			       act ? act : "-", verdict - 1);
		strcat(text, row);
	}
	return text;
}

/* I4: of what a release left there for another reason it is told what that was at any time: of a
 * figure by itself, and of all that came with it. */
static void what_waits_for_another_reason_waited_for_that_before(void **state)
{
	struct fixture *f = *state;
	struct testbed *testbed = &f->testbed;
	struct closing_form march = { .period = "2025-03", .who = "test" };
	char times[5][INSTANT_TEXT_MAX];
	testbed_record(testbed, &f->a, "monthly", "", "2025-03", 705, 1);
	(void)known_now(f, times[0]);
	assert_int_equal(testbed_order_import(testbed, "catalogue", MONTHLY("1", "50")), 0);
	assert_int_equal(release(f), 0); /* a figure */
	(void)known_now(f, times[1]);
	assert_int_equal(release(f), 0); /* nothing is new */
	march.at_us = testbed_time(testbed);
	assert_int_equal(testbed_order_closing(testbed, false, &march), 0);
	assert_int_equal(release(f), 0); /* a run */
	(void)known_now(f, times[2]);
	assert_int_equal(testbed_order_import(testbed, "catalogue", MONTHLY("1", "")), 0);
	assert_int_equal(release_with(f, true), 1);
	(void)known_now(f, times[3]);
#define PRECISE "held|-|4;"
#define RANGE   "held|released from quarantine|5;"
#define CLOSED  "held|released from quarantine|8;"
#define LET_IN  "first|released from quarantine|8;"
	assert_string_equal(reasons(f, times[0]), PRECISE);
	assert_string_equal(reasons(f, times[1]), PRECISE RANGE);
	assert_string_equal(reasons(f, times[2]), PRECISE RANGE CLOSED);
	assert_string_equal(reasons(f, times[3]), PRECISE RANGE CLOSED LET_IN);
	assert_string_equal(reasons(f, NULL), PRECISE RANGE CLOSED LET_IN);
	assert_int_equal(testbed_number(testbed, "SELECT count(*) FROM quarantine_past"), 2);
}

/* Of each value of a run: as the journal has it, whatever stands in an entry beside it. */
static void who_typed_a_figure_and_what_was_noted_is_told(void **state)
{
	struct fixture *f = *state;
	static const char *const told[] = { "lan|-", "-|-", "minh|trùng ngày lễ", "lan|-" };
	struct testbed_figure hours[] = {
		/* and a month, whose run is the first */
		{ .metric = "monthly",
		  .labels = "",
		  .grain = GRAIN_MONTH,
		  .value_e = 9,
		  .author = "hoa",
		  .note = "cả tháng" },
		{ .nth = 3, .value_e = 1, .author = "lan" },
		{ .nth = 5, .value_e = 2 },
		{ .nth = 8, .value_e = 3, .author = "minh", .note = "trùng ngày lễ" },
		{ .nth = 9, .value_e = 4, .author = "lan" },
	};
	struct query query = { .name = "hourly",
			       .labels = "",
			       .from = "2025-03-01",
			       .to = "2025-03-01",
			       .area = "C1" };
	struct testbed_batch batch;
	int32_t day = 0;
	assert_int_equal(day_parse("2025-03-01", &day, &f->testbed.err), 0);
	for (size_t i = 1; i < 5; i++) {
		hours[i].metric = "hourly";
		hours[i].labels = "";
		hours[i].grain = GRAIN_HOUR;
	}
	testbed_seal(&f->a, day, hours, 5, testbed_time(&f->testbed), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
	for (int turn = 0; turn < 2; turn++) {
		assert_int_equal(revisions_run(f->testbed.db, f->testbed.reference, &query,
					       &f->table, &f->testbed.err),
				 0);
		assert_int_equal(table_rows(f->table), 4);
		for (size_t i = 0; i < 4; i++) {
			char row[80];
			const char *author = testbed_cell(f->table, i, "author"),
				   *note = testbed_cell(f->table, i, "note");
			(void)snprintf(row, sizeof(row), "%s|%s", author ? author : "-",
				       note ? note : "-");
			assert_string_equal(row, told[i]);
		}
		table_close(f->table);
		f->table = NULL;
		/* another entry at hand in between */
		testbed_record(&f->testbed, &f->a, "monthly", "", "2025-03", 7, 0);
	}
	struct table *differences;
	assert_int_equal(testbed_verify(&f->testbed, &differences), 0);
	table_close(differences);
}

/* In the order of time, among the events of its office; whoever typed there may have a shown name.
 */
static void that_a_report_is_finished_is_told_of_its_office(void **state)
{
	struct fixture *f = *state;
	struct testbed_figure figure = { .metric = "monthly",
					 .labels = "",
					 .grain = GRAIN_MONTH,
					 .value_e = 3,
					 .author = "hoa" };
	struct finishing finished = { .grain = GRAIN_MONTH, .author = 1 };
	const struct history_form form = { .name = "a", .most = 100 };
	struct testbed_batch batch;
	int32_t day = 0;
	assert_int_equal(day_parse("2025-03-01", &day, &f->testbed.err), 0);
	for (int i = 0; i < 2; i++) {
		finished.undone = i == 1;
		f->a.finished = &finished;
		testbed_seal(&f->a, day, &figure, 1, testbed_time(&f->testbed), &batch);
		f->a.finished = NULL;
		testbed_commit(&f->testbed, &batch, 1);
		blob_free(&batch.payload);
	}
	assert_int_equal(account_name(f->testbed.db, "hoa", "Nguyễn Hoa", &f->testbed.err), 0);
	assert_int_equal(account_name(f->testbed.db, "hao", "Hao", &f->testbed.err), -ENOENT);
	assert_int_equal(
		history_run(f->testbed.db, f->testbed.reference, &form, &f->table, &f->testbed.err),
		0);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(testbed_cell(f->table, i, "record"), "report");
		assert_string_equal(testbed_cell(f->table, i, "row"), "2025-03");
		assert_string_equal(testbed_cell(f->table, i, "became"), i == 0 ? "no" : "yes");
		assert_string_equal(testbed_cell(f->table, i, "who"), "hoa");
		assert_string_equal(testbed_cell(f->table, i, "shown_name"), "Nguyễn Hoa");
	}
	assert_string_not_equal(testbed_cell(f->table, 2, "record"), "report");
}

/* As a damaged index does: the same key again, and others than were asked for. */
static void days_that_a_disk_tells_twice_are_damage(void **state)
{
	struct fixture *f = *state;
	struct query query = { .name = "hourly",
			       .labels = "",
			       .from = "2025-03-01",
			       .to = "2025-03-01",
			       .area = "C1" };
	assert_int_equal(
		sqlite3_exec(f->testbed.db,
			     "CREATE TABLE told AS SELECT 20148 AS day, 0 AS first_us, 0 AS last_us"
			     " UNION ALL SELECT 20148, 0, 0 UNION ALL SELECT 20148, 0, 0;"
			     "DROP TABLE arrival; ALTER TABLE told RENAME TO arrival",
			     NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(revisions_run(f->testbed.db, f->testbed.reference, &query, &f->table,
				       &f->testbed.err),
			 -EUCLEAN);
	assert_null(f->table);
	assert_non_null(strstr(f->testbed.err.text, "damaged"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_a_metric_it_is_told_by_office_and_period),
		TEST(of_hours_it_is_told_by_their_day),
		TEST(a_damaged_entry_hides_no_other),
		TEST(a_text_that_a_disk_damaged_is_shown_as_damaged),
		TEST(a_damaged_edition_hides_no_other),
		TEST(what_was_held_before_is_told_of_a_figure_that_is_held_again),
		TEST(who_typed_a_figure_and_what_was_noted_is_told),
		TEST(that_a_report_is_finished_is_told_of_its_office),
		TEST(what_waits_for_another_reason_waited_for_that_before),
		TEST(days_that_a_disk_tells_twice_are_damage),
	};
	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
