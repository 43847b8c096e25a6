/* Numbers and periods as people write them. */
#include "common/model/period_words.h"
#include "common/text/numeral.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void numbers_tell_their_mark_or_say_that_they_do_not(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum numeral numeral;
		const char *by_comma, *by_point; /* NULL: not to be read */
	} cases[] = {
		{ "7", NUMERAL_PLAIN, "7", "7" },
		{ " -12 ", NUMERAL_PLAIN, "-12", "-12" },
		{ "+5", NUMERAL_PLAIN, "5", "5" },
		{ "1 234 567", NUMERAL_PLAIN, "1234567", "1234567" },
		{ "1\u00a0234", NUMERAL_PLAIN, "1234", "1234" },
		{ "1\u2009234", NUMERAL_PLAIN, "1234", "1234" },
		{ "\u200b8\ufeff", NUMERAL_PLAIN, "8", "8" },
		{ "\uff11\uff12", NUMERAL_PLAIN, "12", "12" },
		{ "\uff0d\uff11\uff0c\uff15", NUMERAL_COMMA, "-1.5", "-1.5" },
		{ "\uff0f8", NUMERAL_NONE, NULL, NULL },
		{ "12,5", NUMERAL_COMMA, "12.5", "12.5" },
		{ "1.234,5", NUMERAL_COMMA, "1234.5", "1234.5" },
		{ "1.234.567", NUMERAL_COMMA, "1234567", "1234567" },
		{ "0,125", NUMERAL_COMMA, "0.125", "0.125" },
		{ "1234,567", NUMERAL_COMMA, "1234.567", "1234.567" },
		{ "1 234,567", NUMERAL_COMMA, "1234.567", "1234.567" },
		{ "12.5", NUMERAL_POINT, "12.5", "12.5" },
		{ "1,234,567.25", NUMERAL_POINT, "1234567.25", "1234567.25" },
		{ "\u22121.5", NUMERAL_POINT, "-1.5", "-1.5" },
		{ "1.234", NUMERAL_EITHER, "1234", "1.234" },
		{ "12,345", NUMERAL_EITHER, "12.345", "12345" },
		{ "", NUMERAL_NONE, NULL, NULL },
		{ "-", NUMERAL_NONE, NULL, NULL },
		{ "x", NUMERAL_NONE, NULL, NULL },
		{ "1_234", NUMERAL_NONE, NULL, NULL },
		{ "12,", NUMERAL_NONE, NULL, NULL },
		{ ",5", NUMERAL_NONE, NULL, NULL },
		{ "1.23.456", NUMERAL_NONE, NULL, NULL },
		{ "1.234,567,8", NUMERAL_NONE, NULL, NULL },
		{ "1 23", NUMERAL_NONE, NULL, NULL },
		{ "1,2,3", NUMERAL_NONE, NULL, NULL },
		{ "12%", NUMERAL_NONE, NULL, NULL },
		{ "1e5", NUMERAL_NONE, NULL, NULL },
		{ "#N/A", NUMERAL_NONE, NULL, NULL },
		{ "00000000000000000000000000000000000000000000000000000000000000000", NUMERAL_NONE,
		  NULL, NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char plain[NUMERAL_MAX];
		const char *by[] = { cases[i].by_comma, cases[i].by_point };
		const enum numeral marks[] = { NUMERAL_COMMA, NUMERAL_POINT };
		if (numeral_look(cases[i].text) != cases[i].numeral)
			fail_msg("'%s' looks otherwise", cases[i].text);
		for (size_t k = 0; k < 2; k++) {
			assert_int_equal(numeral_plain(cases[i].text, marks[k], plain),
					 by[k] != NULL);
			if (by[k])
				assert_string_equal(plain, by[k]);
		}
		assert_int_equal(numeral_plain(cases[i].text, NUMERAL_EITHER, plain),
				 by[0] && cases[i].numeral != NUMERAL_EITHER);
	}
}

