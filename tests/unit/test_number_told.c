/* Numbers as people read them: digits are moved apart, none is lost. */
#include "common/base/i18n.h"
#include "common/text/number_told.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int in_english(void **state)
{
	(void)state;
	(void)language_use(LANGUAGE_ENGLISH);
	return 0;
}

static int in_vietnamese(void **state)
{
	(void)state;
	(void)language_use(LANGUAGE_VIETNAMESE);
	return 0;
}

static void assert_told(const char *exact, const char *expected)
{
	struct blob text = { 0 };

	assert_int_equal(number_told(exact, &text), 0);
	assert_int_equal(blob_append(&text, "", 1), 0);
	assert_string_equal((const char *)text.data, expected);
	blob_free(&text);
}

static void thousands_and_decimals_are_the_readers(void **state)
{
	(void)state;
	assert_told("1249", "1,249");
	assert_told("-1234567.50", "-1,234,567.50");
	assert_told("123456", "123,456");
	assert_told("-123", "-123");
	assert_told("0.1234567", "0.1234567");
}

static void a_vietnamese_reader_has_them_the_other_way_round(void **state)
{
	(void)state;
	assert_told("1249", "1.249");
	assert_told("-1234567.50", "-1.234.567,50");
	assert_told("8.592", "8,592");
}

static void every_digit_of_a_long_number_stays(void **state)
{
	(void)state;
	assert_told("123456789012345678901234567890.000001",
		    "123,456,789,012,345,678,901,234,567,890.000001");
}

static void what_is_no_number_stays_as_it_is(void **state)
{
	(void)state;
	assert_told("", "");
	assert_told("2025-06", "2025-06");
	assert_told("1,249", "1,249");
	assert_told("12.", "12.");
	assert_told(".5", ".5");
	assert_told("-", "-");
	assert_told("1.2.3", "1.2.3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(thousands_and_decimals_are_the_readers, in_english),
		cmocka_unit_test_setup(a_vietnamese_reader_has_them_the_other_way_round,
				       in_vietnamese),
		cmocka_unit_test_setup(every_digit_of_a_long_number_stays, in_english),
		cmocka_unit_test_setup(what_is_no_number_stays_as_it_is, in_english),
	};

	i18n_serve(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
