#include "common/base/log.h"
#include "sources/host.h"
#include "sources/probes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/recorder_fixture.h"

/* Per year, so that no test runs over a period's end but once a year. */
static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"office.link_down_minutes,A,B,minute,flow,sum,sum,year,,0,0,commune,1,0,\n"
	"office.uptime_minutes,A,C,minute,stock,last,max,year,,0,0,commune,1,0,\n"
	"office.disk_free_mib,A,D,MiB,stock,last,sum,year,,0,0,commune,1,0,\n"
	"office.memory_free_mib,A,F,MiB,stock,max,max,year,,0,0,commune,1,0,\n"
	"office.load,A,E,process,stock,last,mean,year,,1,0,commune,1,0,\n";

static struct uplink_look line; /* as the made-up uplink says */

void __wrap_uplink_look(const struct uplink *uplink, struct uplink_look *ret_look);
void __wrap_uplink_look(const struct uplink *uplink, struct uplink_look *ret_look)
{
	(void)uplink;
	*ret_look = line;
}

static int64_t boot_us = INT64_C(1000000000); /* since the machine was started, as we say */

int64_t __wrap_civil_boot_us(void);
int64_t __wrap_civil_boot_us(void)
{
	return boot_us;
}

struct fixture {
	struct recorder_fixture office;
	void *host;
	bool stopped;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	recorder_fixture_open(&f->office, catalogue_csv);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	recorder_fixture_close(&f->office);
	free(f);
	return 0;
}

static void on_stopped(void *context)
{
	struct fixture *f = context;
	f->stopped = true;
}

static struct input_look look_at(const struct fixture *f)
{
	struct input_look look;
	host_look(f->host, &look);
	return look;
}

/* From its start to its first figures, a second later; @passes_us go by meanwhile. */
static void watch(struct fixture *f, int64_t passes_us)
{
	struct settings settings = { .host_probes = true, .state_dir = f->office.folder };
	struct input_host with = { .loop = &f->office.loop, .recorder = f->office.recorder };
	assert_true(host_wanted(&settings));
	assert_int_equal(host_start(&with, &settings, &f->host, &f->office.err), 0);
	boot_us += passes_us;
	while (look_at(f).last_us == 0)
		(void)uv_run(&f->office.loop, UV_RUN_ONCE);
}

static void stop(struct fixture *f)
{
	host_stop(f->host, on_stopped, f);
	assert_int_equal(uv_run(&f->office.loop, UV_RUN_DEFAULT), 0);
	assert_true(f->stopped);
}

static int64_t current(struct fixture *f, const char *metric)
{
	struct period year = civil_period(CALENDAR_CIVIL, GRAIN_YEAR, civil_now_us());
	return recorder_fixture_value(&f->office, metric, "", year);
}

static void what_the_catalogue_asks_is_told_at_the_start(void **state)
{
	struct fixture *f = *state;
	line = (struct uplink_look){ .connected = true };
	watch(f, 0);
	stop(f);
	assert_int_equal(current(f, "office.link_down_minutes"), 0); /* up is a figure, too */
	assert_true(current(f, "office.uptime_minutes") >= 0);
	assert_true(current(f, "office.disk_free_mib") > 0);
	assert_true(current(f, "office.load") >= 0);
}

/* Added to what the period has, also by the agent's next life. */
static void minutes_without_the_line_add_up(void **state)
{
	struct fixture *f = *state;
	line = (struct uplink_look){ .connected = false, .since_us = boot_us };
	watch(f, 125 * INT64_C(1000000));
	stop(f);
	assert_int_equal(current(f, "office.link_down_minutes"), 2);
	line = (struct uplink_look){ .connected = true,
				     .since_us = boot_us + 61 * INT64_C(1000000) };
	watch(f, 0);
	stop(f);
	assert_int_equal(current(f, "office.link_down_minutes"), 2);
	line = (struct uplink_look){ .connected = false, .since_us = boot_us };
	watch(f, 61 * INT64_C(1000000));
	stop(f);
	assert_int_equal(current(f, "office.link_down_minutes"), 3);
}

static void a_level_that_is_no_last_is_refused_alone(void **state)
{
	struct fixture *f = *state;
	line = (struct uplink_look){ .connected = true };
	watch(f, 0);
	assert_non_null(strstr(look_at(f).error, "office.memory_free_mib"));
	stop(f);
	assert_int_equal(current(f, "office.memory_free_mib"), NO_VALUE);
	assert_true(current(f, "office.disk_free_mib") > 0);
}

/* What is read from /proc, as text. */

static const struct probe *probe_of(const char *metric)
{
	const struct probe *probe = probes;
	while (strcmp(probe->metric, metric) != 0)
		probe++;
	return probe;
}

static void the_kernels_files_are_read(void **state)
{
	static const struct {
		const char *metric, *text, *value;
	} cases[] = {
		{ "office.uptime_minutes", "350735.47 234388.90\n", "5845" },
		{ "office.uptime_minutes", "59.99 1.00\n", "0" },
		{ "office.load", "0.42 0.36 0.30 1/123 4567\n", "0.42" },
		{ "office.load", "12.00 9.36 8.30 4/999 4567\n", "12.00" },
		{ "office.memory_free_mib",
		  "MemTotal:        2035412 kB\nMemFree:          118640 kB\n"
		  "MemAvailable:    1203571 kB\nBuffers:           55264 kB\n",
		  "1175" },
	};
	char text[DECIMAL_TEXT_MAX];
	struct probe_value value;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(probe_of(cases[i].metric)->read(cases[i].text, &value), 0);
		probe_format(&value, 6, text);
		assert_string_equal(text, cases[i].value);
	}
}

static void what_is_not_as_expected_is_no_figure(void **state)
{
	static const char *const texts[] = {
		"", "\n", "-1.0 2\n", "x.y", "1,5 2\n", ".50 1\n", "99999999999999999999.00 1\n"
	};
	struct probe_value value;
	(void)state;
	for (const struct probe *probe = probes; probe->metric; probe++)
		for (size_t i = 0; probe->read && i < sizeof(texts) / sizeof(texts[0]); i++)
			assert_int_equal(probe->read(texts[i], &value), -EINVAL);
	assert_int_equal(probe_of("office.memory_free_mib")
				 ->read("MemTotal: 1 kB\nMemAvailable:    12 MB\n", &value),
			 -EINVAL);
	assert_int_equal(probe_of("office.load")->read("0.4 0.36 0.30 1/123 4567\n", &value),
			 -EINVAL);
}

static void digits_that_are_too_many_are_cut_off(void **state)
{
	char text[DECIMAL_TEXT_MAX];
	struct probe_value value = { .value_e = 199, .decimals = 2 };
	(void)state;
	probe_format(&value, 1, text);
	assert_string_equal(text, "1.9");
	probe_format(&value, 0, text);
	assert_string_equal(text, "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(what_the_catalogue_asks_is_told_at_the_start),
		TEST(minutes_without_the_line_add_up),
		TEST(a_level_that_is_no_last_is_refused_alone),
		cmocka_unit_test(the_kernels_files_are_read),
		cmocka_unit_test(what_is_not_as_expected_is_no_figure),
		cmocka_unit_test(digits_that_are_too_many_are_cut_off),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
