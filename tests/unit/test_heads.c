/* An office keeps the ledger's last head of each day, and no more days than it should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/sys/db.h"
#include "spool/spool.h"
#include "support/fault.h"
#include "support/scratch.h"
#include "support/seeds.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 20000

struct fixture {
	char folder[SCRATCH_MAX], path[PATH_MAX];
	struct spool *spool;
	struct err err;
};

static void open_spool(struct fixture *f)
{
	static const struct spool_limits limits = { .bytes_max = 8 << 20, .keep_days = 35 };
	if (spool_open(f->path, &limits, &f->spool, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/spool.db", f->folder);
	open_spool(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	spool_close(f->spool);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

static void reopen(struct fixture *f)
{
	spool_close(f->spool);
	open_spool(f);
}

static struct spool_head head_of(int32_t day, uint64_t position)
{
	struct spool_head head = { .day = day, .position = position };
	memset(head.chain, (int)(position & 0xff), sizeof(head.chain));
	return head;
}

static void hear(struct fixture *f, int32_t day, uint64_t position)
{
	struct spool_head head = head_of(day, position);
	if (spool_hear_head(f->spool, &head, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

/* What an ack is to the file. */
static void record(struct fixture *f, int64_t value_e)
{
	struct observation obs = { .metric = "team.count",
				   .labels = "",
				   .period = { .grain = GRAIN_DAY, .number = DAY },
				   .value_e = value_e };
	assert_int_equal(spool_record(f->spool, &obs, 1, NULL, &f->err), 0);
}

struct kept {
	struct spool_head list[SPOOL_HEADS_MAX + 1];
	size_t n;
};

static int on_head(void *context, const struct spool_head *head)
{
	struct kept *kept = context;
	struct spool_head same = head_of(head->day, head->position);
	assert_memory_equal(head->chain, same.chain, sizeof(same.chain));
	assert_true(kept->n < SPOOL_HEADS_MAX + 1);
	kept->list[kept->n++] = *head;
	return 0;
}

static struct kept *kept(struct fixture *f, unsigned most)
{
	static struct kept all;
	all.n = 0;
	assert_int_equal(spool_each_head(f->spool, most, on_head, &all, &f->err), 0);
	return &all;
}

static void the_last_of_each_day_is_kept(void **state)
{
	struct fixture *f = *state;
	hear(f, DAY, 10);
	hear(f, DAY, 11);
	assert_int_equal(kept(f, 400)->list[0].position, 11); /* though it is not written yet */
	hear(f, DAY + 1, 12); /* the day before is: no kill loses its last */
	hear(f, DAY + 1, 13);
	reopen(f); /* as after a kill */
	struct kept *all = kept(f, 400);
	assert_int_equal(all->n, 2);
	assert_int_equal(all->list[0].day, DAY);
	assert_int_equal(all->list[0].position, 11);
	assert_int_equal(all->list[1].day, DAY + 1);
	assert_int_equal(all->list[1].position, 12); /* the first of its day */
	hear(f, DAY + 1, 14);
	record(f, 1); /* what is written next takes it along */
	reopen(f);
	assert_int_equal(kept(f, 400)->list[1].position, 14);
	assert_int_equal(kept(f, 1)->n, 1);
	assert_int_equal(kept(f, 1)->list[0].position, 14);
	/* a spool that begins anew is the same office's */
	assert_int_equal(spool_renew(f->spool, &f->err), 0);
	assert_int_equal(kept(f, 400)->n, 2);
}

