#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "query/unit_pages.h"
#include "rollup/unit_acc.h"
#include "support/seeds.h"

#include <string.h>

#define SEEDS 20000

enum { OFFICES = 5, SERIES = 3, STEPS = 11, PAIRS = 3, SLOTS = STEPS * PAIRS };

/* What every office said, in every own period (slot) and series. */
struct world {
	struct metric metric;
	enum telling telling;
	bool each_office, ends;
	size_t due, offices; /* of the offices, the first @due are due */
	size_t series;
	const size_t *nth;   /* which they are of those asked for */
	size_t first, steps; /* the stretch is steps first ... steps - 1 */
	size_t pairs;        /* slots in a step */
	int32_t number;      /* of step 0 */
	struct acc said[OFFICES][SLOTS][SERIES];
};

/* --- some world --- */

#define ALWAYS 16u
#define NEARLY 15u

static bool by_chance(struct dice *dice, unsigned chance)
{
	return dice_below(dice, ALWAYS) < chance;
}

/* All, or nobody; in half of all worlds also something in between. */
static unsigned some_chance(struct dice *dice, bool calm)
{
	static const unsigned chances[] = { 0, ALWAYS, ALWAYS, NEARLY, NEARLY, ALWAYS / 2 };
	return chances[dice_below(dice, calm ? 3 : 6)];
}

static void choose_question(struct dice *dice, struct world *world)
{
	static const struct {
		enum telling telling;
		enum agg time_agg, area_agg;
	} ways[] = { { TELL_SUM, AGG_SUM, AGG_SUM },     { TELL_EXTREME, AGG_MIN, AGG_MIN },
		     { TELL_EXTREME, AGG_MAX, AGG_MAX }, { TELL_LEVEL, AGG_LAST, AGG_SUM },
		     { TELL_LEVEL, AGG_LAST, AGG_SUM },  { TELL_LEVEL, AGG_LAST, AGG_SUM } };
	size_t way = dice_below(dice, 6);
	bool level = ways[way].telling == TELL_LEVEL;
	world->telling = ways[way].telling;
	world->metric.time_agg = ways[way].time_agg;
	world->metric.area_agg = ways[way].area_agg;
	world->metric.carry = level ? (uint32_t)dice_below(dice, 4) : 0;
	world->each_office = dice_below(dice, 5) == 0;
	world->ends = dice_below(dice, 3) > 0;
}

/* Where figures are carried, a step is one own period (step.c). A stretch without steps ends a
 * bucket within whose last step something changed. */
static void choose_sizes(struct dice *dice, struct world *world)
{
	static const size_t near[SERIES] = { 0, 1, 2 },
			    far[SERIES] = { 0, 32, LEVEL_SERIES_MAX - 1 };
	world->due = dice_below(dice, 4);
	world->offices = world->due + dice_below(dice, 3);
	if (world->offices == 0)
		world->offices = 1;
	world->series = dice_below(dice, 2) ? 1 : 1 + dice_below(dice, SERIES);
	world->nth = dice_below(dice, 2) ? near : far;
	world->first = dice_below(dice, 7);
	world->steps = world->first + dice_below(dice, 6);
	world->pairs = world->metric.carry > 0 || dice_below(dice, 2) ? 1 : 1 + dice_below(dice, 3);
	world->number = (int32_t)dice_between(dice, -20, 20);
}

static void say(struct dice *dice, struct acc *said, bool has, bool in_time, int64_t level)
{
	said->newest = 1;
	said->revisions = by_chance(dice, 2);
	said->n = has;
	said->on_time = has && in_time;
	said->value = has ? level + dice_between(dice, -3, 3) : 0;
}

/* How likely offices speak: in the step, in one of its series, those who are not due. */
struct chances {
	unsigned step, series, others, in_time;
};

