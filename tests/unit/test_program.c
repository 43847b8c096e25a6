#include "common/base/log.h"
#include "common/base/utf8.h"
#include "sources/program.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/recorder_fixture.h"

static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"teams,Tổ,Teams,team,stock,last,sum,month,,0,3,commune,2,0,1000\n";

struct fixture {
	struct recorder_fixture office;
	char marks[SCRATCH_MAX + 8]; /* a byte for each run that began */
	struct program *program;
	bool closed;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	recorder_fixture_open(&f->office, catalogue_csv);
	(void)snprintf(f->marks, sizeof(f->marks), "%s/marks", f->office.folder);
	*state = f;
	return 0;
}

static void on_closed(void *context)
{
	struct fixture *f = context;
	f->closed = true;
}

static void close_program(struct fixture *f)
{
	if (!f->program)
		return;
	program_close(f->program, on_closed, f);
	assert_int_equal(uv_run(&f->office.loop, UV_RUN_DEFAULT), 0);
	assert_true(f->closed);
	f->program = NULL;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	close_program(f);
	recorder_fixture_close(&f->office);
	free(f);
	return 0;
}

/* A shell, though the agent needs none: tests say most with it. */
static void open_script(struct fixture *f, const char *script, uint32_t timeout_s)
{
	char line[1024];
	struct input_host host = { .loop = &f->office.loop, .recorder = f->office.recorder };
	(void)snprintf(line, sizeof(line), "printf x >> %s; %s", f->marks, script);
	const char *const argv[] = { "/bin/sh", "-c", line, NULL };
	struct program_config config = { .kind = "exec",
					 .name = "count",
					 .argv = argv,
					 .every_minutes = 60,
					 .timeout_s = timeout_s,
					 .output_max = 1000 };
	f->program = program_open(&host, &config);
	assert_non_null(f->program);
}

static size_t runs(const struct fixture *f)
{
	char bytes[64];
	FILE *file = fopen(f->marks, "re");
	size_t n = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
	if (file)
		fclose(file);
	return n;
}

/* One run, to its end. */
static void run_at(struct fixture *f, int64_t minute)
{
	program_tick(f->program, minute);
	assert_int_equal(uv_run(&f->office.loop, UV_RUN_DEFAULT), 0);
}

static int64_t june(struct fixture *f)
{
	struct period period;
	assert_int_equal(period_parse("2025-06", CALENDAR_CIVIL, &period, &(struct err){ 0 }), 0);
	return recorder_fixture_value(&f->office, "teams", "", period);
}

static void assert_failed(struct fixture *f, const char *script, const char *why)
{
	open_script(f, script, 1);
	run_at(f, 1000);
	if (!strstr(program_error(f->program), why))
		fail_msg("%s: '%s'", script, program_error(f->program));
	assert_int_equal(june(f), NO_VALUE);
	assert_int_equal(program_last_us(f->program), 0);
	close_program(f);
}

static void what_it_prints_is_recorded(void **state)
{
	struct fixture *f = *state;
	open_script(f, "echo teams=7 period=2025-06; echo noise >&2", 20);
	run_at(f, 1000);
	assert_string_equal(program_error(f->program), "");
	assert_int_equal(june(f), 7);
	assert_true(program_last_us(f->program) > 0);
}

static void when_it_fails_nothing_is_recorded_and_the_reason_told(void **state)
{
	struct fixture *f = *state;
	assert_failed(f, "echo teams=7 period=2025-06; echo; echo no link >&2; echo x >&2; exit 3",
		      "count: ended with status 3: no link");
	assert_failed(f, "echo teams=7 period=2025-06; kill -TERM $$", "signal 15");
	assert_failed(f, "echo teams=7 period=2025-06; echo nonsense", "line 2");
	assert_failed(f, "echo teams=7 period=2025-06; echo nobody=1", "'nobody'");
	assert_failed(f, "echo teams=7 period=2025-06; yes", "printed more than 1000 bytes");
	assert_failed(f, "echo teams=7 period=2025-06; head -c 2000 /dev/zero", "more than 1000");
	assert_failed(f, "echo teams=7 period=2025-06; exec sleep 100",
		      "took longer than 1 s and was stopped");
}

/* It goes into JSON, a log and a terminal. */
static void what_a_program_says_is_printable_text(void **state)
{
	struct fixture *f = *state;
	assert_failed(
		f,
		"printf '\\033[31mT\\341\\273\\225\\377\\tx\\302\\233\\342\\200\\256' >&2; exit 3",
		"count: ended with status 3: ?[31mTổ? x??");
	assert_failed(f, "printf 'a\\033]0;x\\007=1\\n'", "'a?]0;x?'");
	for (size_t shift = 0; shift < 3; shift++) {
		char script[128];
		(void)snprintf(script, sizeof(script),
			       "printf '%.*s' >&2; i=0; while [ $i -lt 99 ]; do printf ặ >&2; "
			       "i=$((i + 1)); done; exit 3",
			       (int)shift, "xx");
		open_script(f, script, 20);
		run_at(f, 1000);
		const char *error = program_error(f->program);
		assert_true(utf8_valid(error, strlen(error)));
		assert_null(strchr(error, '?'));
		assert_string_equal(error + strlen(error) - 3, "ặ");
		assert_true(strlen(error) > 250);
		close_program(f);
	}
}