static void hear_of(struct fixture *f, uint64_t epoch, uint64_t position)
{
	struct spool_head head = head_of(DAY, position);
	head.epoch = epoch;
	if (spool_hear_head(f->spool, &head, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

/* Day DAY's, in the order in which they were told, before and after a kill. */
static void assert_day(struct fixture *f, size_t n, const uint64_t positions[])
{
	struct spool_status status;
	for (int killed = 0; killed < 2; killed++) {
		struct kept *all = kept(f, 400);
		assert_int_equal(all->n, n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(all->list[i].position, positions[i]);
		assert_int_equal(spool_status(f->spool, &status, &f->err), 0);
		assert_int_equal(status.heads, 1); /* days */
		assert_int_equal(status.head.position, positions[n - 1]);
		record(f, killed); /* what waits to be written is */
		reopen(f);
	}
}

/* What was told before a backup was restored proves what was lost, and what comes then what is. */
static void where_the_province_was_set_back_both_sides_stay(void **state)
{
	struct fixture *f = *state;
	hear_of(f, 1, 10);
	hear_of(f, 1, 20);
	hear_of(f, 2, 15); /* restored */
	hear_of(f, 2, 19);
	assert_day(f, 2, (uint64_t[]){ 20, 19 });
	hear_of(f, 2, 30);
	assert_day(f, 2, (uint64_t[]){ 20, 30 });
	/* restored, and grown beyond it before the office heard of it */
	hear_of(f, 3, 40);
	hear_of(f, 3, 41);
	assert_day(f, 3, (uint64_t[]){ 20, 30, 41 });
	/* set back by other means, as a machine's image: no epoch tells it */
	hear_of(f, 3, 35);
	assert_day(f, 4, (uint64_t[]){ 20, 30, 41, 35 });
}

static void a_kill_between_the_sides_loses_neither(void **state)
{
	struct fixture *f = *state;
	hear_of(f, 1, 10);
	hear_of(f, 1, 20);
	hear_of(f, 2, 15);
	reopen(f);
	assert_day(f, 2, (uint64_t[]){ 20, 15 });
}

static void another_link_at_the_same_position_is_another_ledger(void **state)
{
	struct spool_head head = head_of(DAY, 10), same = head, other = head, next = head;
	same.epoch = head.epoch = 7;
	assert_true(spool_head_follows(&head, &same));
	other.epoch = 7;
	other.chain[31] ^= 1;
	assert_false(spool_head_follows(&head, &other));
	next = same;
	next.position++;
	assert_true(spool_head_follows(&head, &next));
	assert_false(spool_head_follows(&next, &head));
	next.day++;
	assert_false(spool_head_follows(&head, &next));
	next = same;
	next.position++;
	next.epoch++;
	assert_false(spool_head_follows(&head, &next));
	head.epoch = 0; /* kept by a program of before */
	assert_true(spool_head_follows(&head, &next));
	(void)state;
}

/* An oracle in memory: a list of days in the order of their last change, the newest 400. */
static void a_year_and_more(struct dice *dice, void *context)
{
	struct fixture *f = context;
	static struct spool_head list[2000];
	size_t n = 0;
	int32_t day = DAY;
	struct spool_status status;
	spool_close(f->spool);
	scratch_remove(f->folder);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/spool.db", f->folder);
	open_spool(f);
	for (uint64_t position = 1; position < 900; position++) {
		if (dice_below(dice, 3) > 0)
			day += dice_below(dice, 20) ? 1 : (int32_t)dice_between(dice, -50, 50);
		hear(f, day, position);
		record(f, (int64_t)position);
		size_t at = 0;
		while (at < n && list[at].day != day)
			at++;
		if (at < n)
			memmove(&list[at], &list[at + 1], (--n - at) * sizeof(list[0]));
		list[n++] = head_of(day, position);
		if (n > SPOOL_HEADS_MAX)
			memmove(list, list + 1, --n * sizeof(list[0]));
	}
	struct kept *all = kept(f, SPOOL_HEADS_MAX);
	assert_int_equal(all->n, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(all->list[i].day, list[i].day);
		assert_int_equal(all->list[i].position, list[i].position);
	}
	assert_int_equal(spool_status(f->spool, &status, &f->err), 0);
	assert_int_equal(status.heads, n);
	assert_int_equal(status.head.position, 899);
}

static void no_more_days_are_kept_than_should_be_whatever_the_clock_says(void **state)
{
	for_all_seeds(3, a_year_and_more, *state);
}

/* A head is a courtesy: a disk that refuses it refuses nothing else, and an ack is noted without.
 */
static void an_ack_is_noted_on_a_disk_that_refuses_heads(void **state)
{
	struct fixture *f = *state;
	struct spool_status status;
	uint64_t last;
	bool more, fired = true;
	record(f, 5);
	assert_int_equal(spool_seal(f->spool, 1, &last, &more, &f->err), 0);
	for (unsigned after = 0; fired; after++) {
		struct spool_head head = head_of(DAY + (int32_t)after, 40 + after);
		fault_arm_at(FAULT_DISK, after);
		int rc = spool_hear_head(f->spool, &head, &f->err);
		fired = fault_disarm();
		assert_true(fired || rc == 0);
		record(f, 100 + (int64_t)after); /* and goes on */
	}
	assert_int_equal(spool_acked(f->spool, 1, 1, &f->err), 0);
	assert_int_equal(spool_status(f->spool, &status, &f->err), 0);
	assert_int_equal(status.acked_seq, 1);
	assert_true(status.heads > 0);
	assert_int_equal(spool_verify(f->spool, &f->err), 0);
}

static void an_ack_is_noted_without_a_byte_left_though_a_head_waits(void **state)
{
	struct fixture *f = *state;
	uint64_t last;
	bool more;
	for (int32_t i = 0; i < 390; i++) /* as many as need pages of their own */
		hear(f, DAY + i, (uint64_t)i + 1);
	record(f, 5);
	assert_int_equal(spool_seal(f->spool, 1, &last, &more, &f->err), 0);
	for (int32_t i = 0; i < 20; i++) {
		struct spool_head head = head_of(DAY + 1000 + i, 1000);
		struct err ignored;
		fault_arm_at(FAULT_GROW | FAULT_STAYS, 0);
		(void)spool_hear_head(f->spool, &head, &ignored);
		int rc = i < 19 ? 0 : spool_acked(f->spool, 1, 1, &f->err);
		(void)fault_disarm();
		if (rc != 0)
			fail_msg("%s", f->err.text);
	}
}

/* A damaged row is as good as none: status tells all else. */
static void a_damaged_head_hides_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct spool_status status;
	sqlite3 *db;
	hear(f, DAY, 7);
	record(f, 1);
	spool_close(f->spool);
	f->spool = NULL;
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(db_exec(db, "UPDATE head SET chain = x'00'", &f->err), 0);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	open_spool(f);
	assert_int_equal(spool_status(f->spool, &status, &f->err), 0);
	assert_int_equal(status.heads, 0);
	assert_int_equal(status.unsealed, 1);
	hear(f, DAY, 8);
	record(f, 2);
	assert_int_equal(spool_status(f->spool, &status, &f->err), 0);
	assert_int_equal(status.heads, 1);
	assert_int_equal(status.head.position, 8);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_last_of_each_day_is_kept),
		TEST(where_the_province_was_set_back_both_sides_stay),
		TEST(a_kill_between_the_sides_loses_neither),
		TEST(another_link_at_the_same_position_is_another_ledger),
		TEST(no_more_days_are_kept_than_should_be_whatever_the_clock_says),
		TEST(an_ack_is_noted_on_a_disk_that_refuses_heads),
		TEST(an_ack_is_noted_without_a_byte_left_though_a_head_waits),
		TEST(a_damaged_head_hides_nothing_else),
	};
	return cmocka_run_group_tests_name("heads", tests, NULL, NULL);
}
