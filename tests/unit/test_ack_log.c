/* Whatever the disk refuses, an ack and what went into quarantine are noted in the end, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/fault.h"
#include "support/scratch.h"
#include "uplink/ack_log.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY 20000

struct fixture {
	char folder[SCRATCH_MAX];
	uv_loop_t loop;
	struct worker *worker;
	struct spool *spool;
	struct task_group group;
	struct ack_log ack_log;
	unsigned noted, failed;
	struct err err;
};

static void on_noted(void *context, int rc)
{
	struct fixture *f = context;
	*(rc < 0 ? &f->failed : &f->noted) += 1;
}

static int set_up(void **state)
{
	static const struct spool_limits limits = { .bytes_max = 8 << 20, .keep_days = 35 };
	struct fixture *f = calloc(1, sizeof(*f));
	char path[PATH_MAX];
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(path, sizeof(path), "%s/spool.db", f->folder);
	if (spool_open(path, &limits, &f->spool, NULL, &f->err) != 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->worker = worker_open(&f->loop);
	assert_non_null(f->worker);
	f->group = (struct task_group){ .worker = f->worker };
	f->ack_log = (struct ack_log){
		.group = &f->group, .spool = f->spool, .on_noted = on_noted, .context = f
	};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	ack_log_free(&f->ack_log);
	worker_close(f->worker);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	spool_close(f->spool);
	scratch_remove(f->folder);
	free(f);
	return 0;
}

/* Batch @seq, of one figure. */
static void seal(struct fixture *f, uint64_t seq)
{
	uint64_t last;
	bool more;
	struct observation obs = { .metric = "team.count",
				   .labels = "",
				   .period = { .grain = GRAIN_DAY, .number = DAY },
				   .value_e = (int64_t)seq };
	assert_int_equal(spool_record(f->spool, &obs, 1, NULL, &f->err), 0);
	assert_int_equal(spool_seal(f->spool, 1, &last, &more, &f->err), 0);
	assert_true(last == seq);
}

static void note(struct fixture *f, uint64_t seq)
{
	Lantoa__V1__Quarantined held = LANTOA__V1__QUARANTINED__INIT;
	char reason[] = "no unit in force";
	held.seq = seq;
	held.observations = 1;
	held.reason = reason;
	ack_log_quarantined(&f->ack_log, held.seq, &held);
}

static void ack(struct fixture *f, uint64_t upto)
{
	ack_log_acked(&f->ack_log, upto, 1);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
}

static void assert_known(struct fixture *f, uint64_t acked, uint64_t quarantined)
{
	struct spool_status status;
	assert_int_equal(spool_status(f->spool, &status, &f->err), 0);
	assert_true(status.acked_seq == acked);
	assert_true(status.quarantined == quarantined);
}

static void whatever_the_disk_refuses_all_is_noted_once(void **state)
{
	struct fixture *f = *state;
	uint64_t seq = 1, notes = 0;
	bool fired = true;
	for (unsigned after = 0; fired; after++, seq += 2) {
		seal(f, seq);
		note(f, seq);
		fault_arm(after);
		ack(f, seq);
		fired = fault_disarm();
		seal(f, seq + 1);
		note(f, seq + 1);
		ack(f, seq + 1);
		notes += 2;
		assert_known(f, seq + 1, notes);
	}
	assert_true(f->failed > 3);
}

static void assert_held(struct fixture *f, uint64_t held, uint64_t released)
{
	struct spool_status status;
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(spool_status(f->spool, &status, &f->err), 0);
	assert_int_equal(status.held, held);
	assert_int_equal(status.released, released);
}

/* The province says how many wait: never are more taken for released than it let go. */
static void what_the_province_let_go_is_known_by_how_much_waits(void **state)
{
	struct fixture *f = *state;
	for (uint64_t seq = 1; seq <= 5; seq++) {
		seal(f, seq);
		note(f, seq);
	}
	ack(f, 5);
	assert_held(f, 5, 0);
	ack_log_held(&f->ack_log, 7); /* two of another machine */
	assert_held(f, 5, 0);
	ack_log_held(&f->ack_log, 2);
	assert_held(f, 2, 3);
	seal(f, 6); /* what comes with the same task is of after it was counted */
	note(f, 6);
	ack_log_held(&f->ack_log, 2);
	assert_held(f, 3, 3);
	ack_log_held(&f->ack_log, 1);
	assert_held(f, 1, 5);
	ack_log_held(&f->ack_log, 0);
	assert_held(f, 0, 0);
	assert_known(f, 5, 6);
	seal(f, 7);
	note(f, 7);
	ack(f, 7);
	assert_held(f, 1, 0);
}

/* Nothing asks a disk again that has just failed, but the core, after a while. */
static void a_failure_is_told_and_waits(void **state)
{
	struct fixture *f = *state;
	seal(f, 1);
	note(f, 1);
	fault_arm_at(FAULT_DISK | FAULT_STAYS, 0);
	ack(f, 1);
	assert_true(fault_disarm());
	assert_int_equal(f->failed, 1);
	assert_known(f, 0, 0);
	ack(f, 1);
	assert_int_equal(f->noted, 1);
	assert_known(f, 1, 1);
}

static void what_was_about_another_spool_is_void(void **state)
{
	struct fixture *f = *state;
	seal(f, 1);
	note(f, 1);
	ack_log_forget(&f->ack_log);
	ack(f, 1);
	assert_known(f, 1, 0);
}

static int on_head(void *context, const struct spool_head *head)
{
	uint64_t *sum = context;
	*sum = *sum * 100 + head->position;
	return 0;
}

static void hear(struct fixture *f, uint64_t epoch, uint64_t position)
{
	struct spool_head head = { .day = DAY, .epoch = epoch, .position = position };
	ack_log_head(&f->ack_log, &head);
}

/* The kept positions, as digits; once the disk is done, and without a head that only waits. */
static uint64_t heads_kept(struct fixture *f)
{
	uint64_t sum = 0;
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(spool_each_head(f->spool, 400, on_head, &sum, &f->err), 0);
	return sum;
}

static void heads_are_merged_while_the_disk_is_busy_and_no_side_of_a_break_is_lost(void **state)
{
	struct fixture *f = *state;
	hear(f, 1, 10);
	assert_int_equal(heads_kept(f), 10); /* the first of its day: at once */
	hear(f, 1, 11);
	assert_int_equal(heads_kept(f), 10); /* with the next ack */
	hear(f, 1, 12);
	hear(f, 2, 12); /* the province was restored: at once, with what it ended with */
	hear(f, 2, 13); /* while that is written */
	assert_int_equal(heads_kept(f), 1212);
	seal(f, 1);
	ack(f, 1);
	assert_int_equal(heads_kept(f), 1213);
}

int main(void)
{
	fault_install();
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(whatever_the_disk_refuses_all_is_noted_once),
		TEST(what_the_province_let_go_is_known_by_how_much_waits),
		TEST(a_failure_is_told_and_waits),
		TEST(what_was_about_another_spool_is_void),
		TEST(heads_are_merged_while_the_disk_is_busy_and_no_side_of_a_break_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
