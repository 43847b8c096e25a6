#include "common/sys/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define WORDS_MAX 48

static const struct option_row known[] = {
	{ .name = "config", .value = "FILE" },
	{ .name = "all" },
	{ .name = "all-of-it" },
	{ .name = "help", .letter = 'h' },
	{ .name = "depth", .letter = 'd', .value = "NUMBER" },
	{ .name = "since", .value = "[TIME]" },
	{ 0 },
};

static struct options options;
static struct err err;
static char *words[WORDS_MAX]; /* getopt_long() moves them */

/* Take the words of @line, parted by blanks; a '~' in it stands for an empty word. */
static int take_in(enum options_order order, const char *line)
{
	static char text[512];
	int n = 0;
	assert_true(strlen(line) < sizeof(text));
	strcpy(text, line);
	words[n++] = (char *)(uintptr_t) "program";
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
		assert_true(n < WORDS_MAX - 1);
		words[n++] = strcmp(word, "~") == 0 ? word + 1 : word;
	}
	words[n] = NULL;
	err = (struct err){ 0 };
	options = (struct options){ .n_given = 99 };
	return options_take(n, words, known, order, &options, &err);
}

static int take(const char *line)
{
	return take_in(OPTIONS_ANYWHERE, line);
}

static void assert_refused(const char *line, const char *sentence)
{
	assert_int_equal(take(line), -EINVAL);
	assert_string_equal(err.text, sentence);
	assert_int_equal(options.n_given, 99); /* untouched */
}

static void assert_operands(const char *expected)
{
	char found[512] = "";
	for (size_t i = 0; i < options.n_operands; i++) {
		strcat(found, i > 0 ? " " : "");
		strcat(found, options.operands[i]);
	}
	assert_string_equal(found, expected);
	assert_null(options.operands[options.n_operands]);
}

/* The word after it may be anything, so it is left alone; who knows better looks at it. */
static void a_value_that_may_be_missing_is_typed_with_its_name(void **state)
{
	(void)state;
	assert_int_equal(take("--since 2d --since=3d x --since"), 0);
	assert_int_equal(options.n_given, 3);
	assert_string_equal(options.given[0].value, "");
	assert_string_equal(options.given[1].value, "3d");
	assert_string_equal(options.given[2].value, "");
	assert_operands("2d x");
}

static void an_unknown_option_is_named_as_it_was_typed(void **state)
{
	(void)state;
	assert_refused("--bogus", "there is no option '--bogus'; see test_options --help");
	assert_refused("a --bogus=3 b", "there is no option '--bogus=3'; see test_options --help");
	assert_refused("--=3", "there is no option '--=3'; see test_options --help");
	assert_refused("--config c -x", "there is no option '-x'; see test_options --help");
	assert_refused("-hx", "there is no option '-hx'; see test_options --help");
	assert_refused("a -xh b", "there is no option '-xh'; see test_options --help");
	assert_refused("-\xc3\xa9t\xc3\xa9",
		       "there is no option '-\xc3\xa9t\xc3\xa9'; see test_options --help");
	assert_refused("-?", "there is no option '-?'; see test_options --help");
	assert_refused("-:", "there is no option '-:'; see test_options --help");
}

static void a_name_is_typed_in_full(void **state)
{
	(void)state;
	assert_refused(
		"--conf x",
		"there is no option '--conf'; see test_options --help; did you mean '--config'?");
	assert_refused(
		"--conf=x",
		"there is no option '--conf=x'; see test_options --help; did you mean '--config'?");
	assert_refused(
		"--conf",
		"there is no option '--conf'; see test_options --help; did you mean '--config'?");
	assert_refused(
		"--hel=x",
		"there is no option '--hel=x'; see test_options --help; did you mean '--help'?");
	assert_refused("--al",
		       "there is no option '--al'; see test_options --help; did you mean '--all'?");
	assert_refused("--all-of", "there is no option '--all-of'; see test_options --help; did "
				   "you mean '--all-of-it'?");
	assert_int_equal(take("--all"), 0); /* although another begins so */
	assert_non_null(options_value(&options, "all"));
	assert_null(options_value(&options, "all-of-it"));
}

