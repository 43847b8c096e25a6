#include "common/model/period.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const enum calendar calendars[] = { CALENDAR_CIVIL, CALENDAR_REPORT };

static struct period read_period(const char *text, enum calendar calendar)
{
	struct period period = { 0 };
	struct err err = { 0 };
	if (period_parse(text, calendar, &period, &err) != 0)
		fail_msg("%s", err.text);
	return period;
}

static void assert_same(struct period a, struct period b)
{
	assert_int_equal(a.calendar, b.calendar);
	assert_int_equal(a.grain, b.grain);
	assert_int_equal(a.number, b.number);
}

static void assert_runs(const char *text, enum calendar calendar, const char *first,
			const char *last)
{
	char day[DAY_TEXT_MAX];
	struct period period = read_period(text, calendar);
	assert_string_equal(day_format(period_first_day(period), day), first);
	assert_string_equal(day_format(period_end_day(period) - 1, day), last);
}

static void days_are_those_of_libc(void **state)
{
	(void)state;
	for (int32_t day = DAY_MIN; day <= DAY_MAX; day++) {
		time_t at = (time_t)day * 86400;
		struct tm tm;
		char text[DAY_TEXT_MAX], expected[DAY_TEXT_MAX];
		int year, month, mday;
		int32_t back = 0;
		gmtime_r(&at, &tm);
		day_to_civil(day, &year, &month, &mday);
		assert_int_equal(year, tm.tm_year + 1900);
		assert_int_equal(month, tm.tm_mon + 1);
		assert_int_equal(mday, tm.tm_mday);
		assert_int_equal(day_from_civil(year, month, mday), day);
		(void)strftime(expected, sizeof(expected), "%Y-%m-%d", &tm);
		assert_string_equal(day_format(day, text), expected);
		assert_int_equal(day_parse(text, &back, &(struct err){ 0 }), 0);
		assert_int_equal(back, day);
	}
}

static void weeks_are_those_of_iso_8601(void **state)
{
	(void)state;
	for (int32_t day = DAY_MIN; day <= DAY_MAX; day++) {
		time_t at = (time_t)day * 86400;
		struct tm tm;
		char text[PERIOD_TEXT_MAX], expected[PERIOD_TEXT_MAX];
		gmtime_r(&at, &tm);
		(void)strftime(expected, sizeof(expected), "%G-W%V", &tm);
		period_format(period_of_day(CALENDAR_CIVIL, GRAIN_WEEK, day), text);
		assert_string_equal(text, expected);
	}
}

static void check_text(struct period period)
{
	char text[PERIOD_TEXT_MAX];
	struct period back;
	int32_t first = period_first_day(period);
	period_format(period, text);
	int rc = period_parse(text, period.calendar, &back, &(struct err){ 0 });
	if (first < DAY_MIN) { /* the first report periods begin in 1899 */
		assert_int_equal(rc, -EINVAL);
		return;
	}
	assert_int_equal(rc, 0);
	assert_same(back, period);
}

static void check_day(enum calendar calendar, enum grain grain, int32_t day)
{
	struct period period = period_of_day(calendar, grain, day);
	assert_true(period_first_day(period) <= day);
	assert_true(day < period_end_day(period));
	struct period next = { calendar, grain, period.number + 1 };
	assert_int_equal(period_end_day(period), period_first_day(next));
	assert_same(period_of_day(calendar, grain, period_first_day(period)), period);
	assert_same(period_of_day(calendar, grain, period_end_day(period)), next);
	assert_same(period_in_day(calendar, grain, period_first_day(period), 0), period);
	assert_int_equal(period_nth(period), 0);
	if (day == DAY_MIN || period_first_day(period) == day)
		check_text(period);
}

static void every_day_lies_in_one_period_and_neighbours_meet(void **state)
{
	(void)state;
	for (size_t c = 0; c < 2; c++)
		for (enum grain grain = GRAIN_DAY; grain < GRAIN_COUNT; grain++)
			for (int32_t day = DAY_MIN; day <= DAY_MAX; day++)
				check_day(calendars[c], grain, day);
}

