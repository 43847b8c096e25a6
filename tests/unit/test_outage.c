#include "sources/outage.h"
#include "support/seeds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S      INT64_C(1000000)
#define MINUTE (60 * S)

static void a_line_that_is_down_is_counted_minute_by_minute(void **state)
{
	struct outage outage;
	(void)state;
	outage_begin(&outage, 1000 * S, false);
	for (int64_t i = 1; i <= 5; i++) {
		outage_look(&outage, 1000 * S + i * MINUTE, false, 500 * S);
		assert_int_equal(outage_take(&outage), 1);
	}
	outage_look(&outage, 1000 * S + 6 * MINUTE, true, 1000 * S + 5 * MINUTE + 30 * S);
	assert_int_equal(outage_take(&outage), 0); /* half a minute stays */
	outage_look(&outage, 1000 * S + 7 * MINUTE, false, 1000 * S + 6 * MINUTE + 30 * S);
	assert_int_equal(outage_take(&outage), 1);
}

static void what_cannot_be_kept_is_told_again(void **state)
{
	struct outage outage;
	(void)state;
	outage_begin(&outage, 0, false);
	outage_look(&outage, 2 * MINUTE, false, 0);
	uint32_t minutes = outage_take(&outage);
	assert_int_equal(minutes, 2);
	outage_give_back(&outage, minutes);
	outage_look(&outage, 3 * MINUTE, false, 0);
	assert_int_equal(outage_take(&outage), 3);
}

static void time_in_which_nobody_looked_is_not_known(void **state)
{
	struct outage outage;
	(void)state;
	outage_begin(&outage, 0, false);
	outage_look(&outage, 8 * 60 * MINUTE, false, 0); /* a night's sleep */
	assert_int_equal(outage_take(&outage), 0);
	outage_look(&outage, 8 * 60 * MINUTE + MINUTE, false, 0);
	assert_int_equal(outage_take(&outage), 1);
}

/* A line that changes at most once between two looks is counted to the microsecond. */
static void try_line(struct dice *dice, void *context)
{
	struct outage outage;
	int64_t now = dice_between(dice, 0, 1000 * S), since = now, down = 0, minutes = 0;
	bool up = dice_below(dice, 2);
	(void)context;
	outage_begin(&outage, now, up);
	for (unsigned i = 0; i < 200; i++) {
		int64_t step = dice_between(dice, 1, OUTAGE_GAP_US);
		int64_t change = now + dice_between(dice, 0, step);
		bool changes = dice_below(dice, 3) == 0;
		if (changes) {
			down += up ? now + step - change : change - now;
			up = !up;
			since = change;
		} else {
			down += up ? 0 : step;
		}
		now += step;
		outage_look(&outage, now, up, since);
		if (dice_below(dice, 2))
			minutes += outage_take(&outage);
	}
	minutes += outage_take(&outage);
	assert_int_equal(minutes, down / MINUTE);
}

static void the_minutes_are_those_that_were_down(void **state)
{
	(void)state;
	for_all_seeds(1000, try_line, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_that_is_down_is_counted_minute_by_minute),
		cmocka_unit_test(what_cannot_be_kept_is_told_again),
		cmocka_unit_test(time_in_which_nobody_looked_is_not_known),
		cmocka_unit_test(the_minutes_are_those_that_were_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
