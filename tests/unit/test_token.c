#include "api/token.h"

#include "cli/agent_commands.h"
#include "support/scratch.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct fixture {
	char folder[SCRATCH_MAX], path[PATH_MAX];
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/" TOKEN_FILE, f->folder);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static void write_token(struct fixture *f, const char *text, mode_t mode)
{
	FILE *file = fopen(f->path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
	assert_int_equal(chmod(f->path, mode), 0);
}

static void only_the_whole_word_is_right(void **state)
{
	static const char *const wrong[] = { NULL,
					     "",
					     "Bearer",
					     "Bearer ",
					     "abcdef",
					     "Basic abcdef",
					     "Bearer abcde",
					     "Bearer abcdefg",
					     "Bearer abcdeg",
					     "Bearer  abcdef",
					     "Bearer abcdef ",
					     "Bearer abcdef\n" };
	struct fixture *f = *state;
	write_token(f, "abcdef\n", 0600);
	assert_int_equal(token_check(f->path, "Bearer abcdef", &f->err), 0);
	assert_int_equal(token_check(f->path, "bearer abcdef", &f->err), 0);
	assert_int_equal(token_check(f->path, "BEARER abcdef", &f->err), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(token_check(f->path, wrong[i], &f->err), -EACCES);
		assert_non_null(strstr(f->err.text, "lantoa-agent token"));
	}
}

/* Without a word, or with one that anybody can read, nobody is let in, not with an empty one. */
static void no_good_file_lets_nobody_in(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(token_check(f->path, "Bearer ", &f->err), -EACCES);
	write_token(f, "", 0600);
	assert_int_equal(token_check(f->path, "Bearer ", &f->err), -EACCES);
	write_token(f, "\n", 0600);
	assert_int_equal(token_check(f->path, "Bearer ", &f->err), -EACCES);
	write_token(f, "abcdef\n", 0644);
	assert_int_equal(token_check(f->path, "Bearer abcdef", &f->err), -EACCES);
}

/* What the file says after the command. */
static void token_after(struct fixture *f, int argc, char *argv[], char ret_line[128])
{
	struct command_context context = { .settings = { .state_dir = f->folder } };
	assert_int_equal(cmd_token(&context, argc, argv, &f->err), 0);
	FILE *file = fopen(f->path, "re");
	assert_non_null(file);
	assert_non_null(fgets(ret_line, 128, file));
	fclose(file);
}

static void the_command_makes_one_and_keeps_it_until_asked(void **state)
{
	struct fixture *f = *state;
	char name[] = "token", anew[] = "--new", other[] = "--old";
	char *words[] = { name, anew, NULL }, *wrong[] = { name, other, NULL };
	char first[128], again[128], second[128];
	struct command_context context = { .settings = { .state_dir = f->folder } };
	token_after(f, 1, words, first);
	token_after(f, 1, words, again);
	token_after(f, 2, words, second);
	assert_string_equal(first, again);
	assert_string_not_equal(first, second);
	assert_int_equal(strlen(second), 65); /* 32 bytes in hex, and the line end */
	assert_int_equal(cmd_token(&context, 2, wrong, &f->err), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(only_the_whole_word_is_right),
		TEST(no_good_file_lets_nobody_in),
		TEST(the_command_makes_one_and_keeps_it_until_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
