/* The province's clock is set to and fro: what the journal has as known stays so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journal/journal_clock.h"
#include "schema/chain.h"

#define DAY_US INT64_C(86400000000)
#define NOW_US INT64_C(1764331200000000) /* 2025-11-28 */

static int64_t wall_us;
static bool vouched;

static int64_t wall(void)
{
	return wall_us;
}

static bool vouches(void)
{
	return vouched;
}

static struct journal_clock clock_at(int64_t newest_us, int64_t at_us, bool synchronised)
{
	wall_us = at_us;
	vouched = synchronised;
	return (struct journal_clock){ .newest_us = newest_us,
				       .wall_us = wall,
				       .vouched = vouches };
}

static void a_clock_that_goes_on_is_the_time(void **state)
{
	struct journal_clock clock = clock_at(NOW_US, NOW_US + 1, false);
	(void)state;
	assert_int_equal(journal_clock_now_us(&clock), NOW_US + 1);
	assert_int_equal(journal_clock_told_us(&clock), NOW_US + 1);
	assert_int_equal(journal_clock_behind_us(&clock), 0);
	clock = clock_at(0, NOW_US, false); /* an empty province */
	assert_int_equal(journal_clock_now_us(&clock), NOW_US);
	assert_int_equal(journal_clock_told_us(&clock), NOW_US);
}

static void a_clock_set_back_is_not_believed_and_not_told(void **state)
{
	struct journal_clock clock = clock_at(NOW_US, NOW_US - 30 * DAY_US, false);
	(void)state;
	assert_int_equal(journal_clock_now_us(&clock), NOW_US);
	assert_int_equal(journal_clock_told_us(&clock), 0);
	assert_int_equal(journal_clock_behind_us(&clock), 30 * DAY_US);
	/* corrected by a little: time stands still for as long, and offices may hear it */
	clock = clock_at(NOW_US, NOW_US - JOURNAL_CLOCK_BEHIND_US + 1, false);
	assert_int_equal(journal_clock_now_us(&clock), NOW_US);
	assert_int_equal(journal_clock_told_us(&clock), wall_us);
	assert_int_equal(journal_clock_behind_us(&clock), 0);
}

static void a_synchronised_clock_is_believed_against_the_journal(void **state)
{
	struct journal_clock clock = clock_at(NOW_US + 365 * DAY_US, NOW_US, true);
	(void)state;
	assert_int_equal(journal_clock_now_us(&clock), NOW_US);
	assert_int_equal(journal_clock_told_us(&clock), NOW_US);
	assert_int_equal(journal_clock_behind_us(&clock), 0);
}

/* A dead battery leads back to the past, a mistyped year into the future: from there the ledger
 * could not come back. */
static void a_jump_ahead_is_held_and_not_told(void **state)
{
	struct journal_clock clock = clock_at(NOW_US, NOW_US + LEDGER_JUMP_US + 1, false);
	(void)state;
	assert_int_equal(journal_clock_now_us(&clock), NOW_US);
	assert_int_equal(journal_clock_told_us(&clock), 0);
	assert_int_equal(journal_clock_ahead_us(&clock), LEDGER_JUMP_US + 1);
	assert_int_equal(journal_clock_behind_us(&clock), 0);
	clock = clock_at(NOW_US, NOW_US + LEDGER_JUMP_US, false); /* switched off for a year */
	assert_int_equal(journal_clock_now_us(&clock), wall_us);
	assert_int_equal(journal_clock_ahead_us(&clock), 0);
	clock = clock_at(NOW_US, NOW_US + 20 * LEDGER_JUMP_US, true); /* it is so */
	assert_int_equal(journal_clock_now_us(&clock), wall_us);
	assert_int_equal(journal_clock_told_us(&clock), wall_us);
	assert_int_equal(journal_clock_ahead_us(&clock), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_goes_on_is_the_time),
		cmocka_unit_test(a_clock_set_back_is_not_believed_and_not_told),
		cmocka_unit_test(a_synchronised_clock_is_believed_against_the_journal),
		cmocka_unit_test(a_jump_ahead_is_held_and_not_told),
	};
	return cmocka_run_group_tests_name("journal_clock", tests, NULL, NULL);
}
