/* Reports of a form are counted as the rule has it (5.5), over random histories: what it says of
 * one own period of one office follows from what is said of each metric, which test_query.c holds
 * against the oracle; and what it says of more is the sum of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "query/query.h"
#include "support/history.h"
#include "support/testbed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS   12
#define BATCHES 40
#define FORMS   4 /* that are asked about in a history */

static struct {
	uint64_t several, some, late, excused; /* own periods with several metrics; of these: some
						  of the metrics alone; reported late; excused */
} met;

struct asked {
	struct testbed *testbed;
	const struct metric *metric; /* one of the form */
	char from[PERIOD_TEXT_MAX], to[PERIOD_TEXT_MAX];
};

static struct table *ask(const struct asked *a, const char *name, const char *by, const char *per)
{
	const struct query query = { .name = name,
				     .form = name ? NULL : grain_name(a->metric->period),
				     .by = by,
				     .per = per,
				     .calendar = calendar_name(a->metric->calendar),
				     .from = a->from,
				     .to = a->to };
	struct table *table = NULL;
	if (completeness_run(a->testbed->db, a->testbed->reference, &query, &table,
			     &a->testbed->err) < 0)
		fail_msg("%s per %s by %s: %s", name ? name : query.form, per, by,
			 a->testbed->err.text);
	return table;
}

