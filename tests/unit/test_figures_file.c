#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/sys/db.h"
#include "export/figures_file.h"
#include "support/fault.h"
#include "support/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	char folder[SCRATCH_MAX], path[SCRATCH_MAX + 16], partial[SCRATCH_MAX + 24];
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/f.sqlite", f->folder);
	(void)snprintf(f->partial, sizeof(f->partial), "%s.partial", f->path);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	scratch_remove(f->folder);
	free(f);
	return 0;
}

#define HEADER                                                                                     \
	"area,name,valid_from,period,until,value,reason,observations,due,reported,on_time,"        \
	"carried,missing,waiting,extra,offices_due,offices_reported,revisions,operands\n"

static const struct figures_of of_months = { .metric = "m",
					     .measure = "x",
					     .level = "commune",
					     .grain = GRAIN_MONTH,
					     .calendar = CALENDAR_REPORT };

/* 0, or the first error. Cut after each byte, so that nothing hangs on where a piece ends. */
static int answer(struct figures_file *file, const struct figures_of *of, const char *csv,
		  struct err *err)
{
	int rc = figures_file_answer(file, of, err);
	for (const char *at = csv; *at && rc == 0; at++)
		rc = figures_file_feed(file, at, 1, err);
	return rc == 0 ? figures_file_end(file, err) : rc;
}

static void write_one(struct fixture *f, bool overwrite, const struct figures_of *of,
		      const char *csv)
{
	struct figures_file *file = NULL;
	if (figures_file_open(f->path, overwrite, &file, &f->err) < 0 ||
	    answer(file, of, csv, &f->err) < 0 ||
	    figures_file_about(file, "known", "then", &f->err) < 0 ||
	    figures_file_finish(file, &f->err) < 0)
		fail_msg("%s", f->err.text);
	figures_file_close(file);
}

static void says(struct fixture *f, const char *sql, const char *expected)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	char text[1024] = "";
	assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	while (sqlite3_step(stmt) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(stmt); i++) {
			const char *cell = (const char *)sqlite3_column_text(stmt, i);
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				       cell ? cell : "NULL",
				       i + 1 < sqlite3_column_count(stmt) ? "|" : "\n");
		}
	sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	assert_string_equal(text, expected);
}

static void a_figure_is_exact_and_a_missing_one_is_null(void **state)
{
	struct fixture *f = *state;
	write_one(f, false, &of_months,
		  HEADER "A,\"x, \"\"y\"\"\",2020-01-01,2025-06,,-12.50,,1,1,1,1,0,0,0,0,1,1,0,\n"
			 "B,b,2020-01-01,2025-06,,,not reported,0,1,0,0,0,1,0,0,1,0,0,\n"
			 "C,c,2020-01-01,2025-06,2025-06-14,0,,1,1,1,1,0,0,0,0,1,1,0,\n"
			 "D,d,2020-01-01,2025-06,,9223372036854775808,,1,2,1,1,0,1,0,0,2,1,0,\n"
			 ",,,2025-06,,0.000001,elsewhere,1,0,0,0,0,0,0,1,0,0,0,\n");
	says(f,
	     "SELECT unit_code, value, value_exact, value_e, decimals, complete, reason, row FROM "
	     "figures ORDER BY rowid",
	     "A|-12.5|-12.50|-1250|2|1|NULL|part\n"
	     "B|NULL|NULL|NULL|NULL|0|not reported|part\n"
	     "C|0.0|0|0|0|0|NULL|part\n"
	     "D|9.22337203685478e+18|9223372036854775808|NULL|NULL|0|NULL|part\n"
	     "NULL|1.0e-06|0.000001|1|6|1|elsewhere|rest\n");
	says(f, "SELECT unit_name, office_code, excused FROM figures WHERE unit_code = 'A'",
	     "x, \"y\"|NULL|NULL\n");
	/* the report calendar's June */
	says(f, "SELECT DISTINCT grain, calendar, period_start, period_end FROM figures",
	     "month|report|2025-05-15|2025-06-14\n");
	says(f, "SELECT unit_code, value FROM by_commune_month WHERE value > 0",
	     "D|9.22337203685478e+18\nNULL|1.0e-06\n");
	says(f, "SELECT key, value FROM about ORDER BY key", "format|1\nknown|then\n");
	says(f, "SELECT count(*) FROM by_commune_label", "0\n");
	says(f, "PRAGMA integrity_check", "ok\n");
}

static void by_office_and_by_label(void **state)
{
	struct fixture *f = *state;
	struct figures_of of = { .metric = "m",
				 .measure = "x",
				 .level = "office",
				 .dimension = "sector",
				 .grain = GRAIN_HOUR };
	write_one(f, false, &of,
		  "area,name,period,label,label_name,value,due,reported,observations,waiting\n"
		  "o1,Office,2025-06-30T14,land,Land,5,1,1,1,0\n"
		  "o1,Office,2025-06-30T14,air,Air,,1,0,0,0\n" /* nobody reported it */
		  "o1,Office,2025-06-30T15,air,Air,,1,0,0,2\n" /* it waits */
		  "o1,Office,2025-06-30T14,,none,6,1,1,1,0\n");
	says(f,
	     "SELECT office_code, office_name, unit_code, dimension, label, label_name, "
	     "period_start, period_end FROM figures",
	     "o1|Office|NULL|sector|land|Land|2025-06-30T14:00|2025-06-30T14:59\n"
	     "o1|Office|NULL|sector|air|Air|2025-06-30T15:00|2025-06-30T15:59\n"
	     "o1|Office|NULL|sector|NULL|none|2025-06-30T14:00|2025-06-30T14:59\n");
	says(f, "SELECT count(*) FROM by_office", "0\n");
	says(f, "SELECT label, value FROM by_office_label", "land|5.0\nair|NULL\nNULL|6.0\n");
}

