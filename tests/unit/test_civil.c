#include "common/model/civil.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define US_PER_S INT64_C(1000000)
#define DAY_S    INT64_C(86400)

static const char *const zones[] = { "Asia/Ho_Chi_Minh", "Europe/Berlin", "America/Sao_Paulo",
				     "Australia/Lord_Howe", "UTC" };
#define N_ZONES (sizeof(zones) / sizeof(zones[0]))

static void set_zone(const char *zone)
{
	struct err err = { 0 };
	if (civil_set_zone(zone, &err) != 0)
		fail_msg("%s", err.text);
}

static int64_t instant(const char *text)
{
	int64_t at_us = 0;
	struct err err = { 0 };
	if (civil_parse(text, &at_us, &err) != 0)
		fail_msg("%s", err.text);
	return at_us;
}

static int32_t day_of(const char *text)
{
	int32_t day = 0;
	assert_int_equal(day_parse(text, &day, &(struct err){ 0 }), 0);
	return day;
}

static void assert_says(int64_t at_us, const char *expected)
{
	char text[INSTANT_TEXT_MAX];
	assert_string_equal(civil_format(at_us, text), expected);
}

static void assert_refused(const char *text, const char *says)
{
	int64_t at_us = 4711;
	struct err err = { 0 };
	if (civil_parse(text, &at_us, &err) != -EINVAL)
		fail_msg("'%s' was taken", text);
	assert_int_equal(at_us, 4711);
	assert_non_null(strstr(err.text, says));
}

static void only_zones_of_the_database_are_taken(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",     "Asia/Saigon2", "../../etc/passwd", "/etc/localtime",
		"Asia", "zone.tab",     "Asia/Ho Chi Minh", ":UTC"
	};
	set_zone("Asia/Ho_Chi_Minh");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = { 0 };
		assert_int_equal(civil_set_zone(bad[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, "Asia/Ho_Chi_Minh"));
	}
	assert_says(0, "1970-01-01T08:00:00+08:00"); /* Saigon's time of 1970; the zone is kept */
}

static void an_instant_has_its_civil_time(void **state)
{
	(void)state;
	set_zone("Asia/Ho_Chi_Minh");
	int64_t at_us = instant("2025-06-30T14:05:09Z");
	assert_true(at_us == INT64_C(1751292309) * US_PER_S);
	assert_says(at_us, "2025-06-30T21:05:09+07:00");
	assert_int_equal(civil_day(at_us), day_of("2025-06-30"));
	assert_true(civil_minute(at_us) == day_of("2025-06-30") * INT64_C(1440) + 21 * 60 + 5);
	assert_int_equal(civil_day(instant("2025-06-30T17:00:00Z")), day_of("2025-07-01"));
	assert_int_equal(civil_day(instant("2025-06-30T17:00:00Z") - 1), day_of("2025-06-30"));
	assert_says(-1, "1970-01-01T07:59:59+08:00");
}

static void a_text_names_its_instant(void **state)
{
	(void)state;
	set_zone("Asia/Ho_Chi_Minh");
	int64_t at_us = INT64_C(1751292309) * US_PER_S;
	assert_true(instant("2025-06-30T21:05:09") == at_us);
	assert_true(instant("2025-06-30T21:05:09+07:00") == at_us);
	assert_true(instant("2025-06-30T21:05:09+0700") == at_us);
	assert_true(instant("2025-06-30T16:05:09+02:00") == at_us);
	assert_true(instant("2025-06-30T07:35:09-06:30") == at_us);
	assert_true(instant("2025-06-30T21:05:09.25") == at_us + 250000);
	assert_true(instant("2025-06-30T14:05:09.000001Z") == at_us + 1);
	assert_true(instant("2025-06-30T21:05") == at_us - 9 * US_PER_S);
	assert_true(instant("2025-06-30") == instant("2025-07-01T00:00:00") - 1);
}

/* There are days from 1900 to 2100; an offset may lead out of them, as may the seconds that a
 * zone's offset had before clocks agreed (there +07:06:30). */