static void a_value_is_there_when_it_must_be_and_only_then(void **state)
{
	(void)state;
	assert_refused("a --config", "the option --config needs a value: FILE");
	assert_refused("-hd", "the option --depth needs a value: NUMBER");
	assert_refused("--all=yes", "the option --all takes no value");
	assert_refused("--help= x", "the option --help takes no value");
}

static void a_value_stands_behind_or_alone(void **state)
{
	static const char *const lines[] = { "--config=c=d --all -d7", "--config c=d --all -d 7" };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(take(lines[i]), 0);
		assert_string_equal(options_value(&options, "config"), "c=d");
		assert_string_equal(options_value(&options, "all"), "");
		assert_string_equal(options_value(&options, "depth"), "7");
		assert_null(options_value(&options, "help"));
		assert_operands("");
	}
	assert_int_equal(take("--config= --depth ~"), 0);
	assert_string_equal(options_value(&options, "config"), "");
	assert_string_equal(options_value(&options, "depth"), "");
	assert_int_equal(take("--config --all --depth --"), 0); /* a value may look like one */
	assert_string_equal(options_value(&options, "config"), "--all");
	assert_string_equal(options_value(&options, "depth"), "--");
}

static void operands_stand_anywhere_and_keep_their_order(void **state)
{
	(void)state;
	assert_int_equal(take("one --all two --config c - three -h"), 0);
	assert_operands("one two - three");
	assert_int_equal(options.n_given, 3);
	assert_int_equal(take("one -- --all --bogus -- two"), 0);
	assert_operands("one --all --bogus -- two");
	assert_int_equal(options.n_given, 0);
	assert_int_equal(take(""), 0);
	assert_operands("");
}

static void the_first_operand_ends_the_options_of_a_program_with_commands(void **state)
{
	(void)state;
	assert_int_equal(take_in(OPTIONS_FIRST, "--config c run --all --bogus"), 0);
	assert_operands("run --all --bogus");
	assert_int_equal(options.n_given, 1);
	assert_int_equal(take_in(OPTIONS_FIRST, "-- --all"), 0);
	assert_operands("--all");
	assert_int_equal(take_in(OPTIONS_FIRST, "--bogus run"), -EINVAL);
	assert_int_equal(take("run --all"), 0); /* nothing of the call before is left */
	assert_operands("run");
}

static void an_option_given_twice_has_its_last_value_and_each_can_be_seen(void **state)
{
	(void)state;
	assert_int_equal(take("--config a -h --config=b"), 0);
	assert_string_equal(options_value(&options, "config"), "b");
	assert_int_equal(options.n_given, 3);
	assert_string_equal(options.given[0].name, "config");
	assert_string_equal(options.given[0].value, "a");
	assert_string_equal(options.given[1].name, "help"); /* whole, though typed as a letter */
	assert_string_equal(options.given[2].value, "b");
}

static void options_have_a_bound(void **state)
{
	char line[2 + OPTIONS_MAX + 1] = "-";
	(void)state;
	memset(line + 1, 'h', OPTIONS_MAX);
	assert_int_equal(take(line), 0);
	assert_int_equal(options.n_given, OPTIONS_MAX);
	line[1 + OPTIONS_MAX] = 'h';
	assert_refused(line, "too many options");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_that_may_be_missing_is_typed_with_its_name),
#define TEST(name) cmocka_unit_test(name)
		TEST(an_unknown_option_is_named_as_it_was_typed),
		TEST(a_name_is_typed_in_full),
		TEST(a_value_is_there_when_it_must_be_and_only_then),
		TEST(a_value_stands_behind_or_alone),
		TEST(operands_stand_anywhere_and_keep_their_order),
		TEST(the_first_operand_ends_the_options_of_a_program_with_commands),
		TEST(an_option_given_twice_has_its_last_value_and_each_can_be_seen),
		TEST(options_have_a_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
