#include "spool/repair.h"
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY_US INT64_C(86400000000)
#define TODAY  20000
#define DAYS   60
#define SERIES 6
#define HOURS  24
#define PAGE   4096

struct fixture {
	char folder[SCRATCH_MAX], old_path[PATH_MAX], path[PATH_MAX];
	struct spool *spool;
	int64_t value_e[SERIES][DAYS][HOURS]; /* what the old spool held, */
	int64_t before_e[SERIES][DAYS];       /* and at 7 before it was corrected */
	bool damaged;
	struct err err;
};

static struct spool *open_at(struct fixture *f, const char *path)
{
	static const struct spool_limits limits = { .bytes_max = 16 << 20, .keep_days = 35 };
	struct spool *spool;
	if (spool_open(path, &limits, &spool, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
	return spool;
}

static struct observation figure(int series, int day, int hour, int64_t value_e, char labels[16])
{
	(void)snprintf(labels, 16, "s=%d", series);
	return (struct observation){
		.metric = "office.queue_length",
		.labels = labels,
		.period = period_in_day(CALENDAR_CIVIL, GRAIN_HOUR, TODAY + day, (uint32_t)hour),
		.value_e = value_e,
	};
}

static void put(struct fixture *f, struct spool *spool, const struct observation *obs)
{
	if (spool_record(spool, obs, 1, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static void old_day(struct fixture *f, struct spool *old, struct dice *dice, int day)
{
	struct observation list[SERIES * HOURS];
	char labels[SERIES * HOURS][16];
	size_t n = 0;
	for (int s = 0; s < SERIES; s++)
		for (int hour = 0; hour < HOURS; hour++) {
			f->value_e[s][day][hour] = dice_between(dice, 0, 1000000);
			list[n] = figure(s, day, hour, f->value_e[s][day][hour], labels[n]);
			n++;
		}
	assert_int_equal(spool_record(old, list, n, NULL, &f->err), 0);
}

/* Some of it sealed and acked, some sealed, the newest neither; some corrected since. */
static void old_spool(struct fixture *f, struct dice *dice)
{
	char labels[16];
	uint64_t last;
	bool more;
	struct spool *old = open_at(f, f->old_path);
	memset(f->before_e, 0, sizeof(f->before_e));
	for (int day = 0; day < DAYS; day++) {
		old_day(f, old, dice, day);
		if (day < DAYS - 3)
			assert_int_equal(spool_seal(old, 1, &last, &more, &f->err), 0);
		if (day == DAYS / 2)
			assert_int_equal(spool_acked(old, last / 2, TODAY * DAY_US, &f->err), 0);
	}
	for (int i = 0; i < 20; i++) {
		int s = (int)dice_below(dice, SERIES), day = (int)dice_below(dice, DAYS);
		if (f->before_e[s][day] == 0)
			f->before_e[s][day] = f->value_e[s][day][7];
		f->value_e[s][day][7] = 2000000 + i;
		struct observation obs = figure(s, day, 7, f->value_e[s][day][7], labels);
		put(f, old, &obs);
	}
	spool_close(old);
}

static void remove_all(struct fixture *f)
{
	const char *paths[] = { f->old_path, f->path };
	char journal[PATH_MAX + 16];
	spool_close(f->spool);
	f->spool = NULL;
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(journal, sizeof(journal), "%s-journal", paths[i]);
		(void)unlink(paths[i]);
		(void)unlink(journal);
	}
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->old_path, sizeof(f->old_path), "%s/old.db", f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/spool.db", f->folder);
	f->spool = open_at(f, f->path);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	(void)fault_disarm(); /* a failed test leaves it armed */
	spool_close(f->spool);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static struct spool_repaired repair(struct fixture *f, bool dry)
{
	struct spool_repaired repaired;
	if (spool_repair(f->spool, f->old_path, dry, &repaired, &f->err) != 0)
		fail_msg("%s", f->err.text);
	return repaired;
}

static uint64_t unsealed(struct fixture *f)
{
	struct spool_status status;
	assert_int_equal(spool_status(f->spool, &status, &f->err), 0);
	return status.unsealed;
}

/* A correction may be lost, and what it corrected be there: that was true once, and is sent again.
 */
static bool is_right(const struct fixture *f, int s, int day, int hour, int64_t value_e)
{
	return value_e == f->value_e[s][day][hour] ||
	       (f->damaged && hour == 7 && f->before_e[s][day] == value_e);
}

/* How many of the old values are there; any that is another is a failure. */
static unsigned found(struct fixture *f)
{
	unsigned n = 0;
	for (int s = 0; s < SERIES; s++)
		for (int day = 0; day < DAYS; day++)
			for (int hour = 0; hour < HOURS; hour++) {
				char labels[16];
				struct observation obs = figure(s, day, hour, 0, labels);
				int64_t value_e;
				unsigned decimals;
				bool withdrawn;
				int rc = spool_current(f->spool, obs.metric, obs.labels, obs.period,
						       &value_e, &decimals, &withdrawn, &f->err);
				if (rc == 0 && !is_right(f, s, day, hour, value_e))
					fail_msg("s=%d day %d hour %d is %lld, was %lld", s, day,
						 hour, (long long)value_e,
						 (long long)f->value_e[s][day][hour]);
				n += rc == 0;
			}
	return n;
}

/* --- examples --- */

static void whole_file_is_taken_whole_and_once(void **state)
{
	struct fixture *f = *state;
	struct dice dice = dice_seeded(3);
	old_spool(f, &dice);
	struct spool_repaired looked = repair(f, true);
	assert_int_equal(unsealed(f), 0);
	assert_int_equal(found(f), 0);
	struct spool_repaired done = repair(f, false);
	assert_memory_equal(&looked, &done, sizeof(done));
	assert_int_equal(done.taken, SERIES * DAYS * HOURS);
	assert_int_equal(done.lost_days + done.lost_batches + done.lost_series, 0);
	assert_int_equal(found(f), SERIES * DAYS * HOURS);
	assert_int_equal(unsealed(f), SERIES * DAYS * HOURS);
	assert_int_equal(repair(f, false).taken, 0);
	assert_int_equal(spool_verify(f->spool, &f->err), 0);
}

static void what_the_new_spool_has_is_newer(void **state)
{
	struct fixture *f = *state;
	struct dice dice = dice_seeded(4);
	char labels[16];
	struct observation own = figure(1, 2, 3, 777, labels),
			   finer = figure(1, 2, 4, 77700, labels);
	old_spool(f, &dice);
	put(f, f->spool, &own);
	finer.decimals = 2;
	put(f, f->spool, &finer); /* by a newer catalogue */
	f->value_e[1][2][3] = 777;
	f->value_e[1][2][4] = 77700;
	assert_int_equal(repair(f, false).taken, SERIES * DAYS * HOURS - 2);
	assert_int_equal(found(f), SERIES * DAYS * HOURS);
}

static void file_that_tells_nothing_is_said_to(void **state)
{
	struct fixture *f = *state;
	struct spool_repaired repaired;
	assert_int_equal(spool_repair(f->spool, f->old_path, false, &repaired, &f->err), -ENOENT);
	FILE *file = fopen(f->old_path, "wb");
	assert_non_null(file);
	for (int i = 0; i < 40000; i++)
		(void)fputc(i * 7, file);
	(void)fclose(file);
	assert_int_equal(spool_repair(f->spool, f->old_path, false, &repaired, &f->err), -EUCLEAN);
}

/* --- the law: what is taken is right, and what is not taken is said --- */

static void damage(struct fixture *f, struct dice *dice, unsigned pages)
{
	struct stat file;
	assert_int_equal(stat(f->old_path, &file), 0);
	uint64_t n = (uint64_t)file.st_size / PAGE;
	FILE *out = fopen(f->old_path, "r+b");
	f->damaged = true;
	assert_non_null(out);
	for (unsigned i = 0; i < pages; i++) {
		bool zeros = dice_below(dice, 2);
		(void)fseek(out, (long)((1 + dice_below(dice, n - 1)) * PAGE), SEEK_SET);
		for (int k = 0; k < PAGE; k++)
			(void)fputc(zeros ? 0 : (int)dice_below(dice, 256), out);
	}
	(void)fclose(out);
}

static void some_damage(struct dice *dice, void *context)
{
	struct fixture *f = context;
	struct spool_repaired repaired;
	remove_all(f);
	f->spool = open_at(f, f->path);
	old_spool(f, dice);
	damage(f, dice, 1 + (unsigned)dice_below(dice, 6));
	int rc = spool_repair(f->spool, f->old_path, false, &repaired, &f->err);
	unsigned n = found(f);
	if (rc < 0) {
		assert_int_equal(rc, -EUCLEAN);
		assert_int_equal(n, 0);
		return;
	}
	assert_int_equal(repaired.taken, n);
	if (n < SERIES * DAYS * HOURS)
		assert_true(repaired.lost_days + repaired.lost_batches + repaired.lost_series > 0);
	assert_int_equal(spool_verify(f->spool, &f->err), 0);
}

static void what_is_taken_is_right_and_what_is_lost_is_told(void **state)
{
	for_all_seeds(25, some_damage, *state);
}

/* --- faults --- */

static void repair_is_all_or_nothing_whatever_the_disk_refuses(void **state)
{
	static const unsigned doors[] = { FAULT_DISK, FAULT_FULL, FAULT_MEMORY };
	struct fixture *f = *state;
	struct dice dice = dice_seeded(5);
	old_spool(f, &dice);
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++)
		for (unsigned after = 0;; after = after * 3 / 2 + 1) {
			struct spool_repaired repaired;
			spool_close(f->spool);
			(void)unlink(f->path);
			f->spool = open_at(f, f->path);
			fault_arm_at(doors[i], after);
			int rc = spool_repair(f->spool, f->old_path, false, &repaired, &f->err);
			bool fired = fault_disarm();
			assert_int_equal(unsealed(f), rc == 0 ? SERIES * DAYS * HOURS : 0);
			if (!fired)
				break;
		}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whole_file_is_taken_whole_and_once),
		TEST(what_the_new_spool_has_is_newer),
		TEST(file_that_tells_nothing_is_said_to),
		TEST(what_is_taken_is_right_and_what_is_lost_is_told),
		TEST(repair_is_all_or_nothing_whatever_the_disk_refuses),
	};
	fault_install();
	return cmocka_run_group_tests_name("repair", tests, NULL, NULL);
}
