/* Ninety days without a line, with a dead battery and power cuts, and then a bad line: at the end
 * the province has every figure of every minute once.
 *
 *     test_ninety [MINUTES]     one handful every so many minutes; 1 is the real thing */
#include "sim/world.h"

#include "common/model/civil.h"
#include "query/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HOUR_MS   UINT64_C(3600000)
#define DAYS      90u
#define MINUTES   1440u
#define SERIES    10u /* of every minute: half of them are set, half are added to */
#define METRICS   46u /* of a day, added to */
#define STARTS    1000u
#define BYTES_MAX (UINT64_C(64) << 20) /* the agent's default */

struct figures { /* as they were handed in */
	bool known[DAYS + 2][MINUTES];
	int64_t value_e[DAYS + 2][MINUTES];
};

static struct ninety {
	struct figures minutes[SERIES];
	bool known[METRICS][DAYS + 2];
	int64_t value_e[METRICS][DAYS + 2];
	int32_t first_day;
	int64_t starts_us[STARTS]; /* those of which the clerk will be asked */
	size_t n_starts;
	uint64_t recorded, cuts, assigned, bytes;
} office;

static uint64_t step_minutes = 20;

static void must(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->text);
}

static struct observation figure(const char *metric, enum grain grain, const char *labels,
				 int64_t value_e, bool add)
{
	return (struct observation){ .metric = metric,
				     .labels = labels,
				     .period = { CALENDAR_CIVIL, grain, 0 },
				     .now = true,
				     .value_e = value_e,
				     .add = add };
}

static void record(struct world *world, const struct observation list[], size_t n)
{
	struct site *site = &world->offices[0];
	struct err err = { 0 };
	must(spool_record(site->spool, list, n, NULL, &err), &err);
	office.recorded += n;
	site_recorded(world, 0);
}

static void record_minute(struct world *world)
{
	struct observation list[2 * SERIES];
	char labels[SERIES][16];
	int64_t minute = civil_minute(world_now_us(world));
	size_t n = 0;
	for (unsigned i = 0; i < SERIES; i++) {
		struct figures *figures = &office.minutes[i];
		int64_t *value_e =
			&figures->value_e[minute / MINUTES - office.first_day][minute % MINUTES];
		(void)snprintf(labels[i], sizeof(labels[i]), "n=%u", i);
		for (unsigned times = i % 2 ? 2 : 1; times > 0; times--) {
			int64_t part_e = dice_between(world->dice, 0, 500);
			list[n++] = figure("c.minute", GRAIN_MINUTE, labels[i], part_e, i % 2);
			*value_e += part_e;
		}
		figures->known[minute / MINUTES - office.first_day][minute % MINUTES] = true;
	}
	record(world, list, n);
}

/* Of today, or of an earlier day by its name. */
static void record_day(struct world *world)
{
	unsigned metric = (unsigned)dice_below(world->dice, METRICS);
	int32_t today = civil_day(world_now_us(world)) - office.first_day;
	int64_t part_e = dice_between(world->dice, 0, 1000);
	char labels[16];
	(void)snprintf(labels, sizeof(labels), "n=%u", metric);
	struct observation obs = figure("d.day", GRAIN_DAY, labels, part_e, true);
	int32_t day = today;
	if (dice_below(world->dice, 2) && today > 0) {
		day = today - 1;
		obs.now = false;
		obs.period.number = office.first_day + day;
	}
	record(world, &obs, 1);
	office.known[metric][day] = true;
	office.value_e[metric][day] += part_e;
}

static void on_minute(struct world *world, struct event *event)
{
	if (!world->weather.cut_off)
		return; /* the ninety days are over */
	record_minute(world);
	if (dice_below(world->dice, MINUTES / METRICS) < step_minutes)
		record_day(world);
	world_plan(world, step_minutes * 60000, on_minute, event->office);
}

static void on_cut(struct world *world, struct event *event)
{
	struct site *site = &world->offices[0];
	struct spool_status status;
	struct err err = { 0 };
	must(spool_room(site->spool, &status, &err), &err);
	assert_true(status.bytes <= BYTES_MAX);
	if (status.bytes > office.bytes)
		office.bytes = status.bytes;
	if (status.undated_here > 0) {
		assert_true(office.n_starts < STARTS);
		office.starts_us[office.n_starts++] =
			world_now_us(world) -
			(int64_t)(world->now_ms - site->machine.started_ms) * 1000;
	}
	office.cuts++;
	site_restart(world, 0);
	if (world->weather.cut_off)
		world_plan(world, world_about(world, 14 * HOUR_MS), on_cut, event->office);
}

/* --- the clerk, who remembers when the machine was switched on --- */

struct starts {
	int64_t numbers[STARTS];
	size_t n;
};

static int on_start(void *context, const struct spool_start *start)
{
	struct starts *starts = context;
	if (!start->is_this_one)
		starts->numbers[starts->n++] = start->number;
	return 0;
}

static void assign_all(struct world *world)
{
	struct site *site = &world->offices[0];
	struct starts starts = { .n = 0 };
	struct err err = { 0 };
	must(spool_each_start(site->spool, on_start, &starts, &err), &err);
	assert_int_equal(starts.n, office.n_starts);
	for (size_t i = 0; i < starts.n; i++) {
		struct spool_assigned assigned;
		must(spool_assign(site->spool, starts.numbers[i], office.starts_us[i], &assigned,
				  &err),
		     &err);
		assert_int_equal(assigned.left, 0);
		office.assigned += assigned.dated;
	}
	office.n_starts = 0;
	site_recorded(world, 0);
}