static void an_instant_lies_on_a_day_that_can_be_written(void **state)
{
	(void)state;
	set_zone("Asia/Ho_Chi_Minh");
	assert_says(instant("1900-01-01T00:00:30"), "1900-01-01T00:00:00+07:06");
	assert_refused("1900-01-01T00:00:29", "is not a time");
	assert_refused("1900-01-01T00:00:00+08:00", "is not a time");
	assert_says(instant("2100-12-31T23:59:59"), "2100-12-31T23:59:59+07:00");
	assert_says(instant("2100-12-31"), "2100-12-31T23:59:59+07:00");
	assert_refused("2100-12-31T23:59:59+06:00", "is not a time");
}

static void what_names_no_instant_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "",
					   "now",
					   "2025",
					   "2025-06",
					   "2025-6-30",
					   "2025-06-31",
					   "2025-06-30T",
					   "2025-06-30T14",
					   "2025-06-30T24:00",
					   "2025-06-30T14:60",
					   "2025-06-30T14:05:60",
					   "2025-06-30T1:05",
					   "2025-06-30T14:05:09.",
					   "2025-06-30T14:05:09.1234567",
					   "2025-06-30T14:05+7",
					   "2025-06-30T14:05+07:60",
					   "2025-06-30T14:05+24:00",
					   "2025-06-30T14:05ZZ",
					   "2025-06-30T14:05 ",
					   "2025-06-30 14:05",
					   "2025-06-30T14:05:09+07:00Z",
					   "2101-01-01T00:00",
					   "2025-06-30TT14:05",
					   "2025-06-30T14:05:-9" };
	set_zone("Asia/Ho_Chi_Minh");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i], "2025-06-30T14:05:09+07:00");
}

static void summer_time_skips_an_hour_and_repeats_one(void **state)
{
	(void)state;
	set_zone("Europe/Berlin");
	assert_says(instant("2025-03-30T01:00:00Z") - US_PER_S, "2025-03-30T01:59:59+01:00");
	assert_says(instant("2025-03-30T01:00:00Z"), "2025-03-30T03:00:00+02:00");
	assert_true(instant("2025-03-30T01:59:59") == instant("2025-03-30T00:59:59Z"));
	assert_true(instant("2025-03-30T03:00") == instant("2025-03-30T01:00Z"));
	assert_refused("2025-03-30T02:00", "skipped");
	assert_refused("2025-03-30T02:59:59", "skipped");
	assert_says(instant("2025-10-26T01:00:00Z") - US_PER_S, "2025-10-26T02:59:59+02:00");
	assert_says(instant("2025-10-26T01:00:00Z"), "2025-10-26T02:00:00+01:00");
	assert_true(instant("2025-10-26T02:30") == instant("2025-10-26T00:30Z")); /* the first */
	assert_true(instant("2025-10-26T03:00") == instant("2025-10-26T02:00Z"));
	int64_t length =
		civil_day_start_us(day_of("2025-10-27")) - civil_day_start_us(day_of("2025-10-26"));
	assert_true(length == 25 * 3600 * US_PER_S);
}

static void a_day_begins_at_its_first_second_even_without_midnight(void **state)
{
	(void)state;
	set_zone("America/Sao_Paulo"); /* the clocks went from 00:00 to 01:00 that day */
	assert_says(civil_day_start_us(day_of("2018-11-04")), "2018-11-04T01:00:00-02:00");
	assert_says(instant("2018-11-03") + 1, "2018-11-04T01:00:00-02:00");
}

static void every_day_begins_where_the_one_before_ends(void **state)
{
	(void)state;
	for (size_t z = 0; z < 3; z++) {
		set_zone(zones[z]);
		for (int32_t day = day_of("1975-07-01"); day <= DAY_MAX; day += 1) {
			int64_t start_us = civil_day_start_us(day);
			assert_int_equal(civil_day(start_us), day);
			assert_int_equal(civil_day(start_us - 1), day - 1);
		}
	}
}

