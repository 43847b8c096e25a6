/* A change in steps, with batches between, comes to what making all anew comes to; killed at any
 * step it goes on; taken back it was not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "ledger/change.h"
#include "ledger/follow.h"
#include "registry/office_register.h"
#include "rollup/next.h"
#include "support/editions.h"
#include "support/history.h"
#include "support/seeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS   60
#define BATCHES 70
#define CHANGES 4

static bool chance(struct dice *dice, unsigned percent)
{
	return dice_below(dice, 100) < percent;
}

/* --- a random change --- */

struct order {
	struct change_form form;
	char csv[4096], office[8];
};

static void order_make(struct dice *dice, const struct history *h, struct order *order)
{
	static const char *const homes[] = { "C1", "C2", "C3", "C4", "C5", "D1", "P", "X", NULL };
	*order = (struct order){ .form = { .who = "test", .note = "note" } };
	switch (dice_below(dice, 3)) {
	case 0:
		order->form.kind = CHANGE_CATALOGUE;
		edition_catalogue(dice, h->catalogue, order->csv, sizeof(order->csv));
		break;
	case 1:
		order->form.kind = CHANGE_UNITS;
		edition_units(dice, h, h->units, order->csv, sizeof(order->csv));
		break;
	default:
		order->form.kind = CHANGE_MOVE;
		(void)snprintf(order->office, sizeof(order->office), "o%u",
			       (unsigned)dice_below(dice, HISTORY_OFFICES));
		order->form.office = order->office;
		order->form.unit = homes[dice_below(dice, 9)];
		order->form.from = h->base + (int32_t)dice_between(dice, -20, HISTORY_DAYS);
	}
	order->form.body = order->csv;
	order->form.len = strlen(order->csv);
}

/* 0 with what it costs, or why it is refused. */
static int order_weigh(struct testbed *testbed, const struct order *order,
		       struct steps_cost *ret_cost)
{
	struct reference *after = NULL;
	char detail[CHANGE_DETAIL_MAX];
	size_t n = 0;
	testbed_exec(testbed, "SAVEPOINT trial");
	int rc = change_act(testbed->db, &order->form, &n, detail, &testbed->err);
	if (rc == 0) {
		assert_int_equal(reference_load(testbed->db, &after, &testbed->err), 0);
		if (steps_weigh(testbed->db, testbed->reference, after, ret_cost, &testbed->err) <
		    0)
			fail_msg("weigh: %s", testbed->err.text);
		reference_close(after);
	}
	testbed_exec(testbed, "ROLLBACK TO trial; RELEASE trial");
	return rc;
}

static bool order_begin(struct testbed *testbed, const struct order *order)
{
	struct steps_cost cost;
	int64_t id = 0;
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	if (order_weigh(testbed, order, &cost) < 0) {
		db_rollback(testbed->db);
		return false;
	}
	if (change_begin(testbed->db, &order->form, &cost, &id, &testbed->err) < 0)
		fail_msg("begin: %s", testbed->err.text);
	assert_int_equal(change_begin(testbed->db, &order->form, &cost, &id, &testbed->err),
			 -EEXIST);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	return true;
}

/* --- its steps --- */

struct course { /* of a history, with changes between */
	struct history h;
	struct testbed testbed;
	struct dice *dice;
	struct change *change;
	size_t at; /* of the batches */
};

static size_t steps, batches_between, killed, through, cancelled;

static void post_some(struct course *run)
{
	struct testbed *testbed = &run->testbed;
	size_t n = dice_below(run->dice, 4);
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	ledger_begin(testbed->ledger, testbed->reference);
	for (size_t i = 0; i < n && run->at < run->h.n; i++, run->at++, batches_between++)
		assert_int_equal(testbed_post(testbed, &run->h.batches[run->at]), POSTED);
	assert_int_equal(ledger_finish(testbed->ledger, &testbed->err), 0);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
}

/* In a transaction that may not come to its end. */
static int step(struct course *run, bool undone)
{
	struct testbed *testbed = &run->testbed;
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	int rc = change_step(run->change, testbed->db, testbed->reference,
			     dice_below(run->dice, 4) ? 1 + dice_below(run->dice, 6000) : 30000, 0,
			     &testbed->err);
	if (rc < 0)
		fail_msg("step: %s", testbed->err.text);
	if (undone) {
		db_rollback(testbed->db);
		change_forget(run->change);
		return 1;
	}
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	testbed_refresh(testbed);
	steps++;
	return rc;
}

static void die(struct course *run)
{
	change_forget(run->change);
	testbed_reopen(&run->testbed);
	killed++;
}

static void make(struct course *run)
{
	unsigned n = 0;
	while (step(run, chance(run->dice, 10)) == 1) {
		if (++n > 100000)
			fail_msg("it does not end");
		if (chance(run->dice, 50))
			post_some(run);
		if (chance(run->dice, 5))
			die(run);
	}
}

/* --- what it comes to --- */

static void rows_read(struct testbed *testbed, const char *sql, struct blob *ret)
{
	sqlite3_stmt *rows;
	*ret = (struct blob){ 0 };
	assert_int_equal(db_prepare(testbed->db, sql, &rows, &testbed->err), 0);
	while (db_step(rows, &testbed->err) == 1)
		for (int i = 0; i < sqlite3_column_count(rows); i++) {
			int64_t cell = sqlite3_column_type(rows, i) == SQLITE_NULL
					       ? INT64_MIN
					       : sqlite3_column_int64(rows, i);
			assert_int_equal(blob_append(ret, &cell, sizeof(cell)), 0);
		}
	sqlite3_finalize(rows);
}

