#include "common/base/err.h"
#include "common/base/utf8.h"
#include "support/seeds.h"

#include <errno.h>
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

static bool seen(uint32_t c)
{
	char text[4];
	size_t n = encode(c, text);
	return utf8_plain(text, n) == n;
}

static void what_cannot_be_seen_is_not_plain(void **state)
{
	static const uint32_t hidden[] = { 0x0a,   0x1b,   0x7f,   0x85,    0x9b,    0xad,
					   0x61c,  0x200b, 0x200d, 0x200e,  0x200f,  0x2028,
					   0x2029, 0x202a, 0x202e, 0x2066,  0x2069,  0xfeff,
					   0xfdd0, 0xfffe, 0xffff, 0x1fffe, 0xe0041, 0x10ffff };
	static const uint32_t fine[] = { ' ', '~', 0xa0, 0x1eb7, 0x301, 0x20ac, 0x2212, 0x1f33e };
	(void)state;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (seen(hidden[i]))
			fail_msg("U+%04X", hidden[i]);
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (!seen(fine[i]))
			fail_msg("U+%04X", fine[i]);
	assert_int_equal(utf8_plain("Tổ\xe2\x80\xae 1", 9), strlen("Tổ"));
	assert_int_equal(utf8_plain("a\xff", 2), 1);
	assert_int_equal(utf8_plain("", 0), 0);
}

static const char mixed[] = "Ấp Mỹ \u20ac\U0001f33e, a\u0302\u0301 o\u031b\u0323";

static void a_cut_is_never_inside_a_character(void **state)
{
	(void)state;
	for (size_t max = 0; max <= strlen(mixed) + 2; max++) {
		size_t kept = utf8_cut(mixed, strlen(mixed), max);
		assert_true(kept <= max && kept <= strlen(mixed));
		assert_true(kept + 4 > max || kept == strlen(mixed));
		assert_true(utf8_valid(mixed, kept));
	}
	assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80\x80", 6, 4), 4); /* bytes of nothing */
	assert_int_equal(utf8_cut("a\xff\xff", 3, 2), 2);
}

static void what_is_printed_into_any_room_is_whole_characters(void **state)
{
	(void)state;
	for (size_t room = 1; room <= sizeof(mixed) + 3; room++) {
		char *to = malloc(room);
		assert_non_null(to);
		size_t len = utf8_print(to, room, "%s%u", mixed, 7u);
		assert_int_equal(len, strlen(to));
		assert_true(utf8_valid(to, len));
		assert_true(len < room && (len + 4 >= room || room > sizeof(mixed)));
		free(to);
	}
}

static void cleaning_leaves_text_and_shows_the_rest_as_marks(void **state)
{
	static const char *const cases[][2] = {
		{ "Tổ 1", "Tổ 1" },
		{ "\x1b[31mred\x1b[0m", "?[31mred?[0m" },
		{ "a\tb\r\nc", "a b  c" },
		{ "\xff\xfe then", "?? then" },
		{ "cut \xe1\xbb", "cut ??" },
		{ "\xe2\x80\xae"
		  "evil\xc2\x9b"
		  "x",
		  "?evil?x" },
		{ "", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		(void)snprintf(text, sizeof(text), "%s", cases[i][0]);
		assert_int_equal(utf8_clean(text, ""), strlen(cases[i][1]));
		assert_string_equal(text, cases[i][1]);
	}
	char lines[] = "one\ntwo\x1b";
	(void)utf8_clean(lines, "\n");
	assert_string_equal(lines, "one\ntwo?");
}

static void clean_anything(struct dice *dice, void *context)
{
	char text[40];
	size_t len = (size_t)dice_below(dice, sizeof(text));
	(void)context;
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(1 + dice_below(dice, 255));
	text[len] = '\0';
	size_t kept = utf8_clean(text, "");
	assert_true(kept <= len && kept == strlen(text));
	assert_int_equal(utf8_plain(text, kept), kept);
	char again[40];
	strcpy(again, text);
	assert_int_equal(utf8_clean(again, ""), kept);
	assert_string_equal(again, text);
}

static void whatever_is_cleaned_is_plain(void **state)
{
	(void)state;
	for_all_seeds(20000, clean_anything, NULL);
}

/* Errors and log lines quote what came from outside. */
static void an_error_is_always_printable_and_whole(void **state)
{
	char *name = malloc(2 * ERR_TEXT_MAX);
	(void)state;
	assert_non_null(name);
	for (size_t shift = 0; shift < 4; shift++) {
		struct err err;
		size_t len = shift;
		memset(name, 'x', shift);
		while (len < ERR_TEXT_MAX + 100) {
			memcpy(name + len, "ặ", 3);
			len += 3;
		}
		name[len] = '\0';
		assert_int_equal(err_set(&err, -EIO, "%s", name), -EIO);
		assert_true(utf8_valid(err.text, strlen(err.text)));
		for (size_t i = 0; i < 4; i++) {
			assert_int_equal(err_wrap(&err, "%.*s", (int)(i + 1), "abcd"), -EIO);
			assert_true(utf8_valid(err.text, strlen(err.text)));
		}
		assert_null(strchr(err.text, '?'));
	}
	struct err err;
	assert_int_equal(err_set(&err, -EINVAL, "'%s'", "\x1b]0;x\x07\xff"), -EINVAL);
	assert_string_equal(err.text, "'?]0;x?"
				      "?'");
	assert_int_equal(err_wrap(&err, "%s", "a\x1b"), -EINVAL);
	assert_string_equal(err.text, "a?: '?]0;x?"
				      "?'");
	assert_int_equal(err_set(&err, -EINVAL, "one\ntwo"), -EINVAL);
	assert_string_equal(err.text, "one\ntwo");
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_is_one_character),
		cmocka_unit_test(what_encodes_no_code_point_is_none),
		cmocka_unit_test(control_characters_cannot_be_printed),
		cmocka_unit_test(an_excerpt_shows_what_it_can),
		cmocka_unit_test(an_excerpt_of_anything_is_printable),
		cmocka_unit_test(what_cannot_be_seen_is_not_plain),
		cmocka_unit_test(a_cut_is_never_inside_a_character),
		cmocka_unit_test(what_is_printed_into_any_room_is_whole_characters),
		cmocka_unit_test(cleaning_leaves_text_and_shows_the_rest_as_marks),
		cmocka_unit_test(whatever_is_cleaned_is_plain),
		cmocka_unit_test(an_error_is_always_printable_and_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
