#include "office/commandline.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char *words[COMMANDLINE_WORDS + 1];
static struct err err;

static size_t split(char *line)
{
	size_t n = SIZE_MAX;
	if (commandline_split(line, words, &n, &err) != 0)
		fail_msg("%s", err.text);
	assert_null(words[n]);
	return n;
}

static void blanks_separate_and_quotes_hold_together(void **state)
{
	char line[] = "  /bin/count -x \t\"a b\" 'c \"d' e\"f g\"h \\\"i j\\ k \"l\\\"m\\\\\" '\\' "
		      "\"\" $HOME *";
	static const char *const expected[] = { "/bin/count", "-x",  "a b",   "c \"d",
						"ef gh",      "\"i", "j k",   "l\"m\\",
						"\\",         "",    "$HOME", "*" };
	(void)state;
	assert_int_equal(split(line), sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_string_equal(words[i], expected[i]);
}

static void nothing_is_no_word(void **state)
{
	char empty[] = "", blank[] = " \t ";
	(void)state;
	assert_int_equal(split(empty), 0);
	assert_int_equal(split(blank), 0);
}

static void what_is_not_closed_or_too_much_is_refused(void **state)
{
	char open[] = "a \"b c", single[] = "a 'b\\'";
	char many[2 * (COMMANDLINE_WORDS + 1) + 1];
	size_t n;
	(void)state;
	assert_int_equal(commandline_split(open, words, &n, &err), -EINVAL);
	assert_int_equal(commandline_split(single, words, &n, &err), 0); /* '\' is plain in '...' */
	for (size_t i = 0; i < COMMANDLINE_WORDS + 1; i++)
		memcpy(many + 2 * i, "a ", 3);
	assert_int_equal(commandline_split(many, words, &n, &err), -E2BIG);
	for (size_t i = 0; i < COMMANDLINE_WORDS; i++)
		memcpy(many + 2 * i, "a ", 3);
	assert_int_equal(split(many), COMMANDLINE_WORDS);
}

/* Any words, each quoted somehow, come back as they were. */
static void try_round_trip(struct dice *dice, void *context)
{
	static const char letters[] = "ab \t\"'\\=$đ";
	char said[8][16], line[512], *to = line;
	size_t n = dice_below(dice, 8);
	(void)context;
	for (size_t i = 0; i < n; i++) {
		size_t len = dice_below(dice, 15);
		*to++ = ' ';
		*to++ = '"';
		for (size_t c = 0; c < len; c++) {
			said[i][c] = letters[dice_below(dice, sizeof(letters) - 1)];
			if (said[i][c] == '"' || said[i][c] == '\\')
				*to++ = '\\';
			*to++ = said[i][c];
		}
		said[i][len] = '\0';
		*to++ = '"';
	}
	*to = '\0';
	assert_int_equal(split(line), n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(words[i], said[i]);
}

static void what_is_quoted_comes_back(void **state)
{
	(void)state;
	for_all_seeds(2000, try_round_trip, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_separate_and_quotes_hold_together),
		cmocka_unit_test(nothing_is_no_word),
		cmocka_unit_test(what_is_not_closed_or_too_much_is_refused),
		cmocka_unit_test(what_is_quoted_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
