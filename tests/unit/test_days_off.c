/* Days off: what a file says of each day, held against a slow look at each of its rows; what is
 * wrong with one; and that an import of them reckons anew who was late, and nothing else (I12). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/catalogue.h"
#include "common/model/civil.h"
#include "common/model/days_off.h"
#include "common/model/deadline.h"
#include "ledger/steps.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "from,to,kind,name_vi,name_en\n"

static int32_t day_of(const char *text)
{
	int32_t day;
	assert_int_equal(day_parse(text, &day, &(struct err){ 0 }), 0);
	return day;
}

static struct days_off *read(const char *csv)
{
	struct days_off *days = NULL;
	struct err err;
	if (days_off_read(csv, strlen(csv), &days, &err) < 0)
		fail_msg("%s", err.text);
	return days;
}

static void refused(const char *csv, const char *why)
{
	struct days_off *days = NULL;
	struct err err;
	assert_int_equal(days_off_read(csv, strlen(csv), &days, &err), -EINVAL);
	if (!strstr(err.text, why))
		fail_msg("'%s' is not in: %s", why, err.text);
}

static void the_next_working_day_is_found(void **state)
{
	struct days_off *days =
		read(HEADER "2025-01-01,,weekend,Cuối tuần,\n2025-04-30,2025-05-02,off,Lễ,\n"
			    "2025-05-03,,work,Làm bù,\n2025-01-01,,,Tết,\n");
	(void)state;
	assert_false(days_off_has(NULL, 5));
	assert_int_equal(days_off_next_work(days, day_of("2025-04-29")), day_of("2025-04-29"));
	assert_int_equal(days_off_next_work(days, day_of("2025-04-30")), day_of("2025-05-03"));
	assert_int_equal(days_off_next_work(days, day_of("2025-05-04")), day_of("2025-05-05"));
	assert_int_equal(days_off_next_work(days, day_of("2025-01-01")), day_of("2025-01-02"));
	assert_false(days_off_has(days, day_of("2024-12-29"))); /* a Sunday before all */
	assert_true(days_off_has(days, day_of("2025-01-05")));
	days_off_close(days);
}

static void a_due_date_moves_with_them(void **state)
{
	struct days_off *days = read(HEADER "2025-01-01,,weekend,x,\n2025-07-07,,off,x,\n");
	struct metric metric = { .period = GRAIN_MONTH, .due_days = 5 };
	(void)state;
	int32_t june = day_of("2025-06-01"); /* due on Saturday 5 July */
	assert_int_equal(metric_late_day(&metric, june), day_of("2025-07-06"));
	metric.days_off = days;
	assert_int_equal(metric_late_day(&metric, june), day_of("2025-07-09"));
	metric.due_days = 8; /* a Tuesday */
	assert_int_equal(metric_late_day(&metric, june), day_of("2025-07-09"));
	metric.period = GRAIN_DAY;
	metric.due_days = 0; /* on the day itself, a Saturday */
	assert_int_equal(metric_late_day(&metric, day_of("2025-07-05")), day_of("2025-07-09"));
	days_off_close(days);
}

static void what_is_wrong_with_a_row_is_said(void **state)
{
	(void)state;
	refused("from,to,name_vi\n", "kind");
	refused(HEADER "2025-13-01,,off,x,\n", "line 2: from:");
	refused(HEADER "2025-01-05,2025-01-03,off,x,\n", "line 2: it ends before it begins");
	refused(HEADER "2025-01-05,,holiday,x,\n",
		"line 2: kind: 'holiday' is not valid; it must be off, work or weekend");
	refused(HEADER "2025-01-05,,off,,\n", "line 2: it has no name");
	refused(HEADER "2025-01-05,2025-01-07,off,x,\n2025-01-04,,off,x,\n2025-01-07,,work,x,\n",
		"line 4: 2025-01-07 is a working day anyway");
	refused(HEADER "2025-01-05,2025-01-07,off,x,\n2025-01-03,2025-01-05,off,x,\n",
		"line 2: 2025-01-05 is on line 3 already; take it out of one of both");
	refused(HEADER "2025-01-01,,weekend,x,\n2026-01-01,,weekend,x,\n",
		"line 3: 2026-01-01 is on line 2 already");
	refused(HEADER "2025-01-01,2025-03-01,off,x,\n",
		"line 2: it has more than 31 days in a row");
	refused(HEADER "2025-01-01,2025-01-20,off,x,\n2025-01-21,2025-02-10,off,x,\n",
		"line 2: more than 31 days in a row are off, from 2025-01-01 on");
}

/* --- the law --- */

