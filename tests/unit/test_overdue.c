/* Which reports are overdue, and which are not yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "query/overdue.h"
#include "registry/excuses.h"
#include "support/testbed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\nD,d,commune,P,2020-01-01,\n"
#define METRIC(name, kind, agg, period, carry, level, days)                                        \
	name ",x,x,x," kind "," agg ",sum," period ",,0," carry "," level "," days ",,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n" METRIC("day", "flow", "sum", "day", "0", "commune", "1")        \
		METRIC("hour", "flow", "sum", "hour", "0", "commune",                              \
		       "1") METRIC("month", "flow", "sum", "month", "0", "commune", "5")           \
			METRIC("level", "stock", "last", "month", "2", "commune", "5")             \
				METRIC("p.year", "flow", "sum", "year", "0", "province", "40")
#define MORE                                                                                       \
	METRIC("m2", "flow", "sum", "month", "0", "commune", "5")                                  \
	METRIC("m3", "flow", "sum", "month", "0", "commune", "5")                                  \
	METRIC("m4", "flow", "sum", "month", "0", "commune", "5")                                  \
	METRIC("m5", "flow", "sum", "month", "0", "commune", "5")

struct fixture {
	struct testbed testbed;
	struct testbed_spool c, d, p;
	struct overdue_list found;
};

static int32_t day_of(const char *text)
{
	int32_t day = 0;
	assert_int_equal(day_parse(text, &day, &(struct err){ 0 }), 0);
	return day;
}

static struct testbed_spool spool(struct fixture *f, uint64_t id, const char *code,
				  const char *unit)
{
	return (struct testbed_spool){
		.id = id, .office = testbed_office(&f->testbed, code, unit, day_of("2023-01-01"))
	};
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	testbed_open(&f->testbed, UNITS, METRICS, NULL, false);
	f->c = spool(f, 1, "c", "C");
	f->d = spool(f, 2, "d", "D");
	f->p = spool(f, 3, "p", "P");
	testbed_refresh(&f->testbed);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	overdue_free(&f->found);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static void look(struct fixture *f, const char *day)
{
	overdue_free(&f->found);
	int64_t noon_us = civil_day_start_us(day_of(day)) + INT64_C(12) * 3600 * 1000000;
	if (overdue_find(f->testbed.db, f->testbed.reference, noon_us, &f->found, &f->testbed.err) <
	    0)
		fail_msg("%s", f->testbed.err.text);
	assert_int_equal(f->found.n, f->testbed.reference->offices->n);
}

static const struct overdue *of(const struct fixture *f, const char *code)
{
	const struct office *office = offices_by_code(f->testbed.reference->offices, code);
	assert_non_null(office);
	return &f->found.list[office - f->testbed.reference->offices->list];
}

static void assert_overdue(const struct fixture *f, const char *code, int64_t missing,
			   const char *since, const char *text)
{
	const struct overdue *overdue = of(f, code);
	char day[DAY_TEXT_MAX];
	assert_int_equal(overdue->missing, missing);
	if (missing == 0) {
		assert_null(overdue->text);
		return;
	}
	assert_string_equal(day_format(overdue->since, day), since);
	assert_string_equal(overdue->text, text);
}

static void hours_of(struct fixture *f, struct testbed_spool *spool, const char *day, unsigned n)
{
	char period[32];
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(period, sizeof(period), "%sT%02u", day, i);
		testbed_record(&f->testbed, spool, "hour", "", period, 1, 0);
	}
}

/* c hands everything in, d some of it; each period, metric by metric, when its day is over. */
static void what_is_missing_is_named_with_its_period_once_it_is_due(void **state)
{
	struct fixture *f = *state;
	testbed_record(&f->testbed, &f->c, "month", "", "2025-06", 3, 0);
	testbed_record(&f->testbed, &f->c, "level", "", "2025-06", 3, 0);
	testbed_record(&f->testbed, &f->c, "day", "", "2025-07-07", 0, 0); /* zero is reported */
	hours_of(f, &f->c, "2025-07-07", 24);
	hours_of(f, &f->d, "2025-07-07", 23);
	testbed_record(&f->testbed, &f->d, "day", "", "2025-07-06", 3, 0);
	look(f, "2025-07-09");
	assert_overdue(f, "c", 0, NULL, NULL);
	assert_overdue(f, "d", 4, "2025-07-06", "2025-07-07: day, hour; 2025-06: month, level");
	assert_overdue(f, "p", 1, "2025-02-10", "2024: p.year");
	/* a day earlier that day was not late yet; c has nothing of the day before */
	look(f, "2025-07-08");
	assert_overdue(f, "c", 25, "2025-07-08", "2025-07-06: day, hour");
	assert_overdue(f, "d", 26, "2025-07-06", "2025-07-06: hour; 2025-06: month, level");
	/* June is late from the 6th of July on, and until then it is May */
	look(f, "2025-07-06");
	assert_string_equal(strstr(of(f, "d")->text, "2025-06"), "2025-06: month, level");
	look(f, "2025-07-05");
	assert_string_equal(strstr(of(f, "d")->text, "2025-05"), "2025-05: month, level");
}

