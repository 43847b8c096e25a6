#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journal/day_index.h"
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_entry_leads_to_the_one_before_of_its_strand),
		TEST(offices_in_each_others_way_lose_nothing),
	};
	return cmocka_run_group_tests_name("day_index", tests, NULL, NULL);
}
