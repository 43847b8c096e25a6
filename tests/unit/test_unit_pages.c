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

enum { OFFICES = 5, SERIES = 3, SLICES = 11, PAIRS = 3, SLOTS = SLICES * PAIRS };

/* What every office said, in every own period (slot) and series. */
struct world {
	struct metric metric;
	enum unit_value value_is;
	bool each_office, ends;
	size_t due, offices; /* of the offices, the first @due are due */
	size_t series;
	const size_t *nth;    /* which they are of those asked for */
	size_t first, slices; /* the range is slices first ... slices - 1 */
	size_t pairs;         /* slots in a slice */
	int32_t number;       /* of slice 0 */
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
		enum unit_value value_is;
		enum agg time_agg, area_agg;
	} ways[] = { { UNIT_SUM, AGG_SUM, AGG_SUM },     { UNIT_EXTREME, AGG_MIN, AGG_MIN },
		     { UNIT_EXTREME, AGG_MAX, AGG_MAX }, { UNIT_LEVEL, AGG_LAST, AGG_SUM },
		     { UNIT_LEVEL, AGG_LAST, AGG_SUM },  { UNIT_LEVEL, AGG_LAST, AGG_SUM } };
	size_t way = dice_below(dice, 6);
	bool level = ways[way].value_is == UNIT_LEVEL;
	world->value_is = ways[way].value_is;
	world->metric.time_agg = ways[way].time_agg;
	world->metric.area_agg = ways[way].area_agg;
	world->metric.carry = level ? (uint32_t)dice_below(dice, 4) : 0;
	world->each_office = dice_below(dice, 5) == 0;
	world->ends = dice_below(dice, 3) > 0;
}

/* Where figures are carried, a slice is one own period (slices.c). A range without slices ends a
 * bucket within whose last slice something changed. */
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
	world->slices = world->first + dice_below(dice, 6);
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

/* How likely offices speak: in the slice, in one of its series, those who are not due. */
struct chances {
	unsigned slice, series, others, in_time;
};