static void periods_are_taken_as_people_write_them(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum grain grain;
		const char *written;
	} cases[] = {
		{ "2025-06", GRAIN_MONTH, "2025-06" },
		{ "30/06/2025", GRAIN_DAY, "2025-06-30" },
		{ "1.6.2025", GRAIN_DAY, "2025-06-01" },
		{ "2025/06/30", GRAIN_DAY, "2025-06-30" },
		{ "Ngày 30 tháng 6 năm 2025", GRAIN_DAY, "2025-06-30" },
		{ "30/06/2025 00:00:00", GRAIN_DAY, "2025-06-30" },
		{ "30/06/2025 08:00", GRAIN_HOUR, "2025-06-30T08" },
		{ "30/06/2025 8h", GRAIN_HOUR, "2025-06-30T08" },
		{ "30/06/2025 08:05", GRAIN_MINUTE, "2025-06-30T08:05" },
		{ "2025-06-30 08:00", GRAIN_MINUTE, "2025-06-30T08:00" },
		{ "6/2025", GRAIN_MONTH, "2025-06" },
		{ "2025/6", GRAIN_MONTH, "2025-06" },
		{ "THÁNG 6/2025", GRAIN_MONTH, "2025-06" },
		{ "Tha\u0301ng 06 na\u0306m 2025", GRAIN_MONTH, "2025-06" },
		{ "T6/2025", GRAIN_MONTH, "2025-06" },
		{ "Thg 6 2025", GRAIN_MONTH, "2025-06" },
		{ "Quý IV/2025", GRAIN_QUARTER, "2025-Q4" },
		{ "quy 2 nam 2025", GRAIN_QUARTER, "2025-Q2" },
		{ "2025 Q2", GRAIN_QUARTER, "2025-Q2" },
		{ "6 tháng cuối năm 2025", GRAIN_SEMESTER, "2025-S2" },
		{ "Năm 2025", GRAIN_YEAR, "2025" },
		{ "Tuần 5 năm 2025", GRAIN_WEEK, "2025-W05" },
		{ "Jun-25", GRAIN_MONTH, "2025-06" },
		{ "Thg6-25", GRAIN_MONTH, "2025-06" },
		{ "Thg 6-25", GRAIN_MONTH, "2025-06" },
		{ "thg12-24", GRAIN_MONTH, "2024-12" },
		{ "DEC-24", GRAIN_MONTH, "2024-12" },
		{ "Sept-2025", GRAIN_MONTH, "2025-09" },
		{ "June 2025", GRAIN_MONTH, "2025-06" },
		{ "01/04/2025", GRAIN_MONTH, "2025-04" },
		{ "1/4/2025", GRAIN_MONTH, "2025-04" },
		{ "2025-04-01", GRAIN_MONTH, "2025-04" },
		{ "2025-04-01T00:00:00", GRAIN_MONTH, "2025-04" },
		{ "2025-06-30T00:00:00", GRAIN_DAY, "2025-06-30" },
		{ "2025-06-30T00:00:00.000", GRAIN_DAY, "2025-06-30" },
		{ "2025-06-30 00:00:00.0", GRAIN_DAY, "2025-06-30" },
		{ "2025-06-30T08:05:00", GRAIN_MINUTE, "2025-06-30T08:05" },
		{ "2025-06-30T08:00", GRAIN_HOUR, "2025-06-30T08" },
		{ "30-Jun-25", GRAIN_DAY, "2025-06-30" },
		{ "30-Jun-2025", GRAIN_DAY, "2025-06-30" },
		{ "30-Thg6-25", GRAIN_DAY, "2025-06-30" },
		{ "June 30, 2025", GRAIN_DAY, "2025-06-30" },
		{ "30 tháng 6 2025", GRAIN_DAY, "2025-06-30" },
		{ "30 tháng 6, 2025", GRAIN_DAY, "2025-06-30" },
		{ "30 Tháng Sáu 2025", GRAIN_DAY, "2025-06-30" },
		{ "ngày 30 tháng 6 2025", GRAIN_DAY, "2025-06-30" },
		{ "Tháng Sáu năm 2025", GRAIN_MONTH, "2025-06" },
		{ "tháng năm năm 2025", GRAIN_MONTH, "2025-05" },
		{ "tháng mười năm 2025", GRAIN_MONTH, "2025-10" },
		{ "tháng mười một năm 2025", GRAIN_MONTH, "2025-11" },
		{ "Tháng Mười Hai/2025", GRAIN_MONTH, "2025-12" },
		{ "Tháng VI/2025", GRAIN_MONTH, "2025-06" },
		{ "Tháng 6/25", GRAIN_MONTH, "2025-06" },
		{ "'06/2025", GRAIN_MONTH, "2025-06" },
		{ "Quí II/2025", GRAIN_QUARTER, "2025-Q2" },
		{ "Quí II năm 2025", GRAIN_QUARTER, "2025-Q2" },
		{ "QII/2025", GRAIN_QUARTER, "2025-Q2" },
		{ "Q.II/2025", GRAIN_QUARTER, "2025-Q2" },
		{ "QuýIV 2025", GRAIN_QUARTER, "2025-Q4" },
		{ "quí i - 2025", GRAIN_QUARTER, "2025-Q1" },
		{ "Quý ba năm 2025", GRAIN_QUARTER, "2025-Q3" },
		{ "2025-QIII", GRAIN_QUARTER, "2025-Q3" },
		{ "Quý II/25", GRAIN_QUARTER, "2025-Q2" },
		{ "6 tháng đầu năm năm 2025", GRAIN_SEMESTER, "2025-S1" },
		{ "Nửa cuối năm 2025", GRAIN_SEMESTER, "2025-S2" },
		{ "S1/2025", GRAIN_SEMESTER, "2025-S1" },
		{ "2025H2", GRAIN_SEMESTER, "2025-S2" },
		{ "W26/2025", GRAIN_WEEK, "2025-W26" },
		{ "Tuần thứ 26 năm 2025", GRAIN_WEEK, "2025-W26" },
		{ "Cả năm 2025", GRAIN_YEAR, "2025" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[PERIOD_TEXT_MAX];
		struct err err = { 0 };
		if (period_from_words(cases[i].text, cases[i].grain, false, text, &err) != 0)
			fail_msg("%s", err.text);
		assert_string_equal(text, cases[i].written);
	}
}

