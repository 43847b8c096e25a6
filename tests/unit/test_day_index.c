#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journal/day_index.h"
#include "support/history.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAYS    3u
#define OFFICES 6u
#define SLOTS   16384 /* as day_index.c: offices so far apart share one */

struct model { /* the newest entry of each office's day, as it must be */
	int64_t newest[DAYS][OFFICES];
	int64_t id;
};

struct fixture {
	struct testbed testbed;
	struct day_index *day_index;
	struct model now, kept; /* kept: at the last commit */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	testbed_open(&f->testbed, NULL, NULL, NULL, false);
	assert_non_null(f->day_index = day_index_open(f->testbed.db, &f->testbed.err));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	day_index_close(f->day_index);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

/* Half of them in the way of the other half. */
static int64_t office_id(unsigned office)
{
	return 1 + office / 2 + (int64_t)(office % 2) * SLOTS;
}

static void add(struct fixture *f, unsigned day, unsigned office)
{
	int64_t *newest = &f->now.newest[day][office], back = -1;
	assert_int_equal(day_index_add(f->day_index, (int32_t)day, office_id(office), ++f->now.id,
				       7, &back, &f->testbed.err),
			 0);
	assert_int_equal(back, *newest ? f->now.id - *newest : 0);
	*newest = f->now.id;
}

static void assert_kept(struct fixture *f)
{
	size_t n = 0;
	for (unsigned day = 0; day < DAYS; day++)
		for (unsigned office = 0; office < OFFICES; office++) {
			char sql[128];
			(void)snprintf(sql, sizeof(sql),
				       "SELECT coalesce(max(entry), 0) FROM strand"
				       " WHERE day = %u AND office = %lld",
				       day, (long long)office_id(office));
			assert_int_equal(testbed_number(&f->testbed, sql),
					 f->now.newest[day][office]);
			n += f->now.newest[day][office] > 0;
		}
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM strand"), n);
}

static void commit(struct fixture *f)
{
	assert_int_equal(day_index_flush(f->day_index, &f->testbed.err), 0);
	testbed_exec(&f->testbed, "COMMIT");
	f->kept = f->now;
	assert_kept(f);
}

static void roll_back(struct fixture *f)
{
	testbed_exec(&f->testbed, "ROLLBACK");
	day_index_forget(f->day_index);
	f->now = f->kept;
	assert_kept(f);
}

static void transactions(struct dice *dice, void *context)
{
	struct fixture *f = context;
	for (unsigned i = 0; i < 20; i++) {
		testbed_exec(&f->testbed, "BEGIN");
		for (uint64_t n = dice_below(dice, 30); n > 0; n--) {
			add(f, (unsigned)dice_below(dice, DAYS),
			    (unsigned)dice_below(dice, OFFICES));
			if (dice_below(dice, 10) == 0)
				assert_int_equal(day_index_flush(f->day_index, &f->testbed.err), 0);
		}
		if (dice_below(dice, 3) == 0)
			roll_back(f);
		else
			commit(f);
	}
}

static void each_entry_leads_to_the_one_before_of_its_strand(void **state)
{
	for_all_seeds(20, transactions, *state);
}

/* Two offices that share a slot, more often in turn than there are slots. */
static void offices_in_each_others_way_lose_nothing(void **state)
{
	struct fixture *f = *state;
	testbed_exec(&f->testbed, "BEGIN");
	for (unsigned i = 0; i < 2 * SLOTS + 2; i++)
		add(f, 0, i % 2);
	commit(f);
}

/* --- what a disk changed --- */

#define BATCHES 60

/* What a column becomes that holds numbers. */
static const char *const damages[] = { "x'0102'",
				       "x''",
				       "'text'",
				       "''",
				       "NULL",
				       "0",
				       "-1",
				       "1",
				       "1e-30",
				       "-1e-30",
				       "0.5",
				       "1e308",
				       "9223372036854775807",
				       "-9223372036854775807 - 1" };
#define DAMAGES (sizeof(damages) / sizeof(damages[0]))

/* A disk does not ask what a column may hold. */
static void columns_hold_anything(struct testbed *testbed)
{
	testbed_exec(testbed,
		     "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
		     " replace(replace(sql, ' STRICT', ''), 'entry INTEGER NOT NULL', 'entry "
		     "INTEGER') WHERE name IN ('journal', 'strand');"
		     " PRAGMA writable_schema = RESET");
}

/* How many ids the list of @office's @day names; one that has not ended after twice all that there
 * are never does. */
static int64_t listed(struct testbed *testbed, int64_t day, int64_t office)
{
	char sql[1024];
	(void)snprintf(sql, sizeof(sql),
		       DAY_INDEX_ENTRIES("%lld", "%lld") "SELECT count(*) FROM (SELECT id FROM"
							 " day_index_entries LIMIT %u)",
		       (long long)day, (long long)office, (long long)day, (long long)office,
		       2 * BATCHES);
	return testbed_number(testbed, sql);
}

static void any_place_damaged(struct dice *dice, void *context)
{
	struct history h;
	struct testbed testbed;
	char sql[256];
	(void)context;
	history_make(&h, dice, BATCHES);
	history_open(&h, &testbed);
	history_post(&h, &testbed);
	columns_hold_anything(&testbed);
	int64_t entries = testbed_number(&testbed, "SELECT max(id) FROM journal");
	assert_true(entries > 0 && entries <= BATCHES);
	int64_t id = dice_between(dice, 1, entries), day, office;
	(void)snprintf(sql, sizeof(sql), "SELECT day FROM journal WHERE id = %lld", (long long)id);
	day = testbed_number(&testbed, sql);
	(void)snprintf(sql, sizeof(sql), "SELECT office FROM journal WHERE id = %lld",
		       (long long)id);
	office = testbed_number(&testbed, sql);
	(void)snprintf(sql, sizeof(sql),
		       "SELECT count(*) FROM journal WHERE day = %lld AND office = %lld",
		       (long long)day, (long long)office);
	assert_int_equal(listed(&testbed, day, office), testbed_number(&testbed, sql));
	for (size_t i = 0; i < DAMAGES; i++) {
		(void)snprintf(sql, sizeof(sql),
			       "SAVEPOINT whole; UPDATE journal SET back = %s WHERE id = %lld",
			       damages[i], (long long)id);
		testbed_exec(&testbed, sql);
		assert_in_range(listed(&testbed, day, office), 1, entries);
		(void)snprintf(sql, sizeof(sql),
			       "UPDATE strand SET entry = %s WHERE day = %lld AND office = %lld",
			       damages[i], (long long)day, (long long)office);
		testbed_exec(&testbed, sql);
		assert_in_range(listed(&testbed, day, office), 0, entries);
		testbed_exec(&testbed, "ROLLBACK TO whole; RELEASE whole");
	}
	testbed_close(&testbed);
	history_free(&h);
}

static void a_damaged_list_ends(void **state)
{
	(void)state;
	for_all_seeds(20, any_place_damaged, NULL);
}

static void what_comes_after_damage_leads_to_an_older_entry_or_none(void **state)
{
	struct fixture *f = *state;
	columns_hold_anything(&f->testbed);
	for (size_t i = 0; i < DAMAGES; i++) {
		char sql[128];
		int64_t back = -1;
		(void)snprintf(sql, sizeof(sql),
			       "INSERT OR REPLACE INTO strand(day, office, entry) VALUES(0, 1, %s)",
			       damages[i]);
		day_index_forget(f->day_index);
		testbed_exec(&f->testbed, sql);
		assert_int_equal(day_index_add(f->day_index, 0, 1, 5, 7, &back, &f->testbed.err),
				 0);
		assert_in_range(back, 0, 4);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_entry_leads_to_the_one_before_of_its_strand),
		TEST(offices_in_each_others_way_lose_nothing),
		TEST(what_comes_after_damage_leads_to_an_older_entry_or_none),
		cmocka_unit_test(a_damaged_list_ends),
	};
	return cmocka_run_group_tests_name("day_index", tests, NULL, NULL);
}