static void on_clerk(struct world *world, struct event *event)
{
	assign_all(world);
	if (world->weather.cut_off)
		world_plan(world, world_about(world, 100 * HOUR_MS), on_clerk, event->office);
}

/* --- what the province must say --- */

static void compare_day(struct table *answer, size_t row, const char *what, bool known, int64_t sum,
			int64_t n)
{
	const char *value = testbed_cell(answer, row, "value");
	const char *observations = testbed_cell(answer, row, "observations");
	if (!known && value)
		fail_msg("%s has %s, which nobody handed in", what, value);
	if (known && (!value || strtoll(value, NULL, 10) != sum))
		fail_msg("%s has %s, handed in was %lld", what, value ? value : "nothing",
			 (long long)sum);
	if (known && strtoll(observations, NULL, 10) != n)
		fail_msg("%s has %s figures, handed in were %lld", what, observations,
			 (long long)n);
}

static void minutes_of(unsigned series, unsigned day, int64_t *ret_sum, int64_t *ret_n)
{
	const struct figures *figures = &office.minutes[series];
	*ret_sum = *ret_n = 0;
	for (unsigned minute = 0; minute < MINUTES; minute++) {
		*ret_sum += figures->value_e[day][minute];
		*ret_n += figures->known[day][minute];
	}
}

static void compare(struct world *world, const char *metric, unsigned series, bool of_minutes)
{
	char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX], labels[16], what[64];
	struct table *answer;
	struct testbed *testbed = &world->testbed;
	(void)snprintf(labels, sizeof(labels), "n=%u", series);
	struct query query = { .name = metric,
			       .labels = labels,
			       .per = "day",
			       .from = day_format(office.first_day, from),
			       .to = day_format(office.first_day + (int32_t)DAYS, to) };
	if (query_run(testbed->db, testbed->reference, &query, &answer, &testbed->err) < 0)
		fail_msg("%s", testbed->err.text);
	for (size_t row = 0; row < table_rows(answer); row++) {
		const char *period = testbed_cell(answer, row, "period");
		int32_t date;
		if (!period || day_parse(period, &date, &testbed->err) < 0)
			continue;
		unsigned day = (unsigned)(date - office.first_day);
		int64_t sum = office.value_e[series % METRICS][day], n = 1;
		if (of_minutes)
			minutes_of(series, day, &sum, &n);
		(void)snprintf(what, sizeof(what), "%s %s on %s", metric, labels, period);
		compare_day(answer, row, what, of_minutes ? n > 0 : office.known[series][day], sum,
			    n);
	}
	assert_true(table_rows(answer) >= DAYS);
	table_close(answer);
}

static void everything_is_there_once(struct world *world)
{
	struct table *differences;
	struct err err = { 0 };
	for (unsigned i = 0; i < SERIES; i++)
		compare(world, "c.minute", i, true);
	for (unsigned i = 0; i < METRICS; i++)
		compare(world, "d.day", i, false);
	assert_int_equal(testbed_verify(&world->testbed, &differences), 0);
	table_close(differences);
	must(spool_verify(world->offices[0].spool, &err), &err);
	assert_int_equal(world->offices[0].renewals, 0);
}

/* --- the ninety days --- */

static const struct weather away = { .cut_off = true,
				     .dead_batteries = true,
				     .spool_bytes = BYTES_MAX };
static const struct weather bad_line = { .line_ms = 20000,
					 .away_ms = 10000,
					 .lost_frames = 10,
					 .lost_answers = 100,
					 .repeats = 50,
					 .failed_commits = 50,
					 .failed_notes = 100,
					 .slow_downs = 200,
					 .dead_batteries = true,
					 .spool_bytes = BYTES_MAX };

static uint64_t drain(struct world *world)
{
	uint64_t from_ms = world->now_ms;
	world->weather = bad_line;
	while (!site_is_done(&world->offices[0])) {
		world_run(world, 10000);
		assert_true(world->now_ms - from_ms < 24 * HOUR_MS);
	}
	return world->now_ms - from_ms;
}

static void ninety_days(struct dice *dice, void *context)
{
	struct world world;
	(void)context;
	memset(&office, 0, sizeof(office)); /* a literal may be made on the stack: 12 MB */
	world_open(&world, dice, 1, &away);
	office.first_day = civil_day(world_now_us(&world));
	world_plan(&world, 60000, on_minute, 0);
	world_plan(&world, world_about(&world, 14 * HOUR_MS), on_cut, 0);
	world_plan(&world, world_about(&world, 100 * HOUR_MS), on_clerk, 0);
	world_run(&world, DAYS * 24 * HOUR_MS);
	on_cut(&world, &(struct event){ .office = 0 }); /* and the line is back */
	assign_all(&world);
	uint64_t drain_ms = drain(&world);
	everything_is_there_once(&world);
	print_message("%llu figures, %llu power cuts, %llu figures dated by the clerk; spool %.1f "
		      "MiB; drained in %llu s by %llu batches over %llu lines\n",
		      (unsigned long long)office.recorded, (unsigned long long)office.cuts,
		      (unsigned long long)office.assigned, (double)office.bytes / (1 << 20),
		      (unsigned long long)drain_ms / 1000, (unsigned long long)world.counts.batches,
		      (unsigned long long)world.counts.lines);
	world_close(&world, &(struct counts){ 0 });
}

static void ninety_days_without_a_line_lose_nothing(void **state)
{
	(void)state;
	for_all_seeds(1, ninety_days, NULL);
}

int main(int argc, char *argv[])
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ninety_days_without_a_line_lose_nothing),
	};
	if (argc > 1)
		step_minutes = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests_name("ninety days", tests, NULL, NULL);
}
