/* A change in steps, with batches between, comes to what making all anew comes to; killed at any
 * step it goes on; taken back it was not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "journal/quarantine.h"
#include "ledger/change.h"
#include "ledger/follow.h"
#include "query/query.h"
#include "registry/office_register.h"
#include "rollup/next.h"
#include "support/editions.h"
#include "support/history.h"
#include "support/question.h"
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
	int64_t id = 0, none = -5;
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	if (order_weigh(testbed, order, &cost) < 0) {
		db_rollback(testbed->db);
		return false;
	}
	if (change_begin(testbed->db, &order->form, &cost, &id, &testbed->err) < 0)
		fail_msg("begin: %s", testbed->err.text);
	assert_int_equal(change_begin(testbed->db, &order->form, &cost, &none, &testbed->err),
			 -EEXIST);
	assert_int_equal(none, -5);
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
static int step_of(struct course *run, bool undone, uint64_t budget)
{
	struct testbed *testbed = &run->testbed;
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	int rc =
		change_step(run->change, testbed->db, testbed->reference, budget, 0, &testbed->err);
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

static int step(struct course *run, bool undone)
{
	return step_of(run, undone,
		       dice_below(run->dice, 4) ? 1 + dice_below(run->dice, 6000) : 30000);
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

/* --- what is held, from the switch on --- */

#define KEPT 5u /* answers at the switch, and as many while it settles */

struct kept {
	struct question q;
	struct blob answer;
	bool labels; /* as answer() */
};

static size_t settling_steps, settling_past, settling_refused;

/* False: a label is asked for with which nothing was ever reported, as of now. */
static bool answer(struct testbed *testbed, const struct question *q, struct blob *ret)
{
	int (*const ways[])(sqlite3 * db, const struct reference *now, const struct query *query,
			    struct table **ret_answer,
			    struct err *err) = { query_run, completeness_run, revisions_run };
	bool labels = true;
	*ret = (struct blob){ 0 };
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct table *table = NULL;
		int rc = ways[i](testbed->db, testbed->reference, &q->query, &table, &testbed->err);
		if (rc == 0)
			assert_int_equal(table_csv(table, ret), 0);
		table_close(table);
		if (rc < 0 && rc != -EINVAL)
			fail_msg("%s: %s", q->words, testbed->err.text);
		labels &= rc == 0 || !question_no_label(testbed->err.text);
	}
	return labels;
}

static int64_t last_us(struct testbed *testbed)
{
	return testbed_number(testbed, "SELECT max(at) FROM (SELECT max(at_us) AS at FROM event"
				       " UNION ALL SELECT max(received_us) FROM journal)");
}

/* What was known up to this second, whatever follows. */
static void keep(struct course *run, struct kept kept[KEPT])
{
	struct testbed *testbed = &run->testbed;
	int64_t known_us = (last_us(testbed) + 999999) / 1000000 * 1000000;
	for (size_t i = 0; i < KEPT; i++) {
		question_make(&run->h, testbed->reference->catalogue, &kept[i].q);
		kept[i].q.query.known = civil_format(known_us, kept[i].q.known);
		kept[i].labels = answer(testbed, &kept[i].q, &kept[i].answer);
	}
	testbed_acts_at(known_us + 1000001);
}

static void assert_kept(struct course *run, const struct kept kept[KEPT])
{
	for (size_t i = 0; i < KEPT; i++) {
		struct blob again;
		bool labels = answer(&run->testbed, &kept[i].q, &again) && kept[i].labels;
		if (labels &&
		    (again.len != kept[i].answer.len ||
		     (again.len > 0 && memcmp(again.data, kept[i].answer.data, again.len) != 0)))
			fail_msg("%s: as known at %s it is\n%.*s\nand was\n%.*s", kept[i].q.words,
				 kept[i].q.known, (int)again.len, (const char *)again.data,
				 (int)kept[i].answer.len, (const char *)kept[i].answer.data);
		blob_free(&again);
	}
}

