/* What systemd hears (see watchdog.h); that it hears it, tests/deploy shows with a real one. */
#include "common/model/civil.h"
#include "server/watchdog.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void an_idle_writer_is_alive(void **state)
{
	struct watchdog_beat beat = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(watchdog_alive(&beat, false, 7));
}

static void a_long_job_that_gets_on_is_alive(void **state)
{
	struct watchdog_beat beat = { 0 };

	(void)state;
	for (uint64_t progress = 1; progress < 5; progress++)
		assert_true(watchdog_alive(&beat, true, progress));
}

static void a_writer_that_hangs_is_not_and_comes_back(void **state)
{
	struct watchdog_beat beat = { 0 };

	(void)state;
	assert_true(watchdog_alive(&beat, true, 3));
	assert_false(watchdog_alive(&beat, true, 3));
	assert_false(watchdog_alive(&beat, true, 3));
	assert_true(watchdog_alive(&beat, true, 4));
	assert_true(watchdog_alive(&beat, false, 4));
}

static void a_disk_that_fails_is_what_the_line_says(void **state)
{
	struct gate_counters gate = { 0 };
	struct intake_counters intake = { .batches = { .batches = 12, .failing = -ENOSPC } };
	struct watchdog_look look = { .keys = 5, .gate = &gate, .intake = &intake };
	char line[WATCHDOG_LINE_MAX];

	(void)state;
	watchdog_describe(&look, line);
	assert_non_null(strstr(line, "NOT TAKING FIGURES"));
	assert_non_null(strstr(line, "No space left on device"));
	intake.batches.failing = 0;
	watchdog_describe(&look, line);
	assert_null(strstr(line, "NOT"));
	assert_non_null(strstr(line, "from 5 keys"));
	assert_non_null(strstr(line, "12 batches"));
	assert_non_null(strstr(line, "last commit none yet"));
	look.warning = "x.conf:3: bad\nsecond line";
	watchdog_describe(&look, line);
	assert_non_null(strstr(line, "; x.conf:3: bad"));
	assert_null(strchr(line, '\n'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_writer_is_alive),
		cmocka_unit_test(a_long_job_that_gets_on_is_alive),
		cmocka_unit_test(a_writer_that_hangs_is_not_and_comes_back),
		cmocka_unit_test(a_disk_that_fails_is_what_the_line_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
