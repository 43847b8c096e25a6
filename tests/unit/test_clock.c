#include "clock/clock.h"
#include "support/seeds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US  INT64_C(1764000000000000)
#define HOUR_US INT64_C(3600000000)
#define DAY_US  (24 * HOUR_US)

static struct clock_core fresh(void)
{
	return (struct clock_core){ .floor_us = NOW_US - DAY_US };
}

static int64_t told(const struct clock_core *core, const struct clock_reading *reading)
{
	return core->start_us + reading->boot_us;
}

static void nobody_vouches_for_a_clock_of_1970(void **state)
{
	struct clock_reading dead = { .wall_us = HOUR_US, .boot_us = HOUR_US };
	(void)state;
	assert_int_equal(clock_step(fresh(), &dead).witness, CLOCK_NOBODY);
	dead.battery_us = HOUR_US; /* the battery is dead, too: both agree on nonsense */
	assert_int_equal(clock_step(fresh(), &dead).witness, CLOCK_NOBODY);
	dead.synchronised = true; /* with whom? */
	assert_int_equal(clock_step(fresh(), &dead).witness, CLOCK_NOBODY);
}

/* systemd sets a clock without a battery to when it was last used. */
static void clock_that_lags_by_an_outage_is_not_believed(void **state)
{
	struct clock_reading lags = { .wall_us = NOW_US + HOUR_US, .boot_us = HOUR_US };
	(void)state;
	assert_int_equal(clock_step(fresh(), &lags).witness, CLOCK_NOBODY);
	lags.battery_us = DAY_US; /* that clock began anew in 1970 */
	assert_int_equal(clock_step(fresh(), &lags).witness, CLOCK_NOBODY);
}

static void battery_that_lived_is_believed_from_the_floor_on(void **state)
{
	struct clock_reading good = { .wall_us = NOW_US,
				      .boot_us = HOUR_US,
				      .battery_us = NOW_US - 400000 };
	(void)state;
	struct clock_core core = clock_step(fresh(), &good);
	assert_int_equal(core.witness, CLOCK_BATTERY);
	assert_int_equal(told(&core, &good), NOW_US);
	core = fresh();
	core.floor_us = NOW_US + 1;
	assert_int_equal(clock_step(core, &good).witness, CLOCK_NOBODY);
}

static void province_is_heard_and_the_wall_clock_meant_where_both_agree(void **state)
{
	struct clock_reading reading = { .wall_us = NOW_US, .boot_us = HOUR_US };
	(void)state;
	struct clock_core core = clock_step_told(fresh(), &reading, NOW_US + 20000000);
	assert_int_equal(core.witness, CLOCK_PROVINCE);
	assert_int_equal(told(&core, &reading), NOW_US);
	core = clock_step_told(fresh(), &reading, NOW_US + DAY_US);
	assert_int_equal(told(&core, &reading), NOW_US + DAY_US);
	assert_int_equal(clock_step_told(fresh(), &reading, 0).witness, CLOCK_NOBODY);
}

static void read_nothing(void *context, struct clock_reading *ret_reading)
{
	(void)context;
	*ret_reading = (struct clock_reading){ .wall_us = 0 };
}

static int64_t no_battery(void *context)
{
	(void)context;
	return 0;
}

/* A peer may say anything: the first of these overflowed in whoever counted with it. */
static void time_that_cannot_be_is_not_heard(void **state)
{
	static const int64_t times_us[] = {
		INT64_MIN, -1, 0, CLOCK_FLOOR_US, CLOCK_CEILING_US, INT64_MAX - 5, INT64_MAX
	};
	struct clock_reading reading = { .wall_us = NOW_US, .boot_us = HOUR_US };
	struct clock_source still = { .read = read_nothing, .battery = no_battery, .boot = "b" };
	struct clock *clock;
	struct err err;
	(void)state;
	assert_int_equal(clock_open(&still, &clock, &err), 0);
	for (size_t i = 0; i < sizeof(times_us) / sizeof(times_us[0]); i++) {
		assert_false(clock_possible(times_us[i]));
		assert_int_equal(clock_step_told(fresh(), &reading, times_us[i]).witness,
				 CLOCK_NOBODY);
		clock_hear(clock, times_us[i]);
		clock_hear_floor(clock, times_us[i]); /* as a damaged spool would tell it */
		clock_recall(clock, CLOCK_KERNEL, times_us[i]);
		assert_int_equal(clock_anchor(clock).witness, CLOCK_NOBODY);
		assert_int_equal(clock_anchor(clock).floor_us, CLOCK_FLOOR_US);
	}
	clock_close(clock);
}