static void assert_same(const struct blob *left, const struct blob *right, const char *what)
{
	if (left->len != right->len || (left->len && memcmp(left->data, right->data, left->len)))
		fail_msg("%s differ: %zu and %zu bytes", what, left->len, right->len);
}

#define HELD "SELECT * FROM quarantine ORDER BY 1, 2, 3"

struct stand {
	struct blob rollups, held;
};

static void stand_read(struct testbed *testbed, struct stand *ret)
{
	testbed_rollups(testbed, &ret->rollups);
	rows_read(testbed, HELD, &ret->held);
}

static void stand_free(struct stand *stand)
{
	blob_free(&stand->rollups);
	blob_free(&stand->held);
}

/* Judging every entry again holds nothing more, and every page made anew is as it is. */
static void assert_whole(struct testbed *testbed)
{
	struct followed whole;
	struct stand is, anew;
	struct table *table = NULL;
	assert_int_equal(testbed_number(testbed, "SELECT (SELECT count(*) FROM rollup_next) +"
						 " (SELECT count(*) FROM quarantine_next) +"
						 " (SELECT count(*) FROM stale) +"
						 " (SELECT count(*) FROM change_day)"),
			 0);
	stand_read(testbed, &is);
	testbed_exec(testbed, "SAVEPOINT whole");
	if (ledger_follow_whole(testbed->db, testbed->reference, testbed_time(testbed), &whole,
				&testbed->err) < 0)
		fail_msg("as a whole: %s", testbed->err.text);
	stand_read(testbed, &anew);
	testbed_exec(testbed, "ROLLBACK TO whole; RELEASE whole");
	assert_same(&is.held, &anew.held, "held rows");
	assert_same(&is.rollups, &anew.rollups, "pages");
	assert_int_equal(testbed_verify(testbed, &table), 0);
	table_close(table);
	stand_free(&is);
	stand_free(&anew);
}

static void release_some(struct testbed *testbed, struct dice *dice)
{
	uint64_t released, kept;
	const struct release_form form = { .closed = chance(dice, 50),
					   .who = "test",
					   .at_us = (int64_t)20750 * 86400 * 1000000 };
	testbed_order_release(testbed, &form, &released, &kept);
}

static void run_open(struct course *run, struct dice *dice)
{
	*run = (struct course){ .dice = dice, .change = change_open() };
	assert_non_null(run->change);
	history_make(&run->h, dice, BATCHES);
	history_open(&run->h, &run->testbed);
}

static void run_close(struct course *run)
{
	change_close(run->change);
	testbed_close(&run->testbed);
	history_free(&run->h);
}

static void post_to(struct course *run, size_t to)
{
	if (to <= run->at)
		return;
	history_post_part(&run->h, &run->testbed, run->at, to);
	run->at = to;
}

static void changed_in_steps(struct dice *dice, void *context)
{
	struct course run;
	struct order order;
	struct change_state state;
	(void)context;
	run_open(&run, dice);
	for (unsigned i = 0; i < CHANGES; i++) {
		post_to(&run, run.h.n * (i + 1) / (CHANGES + 1));
		order_make(dice, &run.h, &order);
		if (!order_begin(&run.testbed, &order))
			continue;
		make(&run);
		assert_int_equal(change_read(run.testbed.db, &state, &run.testbed.err), 0);
		if (state.code != 0)
			fail_msg("it ended with %d %s", state.code, state.text);
		assert_int_equal(state.stage, CHANGE_OVER);
		through++;
		assert_whole(&run.testbed);
		if (chance(dice, 30))
			release_some(&run.testbed, dice);
	}
	run_close(&run);
}

static void what_steps_come_to_is_what_making_all_anew_gives(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, changed_in_steps, NULL);
	print_message("%zu changes in %zu steps, %zu batches between, %zu kills\n", through, steps,
		      batches_between, killed);
	assert_true(seeds_given() || (through > 60 && batches_between > 100 && killed > 20));
}

/* --- taken back --- */

static void taken_back(struct dice *dice, void *context)
{
	struct course run;
	struct order order;
	struct change_state state;
	struct stand before, after;
	(void)context;
	run_open(&run, dice);
	post_to(&run, run.h.n);
	order_make(dice, &run.h, &order);
	stand_read(&run.testbed, &before);
	if (order_begin(&run.testbed, &order)) {
		int rc = 1;
		for (uint64_t n = dice_below(dice, 12); n > 0 && rc == 1; n--)
			rc = step(&run, false);
		assert_int_equal(db_begin(run.testbed.db, &run.testbed.err), 0);
		assert_int_equal(change_read(run.testbed.db, &state, &run.testbed.err), 0);
		int cancel = change_cancel(run.testbed.db, "test", &run.testbed.err);
		assert_int_equal(cancel, state.stage == CHANGE_OVER       ? -ENOENT
					 : state.stage == CHANGE_SETTLING ? -EEXIST
									  : 0);
		assert_int_equal(db_commit(run.testbed.db, &run.testbed.err), 0);
		if (cancel == 0) {
			assert_int_equal(step(&run, false), 0);
			stand_read(&run.testbed, &after);
			assert_same(&before.held, &after.held, "held rows");
			assert_same(&before.rollups, &after.rollups, "pages");
			stand_free(&after);
			assert_whole(&run.testbed);
			cancelled++;
		}
	}
	stand_free(&before);
	run_close(&run);
}

static void what_is_taken_back_was_not(void **state)
{
	(void)state;
	for_all_seeds(SEEDS / 2, taken_back, NULL);
	assert_true(seeds_given() || cancelled > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_steps_come_to_is_what_making_all_anew_gives),
		cmocka_unit_test(what_is_taken_back_was_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
