/* A process chooses its language once, so each case is a child process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/base/i18n.h"
#include "common/text/diagnostics.h"
#include "support/scratch.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

/* A sentence that several programs share. */
#define WORD N_("out of memory")

static void clear_environment(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE",
					     "LC_CTYPE" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

static const char *spoken(void)
{
	return strcmp(_(WORD), WORD) == 0 ? "en" : "vi";
}

static void assert_spoken(const char *name, const char *value, const char *second,
			  const char *second_value, const char *expected)
{
	pid_t child = fork();
	int status = -1;

	assert_true(child >= 0);
	if (child == 0) {
		clear_environment();
		if (name)
			setenv(name, value, 1);
		if (second)
			setenv(second, second_value, 1);
		i18n_init(NULL);
		_exit(strcmp(spoken(), expected) == 0 && mbstowcs(NULL, "ấ", 0) == 1 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void vietnamese_needs_no_generated_locale(void **state)
{
	(void)state;
	assert_spoken("LANG", "vi_VN.UTF-8", NULL, NULL, "vi");
	assert_spoken("LC_MESSAGES", "vi_VN", NULL, NULL, "vi");
	assert_spoken("LC_ALL", "vi", NULL, NULL, "vi");
}

static void everything_else_is_english(void **state)
{
	(void)state;
	assert_spoken(NULL, NULL, NULL, NULL, "en");
	assert_spoken("LANG", "C", NULL, NULL, "en");
	assert_spoken("LANG", "fr_FR.UTF-8", NULL, NULL, "en");
	assert_spoken("LANG", "C.UTF-8", NULL, NULL, "en");
}

static void the_stronger_variable_wins(void **state)
{
	(void)state;
	assert_spoken("LANG", "vi_VN.UTF-8", "LC_ALL", "C.UTF-8", "en");
	assert_spoken("LANG", "en_US.UTF-8", "LC_ALL", "vi_VN.UTF-8", "vi");
	assert_spoken("LANG", "vi_VN.UTF-8", "LANGUAGE", "en", "en");
}

static void accepted(const char *header, enum language language)
{
	if (language_accepted(header) != language)
		fail_msg("Accept-Language: %s", header ? header : "(none)");
}

static void a_reader_gets_what_they_like_best_of_ours(void **state)
{
	(void)state;
	accepted(NULL, LANGUAGE_ENGLISH);
	accepted("", LANGUAGE_ENGLISH);
	accepted("vi", LANGUAGE_VIETNAMESE);
	accepted("VI-vn", LANGUAGE_VIETNAMESE);
	accepted("vi-VN,vi;q=0.9,en-US;q=0.6,en;q=0.5", LANGUAGE_VIETNAMESE);
	accepted("en-US,en;q=0.9,vi;q=0.8", LANGUAGE_ENGLISH);
	accepted("en;q=0.7, vi;q=0.75", LANGUAGE_VIETNAMESE);
	accepted("en, vi", LANGUAGE_ENGLISH);
	accepted("vi, en", LANGUAGE_VIETNAMESE);
	accepted("fr, vi ; q=0.001", LANGUAGE_VIETNAMESE);
	accepted("vi;q=0", LANGUAGE_ENGLISH);
	accepted("vi;q=0.0, fr", LANGUAGE_ENGLISH);
	accepted("vie, vint, en-vi", LANGUAGE_ENGLISH);
	accepted(";q=,,;;vi;q=", LANGUAGE_ENGLISH);
	accepted("*", LANGUAGE_ENGLISH);
}

/* The sentences that a person meets, as this thread makes them. */
static bool told_in(const char *tag, const char *front, const char *row, const char *more)
{
	struct err err = { 0 };
	struct diagnostics diagnostics = { 0 };

	(void)err_system(&err, -ENOSPC, "read the database");
	(void)err_wrap(&err, "line %u: %s", 7u, "x");
	for (unsigned line = 1; line <= 100; line++)
		diagnostics_add(&diagnostics, line, "'%s' is too long", "y");
	if (strcmp(language_tag(), tag) != 0 || strcmp(err.text, front) != 0)
		return false;
	(void)diagnostics_tell(&diagnostics, &err);
	return strncmp(err.text, row, strlen(row)) == 0 && strstr(err.text, more);
}

static bool told_in_english(void)
{
	return told_in("en", "line 7: x: read the database: No space left on device",
		       "line 1: 'y' is too long\nline 2: ", "\nand 36 more");
}

static bool told_in_vietnamese(void)
{
	return told_in("vi", "dòng 7: x: đọc cơ sở dữ liệu: đĩa hết chỗ",
		       "dòng 1: 'y' quá dài\ndòng 2: ", "\nvà 36 lỗi khác");
}

#define ROUNDS 200

/* Every other job is for a Vietnamese reader. Returns how many were told in the wrong language. */
static void *jobs(void *wrong)
{
	for (size_t i = 0; i < ROUNDS; i++) {
		enum language before = language_use(i % 2 ? LANGUAGE_VIETNAMESE : LANGUAGE_ENGLISH);

		if (before != LANGUAGE_ENGLISH ||
		    !(i % 2 ? told_in_vietnamese() : told_in_english()))
			++*(size_t *)wrong;
		if (language_use(before) != (i % 2 ? LANGUAGE_VIETNAMESE : LANGUAGE_ENGLISH))
			++*(size_t *)wrong;
	}
	return NULL;
}

static int serve_four_threads(void)
{
	pthread_t threads[4];
	size_t wrong[4] = { 0 };
	bool well = told_in_english();

	for (size_t i = 0; i < 4; i++)
		well = pthread_create(&threads[i], NULL, jobs, &wrong[i]) == 0 && well;
	for (size_t i = 0; i < 4; i++)
		well = pthread_join(threads[i], NULL) == 0 && wrong[i] == 0 && well;
	return well && told_in_english() ? 0 : 1;
}

static void a_daemon_serves_two_languages_at_once(void **state)
{
	pid_t child = fork();
	int status = -1;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		clear_environment();
		setenv("LANG", "vi_VN.UTF-8", 1); /* of whoever started it */
		setenv("LANGUAGE", "vi:en", 1);
		i18n_init(NULL);
		i18n_serve(NULL);
		_exit(serve_four_threads());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_command_speaks_to_its_user_alone(void **state)
{
	pid_t child = fork();
	int status = -1;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		clear_environment();
		setenv("LANG", "vi_VN.UTF-8", 1);
		i18n_init(NULL);
		(void)language_use(LANGUAGE_ENGLISH); /* it does not serve */
		_exit(told_in_vietnamese() ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* DIR/vi/LC_MESSAGES/NAME.mo: the build tree's catalogue, as a package of this program brings it.
 */
static void bring_catalogue(const char *dir, const char *name)
{
	char program[PATH_MAX], from[PATH_MAX + 64], to[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);

	assert_true(len > 0);
	program[len] = '\0';
	*strrchr(program, '/') = '\0';
	snprintf(from, sizeof(from), "%s/../share/locale/vi/LC_MESSAGES/lantoa.mo", program);
	snprintf(to, sizeof(to), "%s/vi", dir);
	assert_int_equal(mkdir(to, 0700), 0);
	snprintf(to, sizeof(to), "%s/vi/LC_MESSAGES", dir);
	assert_int_equal(mkdir(to, 0700), 0);
	snprintf(to, sizeof(to), "%s/vi/LC_MESSAGES/%s.mo", dir, name);
	assert_int_equal(symlink(from, to), 0);
}

static bool speaks_with(const char *catalogue)
{
	char dir[SCRATCH_MAX];
	pid_t child;
	int status = -1;

	scratch_make(false, dir);
	bring_catalogue(dir, catalogue);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		clear_environment();
		setenv("LANG", "vi_VN.UTF-8", 1);
		i18n_init(dir);
		_exit(strcmp(spoken(), "vi"));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	scratch_remove(dir);
	return status == 0;
}

static void a_package_brings_the_catalogue_under_its_programs_name(void **state)
{
	(void)state;
	assert_true(speaks_with("test_i18n"));
	assert_true(speaks_with("lantoa"));
	assert_false(speaks_with("test_other"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vietnamese_needs_no_generated_locale),
		cmocka_unit_test(everything_else_is_english),
		cmocka_unit_test(the_stronger_variable_wins),
		cmocka_unit_test(a_reader_gets_what_they_like_best_of_ours),
		cmocka_unit_test(a_daemon_serves_two_languages_at_once),
		cmocka_unit_test(a_command_speaks_to_its_user_alone),
		cmocka_unit_test(a_package_brings_the_catalogue_under_its_programs_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