static void speak_in(struct dice *dice, struct world *world, size_t slot, size_t s,
		     const struct chances *of, int64_t level)
{
	for (size_t o = 0; o < world->offices; o++) {
		bool has = by_chance(dice, of->slice) && by_chance(dice, of->series) &&
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
	for (size_t slot = 0; slot < world->slices * world->pairs; slot++) {
		if (slot % world->pairs == 0)
			of.slice = some_chance(dice, calm);
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
	for (size_t slot = world->first * world->pairs; slot < world->slices * world->pairs; slot++)
		for (size_t o = 0; o < world->offices; o++)
			count_office(world, o, slot, &counts);
	return counts;
}

static bool complete_in(const struct world *world, size_t slice)
{
	bool all = world->due > 0;
	for (size_t p = 0; p < world->pairs; p++)
		for (size_t o = 0; o < world->due; o++)
			all &= reported(world, o, slice * world->pairs + p);
	return all;
}

static bool complete(const struct world *world)
{
	bool any = false;
	for (size_t slice = world->first; slice < world->slices; slice++)
		any |= complete_in(world, slice);
	return any;
}

/* Of a series of an office. The level is the newest there ever was. */
static struct acc gathered(const struct world *world, size_t office, size_t s)
{
	struct acc all = { 0 };
	bool level = world->value_is == UNIT_LEVEL;
	for (size_t slot = level ? 0 : world->first * world->pairs;
	     slot < world->slices * world->pairs; slot++)
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

/* --- what the unit's pages say, and what is made of them --- */

static struct acc office_acc(const struct world *world, size_t office, size_t slice, size_t s)
{
	struct acc acc = { 0 };
	for (size_t p = 0; p < world->pairs; p++)
		acc_append(&acc, &world->said[office][slice * world->pairs + p][s],
			   world->metric.time_agg);
	return acc;
}

static struct acc unit_acc(const struct world *world, size_t slice, size_t s)
{
	struct acc unit = { 0 };
	const struct acc nothing = { 0 };
	for (size_t o = 0; o < world->offices; o++) {
		struct acc acc = office_acc(world, o, slice, s);
		assert_true(unit_acc_follow(&unit, &nothing, &acc, unit_acc_agg(&world->metric),
					    o < world->due));
	}
	return unit;
}

static void read_slice(const struct world *world, struct unit_pages *pages,
		       const struct question *question, size_t number)
{
	struct slice slice = { .number = world->number + (int32_t)number,
			       .pairs = (int64_t)world->pairs };
	for (size_t s = 0; s < world->series; s++) {
		struct acc acc = unit_acc(world, number, s);
		if (!acc_is_zero(&acc))
			unit_pages_add(pages, world->nth[s], &acc, unit_acc_agg(&world->metric));
	}
	unit_pages_end_slice(pages, question, &slice, number < world->first);
}

/* From slice @from on, as figures_units.c does. */
static void ask(const struct world *world, struct unit_pages *pages, size_t from)
{
	struct question question = { .metric = &world->metric,
				     .value_is = world->value_is,
				     .n_series = world->nth[world->series - 1] + 1,
				     .each_office = world->each_office,
				     .ends = world->ends,
				     .saw_all = from == 0 };
	unit_pages_begin(pages, from == 0 ? NEVER : world->number + (int32_t)from - 1);
	for (size_t slice = from; slice < world->slices; slice++) {
		question.pairs += slice < world->first ? 0 : (int64_t)world->pairs;
		read_slice(world, pages, &question, slice);
	}
	unit_pages_end(pages, &question);
}

/* --- the laws --- */

/* Who only needs to know of each office whether it reported does not look at a level. */
static bool value_counts(const struct world *world)
{
	return world->value_is != UNIT_LEVEL || (world->ends && !world->each_office);
}

static void check_answered(const struct world *world, const struct unit_pages *pages)
{
	struct counts counts = counts_of(world);
	struct acc value = figure(world);
	size_t due = world->due * world->pairs * (world->slices - world->first);
	assert_memory_equal(&pages->counts, &counts, sizeof(counts));
	assert_int_equal(pages->complete, complete(world));
	if (world->each_office)
		assert_int_equal(pages->counts.reported, due);
	if (!value_counts(world))
		return;
	assert_int_equal(pages->n > 0, value.n > 0);
	if (world->value_is != UNIT_LEVEL)
		assert_int_equal(pages->n, value.n);
	assert_true(pages->value == value.value);
}

/* Full of an answer that it gave before. */
static struct unit_pages pages_of_unit(const struct world *world)
{
	struct unit_pages pages;
	memset(&pages, true, sizeof(pages));
	pages.due = (int64_t)world->due;
	pages.others = (int64_t)(world->offices - world->due);
	return pages;
}

/* Asked of the range alone, and anew of ever more of what was before it. */
static void tell(struct dice *dice, void *context)
{
	struct world world = some_world(dice);
	struct unit_pages pages = pages_of_unit(&world);
	(void)context;
	for (size_t from = world.first + 1; from-- > 0;) {
		ask(&world, &pages, from);
		if (pages.answered)
			check_answered(&world, &pages);
	}
}

static void what_is_told_is_what_all_offices_come_to(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, tell, NULL);
}

/* In each slice all say everything, or, where @or_nobody, nobody says anything; those who are not
 * due may never do. In time, at least in the range. */
static void be_clear(struct dice *dice, struct world *world, bool or_nobody)
{
	bool all = true, others = dice_below(dice, 2);
	if (world->series > 1 && world->due > 0)
		others = false; /* how often they reported in several is never known */
	for (size_t slot = 0; slot < world->slices * world->pairs; slot++) {
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
	struct unit_pages pages = pages_of_unit(world);
	ask(world, &pages, from);
	assert_true(pages.answered);
	check_answered(world, &pages);
}

/* Of several series, or others, more may have been before what was read. */
static void tell_of_all(struct dice *dice, void *context)
{
	struct world world = some_clear_world(dice, false);
	size_t from = dice_below(dice, world.first + 1);
	(void)context;
	must_tell(&world, 0);
	if (!value_counts(&world) || world.value_is != UNIT_LEVEL ||
	    (world.slices > from && world.series == 1 && world.said[world.offices - 1][0][0].n > 0))
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

/* Whatever comes: sums and extremes of one series, and reports of one office from as many slices
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
	for (size_t slot = world.first * world.pairs, s = 0; slot < world.slices * world.pairs;
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
	return cmocka_run_group_tests_name("unit_pages", tests, NULL, NULL);
}
