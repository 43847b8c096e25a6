/* What is due when, and what is far from its history. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clerk/due.h"
#include "common/model/outlier.h"
#include "support/seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max,calendar\n"                                                        \
	"a.day,a,a,x,flow,sum,sum,day,,0,0,commune,1,0,,\n"                                        \
	"b.month,b,c,x,flow,sum,sum,month,,0,0,commune,10,0,,\n"                                   \
	"a.month,a,b,x,flow,sum,sum,month,,0,0,commune,2,0,,\n"                                    \
	"r.month,c,d,x,flow,sum,sum,month,,0,0,commune,3,0,,report\n"                              \
	"a.quarter,d,e,x,flow,sum,sum,quarter,,0,0,commune,5,0,,\n"                                \
	"b.quarter,h,i,x,flow,sum,sum,quarter,,0,0,commune,9,0,,\n"                                \
	"a.semester,e,f,x,flow,sum,sum,semester,,0,0,commune,5,0,,report\n"                        \
	"a.year,f,g,x,flow,sum,sum,year,,0,0,province,90,0,,\n"                                    \
	"a.hour,g,h,x,flow,sum,sum,hour,,0,0,commune,1,0,,\n"

struct given { /* what is recorded: "a.month 2025-06|..." */
	const char *texts;
};

static bool recorded(void *context, const struct metric *metric, struct period period)
{
	const struct given *given = context;
	char text[128], sdmx[PERIOD_TEXT_MAX];
	(void)snprintf(text, sizeof(text), "%s %s|", metric->name, period_format(period, sdmx));
	return strstr(given->texts, text) != NULL;
}

static bool recorded_before(void *context, const struct metric *metric, struct period period)
{
	for (int i = 0; i < 40; i++) {
		period.number--;
		if (recorded(context, metric, period))
			return true;
	}
	return false;
}

static const char *line(const struct due *due, char text[128])
{
	static const char *const states[] = { "late", "open", "running", "done" };
	char sdmx[PERIOD_TEXT_MAX], day[DAY_TEXT_MAX];
	(void)snprintf(text, 128, "%s%s %s by %s %u/%u", period_format(due->period, sdmx),
		       due->period.calendar == CALENDAR_REPORT ? "r" : "", states[due->state],
		       day_format(due->day, day), due->recorded, due->metrics);
	return text;
}

/* Is @expected among what is due on @today, and at which place? -1: not. */
static int place(const char *today, const char *level, const char *given_texts,
		 const char *expected)
{
	struct given given = { given_texts };
	struct due_question question = { .level = level,
					 .recorded = recorded,
					 .recorded_before = recorded_before,
					 .context = &given };
	struct catalogue *catalogue;
	struct due *list;
	size_t n;
	struct err err;
	char text[128];
	int found = -1;
	assert_int_equal(catalogue_read(CATALOGUE, strlen(CATALOGUE), &catalogue, &err), 0);
	assert_int_equal(day_parse(today, &question.today, &err), 0);
	question.catalogue = catalogue;
	assert_int_equal(due_list(&question, &list, &n, &err), 0);
	for (size_t i = 0; i < n; i++)
		if (strcmp(line(&list[i], text), expected) == 0)
			found = (int)i;
	free(list);
	catalogue_close(catalogue);
	return found;
}

#define assert_due(today, given, expected)                                                         \
	assert_true(place(today, "commune", given, expected) >= 0)
#define assert_not_due(today, given, expected)                                                     \
	assert_int_equal(place(today, "commune", given, expected), -1)

static void the_running_and_the_last_period_are_due(void **state)
{
	(void)state;
	assert_due("2025-07-01", "", "2025-06 open by 2025-07-02 0/2");
	assert_due("2025-07-02", "", "2025-06 open by 2025-07-02 0/2");
	assert_due("2025-07-03", "", "2025-06 late by 2025-07-02 0/2");
	assert_due("2025-07-03", "", "2025-07 running by 2025-08-02 0/2");
	assert_due("2025-07-03", "", "2025-07-02 open by 2025-07-03 0/1");
	assert_due("2025-07-03", "", "2025-07-03 running by 2025-07-04 0/1");
}

static void the_day_is_that_of_what_is_missing(void **state)
{
	(void)state;
	assert_due("2025-07-03", "a.month 2025-06|", "2025-06 open by 2025-07-10 1/2");
	assert_due("2025-07-03", "b.month 2025-06|", "2025-06 late by 2025-07-02 1/2");
	assert_due("2025-07-03", "a.month 2025-06|b.month 2025-06|",
		   "2025-06 done by 2025-07-10 2/2");
}

