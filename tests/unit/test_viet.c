#include "common/base/utf8.h"
#include "common/text/viet.h"
#include "support/seeds.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_same_name(const char *a, const char *b)
{
	char key_a[VIET_KEY_MAX], key_b[VIET_KEY_MAX];
	assert_true(viet_key(a, key_a));
	assert_true(viet_key(b, key_b));
	if (strcmp(key_a, key_b) != 0)
		fail_msg("'%s' and '%s' differ: '%s', '%s'", a, b, key_a, key_b);
}

static void assert_other_name(const char *a, const char *b)
{
	char key_a[VIET_KEY_MAX], key_b[VIET_KEY_MAX];
	assert_true(viet_key(a, key_a));
	assert_true(viet_key(b, key_b));
	assert_string_not_equal(key_a, key_b);
}

static void names_are_the_same_however_they_are_typed(void **state)
{
	(void)state;
	assert_same_name("Số tổ", "So\u0302\u0301 to\u0302\u0309"); /* NFD */
	assert_same_name("Số tổ", "Sô\u0301 tô\u0309");             /* as Windows-1258 has it */
	assert_same_name("SỐ TỔ CÔNG NGHỆ", "số tổ công nghệ");
	assert_same_name("Đơn vị", "ĐƠN VỊ");
	assert_same_name("ă â đ ê ô ơ ư à ẫ ĩ ũ ỹ", "Ă Â Đ Ê Ô Ơ Ư À Ẫ Ĩ Ũ Ỹ");
	assert_same_name("số hoá", "số hóa");
	assert_same_name("thuỷ lợi", "thủy lợi");
	assert_same_name(" Kỳ\r\nbáo\u00a0 cáo ", "Kỳ báo cáo");
	assert_same_name("Mo\u031b\u0323", "mợ");
	assert_same_name("", "  ");
}

static void names_that_differ_in_a_mark_are_others(void **state)
{
	(void)state;
	assert_other_name("tổ", "tố");
	assert_other_name("to", "tô");
	assert_other_name("số 1", "số 2");
	assert_other_name("má mà", "mà má");
	assert_other_name("đa", "da");
	assert_other_name("a b", "ab");
}

static void without_marks_only_letters_are_left(void **state)
{
	char bare[VIET_KEY_MAX];
	(void)state;
	assert_true(viet_bare("Quý Đẹp", bare));
	assert_string_equal(bare, "quy dep");
	assert_true(viet_bare("Quy\u0301 \u0110e\u0323p", bare));
	assert_string_equal(bare, "quy dep");
}

static void what_is_too_long_has_no_key(void **state)
{
	char text[2 * VIET_KEY_MAX], key[VIET_KEY_MAX];
	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(viet_key(text, key));
	text[VIET_KEY_MAX - 8] = '\0';
	assert_true(viet_key(text, key));
}

static void composing_gives_one_character_a_letter_and_touches_nothing_else(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "đa\u0302\u0301t", "đất" },
		{ "đâ\u0301t", "đất" },
		{ "A\u0306\u0323", "Ặ" },
		{ "A\u0323\u0306", "Ặ" },
		{ "n\u0303 \u0301 x", "n\u0303 \u0301 x" },
		{ "đất đai; 1 €", "đất đai; 1 €" },
		{ "U\u031b\u0309", "Ử" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		assert_true(viet_compose(cases[i][0], text, sizeof(text)));
		assert_string_equal(text, cases[i][1]);
	}
}

/* Composed text has the key it had, is not longer, and composing it again changes nothing. */
static void composing_keeps_the_name(struct dice *dice, void *context)
{
	static const char *const pieces[] = { "a", "E",      "ơ",      "Ư",      "đ",      "n", " ",
					      "ế", "\u0301", "\u0302", "\u0323", "\u031b", "1" };
	char text[64] = "", before[64], again[64];
	char key[VIET_KEY_MAX], key_after[VIET_KEY_MAX];
	(void)context;
	for (uint64_t n = dice_below(dice, 12); n > 0; n--)
		strcat(text, pieces[dice_below(dice, 13)]);
	strcpy(before, text);
	assert_true(viet_compose(text, text, sizeof(text))); /* in place */
	assert_true(strlen(text) <= strlen(before));
	assert_true(viet_key(before, key));
	assert_true(viet_key(text, key_after));
	assert_string_equal(key, key_after);
	strcpy(again, text);
	assert_true(viet_compose(again, again, sizeof(again)));
	assert_string_equal(again, text);
}

