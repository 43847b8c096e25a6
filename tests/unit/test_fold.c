#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "rollup/fold.h"
#include "rollup/rebuild.h"
#include "support/history.h"
#include "support/seeds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS   24 /* with sanitizers; ./check runs 100 without, tests/long 500 */
#define BATCHES 50

static void assert_same_rollups(struct testbed *a, struct testbed *b)
{
	struct blob left, right;
	testbed_rollups(a, &left);
	testbed_rollups(b, &right);
	assert_int_equal(left.len, right.len);
	assert_memory_equal(left.data, right.data, left.len);
	blob_free(&left);
	blob_free(&right);
}

static void assert_verified(struct testbed *testbed)
{
	struct table *table;
	uint64_t n = testbed_verify(testbed, &table);
	if (n > 0)
		fail_msg("%s: %s: found %s, expected %s", testbed_cell(table, 0, "what"),
			 testbed_cell(table, 0, "where"), testbed_cell(table, 0, "found"),
			 testbed_cell(table, 0, "expected"));
	table_close(table);
}

/* Nothing is another than it must be, but for so many entries that are in no list: this ledger has
 * had events all the while, so that they should be. */
static void assert_unlisted(struct testbed *testbed, size_t entries)
{
	struct table *table;
	assert_int_equal(testbed_verify(testbed, &table), entries);
	for (size_t i = 0; i < table_rows(table); i++)
		assert_string_equal(testbed_cell(table, i, "what"), "strand");
	table_close(table);
}

/* The same batches, office by office, in one commit. */
static void post_by_office(struct history *h, struct testbed *testbed)
{
	struct testbed_batch *order = malloc(h->n * sizeof(*order));
	size_t n = 0;
	assert_non_null(order);
	for (int64_t office = HISTORY_OFFICES; office >= 1; office--)
		for (size_t i = 0; i < h->n; i++)
			if (h->batches[i].office == office)
				order[n++] = h->batches[i];
	testbed_commit(testbed, order, n);
	free(order);
}

static void by_groups_and_by_office(struct dice *dice, void *context)
{
	struct history h;
	struct testbed mixed, sorted;
	(void)context;
	history_make(&h, dice, BATCHES);
	history_open(&h, &mixed);
	history_open(&h, &sorted);
	history_post(&h, &mixed);
	post_by_office(&h, &sorted);
	assert_same_rollups(&mixed, &sorted);
	testbed_close(&sorted);
	testbed_close(&mixed);
	history_free(&h);
}

static void grouping_and_interleaving_make_no_difference(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, by_groups_and_by_office, NULL);
}