/* A batch, after all that was before. */
static void post_later(struct course *run)
{
	struct testbed *testbed = &run->testbed;
	if (run->at == run->h.n)
		return;
	run->h.batches[run->at].received_us = last_us(testbed) + 1000001;
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	ledger_begin(testbed->ledger, testbed->reference);
	assert_int_equal(testbed_post(testbed, &run->h.batches[run->at++]), POSTED);
	assert_int_equal(ledger_finish(testbed->ledger, &testbed->err), 0);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
}

static void kept_free(struct kept kept[KEPT])
{
	for (size_t i = 0; i < KEPT; i++)
		blob_free(&kept[i].answer);
}

static bool is_settling(struct testbed *testbed)
{
	bool settling = false;
	assert_int_equal(quarantine_is_settling(testbed->db, &settling, &testbed->err), 0);
	return settling;
}

/* Each point by itself, as rows may be divided otherwise. */
#define POINTS(columns, table)                                                                     \
	"WITH RECURSIVE nth(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM nth WHERE n < 1439)"       \
	" SELECT journal, run, iif(point < 0, -1, point + n), verdict, " columns " FROM " table    \
	" CROSS JOIN nth ON n < iif(point < 0, 1, observations) ORDER BY 1, 2, 3, 4, 5, 6, 7"
#define IS  "held_us, released_us, 0"
#define WAS "held_us, released_us, again_us"

struct in_force { /* what is, and was, held */
	struct blob is, was;
};

static void in_force_read(struct testbed *testbed, struct in_force *ret)
{
	bool settling = is_settling(testbed);
	rows_read(testbed, settling ? POINTS(IS, QUARANTINE_SETTLING) : POINTS(IS, "quarantine"),
		  &ret->is);
	rows_read(testbed,
		  settling ? POINTS(WAS, QUARANTINE_PAST_SETTLING) : POINTS(WAS, "quarantine_past"),
		  &ret->was);
}

static void assert_in_force(struct testbed *testbed, const struct in_force *then)
{
	struct in_force now;
	struct table *table = NULL;
	in_force_read(testbed, &now);
	assert_same(&then->is, &now.is, "what is held");
	assert_same(&then->was, &now.was, "what was held");
	blob_free(&now.is);
	blob_free(&now.was);
	assert_int_equal(testbed_verify(testbed, &table), 0);
	table_close(table);
}

/* Nobody else may write what waits meanwhile. */
static void assert_refused(struct testbed *testbed)
{
	struct change_state state;
	assert_int_equal(change_refuse(testbed->db, &testbed->err), -EEXIST);
	assert_int_equal(change_refuse_settling(testbed->db, &testbed->err), -EEXIST);
	assert_non_null(strstr(testbed->err.text, "Try again in a minute; `lantoa change show`"));
	assert_int_equal(change_read(testbed->db, &state, &testbed->err), 0);
	assert_int_equal(state.stage, CHANGE_SETTLING);
	assert_int_equal(change_refuse_closing(testbed->db, &testbed->err), 0);
	settling_refused++;
}

/* @before: what was known when some of it was held before; NULL: nothing is written down. */
static void settle(struct course *run, const struct kept *before)
{
	struct testbed *testbed = &run->testbed;
	struct kept first[KEPT], later[KEPT];
	struct in_force then;
	bool kept_later = false;
	int64_t past = testbed_number(testbed, "SELECT count(*) FROM quarantine_past");
	in_force_read(testbed, &then);
	keep(run, first);
	while (is_settling(testbed)) {
		assert_refused(testbed);
		(void)step_of(run, chance(run->dice, 10), dice_below(run->dice, 2000));
		settling_steps++;
		assert_in_force(testbed, &then);
		assert_kept(run, first);
		if (before)
			assert_kept(run, before);
		if (chance(run->dice, 10))
			die(run);
		if (!kept_later && is_settling(testbed)) {
			keep(run, later);
			kept_later = true;
		}
		if (chance(run->dice, 30)) {
			post_later(run); /* what is held of it lies beside */
			blob_free(&then.is);
			blob_free(&then.was);
			in_force_read(testbed, &then);
		}
	}
	while (step(run, false) == 1)
		;
	post_later(run);
	assert_kept(run, first);
	if (kept_later) {
		assert_kept(run, later);
		kept_free(later);
	}
	kept_free(first);
	settling_past +=
		(size_t)(testbed_number(testbed, "SELECT count(*) FROM quarantine_past") - past);
	assert_int_equal(change_refuse(testbed->db, &testbed->err), 0);
	blob_free(&then.is);
	blob_free(&then.was);
	assert_whole(testbed);
}

