#include "common/base/decimal.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *text, unsigned decimals, int64_t *ret_mantissa)
{
	return decimal_parse(text, strlen(text), decimals, ret_mantissa, &(struct err){ 0 });
}

static void assert_reads(const char *text, unsigned decimals, int64_t mantissa)
{
	int64_t got = 4711;
	assert_int_equal(parse(text, decimals, &got), 0);
	assert_int_equal(got, mantissa);
}

static void assert_refused(const char *text, unsigned decimals, int code)
{
	int64_t got = 4711;
	struct err err = { 0 };
	assert_int_equal(decimal_parse(text, strlen(text), decimals, &got, &err), code);
	assert_int_equal(got, 4711); /* written only on success */
	assert_int_equal(err.code, code);
	assert_true(err.text[0] != '\0');
}

static void numbers_are_read_as_written(void **state)
{
	(void)state;
	assert_reads("0", 0, 0);
	assert_reads("-0", 3, 0);
	assert_reads("+7", 2, 700);
	assert_reads("12.5", 2, 1250);
	assert_reads("-12.50", 2, -1250);
	assert_reads("000000000000000000000000000000000000001.5", 6, 1500000);
}

static void what_is_no_number_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",    "-",   "+",     ".",     ".5",   "5.",     "1e3",
		" 1",  "1 ",  "1,249", "1.2.3", "--1",  "+-1",    "0x10",
		"nan", "inf", "1_000", "1.-5",  "1.2-", "\u0661", "1-2"
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i], 6, -EINVAL);
	int64_t got;
	assert_int_equal(decimal_parse("1\0002", 3, 0, &got, &(struct err){ 0 }), -EINVAL);
}

static void digits_beyond_the_decimals_are_refused_never_rounded(void **state)
{
	(void)state;
	assert_refused("1.55", 1, -EINVAL);
	assert_refused("0.1", 0, -EINVAL);
	assert_refused("1.249", 0, -EINVAL);
	assert_refused("1.000", 0, -EINVAL); /* a Vietnamese thousand, not one */
	assert_refused("-12.500", 1, -EINVAL);
	assert_refused("0.00000001", 6, -EINVAL);
}

static void zeros_at_the_end_are_no_digits(void **state)
{
	struct err err;
	int64_t got;
	(void)state;
	assert_reads("8.0", 0, 8);
	assert_reads("8.00", 0, 8);
	assert_reads("-8.0000", 0, -8);
	assert_reads("0.000", 0, 0);
	assert_reads("1234.000", 0, 1234);
	assert_reads("1.50", 1, 15);
	assert_reads("1.250", 3, 1250);
	assert_reads("1.2500", 3, 1250);
	assert_reads("9223372036854775807.00", 0, INT64_MAX);
	assert_refused("1.250", 2, -EINVAL);
	assert_int_equal(decimal_parse("-12.500", 7, 1, &got, &err), -EINVAL);
	assert_non_null(strstr(err.text, "'-12.500' can be read as -12.5 or as -12500;"));
	assert_int_equal(decimal_parse("+8.000", 6, 0, &got, &err), -EINVAL);
	assert_non_null(strstr(err.text, "as 8 or as 8000;"));
}

static void the_edges_of_64_bits_fit_and_one_more_does_not(void **state)
{
	(void)state;
	assert_reads("9223372036854775807", 0, INT64_MAX);
	assert_reads("-9223372036854775808", 0, INT64_MIN);
	assert_reads("9223372036854.775807", 6, INT64_MAX);
	assert_reads("-9223372036854.775808", 6, INT64_MIN);
	assert_refused("9223372036854775808", 0, -ERANGE);
	assert_refused("-9223372036854775809", 0, -ERANGE);
	assert_refused("9223372036854.775808", 6, -ERANGE);
	assert_refused("9223372036854775807", 1, -ERANGE);
	assert_refused("99999999999999999999999999999999999999999999999999", 0, -ERANGE);
}

static void reads_back(struct dice *dice, void *context)
{
	(void)context;
	int64_t mantissa = (int64_t)dice_next(dice) >> dice_below(dice, 64), got;
	unsigned decimals = (unsigned)dice_below(dice, DECIMALS_MAX + 1);
	char text[DECIMAL_TEXT_MAX];
	size_t len = decimal_format(mantissa, decimals, text);
	assert_int_equal(len, strlen(text));
	assert_int_equal(decimal_parse(text, len, decimals, &got, &(struct err){ 0 }), 0);
	assert_int_equal(got, mantissa);
}