static bool slow(const struct days_off *days, int32_t day)
{
	bool off = false, worked = false, weekend = false;
	int year, month, mday;
	for (size_t i = 0; i < days->n; i++) {
		const struct days_off_row *row = &days->list[i];
		if (day < row->from || day >= row->end)
			continue;
		off |= row->kind == DAYS_OFF;
		worked |= row->kind == DAYS_OFF_WORK;
		weekend |= row->kind == DAYS_OFF_WEEKEND;
	}
	day_to_civil(day, &year, &month, &mday); /* Sakamoto 1992: 0 is Sunday */
	static const int offsets[] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };
	int y = month < 3 ? year - 1 : year;
	int of_week = (y + y / 4 - y / 100 + y / 400 + offsets[month - 1] + mday) % 7;
	return !worked && (off || (weekend && (of_week == 0 || of_week == 6)));
}

static void random_calendar(struct dice *dice, void *context)
{
	char csv[8192] = HEADER, from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
	int32_t base = (int32_t)dice_between(dice, -2000, 30000), day = base;
	size_t len = strlen(csv);
	(void)context;
	for (int i = 0; i < 40; i++) {
		int32_t first = day + (int32_t)dice_between(dice, 1, 12),
			last = first + (int32_t)dice_below(dice, 6);
		day = last;
		len += (size_t)snprintf(csv + len, sizeof(csv) - len, "%s,%s,off,x,\n",
					day_format(first, from), day_format(last, to));
	}
	for (int32_t start = base; start < day; start += (int32_t)dice_between(dice, 60, 90))
		len += (size_t)snprintf(csv + len, sizeof(csv) - len, "%s,%s,weekend,x,\n",
					day_format(start, from), day_format(start + 40, to));
	struct days_off *days = NULL;
	struct err err;
	int rc = days_off_read(csv, len, &days, &err);
	if (rc < 0) { /* the dice put too many on end */
		assert_non_null(strstr(err.text, "in a row"));
		return;
	}
	for (int32_t at = base - 20; at < day + 60; at++) {
		int32_t next = at;
		assert_int_equal(days_off_has(days, at), slow(days, at));
		while (slow(days, next))
			next++;
		assert_int_equal(days_off_next_work(days, at), next);
	}
	days_off_close(days);
}

static void each_day_is_as_its_rows_say(void **state)
{
	(void)state;
	for_all_seeds(50, random_calendar, NULL);
}

/* --- I12 --- */

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\nn,x,x,x,flow,sum,sum,day,,0,0,commune,1,,\n"

/* Of a year of days, those alone are played again whose due date is another. */
static void an_import_costs_the_days_whose_due_date_moves(void **state)
{
	static const char off[] = HEADER "2025-06-10,2025-06-12,off,x,\n";
	struct testbed testbed;
	struct steps_cost cost = { 0 };
	struct reference *before = NULL;
	(void)state;
	testbed_open(&testbed, UNITS, METRICS, NULL, false);
	struct testbed_spool c = {
		.id = 1, .office = testbed_office(&testbed, "c", "C", day_of("2025-01-01"))
	};
	testbed_refresh(&testbed);
	for (int32_t day = day_of("2025-01-01"); day < day_of("2025-12-31"); day++) {
		char text[DAY_TEXT_MAX];
		testbed_record(&testbed, &c, "n", "", day_format(day, text), 1, 0);
	}
	assert_int_equal(reference_load(testbed.db, &before, &testbed.err), 0);
	assert_int_equal(testbed_order_import(&testbed, "calendar", off), 0);
	assert_int_equal(steps_weigh(testbed.db, before, testbed.reference, &cost, &testbed.err),
			 0);
	assert_int_equal(cost.office_days, 3); /* due on the 10th, 11th and 12th */
	reference_close(before);
	before = NULL;
	assert_int_equal(reference_load(testbed.db, &before, &testbed.err), 0);
	assert_int_equal(testbed_order_import(&testbed, "calendar",
					      HEADER "2025-06-10,2025-06-12,off,other name,\n"),
			 0);
	assert_int_equal(steps_weigh(testbed.db, before, testbed.reference, &cost, &testbed.err),
			 0);
	assert_int_equal(cost.office_days, 0);
	reference_close(before);
	testbed_close(&testbed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_working_day_is_found),
		cmocka_unit_test(a_due_date_moves_with_them),
		cmocka_unit_test(what_is_wrong_with_a_row_is_said),
		cmocka_unit_test(each_day_is_as_its_rows_say),
		cmocka_unit_test(an_import_costs_the_days_whose_due_date_moves),
	};
	return cmocka_run_group_tests_name("days_off", tests, NULL, NULL);
}
