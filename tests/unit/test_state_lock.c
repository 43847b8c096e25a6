#include "state_lock.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/lantoa-lock-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static void the_second_one_is_told_and_the_first_keeps_it(void **state)
{
	(void)state;
	struct err err = { 0 };
	int first, second = -1;
	assert_int_equal(state_lock_take(path, &first, &err), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(state_lock_take(path, &second, &err), -EBUSY);
		assert_int_equal(second, -1);
		assert_non_null(strstr(err.text, "another lantoa-aggregator"));
	}
	close(first);
	assert_int_equal(state_lock_take(path, &second, &err), 0);
	close(second);
}

static void a_process_that_was_killed_holds_nothing(void **state)
{
	(void)state;
	struct err err = { 0 };
	int taken[2], fd;
	char byte;
	assert_int_equal(pipe(taken), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)!write(taken[1], "x", state_lock_take(path, &fd, &err) == 0);
		for (;;)
			pause();
	}
	assert_int_equal(read(taken[0], &byte, 1), 1);
	assert_int_equal(state_lock_take(path, &fd, &err), -EBUSY);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(state_lock_take(path, &fd, &err), 0);
	close(fd);
	close(taken[0]);
	close(taken[1]);
}

static void a_folder_that_is_not_there_is_said(void **state)
{
	(void)state;
	struct err err = { 0 };
	int fd;
	assert_int_equal(state_lock_take("/nonexistent/lock", &fd, &err), -ENOENT);
	assert_string_equal(err.text, "/nonexistent/lock: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_one_is_told_and_the_first_keeps_it),
		cmocka_unit_test(a_process_that_was_killed_holds_nothing),
		cmocka_unit_test(a_folder_that_is_not_there_is_said),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