static void composing_keeps_every_name(void **state)
{
	(void)state;
	for_all_seeds(5000, composing_keeps_the_name, NULL);
}

/* Small and capital letters with every mark, composed and taken apart, and what is no letter. */
static const char long_text[] =
	"Tổ công nghệ số cộng đồng ấp Mỹ Thạnh, xã Hậu Mỹ Bắc B, huyện Cái Bè: ƯỚC LƯỢNG Ỹ Ặ Ẫ; "
	"To\u0302\u0309 co\u0302ng nghe\u0323\u0302 so\u0302\u0301 A\u0306\u0323 U\u031b\u0301 "
	"\u0111a\u0302\u0301t Ô\u0301 ơ\u0323 y\u0303 \u20ac \U0001f33e Quy\u0301 \u0110e\u0323p";

/* Every prefix, cut inside characters too, in a room of exactly its size: nothing is written past
 * it, and only where the cut is clean is the result text again. */
static void a_text_that_was_cut_anywhere_is_composed_within_its_own_room(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(long_text); len++) {
		char *text = malloc(len + 1), *to = malloc(len + 1);
		char key[VIET_KEY_MAX], bare[VIET_KEY_MAX];
		assert_non_null(text);
		assert_non_null(to);
		memcpy(text, long_text, len);
		text[len] = '\0';
		assert_true(viet_compose(text, to, len + 1));
		assert_true(strlen(to) <= len);
		assert_int_equal(utf8_valid(to, strlen(to)), utf8_valid(text, len));
		assert_true(viet_key(text, key));
		assert_true(viet_bare(text, bare));
		assert_true(viet_compose(text, text, len + 1)); /* in place it is the same */
		assert_string_equal(text, to);
		free(text);
		free(to);
	}
}

static void what_does_not_fit_is_cut_between_characters_and_told(void **state)
{
	char whole[sizeof(long_text)];
	(void)state;
	assert_true(viet_compose(long_text, whole, sizeof(whole)));
	for (size_t room = 1; room <= strlen(whole) + 1; room++) {
		char *to = malloc(room);
		assert_non_null(to);
		assert_int_equal(viet_compose(long_text, to, room), room > strlen(whole));
		assert_int_equal(strncmp(to, whole, strlen(to)), 0);
		assert_true(utf8_valid(to, strlen(to)));
		assert_true(strlen(to) + 4 > room - 1);
		free(to);
	}
}

/* As Latin-1 0xe1 is a letter and 0xcc begins a mark; here they are bytes of nothing. */
static void a_lone_byte_is_no_letter(void **state)
{
	char to[16], key[VIET_KEY_MAX];
	(void)state;
	assert_true(viet_compose("\xe1\xcc", to, 3));
	assert_string_equal(to, "\xe1\xcc");
	assert_true(viet_compose("\xc3", to, 2));
	assert_string_equal(to, "\xc3");
	assert_true(viet_key("\xe1\xc3", key));
	assert_string_equal(key, "\xe1\xc3");
}

#define KEPT 400u

static char kept[KEPT][VIET_WORD_MAX];

static void *keep_all(void *context)
{
	size_t *wrong = context;
	for (unsigned i = 0; i < KEPT; i++) {
		char word[VIET_WORD_MAX], key[VIET_KEY_MAX];
		(void)snprintf(word, sizeof(word), "Số Hồ Sơ Trực Tuyến %u", i); /* fits */
		*wrong += !viet_key(word, key) || strcmp(viet_word(word, kept[i]), key) != 0;
	}
	return NULL;
}

/* Of several threads that come first none sees half a word. (The thread sanitizer looks on.) */
static void a_word_is_kept_for_all_threads(void **state)
{
	(void)state;
	pthread_t threads[4];
	size_t wrong[4] = { 0 };
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, keep_all, &wrong[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(wrong[i], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_the_same_however_they_are_typed),
		cmocka_unit_test(names_that_differ_in_a_mark_are_others),
		cmocka_unit_test(without_marks_only_letters_are_left),
		cmocka_unit_test(what_is_too_long_has_no_key),
		cmocka_unit_test(composing_gives_one_character_a_letter_and_touches_nothing_else),
		cmocka_unit_test(composing_keeps_every_name),
		cmocka_unit_test(a_text_that_was_cut_anywhere_is_composed_within_its_own_room),
		cmocka_unit_test(what_does_not_fit_is_cut_between_characters_and_told),
		cmocka_unit_test(a_lone_byte_is_no_letter),
		cmocka_unit_test(a_word_is_kept_for_all_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