static void assert_refused(const char *text, bool month_first, const char *because)
{
	char written[PERIOD_TEXT_MAX];
	struct err err = { 0 };
	assert_int_equal(period_from_words(text, GRAIN_DAY, month_first, written, &err), -EINVAL);
	if (!strstr(err.text, because))
		fail_msg("'%s' does not say '%s'", err.text, because);
}

static void periods_with_two_readings_are_refused(void **state)
{
	char text[PERIOD_TEXT_MAX];
	(void)state;
	assert_true(period_month_first("6/30/2025"));
	assert_false(period_month_first("30/6/2025"));
	assert_false(period_month_first("6/7/2025"));
	assert_false(period_month_first("31/13/2025"));
	assert_refused("6/30/2025", false, "30/06/2025");
	assert_refused("6/7/2025", true, "2025-07-06 or 2025-06-07");
	assert_int_equal(period_from_words("6/7/2025", GRAIN_DAY, false, text, &(struct err){ 0 }),
			 0);
	assert_string_equal(text, "2025-07-06");
	assert_int_equal(period_from_words("7/7/2025", GRAIN_DAY, true, text, &(struct err){ 0 }),
			 0);
	assert_int_equal(period_from_words("2025-07-06", GRAIN_DAY, true, text, &(struct err){ 0 }),
			 0);
	assert_refused("30/06/25", false, "four digits");
	assert_refused("06-25", false, "four digits");
	assert_refused("25-Jun", false, "does not name the year; write it too, like 30/06/2025");
	assert_refused("June 25", false, "write the year with four digits");
	assert_refused("6 tháng năm 2025", false, "is not a period");
	assert_refused("2025-06-29T17:00:00Z", false, "the time of another zone");
	assert_refused("45838", false, "keeps the day 30/06/2025; format these cells");
	assert_refused("Thg6-25", false, "is a month, but it is counted per day");
	assert_refused("Báo cáo tháng sáu của phường Một", false, "is not a period");
}

