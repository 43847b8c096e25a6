/* What stands in a cell of a workbook: numbers as they are held, and what a format makes of them.
 */
#include "excel/number_format.h"
#include "excel/number_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void numbers_are_as_excel_keeps_them(void **state)
{
	static const struct {
		const char *text, *plain; /* NULL: it is no number */
	} numbers[] = {
		{ "0", "0" },
		{ "-0", "0" },
		{ "0.00", "0" },
		{ "8", "8" },
		{ "8.0", "8" },
		{ "+8", "8" },
		{ "-12.50", "-12.5" },
		{ ".5", "0.5" },
		{ "007", "7" },
		{ "1234567.891", "1234567.891" },
		/* with 17 digits, as Excel writes them */
		{ "8.5920000000000005", "8.592" },
		{ "0.30000000000000004", "0.3" },
		{ "1.1000000000000001", "1.1" },
		{ "-4.4999999999999998E-2", "-0.045" },
		{ "1234567890.1234567", "1234567890.12346" },
		{ "99999999999999.996", "100000000000000" },
		/* what has no fraction is told whole */
		{ "1234567890123456789", "1234567890123456789" },
		{ "1.2345678901234567E+17", "123456789012346000" },
		{ "1E3", "1000" },
		{ "1e-3", "0.001" },
		{ "1.5E+10", "15000000000" },
		/* too long for digits alone: its reader says so */
		{ "1E+40", "1.E40" },
		{ "-2.5E-40", "-2.5E-40" },
		{ "", NULL },
		{ ".", NULL },
		{ "-", NULL },
		{ "1.2.3", NULL },
		{ "1,5", NULL },
		{ "1E", NULL },
		{ "1E+12345", NULL },
		{ "E5", NULL },
		{ "0x10", NULL },
		{ "INF", NULL },
		{ "NaN", NULL },
		{ "12345678901234567890123456789012345678901", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char plain[NUMBER_TEXT_MAX] = "none";
		bool is = number_text(numbers[i].text, plain);
		if (is != (numbers[i].plain != NULL) ||
		    (is && strcmp(plain, numbers[i].plain) != 0))
			fail_msg("'%s' is %s", numbers[i].text, is ? plain : "no number");
	}
}

/* What has 15 digits at most is itself, through the double that Excel makes of it. */
static void a_number_of_fifteen_digits_comes_back(void **state)
{
	uint64_t random = 88172645463325252u;
	(void)state;
	for (int i = 0; i < 100000; i++) {
		char text[NUMBER_TEXT_MAX], seventeen[NUMBER_TEXT_MAX], plain[NUMBER_TEXT_MAX];
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		uint64_t whole = random % 1000000000000;
		(void)snprintf(text, sizeof(text), "%llu.%03u", (unsigned long long)whole,
			       (unsigned)(random >> 40) % 999 + 1);
		(void)snprintf(seventeen, sizeof(seventeen), "%.17g", strtod(text, NULL));
		assert_true(number_text(seventeen, plain));
		while (text[strlen(text) - 1] == '0')
			text[strlen(text) - 1] = '\0';
		assert_string_equal(plain, text);
		assert_true(number_text_of(strtod(text, NULL), plain));
		assert_string_equal(plain, text);
	}
}

static void formats_tell_dates_and_percentages(void **state)
{
	static const struct {
		const char *code;
		enum format format;
	} codes[] = {
		{ "General", FORMAT_NUMBER },
		{ "0", FORMAT_NUMBER },
		{ "#,##0.00", FORMAT_NUMBER },
		{ "0.00E+00", FORMAT_NUMBER },
		{ "[Red]#,##0;[Blue]-#,##0", FORMAT_NUMBER },
		{ "_-* #,##0\\ _\xe2\x82\xab_-", FORMAT_NUMBER },
		{ "#,##0 \"dân\"", FORMAT_NUMBER },
		{ "0\\d", FORMAT_NUMBER },
		{ "0%", FORMAT_PERCENT },
		{ "0.0\\ %", FORMAT_PERCENT },
		{ "dd/mm/yyyy", FORMAT_DATE },
		{ "[$-42A]dd\\ mmmm\\ yyyy;@", FORMAT_DATE },
		{ "d", FORMAT_DATE },
		{ "mm", FORMAT_DATE },
		{ "mmm-yy", FORMAT_MONTH },
		{ "\"Tháng\" m/yyyy", FORMAT_MONTH },
		{ "YYYY", FORMAT_YEAR },
		{ "dd/mm/yyyy hh:mm", FORMAT_DATE_TIME },
		{ "h:mm AM/PM", FORMAT_TIME },
		{ "mm:ss", FORMAT_TIME },
		{ "[h]:mm", FORMAT_TIME },
		{ "0;dd/mm/yyyy", FORMAT_NUMBER }, /* the second is of numbers below 0 */
		{ "\"abc yyyy", FORMAT_YEAR },     /* a quote that is never closed */
		{ "[", FORMAT_NUMBER },
		{ "", FORMAT_NUMBER },
	};
	static const struct {
		unsigned id;
		enum format format;
	} ids[] = { { 0, FORMAT_NUMBER },   { 4, FORMAT_NUMBER },     { 9, FORMAT_PERCENT },
		    { 10, FORMAT_PERCENT }, { 14, FORMAT_DATE },      { 17, FORMAT_MONTH },
		    { 20, FORMAT_TIME },    { 22, FORMAT_DATE_TIME }, { 37, FORMAT_NUMBER },
		    { 47, FORMAT_TIME },    { 49, FORMAT_NUMBER } };
	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (format_of_code(codes[i].code) != codes[i].format)
			fail_msg("%s is %d", codes[i].code, format_of_code(codes[i].code));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		if (format_of_id(ids[i].id) != ids[i].format)
			fail_msg("%u is %d", ids[i].id, format_of_id(ids[i].id));
}

static void serial_numbers_are_days(void **state)
{
	static const struct {
		double serial;
		bool since_1904;
		enum format format;
		const char *text; /* NULL: it is no date */
	} days[] = {
		{ 1, false, FORMAT_DATE, "1900-01-01" },
		{ 59, false, FORMAT_DATE, "1900-02-28" },
		{ 61, false, FORMAT_DATE, "1900-03-01" }, /* 60 is a day that never was */
		{ 45838, false, FORMAT_DATE, "2025-06-30" },
		{ 44376, true, FORMAT_DATE, "2025-06-30" },
		{ 0, true, FORMAT_DATE, "1904-01-01" },
		{ 45838.75, false, FORMAT_DATE, "2025-06-30" },
		{ 45838.75, false, FORMAT_DATE_TIME, "2025-06-30 18:00" },
		{ 45838, false, FORMAT_DATE_TIME, "2025-06-30" },
		{ 45838.604166666664, false, FORMAT_DATE_TIME, "2025-06-30 14:30" },
		{ 45837.99999999, false, FORMAT_DATE_TIME, "2025-06-30" },
		{ 45838, false, FORMAT_MONTH, "2025-06" },
		{ 45838, false, FORMAT_YEAR, "2025" },
		{ 0.5, false, FORMAT_TIME, "12:00" },
		{ 0.5, false, FORMAT_DATE, "12:00" },
		{ 2958465, false, FORMAT_DATE, "9999-12-31" },
		{ -1, false, FORMAT_DATE, NULL },
		{ 1e9, false, FORMAT_DATE, NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		char text[SERIAL_TEXT_MAX] = "none";
		bool is = serial_text(days[i].serial, days[i].since_1904, days[i].format, text);
		if (is != (days[i].text != NULL) || (is && strcmp(text, days[i].text) != 0))
			fail_msg("%.12g is %s", days[i].serial, is ? text : "no date");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_as_excel_keeps_them),
		cmocka_unit_test(a_number_of_fifteen_digits_comes_back),
		cmocka_unit_test(formats_tell_dates_and_percentages),
		cmocka_unit_test(serial_numbers_are_days),
	};
	return cmocka_run_group_tests_name("excel_values", tests, NULL, NULL);
}
