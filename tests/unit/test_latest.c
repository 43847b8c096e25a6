/* Of which period an indicator is told without being asked, and that what is not known is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "query/latest.h"
#include "registry/closings.h"
#include "support/testbed.h"

#include <stdlib.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\nD,d,commune,P,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"m,x,x,x,flow,sum,sum,month,,0,0,commune,5,,\n"                                            \
	"q,x,x,x,flow,sum,sum,quarter,,0,0,commune,5,,\n"                                          \
	"z,x,x,x,flow,sum,sum,month,,0,0,commune,5,,\n"
#define INDICATORS                                                                                 \
	"name,label_vi,label_en,formula,unit,target_year,target_value\n"                           \
	"monthly,x,x,m * 2,%,,\nquarterly,x,x,m / q,%,,\nnever,x,x,m / z,%,,\n"

struct fixture {
	struct testbed testbed;
	struct testbed_spool c, d;
	struct latest_list found;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int32_t day = 0;
	assert_non_null(f);
	testbed_open(&f->testbed, UNITS, METRICS, INDICATORS, false);
	assert_int_equal(day_parse("2025-01-01", &day, &(struct err){ 0 }), 0);
	f->c = (struct testbed_spool){ .id = 1,
				       .office = testbed_office(&f->testbed, "c", "C", day) };
	f->d = (struct testbed_spool){ .id = 2,
				       .office = testbed_office(&f->testbed, "d", "D", day) };
	testbed_refresh(&f->testbed);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	latest_free(&f->found);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static void close_period(struct fixture *f, const char *period, const char *metric)
{
	const struct closing_form form = {
		.period = period, .metric = metric, .who = "test", .at_us = civil_now_us()
	};
	assert_int_equal(testbed_order_closing(&f->testbed, false, &form), 0);
	testbed_refresh(&f->testbed);
}

/* NULL: it has no closed period. */
static const struct latest *look(struct fixture *f, const char *name)
{
	latest_free(&f->found);
	if (latest_find(f->testbed.db, f->testbed.reference, &f->found, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	for (size_t i = 0; i < f->found.n; i++)
		if (strcmp(f->found.list[i].indicator->name, name) == 0)
			return &f->found.list[i];
	return NULL;
}

static void assert_latest(struct fixture *f, const char *name, const char *period,
			  const char *value, int64_t due, int64_t reported)
{
	const struct latest *latest = look(f, name);
	assert_non_null(latest);
	assert_string_equal(latest->period, period);
	if (value)
		assert_string_equal(latest->value, value);
	else
		assert_null(latest->value);
	assert_int_equal(latest->due, due);
	assert_int_equal(latest->reported, reported);
}

static void record(struct fixture *f, struct testbed_spool *spool, const char *metric,
		   const char *period, int64_t value)
{
	testbed_record(&f->testbed, spool, metric, "", period, value, 0);
}

/* The newest month that is closed for its metric, though later ones have figures. */
static void the_newest_closed_period_is_told(void **state)
{
	struct fixture *f = *state;
	record(f, &f->c, "m", "2025-04", 3);
	record(f, &f->d, "m", "2025-04", 4);
	record(f, &f->c, "m", "2025-05", 5);
	record(f, &f->c, "m", "2025-06", 7);
	assert_null(look(f, "monthly"));
	close_period(f, "2025-04", NULL);
	assert_latest(f, "monthly", "2025-04", "14", 2, 2);
	close_period(f, "2025-05", "m");
	assert_latest(f, "monthly", "2025-05", "10", 2, 1);
	close_period(f, "2025-06", "z"); /* which is not its metric */
	assert_latest(f, "monthly", "2025-05", "10", 2, 1);
}

/* A quarter is closed when its three months are, and the quarter's own metric. */
static void a_period_is_closed_when_all_in_it_is(void **state)
{
	struct fixture *f = *state;
	record(f, &f->c, "m", "2025-04", 6);
	record(f, &f->c, "q", "2025-Q2", 3);
	close_period(f, "2025-04", NULL);
	close_period(f, "2025-05", NULL);
	close_period(f, "2025-Q2", "q");
	assert_null(look(f, "quarterly"));
	close_period(f, "2025-06", NULL);
	assert_latest(f, "quarterly", "2025-Q2", "2", 8, 2);
}

/* Nobody reported, or a part is missing, or it would be a division by zero: none of it is 0. */
static void what_cannot_be_told_has_no_value(void **state)
{
	struct fixture *f = *state;
	close_period(f, "2025-04", NULL);
	assert_latest(f, "monthly", "2025-04", NULL, 2, 0);
	assert_latest(f, "never", "2025-04", NULL, 4, 0);
	record(f, &f->c, "m", "2025-05", 1);
	record(f, &f->c, "z", "2025-05", 0);
	close_period(f, "2025-05", NULL);
	assert_latest(f, "never", "2025-05", NULL, 4, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(the_newest_closed_period_is_told),
		TEST(a_period_is_closed_when_all_in_it_is),
		TEST(what_cannot_be_told_has_no_value),
#undef TEST
	};
	return cmocka_run_group_tests_name("latest", tests, NULL, NULL);
}