static int64_t number(const struct table *table, size_t row, const char *column)
{
	const char *cell = testbed_cell(table, row, column);
	assert_non_null(cell);
	return atoll(cell);
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Of the form's answer: only rows of its level are the metric's. */
static bool is_of_form(const struct asked *a, const struct table *form, size_t row)
{
	return strcmp(testbed_cell(form, row, "level"), a->metric->level) == 0;
}

/* -1: it is not told there, as it has nothing. */
static int64_t find(const struct table *table, const char *period, const char *area)
{
	for (size_t i = 0; i < table_rows(table); i++)
		if (same(testbed_cell(table, i, "period"), period) &&
		    same(testbed_cell(table, i, "area"), area))
			return (int64_t)i;
	return -1;
}

static int64_t value(const struct table *table, int64_t row, const char *column)
{
	return row < 0 ? 0 : number(table, (size_t)row, column);
}

static void equal(const struct asked *a, const struct table *form, size_t row, const char *column,
		  int64_t expected)
{
	int64_t found = number(form, row, column);
	if (found != expected)
		fail_msg("%s %s, %s %s: %s is %" PRId64 ", expected %" PRId64,
			 grain_name(a->metric->period), a->metric->level,
			 testbed_cell(form, row, "period"), testbed_cell(form, row, "area"), column,
			 found, expected);
}

static bool is_of(const struct asked *a, const struct metric *metric)
{
	return metric->period == a->metric->period &&
	       strcmp(metric->level, a->metric->level) == 0 &&
	       (metric->period <= GRAIN_WEEK || metric->calendar == a->metric->calendar);
}

static bool all_levels(const struct asked *a)
{
	const struct catalogue *catalogue = a->testbed->reference->catalogue;
	bool all = true;
	for (size_t i = 0; i < catalogue->n; i++)
		all &= !is_of(a, &catalogue->metrics[i]) ||
		       catalogue->metrics[i].time_agg == AGG_LAST;
	return all;
}

/* One office, one own period: from its metrics, each asked by itself. */
static void one_by_one(const struct asked *a, const char *per, bool own)
{
	const struct catalogue *catalogue = a->testbed->reference->catalogue;
	struct table *form = ask(a, NULL, "office", per), *parts[HISTORY_METRICS] = { NULL };
	size_t n = 0;
	bool levels = all_levels(a);
	for (size_t i = 0; i < catalogue->n; i++)
		if (is_of(a, &catalogue->metrics[i]))
			parts[n++] = ask(a, catalogue->metrics[i].name, "office", per);
	for (size_t row = 0; row < table_rows(form); row++) {
		int64_t due = 0, all_due = 0, all_reported = 0, all_missing = 0, waiting = 0,
			revised = 0, some = 0, on_time = 0, extra = 0, excused = INT64_MAX,
			late = 0;
		if (!is_of_form(a, form, row))
			continue;
		for (size_t k = 0; k < n; k++) {
			int64_t at = find(parts[k], testbed_cell(form, row, "period"),
					  testbed_cell(form, row, "area"));
			int64_t reported = value(parts[k], at, "reported"),
				free = value(parts[k], at, "excused") +
				       value(parts[k], at, "carried");
			due = value(parts[k], at, "due");
			equal(a, form, row, "due", due);
			all_due += due;
			all_reported += reported;
			all_missing += value(parts[k], at, "missing");
			waiting += value(parts[k], at, "waiting");
			revised += value(parts[k], at, "revised");
			some = reported > some ? reported : some;
			late += value(parts[k], at, "late");
			if (value(parts[k], at, "on_time") > on_time)
				on_time = value(parts[k], at, "on_time");
			if (value(parts[k], at, "extra") > extra)
				extra = value(parts[k], at, "extra");
			excused = free < excused ? free : excused;
		}
		equal(a, form, row, "parts_due", all_due);
		equal(a, form, row, "parts_reported", all_reported);
		equal(a, form, row, "parts_missing", all_missing);
		equal(a, form, row, "waiting", waiting);
		equal(a, form, row, "revised", revised);
		equal(a, form, row, "due",
		      number(form, row, "reported") + number(form, row, "carried") +
			      number(form, row, "excused") + number(form, row, "missing"));
		assert_true(number(form, row, "reported") >= some);
		if (!own)
			continue;
		equal(a, form, row, "reported", some);
		equal(a, form, row, "on_time", on_time);
		equal(a, form, row, "extra", extra);
		if (number(form, row, "late") > 0)
			assert_true(some > 0 && on_time == 0 && late > 0);
		if (!levels) {
			equal(a, form, row, "carried", 0);
			if (some == 0 && number(form, row, "excused") > 0)
				assert_true(excused > 0); /* of each, if it is not carried */
		}
		met.several += n > 1 && due > 0;
		met.some += n > 1 && all_reported > 0 && all_reported < all_due;
		met.late += number(form, row, "late") > 0;
		met.excused += number(form, row, "excused") > 0;
	}
	for (size_t k = 0; k < n; k++)
		table_close(parts[k]);
	table_close(form);
}

/* @row of @of: those of its area alone; NULL: all. */
static int64_t sum(const struct asked *a, const struct table *form, const char *column,
		   const struct table *of, size_t row)
{
	int64_t total = 0;
	for (size_t i = 0; i < table_rows(form); i++)
		if (is_of_form(a, form, i) &&
		    (!of || same(testbed_cell(form, i, "area"), testbed_cell(of, row, "area"))))
			total += number(form, i, column);
	return total;
}

static const char *const counted[] = { "due",           "reported",  "on_time",        "late",
				       "excused",       "parts_due", "parts_reported", "extra",
				       "parts_missing", "revised" };
#define COUNTED (sizeof(counted) / sizeof(counted[0]))

/* Months of what its own periods, or hours, come to; and the units of their offices. */
static void sums(const struct asked *a, const char *fine, const char *coarse)
{
	struct table *own = ask(a, NULL, "office", fine), *offices = ask(a, NULL, "office", coarse),
		     *units = ask(a, NULL, "province", coarse);
	for (size_t row = 0; row < table_rows(offices); row++)
		for (size_t i = 0; i < COUNTED && is_of_form(a, offices, row); i++)
			equal(a, offices, row, counted[i], sum(a, own, counted[i], offices, row));
	for (size_t i = 0; i < COUNTED; i++)
		assert_int_equal(sum(a, offices, counted[i], NULL, 0),
				 sum(a, units, counted[i], NULL, 0));
	/* of an office without a unit that day it is in the last row of the day */
	assert_int_equal(sum(a, own, "waiting", NULL, 0), sum(a, offices, "waiting", NULL, 0));
	assert_int_equal(sum(a, offices, "waiting", NULL, 0), sum(a, units, "waiting", NULL, 0));
	assert_int_equal(sum(a, offices, "missing", NULL, 0), sum(a, units, "missing", NULL, 0));
	assert_int_equal(sum(a, offices, "carried", NULL, 0), sum(a, units, "carried", NULL, 0));
	table_close(own);
	table_close(offices);
	table_close(units);
}

/* Who is listed misses what the rows say. */
static void listed(const struct asked *a, const char *per)
{
	struct table *rows = ask(a, NULL, "province", per), *list = ask(a, NULL, NULL, per);
	assert_int_equal(sum(a, list, "missing", NULL, 0), sum(a, rows, "missing", NULL, 0));
	assert_int_equal(sum(a, list, "parts_missing", NULL, 0),
			 sum(a, rows, "parts_missing", NULL, 0));
	assert_int_equal(sum(a, list, "waiting", NULL, 0), sum(a, rows, "waiting", NULL, 0));
	table_close(rows);
	table_close(list);
}

static void ask_all(struct history *h, struct testbed *testbed)
{
	const struct catalogue *catalogue = testbed->reference->catalogue;
	const struct metric *metric = &catalogue->metrics[dice_below(h->dice, catalogue->n)];
	struct asked a = { .testbed = testbed, .metric = metric };
	int32_t day = h->base + (int32_t)dice_below(h->dice, (uint64_t)h->days);
	bool fine = metric->period < GRAIN_DAY;
	const char *own = fine ? "hour" : grain_name(metric->period), *coarse = fine ? "day" : own;
	struct period first = period_of_day(metric->calendar, fine ? GRAIN_DAY : metric->period,
					    day),
		      last = first;
	if (metric->period == GRAIN_DAY) { /* weeks are of civil days in both */
		first = period_of_day(metric->calendar, GRAIN_MONTH, day);
		last = first;
		coarse = "month";
	}
	period_format(first, a.from);
	period_format(last, a.to);
	one_by_one(&a, own, metric->period != GRAIN_MINUTE);
	sums(&a, own, coarse);
	listed(&a, coarse);
}

static void random_forms(struct dice *dice, void *context)
{
	struct history h = { .dice = dice };
	struct testbed testbed;
	(void)context;
	history_make(&h, dice, BATCHES);
	history_make_acts(&h, dice_below(dice, 12) + 1);
	history_make_excuses(&h, 12);
	history_make_calendars(&h, 2);
	history_open(&h, &testbed);
	history_post(&h, &testbed);
	for (int i = 0; i < FORMS; i++)
		ask_all(&h, &testbed);
	testbed_close(&testbed);
	history_free(&h);
}

static void a_form_is_reported_by_any_of_its_metrics(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, random_forms, NULL);
	if (seeds_given())
		return;
	print_message("met: %" PRIu64 " of several metrics, %" PRIu64 " of them in part, %" PRIu64
		      " late, %" PRIu64 " excused\n",
		      met.several, met.some, met.late, met.excused);
	assert_true(met.several > 100 && met.some > 20 && met.late > 5 && met.excused > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_form_is_reported_by_any_of_its_metrics),
	};
	return cmocka_run_group_tests_name("forms", tests, NULL, NULL);
}
