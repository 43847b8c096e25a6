/* I12: a release in steps, with batches between, comes to what the same release in one transaction
 * comes to; what was known between its steps is known later; killed it goes on; ended it keeps what
 * it released. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "ledger/change.h"
#include "query/query.h"
#include "schema/event.h"
#include "support/history.h"
#include "support/question.h"
#include "support/seeds.h"

#include <errno.h>
#include <string.h>

#define SEEDS   30
#define BATCHES 40
#define KEPT    6u /* answers that are written down on the way */

static bool chance(struct dice *dice, unsigned percent)
{
	return dice_below(dice, 100) < percent;
}

struct kept {
	struct question q;
	struct blob answer;
	bool labels; /* as answer() */
};

/* Two provinces to which the same happens, but that one releases by steps. */
struct twins {
	struct history h;
	struct testbed steps, once;
	struct dice *dice;
	struct change *change;
	struct release_form form;
	size_t at; /* of the batches */
	struct kept kept[KEPT];
	size_t n_kept;
	uint64_t released, still; /* by the one that does it at once */
};

static size_t n_steps, n_between, n_killed, n_released, n_answers, n_ended;

/* --- the same happens to both --- */

static int64_t last_us(struct testbed *testbed)
{
	return testbed_number(testbed, "SELECT max(at) FROM (SELECT max(at_us) AS at FROM event"
				       " UNION ALL SELECT max(received_us) FROM journal)");
}

static int64_t last_of_both(struct twins *t)
{
	int64_t steps = last_us(&t->steps), once = last_us(&t->once);
	return steps > once ? steps : once;
}

static void post_one(struct testbed *testbed, const struct testbed_batch *batch)
{
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	ledger_begin(testbed->ledger, testbed->reference);
	assert_int_equal(testbed_post(testbed, batch), POSTED);
	assert_int_equal(ledger_finish(testbed->ledger, &testbed->err), 0);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
}

static void post_to(struct twins *t, size_t to)
{
	for (; t->at < to && t->at < t->h.n; t->at++) {
		int64_t *received_us = &t->h.batches[t->at].received_us;
		int64_t last = last_of_both(t);
		*received_us = *received_us > last ? *received_us : last; /* time runs on */
		post_one(&t->steps, &t->h.batches[t->at]);
		post_one(&t->once, &t->h.batches[t->at]);
	}
}

/* Nearly all of it, so that most of what comes waits. */
static void close_all(struct twins *t)
{
	char period[PERIOD_TEXT_MAX];
	for (int32_t day = t->h.base; day < t->h.base + HISTORY_DAYS; day++) {
		const struct closing_form form = {
			.period = period_format(period_of_day(CALENDAR_CIVIL, GRAIN_DAY, day),
						period),
			.who = "test",
			.at_us = (int64_t)(t->h.base + 2 * HISTORY_DAYS) * 86400 * 1000000,
		};
		if (chance(t->dice, 20))
			continue;
		assert_int_equal(testbed_order_closing(&t->steps, false, &form), 0);
		assert_int_equal(testbed_order_closing(&t->once, false, &form), 0);
	}
	testbed_refresh(&t->steps);
	testbed_refresh(&t->once);
}

static void twins_open(struct twins *t, struct dice *dice)
{
	*t = (struct twins){ .dice = dice, .change = change_open() };
	assert_non_null(t->change);
	history_make(&t->h, dice, BATCHES);
	history_open(&t->h, &t->steps);
	history_open(&t->h, &t->once);
	close_all(t);
	post_to(t, t->h.n / 2);
	t->form = (struct release_form){ .closed = chance(dice, 80),
					 .older_copy = chance(dice, 50),
					 .metric = chance(dice, 20) ? t->h.names[1] : NULL,
					 .office = chance(dice, 20) ? "o1" : NULL,
					 .who = "test" };
}

static void twins_close(struct twins *t)
{
	for (size_t i = 0; i < t->n_kept; i++)
		blob_free(&t->kept[i].answer);
	change_close(t->change);
	testbed_close(&t->steps);
	testbed_close(&t->once);
	history_free(&t->h);
}

/* --- what is asked --- */

typedef int way(sqlite3 *db, const struct reference *now, const struct query *query,
		struct table **ret_answer, struct err *err);