static void what_is_no_period_of_its_grain_is_refused_as_it_stands(void **state)
{
	static const struct {
		const char *text;
		enum grain grain;
		const char *because;
	} cases[] = {
		{ "9 tháng đầu năm 2025", GRAIN_SEMESTER,
		  "'9 tháng đầu năm 2025' is not a period" },
		{ "Tổng cộng", GRAIN_MONTH, "is not a period; write it like Tháng 6/2025" },
		{ "Tháng 13/2025", GRAIN_MONTH, "'Tháng 13/2025' is not a period" },
		{ "2025-13", GRAIN_MONTH, "'2025-13' is not a period" },
		{ "30/06/2025 08:05", GRAIN_DAY, "'30/06/2025 08:05' is a minute, but" },
		{ "30/06/2025", GRAIN_MONTH,
		  "is a day, but it is counted per month; write it like "
		  "Tháng 6/2025" },
		{ "02/04/2025", GRAIN_MONTH, "is a day" },
		{ "01/04/2025", GRAIN_QUARTER, "is a day" },
		{ "Tháng 6", GRAIN_MONTH,
		  "does not name the year; write it too, like Tháng 6/2025" },
		{ "Quý II", GRAIN_QUARTER, "does not name the year" },
		{ "i/2025", GRAIN_QUARTER, "is not a period" },
		{ "Quý V/2025", GRAIN_QUARTER, "is not a period; write it like Quý 2/2025" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[PERIOD_TEXT_MAX];
		struct err err = { 0 };
		assert_int_equal(
			period_from_words(cases[i].text, cases[i].grain, false, text, &err),
			-EINVAL);
		if (!strstr(err.text, cases[i].because))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].because);
	}
}

/* What is advised is taken: for each grain, its example. */
static void every_example_is_a_period_of_its_grain(void **state)
{
	(void)state;
	for (enum grain grain = GRAIN_MINUTE; grain < GRAIN_COUNT; grain++) {
		char text[PERIOD_TEXT_MAX];
		struct period period;
		assert_int_equal(period_from_words(period_words_example(grain), grain, true, text,
						   &(struct err){ 0 }),
				 0);
		assert_int_equal(period_parse(text, CALENDAR_CIVIL, &period, &(struct err){ 0 }),
				 0);
		assert_int_equal(period.grain, grain);
	}
}

/* Not for a coarser period. */
static void a_day_month_quarter_or_week_zero_is_none(void **state)
{
	static const char *const texts[] = { "0/6/2025", "00/06/2025", "1/0/2025",
					     "0/2025",   "Quý 0/2025", "Tuần 0/2025" };
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (enum grain grain = GRAIN_MINUTE; grain < GRAIN_COUNT; grain++) {
			char text[PERIOD_TEXT_MAX];
			assert_int_equal(
				period_from_words(texts[i], grain, false, text, &(struct err){ 0 }),
				-EINVAL);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_tell_their_mark_or_say_that_they_do_not),
		cmocka_unit_test(periods_are_taken_as_people_write_them),
		cmocka_unit_test(periods_with_two_readings_are_refused),
		cmocka_unit_test(what_is_no_period_of_its_grain_is_refused_as_it_stands),
		cmocka_unit_test(every_example_is_a_period_of_its_grain),
		cmocka_unit_test(a_day_month_quarter_or_week_zero_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
