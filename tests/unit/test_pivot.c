#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/text/csv_table.h"
#include "common/text/pivot.h"
#include "support/fault.h"
#include "support/seeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct table *table_of(const char *csv)
{
	struct table *table = NULL;
	struct err err;
	if (csv_table(csv, strlen(csv), &table, &err) < 0)
		fail_msg("%s", err.text);
	return table;
}

static struct pivot pivot_of(const struct table *table, enum pivot_across across)
{
	struct pivot pivot;
	struct err err;
	if (pivot_make(table, across, &pivot, &err) < 0)
		fail_msg("%s", err.text);
	return pivot;
}

/* "key key | value value*; ...": a line for each row. */
static void looks(const struct pivot *pivot, const char *const keys[], const char *expected)
{
	char text[2048] = "";
	size_t at = 0;
	for (size_t row = 0; row < pivot->n_rows; row++) {
		for (size_t i = 0; keys[i]; i++) {
			const char *key = pivot_text(pivot, pivot->rows[row], keys[i]);
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s ",
					       key ? key : "-");
		}
		at += (size_t)snprintf(text + at, sizeof(text) - at, "|");
		for (size_t column = 0; column < pivot->n_columns; column++) {
			size_t cell = pivot_cell(pivot, row, column);
			const char *value = pivot_text(pivot, cell, "value");
			at += (size_t)snprintf(
				text + at, sizeof(text) - at, " %s%s",
				cell == PIVOT_NONE ? "."
				: value            ? value
						   : "null",
				cell == PIVOT_NONE || pivot_is_whole(pivot, cell) ? "" : "*");
		}
		at += (size_t)snprintf(text + at, sizeof(text) - at, "\n");
	}
	assert_string_equal(text, expected);
}

#define HEADER "metric,area,name,valid_from,period,until,value,due,reported,row\n"

static const char figures[] = HEADER "teams,A,a,2020-01-01,2025-01,,5,1,1,part\n"
				     "teams,B,b,2020-01-01,2025-01,,,1,0,part\n"
				     "teams,,,,2025-01,,1,0,0,rest\n"
				     "teams,P,p,2000-01-01,2025-01,,6,2,1,total\n"
				     "teams,A,a,2020-01-01,2025-02,2025-02-28,7,1,1,part\n"
				     "teams,C,c,2025-02-01,2025-02,,8,1,1,part\n"
				     "teams,P,p,2000-01-01,2025-02,,15,2,2,total\n"
				     "clubs,A,a,2020-01-01,2025-01,,0,1,1,part\n"
				     "clubs,C,c,2025-02-01,2025-02,,9,1,1,part\n"
				     "clubs,P,p,2000-01-01,2025-02,,9,1,1,total\n";

static void columns_are_metrics_or_periods_or_both(void **state)
{
	static const char *const area_period[] = { "period", "area", NULL },
				 *const metric_area[] = { "metric", "area", NULL },
				 *const area[] = { "area", NULL };
	struct table *table = table_of(figures);
	struct pivot pivot = pivot_of(table, PIVOT_METRICS);
	(void)state;
	looks(&pivot, area_period,
	      "2025-01 A | 5 0\n2025-01 B | null* .\n2025-01 - | 1 .\n2025-01 P | 6* .\n"
	      "2025-02 A | 7* .\n2025-02 C | 8 9\n2025-02 P | 15 9\n");
	assert_string_equal(pivot_text(&pivot, pivot.columns[0], "metric"), "teams");
	assert_string_equal(pivot_text(&pivot, pivot.columns[1], "metric"), "clubs");
	pivot_free(&pivot);
	pivot = pivot_of(table, PIVOT_PERIODS);
	looks(&pivot, metric_area,
	      "teams A | 5 7*\nteams B | null* .\nteams C | . 8\nteams - | 1 .\nteams P | 6* 15\n"
	      "clubs A | 0 .\nclubs C | . 9\nclubs P | . 9\n");
	assert_string_equal(pivot_text(&pivot, pivot.columns[1], "period"), "2025-02");
	pivot_free(&pivot);
	pivot = pivot_of(table, PIVOT_BOTH);
	looks(&pivot, area,
	      "A | 5 7* 0 .\nB | null* . . .\nC | . 8 . 9\n- | 1 . . .\nP | 6* 15 . 9\n");
	assert_string_equal(pivot_text(&pivot, pivot.columns[2], "metric"), "clubs");
	assert_string_equal(pivot_text(&pivot, pivot.columns[2], "period"), "2025-01");
	pivot_free(&pivot);
	table_close(table);
}