static void assert_gone(const char *pid_file)
{
	FILE *file = fopen(pid_file, "re");
	int pid = 0;
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	fclose(file);
	for (unsigned i = 0; i < 500 && kill(pid, 0) == 0; i++) /* init takes a moment */
		usleep(10000);
	assert_int_equal(kill(pid, 0), -1);
}

/* Who holds its pipes, or goes on without it, is killed with it. */
static void its_whole_group_is_killed(void **state)
{
	struct fixture *f = *state;
	char pids[SCRATCH_MAX + 8], script[256];
	(void)snprintf(pids, sizeof(pids), "%s/pid", f->office.folder);
	(void)snprintf(script, sizeof(script), "sleep 100 & echo $! > %s; wait", pids);
	assert_failed(f, script, "took longer");
	assert_gone(pids);
	(void)snprintf(script, sizeof(script),
		       "echo teams=7 period=2025-06; sleep 100 & echo $! > %s", pids);
	open_script(f, script, 20);
	run_at(f, 1000);
	assert_gone(pids);
	assert_string_equal(program_error(f->program), "");
	assert_int_equal(june(f), 7);
}

static void it_runs_once_in_each_stretch_and_again_soon_after_a_failure(void **state)
{
	struct fixture *f = *state;
	int64_t now = civil_minute(civil_now_us());
	open_script(f, "true", 20);
	run_at(f, 1000);
	run_at(f, 1001);
	run_at(f, 1019);
	assert_int_equal(runs(f), 1);
	run_at(f, 1020); /* a full hour */
	assert_int_equal(runs(f), 2);
	run_at(f, 900); /* the clock was set back */
	assert_int_equal(runs(f), 3);
	close_program(f);
	open_script(f, "false", 20);
	run_at(f, now);
	assert_int_equal(runs(f), 4);
	int64_t hour_ends = (now / 60 + 1) * 60;
	if (now + PROGRAM_RETRY_MINUTES + 1 >= hour_ends)
		return; /* the next stretch comes first */
	run_at(f, now + PROGRAM_RETRY_MINUTES - 2);
	assert_int_equal(runs(f), 4);
	run_at(f, now + PROGRAM_RETRY_MINUTES + 1);
	assert_int_equal(runs(f), 5);
}

static void it_never_runs_twice_at_once(void **state)
{
	struct fixture *f = *state;
	open_script(f, "exec sleep 100", 20);
	program_tick(f->program, 1000);
	program_tick(f->program, 2000);
	while (runs(f) == 0)
		(void)uv_run(&f->office.loop, UV_RUN_NOWAIT);
	program_tick(f->program, 3000);
	(void)uv_run(&f->office.loop, UV_RUN_NOWAIT);
	assert_int_equal(runs(f), 1);
	close_program(f); /* does not wait for it */
}

static void its_environment_is_clean(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(setenv("LANTOA_TEST_SECRET", "x", 1), 0);
	open_script(
		f,
		"[ -z \"$LANTOA_TEST_SECRET\" ] && [ \"$TZ\" = Asia/Ho_Chi_Minh ] && "
		"[ $(pwd) = / ] && [ -z \"$(cat)\" ] && ! ls -l /proc/$$/fd | grep -q spool.db && "
		"echo teams=1 period=2025-06",
		20);
	run_at(f, 1000);
	assert_string_equal(program_error(f->program), "");
	assert_int_equal(june(f), 1);
}

static void a_program_that_is_not_there_is_told(void **state)
{
	struct fixture *f = *state;
	struct input_host host = { .loop = &f->office.loop, .recorder = f->office.recorder };
	const char *const argv[] = { "/nowhere/count", NULL };
	struct program_config config = {
		.kind = "exec", .name = "count", .argv = argv, .every_minutes = 1, .timeout_s = 1
	};
	f->program = program_open(&host, &config);
	run_at(f, 1);
	assert_non_null(strstr(program_error(f->program), "/nowhere/count"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(what_it_prints_is_recorded),
		TEST(when_it_fails_nothing_is_recorded_and_the_reason_told),
		TEST(what_a_program_says_is_printable_text),
		TEST(its_whole_group_is_killed),
		TEST(it_runs_once_in_each_stretch_and_again_soon_after_a_failure),
		TEST(it_never_runs_twice_at_once),
		TEST(its_environment_is_clean),
		TEST(a_program_that_is_not_there_is_told),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
