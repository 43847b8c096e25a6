/* How long things took, counted: nothing is lost, and each bound holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/histogram.h"
#include "support/seeds.h"

static void a_bound_holds_what_took_just_as_long(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
		struct histogram histogram = { 0 };
		histogram_add(&histogram, histogram_bounds_us[i]);
		assert_int_equal(histogram_upto(&histogram, i), 1);
		assert_int_equal(i ? histogram_upto(&histogram, i - 1) : 0, 0);
		histogram_add(&histogram, histogram_bounds_us[i] + 1);
		assert_int_equal(histogram_upto(&histogram, i), 1);
		assert_int_equal(histogram_upto(&histogram, i + 1), 2);
		assert_true(i == 0 || histogram_bounds_us[i] > histogram_bounds_us[i - 1]);
	}
}

/* Beside a plain count of what was added. */
static void counts(struct dice *dice, void *context)
{
	struct histogram histogram = { 0 };
	uint64_t upto[HISTOGRAM_BOUNDS + 1] = { 0 }, sum_us = 0, n = 1 + dice_below(dice, 200);
	(void)context;
	for (uint64_t k = 0; k < n; k++) {
		uint64_t us = dice_below(dice, UINT64_C(1) << dice_below(dice, 26));
		histogram_add(&histogram, us);
		sum_us += us;
		for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++)
			upto[i] += i == HISTOGRAM_BOUNDS || us <= histogram_bounds_us[i];
	}
	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++)
		assert_int_equal(histogram_upto(&histogram, i), upto[i]);
	assert_int_equal(histogram.n, n);
	assert_int_equal(histogram_upto(&histogram, HISTOGRAM_BOUNDS), n);
	assert_int_equal(histogram.sum_us, sum_us);
}

static void it_counts_as_one_would_by_hand(void **state)
{
	(void)state;
	for_all_seeds(50, counts, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bound_holds_what_took_just_as_long),
		cmocka_unit_test(it_counts_as_one_would_by_hand),
	};
	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
