#include "daemon/inputs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Inputs made up: [log] has a level that "log" wants, and "spool" is on when bytes_max is not 0.
 * Each lets go in the next turn of the loop, as real ones do. */
struct made_up {
	uv_timer_t later;
	void (*on_stopped)(void *context);
	void *context;
	char level[16]; /* copied, as the contract asks */
};

static struct {
	unsigned starts, running;
	bool refuse;
} tally;

static void on_made_up_closed(uv_handle_t *handle)
{
	struct made_up *input = handle->data;
	void (*on_stopped)(void *) = input->on_stopped;
	void *context = input->context;
	free(input);
	tally.running--;
	on_stopped(context);
}

static void on_later(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, on_made_up_closed);
}

static int made_up_start(const struct input_host *host, const struct settings *settings,
			 void **ret_input, struct err *err)
{
	if (tally.refuse)
		return err_set(err, -EADDRINUSE, "somebody has it");
	struct made_up *input = calloc(1, sizeof(*input));
	if (!input)
		return err_memory(err);
	(void)uv_timer_init(host->loop, &input->later);
	input->later.data = input;
	strncpy(input->level, settings->level, sizeof(input->level) - 1);
	tally.starts++;
	tally.running++;
	*ret_input = input;
	return 0;
}

static void made_up_stop(void *context, void (*on_stopped)(void *context), void *stopped_context)
{
	struct made_up *input = context;
	input->on_stopped = on_stopped;
	input->context = stopped_context;
	(void)uv_timer_start(&input->later, on_later, 1, 0);
}

static void made_up_look(const void *context, struct input_look *ret_look)
{
	const struct made_up *input = context;
	*ret_look = (struct input_look){ .state = input->level, .last_us = 7, .error = "" };
}

static bool log_wanted(const struct settings *settings)
{
	return strcmp(settings->level, "off") != 0;
}

static bool spool_wanted(const struct settings *settings)
{
	return settings->bytes_max != 0;
}

static const struct input_kind kinds[] = {
	{ "log", log_wanted, made_up_start, made_up_stop, made_up_look },
	{ "spool", spool_wanted, made_up_start, made_up_stop, made_up_look },
	{ 0 },
};

struct fixture {
	uv_loop_t loop;
	struct settings settings;
	struct inputs *inputs;
	struct err err;
	bool stopped;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	memset(&tally, 0, sizeof(tally));
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->settings.level = strdup("info");
	*state = f;
	return 0;
}

static void on_stopped(void *context)
{
	struct fixture *f = context;
	f->stopped = true;
}

/* Nothing is left, whatever happened before. */
static int tear_down(void **state)
{
	struct fixture *f = *state;
	inputs_stop(f->inputs, on_stopped, f);
	(void)uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->stopped);
	assert_int_equal(tally.running, 0);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f->settings.level);
	free(f);
	return 0;
}

static void start(struct fixture *f)
{
	struct input_host host = { .loop = &f->loop };
	assert_int_equal(inputs_start(kinds, &host, &f->settings, &f->inputs, &f->err), 0);
}

static void reload(struct fixture *f, const char *level, uint64_t bytes_max)
{
	struct settings old = f->settings;
	f->settings.level = strdup(level);
	f->settings.bytes_max = bytes_max;
	inputs_reload(f->inputs, &old);
	free(old.level); /* nobody may still borrow it */
}

static void turn(struct fixture *f, unsigned n)
{
	while (n-- > 0) {
		(void)uv_run(&f->loop, UV_RUN_ONCE);
		(void)uv_run(&f->loop, UV_RUN_NOWAIT);
	}
}

static const struct input_look *look(struct fixture *f, size_t expected, size_t i)
{
	static struct input_look looks[INPUTS_MAX];
	assert_int_equal(inputs_look(f->inputs, looks), expected);
	return expected ? &looks[i] : NULL;
}

static void what_is_wanted_runs_and_is_told(void **state)
{
	struct fixture *f = *state;
	start(f);
	assert_int_equal(tally.running, 1);
	const struct input_look *log = look(f, 1, 0);
	assert_string_equal(log->name, "log");
	assert_string_equal(log->state, "info");
	assert_int_equal(log->last_us, 7);
}

static void a_reload_restarts_what_changed_alone(void **state)
{
	struct fixture *f = *state;
	start(f);
	reload(f, "info", 1);
	turn(f, 1);
	assert_int_equal(tally.starts, 2); /* spool came, log went on */
	reload(f, "info", 1);
	assert_int_equal(tally.starts, 2);
	reload(f, "debug", 1);
	assert_string_equal(look(f, 2, 0)->state, "stopping");
	turn(f, 3);
	assert_string_equal(look(f, 2, 0)->state, "debug");
	assert_int_equal(tally.starts, 3);
	reload(f, "off", 0);
	turn(f, 3);
	look(f, 0, 0);
	assert_int_equal(tally.running, 0);
}

/* The settings of the last reload are those that count, however many came while one stopped. */
static void reloads_in_a_burst_end_with_the_last(void **state)
{
	struct fixture *f = *state;
	static const char *const levels[] = { "a", "off", "b", "c", "off", "d" };
	start(f);
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		reload(f, levels[i], 0);
	turn(f, 3);
	assert_string_equal(look(f, 1, 0)->state, "d");
	assert_int_equal(tally.running, 1);
	assert_int_equal(tally.starts, 2);
}

static void what_cannot_start_says_so_and_may_later(void **state)
{
	struct fixture *f = *state;
	tally.refuse = true;
	start(f);
	assert_string_equal(look(f, 1, 0)->state, "failing");
	assert_string_equal(look(f, 1, 0)->error, "somebody has it");
	tally.refuse = false;
	reload(f, "info", 1); /* of another section: the first waits for its minute */
	assert_int_equal(tally.running, 1);
	assert_string_equal(look(f, 2, 0)->state, "failing");
	reload(f, "debug", 1);
	assert_string_equal(look(f, 2, 0)->state, "debug");
	assert_string_equal(look(f, 2, 0)->error, "");
}

static void stopping_in_the_middle_of_a_restart_restarts_nothing(void **state)
{
	struct fixture *f = *state;
	start(f);
	reload(f, "debug", 1);
	(void)tear_down(state);
	assert_int_equal(tally.starts, 2); /* log at first, spool */
	assert_int_equal(set_up(state), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(what_is_wanted_runs_and_is_told),
		TEST(a_reload_restarts_what_changed_alone),
		TEST(reloads_in_a_burst_end_with_the_last),
		TEST(what_cannot_start_says_so_and_may_later),
		TEST(stopping_in_the_middle_of_a_restart_restarts_nothing),
	};
	return cmocka_run_group_tests_name("inputs", tests, NULL, NULL);
}
