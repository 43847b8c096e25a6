#include "common/base/log.h"
#include "sources/statsd.h"
#include "support/fault.h"
#include "support/seeds.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/recorder_fixture.h"

/* Per day and per year, so that no test runs over a period's end but once a year. */
static const char catalogue_csv[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max,undivided\n"
	"visits,Lượt,Visits,visit,flow,sum,sum,year,desk,1,0,commune,1,,,rest\n"
	"queue,Hàng,Queue,person,stock,last,sum,year,,0,3,commune,1,0,1000,\n"
	"wait,Chờ,Wait,minute,stock,max,max,year,,0,0,commune,1,0,,\n"
	"left,Còn,Left,piece,stock,min,min,year,,0,0,commune,1,0,,\n";

static char nowhere[] = "";

struct fixture {
	struct recorder_fixture office;
	char socket[SCRATCH_MAX + 16];
	struct input_host host;
	struct settings settings;
	void *statsd;
	int out; /* connected to its socket */
	bool stopped;
};

static struct fixture *fixture_open(void)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	recorder_fixture_open(&f->office, catalogue_csv);
	(void)snprintf(f->socket, sizeof(f->socket), "%s/statsd", f->office.folder);
	f->host = (struct input_host){ .loop = &f->office.loop, .recorder = f->office.recorder };
	f->settings.statsd_listen = nowhere;
	f->settings.statsd_socket = f->socket;
	f->out = -1;
	return f;
}

static void fixture_close(struct fixture *f)
{
	recorder_fixture_close(&f->office);
	free(f);
}

static int set_up(void **state)
{
	*state = fixture_open();
	return 0;
}

static int tear_down(void **state)
{
	fixture_close(*state);
	return 0;
}