/* A code that meant two units has two rows, and what has no label stands behind those that have. */
static void rows_are_told_apart_by_all_that_names_them(void **state)
{
	static const char *const keys[] = { "label", "area", "valid_from", NULL };
	struct table *table = table_of("area,valid_from,period,label,value,due,reported\n"
				       "A,2020-01-01,2025-01,,1,1,1\n"
				       "A,2020-01-01,2025-01,land,2,1,1\n"
				       "A,2025-02-01,2025-02,land,3,1,1\n"
				       "A,2025-02-01,2025-02,air,4,1,1\n");
	struct pivot pivot = pivot_of(table, PIVOT_PERIODS);
	(void)state;
	looks(&pivot, keys,
	      "land A 2020-01-01 | 2 .\nland A 2025-02-01 | . 3\nair A 2025-02-01 | . 4\n"
	      "- A 2020-01-01 | 1 .\n");
	pivot_free(&pivot);
	table_close(table);
}

/* The order of who asked stays, as the newest period has it, and the rest and the total are last.
 */
static void rows_that_were_put_in_order_stay_so(void **state)
{
	static const char *const keys[] = { "area", "row", NULL }, *const months[] = { "period",
										       NULL };
	struct table *table = table_of("area,period,value,row\n"
				       "C,2025-01,1,part\nA,2025-01,2,part\nD,2025-01,7,part\n"
				       ",2025-01,0,rest\nP,2025-01,3,total\n"
				       "C,2025-02,9,part\nB,2025-02,8,part\nA,2025-02,5,part\n"
				       "P,2025-02,22,total\n");
	struct pivot pivot;
	struct err err;
	(void)state;
	assert_int_equal(pivot_make_given(table, PIVOT_PERIODS, &pivot, &err), 0);
	looks(&pivot, keys,
	      "C part | 1* 9*\nB part | . 8*\nA part | 2* 5*\nD part | 7* .\n"
	      "- rest | 0* .\nP total | 3* 22*\n");
	pivot_free(&pivot);
	table_close(table);
	/* Periods that are rows stand as they come. */
	table = table_of("metric,area,period,value\nm,P,2025-02,9\nm,P,2025-01,5\nm,P,2025-03,1\n"
			 "n,P,2025-02,1\nn,P,2025-01,2\nn,P,2025-03,3\n");
	assert_int_equal(pivot_make_given(table, PIVOT_METRICS, &pivot, &err), 0);
	looks(&pivot, months, "2025-02 | 9* 1*\n2025-01 | 5* 2*\n2025-03 | 1* 3*\n");
	pivot_free(&pivot);
	table_close(table);
}

static void what_is_no_figure_or_twice_there_is_refused(void **state)
{
	struct pivot pivot;
	struct err err;
	struct table *table = table_of("area,value\nA,1\n");
	(void)state;
	assert_int_equal(pivot_make(table, PIVOT_PERIODS, &pivot, &err), -EINVAL);
	table_close(table);
	table = table_of("area,period,value\nA,2025,1\nB,2025,1\nA,2025,2\n");
	assert_int_equal(pivot_make(table, PIVOT_PERIODS, &pivot, &err), -EINVAL);
	assert_string_equal(err.text, "the rows 1 and 3 are of one place, period and metric");
	table_close(table);
	table = table_of("area,period,value\n");
	pivot = pivot_of(table, PIVOT_BOTH);
	assert_int_equal(pivot.n_rows + pivot.n_columns, 0);
	pivot_free(&pivot);
	table_close(table);
}

/* 4,500 places, each in a period of its own: as a table of both it is refused, and a part of it is
 * not, as the sentence says. */