/* Somebody turns the clock back over midnight by hand. */
static void step_that_nobody_vouches_for_moves_nothing(void **state)
{
	struct clock_reading reading = { .wall_us = NOW_US,
					 .boot_us = HOUR_US,
					 .synchronised = true };
	(void)state;
	struct clock_core core = clock_step(fresh(), &reading);
	for (int64_t step_us = -400 * DAY_US; step_us <= 400 * DAY_US; step_us += 5 * HOUR_US) {
		struct clock_reading stepped = { .wall_us = NOW_US + step_us + HOUR_US,
						 .boot_us = 2 * HOUR_US };
		struct clock_core after = clock_step(core, &stepped);
		assert_int_equal(told(&after, &stepped), NOW_US + HOUR_US);
		after = clock_step_told(after, &stepped, NOW_US + 7 * HOUR_US);
		assert_int_equal(told(&after, &stepped), NOW_US + HOUR_US);
	}
}

static void better_witness_corrects_a_weaker_one(void **state)
{
	struct clock_reading reading = { .wall_us = NOW_US,
					 .boot_us = HOUR_US,
					 .battery_us = NOW_US };
	(void)state;
	struct clock_core core = clock_step(fresh(), &reading);
	core = clock_step_told(core, &reading, NOW_US - HOUR_US);
	assert_int_equal(told(&core, &reading), NOW_US - HOUR_US);
	reading.wall_us = NOW_US - 2 * HOUR_US;
	reading.synchronised = true;
	core = clock_step(core, &reading);
	assert_int_equal(told(&core, &reading), NOW_US - 2 * HOUR_US);
}

/* Whatever happens: a witness never gets weaker, and without news the time runs as the boot clock
 * does. */
static void any_readings(struct dice *dice, void *context)
{
	struct clock_core core = fresh();
	(void)context;
	for (int i = 0; i < 300; i++) {
		struct clock_reading reading = {
			.wall_us = dice_between(dice, 0, 2 * NOW_US),
			.boot_us = i * HOUR_US,
			.synchronised = dice_below(dice, 4) == 0,
			.battery_us = (int64_t)dice_below(dice, 2) * NOW_US,
		};
		struct clock_core before = core;
		core = clock_step(core, &reading);
		if (dice_below(dice, 4) == 0)
			core = clock_step_told(core, &reading, dice_between(dice, 0, 2 * NOW_US));
		assert_true(core.witness >= before.witness);
		if (core.start_us != before.start_us)
			assert_true(core.start_us + reading.boot_us > CLOCK_FLOOR_US);
		assert_int_equal(core.floor_us, before.floor_us);
	}
}

static void witnesses_never_get_weaker(void **state)
{
	(void)state;
	for_all_seeds(50, any_readings, NULL);
}

static void the_machine_itself_can_be_read(void **state)
{
	struct clock *clock;
	struct err err;
	(void)state;
	assert_int_equal(clock_open(NULL, &clock, &err), 0);
	struct moment first = clock_now(clock), second = clock_now(clock);
	assert_true(first.boot_us > 0 && second.boot_us >= first.boot_us);
	assert_int_equal(strlen(clock_boot(clock)), 36);
	clock_hear(clock, NOW_US);
	assert_true(clock_now(clock).known);
	assert_true(clock_latest_us(clock) < CLOCK_UNKNOWN_US);
	clock_close(clock);
	assert_true(clock_now(NULL).known);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_vouches_for_a_clock_of_1970),
		cmocka_unit_test(clock_that_lags_by_an_outage_is_not_believed),
		cmocka_unit_test(battery_that_lived_is_believed_from_the_floor_on),
		cmocka_unit_test(province_is_heard_and_the_wall_clock_meant_where_both_agree),
		cmocka_unit_test(time_that_cannot_be_is_not_heard),
		cmocka_unit_test(step_that_nobody_vouches_for_moves_nothing),
		cmocka_unit_test(better_witness_corrects_a_weaker_one),
		cmocka_unit_test(witnesses_never_get_weaker),
		cmocka_unit_test(the_machine_itself_can_be_read),
	};
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