static void check_part_of_day(enum grain grain, int32_t day, uint32_t nth)
{
	struct period period = period_in_day(CALENDAR_CIVIL, grain, day, nth);
	assert_int_equal(period_first_day(period), day);
	assert_int_equal(period_end_day(period), day + 1);
	assert_int_equal(period_nth(period), nth);
	check_text(period);
}

static void check_parts_of_some_day(struct dice *dice, void *context)
{
	(void)context;
	int32_t day = (int32_t)dice_between(dice, DAY_MIN, DAY_MAX);
	for (enum grain grain = GRAIN_MINUTE; grain <= GRAIN_HOUR; grain++)
		for (uint32_t nth = 0; nth < grain_per_day(grain); nth++)
			check_part_of_day(grain, day, nth);
}

static void minutes_and_hours_number_through_every_day(void **state)
{
	(void)state;
	for (int32_t day = DAY_MIN; day <= DAY_MAX; day++) {
		check_part_of_day(GRAIN_HOUR, day, 23);
		check_part_of_day(GRAIN_MINUTE, day, 0);
		check_part_of_day(GRAIN_MINUTE, day, 1439);
		assert_int_equal(period_in_day(CALENDAR_CIVIL, GRAIN_HOUR, day, 23).number + 1,
				 period_in_day(CALENDAR_CIVIL, GRAIN_HOUR, day + 1, 0).number);
	}
	for_all_seeds(30, check_parts_of_some_day, NULL);
}

static void number_0_holds_the_first_minute_of_1970(void **state)
{
	(void)state;
	for (size_t c = 0; c < 2; c++)
		for (enum grain grain = GRAIN_MINUTE; grain < GRAIN_COUNT; grain++) {
			struct period period = period_in_day(calendars[c], grain, 0, 0);
			assert_int_equal(period.number, 0);
			assert_true(period_first_day(period) <= 0 && period_end_day(period) > 0);
		}
}

static void the_report_calendar_closes_on_the_14th(void **state)
{
	(void)state;
	assert_runs("2025-06", CALENDAR_REPORT, "2025-05-15", "2025-06-14");
	assert_runs("2025-03", CALENDAR_REPORT, "2025-02-15", "2025-03-14");
	assert_runs("2025-01", CALENDAR_REPORT, "2024-12-15", "2025-01-14");
	assert_runs("2025-Q1", CALENDAR_REPORT, "2024-12-15", "2025-03-14");
	assert_runs("2025-Q2", CALENDAR_REPORT, "2025-03-15", "2025-06-14");
	assert_runs("2025-S2", CALENDAR_REPORT, "2025-06-15", "2025-12-14");
	assert_runs("2025", CALENDAR_REPORT, "2024-12-15", "2025-12-14");
	assert_runs("2025-06-30", CALENDAR_REPORT, "2025-06-30", "2025-06-30");
}

static void the_civil_calendar_is_the_common_one(void **state)
{
	(void)state;
	assert_runs("2024-02", CALENDAR_CIVIL, "2024-02-01", "2024-02-29");
	assert_runs("1900-02", CALENDAR_CIVIL, "1900-02-01", "1900-02-28");
	assert_runs("2025-Q2", CALENDAR_CIVIL, "2025-04-01", "2025-06-30");
	assert_runs("2025-S1", CALENDAR_CIVIL, "2025-01-01", "2025-06-30");
	assert_runs("2025", CALENDAR_CIVIL, "2025-01-01", "2025-12-31");
	assert_runs("2025-W26", CALENDAR_CIVIL, "2025-06-23", "2025-06-29");
	assert_runs("2020-W53", CALENDAR_CIVIL, "2020-12-28", "2021-01-03");
	assert_runs("1969-12", CALENDAR_CIVIL, "1969-12-01", "1969-12-31");
}

/* Periods of a grain as half-open runs of minutes, from their days. */
static void minutes_of(struct period period, int64_t *ret_first, int64_t *ret_end)
{
	int64_t per = period.grain <= GRAIN_DAY ? 1440 / grain_per_day(period.grain) : 0;
	if (per) {
		*ret_first = (int64_t)period_first_day(period) * 1440 + period_nth(period) * per;
		*ret_end = *ret_first + per;
	} else {
		*ret_first = (int64_t)period_first_day(period) * 1440;
		*ret_end = (int64_t)period_end_day(period) * 1440;
	}
}

