/* I12: a change is derived beside the pages in force while batches go on coming, put in force at
 * once, and brought over in steps; whatever comes between, whatever is killed. At any time the
 * pages in force are what the journal comes to by the reference in force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journal/declarations.h"
#include "query/query.h"
#include "rollup/day_buckets.h"
#include "rollup/fold.h"
#include "rollup/next.h"
#include "rollup/next_day.h"
#include "rollup/rebuild.h"
#include "support/history.h"
#include "support/seeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS       30 /* with sanitizers; ./check runs 100 without, tests/long 500 */
#define BATCHES     40
#define MOVES_MAX   3u
#define DAY_OF_2025 20089 /* its first */

struct world {
	struct dice *dice;
	struct history h;
	struct testbed testbed;
	size_t posted; /* batches */
	bool spoilt;   /* a page is, and was not repaired */
	/* the change: offices that move, or another catalogue */
	struct {
		int64_t office;
		const char *unit;
		int32_t day;
	} moves[MOVES_MAX];
	size_t n_moves;
	char catalogue[4096];
	struct reference *after; /* owned */
	/* the fold on the next pages */
	struct declarations *declarations;
	struct fold *next;
};

static size_t n_stale, n_kept, n_settled_between, n_changes, n_anew, n_damaged, n_fell;

static bool chance(struct dice *dice, unsigned percent)
{
	return dice_below(dice, 100) < percent;
}

static void must(struct world *w, int rc, const char *what)
{
	if (rc < 0)
		fail_msg("%s: %s", what, w->testbed.err.text);
}

/* --- the change --- */

static void change_move(struct world *w)
{
	static const char *const homes[] = { "C1", "C2", "C3", "C4", "C5", "D1", "P", "X", NULL };
	w->n_moves = dice_below(w->dice, MOVES_MAX) + 1;
	for (size_t i = 0; i < w->n_moves; i++) {
		w->moves[i].office = (int64_t)dice_below(w->dice, HISTORY_OFFICES) + 1;
		w->moves[i].unit = homes[dice_below(w->dice, 9)];
		w->moves[i].day = w->h.base + (int32_t)dice_between(w->dice, -20, HISTORY_DAYS);
	}
}

/* Each metric gets the rules of a column of another one, or other rules. */
static void change_catalogue(struct world *w)
{
	static const char *const changes[][2] = {
		{ ",sum,sum,", ",max,max," },  { ",last,", ",sum," },
		{ ",mean,", ",last," },        { ",min,", ",max," },
		{ ",commune,", ",district," }, { ",district,", ",province," },
		{ ",province,", ",commune," },
	};
	const char *const *change = changes[dice_below(w->dice, 7)];
	const char *from = w->h.catalogue, *at;
	size_t len = 0;
	while ((at = strstr(from, change[0]))) {
		len += (size_t)snprintf(w->catalogue + len, sizeof(w->catalogue) - len, "%.*s%s",
					(int)(at - from), from,
					change[chance(w->dice, 70) ? 1 : 0]);
		from = at + strlen(change[0]);
	}
	len += (size_t)snprintf(w->catalogue + len, sizeof(w->catalogue) - len, "%s", from);
	assert_true(len < sizeof(w->catalogue));
}

/* In a transaction. 0; -EINVAL: it cannot be. */
static int change_apply(struct world *w)
{
	bool changed;
	for (size_t i = 0; i < w->n_moves; i++)
		testbed_move(&w->testbed, w->moves[i].office, w->moves[i].unit, w->moves[i].day);
	int rc = *w->catalogue ? catalogue_import(w->testbed.db, w->catalogue, strlen(w->catalogue),
						  &changed, &w->testbed.err)
			       : 0;
	testbed_note(&w->testbed);
	return rc;
}

/* The reference as it is to be. False: it cannot be. */
static bool change_load(struct world *w)
{
	testbed_exec(&w->testbed, "BEGIN");
	int rc = change_apply(w);
	if (rc == 0)
		assert_int_equal(reference_load(w->testbed.db, &w->after, &w->testbed.err), 0);
	testbed_exec(&w->testbed, "ROLLBACK");
	ledger_forget(w->testbed.ledger);
	return rc == 0;
}

static bool change_make(struct world *w)
{
	w->n_moves = 0;
	*w->catalogue = '\0';
	if (chance(w->dice, 65))
		change_move(w);
	else
		change_catalogue(w);
	return change_load(w);
}