static void speak_in(struct dice *dice, struct world *world, size_t slot, size_t s,
		     const struct chances *of, int64_t level)
{
	for (size_t o = 0; o < world->offices; o++) {
		bool has = by_chance(dice, of->step) && by_chance(dice, of->series) &&
			   (o < world->due || by_chance(dice, of->others));
		say(dice, &world->said[o][slot][s], has, by_chance(dice, of->in_time), level);
	}
}

static void speak(struct dice *dice, struct world *world)
{
	bool calm = dice_below(dice, 2), apart = dice_below(dice, 2);
	int64_t level = dice_between(dice, -1, 1) * 5;
	struct chances of = { .others = some_chance(dice, calm) };
	of.in_time = dice_below(dice, 4) ? ALWAYS : some_chance(dice, false);
	for (size_t slot = 0; slot < world->steps * world->pairs; slot++) {
		if (slot % world->pairs == 0)
			of.step = some_chance(dice, calm);
		for (size_t s = 0; s < world->series; s++) {
			of.series = dice_below(dice, 4) ? ALWAYS : some_chance(dice, calm);
			if (apart)
				of.others = some_chance(dice, calm);
			speak_in(dice, world, slot, s, &of, level);
		}
	}
}

static struct world some_world(struct dice *dice)
{
	struct world world = { 0 };
	choose_question(dice, &world);
	choose_sizes(dice, &world);
	speak(dice, &world);
	return world;
}

/* --- what is so: office by office, own period by own period --- */

static bool reported(const struct world *world, size_t office, size_t slot)
{
	bool any = false;
	for (size_t s = 0; s < world->series; s++)
		any |= world->said[office][slot][s].n > 0;
	return any;
}

static bool reported_in_time(const struct world *world, size_t office, size_t slot)
{
	bool any = false;
	for (size_t s = 0; s < world->series; s++)
		any |= world->said[office][slot][s].on_time > 0;
	return any;
}

static bool carried(const struct world *world, size_t office, size_t slot)
{
	bool any = false;
	for (size_t back = 1; back <= world->metric.carry && back <= slot; back++)
		any |= reported(world, office, slot - back);
	return any && !reported(world, office, slot);
}

static void count_office(const struct world *world, size_t office, size_t slot,
			 struct counts *counts)
{
	for (size_t s = 0; s < world->series; s++) {
		counts->observations += world->said[office][slot][s].n;
		counts->revisions += world->said[office][slot][s].revisions;
	}
	if (office >= world->due) {
		counts->extra += reported(world, office, slot);
		return;
	}
	counts->reported += reported(world, office, slot);
	counts->on_time += reported_in_time(world, office, slot);
	counts->carried += carried(world, office, slot);
}

static struct counts counts_of(const struct world *world)
{
	struct counts counts = { 0 };
	for (size_t slot = world->first * world->pairs; slot < world->steps * world->pairs; slot++)
		for (size_t o = 0; o < world->offices; o++)
			count_office(world, o, slot, &counts);
	return counts;
}

static bool complete_in(const struct world *world, size_t step)
{
	bool all = world->due > 0;
	for (size_t p = 0; p < world->pairs; p++)
		for (size_t o = 0; o < world->due; o++)
			all &= reported(world, o, step * world->pairs + p);
	return all;
}

static bool complete(const struct world *world)
{
	bool any = false;
	for (size_t step = world->first; step < world->steps; step++)
		any |= complete_in(world, step);
	return any;
}

/* Of a series of an office. The level is the newest there ever was. */
static struct acc gathered(const struct world *world, size_t office, size_t s)
{
	struct acc all = { 0 };
	bool level = world->telling == TELL_LEVEL;
	for (size_t slot = level ? 0 : world->first * world->pairs;
	     slot < world->steps * world->pairs; slot++)
		acc_append(&all, &world->said[office][slot][s], world->metric.time_agg);
	return all;
}