/* Of a table, its columns whatever they are called, or those that are wanted. */
static void a_table_is_as_it_came(void **state)
{
	struct fixture *f = *state;
	static const char csv[] = "code,\"na\"\"me; DROP TABLE figures\",unit\n1,a,u\n2,,\n";
	struct figures_file *file = NULL;
	assert_int_equal(figures_file_open(f->path, false, &file, &f->err), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(figures_file_table(file, i ? "some" : "whole",
						    i ? "code unit nothing" : NULL, &f->err),
				 0);
		assert_int_equal(figures_file_feed(file, csv, strlen(csv), &f->err), 0);
		assert_int_equal(figures_file_end(file, &f->err), 0);
	}
	assert_int_equal(figures_file_finish(file, &f->err), 0);
	figures_file_close(file);
	says(f, "SELECT \"na\"\"me; DROP TABLE figures\" FROM whole", "a\nNULL\n");
	says(f, "SELECT * FROM some", "1|u\n2|NULL\n");
	says(f, "SELECT count(*) FROM figures", "0\n");
}

static void what_is_no_answer_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const answers[] = { "", "area,name\nA,a\n",
					       HEADER
					       "A,a,2020-01-01,June,,1,,1,1,1,1,0,0,0,0,1,1,0,\n",
					       HEADER "A,\"a,2020-01-01,2025-06,,1" };
	for (size_t i = 0; i < 4; i++) {
		struct figures_file *file = NULL;
		assert_int_equal(figures_file_open(f->path, false, &file, &f->err), 0);
		assert_int_equal(answer(file, &of_months, answers[i], &f->err), -EBADMSG);
		figures_file_close(file);
		assert_int_equal(access(f->path, F_OK), -1);
		assert_int_equal(access(f->partial, F_OK), -1);
	}
}

static void a_file_that_is_there_is_overwritten_only_if_that_is_said(void **state)
{
	struct fixture *f = *state;
	struct figures_file *file = NULL;
	write_one(f, false, &of_months, HEADER);
	assert_int_equal(figures_file_open(f->path, false, &file, &f->err), -EEXIST);
	assert_non_null(strstr(f->err.text, "is there already; give another name, or --force to "
					    "overwrite it"));
	/* nor one that came while it was written */
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(figures_file_open(f->path, false, &file, &f->err), 0);
	FILE *other = fopen(f->path, "w");
	assert_non_null(other);
	(void)fclose(other);
	assert_int_equal(figures_file_finish(file, &f->err), -EEXIST);
	figures_file_close(file);
	assert_int_equal(access(f->partial, F_OK), -1);
	write_one(f, true, &of_months, HEADER);
	says(f, "SELECT count(*) FROM about", "2\n");
}

/* Whatever memory is refused, when: there is a whole file, or none. */
static void whoever_writes_it_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct figures_file *first = NULL, *second = NULL;
	assert_int_equal(figures_file_open(f->path, false, &first, &f->err), 0);
	assert_int_equal(figures_file_open(f->path, true, &second, &f->err), -EBUSY);
	assert_non_null(strstr(f->err.text, "is writing"));
	assert_int_equal(answer(first, &of_months, HEADER, &f->err), 0);
	assert_int_equal(figures_file_finish(first, &f->err), 0);
	figures_file_close(first);
	says(f, "SELECT count(*) FROM figures", "0\n");
	write_one(f, true, &of_months, HEADER); /* as it is advised: it was waited for */
}

static void it_is_whole_or_not_there(void **state)
{
	struct fixture *f = *state;
	bool fired = true;
	for (unsigned after = 0; fired; after++) {
		struct figures_file *file = NULL;
		fault_arm_at(FAULT_MEMORY, after);
		int rc = figures_file_open(f->path, false, &file, &f->err);
		if (rc == 0)
			rc = answer(file, &of_months,
				    HEADER "A,a,2020-01-01,2025-06,,1,,1,1,1,1,0,0,0,0,1,1,0,\n",
				    &f->err);
		if (rc == 0)
			rc = figures_file_finish(file, &f->err);
		fired = fault_disarm();
		figures_file_close(file);
		assert_int_equal(access(f->partial, F_OK), -1);
		if (rc < 0)
			assert_int_equal(access(f->path, F_OK), -1);
		else
			says(f, "SELECT count(*) FROM figures", "1\n");
		(void)unlink(f->path); /* may be none */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_figure_is_exact_and_a_missing_one_is_null, setup,
						teardown),
		cmocka_unit_test_setup_teardown(by_office_and_by_label, setup, teardown),
		cmocka_unit_test_setup_teardown(a_table_is_as_it_came, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_answer_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_file_that_is_there_is_overwritten_only_if_that_is_said, setup, teardown),
		cmocka_unit_test_setup_teardown(whoever_writes_it_is_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(it_is_whole_or_not_there, setup, teardown),
	};
	return cmocka_run_group_tests_name("figures_file", tests, NULL, NULL);
}
