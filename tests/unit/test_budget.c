#include "support/seeds.h"
#include "uplink/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HOUR_MS   UINT64_C(3600000)
#define SPENDINGS 500

struct spending {
	uint64_t at_ms;
	size_t bytes;
};

static uint64_t spent_since(const struct spending list[], size_t n, uint64_t from_ms)
{
	uint64_t sum = 0;
	for (size_t i = n; i > 0 && list[i - 1].at_ms > from_ms; i--)
		sum += list[i - 1].bytes;
	return sum;
}

/* Whoever spends as soon as it is allowed goes over in no hour; and is kept waiting for no more
 * than the minute that an hour's edge lies in. */
static void check_hours(struct dice *dice, void *context)
{
	(void)context;
	struct budget budget = { .per_hour = 16384 + (uint32_t)dice_below(dice, 1 << 20) };
	static struct spending list[SPENDINGS];
	uint64_t now_ms = dice_below(dice, 10 * HOUR_MS);
	for (size_t i = 0; i < SPENDINGS; i++) {
		size_t bytes = 1 + dice_below(dice, dice_below(dice, 2) ? 1000 : 12000);
		uint64_t when_ms = budget_when(&budget, now_ms, bytes);
		assert_true(when_ms >= now_ms);
		if (when_ms > now_ms) { /* a minute earlier there was no room indeed */
			uint64_t before = when_ms - 1 > HOUR_MS + 60000 ? when_ms - 1 : 0;
			assert_true(before == 0 ||
				    spent_since(list, i, before - HOUR_MS - 60000) + bytes >
					    budget.per_hour);
		}
		now_ms = when_ms;
		budget_spend(&budget, now_ms, bytes);
		list[i] = (struct spending){ now_ms, bytes };
		uint64_t from_ms = now_ms > HOUR_MS ? now_ms - HOUR_MS : 0;
		uint64_t sum = spent_since(list, i + 1, from_ms);
		assert_true(sum <= budget.per_hour);
		if (dice_below(dice, 20) == 0)
			now_ms += dice_below(dice, 3 * HOUR_MS);
		else
			now_ms += dice_below(dice, 60000);
	}
}

static void no_hour_goes_over_whenever_it_begins(void **state)
{
	(void)state;
	for_all_seeds(200, check_hours, NULL);
}

static void without_a_limit_all_goes_at_once(void **state)
{
	(void)state;
	struct budget budget = { 0 };
	for (uint64_t i = 0; i < 100; i++) {
		assert_int_equal(budget_when(&budget, i, 1 << 30), i);
		budget_spend(&budget, i, 1 << 30);
	}
}

static void a_sleep_of_years_forgets_and_costs_nothing(void **state)
{
	(void)state;
	struct budget budget = { .per_hour = 16384 };
	budget_spend(&budget, 5, 16000);
	assert_true(budget_when(&budget, 6, 1000) > 6);
	uint64_t later_ms = 1000 * 24 * HOUR_MS;
	budget_spend(&budget, later_ms, 1);
	assert_int_equal(budget_when(&budget, later_ms, 12000), later_ms);
	budget_spend(&budget, later_ms, 16000);
	assert_true(budget_when(&budget, later_ms, 1000) > later_ms);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_hour_goes_over_whenever_it_begins),
		cmocka_unit_test(without_a_limit_all_goes_at_once),
		cmocka_unit_test(a_sleep_of_years_forgets_and_costs_nothing),
	};
	return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
