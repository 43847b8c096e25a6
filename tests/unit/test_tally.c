#include "common/base/decimal.h"
#include "sources/tally.h"
#include "support/fault.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct err err;

static struct observation figure(const char *labels, int32_t minute, int64_t value_e)
{
	return (struct observation){ .metric = "m",
				     .labels = labels,
				     .period = { .grain = GRAIN_MINUTE, .number = minute },
				     .value_e = value_e };
}

/* The spool, as far as it matters: a value or none for each of a few series. */
#define SERIES 4u
struct model {
	bool has[SERIES];
	int64_t value_e[SERIES];
};
static const char *const names[SERIES] = { "a=1", "a=2", "a=3", "a=4" };

static void model_record(struct model *model, size_t s, const struct tally_slot *slot)
{
	int64_t value_e = slot->obs.value_e;
	if (slot->how == TALLY_ADD)
		value_e += model->has[s] ? model->value_e[s] : 0;
	else if (slot->how != TALLY_SET &&
		 tally_resolve(slot, model->has[s] ? &model->value_e[s] : NULL, &value_e, &err) < 0)
		return;
	model->has[s] = true;
	model->value_e[s] = value_e;
}

static size_t series_of(const struct observation *obs)
{
	size_t s = 0;
	while (strcmp(names[s], obs->labels) != 0)
		s++;
	return s;
}

static void model_flush(struct model *model, struct tally *tally)
{
	for (size_t i = 0; i < tally->n; i++)
		model_record(model, series_of(&tally->slots[i].obs), &tally->slots[i]);
	tally_clear(tally);
}

/* A series is set and changed, or only added to, or only its largest or smallest kept. */
static enum tally_how how_of(struct dice *dice, size_t s)
{
	static const enum tally_how kinds[SERIES] = { TALLY_SET, TALLY_ADD, TALLY_MAXIMUM,
						      TALLY_MINIMUM };
	return s == 0 && dice_below(dice, 2) ? TALLY_CHANGE : kinds[s];
}

static void try_tallies(struct dice *dice, void *context)
{
	struct model at_once = { 0 }, tallied = { 0 };
	struct tally tally = { 0 };
	(void)context;
	at_once.has[0] = tallied.has[0] = dice_below(dice, 2);
	for (unsigned i = 0; i < 60; i++) {
		size_t s = dice_below(dice, SERIES);
		struct tally_slot slot = { .obs = figure(names[s], 7, dice_between(dice, -50, 50)),
					   .how = how_of(dice, s) };
		if (slot.how == TALLY_CHANGE && !at_once.has[s])
			continue; /* refused either way */
		model_record(&at_once, s, &slot);
		assert_int_equal(tally_add(&tally, &slot.obs, slot.how, &err), 0);
		if (dice_below(dice, 8) == 0)
			model_flush(&tallied, &tally);
	}
	model_flush(&tallied, &tally);
	for (size_t s = 0; s < SERIES; s++) {
		assert_int_equal(at_once.has[s], tallied.has[s]);
		assert_int_equal(at_once.value_e[s], tallied.value_e[s]);
	}
}

static void tallied_or_at_once_it_is_the_same(void **state)
{
	(void)state;
	for_all_seeds(2000, try_tallies, NULL);
}

/* Each (labels, period) is a slot, however many, and each finds its own again. */
static void no_figure_is_taken_for_another(void **state)
{
	struct tally tally = { 0 };
	char labels[32];
	(void)state;
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < TALLY_SLOTS_MAX; i++) {
			(void)snprintf(labels, sizeof(labels), "a=%u", i / 10);
			struct observation obs = figure(labels, (int32_t)(i % 10), i);
			assert_int_equal(tally_add(&tally, &obs, TALLY_ADD, &err), 0);
		}
	assert_int_equal(tally.n, TALLY_SLOTS_MAX);
	for (unsigned i = 0; i < TALLY_SLOTS_MAX; i++)
		assert_int_equal(tally.slots[i].obs.value_e, 3 * i);
	tally_clear(&tally);
}