static void what_is_written_reads_back(void **state)
{
	(void)state;
	for_all_seeds(20000, reads_back, NULL);
}

/* The oracle: long addition on texts of digits, with no integer wider than a digit. */
static void oracle_double_and_add(char digits[64], int bit)
{
	int carry = bit;
	for (size_t i = strlen(digits); i-- > 0;) {
		int d = (digits[i] - '0') * 2 + carry;
		digits[i] = (char)('0' + d % 10);
		carry = d / 10;
	}
	if (carry) {
		memmove(digits + 1, digits, strlen(digits) + 1);
		digits[0] = '1';
	}
}

static void oracle_format(int128 mantissa, unsigned decimals, char text[80])
{
	char digits[64] = "0";
	unsigned __int128 size =
		mantissa < 0 ? -(unsigned __int128)mantissa : (unsigned __int128)mantissa;
	for (int bit = 127; bit >= 0; bit--)
		oracle_double_and_add(digits, (int)(size >> bit & 1));
	while (strlen(digits) <= decimals) {
		memmove(digits + 1, digits, strlen(digits) + 1);
		digits[0] = '0';
	}
	int whole = (int)(strlen(digits) - decimals);
	(void)snprintf(text, 80, "%s%.*s%s%s", mantissa < 0 ? "-" : "", whole, digits,
		       decimals ? "." : "", digits + whole);
}

static void formats_like_the_oracle(struct dice *dice, void *context)
{
	(void)context;
	unsigned __int128 bits = (unsigned __int128)dice_next(dice) << 64 | dice_next(dice);
	int128 mantissa = (int128)bits >> dice_below(dice, 128);
	unsigned decimals = (unsigned)dice_below(dice, 19);
	char text[DECIMAL_TEXT_MAX], expected[80];
	(void)decimal_format(mantissa, decimals, text);
	oracle_format(mantissa, decimals, expected);
	assert_string_equal(text, expected);
}

static void sums_of_128_bits_are_written_to_the_last_digit(void **state)
{
	(void)state;
	char text[DECIMAL_TEXT_MAX];
	int128 lowest = (int128)((unsigned __int128)1 << 127);
	assert_int_equal(decimal_format(lowest, 0, text), 40);
	assert_string_equal(text, "-170141183460469231731687303715884105728");
	decimal_format(-(lowest + 1), 18, text);
	assert_string_equal(text, "170141183460469231731.687303715884105727");
	decimal_format(-5, 4, text);
	assert_string_equal(text, "-0.0005");
	for_all_seeds(5000, formats_like_the_oracle, NULL);
}

/* The oracle for reading: a random text of digits is right when writing it gives the text back. */
static void reads_like_the_text(struct dice *dice, void *context)
{
	(void)context;
	char text[64];
	size_t len = 0, whole = 1 + dice_below(dice, 20), decimals = dice_below(dice, 7);
	if (dice_below(dice, 2))
		text[len++] = '-';
	text[len++] = (char)('1' + (char)dice_below(dice, 9));
	for (size_t i = 1; i < whole + decimals; i++) {
		if (i == whole)
			text[len++] = '.';
		text[len++] = (char)('0' + (char)dice_below(dice, 10));
	}
	text[len] = '\0';
	int64_t got;
	char back[DECIMAL_TEXT_MAX];
	int rc = decimal_parse(text, len, (unsigned)decimals, &got, &(struct err){ 0 });
	if (rc == 0) {
		decimal_format(got, (unsigned)decimals, back);
		assert_string_equal(back, text);
	} else { /* only what has 19 digits or more can be too large */
		assert_int_equal(rc, -ERANGE);
		assert_true(whole + decimals >= 19);
	}
}

static void what_is_read_is_what_was_written(void **state)
{
	(void)state;
	for_all_seeds(20000, reads_like_the_text, NULL);
}