static void assert_rebuild_changes_nothing(struct testbed *testbed)
{
	struct blob before, after;
	testbed_rollups(testbed, &before);
	assert_int_equal(rebuild_pages(testbed->db, testbed->reference, NULL, NULL, &testbed->err),
			 0);
	testbed_rollups(testbed, &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	blob_free(&before);
	blob_free(&after);
}

static void rebuilt_and_verified(struct dice *dice, void *context)
{
	struct history h;
	struct testbed testbed;
	struct oracle oracle;
	(void)context;
	history_make(&h, dice, BATCHES);
	history_open(&h, &testbed);
	history_post(&h, &testbed);
	assert_verified(&testbed);
	assert_rebuild_changes_nothing(&testbed);
	assert_int_equal(testbed_number(&testbed, "SELECT count(*) FROM journal"), h.n);
	history_tell(&h, &testbed, INT64_MAX, &oracle);
	assert_int_equal(
		testbed_number(&testbed, "SELECT coalesce(sum(observations), 0) FROM quarantine"),
		oracle.held);
	oracle_free(&oracle);
	testbed_close(&testbed);
	history_free(&h);
}

static void ordered_and_rebuilt(struct dice *dice, void *context)
{
	struct history h;
	struct testbed testbed;
	struct oracle oracle;
	const bool *imports = context;
	history_make(&h, dice, BATCHES);
	h.stepwise = *imports && dice_below(dice, 2);
	if (*imports) {
		history_in_order(&h, 1000000);
		history_make_all_acts(&h, dice_below(dice, 25) + 1);
	} else {
		history_make_acts(&h, dice_below(dice, 25) + 1);
	}
	history_open(&h, &testbed);
	history_post(&h, &testbed);
	assert_int_equal(h.n_done, h.n_acts);
	assert_verified(&testbed);
	assert_rebuild_changes_nothing(&testbed);
	history_tell(&h, &testbed, INT64_MAX, &oracle);
	assert_int_equal(testbed_number(&testbed, "SELECT coalesce(sum(observations), 0) FROM "
						  "quarantine WHERE released_us IS NULL"),
			 oracle.held);
	oracle_free(&oracle);
	testbed_close(&testbed);
	history_free(&h);
}

static void moves_closings_and_releases_leave_what_the_journal_gives(void **state)
{
	(void)state;
	oracle_met = (struct oracle_met){ 0 };
	for_all_seeds(100, ordered_and_rebuilt,
		      &(bool){ false }); /* machines that were set back are rare */
	print_message("met: %" PRIu64 " older than what was there, %" PRIu64
		      " of them than what a copy said, %" PRIu64 " let in, %" PRIu64 " the same\n",
		      oracle_met.older, oracle_met.older_than_copy, oracle_met.older_let_in,
		      oracle_met.same);
	assert_true(seeds_given() || (oracle_met.older > 50 && oracle_met.older_than_copy > 10 &&
				      oracle_met.older_let_in > 0 && oracle_met.same > 5));
}

/* Units, successors, catalogue, code lists and names too, at once and in steps. */
static void imports_leave_what_the_journal_gives(void **state)
{
	(void)state;
	oracle_met = (struct oracle_met){ 0 };
	for_all_seeds(40, ordered_and_rebuilt, &(bool){ true });
	print_message("met: %" PRIu64 " without their label in a list\n", oracle_met.unlisted);
	assert_true(seeds_given() || oracle_met.unlisted > 10);
}

static void the_rollups_are_what_the_journal_gives(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, rebuilt_and_verified, NULL);
}

/* As a disk from before the day index goes on: its entries, found by their index, and those that
 * came since. */
static void posted_over_an_upgrade(struct dice *dice, void *context)
{
	struct history h;
	struct testbed testbed;
	size_t before;
	(void)context;
	history_make(&h, dice, BATCHES);
	history_make_acts(&h, dice_below(dice, 25) + 1);
	history_open(&h, &testbed);
	before = (size_t)dice_below(dice, h.n + 1);
	history_post_part(&h, &testbed, 0, before);
	testbed_exec(&testbed, "UPDATE journal SET back = NULL");
	history_post_part(&h, &testbed, before, h.n);
	assert_int_equal(
		testbed_number(&testbed, "SELECT count(*) FROM journal WHERE back IS NULL"),
		before);
	assert_unlisted(&testbed, before);
	assert_rebuild_changes_nothing(&testbed);
	testbed_close(&testbed);
	history_free(&h);
}

static void entries_from_before_the_day_index_count_as_all_others(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, posted_over_an_upgrade, NULL);
}

/* --- what the ledger keeps in memory from one commit to the next --- */

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\nD,d,commune,P,2020-01-01,\n"
#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\na,a,a,a,flow,sum,sum,hour,,0,0,commune,1,,\n"

static void post_hour(struct testbed *testbed, struct testbed_spool *spool, uint16_t hour)
{
	int32_t day = day_from_civil(2025, 6, 2);
	struct testbed_figure figure = {
		.metric = "a", .labels = "", .grain = GRAIN_HOUR, .nth = hour, .value_e = 1 + hour
	};
	struct testbed_batch batch;
	testbed_seal(spool, day, &figure, 1, civil_day_start_us(day + 1), &batch);
	testbed_commit(testbed, &batch, 1);
	blob_free(&batch.payload);
}

