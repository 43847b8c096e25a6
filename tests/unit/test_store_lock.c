/* One process per store (see store.h: store_lock). */
#include "store/store.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	uv_loop_t loop;
	char folder[32], path[64];
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	strcpy(f->folder, "/tmp/lantoa-lock-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/db", f->folder);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm", ".lock" };
	struct fixture *f = *state;
	char path[80];
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->path, endings[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

static int open_store(struct fixture *f, struct store **ret_store)
{
	return store_open(&f->loop, f->path, 1, ret_store, &f->err);
}

static void the_second_one_is_told_and_the_first_keeps_it(void **state)
{
	struct fixture *f = *state;
	struct store *first, *second = NULL;
	assert_int_equal(open_store(f, &first), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(open_store(f, &second), -EBUSY);
		assert_null(second);
		assert_non_null(strstr(f->err.text, "another aggregator has it open"));
		assert_non_null(strstr(f->err.text, f->path));
	}
	store_close(first);
	assert_int_equal(open_store(f, &second), 0);
	store_close(second);
}

/* Never returns: the parent kills it. */
static void hold(struct fixture *f, int tell)
{
	struct store *store;
	char got = open_store(f, &store) == 0 ? 'y' : 'n';
	(void)!write(tell, &got, 1); /* the parent notices when it fails */
	for (;;)
		pause();
}

static void a_process_that_was_killed_holds_nothing(void **state)
{
	struct fixture *f = *state;
	struct store *store;
	int told[2];
	char got = '?';
	assert_int_equal(pipe(told), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		hold(f, told[1]);
	assert_int_equal(read(told[0], &got, 1), 1);
	assert_int_equal(got, 'y');
	assert_int_equal(open_store(f, &store), -EBUSY);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(open_store(f, &store), 0);
	store_close(store);
	close(told[0]);
	close(told[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_second_one_is_told_and_the_first_keeps_it),
		TEST(a_process_that_was_killed_holds_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