static bool lies_in_one(struct period inner, enum calendar calendar, enum grain grain)
{
	int64_t first, end, outer_first, outer_end;
	minutes_of(inner, &first, &end);
	uint32_t per_day = grain_per_day(grain);
	uint32_t nth = (uint32_t)(first - (int64_t)period_first_day(inner) * 1440) * per_day / 1440;
	struct period outer = period_in_day(calendar, grain, period_first_day(inner), nth);
	minutes_of(outer, &outer_first, &outer_end);
	return outer_first <= first && end <= outer_end;
}

/* Every part of a day on some days is enough: days are alike. */
static bool all_lie_in_one(enum calendar inner_calendar, enum grain inner, enum calendar calendar,
			   enum grain grain)
{
	int32_t last = inner < GRAIN_DAY ? DAY_MIN + 40 : DAY_MAX;
	for (int32_t day = DAY_MIN; day <= last; day++)
		for (uint32_t nth = 0; nth < grain_per_day(inner); nth++) {
			struct period period = period_in_day(inner_calendar, inner, day, nth);
			if (!lies_in_one(period, calendar, grain))
				return false;
		}
	return true;
}

static void grains_nest_exactly_where_every_period_lies_in_one(void **state)
{
	(void)state;
	for (size_t a = 0; a < 2; a++)
		for (size_t b = 0; b < 2; b++)
			for (enum grain inner = 0; inner < GRAIN_COUNT; inner++)
				for (enum grain outer = 0; outer < GRAIN_COUNT; outer++)
					assert_int_equal(period_nests(calendars[a], inner,
								      calendars[b], outer),
							 all_lie_in_one(calendars[a], inner,
									calendars[b], outer));
}

static void check_bucket(struct dice *dice, void *context)
{
	(void)context;
	enum calendar in = calendars[dice_below(dice, 2)], out = calendars[dice_below(dice, 2)];
	enum grain inner = (enum grain)dice_below(dice, GRAIN_COUNT);
	enum grain outer = (enum grain)dice_below(dice, GRAIN_COUNT);
	if (!period_nests(in, inner, out, outer))
		return;
	int32_t day = (int32_t)dice_between(dice, DAY_MIN, DAY_MAX);
	uint32_t nth = (uint32_t)dice_below(dice, grain_per_day(inner));
	struct period period = period_in_day(in, inner, day, nth);
	struct period bucket = period_bucket(period, out, outer);
	int64_t first, end, outer_first, outer_end;
	minutes_of(period, &first, &end);
	minutes_of(bucket, &outer_first, &outer_end);
	assert_int_equal(bucket.calendar, out);
	assert_int_equal(bucket.grain, outer);
	assert_true(outer_first <= first && end <= outer_end);
}

static void a_bucket_holds_its_period(void **state)
{
	(void)state;
	for_all_seeds(50000, check_bucket, NULL);
}

static void what_is_no_period_is_refused_and_the_forms_are_named(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"2025-6",
		"2025-06-3",
		"25-06-03",
		"2025-13",
		"2025-00",
		"2025-02-29",
		"2025-06-31",
		"2025-06-00",
		"2025-Q0",
		"2025-Q5",
		"2025-S3",
		"2025-S0",
		"2025-W00",
		"2025-W53",
		"2025-W54",
		"2025-W6",
		"2025-q2",
		"2025-06-30T24",
		"2025-06-30T14:60",
		"1899-12-31",
		"2101-01-01",
		"7050-06-30T14:05",
		"9999-12-31T23",
		"2101",
		"1899",
		"2025-06-30 14",
		"2025-06 ",
		" 2025",
		"2025-06-30T14:05:00",
		"2025/06",
		"30-06-2025",
		"-2025",
		"20250630",
		"2025-06-30T",
		"2025-W26-1",
		"12025",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct period period = { .number = 4711 };
		struct err err = { 0 };
		if (period_parse(bad[i], CALENDAR_CIVIL, &period, &err) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(period.number, 4711);
		assert_non_null(strstr(err.text, "2025-W26"));
		assert_non_null(strstr(err.text, "2025-06-30T14:05"));
	}
}

