#include "common/base/utf8.h"
#include "common/model/labels.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_canonical(const struct label labels[], size_t n, const char *expected)
{
	char text[LABELS_TEXT_MAX];
	assert_int_equal(labels_canonical(labels, n, text, &(struct err){ 0 }), 0);
	assert_string_equal(text, expected);
	assert_true(labels_valid(text));
}

static void labels_come_out_by_key(void **state)
{
	(void)state;
	const struct label labels[] = { { "sector", "đất đai" },
					{ "app", "VNeID" },
					{ "a1_", " " } };
	assert_canonical(labels, 0, "");
	assert_canonical(labels, 1, "sector=đất đai");
	assert_canonical(labels, 3, "a1_= ;app=VNeID;sector=đất đai");
	const struct label prefix[] = { { "ab", "1" }, { "a", "2" }, { "a_", "3" }, { "a1", "4" } };
	assert_canonical(prefix, 4, "a=2;a1=4;a_=3;ab=1");
}

static void assert_refused(struct label label)
{
	char text[LABELS_TEXT_MAX] = "kept";
	struct err err = { 0 };
	assert_int_equal(labels_canonical(&label, 1, text, &err), -EINVAL);
	assert_string_equal(text, "kept");
	assert_true(err.text[0] != '\0');
}

static void bad_keys_and_values_are_refused(void **state)
{
	(void)state;
	static const char *const keys[] = {
		"",    "A",   "1a", "_a", "a-b",
		"a b", "a=b", "a;", "ä",  "a23456789012345678901234567890123"
	};
	static const char *const values[] = { "",         "a;b",          "a=b",     "a\nb",
					      "\x7f",     "\x01",         "\xff",    "\xc3",
					      "\xc0\xaf", "\xed\xa0\x80", "\xc2\x85" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_refused((struct label){ keys[i], "x" });
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		assert_refused((struct label){ "k", values[i] });
	char value[66];
	memset(value, 'v', 65);
	value[65] = '\0';
	assert_refused((struct label){ "k", value });
}

static void a_key_given_twice_is_refused(void **state)
{
	(void)state;
	const struct label labels[] = { { "a", "1" }, { "b", "2" }, { "a", "3" } };
	char text[LABELS_TEXT_MAX];
	struct err err = { 0 };
	assert_int_equal(labels_canonical(labels, 3, text, &err), -EINVAL);
	assert_string_equal(err.text, "label a is given twice; give it once");
}

static void the_limits_hold_to_the_byte(void **state)
{
	(void)state;
	static const char *const keys[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i" };
	struct label labels[9];
	char value[65], text[LABELS_TEXT_MAX];
	memset(value, 'v', sizeof(value));
	value[64] = '\0';
	for (size_t i = 0; i < 9; i++)
		labels[i] = (struct label){ keys[i], "v" };
	assert_int_equal(labels_canonical(labels, 8, text, &(struct err){ 0 }), 0);
	assert_int_equal(labels_canonical(labels, 9, text, &(struct err){ 0 }), -E2BIG);
	for (size_t i = 0; i < 3; i++)
		labels[i].value = value;
	/* 3 times 2 + 64 + ';', then 2 + what fills 255 */
	labels[3].value = value + 64 - (LABELS_TEXT_MAX - 1 - 3 * 67 - 2);
	assert_int_equal(labels_canonical(labels, 4, text, &(struct err){ 0 }), 0);
	assert_int_equal(strlen(text), LABELS_TEXT_MAX - 1);
	assert_true(labels_valid(text));
	labels[3].value--;
	assert_int_equal(labels_canonical(labels, 4, text, &(struct err){ 0 }), -E2BIG);
}

static void only_canonical_text_is_valid(void **state)
{
	(void)state;
	static const char *const good[] = { "", "a=1", "a=1;b=2", "app=VNeID;sector=land" };
	static const char *const bad[] = { "a",     "=",       "a=",      "=1",       "a=1;",
					   ";a=1",  "b=1;a=2", "a=1;a=2", "a=1;;b=2", "A=1",
					   "a=1=2", "a=1;b",   "a=\xff",  "a =1",     ";" };
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(labels_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (labels_valid(bad[i]))
			fail_msg("'%s' was taken", bad[i]);
	assert_false(labels_valid("a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1"));
	char longer[400];
	(void)snprintf(longer, sizeof(longer), "a=%064d;b=%064d;c=%064d;d=%064d", 1, 2, 3, 4);
	assert_false(labels_valid(longer));
}

static void walking_gives_each_label_once(void **state)
{
	(void)state;
	const char *cursor = "app=VNeID;sector=land", *key, *value;
	size_t key_len, value_len;
	assert_true(labels_next(&cursor, &key, &key_len, &value, &value_len));
	assert_int_equal(key_len, 3);
	assert_memory_equal(key, "app", 3);
	assert_int_equal(value_len, 5);
	assert_memory_equal(value, "VNeID", 5);
	assert_true(labels_next(&cursor, &key, &key_len, &value, &value_len));
	assert_memory_equal(key, "sector", 6);
	assert_memory_equal(value, "land", 4);
	assert_false(labels_next(&cursor, &key, &key_len, &value, &value_len));
	cursor = "";
	assert_false(labels_next(&cursor, &key, &key_len, &value, &value_len));
}

/* A series is the labels whose bit is set in @has; "aa" and "a" tempt a match by prefix. */
static void text_of_bits(unsigned has, unsigned values, char text[LABELS_TEXT_MAX])
{
	static const char *const keys[] = { "b", "a", "aa", "c", "ab" };
	static const char *const choice[] = { "x", "xx" };
	struct label labels[5];
	size_t n = 0;
	for (unsigned i = 0; i < 5; i++)
		if (has >> i & 1)
			labels[n++] = (struct label){ keys[i], choice[values >> i & 1] };
	assert_int_equal(labels_canonical(labels, n, text, &(struct err){ 0 }), 0);
}

static void check_match(struct dice *dice, void *context)
{
	(void)context;
	unsigned has = (unsigned)dice_below(dice, 32), values = (unsigned)dice_below(dice, 32);
	unsigned asks = (unsigned)dice_below(dice, 32), wanted = (unsigned)dice_below(dice, 32);
	char text[LABELS_TEXT_MAX], filter[LABELS_TEXT_MAX];
	text_of_bits(has, values, text);
	text_of_bits(asks, wanted, filter);
	bool expected = (asks & ~has) == 0 && ((values ^ wanted) & asks) == 0;
	assert_int_equal(labels_match(text, filter), expected);
	assert_true(labels_match(text, ""));
	assert_true(labels_match(text, text));
}

static void a_filter_fits_exactly_the_series_that_carry_its_labels(void **state)
{
	(void)state;
	for_all_seeds(50000, check_match, NULL);
}

static void what_nobody_can_see_is_refused_at_an_office_and_taken_off_the_wire(void **state)
{
	static const char *const hidden[] = { "T\xe1\xbb\x95\xe2\x80\x8b 1",
					      "\xe2\x80\xae"
					      "1",
					      "\xef\xbb\xbf"
					      "1" };
	(void)state;
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		char text[LABELS_TEXT_MAX], held[LABELS_TEXT_MAX];
		struct err err;
		struct label label = { "team", hidden[i] };
		assert_int_equal(labels_canonical(&label, 1, text, &err), -EINVAL);
		assert_non_null(strstr(err.text, "label team: '"));
		assert_non_null(strstr(err.text, "(U+"));
		(void)snprintf(held, sizeof(held), "team=%s", hidden[i]);
		assert_true(labels_valid(held));
	}
}

/* As a text that was cut has them: NFC and NFD, and every place where a cut may be. */
static void a_prefix_of_a_label_is_a_label_or_refused(void **state)
{
	static const char long_text[] = "Tổ công nghệ số ấp Mỹ To\u0302\u0309 e\u0302\u0323 ặ";
	(void)state;
	for (size_t len = 1; len < sizeof(long_text); len++) {
		char value[sizeof(long_text)], text[LABELS_TEXT_MAX];
		struct err err;
		memcpy(value, long_text, len);
		value[len] = '\0';
		int rc = labels_canonical(&(struct label){ "team", value }, 1, text, &err);
		assert_int_equal(rc, utf8_valid(value, len) && len <= 64 ? 0 : -EINVAL);
		if (rc == 0)
			assert_true(labels_valid(text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_come_out_by_key),
		cmocka_unit_test(bad_keys_and_values_are_refused),
		cmocka_unit_test(a_key_given_twice_is_refused),
		cmocka_unit_test(the_limits_hold_to_the_byte),
		cmocka_unit_test(only_canonical_text_is_valid),
		cmocka_unit_test(walking_gives_each_label_once),
		cmocka_unit_test(
			what_nobody_can_see_is_refused_at_an_office_and_taken_off_the_wire),
		cmocka_unit_test(a_prefix_of_a_label_is_a_label_or_refused),
		cmocka_unit_test(a_filter_fits_exactly_the_series_that_carry_its_labels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