static void held_from_the_switch_on(struct dice *dice, void *context)
{
	struct course run;
	struct order order;
	struct kept before[KEPT];
	bool any = false;
	(void)context;
	run_open(&run, dice);
	for (unsigned i = 0; i < CHANGES; i++) {
		if (i == 0)
			post_to(&run, run.h.n / (CHANGES + 1));
		for (size_t to = run.h.n * (i + 1) / (CHANGES + 1); run.at < to;)
			post_later(&run);
		if (i % 2 == 0) /* else the same once more: what was let in is held again */
			order_make(dice, &run.h, &order);
		if (!order_begin(&run.testbed, &order))
			continue;
		int rc = 1;
		while (rc == 1 && !is_settling(&run.testbed))
			rc = step(&run, false);
		if (rc == 1)
			settle(&run, any ? before : NULL);
		if (any)
			kept_free(before);
		keep(&run, before);
		any = true;
		if (chance(dice, 80)) {
			(void)testbed_order_import(&run.testbed, "catalogue", run.h.catalogue);
			testbed_refresh(&run.testbed);
			release_some(&run.testbed, dice);
		}
	}
	if (any)
		kept_free(before);
	run_close(&run);
}

/* I4, I12: what a change holds is held from its switch on, wherever its rows are: now, and as known
 * at any time later; killed at each step; with batches between. */
static void what_is_held_is_so_from_the_switch_on(void **state)
{
	(void)state;
	for_all_seeds(SEEDS / 4, held_from_the_switch_on, NULL);
	print_message("%zu steps of settling, %zu rows of before in them\n", settling_steps,
		      settling_past);
	assert_true(seeds_given() ||
		    (settling_steps > 60 && settling_past > 10 && settling_refused > 60));
}

/* --- periods are closed meanwhile --- */

static size_t closed_between, opened_between, closed_through;

/* What waits, whenever that began. */
#define HELD_AT_ANY_TIME                                                                           \
	"SELECT journal, run, point, verdict, observations, released_us IS NULL FROM quarantine"   \
	" ORDER BY 1, 2, 3"

static int order_at_once(struct testbed *testbed, const struct order *order)
{
	const struct change_form *form = &order->form;
	return form->kind == CHANGE_MOVE
		       ? testbed_order_move(testbed, form->office, form->unit, form->from) ? 0 : -1
		       : testbed_order_import(testbed,
					      form->kind == CHANGE_UNITS ? "units" : "catalogue",
					      form->body);
}

static void post_both(struct course *run, struct testbed *twin)
{
	struct testbed *both[] = { &run->testbed, twin };
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(db_begin(both[i]->db, &both[i]->err), 0);
		ledger_begin(both[i]->ledger, both[i]->reference);
		assert_int_equal(testbed_post(both[i], &run->h.batches[run->at]), POSTED);
		assert_int_equal(ledger_finish(both[i]->ledger, &both[i]->err), 0);
		assert_int_equal(db_commit(both[i]->db, &both[i]->err), 0);
	}
	run->at++;
}