/* --- the fold on the next pages --- */

static void next_close(struct world *w)
{
	fold_close(w->next);
	declarations_close(w->declarations);
	w->next = NULL;
	w->declarations = NULL;
}

static struct fold *next_fold(struct world *w)
{
	if (!w->next) {
		w->declarations = declarations_open(w->testbed.db, &w->testbed.err);
		assert_non_null(w->declarations);
		declarations_forget(w->declarations, w->after->catalogue);
		w->next = fold_open_next(w->testbed.db, w->declarations, &w->testbed.err);
		assert_non_null(w->next);
	}
	declarations_forget(w->declarations, w->after->catalogue);
	fold_begin(w->next, w->after);
	return w->next;
}

static const struct metric *metric_of(struct world *w, uint32_t series)
{
	char sql[96];
	sqlite3_stmt *row;
	(void)snprintf(sql, sizeof(sql), "SELECT metric FROM series WHERE id = %u", series);
	must(w, db_prepare(w->testbed.db, sql, &row, &w->testbed.err), "metric");
	assert_int_equal(db_step(row, &w->testbed.err), 1);
	const struct metric *metric =
		catalogue_find(w->after->catalogue, (const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	return metric;
}

/* The figures of an office's page go from the units that were above it to those that will be. */
static int page_move(struct world *w, struct page_key key, int32_t day)
{
	static const struct acc none;
	struct fold *fold = w->next;
	struct propagate there = fold_propagate(fold, w->testbed.reference);
	struct propagate here = fold_propagate(fold, w->after);
	struct page *page;
	struct err *err = &w->testbed.err;
	int rc = fold_page(fold, key, &page, err);
	for (size_t i = 0; rc == 0 && i < page->n; i++) {
		const struct acc acc = page->entries[i].acc;
		struct change change = { key, page->entries[i].series,
					 metric_of(w, page->entries[i].series), &acc, &none };
		if (!change.metric || acc_is_zero(&acc))
			continue;
		rc = propagate_change(&there,
				      offices_by_id(w->testbed.reference->offices, key.node), day,
				      &change, err);
		change.before = &none;
		change.after = &acc;
		if (rc == 0)
			rc = propagate_change(&here, offices_by_id(w->after->offices, key.node),
					      day, &change, err);
	}
	return rc;
}

static int office_day_move(struct world *w, int64_t office, int32_t day)
{
	int rc = 0;
	struct day_buckets buckets[DAY_BUCKETS_MAX];
	unsigned n = day_buckets(day, buckets);
	for (unsigned i = 0; i < n; i++)
		for (int32_t bucket = buckets[i].first; bucket <= buckets[i].last && rc == 0;
		     bucket++)
			rc = page_move(w, (struct page_key){ buckets[i].grain, bucket, office },
				       day);
	return rc;
}

static void day_anew(struct world *w, int32_t day)
{
	n_anew++;
	must(w, next_anew(w->testbed.db, w->after, day, NULL, NULL, &w->testbed.err), "anew");
}

static int day_move(struct world *w, int32_t day)
{
	bool moved[HISTORY_OFFICES + 1] = { false };
	struct fold *fold = next_fold(w);
	int rc = 0;
	for (size_t i = 0; i < w->n_moves && rc == 0; i++) {
		int64_t office = w->moves[i].office;
		if (day >= w->moves[i].day && !moved[office])
			rc = office_day_move(w, office, day);
		moved[office] |= day >= w->moves[i].day;
	}
	if (rc == 0)
		rc = fold_minmax(fold, w->after, &w->testbed.err);
	return rc < 0 ? rc : fold_settle(fold, &w->testbed.err);
}

static int stale_play(struct world *w, const struct office_day *stale)
{
	struct fold *fold = next_fold(w);
	int rc = fold_play(fold, offices_by_id(w->after->offices, stale->office), stale->day, NULL,
			   0, &w->testbed.err);
	return rc < 0 ? rc : fold_settle(fold, &w->testbed.err);
}

/* In a part of the transaction: what is wrong in the pages of the day does not matter to making
 * them anew. */
static void day_try(struct world *w, const struct office_day *at,
		    int (*on_day)(struct world *w, const struct office_day *at))
{
	testbed_exec(&w->testbed, "SAVEPOINT day");
	int rc = on_day(w, at);
	if (rc < 0)
		testbed_exec(&w->testbed, "ROLLBACK TO day");
	testbed_exec(&w->testbed, "RELEASE day");
	if (rc != -EUCLEAN)
		must(w, rc, "day");
	else
		day_anew(w, at->day);
	n_fell += rc < 0;
}

static int on_derive(struct world *w, const struct office_day *at)
{
	return day_move(w, at->day);
}

/* All that the change does on a day. */
static void day_derive(struct world *w, int32_t day)
{
	const struct office_day at = { .day = day };
	if (*w->catalogue || chance(w->dice, 15))
		day_anew(w, day);
	else
		day_try(w, &at, on_derive);
}

static void stale_take(struct world *w, const struct office_day *stale)
{
	n_stale++;
	if (stale->office == NEXT_WHOLE_DAY)
		day_anew(w, stale->day);
	else
		day_try(w, stale, stale_play);
	must(w, next_fresh(w->testbed.db, stale, &w->testbed.err), "fresh");
}

/* --- what comes between --- */

static void begin(struct world *w)
{
	must(w, db_begin(w->testbed.db, &w->testbed.err), "begin");
}

/* As an operator has it done. */
static void repair(struct world *w)
{
	struct err *err = &w->testbed.err;
	struct verify *verify = verify_open("test", err);
	for (int rc = 1; rc == 1;) {
		begin(w);
		rc = verify_step(verify, w->testbed.db, w->testbed.reference, err);
		must(w, rc, "repair");
		must(w, db_commit(w->testbed.db, err), "commit");
	}
	verify_close(verify);
	ledger_forget(w->testbed.ledger);
	w->spoilt = false;
}

static void assert_right(struct world *w, const char *when)
{
	struct table *table;
	if (w->spoilt)
		repair(w);
	uint64_t differences = testbed_verify(&w->testbed, &table);
	if (differences > 0)
		fail_msg("%s: %llu differences; the first: %s: found %s, expected %s", when,
			 (unsigned long long)differences, testbed_cell(table, 0, "where"),
			 testbed_cell(table, 0, "found"), testbed_cell(table, 0, "expected"));
	table_close(table);
}

static void reopen(struct world *w)
{
	next_close(w);
	testbed_reopen(&w->testbed);
}

static void post(struct world *w)
{
	size_t to = w->posted + dice_below(w->dice, 4);
	to = to < w->h.n ? to : w->h.n;
	if (chance(w->dice, 50)) {
		testbed_commit(&w->testbed, w->h.batches + w->posted, to - w->posted);
	} else { /* which may open the store anew */
		next_close(w);
		history_post_part(&w->h, &w->testbed, w->posted, to);
	}
	w->posted = to;
}

/* A disk spoils a page, all of an office, or all. */
static void damage(struct world *w)
{
	int64_t n = testbed_number(&w->testbed, "SELECT count(*) FROM rollup");
	char sql[192];
	if (n == 0)
		return;
	(void)snprintf(sql, sizeof(sql),
		       "UPDATE rollup SET page = x'ff' WHERE (grain, bucket, node) = (SELECT grain,"
		       " bucket, node FROM rollup LIMIT 1 OFFSET %llu)",
		       (unsigned long long)dice_below(w->dice, (uint64_t)n));
	unsigned how = (unsigned)dice_below(w->dice, 10);
	if (how < 4)
		(void)snprintf(sql, sizeof(sql), "UPDATE rollup SET page = x'ff' WHERE node = %d",
			       (int)dice_below(w->dice, HISTORY_OFFICES) + 1);
	else if (how < 7)
		(void)snprintf(sql, sizeof(sql), "UPDATE rollup SET page = x'ff'");
	testbed_exec(&w->testbed, sql);
	n_damaged++;
	w->spoilt = true;
}

/* Batches come, at times the process dies, and somebody looks whether all is right. */
static void meanwhile(struct world *w, const char *when)
{
	if (chance(w->dice, 50))
		post(w);
	if (chance(w->dice, 3))
		damage(w);
	if (chance(w->dice, 10))
		reopen(w);
	if (chance(w->dice, 15))
		assert_right(w, when);
}

/* --- a change from its beginning to its end --- */

/* A step ends with its transaction; at times the process dies before the commit. */
static bool killed(struct world *w)
{
	if (chance(w->dice, 90)) {
		must(w, db_commit(w->testbed.db, &w->testbed.err), "commit");
		return false;
	}
	db_rollback(w->testbed.db);
	ledger_forget(w->testbed.ledger);
	reopen(w);
	return true;
}

/* The next day that the journal has, or INT32_MAX. */
static int32_t day_after(struct world *w, int32_t day)
{
	char sql[96];
	(void)snprintf(sql, sizeof(sql),
		       "SELECT coalesce(min(day), 2147483647) FROM strand WHERE day > %d", day);
	return (int32_t)testbed_number(&w->testbed, sql);
}

static void derive_all(struct world *w)
{
	for (int32_t day = INT32_MIN, at; (at = day_after(w, day)) != INT32_MAX;) {
		begin(w);
		must(w, next_freeze(w->testbed.db, at, &w->testbed.err), "freeze");
		day_derive(w, at);
		if (!killed(w))
			day = at;
		meanwhile(w, "while deriving");
	}
	begin(w);
	must(w, next_freeze(w->testbed.db, INT32_MAX, &w->testbed.err), "freeze");
	must(w, db_commit(w->testbed.db, &w->testbed.err), "commit");
}

static void catch_up(struct world *w)
{
	struct office_day stale;
	meanwhile(w, "derived");
	for (unsigned i = 0; i < 20; i++) {
		begin(w);
		int rc = next_stale(w->testbed.db, &stale, &w->testbed.err);
		must(w, rc, "stale");
		if (rc == 1)
			stale_take(w, &stale);
		(void)killed(w);
		meanwhile(w, "while catching up");
	}
}

static void switch_over(struct world *w)
{
	struct office_day stale;
	do {
		begin(w);
		while (next_stale(w->testbed.db, &stale, &w->testbed.err) == 1)
			stale_take(w, &stale);
		n_kept += (size_t)testbed_number(&w->testbed, "SELECT count(*) FROM rollup_next");
		assert_int_equal(change_apply(w), 0);
		must(w, next_switch(w->testbed.db, &w->testbed.err), "switch");
	} while (killed(w));
	next_close(w);
	testbed_refresh(&w->testbed);
}

static void settle(struct world *w)
{
	unsigned left = 1;
	if (chance(w->dice, 30))
		assert_right(w, "switched");
	while (left) {
		meanwhile(w, "while settling");
		begin(w);
		must(w,
		     next_settle(w->testbed.db, (unsigned)dice_between(w->dice, 1, 40), &left,
				 &w->testbed.err),
		     "settle");
		n_settled_between += left;
		if (killed(w))
			left = 1;
	}
	assert_int_equal(testbed_number(&w->testbed, "SELECT count(*) FROM rollup_next"), 0);
	assert_int_equal(testbed_number(&w->testbed, "SELECT count(*) FROM stale"), 0);
	assert_int_equal(
		testbed_number(&w->testbed, "SELECT count(*) FROM fact WHERE name = 'rollup_next'"),
		0);
}

static void change_through(struct world *w)
{
	if (!change_make(w))
		return;
	n_changes++;
	begin(w);
	must(w, next_begin(w->testbed.db, &w->testbed.err), "begin");
	must(w, db_commit(w->testbed.db, &w->testbed.err), "commit");
	derive_all(w);
	catch_up(w);
	switch_over(w);
	settle(w);
	assert_right(w, "settled");
	reference_close(w->after);
	w->after = NULL;
}

static void changed_while_batches_come(struct dice *dice, void *context)
{
	struct world w = { .dice = dice };
	(void)context;
	history_make(&w.h, dice, BATCHES);
	history_open(&w.h, &w.testbed);
	w.posted = w.h.n / 3;
	history_post_part(&w.h, &w.testbed, 0, w.posted);
	change_through(&w);
	if (chance(dice, 30))
		change_through(&w);
	history_post_part(&w.h, &w.testbed, w.posted, w.h.n);
	assert_right(&w, "at the end");
	next_close(&w);
	testbed_close(&w.testbed);
	history_free(&w.h);
}

static void pages_in_force_are_the_journals_throughout_a_change(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, changed_while_batches_come, NULL);
	print_message("%zu changes, %zu stale offices' days, %zu days anew, %zu next pages\n",
		      n_changes, n_stale, n_anew, n_kept);
	print_message("%zu damaged pages, %zu days that therefore were made anew\n", n_damaged,
		      n_fell);
	assert_true(seeds_given() || (n_changes > SEEDS && n_stale > SEEDS &&
				      n_settled_between > SEEDS && n_fell > 0));
}

/* --- one thing at a time --- */

/* A province with some batches posted, and a change of its catalogue. */
static void world_open(struct world *w, struct dice *dice)
{
	*w = (struct world){ .dice = dice };
	history_make(&w->h, dice, BATCHES);
	history_open(&w->h, &w->testbed);
	w->posted = w->h.n / 2;
	history_post_part(&w->h, &w->testbed, 0, w->posted);
	do {
		reference_close(w->after);
		w->after = NULL;
		*w->catalogue = '\0';
		change_catalogue(w);
	} while (!change_load(w) || strcmp(w->catalogue, w->h.catalogue) == 0);
}

static void world_close(struct world *w)
{
	reference_close(w->after);
	next_close(w);
	testbed_close(&w->testbed);
	history_free(&w->h);
}

static void do_begin(struct world *w)
{
	must(w, next_begin(w->testbed.db, &w->testbed.err), "begin");
}

/* Every day, in the state in which nothing came meanwhile. */
static void do_derive(struct world *w)
{
	do_begin(w);
	must(w, next_freeze(w->testbed.db, INT32_MAX, &w->testbed.err), "freeze");
	for (int32_t day = INT32_MIN; (day = day_after(w, day)) != INT32_MAX;)
		day_anew(w, day);
}

static void do_switch(struct world *w)
{
	do_derive(w);
	begin(w);
	assert_int_equal(change_apply(w), 0);
	must(w, next_switch(w->testbed.db, &w->testbed.err), "switch");
	must(w, db_commit(w->testbed.db, &w->testbed.err), "commit");
	testbed_refresh(&w->testbed);
}

static enum next_state state_of(struct world *w)
{
	struct next next;
	must(w, next_read(w->testbed.db, &next, &w->testbed.err), "state");
	return next.state;
}

static void steps_out_of_turn_are_refused(void **state)
{
	struct dice dice = dice_seeded(3);
	struct world w;
	struct next next;
	struct office_day stale;
	unsigned left = 7;
	(void)state;
	world_open(&w, &dice);
	sqlite3 *db = w.testbed.db;
	struct err *err = &w.testbed.err;
	assert_int_equal(next_freeze(db, 1, err), -EINVAL);
	assert_int_equal(next_switch(db, err), -EINVAL);
	assert_int_equal(next_abandon(db, err), -EINVAL);
	assert_int_equal(next_settle(db, 1, &left, err), 0);
	assert_int_equal(left, 0);
	assert_int_equal(next_mark_day(db, 5, err), 0);
	assert_int_equal(next_stale(db, &stale, err), 0);

	do_begin(&w);
	assert_int_equal(next_begin(db, err), -EBUSY);
	assert_int_equal(next_freeze(db, 10, err), 0);
	assert_int_equal(next_freeze(db, 9, err), 0);
	assert_int_equal(next_read(db, &next, err), 0);
	assert_int_equal(next.frozen, 10);
	assert_int_equal(next_mark_day(db, 11, err), 0);
	assert_int_equal(next_stale(db, &stale, err), 0);
	assert_int_equal(next_mark_day(db, 10, err), 0);
	assert_int_equal(next_stale(db, &stale, err), 1);
	assert_int_equal(stale.day, 10);
	assert_int_equal(stale.office, NEXT_WHOLE_DAY);
	assert_int_equal(next_switch(db, err), -EBUSY);
	assert_int_equal(next_fresh(db, &stale, err), 0);
	assert_int_equal(next_switch(db, err), 0); /* nothing is to be brought over */
	assert_int_equal(state_of(&w), NEXT_NONE);

	do_switch(&w);
	assert_int_equal(state_of(&w), NEXT_SETTLING);
	assert_int_equal(next_begin(db, err), -EBUSY);
	assert_int_equal(next_abandon(db, err), -EINVAL);
	world_close(&w);
}

/* By what is to be it may not count, and what came before it may have been held. */
static void a_figure_that_comes_again_unchanged_makes_its_day_stale(void **state)
{
	static const char *const days[] = { "2025-01-01", "2025-01-02", "2025-01-03" };
	struct dice dice = dice_seeded(9);
	struct world w = { .dice = &dice };
	(void)state;
	testbed_open(
		&w.testbed,
		"code,name,level,parent,valid_from,valid_to\nC1,C,commune,,2000-01-01,\n",
		"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,"
		"carry,level,due_days,min,max,calendar\n"
		"m,x,x,x,flow,sum,sum,day,,0,0,commune,3,,,civil\n",
		NULL, false);
	struct testbed_spool spool = {
		.office = testbed_office(&w.testbed, "o", "C1", DAY_OF_2025 - 100), .id = 1
	};
	testbed_refresh(&w.testbed);
	for (size_t i = 0; i < 3; i++)
		testbed_record(&w.testbed, &spool, "m", "", days[i], 5, 0);
	do_begin(&w);
	must(&w, next_freeze(w.testbed.db, DAY_OF_2025 + 1, &w.testbed.err), "freeze");
	for (size_t i = 0; i < 3; i++)
		testbed_record(&w.testbed, &spool, "m", "", days[i], 5, 0);
	assert_int_equal(testbed_number(&w.testbed, "SELECT count(*) FROM rollup_next"), 0);
	assert_int_equal(testbed_number(&w.testbed, "SELECT count(*) FROM stale"), 2);
	assert_int_equal(testbed_number(&w.testbed, "SELECT max(day) FROM stale"), DAY_OF_2025 + 1);
	testbed_close(&w.testbed);
}

static void a_change_that_is_abandoned_leaves_nothing(void **state)
{
	struct dice dice = dice_seeded(4);
	struct world w;
	(void)state;
	world_open(&w, &dice);
	do_derive(&w);
	history_post_part(&w.h, &w.testbed, w.posted, w.h.n);
	sqlite3 *db = w.testbed.db;
	assert_true(testbed_number(&w.testbed, "SELECT count(*) FROM rollup_next") > 0);
	assert_true(testbed_number(&w.testbed, "SELECT count(*) FROM stale") > 0);
	assert_int_equal(next_abandon(db, &w.testbed.err), 0);
	assert_int_equal(state_of(&w), NEXT_NONE);
	assert_int_equal(testbed_number(&w.testbed, "SELECT count(*) FROM rollup_next"), 0);
	assert_int_equal(testbed_number(&w.testbed, "SELECT count(*) FROM stale"), 0);
	assert_right(&w, "abandoned");
	world_close(&w);
}

static void making_all_anew_ends_what_lay_over_it(void **state)
{
	(void)state;
	for (uint64_t settling = 0; settling <= 1; settling++) {
		struct dice dice = dice_seeded(5 + settling);
		struct world w;
		world_open(&w, &dice);
		(settling ? do_switch : do_derive)(&w);
		assert_int_equal(state_of(&w), settling ? NEXT_SETTLING : NEXT_DERIVING);
		must(&w, rebuild_store(w.testbed.db, &w.testbed.err), "rebuild");
		ledger_forget(w.testbed.ledger);
		assert_int_equal(state_of(&w), NEXT_NONE);
		assert_int_equal(testbed_number(&w.testbed, "SELECT count(*) FROM rollup_next"), 0);
		assert_right(&w, "made anew");
		world_close(&w);
	}
}

/* The last batch that comes touches a page that a disk damaged: made again as it was before, that
 * is how it is kept. */
static void a_page_is_kept_as_it_was_before_a_disk_damaged_it(void **state)
{
	struct dice dice = dice_seeded(6);
	struct world w;
	(void)state;
	world_open(&w, &dice);
	do_begin(&w);
	must(&w, next_freeze(w.testbed.db, INT32_MAX, &w.testbed.err), "freeze");
	testbed_exec(&w.testbed, "CREATE TABLE saved AS SELECT * FROM rollup");
	testbed_exec(&w.testbed, "UPDATE rollup SET page = x'ff'");
	history_post_part(&w.h, &w.testbed, w.posted, w.h.n);
	assert_true(testbed_number(&w.testbed,
				   "SELECT count(*) FROM rollup_next JOIN saved USING (grain, "
				   "bucket, node)") > 20);
	assert_int_equal(testbed_number(&w.testbed,
					"SELECT count(*) FROM rollup_next n JOIN saved s USING "
					"(grain, bucket, node) WHERE n.page <> s.page"),
			 0);
	assert_int_equal(testbed_number(&w.testbed,
					"SELECT count(*) FROM rollup_next n WHERE length(page) > 0"
					" AND NOT EXISTS (SELECT 1 FROM saved s WHERE s.grain ="
					" n.grain AND s.bucket = n.bucket AND s.node = n.node)"),
			 0);
	world_close(&w);
}

/* While a change settles, units' pages that are damaged are made of offices' pages in force. */
static void a_page_is_mended_from_those_in_force(void **state)
{
	size_t mended = 0;
	(void)state;
	for (uint64_t seed = 0; seed < 10; seed++) {
		struct dice dice = dice_seeded(100 + seed);
		struct world w;
		struct table *table;
		world_open(&w, &dice);
		do_switch(&w);
		testbed_exec(&w.testbed, "UPDATE rollup SET page = x'ff' WHERE node < 0");
		testbed_exec(&w.testbed, "UPDATE rollup_next SET page = x'ff' WHERE node < 0 AND"
					 " length(page) > 0");
		history_post_part(&w.h, &w.testbed, w.posted, w.h.n);
		(void)testbed_verify(&w.testbed, &table);
		for (size_t i = 0; i < table_rows(table); i++) {
			const char *found = testbed_cell(table, i, "found");
			const char *where = testbed_cell(table, i, "where");
			if (strcmp(testbed_cell(table, i, "what"), "page") != 0 &&
			    strcmp(found, "nothing") != 0)
				fail_msg("seed %u: %s: found %s, expected %s", (unsigned)seed,
					 where, found, testbed_cell(table, i, "expected"));
		}
		table_close(table);
		mended += (size_t)testbed_number(
			&w.testbed, "SELECT count(*) FROM rollup WHERE node < 0 AND page <> x'ff'");
		world_close(&w);
	}
	assert_true(mended > 100);
}

/* To all metrics, by district and by office, as text. */
static void answers(struct world *w, struct blob *ret)
{
	char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
	*ret = (struct blob){ 0 };
	(void)day_format(w->h.base, from);
	(void)day_format(w->h.base + HISTORY_DAYS, to);
	for (size_t i = 0; i < HISTORY_METRICS; i++)
		for (int office = 0; office <= 1; office++) {
			const struct query query = { .name = w->h.names[i],
						     .by = office ? "office" : "district",
						     .from = from,
						     .to = to };
			struct table *table = NULL;
			must(w,
			     query_run(w->testbed.db, w->testbed.reference, &query, &table,
				       &w->testbed.err),
			     "query");
			assert_int_equal(table_json(table, ret), 0);
			table_close(table);
		}
}

/* The same answers however much of a change is brought over. */
static void questions_are_answered_by_what_is_in_force(void **state)
{
	size_t differ = 0;
	(void)state;
	for (uint64_t seed = 0; seed < 4; seed++) {
		struct dice dice = dice_seeded(200 + seed);
		struct world w;
		struct blob before, switched, settled;
		unsigned left = 1;
		world_open(&w, &dice);
		do_derive(&w);
		answers(&w, &before);
		must(&w, next_abandon(w.testbed.db, &w.testbed.err), "abandon");
		do_switch(&w);
		answers(&w, &switched);
		for (unsigned rows = 50; left; rows *= 4) {
			must(&w, next_settle(w.testbed.db, rows, &left, &w.testbed.err), "settle");
			answers(&w, &settled);
			assert_int_equal(settled.len, switched.len);
			assert_memory_equal(settled.data, switched.data, settled.len);
			blob_free(&settled);
		}
		differ += before.len != switched.len ||
			  memcmp(before.data, switched.data, before.len) != 0;
		blob_free(&before);
		blob_free(&switched);
		world_close(&w);
	}
	assert_true(differ > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_in_force_are_the_journals_throughout_a_change),
		cmocka_unit_test(steps_out_of_turn_are_refused),
		cmocka_unit_test(a_figure_that_comes_again_unchanged_makes_its_day_stale),
		cmocka_unit_test(a_change_that_is_abandoned_leaves_nothing),
		cmocka_unit_test(making_all_anew_ends_what_lay_over_it),
		cmocka_unit_test(a_page_is_kept_as_it_was_before_a_disk_damaged_it),
		cmocka_unit_test(a_page_is_mended_from_those_in_force),
		cmocka_unit_test(questions_are_answered_by_what_is_in_force),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
