/* Meters of offices: rates that are forgiven evenly, levels, and who was at which limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/office_limits.h"

#include <string.h>

#define A INT64_C(7)
#define B INT64_C(8)

struct fixture {
	struct limits limits;
	struct meters *meters;
};

static int setup(void **state)
{
	static struct fixture f;
	f.limits = limits_default();
	f.meters = meters_open(&f.limits);
	*state = &f;
	return f.meters ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	meters_close(f->meters);
	return 0;
}

static void each_limit_has_a_name_and_a_default_that_may_be_configured(void **state)
{
	struct fixture *f = *state;
	for (unsigned i = 0; i < LIMIT_COUNT; i++) {
		const struct limit_kind *kind = limit_kind((enum limit)i);
		assert_true(strlen(kind->name) > 0);
		assert_true(strlen(kind->what) > 0 && kind->least > 0);
		assert_true(f->limits.most[i] >= kind->least);
	}
	meters_close(NULL);
}

static void a_minute_holds_its_worth_and_not_one_more(void **state)
{
	struct fixture *f = *state;
	f->limits.most[LIMIT_REFUSED] = 60;
	for (int i = 0; i < 60; i++)
		assert_true(meters_take(f->meters, A, LIMIT_REFUSED, 1, 1000));
	assert_false(meters_take(f->meters, A, LIMIT_REFUSED, 1, 1000));
	assert_true(meters_take(f->meters, B, LIMIT_REFUSED, 1, 1000)); /* another is not touched */
	assert_false(meters_take(f->meters, A, LIMIT_REFUSED, 1, 1999));
	assert_true(
		meters_take(f->meters, A, LIMIT_REFUSED, 1, 2000)); /* one a second comes back */
	assert_false(meters_take(f->meters, A, LIMIT_REFUSED, 1, 2000));
	assert_true(meters_take(f->meters, A, LIMIT_REFUSED, 60, 62000));
	assert_int_equal(meters_read(f->meters, A, LIMIT_REFUSED, 62000).hits, 3);
}

static void whoever_asks_for_more_than_a_minute_gets_it_from_a_full_bucket(void **state)
{
	struct fixture *f = *state;
	f->limits.most[LIMIT_BYTES] = 1000;
	assert_true(meters_take(f->meters, A, LIMIT_BYTES, UINT64_MAX, 5));
	assert_false(meters_take(f->meters, A, LIMIT_BYTES, 1, 5));
	assert_false(meters_take(f->meters, A, LIMIT_BYTES, 5000, 60004));
	assert_true(meters_take(f->meters, A, LIMIT_BYTES, 5000, 60005));
}

static void slowness_is_asked_for_until_a_share_of_it_is_there(void **state)
{
	struct fixture *f = *state;
	f->limits.most[LIMIT_BYTES] = 6000;
	assert_int_equal(meters_wait_ms(f->meters, A, LIMIT_BYTES, 50, 0), 0);
	assert_true(meters_take(f->meters, A, LIMIT_BYTES, 3000, 0));
	assert_int_equal(meters_wait_ms(f->meters, A, LIMIT_BYTES, 50, 0), 0);
	assert_true(meters_take(f->meters, A, LIMIT_BYTES, 600, 0));
	assert_int_equal(meters_wait_ms(f->meters, A, LIMIT_BYTES, 50, 0), 6000);
	assert_int_equal(meters_wait_ms(f->meters, A, LIMIT_BYTES, 50, 5999), 1);
	assert_int_equal(meters_wait_ms(f->meters, A, LIMIT_BYTES, 50, 6000), 0);
}

static void what_is_spent_afterwards_shuts_the_next_out(void **state)
{
	struct fixture *f = *state;
	f->limits.most[LIMIT_REFUSED] = 16;
	for (int i = 0; i < 100; i++)
		meters_spend(f->meters, A, LIMIT_REFUSED, 1, 0);
	assert_false(meters_open_to(f->meters, A, LIMIT_REFUSED, 3749));
	assert_true(
		meters_open_to(f->meters, A, LIMIT_REFUSED, 3750)); /* a sixteenth of a minute */
	assert_true(meters_open_to(f->meters, B, LIMIT_REFUSED, 0));
}

static void a_level_has_its_most_until_one_leaves(void **state)
{
	struct fixture *f = *state;
	f->limits.most[LIMIT_WAITING] = 2;
	assert_true(meters_enter(f->meters, A, LIMIT_WAITING, 0));
	assert_true(meters_enter(f->meters, A, LIMIT_WAITING, 0));
	assert_false(meters_enter(f->meters, A, LIMIT_WAITING, 999999));
	meters_leave(f->meters, A, LIMIT_WAITING);
	assert_true(meters_enter(f->meters, A, LIMIT_WAITING, 0));
	for (int i = 0; i < 9; i++)
		meters_leave(f->meters, A, LIMIT_WAITING);
	assert_int_equal(meters_read(f->meters, A, LIMIT_WAITING, 0).used, 0);
}

static void a_clock_that_goes_back_gives_nothing_away_and_takes_nothing(void **state)
{
	struct fixture *f = *state;
	f->limits.most[LIMIT_REFUSED] = 60;
	assert_true(meters_take(f->meters, A, LIMIT_REFUSED, 60, 100000));
	assert_false(meters_take(f->meters, A, LIMIT_REFUSED, 1, 0));
	assert_true(meters_take(f->meters, A, LIMIT_REFUSED, 1, 101000));
}

static void those_at_a_limit_are_counted_and_the_last_is_named_for_a_while(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(meters_report(f->meters, 5000).n, 0);
	for (int64_t office = 1; office <= 1000; office++)
		if (office % 10 == 0)
			meters_hit(f->meters, office, LIMIT_SPOOLS, 4000 + (uint64_t)office);
		else
			assert_true(meters_take(f->meters, office, LIMIT_BYTES, 1, 5000));
	meters_hit(f->meters, 510, LIMIT_HELD, 6000);
	struct limit_report report = meters_report(f->meters, 6000);
	assert_int_equal(report.n, 100);
	assert_int_equal(report.who, 510);
	assert_int_equal(report.limit, LIMIT_HELD);
	assert_int_equal(report.until_ms, 6000 + LIMIT_SHOWN_MS);
	assert_int_equal(meters_report(f->meters, 5500 + LIMIT_SHOWN_MS).n, 1);
	assert_int_equal(meters_report(f->meters, 6000 + LIMIT_SHOWN_MS).n, 0);
	assert_int_equal(meters_read(f->meters, 10, LIMIT_SPOOLS, 1000000).hits, 1);
	assert_false(meters_read(f->meters, 10, LIMIT_SPOOLS, 1000000).now);
	assert_true(meters_read(f->meters, 10, LIMIT_SPOOLS, 5000).now);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_limit_has_a_name_and_a_default_that_may_be_configured),
		TEST(a_minute_holds_its_worth_and_not_one_more),
		TEST(whoever_asks_for_more_than_a_minute_gets_it_from_a_full_bucket),
		TEST(slowness_is_asked_for_until_a_share_of_it_is_there),
		TEST(what_is_spent_afterwards_shuts_the_next_out),
		TEST(a_level_has_its_most_until_one_leaves),
		TEST(a_clock_that_goes_back_gives_nothing_away_and_takes_nothing),
		TEST(those_at_a_limit_are_counted_and_the_last_is_named_for_a_while),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