static void close_both(struct course *run, struct testbed *twin)
{
	char period[PERIOD_TEXT_MAX];
	bool reopen = chance(run->dice, 30);
	int32_t day = run->h.base + (int32_t)dice_below(run->dice, HISTORY_DAYS);
	const struct closing_form form = {
		.period = period_format(
			period_of_day(CALENDAR_CIVIL,
				      chance(run->dice, 50) ? GRAIN_DAY : GRAIN_MONTH, day),
			period),
		.who = "test",
		.at_us = (int64_t)(run->h.base + 2 * HISTORY_DAYS) * 86400 * 1000000,
	};
	assert_int_equal(change_refuse_closing(run->testbed.db, &run->testbed.err), 0);
	int rc = testbed_order_closing(&run->testbed, reopen, &form);
	assert_int_equal(testbed_order_closing(twin, reopen, &form), rc);
	*(reopen ? &opened_between : &closed_between) += rc == 0;
}

static void closed_meanwhile(struct dice *dice, void *context)
{
	struct course run;
	struct testbed twin;
	struct order order;
	struct change_state state;
	struct blob left, right;
	bool in_force = false;
	int rc = 1;
	(void)context;
	run_open(&run, dice);
	history_open(&run.h, &twin);
	for (size_t half = run.h.n / 2; run.at < half;)
		post_both(&run, &twin);
	order_make(dice, &run.h, &order);
	if (order_begin(&run.testbed, &order)) {
		while (rc == 1) {
			rc = step(&run, false);
			assert_int_equal(change_read(run.testbed.db, &state, &run.testbed.err), 0);
			if (state.stage >= CHANGE_SETTLING && !in_force) {
				assert_int_equal(order_at_once(&twin, &order), 0);
				testbed_refresh(&twin);
				in_force = true;
			}
			if (chance(dice, 30) && run.at < run.h.n)
				post_both(&run, &twin);
			if (chance(dice, 30))
				close_both(&run, &twin);
		}
		assert_int_equal(state.code, 0);
		while (run.at < run.h.n)
			post_both(&run, &twin);
		rows_read(&run.testbed, HELD_AT_ANY_TIME, &left);
		rows_read(&twin, HELD_AT_ANY_TIME, &right);
		assert_same(&left, &right, "held rows");
		blob_free(&left);
		blob_free(&right);
		testbed_rollups(&run.testbed, &left);
		testbed_rollups(&twin, &right);
		assert_same(&left, &right, "pages");
		blob_free(&left);
		blob_free(&right);
		closed_through++;
	}
	testbed_close(&twin);
	run_close(&run);
}

/* I12: as if they had been closed, or opened, before the change. */
static void what_is_closed_meanwhile_is_so_as_if_before(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, closed_meanwhile, NULL);
	print_message("%zu changes, %zu periods closed and %zu opened between\n", closed_through,
		      closed_between, opened_between);
	assert_true(seeds_given() ||
		    (closed_through > 15 && closed_between > 30 && opened_between > 1));
}

/* --- what a disk does to it --- */

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\n"                                             \
	"P,Tinh,province,,2020-01-01,\n"                                                           \
	"C1,Xa 1,commune,P,2020-01-01,\n"                                                          \
	"C2,Xa 2,commune,P,2020-01-01,\n"
#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"
#define WIDE   CATALOGUE "daily,x,x,x,flow,sum,sum,day,sort,0,0,commune,5,,\n"
#define NARROW CATALOGUE "daily,x,x,x,flow,sum,sum,day,sort,0,0,commune,5,,50\n"
#define DAYS   10
#define B_HELD DAYS /* by the narrow one: of b one a day */

struct disk {
	struct testbed testbed;
	struct testbed_spool a, b;
	struct change *change;
};

static int disk_setup(void **state)
{
	struct disk *d = calloc(1, sizeof(*d));
	int32_t day = 0;
	char period[PERIOD_TEXT_MAX];
	if (!d || day_parse("2025-03-01", &day, &(struct err){ 0 }) < 0 ||
	    !(d->change = change_open()))
		return -1;
	testbed_open(&d->testbed, UNITS, WIDE, NULL, false);
	d->a = (struct testbed_spool){ .office = testbed_office(&d->testbed, "a", "C1", day),
				       .id = 1 };
	d->b = (struct testbed_spool){ .office = testbed_office(&d->testbed, "b", "C2", day),
				       .id = 2 };
	testbed_refresh(&d->testbed);
	for (int32_t i = 0; i < DAYS; i++) {
		(void)period_format(period_of_day(CALENDAR_CIVIL, GRAIN_DAY, day + i), period);
		testbed_record(&d->testbed, &d->a, "daily", "sort=1", period, 7, 0);
		testbed_record(&d->testbed, &d->b, "daily", "sort=1", period, 90, 0);
		testbed_record(&d->testbed, &d->b, "daily", "sort=2", period, 8, 0);
	}
	*state = d;
	return 0;
}