/* As the province counts (rule 5.5): Saturday 5 July is moved to Monday, a holiday on. */
static void a_due_date_on_a_day_off_moves_to_the_next_working_day(void **state)
{
	static const char off[] = "from,to,kind,name_vi,name_en\n2025-01-01,,weekend,x,\n"
				  "2025-07-07,,off,x,\n";
	static const char csv[] =
		"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
		"carry,level,due_days,min,max\na,a,a,x,flow,sum,sum,month,,0,0,commune,5,0,\n";
	struct due due = { .period = { CALENDAR_CIVIL, GRAIN_MONTH, 0 } };
	struct catalogue *catalogue = NULL;
	struct days_off *days = NULL;
	struct err err;
	char day[DAY_TEXT_MAX];
	(void)state;
	assert_true(period_read("2025-06", CALENDAR_CIVIL, &due.period));
	assert_int_equal(catalogue_read(csv, sizeof(csv) - 1, &catalogue, &err), 0);
	assert_int_equal(days_off_read(off, sizeof(off) - 1, &days, &err), 0);
	catalogue_use_days_off(catalogue, days);
	due_count(&due, &catalogue->metrics[0], false);
	assert_string_equal(day_format(due.day, day), "2025-07-08");
	catalogue_close(catalogue);
}

static void the_report_calendar_ends_on_the_fourteenth(void **state)
{
	(void)state;
	assert_due("2025-06-14", "", "2025-06r running by 2025-06-17 0/1");
	assert_due("2025-06-15", "", "2025-06r open by 2025-06-17 0/1");
	assert_due("2025-06-15", "", "2025-07r running by 2025-07-17 0/1");
	assert_due("2025-06-18", "", "2025-06r late by 2025-06-17 0/1");
	assert_due("2025-06-15", "", "2025-S1r open by 2025-06-19 0/1");
	assert_due("2025-12-15", "", "2025-S2r open by 2025-12-19 0/1");
	assert_due("2025-12-15", "", "2026-S1r running by 2026-06-19 0/1");
}

static void quarters_turn_over_with_the_year(void **state)
{
	(void)state;
	assert_due("2025-12-31", "", "2025-Q4 running by 2026-01-05 0/2");
	assert_due("2026-01-01", "", "2025-Q4 open by 2026-01-05 0/2");
	assert_due("2026-01-01", "", "2026-Q1 running by 2026-04-05 0/2");
	assert_due("2026-01-06", "", "2025-Q4 late by 2026-01-05 0/2");
	assert_due("2026-01-06", "a.quarter 2025-Q4|b.quarter 2025-Q4|",
		   "2025-Q4 done by 2026-01-09 2/2");
}

static void older_periods_are_due_once_the_office_had_begun(void **state)
{
	(void)state;
	assert_not_due("2025-07-03", "", "2025-05 late by 2025-06-02 0/2");
	assert_due("2025-07-03", "a.month 2025-04|", "2025-05 late by 2025-06-02 0/2");
	assert_due("2025-07-03", "a.month 2025-05|", "2025-05 late by 2025-06-10 1/2");
	assert_not_due("2025-07-03", "a.month 2025-05|b.month 2025-05|",
		       "2025-05 done by 2025-06-10 2/2");
	assert_due("2025-07-10", "a.day 2025-07-02|", "2025-07-03 late by 2025-07-04 0/1");
	assert_not_due("2025-07-11", "a.day 2025-07-02|", "2025-07-03 late by 2025-07-04 0/1");
}

static void only_the_level_of_the_office_counts(void **state)
{
	(void)state;
	assert_not_due("2026-02-01", "", "2025 open by 2026-03-31 0/1");
	assert_true(place("2026-02-01", "province", "", "2025 open by 2026-03-31 0/1") >= 0);
	assert_int_equal(place("2025-07-03", "province", "", "2025-06 late by 2025-07-02 0/2"), -1);
	assert_true(place("2025-07-03", NULL, "", "2025-06 late by 2025-07-02 0/2") >= 0);
}

