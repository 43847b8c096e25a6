/* Days of bad weather in seconds: at the end nothing is lost, nothing counted twice. */
#include "sim/world.h"

#include "query/query.h"
#include "verify/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_MS UINT64_C(3600000)

static struct counts total; /* of all histories */

static void on_clerk(struct world *world, struct event *event)
{
	if (!world->weather.record_ms)
		return; /* calm: the day is over */
	site_record(world, event->office);
	world_plan(world, world_about(world, world->weather.record_ms), on_clerk, event->office);
}

static bool all_done(struct world *world)
{
	for (uint32_t i = 0; i < world->n_offices; i++)
		if (!site_is_done(&world->offices[i]))
			return false;
	return true;
}

/* What the oracle says office @index has on @day; false: no figure at all. */
static bool expected(const struct site *office, size_t metric, size_t day, int64_t *ret_sum)
{
	bool any = false;
	*ret_sum = 0;
	for (size_t hour = 0; hour < CELL_HOURS; hour++) {
		const struct cell *cell = &office->cells[metric][day][hour];
		if (!cell->recorded || cell->withdrawn)
			continue;
		any = true;
		*ret_sum += cell->value_e;
	}
	return any;
}

static void figures_are_those_handed_in(struct world *world, size_t metric, size_t day)
{
	static const char *const names[CELL_METRICS] = { "a.day", "b.hour" };
	char date[DAY_TEXT_MAX];
	struct table *answer;
	struct testbed *testbed = &world->testbed;
	(void)day_format(day_from_civil(2025, 6, 26) + (int32_t)day, date);
	struct query query = {
		.name = names[metric], .by = "office", .per = "day", .from = date, .to = date
	};
	if (query_run(testbed->db, testbed->reference, &query, &answer, &testbed->err) < 0)
		fail_msg("%s", testbed->err.text);
	uint32_t seen = 0, wanted = 0;
	for (size_t row = 0; row < table_rows(answer); row++) {
		const char *code = testbed_cell(answer, row, "area");
		const char *value = testbed_cell(answer, row, "value");
		int64_t sum;
		if (!code || !value)
			continue;
		seen++;
		if (!expected(&world->offices[atoi(code + 1)], metric, day, &sum))
			fail_msg("%s has %s on %s, which nobody handed in", code, value, date);
		if (strtoll(value, NULL, 10) != sum)
			fail_msg("%s has %s on %s, handed in was %lld", code, value, date,
				 (long long)sum);
	}
	for (uint32_t i = 0; i < world->n_offices; i++) {
		int64_t sum;
		wanted += expected(&world->offices[i], metric, day, &sum);
	}
	assert_int_equal(seen, wanted);
	table_close(answer);
}

static void repair(struct testbed *testbed)
{
	struct verify *verify = verify_open("test", &testbed->err);
	int rc;
	assert_non_null(verify);
	do {
		testbed_exec(testbed, verify_writes(verify) ? "BEGIN IMMEDIATE" : "BEGIN");
		rc = verify_step(verify, testbed->db, testbed->reference, &testbed->err);
		if (rc < 0)
			fail_msg("%s", testbed->err.text);
		testbed_exec(testbed, "COMMIT");
	} while (rc == 1);
	assert_int_equal(verify_progress(verify).counts.beyond_repair, 0);
	table_close(verify_table_take(verify));
	verify_close(verify);
}

/* What a machine sent that was set back is what its clerk has before him: it is let in, and the
 * province has what the offices have. What a stranger sent under its key stays. */
static void older_copies_are_let_in(struct world *world)
{
	struct testbed *testbed = &world->testbed;
	for (uint32_t i = 0; i < world->n_offices; i++) {
		char code[16];
		uint64_t released, kept;
		(void)snprintf(code, sizeof(code), "o%u", i);
		testbed_order_release(testbed,
				      &(struct release_form){ .office = code,
							      .older_copy = true,
							      .who = "test",
							      .at_us = world_now_us(world) },
				      &released, &kept);
	}
}

static void store_is_right(struct world *world)
{
	struct testbed *testbed = &world->testbed;
	struct table *differences;
	older_copies_are_let_in(world);
	for (size_t metric = 0; metric < CELL_METRICS; metric++)
		for (size_t day = 0; day < WORLD_DAYS; day++)
			figures_are_those_handed_in(world, metric, day);
	repair(testbed); /* what no commit met: questions told it from the journal */
	assert_int_equal(testbed_verify(testbed, &differences), 0);
	table_close(differences);
	assert_int_equal(testbed_number(testbed,
					"SELECT count(*) FROM (SELECT 1 FROM journal GROUP BY "
					"spool, seq HAVING count(*) > 1)"),
			 0);
	assert_int_equal(testbed_number(testbed, "SELECT count(*) FROM journal"),
			 testbed_number(testbed, "SELECT sum(upto) FROM spool"));
}