static int disk_teardown(void **state)
{
	struct disk *d = *state;
	change_close(d->change);
	testbed_close(&d->testbed);
	free(d);
	return 0;
}

static void narrow(struct disk *d)
{
	struct order order = { .form = { .kind = CHANGE_CATALOGUE, .who = "test", .note = "" } };
	(void)snprintf(order.csv, sizeof(order.csv), "%s", NARROW); /* fits */
	order.form.body = order.csv;
	order.form.len = strlen(order.csv);
	assert_true(order_begin(&d->testbed, &order));
}

/* A step of its own transaction. */
static int disk_step(struct disk *d, uint64_t budget)
{
	struct testbed *testbed = &d->testbed;
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	int rc = change_step(d->change, testbed->db, testbed->reference, budget, 0, &testbed->err);
	if (rc < 0) {
		db_rollback(testbed->db);
		change_forget(d->change);
		return rc;
	}
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	testbed_refresh(testbed);
	return rc;
}

static struct change_state disk_state(struct disk *d)
{
	struct change_state state;
	assert_int_equal(change_read(d->testbed.db, &state, &d->testbed.err), 0);
	return state;
}

static void assert_through(struct disk *d)
{
	while (disk_step(d, 1) == 1)
		;
	struct change_state state = disk_state(d);
	assert_int_equal(state.stage, CHANGE_OVER);
	assert_int_equal(state.code, 0);
	assert_int_equal(state.held, B_HELD);
	assert_int_equal(testbed_number(&d->testbed, "SELECT coalesce(sum(observations), 0) FROM"
						     " quarantine WHERE released_us IS NULL"),
			 B_HELD);
}

/* A page that cannot be read is met where something is put in that was judged: it is judged again.
 */
static void what_is_held_is_told_once(void **state)
{
	struct disk *d = *state;
	narrow(d);
	while (testbed_number(&d->testbed,
			      "SELECT phase = 2 AND office = 2 FROM change_under_way") == 0)
		assert_int_equal(disk_step(d, 1), 1);
	testbed_exec(&d->testbed, "UPDATE rollup_next SET page = x'ff' WHERE node < 0");
	assert_true(sqlite3_changes(d->testbed.db) > 0);
	assert_through(d);
}

/* As a full disk does, SQLite ends the transaction; what follows from that is not the cause. */
static void the_cause_is_told_where_the_transaction_is_gone(void **state)
{
	static const char *const where[] = {
		"BEFORE INSERT ON rollup_next", /* in a day */
		"BEFORE INSERT ON catalogue",   /* in the act, done for a moment */
	};
	struct disk *d = *state;
	narrow(d);
	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		char sql[160];
		(void)snprintf(sql, sizeof(sql),
			       "CREATE TRIGGER spoilt %s BEGIN SELECT RAISE(ROLLBACK, 'spoilt');"
			       " END",
			       where[i]); /* fits */
		testbed_exec(&d->testbed, sql);
		assert_true(disk_step(d, 1000000) < 0);
		if (!strstr(d->testbed.err.text, "spoilt"))
			fail_msg("%s: %s", where[i], d->testbed.err.text);
		testbed_exec(&d->testbed, "DROP TRIGGER spoilt");
	}
	assert_through(d);
}

