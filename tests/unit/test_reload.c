#include "common/model/civil.h"
#include "daemon/reload.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	char folder[SCRATCH_MAX], path[SCRATCH_MAX + 16];
	uv_loop_t loop;
	struct worker *worker;
	struct settings_source source;
	struct settings settings;
	struct reload *reload;
	unsigned good, applied, outcomes;
	uint32_t pushed_before; /* push_interval_s of the old settings of the last reload */
	bool closed;
	struct err err;
};

static void on_good(void *context, const struct settings *fresh)
{
	struct fixture *f = context;
	assert_non_null(fresh->state_dir);
	f->good++;
}

static void on_applied(void *context, const struct settings *old)
{
	struct fixture *f = context;
	f->pushed_before = old->push_interval_s;
	f->applied++;
}

static void on_outcome(void *context)
{
	struct fixture *f = context;
	f->outcomes++;
}

static void write_conf(struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/agent.conf", f->folder);
	f->source.path = f->path;
	write_conf(f, "[uplink]\npush_interval = 60s\n");
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->worker = worker_open(&f->loop);
	assert_int_equal(settings_read(&f->source, &f->settings, &f->err), 0);
	struct reload_config config = { .loop = &f->loop,
					.worker = f->worker,
					.source = &f->source,
					.settings = &f->settings,
					.on_good = on_good,
					.on_applied = on_applied,
					.on_outcome = on_outcome,
					.context = f };
	f->reload = reload_open(&config);
	assert_non_null(f->reload);
	*state = f;
	return 0;
}

static void on_closed(void *context)
{
	struct fixture *f = context;
	f->closed = true;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	reload_close(f->reload, on_closed, f);
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->closed);
	worker_close(f->worker);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	settings_free(&f->settings);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

/* Asked @n times in a burst; until nothing is left to do. */
static void ask(struct fixture *f, unsigned n)
{
	while (n-- > 0)
		reload_ask(f->reload);
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
}

static void a_good_file_is_in_force_at_once(void **state)
{
	struct fixture *f = *state;
	write_conf(f, "[uplink]\npush_interval = 7s\n[spool]\nbytes_max = 2M\n");
	int64_t before_us = civil_boot_us();
	ask(f, 1);
	assert_int_equal(f->settings.push_interval_s, 7);
	assert_int_equal(f->settings.bytes_max, 2 << 20);
	assert_int_equal(f->pushed_before, 60);
	assert_int_equal(f->good, 1);
	assert_int_equal(f->applied, 1);
	assert_false(reload_outcome(f->reload)->failed);
	assert_null(reload_outcome(f->reload)->needs_restart);
	assert_true(reload_outcome(f->reload)->at_us >= before_us);
}

static void a_wrong_file_changes_nothing_and_is_told_with_its_line(void **state)
{
	struct fixture *f = *state;
	write_conf(f, "[uplink]\npush_interval = 7s\nreconnect_min_ms = soon\n");
	ask(f, 1);
	assert_int_equal(f->settings.push_interval_s, 60);
	assert_int_equal(f->good, 0);
	assert_int_equal(f->applied, 0);
	assert_int_equal(f->outcomes, 1);
	assert_true(reload_outcome(f->reload)->failed);
	assert_non_null(strstr(reload_outcome(f->reload)->text, "agent.conf:3: reconnect_min_ms"));
	write_conf(f, "[uplink]\npush_interval = 7s\n");
	ask(f, 1);
	assert_false(reload_outcome(f->reload)->failed);
	assert_null(reload_outcome(f->reload)->text);
	assert_int_equal(f->settings.push_interval_s, 7);
}

/* It is named until the restart, however often one reloads, and the rest of the file counts. */
static void what_needs_a_restart_stays_and_is_named(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 1; i <= 2; i++) {
		char text[96];
		(void)snprintf(text, sizeof(text),
			       "[agent]\nstate_dir = /elsewhere\nzone = UTC\n"
			       "[uplink]\npush_interval = %us\n",
			       i);
		write_conf(f, text);
		ask(f, 1);
		assert_string_equal(f->settings.zone, "Asia/Ho_Chi_Minh");
		assert_string_not_equal(f->settings.state_dir, "/elsewhere");
		assert_int_equal(f->settings.push_interval_s, i);
		assert_string_equal(reload_outcome(f->reload)->needs_restart,
				    "[agent] state_dir, [agent] zone");
	}
	write_conf(f, "");
	ask(f, 1);
	assert_null(reload_outcome(f->reload)->needs_restart);
}

static void a_burst_is_one_reading(void **state)
{
	struct fixture *f = *state;
	ask(f, 10);
	assert_int_equal(f->good, 1);
	assert_int_equal(f->outcomes, 1);
}

/* A wish that comes while a reading is under way is not lost: what is read last is what counts. */
static void a_wish_during_a_reading_is_read_for(void **state)
{
	struct fixture *f = *state;
	reload_ask(f->reload);
	while (worker_waiting(f->worker) == 0)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	write_conf(f, "[uplink]\npush_interval = 9s\n"); /* maybe too late for that one */
	ask(f, 3);
	assert_int_equal(f->settings.push_interval_s, 9);
	assert_int_equal(f->outcomes, 2);
}

static void closing_amid_a_reading_waits_for_it_and_applies_nothing(void **state)
{
	struct fixture *f = *state;
	reload_ask(f->reload);
	while (worker_waiting(f->worker) == 0)
		(void)uv_run(&f->loop, UV_RUN_ONCE);
	reload_close(f->reload, on_closed, f);
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->closed);
	assert_int_equal(f->outcomes, 0);
	f->reload = NULL; /* tear_down() sees that NULL is fine */
	f->closed = false;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(a_good_file_is_in_force_at_once),
		TEST(a_wrong_file_changes_nothing_and_is_told_with_its_line),
		TEST(what_needs_a_restart_stays_and_is_named),
		TEST(a_burst_is_one_reading),
		TEST(a_wish_during_a_reading_is_read_for),
		TEST(closing_amid_a_reading_waits_for_it_and_applies_nothing),
	};
	return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
