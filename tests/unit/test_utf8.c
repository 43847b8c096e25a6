#include "seeds.h"
#include "utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 3629, section 3, read the other way: what every code point's bytes are. */
static size_t encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(0xf00u >> n | c); /* 110, 1110, 11110 */
	return n;
}

static void every_code_point_is_one_character(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x110000; c++) {
		char text[4];
		size_t n = encode(c, text);
		bool surrogate = c >= 0xd800 && c < 0xe000;
		if (utf8_char(text, n) != (surrogate ? 0 : n))
			fail_msg("U+%04X", c);
		if (n > 1 && utf8_char(text, n - 1) != 0)
			fail_msg("U+%04X cut short", c);
	}
}

static void what_encodes_no_code_point_is_none(void **state)
{
	(void)state;
	static const char *const bad[] = { "\x80",
					   "\xbf",
					   "\xc0\x80",
					   "\xc1\xbf",
					   "\xe0\x9f\xbf",
					   "\xf0\x8f\xbf\xbf",
					   "\xf4\x90\x80\x80",
					   "\xf5\x80\x80\x80",
					   "\xff",
					   "\xfe",
					   "\xc3(",
					   "\xe1\x80(",
					   "\xf1\x80\x80(" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(utf8_char(bad[i], strlen(bad[i])), 0);
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
	}
	assert_true(utf8_valid("", 0));
	assert_true(utf8_valid("a\0b", 3));
}

static void control_characters_cannot_be_printed(void **state)
{
	(void)state;
	for (uint32_t c = 0; c < 0x300; c++) {
		char text[4];
		size_t n = encode(c, text);
		bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
		assert_int_equal(utf8_printable(text, n), !control);
	}
	assert_true(utf8_printable("Số ấp, khu phố", strlen("Số ấp, khu phố")));
	assert_false(utf8_printable("a\xff", 2));
}

static void an_excerpt_shows_what_it_can(void **state)
{
	(void)state;
	char out[EXCERPT_MAX];
	assert_string_equal(utf8_excerpt("đất", strlen("đất"), out), "đất");
	assert_string_equal(utf8_excerpt("", 0, out), "");
	assert_string_equal(utf8_excerpt("a\nb\xff\0c", 6, out), "a?b??c");
	static const char exact[] = "12345678901234567890123456789012345678901234";
	assert_string_equal(utf8_excerpt(exact, 44, out), exact);
	assert_string_equal(utf8_excerpt("123456789012345678901234567890123456789012345", 45, out),
			    "12345678901234567890123456789012345678901234...");
	assert_string_equal(utf8_excerpt("1234567890123456789012345678901234567890123ố", 46, out),
			    "1234567890123456789012345678901234567890123...");
}

static void any_excerpt_is_printable(struct dice *dice, void *context)
{
	(void)context;
	char text[100], out[EXCERPT_MAX];
	size_t len = dice_below(dice, sizeof(text));
	for (size_t i = 0; i < len; i++)
		text[i] = (char)dice_below(dice, 256);
	utf8_excerpt(text, len, out);
	assert_true(utf8_printable(out, strlen(out)));
}

static void an_excerpt_of_anything_is_printable(void **state)
{
	(void)state;
	for_all_seeds(20000, any_excerpt_is_printable, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_is_one_character),
		cmocka_unit_test(what_encodes_no_code_point_is_none),
		cmocka_unit_test(control_characters_cannot_be_printed),
		cmocka_unit_test(an_excerpt_shows_what_it_can),
		cmocka_unit_test(an_excerpt_of_anything_is_printable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