/* What a disk contradicts is no refusal of the act: it is tried again, and the work is not lost. */
static void what_a_disk_does_does_not_end_it(void **state)
{
	static const char *const where[] = { "INSERT ON change_day", "INSERT ON catalogue",
					     "INSERT ON quarantine" };
	struct disk *d = *state;
	narrow(d);
	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		char sql[160];
		int rc;
		(void)snprintf(
			sql, sizeof(sql),
			"CREATE TRIGGER spoilt BEFORE %s BEGIN SELECT RAISE(ABORT, 'spoilt');"
			" END",
			where[i]); /* fits */
		testbed_exec(&d->testbed, sql);
		while ((rc = disk_step(d, 1)) == 1)
			;
		assert_int_equal(rc, -EUCLEAN);
		assert_int_not_equal(disk_state(d).stage, CHANGE_OVER);
		testbed_exec(&d->testbed, "DROP TRIGGER spoilt");
	}
	assert_through(d);
}

/* Rows of before that name points which are not there: what was known of them is lost, and no more.
 */
static void a_row_that_does_not_fit_does_not_end_it(void **state)
{
	struct disk *d = *state;
	uint64_t released, kept;
	assert_int_equal(testbed_order_import(&d->testbed, "catalogue", NARROW), 0);
	assert_int_equal(testbed_order_import(&d->testbed, "catalogue", WIDE), 0);
	const struct release_form all = { .who = "test", .at_us = INT64_C(1800000000000000) };
	testbed_order_release(&d->testbed, &all, &released, &kept);
	assert_int_equal(released, B_HELD);
	testbed_refresh(&d->testbed);
	narrow(d);
	while (disk_state(&*d).stage < CHANGE_STALE)
		assert_int_equal(disk_step(d, 1), 1);
	testbed_exec(&d->testbed, "UPDATE quarantine SET observations = 5000 WHERE journal ="
				  " (SELECT min(journal) FROM quarantine)");
	assert_int_equal(sqlite3_changes(d->testbed.db), 1);
	assert_through(d);
}

/* --- a unit ends --- */

#define ENDED                                                                                      \
	"code,name,level,parent,valid_from,valid_to\n"                                             \
	"P,Tinh,province,,2020-01-01,\n"                                                           \
	"C1,Xa 1,commune,P,2020-01-01,\n"                                                          \
	"C2,Xa 2,commune,P,2020-01-01,2025-03-01\n"

static int differences(struct disk *d)
{
	struct table *table = NULL;
	int n = (int)testbed_verify(&d->testbed, &table);
	table_close(table);
	return n;
}

/* What no unit has is no matter of the catalogue: it would count, if it were not held. */
static void what_is_to_be_held_does_not_count_and_nobody_lets_it(void **state)
{
	static const char *const spoilt[] = {
		"DELETE FROM quarantine_next WHERE journal = (SELECT max(journal) FROM"
		" quarantine_next)",
		"DELETE FROM fact WHERE name = '" QUARANTINE_NEXT_FACT "'",
		"UPDATE fact SET value = value + 1 WHERE name = '" QUARANTINE_NEXT_FACT "'",
	};
	struct disk *d = *state;
	struct order order = { .form = { .kind = CHANGE_UNITS, .who = "test", .note = "" } };
	unsigned n = 0;
	(void)snprintf(order.csv, sizeof(order.csv), "%s", ENDED); /* fits */
	order.form.body = order.csv;
	order.form.len = strlen(order.csv);
	assert_true(order_begin(&d->testbed, &order));
	while (!is_settling(&d->testbed))
		assert_int_equal(disk_step(d, 1), 1);
	for (; is_settling(&d->testbed); n++) {
		assert_int_equal(differences(d), 0);
		for (size_t i = 0; i < sizeof(spoilt) / sizeof(spoilt[0]); i++) {
			testbed_exec(&d->testbed, "SAVEPOINT spoilt");
			testbed_exec(&d->testbed, spoilt[i]);
			assert_true(differences(d) > 0);
			testbed_exec(&d->testbed, "ROLLBACK TO spoilt; RELEASE spoilt");
		}
		assert_int_equal(disk_step(d, 1), 1);
	}
	assert_int_equal(n, 2 * DAYS); /* rows */
	assert_int_equal(differences(d), 0);
}

