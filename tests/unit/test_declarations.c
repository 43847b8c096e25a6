/* Which series a spool's numbers stand for does not depend on what was forgotten of them meanwhile:
 * tests are built to keep 40 series at hand (DECLARED_KEPT), and here are some hundred spools. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journal/declarations.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPOOLS 60u
#define SERIES 40u /* of a spool, at most */
#define NAMES  90u /* of all spools; what the office calls number 0, another may call number 7 */
#define STEPS  400u

#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"d,x,x,x,flow,sum,sum,day,k,1,0,commune,1,,\n"

struct fixture {
	struct testbed testbed;
	struct declarations *declarations;
	unsigned names[SPOOLS][SERIES]; /* [n]: what each was told */
	size_t n[SPOOLS];
	int64_t ids[NAMES]; /* in the table; 0: not met yet */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	testbed_open(&f->testbed, NULL, METRICS, NULL, false);
	testbed_refresh(&f->testbed);
	assert_non_null(f->declarations = declarations_open(f->testbed.db, &f->testbed.err));
	declarations_forget(f->declarations, f->testbed.reference->catalogue);
	testbed_exec(&f->testbed, "PRAGMA foreign_keys = OFF");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	declarations_close(f->declarations);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

/* Name 3 of a spool is of other decimals than name 4, so that a list taken for another shows. */
static struct declaration declaration_of(unsigned name, char labels[16])
{
	(void)snprintf(labels, 16, "k=v%u", name);
	return (struct declaration){ .metric = name % 5 == 0 ? "unknown" : "d",
				     .labels = labels,
				     .grain = GRAIN_DAY,
				     .calendar = CALENDAR_CIVIL,
				     .decimals = name % 3 };
}

static int declare(struct fixture *f, size_t spool, size_t first, const unsigned names[], size_t n)
{
	struct declaration list[SERIES];
	char labels[SERIES][16];
	for (size_t i = 0; i < n; i++)
		list[i] = declaration_of(names[i], labels[i]);
	const struct batch batch = { .first_declared = (uint32_t)first,
				     .declared = list,
				     .n_declared = n };
	return declarations_add(f->declarations, (int64_t)spool + 1, &batch, &f->testbed.err);
}

static void declare_more(struct fixture *f, struct dice *dice, size_t spool)
{
	size_t first = f->n[spool], n = dice_below(dice, 6);
	n = first + n > SERIES ? SERIES - first : n;
	for (size_t i = 0; i < n; i++) /* no series twice in one spool */
		f->names[spool][first + i] = (unsigned)(spool * 7 + first + i) % NAMES;
	/* and some of what it has, which it may say again */
	size_t again = dice_below(dice, first + 1);
	assert_int_equal(
		declare(f, spool, first - again, f->names[spool] + first - again, again + n), 0);
	f->n[spool] += n;
}

/* Whatever was forgotten meanwhile, a number stands for one series: it is not told otherwise. */
static void declare_otherwise(struct fixture *f, struct dice *dice, size_t spool)
{
	if (f->n[spool] == 0)
		return;
	size_t at = dice_below(dice, f->n[spool]);
	unsigned other = (f->names[spool][at] + 1) % NAMES;
	assert_int_equal(declare(f, spool, at, &other, 1), -EBADMSG);
	assert_int_equal(declare(f, spool, f->n[spool] + 1, &other, 1), -EBADMSG); /* a gap */
}

static void look(struct fixture *f, size_t spool)
{
	const struct declared *list;
	size_t n;
	assert_int_equal(
		declarations_of(f->declarations, (int64_t)spool + 1, &list, &n, &f->testbed.err),
		0);
	assert_int_equal(n, f->n[spool]);
	for (size_t i = 0; i < n; i++) {
		char labels[16];
		unsigned name = f->names[spool][i];
		const struct declaration wanted = declaration_of(name, labels);
		if (f->ids[name] == 0)
			f->ids[name] = list[i].series;
		assert_int_equal(list[i].series, f->ids[name]); /* the same for all spools */
		assert_int_equal(list[i].decimals, wanted.decimals);
		assert_int_equal(list[i].grain, wanted.grain);
		if (name % 5 == 0)
			assert_int_equal(list[i].verdict, VERDICT_UNKNOWN_METRIC);
		else
			assert_string_equal(list[i].metric->name, "d");
	}
}

/* Ids told apart: as the table has them. */
static void look_at_table(struct fixture *f)
{
	for (unsigned name = 0; name < NAMES; name++) {
		char labels[16], sql[128];
		const struct declaration wanted = declaration_of(name, labels);
		(void)snprintf(sql, sizeof(sql),
			       "SELECT coalesce(max(id), 0) FROM series WHERE metric = '%s' AND"
			       " labels = '%s'",
			       wanted.metric, labels);
		if (f->ids[name])
			assert_int_equal(testbed_number(&f->testbed, sql), f->ids[name]);
	}
}

static void ask_much(struct dice *dice, void *context)
{
	struct fixture *f = context;
	for (unsigned i = 0; i < STEPS; i++) {
		size_t spool = dice_below(dice, SPOOLS);
		switch (dice_below(dice, 4)) {
		case 0:
			declare_more(f, dice, spool);
			break;
		case 1:
			declare_otherwise(f, dice, spool);
			break;
		default:
			look(f, spool);
		}
	}
	look_at_table(f);
}

static void what_is_forgotten_costs_time_and_never_a_series(void **state)
{
	for_all_seeds(6, ask_much, *state);
}

/* The wrong-doer beside the others: its 65,536 put out what is kept of all, and change none. */
static void a_spool_of_many_series_puts_others_out_and_changes_none(void **state)
{
	struct fixture *f = *state;
	struct dice dice = dice_seeded(1);
	const struct declared *list;
	size_t n, many = SPOOLS + 5;
	for (size_t spool = 0; spool < SPOOLS; spool++)
		declare_more(f, &dice, spool);
	for (size_t first = 0; first < 600; first += SERIES) {
		unsigned names[SERIES];
		for (size_t i = 0; i < SERIES; i++)
			names[i] = (unsigned)(1000 + first + i);
		assert_int_equal(declare(f, many, first, names, SERIES), 0);
		look(f, first / SERIES);
	}
	assert_int_equal(
		declarations_of(f->declarations, (int64_t)many + 1, &list, &n, &f->testbed.err), 0);
	assert_int_equal(n, 600);
	for (size_t spool = 0; spool < SPOOLS; spool++)
		look(f, spool);
	look_at_table(f);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_is_forgotten_costs_time_and_never_a_series),
		test(a_spool_of_many_series_puts_others_out_and_changes_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