static void a_figure_of_now_is_of_no_period(void **state)
{
	struct tally tally = { 0 };
	(void)state;
	struct observation dated = figure("", 0, 1), undated = dated;
	undated.now = true;
	assert_int_equal(tally_add(&tally, &dated, TALLY_ADD, &err), 0);
	assert_int_equal(tally_add(&tally, &undated, TALLY_ADD, &err), 0);
	assert_int_equal(tally_add(&tally, &undated, TALLY_ADD, &err), 0);
	assert_int_equal(tally.n, 2);
	assert_int_equal(tally.slots[0].obs.value_e, 1);
	assert_int_equal(tally.slots[1].obs.value_e, 2);
	tally_clear(&tally);
}

static void at_the_bound_known_figures_still_count(void **state)
{
	struct tally tally = { 0 };
	(void)state;
	for (int32_t i = 0; i < (int32_t)TALLY_SLOTS_MAX; i++) {
		struct observation obs = figure("", i, 1);
		assert_int_equal(tally_add(&tally, &obs, TALLY_ADD, &err), 0);
	}
	struct observation known = figure("", 7, 1), other = figure("", -1, 1);
	assert_int_equal(tally_add(&tally, &other, TALLY_ADD, &err), -E2BIG);
	assert_int_equal(tally_add(&tally, &known, TALLY_ADD, &err), 0);
	assert_int_equal(tally.slots[7].obs.value_e, 2);
	assert_int_equal(tally.n, TALLY_SLOTS_MAX);
	tally_clear(&tally);
}

static void sums_do_not_wrap(void **state)
{
	struct tally tally = { 0 };
	int64_t value_e = 0, was = INT64_MAX;
	(void)state;
	struct observation most = figure("", 1, INT64_MAX), one = figure("", 1, 1);
	assert_int_equal(tally_add(&tally, &most, TALLY_CHANGE, &err), 0);
	assert_int_equal(tally_add(&tally, &one, TALLY_CHANGE, &err), -ERANGE);
	assert_true(tally.slots[0].obs.value_e == INT64_MAX);
	assert_int_equal(tally_resolve(&tally.slots[0], &was, &value_e, &err), -ERANGE);
	assert_int_equal(tally_resolve(&tally.slots[0], NULL, &value_e, &err), -ENODATA);
	tally_clear(&tally);
}

static void another_way_of_counting_is_refused(void **state)
{
	struct tally tally = { 0 };
	(void)state;
	struct observation obs = figure("", 1, 5);
	assert_int_equal(tally_add(&tally, &obs, TALLY_MAXIMUM, &err), 0);
	assert_int_equal(tally_add(&tally, &obs, TALLY_ADD, &err), -EINVAL);
	assert_int_equal(tally_add(&tally, &obs, TALLY_MINIMUM, &err), -EINVAL);
	assert_int_equal(tally.n, 1);
	assert_int_equal(tally.slots[0].obs.value_e, 5);
	tally_clear(&tally);
}

static void without_memory_it_is_as_before(void **state)
{
	(void)state;
	for (unsigned after = 0;; after++) {
		struct tally tally = { 0 };
		unsigned added = 0;
		fault_arm_at(FAULT_MEMORY, after);
		for (int32_t i = 0; i < 200; i++) {
			struct observation obs = figure("a=1", i, i);
			if (tally_add(&tally, &obs, TALLY_ADD, &err) == 0)
				added++;
		}
		bool fired = fault_disarm();
		assert_int_equal(tally.n, added);
		for (size_t i = 0; i < tally.n; i++)
			assert_int_equal(tally.slots[i].obs.value_e,
					 tally.slots[i].obs.period.number);
		tally_clear(&tally);
		if (!fired)
			return;
		assert_true(added < 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tallied_or_at_once_it_is_the_same),
		cmocka_unit_test(no_figure_is_taken_for_another),
		cmocka_unit_test(a_figure_of_now_is_of_no_period),
		cmocka_unit_test(at_the_bound_known_figures_still_count),
		cmocka_unit_test(sums_do_not_wrap),
		cmocka_unit_test(another_way_of_counting_is_refused),
		cmocka_unit_test(without_memory_it_is_as_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