static void offices_are_right(struct world *world, bool renewals)
{
	for (uint32_t i = 0; i < world->n_offices; i++) {
		struct err err = { 0 };
		if (spool_verify(world->offices[i].spool, &err) < 0)
			fail_msg("office %u: %s", i, err.text);
		if (!renewals) /* no spool was ever restored */
			assert_int_equal(world->offices[i].renewals, 0);
	}
}

static void live_through(struct dice *dice, uint32_t offices, uint64_t hours,
			 const struct weather *weather)
{
	struct world world;
	world_open(&world, dice, offices, weather);
	for (uint32_t i = 0; i < offices; i++)
		world_plan(&world, world_about(&world, weather->record_ms), on_clerk, i);
	world_run(&world, hours * HOUR_MS);
	world_calm(&world);
	/* At least once: the last thing that happened may be that the province was restored. */
	world_run(&world, HOUR_MS / 2);
	for (unsigned i = 1; i < 24 && !all_done(&world); i++)
		world_run(&world, HOUR_MS / 2);
	assert_true(all_done(&world));
	store_is_right(&world);
	offices_are_right(&world,
			  weather->spool_restores || (weather->numbers && weather->restores));
	if (getenv("LANTOA_SEED"))
		print_message("batches %llu, again %llu, gaps %llu, parted %llu; lines %llu; "
			      "province: %llu "
			      "crashes, %llu restores, %llu commits, %llu failed; offices: %llu "
			      "crashes, %llu restored, %llu of these restarted unwelcomed; %llu "
			      "lives, %llu proofs asked for\n",
			      (unsigned long long)world.counts.batches,
			      (unsigned long long)world.counts.duplicates,
			      (unsigned long long)world.counts.gaps,
			      (unsigned long long)world.counts.parted,
			      (unsigned long long)world.counts.lines,
			      (unsigned long long)world.counts.crashes,
			      (unsigned long long)world.counts.restores,
			      (unsigned long long)world.counts.commits,
			      (unsigned long long)world.counts.failed_commits,
			      (unsigned long long)world.counts.restarts,
			      (unsigned long long)world.counts.restored,
			      (unsigned long long)world.counts.restored_restarts,
			      (unsigned long long)world.counts.lives,
			      (unsigned long long)world.counts.proofs);
	world_close(&world, &total);
}

/* --- the promises --- */

static struct weather any_weather(struct dice *dice)
{
	return (struct weather){
		.line_ms = 10000 + dice_below(dice, 3600000),
		.away_ms = dice_below(dice, 2) ? dice_below(dice, 7200000) : 0,
		.record_ms = 60000 + dice_below(dice, 1800000),
		.lost_frames = dice_below(dice, 2) ? (unsigned)dice_below(dice, 50) : 0,
		.lost_answers = (unsigned)dice_below(dice, 300),
		.repeats = (unsigned)dice_below(dice, 300),
		.failed_commits = (unsigned)dice_below(dice, 300),
		.failed_notes = (unsigned)dice_below(dice, 300),
		.province_ms = dice_below(dice, 3) ? 600000 + dice_below(dice, 7200000) : 0,
		.office_ms = dice_below(dice, 3) ? 600000 + dice_below(dice, 14400000) : 0,
		.restores = dice_below(dice, 2) == 0,
		.hostile_ms = dice_below(dice, 2) ? 300000 + dice_below(dice, 1800000) : 0,
		.damage_ms = dice_below(dice, 2) ? 600000 + dice_below(dice, 7200000) : 0,
		.reader_ms = dice_below(dice, 2) ? 600000 + dice_below(dice, 7200000) : 0,
	};
}

static void some_weather(struct dice *dice, void *context)
{
	struct weather weather = any_weather(dice);
	(void)context;
	live_through(dice, 1 + (uint32_t)dice_below(dice, 12), 12, &weather);
}

static void nothing_is_lost_nor_counted_twice_in_any_weather(void **state)
{
	(void)state;
	for_all_seeds(20, some_weather, NULL);
}

static void some_weather_with_copies(struct dice *dice, void *context)
{
	struct weather weather = any_weather(dice);
	(void)context;
	weather.office_ms = 600000 + dice_below(dice, 7200000);
	weather.spool_restores = true;
	live_through(dice, 1 + (uint32_t)dice_below(dice, 12), 12, &weather);
}

static void spools_that_come_back_from_older_copies_lose_nothing(void **state)
{
	(void)state;
	for_all_seeds(20, some_weather_with_copies, NULL);
}

/* The province's disk is full while an office goes and comes back from an older copy: what its old
 * life sent is not committed yet when the new one is welcomed, and its numbers are given again. */