static void a_table_of_too_many_cells_is_refused(void **state)
{
	static const char *const columns[] = { "area", "period", "value" };
	struct table *table = table_open(columns, 3), *less = table_open(columns, 3);
	struct pivot pivot;
	struct err err;
	(void)state;
	for (int i = 0; i < 4500; i++) {
		char area[16], period[16];
		(void)snprintf(area, sizeof(area), "%d", i);
		(void)snprintf(period, sizeof(period), "%04d", i);
		for (struct table *to = table; to; to = to == table && i < 50 ? less : NULL) {
			table_row(to);
			table_text(to, area);
			table_text(to, period);
			table_int(to, i);
		}
	}
	assert_int_equal(pivot_make(table, PIVOT_PERIODS, &pivot, &err), -E2BIG);
	assert_string_equal(err.text,
			    "the table would have more than 20000000 cells; ask for less at once");
	pivot = pivot_of(less, PIVOT_PERIODS);
	assert_int_equal(pivot.n_rows, 50);
	pivot_free(&pivot);
	table_close(table);
	table_close(less);
}

/* --- any table: each long row is in one cell, where its words are those of row and column --- */

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void every_row_is_in_its_cell(const struct table *table, enum pivot_across across)
{
	static const char *const names[] = { "area", "label", "row", "metric", "period" };
	struct pivot pivot = pivot_of(table, across);
	size_t n = 0;
	for (size_t row = 0; row < pivot.n_rows; row++)
		for (size_t column = 0; column < pivot.n_columns; column++) {
			size_t cell = pivot_cell(&pivot, row, column);
			for (size_t i = 0; i < 5 && cell != PIVOT_NONE; i++) {
				bool of_column = (i == 4 && across != PIVOT_METRICS) ||
						 (i == 3 && across != PIVOT_PERIODS);
				size_t where = of_column ? pivot.columns[column] : pivot.rows[row];
				assert_true(same(pivot_text(&pivot, cell, names[i]),
						 pivot_text(&pivot, where, names[i])));
			}
			n += cell != PIVOT_NONE;
		}
	assert_int_equal(n, table_rows(table));
	pivot_free(&pivot);
}

/* Some of all rows that there can be: 3 areas and what lies in none, 2 labels and none, 4 metrics,
 * 3 periods, parts and totals. */
static void random_rows(struct dice *dice, void *context)
{
	static const char *const
		columns[] = { "metric", "area", "label", "period", "row", "value" },
		*const areas[] = { "A", "B", "C", NULL }, *const labels[] = { "land", "air", NULL },
		*const metrics[] = { "m", "n", "k", "l" },
		*const periods[] = { "2025-01", "2025-02", "2025-03" };
	struct table *table = table_open(columns, 6);
	(void)context;
	for (size_t i = 0; i < 4u * 3 * 4 * 3 * 2; i++) {
		const char *area = areas[i % 4];
		bool total = i / 144;
		if (dice_below(dice, 3))
			continue;
		table_row(table);
		table_text(table, metrics[i / 12 % 4]);
		table_text(table, area);
		table_text(table, labels[i / 4 % 3]);
		table_text(table, periods[i / 48 % 3]);
		table_text(table, total ? (area ? "total" : "total_rest") : area ? "part" : "rest");
		table_int(table, (int64_t)i);
	}
	for (enum pivot_across across = PIVOT_PERIODS; across <= PIVOT_BOTH; across++)
		every_row_is_in_its_cell(table, across);
	table_close(table);
}

static void each_long_row_is_in_one_cell(void **state)
{
	(void)state;
	for_all_seeds(50, random_rows, NULL);
}

static void it_is_whole_or_not_at_all_whatever_memory_is_refused(void **state)
{
	struct table *table = table_of(figures);
	(void)state;
	for (unsigned after = 0;; after++) {
		struct pivot pivot;
		struct err err;
		fault_arm_at(FAULT_MEMORY, after);
		int rc = pivot_make(table, PIVOT_BOTH, &pivot, &err);
		if (!fault_disarm()) {
			assert_int_equal(rc, 0);
			pivot_free(&pivot);
			break;
		}
		assert_int_equal(rc, -ENOMEM);
	}
	table_close(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_metrics_or_periods_or_both),
		cmocka_unit_test(rows_are_told_apart_by_all_that_names_them),
		cmocka_unit_test(rows_that_were_put_in_order_stay_so),
		cmocka_unit_test(what_is_no_figure_or_twice_there_is_refused),
		cmocka_unit_test(a_table_of_too_many_cells_is_refused),
		cmocka_unit_test(each_long_row_is_in_one_cell),
		cmocka_unit_test(it_is_whole_or_not_at_all_whatever_memory_is_refused),
	};
	return cmocka_run_group_tests_name("pivot", tests, NULL, NULL);
}