/* False: a label is asked for with which nothing was ever reported, as of now (rules, 5.9). */
static bool answer(struct testbed *testbed, const struct question *q, bool revisions,
		   struct blob *ret)
{
	bool labels = true;
	way *const ways[] = { query_run, completeness_run, revisions_run };
	*ret = (struct blob){ 0 };
	for (size_t i = 0; i < (revisions ? 3 : 2); i++) {
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

static void assert_same(const struct blob *left, const struct blob *right, const char *what)
{
	if (left->len != right->len || (left->len && memcmp(left->data, right->data, left->len)))
		fail_msg("%s differ: %zu and %zu bytes", what, left->len, right->len);
}

static void assert_known(struct twins *t)
{
	for (size_t i = 0; i < t->n_kept; i++) {
		struct blob again;
		if (answer(&t->steps, &t->kept[i].q, true, &again) && t->kept[i].labels)
			assert_same(&t->kept[i].answer, &again, t->kept[i].q.words);
		blob_free(&again);
	}
}

/* --- in steps --- */

/* An act happens a second after all that was before, in both. */
static void later(struct twins *t)
{
	testbed_acts_at(last_of_both(t) + 1000001);
}

static void tick(struct testbed *testbed)
{
	const struct event_form form = {
		.who = "test", .kind = "test", .note = true, .at_us = testbed_time(testbed)
	};
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	assert_int_equal(event_append(testbed->db, &form, NULL, &testbed->err), 0);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
}

/* What it answers now is written down under this second; whatever follows is later. */
static void keep(struct twins *t)
{
	if (t->n_kept == KEPT)
		return;
	struct kept *kept = &t->kept[t->n_kept++];
	int64_t known_us = (last_us(&t->steps) + 999999) / 1000000 * 1000000;
	question_make(&t->h, t->steps.reference->catalogue, &kept->q);
	kept->q.query.known = civil_format(known_us, kept->q.known);
	kept->labels = answer(&t->steps, &kept->q, true, &kept->answer);
	n_answers++;
	later(t);
	tick(&t->steps);
	tick(&t->once);
}

static void order(struct twins *t)
{
	struct testbed *testbed = &t->steps;
	const struct change_form form = { .kind = CHANGE_RELEASE,
					  .who = "test",
					  .release = t->form };
	struct steps_cost cost = { 0 };
	struct release_counts counts;
	int64_t id = 0;
	later(t);
	t->form.at_us = testbed_time(testbed);
	assert_int_equal(
		release_try(testbed->db, testbed->reference, &t->form, &counts, &testbed->err), 0);
	testbed_order_release(&t->once, &t->form, &t->released, &t->still);
	assert_true(counts.released <= t->released);
	if (t->form.older_copy) { /* else one may be let in by another that is */
		assert_int_equal(counts.released, t->released);
		assert_int_equal(counts.kept, t->still);
	}
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	assert_int_equal(
		release_weigh(testbed->db, testbed->reference, &t->form, &cost.work, &testbed->err),
		0);
	if (change_begin(testbed->db, &form, &cost, &id, &testbed->err) < 0)
		fail_msg("begin: %s", testbed->err.text);
	assert_int_equal(change_refuse(testbed->db, &testbed->err), -EEXIST);
	assert_int_equal(change_refuse_closing(testbed->db, &testbed->err), -EEXIST);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
}

/* In a transaction that may not come to its end. */
static int step(struct twins *t, bool undone)
{
	struct testbed *testbed = &t->steps;
	later(t);
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	int rc = change_step(t->change, testbed->db, testbed->reference,
			     1 + dice_below(t->dice, 2000), 0, &testbed->err);
	if (rc < 0)
		fail_msg("step: %s", testbed->err.text);
	if (undone) {
		db_rollback(testbed->db);
		change_forget(t->change);
		return 1;
	}
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	tick(&t->once);
	n_steps++;
	return rc;
}

static void between(struct twins *t)
{
	if (chance(t->dice, 30))
		keep(t);
	if (chance(t->dice, 40) && t->at < t->h.n) {
		post_to(t, t->at + 1);
		n_between++;
	}
	if (chance(t->dice, 10)) {
		change_forget(t->change);
		testbed_reopen(&t->steps);
		n_killed++;
	}
}

static void end_it(struct twins *t)
{
	struct testbed *testbed = &t->steps;
	uint64_t released, kept;
	struct change_state state;
	later(t);
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	assert_int_equal(change_cancel(testbed->db, "test", &testbed->err), 0);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	assert_int_equal(change_read(testbed->db, &state, &testbed->err), 0);
	assert_int_equal(state.code, -ECANCELED);
	assert_int_equal(state.stage, CHANGE_OVER);
	tick(&t->once);
	later(t); /* the rest, at once: what came meanwhile as well, which is as it would have been
		   */
	t->form.at_us = testbed_time(testbed);
	testbed_order_release(testbed, &t->form, &released, &kept);
	assert_true(state.rows + released >= t->released);
	later(t);
	t->form.at_us = testbed_time(&t->once);
	testbed_order_release(&t->once, &t->form, &released, &kept);
	n_ended++;
}

/* --- what it comes to --- */

#define HELD                                                                                       \
	"SELECT group_concat(journal || ' ' || run || ' ' || point || ' ' || verdict || ' ' ||"    \
	" observations || ' ' || (released_us IS NULL), char(10)) FROM (SELECT * FROM quarantine"  \
	" ORDER BY journal, run, point)"

static void held_read(struct testbed *testbed, struct blob *ret)
{
	sqlite3_stmt *rows;
	*ret = (struct blob){ 0 };
	assert_int_equal(db_prepare(testbed->db, HELD, &rows, &testbed->err), 0);
	assert_int_equal(db_step(rows, &testbed->err), 1);
	assert_int_equal(blob_append(ret, sqlite3_column_text(rows, 0),
				     (size_t)sqlite3_column_bytes(rows, 0)),
			 0);
	sqlite3_finalize(rows);
}

static void assert_twins(struct twins *t)
{
	struct blob left, right;
	struct table *table = NULL;
	held_read(&t->steps, &left);
	held_read(&t->once, &right);
	assert_same(&left, &right, "held rows");
	blob_free(&left);
	blob_free(&right);
	testbed_rollups(&t->steps, &left);
	testbed_rollups(&t->once, &right);
	assert_int_equal(left.len, right.len);
	assert_memory_equal(left.data, right.data, left.len);
	blob_free(&left);
	blob_free(&right);
	for (unsigned i = 0; i < 10; i++) {
		struct question q;
		question_make(&t->h, t->steps.reference->catalogue, &q);
		q.query.known = NULL;
		(void)answer(&t->steps, &q, false, &left);
		(void)answer(&t->once, &q, false, &right);
		assert_same(&left, &right, q.words);
		blob_free(&left);
		blob_free(&right);
	}
	assert_int_equal(testbed_verify(&t->steps, &table), 0);
	table_close(table);
	assert_int_equal(testbed_number(&t->steps, "SELECT count(*) FROM release_entry"), 0);
}

static void released_in_steps(struct dice *dice, void *context)
{
	struct twins t;
	struct release_counts counts;
	bool ends = chance(dice, 25), ended = false;
	(void)context;
	twins_open(&t, dice);
	order(&t);
	while (!ended && step(&t, chance(dice, 10)) == 1) {
		between(&t);
		ended = ends && chance(dice, 20);
	}
	assert_int_equal(release_counts_read(t.steps.db, &counts, &t.steps.err), 0);
	if (ended) {
		end_it(&t);
	} else {
		assert_int_equal(counts.released, t.released);
		assert_int_equal(counts.kept, t.still);
	}
	n_released += t.released;
	post_to(&t, t.h.n);
	assert_twins(&t);
	assert_known(&t);
	twins_close(&t);
}

static void a_release_in_steps_comes_to_what_one_at_once_does(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, released_in_steps, NULL);
	print_message("%zu figures in %zu steps, %zu batches between, %zu kills, %zu answers, %zu"
		      " ended\n",
		      n_released, n_steps, n_between, n_killed, n_answers, n_ended);
	assert_true(seeds_given() || (n_released > 500 && n_between > 30 && n_killed > 5 &&
				      n_answers > 50 && n_ended > 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_release_in_steps_comes_to_what_one_at_once_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