/* --- a day in parts --- */

#define LEVELS                                                                                     \
	"code,name,level,parent,valid_from,valid_to\n"                                             \
	"P,Tinh,province,,2020-01-01,\n"                                                           \
	"D0,Huyen 0,district,P,2020-01-01,\n"                                                      \
	"D1,Huyen 1,district,P,2020-01-01,\n"                                                      \
	"C9,Xa 9,commune,D1,2020-01-01,\n"
#define PEAK CATALOGUE "peak,x,x,x,flow,max,max,day,,0,0,commune,5,,\n"

/* D1 loses its greatest, of C1, which ends, in the part of the first office, and gets Q, with V
 * below it, which ends as well: that is in the second office's part. What is found for D1 between
 * them is V's, and V's figure is taken out of D0, under which it stood. */
static void what_was_found_halfway_is_looked_for_anew(void **state)
{
	struct course run = { .change = change_open() };
	struct testbed *testbed = &run.testbed;
	struct order order = { .form = { .kind = CHANGE_UNITS, .who = "test", .note = "" } };
	int32_t day = 0;
	(void)state;
	assert_non_null(run.change);
	assert_int_equal(day_parse("2025-03-01", &day, &testbed->err), 0);
	testbed_open(testbed,
		     LEVELS "C1,Xa 1,commune,D1,2020-01-01,\n"
			    "Q,Xa 2,commune,D0,2020-01-01,\n"
			    "V,Ap,hamlet,Q,2020-01-01,\n",
		     PEAK, NULL, false);
	struct testbed_spool x = { .office = testbed_office(testbed, "x", "C1", day), .id = 1 };
	struct testbed_spool y = { .office = testbed_office(testbed, "y", "V", day), .id = 2 };
	struct testbed_spool z = { .office = testbed_office(testbed, "z", "C9", day), .id = 3 };
	testbed_refresh(testbed);
	testbed_record(testbed, &z, "peak", "", "2025-03-01", 5, 0);
	testbed_record(testbed, &x, "peak", "", "2025-03-01", 100, 0);
	testbed_record(testbed, &y, "peak", "", "2025-03-01", 90, 0);
	(void)snprintf(order.csv, sizeof(order.csv), "%s",
		       LEVELS "C1,Xa 1,commune,D1,2020-01-01,2025-01-01\n"
			      "Q,Xa 2,commune,D1,2020-01-01,\n"
			      "V,Ap,hamlet,Q,2020-01-01,2025-01-01\n"); /* fits */
	order.form.body = order.csv;
	order.form.len = strlen(order.csv);
	assert_true(order_begin(testbed, &order));
	int rc = 1;
	while (rc == 1) {
		assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
		rc = change_step(run.change, testbed->db, testbed->reference, 1, 0, &testbed->err);
		assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
		testbed_refresh(testbed);
	}
	assert_int_equal(rc, 0);
	assert_whole(testbed);
	change_close(run.change);
	testbed_close(testbed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_steps_come_to_is_what_making_all_anew_gives),
		cmocka_unit_test(what_is_taken_back_was_not),
		cmocka_unit_test(what_is_held_is_so_from_the_switch_on),
		cmocka_unit_test(what_was_found_halfway_is_looked_for_anew),
		cmocka_unit_test(what_is_closed_meanwhile_is_so_as_if_before),
		cmocka_unit_test_setup_teardown(what_is_held_is_told_once, disk_setup,
						disk_teardown),
		cmocka_unit_test_setup_teardown(the_cause_is_told_where_the_transaction_is_gone,
						disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(what_a_disk_does_does_not_end_it, disk_setup,
						disk_teardown),
		cmocka_unit_test_setup_teardown(
			what_is_to_be_held_does_not_count_and_nobody_lets_it, disk_setup,
			disk_teardown),
		cmocka_unit_test_setup_teardown(a_row_that_does_not_fit_does_not_end_it, disk_setup,
						disk_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