static void what_is_no_day_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "",           "2025-6-30",  "2025-06-3",    "2025-06-31",
					   "2023-02-29", "1900-02-29", "2025-00-10",   "2025-06",
					   "1899-12-31", "2101-01-01", "2025-06-30T00" };
	int32_t day = 4711;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = { 0 };
		assert_int_equal(day_parse(bad[i], &day, &err), -EINVAL);
		assert_non_null(strstr(err.text, "2025-06-30"));
	}
	assert_int_equal(day, 4711);
}

static void the_last_report_periods_that_begin_in_2100_are_taken(void **state)
{
	(void)state;
	assert_runs("2101-01", CALENDAR_REPORT, "2100-12-15", "2101-01-14");
	struct period period;
	assert_int_equal(period_parse("2101-02", CALENDAR_REPORT, &period, &(struct err){ 0 }),
			 -EINVAL);
	assert_int_equal(period_parse("1900-01", CALENDAR_REPORT, &period, &(struct err){ 0 }),
			 -EINVAL);
}

static void names_read_back_and_others_are_refused_with_the_choice(void **state)
{
	(void)state;
	struct err err = { 0 };
	enum grain grain = GRAIN_COUNT;
	enum calendar calendar;
	for (enum grain g = 0; g < GRAIN_COUNT; g++) {
		assert_int_equal(grain_from_name(grain_name(g), &grain, &(struct err){ 0 }), 0);
		assert_int_equal(grain, g);
	}
	for (size_t c = 0; c < 2; c++) {
		assert_int_equal(calendar_from_name(calendar_name(calendars[c]), &calendar,
						    &(struct err){ 0 }),
				 0);
		assert_int_equal(calendar, calendars[c]);
	}
	assert_int_equal(grain_from_name("fortnight", &grain, &err), -EINVAL);
	assert_string_equal(err.text, "'fortnight' is not a period; use minute, hour, day, week, "
				      "month, quarter, semester or year");
	assert_int_equal(calendar_from_name("lunar", &calendar, &err), -EINVAL);
	assert_string_equal(err.text, "'lunar' is not a calendar; use civil or report");
}

/* Each number is looked at before anything is done with it: under UBSan this says so. */
static void the_largest_numbers_are_refused_in_every_form(void **state)
{
	static const char *const forms[] = {
		"7050-06-30T14:05",
		"9999-12-31T23:59",
		"9999-12-31T23",
		"9999-12-31",
		"9999-W53",
		"9999-12",
		"9999-Q4",
		"9999-S2",
		"9999",
		"0000-01-01T00:00",
		"0000-W01",
		"0000-01",
		"0000",
		"2101-01-01T00:00",
		"1899-12-31T23:59",
	};
	struct period period;
	struct err err;
	int32_t day;
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		for (enum calendar c = CALENDAR_CIVIL; c <= CALENDAR_REPORT; c++)
			if (period_parse(forms[i], c, &period, &err) != -EINVAL)
				fail_msg("'%s' is taken", forms[i]);
	assert_int_equal(day_parse("9999-12-31", &day, &err), -EINVAL);
	assert_int_equal(day_parse("0000-01-01", &day, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_are_those_of_libc),
		cmocka_unit_test(weeks_are_those_of_iso_8601),
		cmocka_unit_test(every_day_lies_in_one_period_and_neighbours_meet),
		cmocka_unit_test(minutes_and_hours_number_through_every_day),
		cmocka_unit_test(number_0_holds_the_first_minute_of_1970),
		cmocka_unit_test(the_report_calendar_closes_on_the_14th),
		cmocka_unit_test(the_civil_calendar_is_the_common_one),
		cmocka_unit_test(grains_nest_exactly_where_every_period_lies_in_one),
		cmocka_unit_test(a_bucket_holds_its_period),
		cmocka_unit_test(what_is_no_period_is_refused_and_the_forms_are_named),
		cmocka_unit_test(what_is_no_day_is_refused),
		cmocka_unit_test(the_largest_numbers_are_refused_in_every_form),
		cmocka_unit_test(the_last_report_periods_that_begin_in_2100_are_taken),
		cmocka_unit_test(names_read_back_and_others_are_refused_with_the_choice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
