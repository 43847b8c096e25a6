/* A program that is told a line: it may fail, hang, flood, leave children behind, or not read. */
#include "cli/hook.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/lantoa-hook-XXXXXX";

static const char *script(const char *text)
{
	static char path[64];
	(void)snprintf(path, sizeof(path), "%s/hook", folder);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fprintf(file, "#!/bin/sh\n%s\n", text) > 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0700), 0);
	return path;
}

static int told(const char *text, unsigned limit_s, struct err *err)
{
	const char *line = "{\"alert\":1}\n";
	return hook_run(script(text), line, strlen(line), limit_s, err);
}

static double passed_s(const struct timespec *since)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - since->tv_sec) + (double)(now.tv_nsec - since->tv_nsec) / 1e9;
}

static void it_reads_its_line(void **state)
{
	struct err err;
	(void)state;
	assert_int_equal(
		told("read line && [ \"$line\" = '{\"alert\":1}' ] && ! read more", 20, &err), 0);
}

static void it_need_not_read(void **state)
{
	struct err err;
	(void)state;
	assert_int_equal(told("exec <&-", 20, &err), 0);
	assert_int_equal(told("exit 0", 20, &err), 0);
}

static void its_failure_is_told_in_its_words(void **state)
{
	struct err err;
	(void)state;
	assert_int_equal(told("echo 'no route to mail'; exit 3", 20, &err), -EREMOTEIO);
	assert_non_null(strstr(err.text, "status 3: no route to mail"));
	assert_int_equal(told("kill -9 $$", 20, &err), -EREMOTEIO);
	assert_non_null(strstr(err.text, "signal 9"));
	assert_true(hook_run("/nowhere/at/all", "x", 1, 20, &err) == -ENOENT);
}

static void a_flood_is_read_and_thrown_away(void **state)
{
	struct err err;
	(void)state;
	assert_int_equal(told("head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2", 60, &err),
			 0);
}

static void who_hangs_is_ended_with_its_children(void **state)
{
	struct timespec begun;
	struct err err;
	char text[256];
	(void)state;
	(void)clock_gettime(CLOCK_MONOTONIC, &begun);
	(void)snprintf(text, sizeof(text), "(sleep 4; touch %s/alive) & yes", folder);
	assert_int_equal(told(text, 1, &err), -ETIMEDOUT);
	assert_true(passed_s(&begun) < 30);
	assert_non_null(strstr(err.text, "over 1 s"));
	(void)sleep(5);
	(void)snprintf(text, sizeof(text), "%s/alive", folder);
	assert_true(access(text, F_OK) < 0);
}

/* It is over when the program is, whoever holds its output open. */
static void a_child_left_behind_is_not_waited_for(void **state)
{
	struct timespec begun;
	struct err err;
	(void)state;
	(void)clock_gettime(CLOCK_MONOTONIC, &begun);
	assert_int_equal(told("sleep 20 & exit 0", 15, &err), 0);
	assert_true(passed_s(&begun) < 10);
}

static void a_line_too_long_is_refused(void **state)
{
	static char line[HOOK_LINE_MAX + 1];
	struct err err;
	(void)state;
	memset(line, 'x', sizeof(line));
	assert_int_equal(hook_run(script("cat >/dev/null"), line, sizeof(line), 20, &err), -E2BIG);
	assert_int_equal(hook_run(script("[ $(wc -c) = 4096 ]"), line, HOOK_LINE_MAX, 20, &err), 0);
}

static int folder_open(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int folder_close(void **state)
{
	char path[64];
	(void)state;
	(void)snprintf(path, sizeof(path), "%s/hook", folder);
	(void)unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_reads_its_line),
		cmocka_unit_test(it_need_not_read),
		cmocka_unit_test(its_failure_is_told_in_its_words),
		cmocka_unit_test(a_flood_is_read_and_thrown_away),
		cmocka_unit_test(who_hangs_is_ended_with_its_children),
		cmocka_unit_test(a_child_left_behind_is_not_waited_for),
		cmocka_unit_test(a_line_too_long_is_refused),
	};
	return cmocka_run_group_tests_name("hook", tests, folder_open, folder_close);
}