static struct acc figure(const struct world *world)
{
	struct acc figure = { 0 };
	for (size_t o = 0; o < world->offices; o++)
		for (size_t s = 0; s < world->series; s++) {
			struct acc all = gathered(world, o, s);
			acc_append(&figure, &all, world->metric.area_agg);
		}
	return figure;
}

/* --- what the unit's pages say, and its teller --- */

static struct acc office_acc(const struct world *world, size_t office, size_t step, size_t s)
{
	struct acc acc = { 0 };
	for (size_t p = 0; p < world->pairs; p++)
		acc_append(&acc, &world->said[office][step * world->pairs + p][s],
			   world->metric.time_agg);
	return acc;
}

static struct acc unit_acc(const struct world *world, size_t step, size_t s)
{
	struct acc unit = { 0 };
	const struct acc nothing = { 0 };
	for (size_t o = 0; o < world->offices; o++) {
		struct acc acc = office_acc(world, o, step, s);
		assert_true(unit_acc_follow(&unit, &nothing, &acc, unit_acc_agg(&world->metric),
					    o < world->due));
	}
	return unit;
}

static void tell_step(const struct world *world, struct teller *teller,
		      const struct question *question, size_t number)
{
	struct step step = { .number = world->number + (int32_t)number,
			     .pairs = (int64_t)world->pairs };
	for (size_t s = 0; s < world->series; s++) {
		struct acc acc = unit_acc(world, number, s);
		if (!acc_is_zero(&acc))
			teller_hear(teller, world->nth[s], &acc, unit_acc_agg(&world->metric));
	}
	teller_step(teller, question, &step, number < world->first);
}

/* From step @from on, as figures_units.c does. */
static void ask(const struct world *world, struct teller *teller, size_t from)
{
	struct question question = { .metric = &world->metric,
				     .telling = world->telling,
				     .n_series = world->nth[world->series - 1] + 1,
				     .each_office = world->each_office,
				     .ends = world->ends,
				     .saw_all = from == 0 };
	teller_begin(teller, from == 0 ? NEVER : world->number + (int32_t)from - 1);
	for (size_t step = from; step < world->steps; step++) {
		question.pairs += step < world->first ? 0 : (int64_t)world->pairs;
		tell_step(world, teller, &question, step);
	}
	teller_end(teller, &question);
}

/* --- the laws --- */

/* Who only needs to know of each office whether it reported does not look at a level. */
static bool value_counts(const struct world *world)
{
	return world->telling != TELL_LEVEL || (world->ends && !world->each_office);
}

static void check_told(const struct world *world, const struct teller *teller)
{
	struct counts counts = counts_of(world);
	struct acc value = figure(world);
	size_t due = world->due * world->pairs * (world->steps - world->first);
	assert_memory_equal(&teller->counts, &counts, sizeof(counts));
	assert_int_equal(teller->complete, complete(world));
	if (world->each_office)
		assert_int_equal(teller->counts.reported, due);
	if (!value_counts(world))
		return;
	assert_int_equal(teller->n > 0, value.n > 0);
	if (world->telling != TELL_LEVEL)
		assert_int_equal(teller->n, value.n);
	assert_true(teller->value == value.value);
}

/* Full of an answer that it gave before. */
static struct teller teller_of(const struct world *world)
{
	struct teller teller;
	memset(&teller, true, sizeof(teller));
	teller.due = (int64_t)world->due;
	teller.others = (int64_t)(world->offices - world->due);
	return teller;
}

/* Asked of the stretch alone, and anew of ever more of what was before it. */
static void tell(struct dice *dice, void *context)
{
	struct world world = some_world(dice);
	struct teller teller = teller_of(&world);
	(void)context;
	for (size_t from = world.first + 1; from-- > 0;) {
		ask(&world, &teller, from);
		if (teller.told)
			check_told(&world, &teller);
	}
}

static void what_is_told_is_what_all_offices_come_to(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, tell, NULL);
}

