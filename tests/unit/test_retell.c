/* Whatever the programs said in English can be told again in Vietnamese. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARGS 12 /* of one sentence */

#include "common/base/i18n.h"
#include "common/text/retell.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 2048u

/* @format as if it had been given its arguments: a word or a number for the nth, by its place. */
static void fill(const char *format, bool english, char *out)
{
	static const char *const words[ARGS] = { "28001", "x.y", "wz", "q-7", "v9", "u8",
						 "k6",    "h5",  "n4", "m3",  "l2", "j1" };
	static const char *const numbers[ARGS] = { "17", "23", "42",  "58",  "61",  "79",
						   "83", "94", "105", "116", "127", "138" };
	static bool is_text[ARGS];
	size_t next = 0, len = 0;
	for (const char *at = format; *at;) {
		if (at[0] != '%' || at[1] == '%') {
			at += at[0] == '%';
			out[len++] = *at++;
			continue;
		}
		bool named = at[1] >= '1' && at[1] <= '9' && at[2] == '$';
		size_t nth = named ? (size_t)(at[1] - '1') : next++;
		at += 1 + strspn(at + 1, "0123456789$#+- .*'hlLqjzt");
		assert_true(nth < ARGS);
		if (english)
			is_text[nth] = *at == 's' || *at == 'c';
		at++;
		len += (size_t)sprintf(out + len, "%s", is_text[nth] ? words[nth] : numbers[nth]);
	}
	out[len] = '\0';
}

static size_t letters(const char *format)
{
	size_t n = 0;
	for (const char *at = format; *at; at++)
		n += *at != '%';
	return n;
}

static void every_sentence_of_the_catalogue_is_told_again(void **state)
{
	const char *format, *told;
	char english[TEXT_MAX], vietnamese[TEXT_MAX], again[TEXT_MAX];
	size_t n = 0, otherwise = 0;
	(void)state;
	(void)language_use(LANGUAGE_VIETNAMESE);
	for (size_t i = 0; (format = i18n_message(i, &told)); i++) {
		if (!strchr(format, '%') || !strchr(format, ' ') || strlen(format) > TEXT_MAX / 2 ||
		    letters(format) < 16)
			continue;
		fill(format, true, english);
		fill(told, false, vietnamese);
		retell(english, again, sizeof(again));
		n++;
		if (strcmp(again, vietnamese) != 0) {
			print_message("%s\n -> %s\n", english, again);
			otherwise++;
		}
	}
	(void)language_use(LANGUAGE_ENGLISH);
	assert_true(n > 300);
	assert_int_equal(otherwise, 0);
}

static void assert_told(const char *english, const char *vietnamese)
{
	char again[TEXT_MAX];
	(void)language_use(LANGUAGE_VIETNAMESE);
	retell(english, again, sizeof(again));
	(void)language_use(LANGUAGE_ENGLISH);
	assert_string_equal(again, vietnamese);
	assert_string_equal(retell(english, again, sizeof(again)), english);
}

static void sentences_within_sentences_are_told_again(void **state)
{
	(void)state;
	assert_told("out of memory", "hết bộ nhớ");
	assert_told("lantoa.db: No such file or directory",
		    "lantoa.db: không có tệp hoặc thư mục này");
	assert_told(
		"one: ended with status 1: lantoa-agent: office.db: the query: it may only read "
		"this file's tables",
		"one: kết thúc với mã 1: lantoa-agent: office.db: câu truy vấn: chỉ được đọc các "
		"bảng của tệp này");
}

static void what_is_not_ours_stays_as_it_is(void **state)
{
	(void)state;
	assert_told("", "");
	assert_told("brew tea: 100 %s: %d%%", "brew tea: 100 %s: %d%%");
}

static void what_does_not_fit_is_cut_between_letters(void **state)
{
	char again[8];
	(void)state;
	(void)language_use(LANGUAGE_VIETNAMESE);
	assert_string_equal(retell("out of memory", again, sizeof(again)), "hết b");
	(void)language_use(LANGUAGE_ENGLISH);
}

int main(void)
{
	i18n_serve(NULL);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sentence_of_the_catalogue_is_told_again),
		cmocka_unit_test(sentences_within_sentences_are_told_again),
		cmocka_unit_test(what_is_not_ours_stays_as_it_is),
		cmocka_unit_test(what_does_not_fit_is_cut_between_letters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