/* A level that is carried is not missing, as completeness has it. */
static void what_is_carried_is_not_missing(void **state)
{
	struct fixture *f = *state;
	testbed_record(&f->testbed, &f->d, "level", "", "2025-05", 3, 0);
	look(f, "2025-07-09");
	assert_string_equal(strstr(of(f, "d")->text, "2025-06"), "2025-06: month");
}

static void of_many_metrics_the_first_are_named_and_the_others_counted(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(testbed_order_import(&f->testbed, "catalogue", METRICS MORE), 0);
	testbed_refresh(&f->testbed);
	look(f, "2025-07-09");
	assert_string_equal(strstr(of(f, "d")->text, "2025-06"), "2025-06: month, level, m2, +3");
}

/* Whom an operator excused needs no call for that. */
static void who_is_excused_is_not_late(void **state)
{
	struct fixture *f = *state;
	const struct excuse_form form = { .office = "d",
					  .period = "2025-06",
					  .form = "month",
					  .reason = "the flood",
					  .who = "test" };
	int64_t id = 0;
	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	if (excuse_add(f->testbed.db, f->testbed.reference->catalogue,
		       f->testbed.reference->offices, &form, &id, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	assert_int_equal(db_commit(f->testbed.db, &f->testbed.err), 0);
	testbed_refresh(&f->testbed);
	look(f, "2025-07-09");
	assert_null(strstr(of(f, "d")->text, "2025-06"));
	assert_non_null(strstr(of(f, "c")->text, "2025-06: month, level"));
}

/* Nobody is due of an office that reports for no unit, or for one of another level. */
static void who_is_not_due_is_not_late(void **state)
{
	struct fixture *f = *state;
	testbed_move(&f->testbed, f->d.office, NULL, day_of("2025-06-01"));
	testbed_refresh(&f->testbed);
	look(f, "2025-07-09");
	assert_overdue(f, "d", 0, NULL, NULL);
	assert_int_equal(of(f, "c")->missing, 1 + 24 + 2);
}

static void without_a_catalogue_nothing_is_overdue(void **state)
{
	struct fixture *f = *state;
	struct testbed empty;
	(void)f;
	testbed_open(&empty, UNITS, NULL, NULL, false);
	struct overdue_list found;
	assert_int_equal(
		overdue_find(empty.db, empty.reference, civil_now_us(), &found, &empty.err), 0);
	assert_int_equal(found.n, 0);
	overdue_free(&found);
	testbed_close(&empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_is_missing_is_named_with_its_period_once_it_is_due),
		TEST(what_is_carried_is_not_missing),
		TEST(of_many_metrics_the_first_are_named_and_the_others_counted),
		TEST(who_is_excused_is_not_late),
		TEST(who_is_not_due_is_not_late),
		TEST(without_a_catalogue_nothing_is_overdue),
#undef TEST
	};
	return cmocka_run_group_tests_name("overdue", tests, NULL, NULL);
}