static void pages_that_others_wrote_between_commits_are_read_again(void **state)
{
	struct testbed testbed;
	int32_t day = day_from_civil(2025, 6, 2);
	(void)state;
	testbed_open(&testbed, UNITS, CATALOGUE, NULL, false);
	struct testbed_spool spool = { .office = testbed_office(&testbed, "x", "C", day - 9),
				       .id = 7 };
	testbed_refresh(&testbed);
	post_hour(&testbed, &spool, 1);
	assert_true(testbed_order_move(&testbed, "x", "D", day));
	post_hour(&testbed, &spool, 2); /* D's page is another than the ledger knows */
	assert_verified(&testbed);
	assert_true(testbed_order_move(&testbed, "x", "C", day));
	post_hour(&testbed, &spool, 3); /* and C's is gone and back */
	assert_verified(&testbed);
	post_hour(&testbed, &spool, 2); /* played again, and as it was */
	assert_verified(&testbed);
	testbed_close(&testbed);
}

/* --- pages that a disk damaged --- */

/* What is no page, three times, and what is one that says more on time than there was. */
static const char *const damages[] = { "x'ff00ff'", "x'010300'",
				       "substr(page, 1, length(page) - 1)", "x'0102010205'" };

static void damage_some(struct dice *dice, struct testbed *testbed)
{
	char sql[256];
	testbed_exec(testbed, "CREATE TABLE saved AS SELECT *, page AS damaged FROM rollup");
	(void)snprintf(sql, sizeof(sql), "UPDATE saved SET damaged = %s WHERE abs(random()) %% 2",
		       damages[dice_below(dice, 4)]);
	testbed_exec(testbed, sql);
	testbed_exec(testbed,
		     "UPDATE rollup SET page = (SELECT damaged FROM saved s WHERE s.grain ="
		     " rollup.grain AND s.bucket = rollup.bucket AND s.node = rollup.node)");
}

/* Those that nobody has touched since. */
static void mend_the_rest(struct testbed *testbed)
{
	testbed_exec(testbed,
		     "UPDATE rollup SET page = (SELECT page FROM saved s WHERE s.grain ="
		     " rollup.grain AND s.bucket = rollup.bucket AND s.node = rollup.node) WHERE"
		     " EXISTS (SELECT 1 FROM saved s WHERE s.grain = rollup.grain AND s.bucket ="
		     " rollup.bucket AND s.node = rollup.node AND s.damaged = rollup.page AND"
		     " s.damaged <> s.page)");
	testbed_exec(testbed, "DROP TABLE saved");
}

/* Half of all pages are damaged before each few batches and orders; those that these touch are made
 * again as they read them. */
static void with_damage(struct dice *dice, void *context)
{
	struct history h;
	struct testbed testbed;
	int64_t *mended = context;
	history_make(&h, dice, BATCHES);
	history_make_acts(&h, 6);
	history_open(&h, &testbed);
	for (size_t from = 0; from < h.n; from += 5) {
		damage_some(dice, &testbed);
		history_post_part(&h, &testbed, from, from + 5 < h.n ? from + 5 : h.n);
		mend_the_rest(&testbed);
	}
	assert_verified(&testbed);
	*mended += testbed_number(&testbed, "SELECT count(*) FROM audit WHERE what ="
					    " 'pages made anew' AND detail LIKE 'damaged pages=%'");
	testbed_close(&testbed);
	history_free(&h);
}

static void damaged_pages_are_made_again_as_they_are_met(void **state)
{
	(void)state;
	int64_t mended = 0;
	for_all_seeds(40, with_damage, &mended);
	assert_true(mended > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grouping_and_interleaving_make_no_difference),
		cmocka_unit_test(the_rollups_are_what_the_journal_gives),
		cmocka_unit_test(pages_that_others_wrote_between_commits_are_read_again),
		cmocka_unit_test(entries_from_before_the_day_index_count_as_all_others),
		cmocka_unit_test(moves_closings_and_releases_leave_what_the_journal_gives),
		cmocka_unit_test(imports_leave_what_the_journal_gives),
		cmocka_unit_test(damaged_pages_are_made_again_as_they_are_met),
	};
	return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
