/* The language is chosen once per process, so each case is a child process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "i18n.h"

#include <stdlib.h>
#include <string.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vietnamese_needs_no_generated_locale),
		cmocka_unit_test(everything_else_is_english),
		cmocka_unit_test(the_stronger_variable_wins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