static void rescales_exactly_or_says_why_not(struct dice *dice, void *context)
{
	(void)context;
	int64_t from_e = (int64_t)dice_next(dice) >> dice_below(dice, 64), to_e = 4711;
	unsigned from = (unsigned)dice_below(dice, 7), to = (unsigned)dice_below(dice, 7);
	int128 a = from_e, b;
	int rc = decimal_rescale(from_e, from, to, &to_e);
	for (unsigned i = from; i < to; i++)
		a *= 10;
	b = rc == 0 ? to_e : a;
	for (unsigned i = to; i < from; i++)
		b *= 10;
	if (rc == 0)
		assert_true(a == b);
	else if (rc == -ERANGE)
		assert_true(to > from && (a > INT64_MAX || a < INT64_MIN));
	else
		assert_true(rc == -EINVAL && to < from);
	if (rc != 0)
		assert_int_equal(to_e, 4711);
}

static void rescaling_keeps_the_value_or_refuses(void **state)
{
	(void)state;
	int64_t got = 0;
	assert_int_equal(decimal_rescale(1250, 2, 1, &got), 0);
	assert_int_equal(got, 125);
	assert_int_equal(decimal_rescale(1255, 2, 1, &got), -EINVAL);
	assert_int_equal(decimal_rescale(0, 6, 0, &got), 0);
	assert_int_equal(got, 0);
	assert_int_equal(decimal_rescale(INT64_MAX, 0, 1, &got), -ERANGE);
	assert_int_equal(decimal_rescale(INT64_MIN, 3, 3, &got), 0);
	assert_true(got == INT64_MIN);
	for_all_seeds(20000, rescales_exactly_or_says_why_not, NULL);
}

static void numbers_of_any_length_compare_exactly(void **state)
{
	/* Ascending; those parted by a bar are equal. */
	static const char *const ladder[] = {
		"-99999999999999999999999999999999999999.5",
		"-10",
		"-9.000000001",
		"-9|-9.0|-09.00",
		"-0.1",
		"-0|0|0.000|00",
		"0.0000000000000000000000000000001",
		"0.1|00.10",
		"0.11",
		"1|1.0",
		"9.99",
		"10",
		"12345678901234567890123456789012345678901234567890",
		"12345678901234567890123456789012345678901234567890.0000001",
	};
	char words[2][64];
	(void)state;
	for (size_t i = 0; i < 14; i++)
		for (size_t k = 0; k < 14; k++)
			for (const char *a = ladder[i]; *a; a += strcspn(a, "|"), a += *a == '|')
				for (const char *b = ladder[k]; *b;
				     b += strcspn(b, "|"), b += *b == '|') {
					(void)snprintf(words[0], sizeof(words[0]), "%.*s",
						       (int)strcspn(a, "|"), a);
					(void)snprintf(words[1], sizeof(words[1]), "%.*s",
						       (int)strcspn(b, "|"), b);
					assert_true(decimal_is_text(words[0]));
					assert_int_equal(decimal_compare_texts(words[0], words[1]),
							 (i > k) - (i < k));
				}
	const char *const bad[] = { "",   "-",   ".",  "1.", ".5",    "1e3",
				    "+1", "1,5", " 1", "1 ", "1.2.3", "2025-06" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(decimal_is_text(bad[i]));
}

static void an_error_quotes_what_was_given_and_stays_printable(void **state)
{
	(void)state;
	struct err err;
	int64_t got;
	(void)decimal_parse("1,249", 5, 0, &got, &err);
	assert_non_null(strstr(err.text, "'1,249'"));
	char noise[5000];
	memset(noise, '\xff', sizeof(noise));
	assert_int_equal(decimal_parse(noise, sizeof(noise), 0, &got, &err), -EINVAL);
	assert_null(strchr(err.text, '\xff'));
	assert_true(strlen(err.text) < 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_as_written),
		cmocka_unit_test(what_is_no_number_is_refused),
		cmocka_unit_test(digits_beyond_the_decimals_are_refused_never_rounded),
		cmocka_unit_test(zeros_at_the_end_are_no_digits),
		cmocka_unit_test(the_edges_of_64_bits_fit_and_one_more_does_not),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(sums_of_128_bits_are_written_to_the_last_digit),
		cmocka_unit_test(what_is_read_is_what_was_written),
		cmocka_unit_test(rescaling_keeps_the_value_or_refuses),
		cmocka_unit_test(numbers_of_any_length_compare_exactly),
		cmocka_unit_test(an_error_quotes_what_was_given_and_stays_printable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