/* libc's own clock face, through strftime. */
static void check_against_libc(int64_t at_us)
{
	time_t at = (time_t)(at_us >= 0 ? at_us / US_PER_S : -((-at_us + US_PER_S - 1) / US_PER_S));
	struct tm tm;
	char text[INSTANT_TEXT_MAX], expected[INSTANT_TEXT_MAX];
	localtime_r(&at, &tm);
	size_t len = strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S%z", &tm);
	memmove(expected + len - 1, expected + len - 2, 3); /* +0700 to +07:00 */
	expected[len - 2] = ':';
	assert_string_equal(civil_format(at_us, text), expected);
	int32_t day = civil_day(at_us);
	char date[DAY_TEXT_MAX];
	assert_memory_equal(day_format(day, date), expected, 10);
	assert_true(civil_minute(at_us) == day * INT64_C(1440) + tm.tm_hour * 60 + tm.tm_min);
}

static void check_round_trip(struct dice *dice, void *context)
{
	(void)context;
	set_zone(zones[dice_below(dice, N_ZONES)]);
	int64_t at_s = dice_between(dice, -50 * 365 * DAY_S, 130 * 365 * DAY_S), back = 0;
	int64_t at_us = at_s * US_PER_S + (int64_t)dice_below(dice, US_PER_S);
	char text[INSTANT_TEXT_MAX];
	check_against_libc(at_us);
	assert_int_equal(civil_parse(civil_format(at_us, text), &back, &(struct err){ 0 }), 0);
	assert_true(back == at_s * US_PER_S);
	text[19] = '\0'; /* without the offset: the same instant, or the first of two */
	if (civil_parse(text, &back, &(struct err){ 0 }) == 0)
		assert_true(back == at_s * US_PER_S ||
			    (back < at_us && back > at_us - 7200 * US_PER_S));
	else
		fail_msg("%s was refused", text);
}

static void what_is_written_reads_back_and_is_what_libc_says(void **state)
{
	(void)state;
	for_all_seeds(3000, check_round_trip, NULL);
}

static void the_period_of_an_instant_holds_it(void **state)
{
	(void)state;
	char text[PERIOD_TEXT_MAX];
	static const char *const expected[GRAIN_COUNT] = { "2025-06-30T21:05", "2025-06-30T21",
							   "2025-06-30",       "2025-W27",
							   "2025-07",          "2025-Q3",
							   "2025-S2",          "2025" };
	set_zone("Asia/Ho_Chi_Minh");
	for (enum grain grain = 0; grain < GRAIN_COUNT; grain++) {
		struct period period =
			civil_period(CALENDAR_REPORT, grain, instant("2025-06-30T14:05:09Z"));
		assert_string_equal(period_format(period, text), expected[grain]);
	}
	struct period last = civil_period(CALENDAR_CIVIL, GRAIN_MINUTE, instant("2025-06-30"));
	assert_string_equal(period_format(last, text), "2025-06-30T23:59");
}

static void offsets_of_old_days_with_seconds_keep_the_instant(void **state)
{
	(void)state;
	set_zone("Asia/Ho_Chi_Minh"); /* local mean time, +07:06:30 or so, until 1911 */
	char text[INSTANT_TEXT_MAX];
	for (int32_t day = DAY_MIN + 1; day < DAY_MIN + 6000; day += 7) {
		int64_t at_us = day * DAY_S * US_PER_S;
		assert_true(instant(civil_format(at_us, text)) == at_us);
	}
}

static void the_wall_clock_is_past_2024(void **state)
{
	(void)state;
	int64_t first = civil_now_us(), second = civil_now_us();
	assert_true(first > INT64_C(1700000000) * US_PER_S);
	assert_true(second >= first - 60 * US_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_zones_of_the_database_are_taken),
		cmocka_unit_test(an_instant_has_its_civil_time),
		cmocka_unit_test(a_text_names_its_instant),
		cmocka_unit_test(an_instant_lies_on_a_day_that_can_be_written),
		cmocka_unit_test(what_names_no_instant_is_refused),
		cmocka_unit_test(summer_time_skips_an_hour_and_repeats_one),
		cmocka_unit_test(a_day_begins_at_its_first_second_even_without_midnight),
		cmocka_unit_test(every_day_begins_where_the_one_before_ends),
		cmocka_unit_test(what_is_written_reads_back_and_is_what_libc_says),
		cmocka_unit_test(the_period_of_an_instant_holds_it),
		cmocka_unit_test(offsets_of_old_days_with_seconds_keep_the_instant),
		cmocka_unit_test(the_wall_clock_is_past_2024),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