static void the_latest_comes_first_and_what_is_done_last(void **state)
{
	static const char given[] = "a.month 2025-06|b.month 2025-06|";
	(void)state;
	int late = place("2025-07-18", "commune", given, "2025-Q2 late by 2025-07-05 0/2");
	int newer = place("2025-07-18", "commune", given, "2025-07-16 late by 2025-07-17 0/1");
	int open = place("2025-07-18", "commune", given, "2025-07-17 open by 2025-07-18 0/1");
	int running = place("2025-07-18", "commune", given, "2025-07-18 running by 2025-07-19 0/1");
	int done = place("2025-07-18", "commune", given, "2025-06 done by 2025-07-10 2/2");
	assert_true(late >= 0 && open > late && running > open && done > running);
	assert_int_equal(newer, -1); /* the office had not begun with days */
}

/* --- history --- */

static bool far(const int64_t past[], size_t n, int64_t value_e)
{
	struct history_range usual;
	return history_far(past, n, value_e, &usual);
}

static void a_slip_of_ten_times_is_far_and_a_steady_series_may_move(void **state)
{
	static const int64_t teams[] = { 8, 8, 8, 8, 8, 8 };
	static const int64_t visits[] = { 120, 95, 133, 110, 128, 101 };
	(void)state;
	assert_false(far(teams, 6, 9));
	assert_false(far(teams, 6, 13));
	assert_true(far(teams, 6, 80));
	assert_true(far(teams, 6, 0));
	assert_false(far(visits, 6, 150));
	assert_true(far(visits, 6, 1200));
	assert_true(far(visits, 6, 12));
}

static void few_values_tell_the_order_of_magnitude_alone(void **state)
{
	static const int64_t one[] = { 500 }, nothing[] = { 0 }, debt[] = { -500 };
	(void)state;
	assert_false(far(one, 0, INT64_MAX));
	assert_false(far(one, 1, 5000));
	assert_true(far(one, 1, 5001));
	assert_false(far(one, 1, 50));
	assert_true(far(one, 1, 49));
	assert_true(far(one, 1, -500));
	assert_false(far(nothing, 1, 1000000));
	assert_false(far(debt, 1, -5000));
	assert_true(far(debt, 1, 500));
}

static void one_odd_value_does_not_spoil_the_rule(void **state)
{
	static const int64_t past[] = { 8, 8, 8, 8000000, 8, 9, 7 };
	struct history_range usual;
	(void)state;
	assert_true(history_far(past, 7, 80, &usual));
	assert_int_equal(usual.low_e, 3);
	assert_int_equal(usual.high_e, 13);
}

static void extremes_do_not_overflow(void **state)
{
	static const int64_t past[] = { INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX };
	(void)state;
	(void)far(past, 5, INT64_MIN);
	(void)far(past, 1, INT64_MIN);
	assert_false(far(past, 5, INT64_MAX));
}

/* Whatever the order of the past, the answer is one; and what is between two usual values is usual.
 */
static void order_is_nothing(struct dice *dice, void *context)
{
	int64_t past[HISTORY_MAX], turned[HISTORY_MAX];
	size_t n = 1 + (size_t)dice_below(dice, HISTORY_MAX);
	(void)context;
	for (size_t i = 0; i < n; i++)
		past[i] = dice_between(dice, -1000, 1000);
	for (size_t i = 0; i < n; i++)
		turned[i] = past[n - 1 - i];
	int64_t low = dice_between(dice, -9000, 9000), high = low + dice_between(dice, 0, 9000);
	int64_t between = dice_between(dice, low, high);
	assert_int_equal(far(past, n, low), far(turned, n, low));
	if (!far(past, n, low) && !far(past, n, high))
		assert_false(far(past, n, between));
}

static void the_rule_knows_no_order_and_no_gaps(void **state)
{
	(void)state;
	for_all_seeds(1000, order_is_nothing, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_running_and_the_last_period_are_due),
		cmocka_unit_test(the_day_is_that_of_what_is_missing),
		cmocka_unit_test(a_due_date_on_a_day_off_moves_to_the_next_working_day),
		cmocka_unit_test(the_report_calendar_ends_on_the_fourteenth),
		cmocka_unit_test(quarters_turn_over_with_the_year),
		cmocka_unit_test(older_periods_are_due_once_the_office_had_begun),
		cmocka_unit_test(only_the_level_of_the_office_counts),
		cmocka_unit_test(the_latest_comes_first_and_what_is_done_last),
		cmocka_unit_test(a_slip_of_ten_times_is_far_and_a_steady_series_may_move),
		cmocka_unit_test(few_values_tell_the_order_of_magnitude_alone),
		cmocka_unit_test(one_odd_value_does_not_spoil_the_rule),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(the_rule_knows_no_order_and_no_gaps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