static void some_weather_with_a_full_disk(struct dice *dice, void *context)
{
	struct weather weather = any_weather(dice);
	(void)context;
	weather.failed_commits = 100 + (unsigned)dice_below(dice, 300);
	weather.full_ms = 60000 + dice_below(dice, 600000);
	/* ten thousand commits fail, and each would mend again, and be made in parts again */
	weather.damage_ms = weather.hostile_ms = 0;
	weather.office_ms = 300000 + dice_below(dice, 3600000);
	weather.spool_restores = true;
	live_through(dice, 1 + (uint32_t)dice_below(dice, 12), 12, &weather);
}

static void an_old_life_that_waits_at_a_full_province_spoils_nothing(void **state)
{
	(void)state;
	for_all_seeds(10, some_weather_with_a_full_disk, NULL);
}

static void some_weather_with_mixed_versions(struct dice *dice, void *context)
{
	struct weather weather = any_weather(dice);
	(void)context;
	weather.office_ms = 600000 + dice_below(dice, 7200000);
	weather.province_ms = 600000 + dice_below(dice, 7200000);
	weather.spool_restores = true;
	weather.mixed = true;
	live_through(dice, 1 + (uint32_t)dice_below(dice, 12), 12, &weather);
}

static void peers_of_the_version_before_lose_nothing_in_either_role(void **state)
{
	(void)state;
	for_all_seeds(5, some_weather_with_mixed_versions, NULL);
}

/* A spool has one series number in a life, and two series: it goes on in another life with almost
 * every handful. */
static void some_weather_with_few_numbers(struct dice *dice, void *context)
{
	struct weather weather = any_weather(dice);
	(void)context;
	weather.record_ms = 900000 + dice_below(dice, 1800000);
	weather.province_ms = 600000 + dice_below(dice, 7200000);
	weather.spool_restores = dice_below(dice, 2) == 0;
	weather.numbers = 1;
	live_through(dice, 1 + (uint32_t)dice_below(dice, 6), 12, &weather);
}

static void offices_that_run_out_of_series_numbers_all_the_while_lose_nothing(void **state)
{
	(void)state;
	for_all_seeds(20, some_weather_with_few_numbers, NULL);
}

static void bad_day(struct dice *dice, void *context)
{
	static const struct weather weather = { .line_ms = 600000,
						.away_ms = 300000,
						.record_ms = 1200000,
						.lost_frames = 5,
						.lost_answers = 50,
						.repeats = 50,
						.failed_commits = 50,
						.failed_notes = 50,
						.province_ms = 3600000,
						.office_ms = 7200000,
						.restores = true,
						.hostile_ms = 60000,
						.damage_ms = 600000,
						.reader_ms = 900000 };
	(void)context;
	live_through(dice, 200, 6, &weather);
}

static void two_hundred_offices_get_through_a_bad_day(void **state)
{
	(void)state;
	for_all_seeds(1, bad_day, NULL);
}

/* A kind of weather that never was proves nothing. */
static void everything_that_may_happen_has_happened(void **state)
{
	(void)state;
	if (getenv("LANTOA_SEED"))
		return; /* one history need not have seen it all */
	const struct {
		const char *what;
		uint64_t times;
	} all[] = {
		{ "power cuts of the province", total.crashes },
		{ "older copies of the province", total.restores },
		{ "commits that failed", total.failed_commits },
		{ "batches that came twice", total.duplicates },
		{ "gaps", total.gaps },
		{ "spools that parted", total.parted },
		{ "power cuts of offices", total.restarts },
		{ "older copies of offices", total.restored },
		{ "figures held as older", total.older },
		{ "commits in parts", total.in_parts },
		{ "batches refused", total.refused },
		{ "batches left to their office", total.later },
		{ "batches held", total.held },
		{ "damaged pages", total.damaged },
		{ "pages made anew", total.mended },
		{ "long readers", total.readers },
		{ "logs that could not be copied behind them", total.kept_log },
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		print_message("%s: %llu\n", all[i].what, (unsigned long long)all[i].times);
		if (all[i].times == 0)
			fail_msg("no %s", all[i].what);
	}
	for (size_t kind = 0; kind < HOSTILE_KINDS; kind++)
		if (total.hostile[kind] == 0)
			fail_msg("no hostile batch of kind %zu", kind);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_nor_counted_twice_in_any_weather),
		cmocka_unit_test(spools_that_come_back_from_older_copies_lose_nothing),
		cmocka_unit_test(an_old_life_that_waits_at_a_full_province_spoils_nothing),
		cmocka_unit_test(peers_of_the_version_before_lose_nothing_in_either_role),
		cmocka_unit_test(offices_that_run_out_of_series_numbers_all_the_while_lose_nothing),
		cmocka_unit_test(two_hundred_offices_get_through_a_bad_day),
		cmocka_unit_test(everything_that_may_happen_has_happened),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
