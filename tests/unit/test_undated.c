/* Figures of "now" whose now nobody knows. The model applies each at its true moment. */
#include "common/model/civil.h"
#include "spool/spool.h"
#include "support/fault.h"
#include "support/scratch.h"
#include "support/seeds.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MINUTE_US INT64_C(60000000)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)
#define FIRST_DAY 20300

struct machine { /* a clock without a battery */
	int64_t true_us, started_us;
	bool synchronised;
	char boot[16];
	unsigned starts;
};

struct fixture {
	char folder[SCRATCH_MAX], path[PATH_MAX];
	struct machine machine;
	struct spool *spool;
	struct clock *clock;
	struct err err;
};

static void machine_read(void *context, struct clock_reading *ret_reading)
{
	const struct machine *machine = context;
	int64_t boot_us = machine->true_us - machine->started_us;
	*ret_reading = (struct clock_reading){ .wall_us = machine->synchronised ? machine->true_us
										: boot_us,
					       .boot_us = boot_us,
					       .synchronised = machine->synchronised };
}

static int64_t machine_battery(void *context)
{
	(void)context;
	return 0;
}

/* The agent starts; nothing but the file is known to it. */
static void reopen(struct fixture *f)
{
	static const struct spool_limits limits = { .bytes_max = 16 << 20, .keep_days = 35 };
	struct clock_source source = { .read = machine_read,
				       .battery = machine_battery,
				       .boot = f->machine.boot,
				       .context = &f->machine };
	spool_close(f->spool);
	clock_close(f->clock);
	f->spool = NULL;
	f->clock = NULL;
	assert_int_equal(clock_open(&source, &f->clock, &f->err), 0);
	if (spool_open(f->path, &limits, &f->spool, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
	spool_use_clock(f->spool, f->clock);
}

static void power_cut(struct fixture *f)
{
	f->machine.started_us = f->machine.true_us;
	f->machine.synchronised = false;
	(void)snprintf(f->machine.boot, sizeof(f->machine.boot), "boot-%u", ++f->machine.starts);
	reopen(f);
}

static void afresh(struct fixture *f)
{
	char journal[PATH_MAX + 16];
	spool_close(f->spool);
	f->spool = NULL;
	(void)snprintf(journal, sizeof(journal), "%s-journal", f->path);
	(void)unlink(f->path);
	(void)unlink(journal);
	f->machine = (struct machine){ .true_us = civil_day_start_us(FIRST_DAY) + 9 * HOUR_US };
	power_cut(f);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/spool.db", f->folder);
	afresh(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	(void)fault_disarm(); /* a failed test leaves it armed */
	spool_close(f->spool);
	clock_close(f->clock);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static struct observation figure(int64_t value_e)
{
	return (struct observation){ .metric = "visits",
				     .labels = "",
				     .period = { CALENDAR_CIVIL, GRAIN_DAY, 0 },
				     .value_e = value_e };
}

static struct observation of_now(int64_t value_e)
{
	struct observation obs = figure(value_e);
	obs.now = true;
	return obs;
}

static struct observation of_day(int32_t day, int64_t value_e)
{
	struct observation obs = figure(value_e);
	obs.period.number = day;
	return obs;
}

static void put(struct fixture *f, struct observation obs)
{
	if (spool_record(f->spool, &obs, 1, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

#define NONE INT64_MIN

static int64_t value(struct fixture *f, int32_t day)
{
	int64_t value_e;
	unsigned decimals;
	bool withdrawn;
	int rc = spool_current(f->spool, "visits", "", of_day(day, 0).period, &value_e, &decimals,
			       &withdrawn, &f->err);
	return rc == -ENOENT || withdrawn ? NONE : value_e;
}

static struct spool_status status(struct fixture *f)
{
	struct spool_status found;
	assert_int_equal(spool_status(f->spool, &found, &f->err), 0);
	return found;
}

static void seal(struct fixture *f)
{
	uint64_t last;
	bool more;
	assert_int_equal(spool_seal(f->spool, 1, &last, &more, &f->err), 0);
}

/* --- examples --- */

static void they_get_their_periods_when_the_clock_is_set(void **state)
{
	struct fixture *f = *state;
	put(f, of_now(5));
	f->machine.true_us += DAY_US;
	reopen(f); /* the agent, not the machine */
	put(f, of_now(7));
	assert_int_equal(value(f, FIRST_DAY), NONE);
	assert_int_equal(status(f).undated_here, 2);
	assert_int_equal(status(f).unsealed, 0);
	f->machine.synchronised = true;
	seal(f);
	assert_int_equal(value(f, FIRST_DAY), 5);
	assert_int_equal(value(f, FIRST_DAY + 1), 7);
	assert_int_equal(status(f).undated_here, 0);
	assert_int_equal(status(f).waiting_observations, 2);
}

static void figures_with_a_period_do_not_wait(void **state)
{
	struct fixture *f = *state;
	put(f, of_day(FIRST_DAY, 5));
	assert_int_equal(value(f, FIRST_DAY), 5);
	assert_int_equal(status(f).undated_here, 0);
}

static void province_tells_the_time_as_well(void **state)
{
	struct fixture *f = *state;
	put(f, of_now(5));
	clock_hear(f->clock, f->machine.true_us);
	put(f, of_now(6));
	assert_int_equal(value(f, FIRST_DAY), 6);
	reopen(f); /* what was heard in this start of the machine is kept */
	assert_true(clock_now(f->clock).known);
	power_cut(f);
	assert_false(clock_now(f->clock).known);
}

static int count_start(void *context, const struct spool_start *start)
{
	struct spool_start *found = context;
	*found = *start;
	return 0;
}

static struct spool_start only_start(struct fixture *f)
{
	struct spool_start found = { 0 };
	assert_int_equal(spool_each_start(f->spool, count_start, &found, &f->err), 0);
	return found;
}

static void after_a_power_cut_people_say_which_day_it_was(void **state)
{
	struct fixture *f = *state;
	struct spool_assigned assigned;
	put(f, of_now(5));
	f->machine.true_us += DAY_US;
	put(f, of_now(7));
	int64_t started_us = f->machine.started_us;
	power_cut(f);
	f->machine.synchronised = true;
	seal(f);
	assert_int_equal(status(f).undated, 2);
	assert_int_equal(status(f).undated_here, 0);
	struct spool_start start = only_start(f);
	assert_int_equal(start.figures, 2);
	assert_false(start.is_this_one);
	assert_int_equal(start.last_us, DAY_US);
	assert_int_equal(spool_assign(f->spool, start.number + 1, 0, &assigned, &f->err), -ENOENT);
	assert_int_equal(spool_assign(f->spool, start.number, started_us, &assigned, &f->err), 0);
	assert_int_equal(assigned.dated, 2);
	assert_int_equal(value(f, FIRST_DAY), 5);
	assert_int_equal(value(f, FIRST_DAY + 1), 7);
	assert_int_equal(status(f).undated, 0);
}

static void assigning_replaces_no_value(void **state)
{
	struct fixture *f = *state;
	struct spool_assigned assigned;
	struct observation add = of_now(3);
	add.add = true;
	put(f, of_now(5));
	put(f, add);
	power_cut(f);
	put(f, of_day(FIRST_DAY, 100));
	f->machine.synchronised = true;
	struct spool_start start = only_start(f);
	assert_int_equal(
		spool_assign(f->spool, start.number, f->machine.started_us, &assigned, &f->err), 0);
	assert_int_equal(assigned.dated, 1);
	assert_int_equal(assigned.left, 1);
	assert_int_equal(value(f, FIRST_DAY), 103); /* what adds replaces nothing */
	start = only_start(f);
	assert_int_equal(start.figures, 1);
	assert_non_null(start.reason);
	uint64_t dropped;
	assert_int_equal(spool_drop_start(f->spool, start.number, &dropped, &f->err), 0);
	assert_int_equal(dropped, 1);
	assert_int_equal(status(f).undated, 0);
}

static void sum_that_does_not_fit_holds_up_nothing(void **state)
{
	struct fixture *f = *state;
	struct observation add = of_now(1);
	add.add = true;
	put(f, of_now(INT64_MAX));
	put(f, add);
	f->machine.true_us += DAY_US;
	put(f, of_now(7));
	f->machine.synchronised = true;
	put(f, of_now(8));
	assert_int_equal(value(f, FIRST_DAY), INT64_MAX);
	assert_int_equal(value(f, FIRST_DAY + 1), 8);
	assert_int_equal(status(f).undated_here, 0);
	assert_int_equal(status(f).undated, 1);
	assert_non_null(only_start(f).reason);
}

/* --- the law --- */

#define DAYS 6

struct model {
	bool known[DAYS];
	int64_t value_e[DAYS];
};

static void model_take(struct model *model, int day, const struct observation *obs)
{
	bool there = model->known[day];
	model->known[day] = !obs->withdrawn;
	model->value_e[day] = (obs->add && there ? model->value_e[day] : 0) + obs->value_e;
}

static struct observation any_figure(struct dice *dice, const struct machine *machine, int *ret_day)
{
	int today = civil_day(machine->true_us) - FIRST_DAY;
	struct observation obs = dice_below(dice, 2) ? of_now(0) : of_day(0, 0);
	*ret_day = obs.now ? today : (int)dice_below(dice, (uint64_t)today + 1);
	obs.period.number = FIRST_DAY + *ret_day;
	obs.value_e = dice_between(dice, -9, 9);
	obs.withdrawn = dice_below(dice, 6) == 0;
	obs.add = dice_below(dice, 2) == 0;
	return obs;
}

/* While the time is known, nothing waits. */
static void compare(struct fixture *f, const struct model *model)
{
	for (int day = 0; day < DAYS && clock_now(f->clock).known; day++)
		assert_int_equal(value(f, FIRST_DAY + day),
				 model->known[day] ? model->value_e[day] : NONE);
}

static void one_life(struct dice *dice, void *context)
{
	struct fixture *f = context;
	struct model model = { 0 };
	afresh(f);
	while (civil_day(f->machine.true_us) < FIRST_DAY + DAYS) {
		int day;
		struct observation obs = any_figure(dice, &f->machine, &day);
		if (dice_below(dice, 12) == 0)
			f->machine.synchronised = true;
		if (dice_below(dice, 8) == 0)
			reopen(f);
		put(f, obs);
		model_take(&model, day, &obs);
		compare(f, &model);
		if (dice_below(dice, 15) == 0) { /* a power cut, after the clock was set */
			f->machine.synchronised = true;
			seal(f);
			power_cut(f);
		}
		f->machine.true_us += dice_between(dice, 1, 3 * HOUR_US);
	}
	f->machine.synchronised = true;
	seal(f);
	assert_int_equal(status(f).undated + status(f).undated_here, 0);
	compare(f, &model);
	assert_int_equal(spool_verify(f->spool, &f->err), 0);
}

static void late_dates_give_the_figures_of_timely_ones(void **state)
{
	for_all_seeds(40, one_life, *state);
}

/* --- faults --- */

struct promise {
	void (*prepare)(struct fixture *f);
	int (*call)(struct fixture *f);
	bool (*done)(struct fixture *f);
};

static void hold_against(struct fixture *f, const struct promise *promise, unsigned doors)
{
	for (unsigned after = 0;; after++) {
		assert_true(after < 500);
		afresh(f);
		promise->prepare(f);
		assert_false(promise->done(f));
		fault_arm_at(doors, after);
		int rc = promise->call(f);
		bool fired = fault_disarm();
		if (rc != 0 && !(doors & FAULT_STAYS))
			assert_false(promise->done(f));
		f->machine.synchronised = false; /* look without dating anything */
		reopen(f);
		bool done = promise->done(f);
		if (rc == 0 || !(doors & FAULT_STAYS))
			assert_int_equal(done, rc == 0);
		if (!fired)
			return;
	}
}

static void hold_against_all(struct fixture *f, const struct promise *promise)
{
	static const unsigned doors[] = { FAULT_DISK, FAULT_FULL, FAULT_MEMORY,
					  FAULT_DISK | FAULT_STAYS, FAULT_FULL | FAULT_STAYS };
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
		hold_against(f, promise, doors[i]);
}

static void prepare_nothing(struct fixture *f)
{
	put(f, of_day(FIRST_DAY - 1, 1));
}

static int call_record(struct fixture *f)
{
	struct observation two[] = { of_now(5), of_now(6) };
	return spool_record(f->spool, two, 2, NULL, &f->err);
}

static bool done_record(struct fixture *f)
{
	assert_true(status(f).undated_here == 0 || status(f).undated_here == 2);
	return status(f).undated_here == 2;
}

static void prepare_waiting(struct fixture *f)
{
	prepare_nothing(f);
	put(f, of_now(5));
	put(f, of_day(FIRST_DAY, 1));
	f->machine.true_us += DAY_US;
	put(f, of_now(6));
}

static int call_date(struct fixture *f)
{
	struct observation obs = of_now(9);
	f->machine.synchronised = true;
	f->machine.true_us += DAY_US;
	return spool_record(f->spool, &obs, 1, NULL, &f->err);
}

static bool dated(struct fixture *f)
{
	bool done = value(f, FIRST_DAY + 1) == 6;
	assert_int_equal(status(f).undated_here + status(f).undated, done ? 0 : 2);
	assert_int_equal(value(f, FIRST_DAY), 1);
	return done;
}

static void prepare_cut(struct fixture *f)
{
	prepare_nothing(f);
	f->machine.true_us += DAY_US;
	put(f, of_now(6));
	put(f, of_now(7));
	power_cut(f);
}

static int call_assign(struct fixture *f)
{
	struct spool_assigned assigned;
	return spool_assign(f->spool, 1, f->machine.started_us - DAY_US, &assigned, &f->err);
}

static bool done_assign(struct fixture *f)
{
	bool done = status(f).undated == 0;
	assert_int_equal(value(f, FIRST_DAY + 1), done ? 7 : NONE);
	return done;
}

static int call_drop(struct fixture *f)
{
	uint64_t dropped;
	return spool_drop_start(f->spool, 1, &dropped, &f->err);
}

static bool done_drop(struct fixture *f)
{
	assert_true(status(f).undated == 0 || status(f).undated == 2);
	return status(f).undated == 0;
}

static void waiting_is_all_or_nothing_whatever_the_disk_refuses(void **state)
{
	hold_against_all(*state, &(struct promise){ prepare_nothing, call_record, done_record });
}

static void dating_is_all_or_nothing_whatever_the_disk_refuses(void **state)
{
	hold_against_all(*state, &(struct promise){ prepare_waiting, call_date, dated });
}

static void assigning_is_all_or_nothing_whatever_the_disk_refuses(void **state)
{
	hold_against_all(*state, &(struct promise){ prepare_cut, call_assign, done_assign });
}

static void dropping_is_all_or_nothing_whatever_the_disk_refuses(void **state)
{
	hold_against_all(*state, &(struct promise){ prepare_cut, call_drop, done_drop });
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(they_get_their_periods_when_the_clock_is_set),
		TEST(figures_with_a_period_do_not_wait),
		TEST(province_tells_the_time_as_well),
		TEST(after_a_power_cut_people_say_which_day_it_was),
		TEST(assigning_replaces_no_value),
		TEST(sum_that_does_not_fit_holds_up_nothing),
		TEST(late_dates_give_the_figures_of_timely_ones),
		TEST(waiting_is_all_or_nothing_whatever_the_disk_refuses),
		TEST(dating_is_all_or_nothing_whatever_the_disk_refuses),
		TEST(assigning_is_all_or_nothing_whatever_the_disk_refuses),
		TEST(dropping_is_all_or_nothing_whatever_the_disk_refuses),
	};
	fault_install();
	return cmocka_run_group_tests_name("undated", tests, NULL, NULL);
}