static void begin(struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (statsd_start(&f->host, &f->settings, &f->statsd, &f->office.err) != 0)
		fail_msg("%s", f->office.err.text);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->socket);
	f->out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(connect(f->out, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void on_stopped(void *context)
{
	struct fixture *f = context;
	f->stopped = true;
}

static void end(struct fixture *f)
{
	f->stopped = false;
	(void)close(f->out);
	statsd_stop(f->statsd, on_stopped, f);
	assert_int_equal(uv_run(&f->office.loop, UV_RUN_DEFAULT), 0);
	assert_true(f->stopped);
}

/* What was sent is read before anything else happens. */
static void said(struct fixture *f, const char *text)
{
	while (send(f->out, text, strlen(text), 0) < 0) {
		assert_int_equal(errno, EAGAIN);
		(void)uv_run(&f->office.loop, UV_RUN_NOWAIT);
	}
	for (int i = 0; i < 3; i++)
		(void)uv_run(&f->office.loop, UV_RUN_NOWAIT);
}

static struct input_look look_at(const struct fixture *f)
{
	struct input_look look;
	statsd_look(f->statsd, &look);
	return look;
}

static struct period this_year(void)
{
	return civil_period(CALENDAR_CIVIL, GRAIN_YEAR, civil_now_us());
}

static int64_t current(struct fixture *f, const char *metric, const char *labels)
{
	return recorder_fixture_value(&f->office, metric, labels, this_year());
}

static void a_stop_loses_nothing_and_the_next_start_goes_on(void **state)
{
	struct fixture *f = *state;
	begin(f);
	said(f, "visits:3|c\nvisits:0.5|c|#desk:a\nqueue:7|g\n");
	said(f, "visits:1|c|@0.1");
	said(f, "queue:-2|g");
	end(f);
	assert_int_equal(current(f, "visits", ""), 130);
	assert_int_equal(current(f, "visits", "desk=a"), 5);
	assert_int_equal(current(f, "queue", ""), 5);
	begin(f);
	said(f, "visits:2|c\nqueue:+4|g");
	assert_string_equal(look_at(f).error, "");
	assert_true(look_at(f).last_us > 0);
	end(f);
	assert_int_equal(current(f, "visits", ""), 150);
	assert_int_equal(current(f, "queue", ""), 9);
}

static void maximum_and_minimum_are_those_of_all_gauges(void **state)
{
	struct fixture *f = *state;
	begin(f);
	said(f, "wait:12|g\nwait:40|g\nwait:3|g\nleft:9|g\nleft:4|g\nleft:6|g");
	end(f);
	begin(f);
	said(f, "wait:25|g\nleft:5|g");
	end(f);
	assert_int_equal(current(f, "wait", ""), 40);
	assert_int_equal(current(f, "left", ""), 4);
}

static void what_is_refused_is_counted_and_keeps_nothing_else_out(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{ "nonsense", "1 refused; the last: 'nonsense' is not a StatsD line" },
		{ "visits:1|ms", "2 refused; the last: 'visits:1|ms': " },
		{ "nobody:1|c", "'nobody' is not in the catalogue" },
		{ "visits:0.25|c", "more than 1 digits" },
		{ "visits:1|c|#colour:red", "colour" },
		{ "queue:1|c", "does not add up over time" },
		{ "wait:+1|g", "without a sign" },
		{ "queue:1001|g", "largest allowed" },
		{ "queue:9223372036854775808|g", "9 refused" },
	};
	struct fixture *f = *state;
	begin(f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		said(f, cases[i].line);
		if (!strstr(look_at(f).error, cases[i].why))
			fail_msg("'%s': %s", cases[i].line, look_at(f).error);
	}
	said(f, "visits:1|c\n\n\nvisits:x|c\nvisits:1|c\n");
	end(f);
	assert_int_equal(current(f, "visits", ""), 20);
	assert_int_equal(current(f, "queue", ""), NO_VALUE);
}

static void unset_clock(void *context, struct clock_reading *ret_reading)
{
	const bool *set = context;
	*ret_reading = (struct clock_reading){ .wall_us = civil_now_us(),
					       .boot_us = civil_boot_us(),
					       .synchronised = *set };
}

static int64_t no_battery(void *context)
{
	(void)context;
	return 0;
}

/* 5 s later another largest value would replace it, whatever it was. */
static void before_the_time_is_known_nothing_goes_by_what_was_before(void **state)
{
	struct fixture *f = *state;
	bool set = false;
	struct clock *clock;
	struct clock_source source = {
		.read = unset_clock, .battery = no_battery, .boot = "boot", .context = &set
	};
	assert_int_equal(clock_open(&source, &clock, &f->office.err), 0);
	spool_use_clock(f->office.spool, clock);
	begin(f);
	said(f, "wait:40|g\nleft:4|g\nqueue:+1|g");
	assert_non_null(
		strstr(look_at(f).error, "3 refused; the last: 'queue:+1|g': this machine"));
	said(f, "visits:1|c\nqueue:7|g\nvisits:2|c");
	end(f);
	set = true;
	begin(f);
	said(f, "visits:4|c\nqueue:+1|g\nwait:3|g");
	end(f);
	assert_int_equal(current(f, "visits", ""), 70);
	assert_int_equal(current(f, "queue", ""), 8);
	assert_int_equal(current(f, "wait", ""), 3);
	assert_int_equal(current(f, "left", ""), NO_VALUE);
	spool_close(f->office.spool);
	f->office.spool = NULL;
	clock_close(clock);
}

static void a_change_of_nothing_is_refused_and_the_rest_recorded(void **state)
{
	struct fixture *f = *state;
	begin(f);
	said(f, "queue:+3|g\nvisits:1|c");
	end(f);
	assert_int_equal(current(f, "queue", ""), NO_VALUE);
	assert_int_equal(current(f, "visits", ""), 10);
}

/* A gauge goes on into the next period; so does a change of it. */
static void a_change_starts_from_the_newest_period_before(void **state)
{
	struct fixture *f = *state;
	struct period before = this_year();
	before.number -= 2;
	struct observation obs = {
		.metric = "queue", .labels = "", .period = before, .value_e = 40
	};
	assert_int_equal(spool_record(f->office.spool, &obs, 1, NULL, &f->office.err), 0);
	begin(f);
	said(f, "queue:-1|g");
	end(f);
	assert_int_equal(current(f, "queue", ""), 39);
}

static void lines_end_as_on_any_machine_and_numbers_have_any_zeros(void **state)
{
	struct fixture *f = *state;
	begin(f);
	said(f, "queue:8,00|g\r\nvisits:3.0|c|#desk:a\r\n\r\nvisits:2.00|c|#desk:a\r\n");
	assert_string_equal(look_at(f).error, "");
	end(f);
	assert_int_equal(current(f, "queue", ""), 8);
	assert_int_equal(current(f, "visits", "desk=a"), 50);
}

static void a_sum_that_leaves_64_bits_is_dropped_alone(void **state)
{
	struct fixture *f = *state;
	begin(f);
	said(f, "visits:900000000000000000|c|#desk:a\nvisits:1|c");
	end(f);
	begin(f);
	said(f, "visits:900000000000000000|c|#desk:a\nvisits:1|c");
	end(f);
	assert_true(current(f, "visits", "desk=a") == INT64_C(9000000000000000000));
	assert_int_equal(current(f, "visits", ""), 20);
}

static void a_datagram_that_is_too_long_is_refused_whole(void **state)
{
	static char text[STATSD_DATAGRAM_MAX + 2];
	struct fixture *f = *state;
	memset(text, '\n', sizeof(text) - 1);
	memcpy(text, "visits:1|c", 10);
	begin(f);
	said(f, text);
	assert_non_null(strstr(look_at(f).error, "8192"));
	said(f, text + 1); /* one byte less, and no name */
	end(f);
	assert_int_equal(current(f, "visits", ""), NO_VALUE);
}

/* A disk that fails at one flush works at the next; what came meanwhile is added. */
static void what_the_spool_refuses_is_tried_again(void **state)
{
	struct fixture *f = *state;
	begin(f);
	said(f, "visits:3|c");
	fault_arm_at(FAULT_FULL | FAULT_STAYS, 0);
	while (*look_at(f).error == '\0')
		(void)uv_run(&f->office.loop, UV_RUN_ONCE);
	said(f, "visits:4|c\nvisits:5|c|#desk:b");
	assert_true(fault_disarm());
	assert_int_equal(current(f, "visits", ""), NO_VALUE);
	end(f);
	assert_int_equal(current(f, "visits", ""), 70);
	assert_int_equal(current(f, "visits", "desk=b"), 50);
}

static void a_socket_left_by_a_kill_is_replaced_but_a_live_one_is_not(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	void *second;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->socket);
	int stale = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(stale, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(statsd_start(&f->host, &f->settings, &second, &f->office.err),
			 -EADDRINUSE);
	(void)close(stale);
	begin(f);
	assert_int_equal(statsd_start(&f->host, &f->settings, &second, &f->office.err),
			 -EADDRINUSE);
	assert_non_null(strstr(f->office.err.text, f->socket));
	said(f, "visits:1|c");
	end(f);
	assert_int_equal(access(f->socket, F_OK), -1);
	assert_int_equal(current(f, "visits", ""), 10);
}

/* However packets, flushes and restarts fall, every counter has its sum. */
static void try_interleaving(struct dice *dice, void *context)
{
	static const char *const desks[] = { "", "|#desk:a", "|#desk:b" };
	static const char *const labels[] = { "", "desk=a", "desk=b" };
	int64_t sums[3] = { 0 }, queue = NO_VALUE;
	struct fixture *f = fixture_open();
	(void)context;
	begin(f);
	for (unsigned i = 0; i < 60; i++) {
		char text[64];
		size_t d = dice_below(dice, 3);
		int64_t value = dice_between(dice, -9, 99);
		if (dice_below(dice, 10) == 0) {
			end(f);
			begin(f);
		} else if (dice_below(dice, 5) == 0) {
			queue = dice_between(dice, 0, 1000);
			(void)snprintf(text, sizeof(text), "queue:%lld|g", (long long)queue);
			said(f, text);
		} else {
			sums[d] += value;
			(void)snprintf(text, sizeof(text), "visits:%s%lld.%lld|c%s",
				       value < 0 ? "-" : "", (long long)(llabs(value) / 10),
				       (long long)(llabs(value) % 10), desks[d]);
			said(f, text);
		}
	}
	end(f);
	for (size_t d = 0; d < 3; d++) {
		int64_t is = current(f, "visits", labels[d]);
		assert_int_equal(is == NO_VALUE ? 0 : is, sums[d]);
	}
	assert_true(current(f, "queue", "") == queue);
	fixture_close(f);
}

static void any_interleaving_gives_the_sum(void **state)
{
	(void)state;
	for_all_seeds(40, try_interleaving, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_stop_loses_nothing_and_the_next_start_goes_on),
		TEST(maximum_and_minimum_are_those_of_all_gauges),
		TEST(what_is_refused_is_counted_and_keeps_nothing_else_out),
		TEST(before_the_time_is_known_nothing_goes_by_what_was_before),
		TEST(a_change_of_nothing_is_refused_and_the_rest_recorded),
		TEST(a_change_starts_from_the_newest_period_before),
		TEST(lines_end_as_on_any_machine_and_numbers_have_any_zeros),
		TEST(a_sum_that_leaves_64_bits_is_dropped_alone),
		TEST(a_datagram_that_is_too_long_is_refused_whole),
		TEST(what_the_spool_refuses_is_tried_again),
		TEST(a_socket_left_by_a_kill_is_replaced_but_a_live_one_is_not),
		cmocka_unit_test(any_interleaving_gives_the_sum),
	};
	fault_install();
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