/* In each step all say everything, or, where @or_nobody, nobody says anything; those who are not
 * due may never do. In time, at least in the stretch. */
static void be_clear(struct dice *dice, struct world *world, bool or_nobody)
{
	bool all = true, others = dice_below(dice, 2);
	if (world->series > 1 && world->due > 0)
		others = false; /* how often they reported in several is never known */
	for (size_t slot = 0; slot < world->steps * world->pairs; slot++) {
		if (slot % world->pairs == 0)
			all = !or_nobody || dice_below(dice, 2);
		for (size_t o = 0; o < world->offices; o++)
			for (size_t s = 0; s < world->series; s++)
				say(dice, &world->said[o][slot][s],
				    all && (o < world->due || others),
				    slot >= world->first * world->pairs || dice_below(dice, 2), 0);
	}
}

static struct world some_clear_world(struct dice *dice, bool or_nobody)
{
	struct world world = some_world(dice);
	if (world.due == 0)
		world.series = 1;
	be_clear(dice, &world, or_nobody);
	return world;
}

static void must_tell(const struct world *world, size_t from)
{
	struct teller teller = teller_of(world);
	ask(world, &teller, from);
	assert_true(teller.told);
	check_told(world, &teller);
}

/* Of several series, or others, more may have been before what was heard. */
static void tell_of_all(struct dice *dice, void *context)
{
	struct world world = some_clear_world(dice, false);
	size_t from = dice_below(dice, world.first + 1);
	(void)context;
	must_tell(&world, 0);
	if (!value_counts(&world) || world.telling != TELL_LEVEL ||
	    (world.steps > from && world.series == 1 && world.said[world.offices - 1][0][0].n > 0))
		must_tell(&world, from);
}

static void it_tells_where_all_reported_always(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, tell_of_all, NULL);
}

static void tell_of_all_or_nobody(struct dice *dice, void *context)
{
	struct world world = some_clear_world(dice, true);
	(void)context;
	world.each_office = false;
	must_tell(&world, 0);
}

static void it_tells_where_all_or_nobody_reported(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, tell_of_all_or_nobody, NULL);
}

/* Whatever comes: sums and extremes of one series, and reports of one office from as many steps
 * before as figures are carried. */
static void tell_what_is_simple(struct dice *dice, void *context)
{
	struct world world = some_world(dice);
	size_t carry = world.metric.carry, from = carry < world.first ? world.first - carry : 0;
	bool alone = carry > 0 || dice_below(dice, 2);
	(void)context;
	world.each_office = false;
	world.ends = false;
	if (alone)
		world.offices = world.due = 1;
	if (!alone || world.pairs > 1)
		world.series = 1;
	must_tell(&world, from);
}

static void it_tells_what_is_simple(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, tell_what_is_simple, NULL);
}

/* What all gave in time in one series says who reported, whatever is in the others. */
static void tell_by_one_series(struct dice *dice, void *context)
{
	struct world world = some_world(dice);
	(void)context;
	world.ends = false;
	if (world.due == 0)
		world.due = 1;
	world.offices = world.due;
	for (size_t slot = world.first * world.pairs, s = 0; slot < world.steps * world.pairs;
	     slot++) {
		if (slot % world.pairs == 0)
			s = dice_below(dice, world.series);
		for (size_t o = 0; o < world.offices; o++)
			say(dice, &world.said[o][slot][s], true, true, 0);
	}
	must_tell(&world, world.first);
}

static void it_tells_where_all_gave_one_series_in_time(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, tell_by_one_series, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_what_all_offices_come_to),
		cmocka_unit_test(it_tells_where_all_reported_always),
		cmocka_unit_test(it_tells_where_all_or_nobody_reported),
		cmocka_unit_test(it_tells_what_is_simple),
		cmocka_unit_test(it_tells_where_all_gave_one_series_in_time),
	};
	return cmocka_run_group_tests_name("teller", tests, NULL, NULL);
}
