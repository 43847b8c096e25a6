/* Rows in another order, and the first of them: random answers, each held against an oracle that
 * looks for the next place among all that are left, and compares numbers as fractions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "query/arrange.h"
#include "support/fault.h"
#include "support/seeds.h"

#include <errno.h>
#include <gmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 400u

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static struct arrangement reads(const char *sort, const char *top)
{
	struct arrangement arrangement = { 0 };
	struct err err;

	if (arrange_read(sort, top, "-value", &arrangement, &err) < 0)
		fail_msg("%s, %s: %s", sort, top, err.text);
	return arrangement;
}

static void refuses(const char *sort, const char *top)
{
	struct arrangement arrangement;
	struct err err;

	assert_int_equal(arrange_read(sort, top, "-value", &arrangement, &err), -EINVAL);
}

static void an_order_is_read_in_all_its_forms(void **state)
{
	(void)state;
	assert_false(arrange_wanted(&(struct arrangement){ 0 }));
	struct arrangement one = reads(NULL, NULL);
	assert_false(arrange_wanted(&one));
	assert_true(one.top == SIZE_MAX);
	one = reads("value", NULL);
	assert_true(arrange_wanted(&one) && !one.falls && !*one.metric);
	one = reads("-value", "3");
	assert_true(one.falls && one.top == 3 && strcmp(one.column, "value") == 0);
	one = reads(NULL, "1");
	assert_true(one.falls && one.top == 1 && strcmp(one.column, "value") == 0);
	one = reads("team.count:change:desc", NULL);
	assert_true(one.falls && strcmp(one.metric, "team.count") == 0 &&
		    strcmp(one.column, "change") == 0);
	one = reads("team.count:asc", NULL);
	assert_true(!one.falls && !*one.metric && strcmp(one.column, "team.count") == 0);
	const char *const bad[] = { "",       "-",     ":desc",       "value:",
				    ":value", "a:b:c", "-value:desc", "a:b:c:desc" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(bad[i], NULL);
	const char *const tops[] = { "", "0", "-1", "100001", "1.0", "99999999999999999999", " 1" };
	for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
		refuses(NULL, tops[i]);
	char text[4096];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t len = 180; len < 220; len++) {
		struct err err;
		text[len] = '\0';
		int rc = arrange_read(text, NULL, "-value", &one, &err);
		assert_true(rc == (len < ARRANGE_SORT_MAX - sizeof(":desc") ? 0 : -EINVAL));
		text[len] = 'x';
	}
}

static void a_column_that_is_none_is_an_error_which_says_what_there_is(void **state)
{
	static const char *const columns[] = { "metric", "area", "period", "value", "percent" };
	struct table *table = table_open(columns, 5);
	struct err err;
	(void)state;
	struct arrangement one = reads("valeu", NULL);
	assert_int_equal(arrange_check(&one, table, "a,b", &err), -EINVAL);
	assert_non_null(strstr(err.text, "did you mean 'value'"));
	one = reads("zzzzzz", NULL);
	assert_int_equal(arrange_check(&one, table, "a,b", &err), -EINVAL);
	assert_non_null(strstr(err.text, "it has metric, area"));
	one = reads("c:value", NULL);
	assert_int_equal(arrange_check(&one, table, "a,b", &err), -EINVAL);
	one = reads("a:value", NULL);
	assert_int_equal(arrange_check(&one, table, NULL, &err), -EINVAL);
	one = reads("b", NULL); /* a name means its value */
	assert_int_equal(arrange_check(&one, table, "a,b", &err), 0);
	assert_string_equal(one.sort, "b:value");
	one = reads("b:-x", NULL);
	assert_int_equal(arrange_check(&one, table, "a,b", &err), -EINVAL);
	one = reads("-percent", NULL);
	assert_int_equal(arrange_check(&one, table, "a,b", &err), 0);
	assert_string_equal(one.sort, "percent:desc");
	table_close(table);
}

/* --- the oracle --- */

struct asked {
	const struct table *table;
	const struct arrangement *how;
	bool missing; /* about offices, which have no rest */
};

static const char *cell(const struct asked *asked, size_t row, const char *column)
{
	return table_cell_of(asked->table, row, column);
}

static int kind(const struct asked *asked, size_t row)
{
	static const char *const kinds[] = { "part", "rest", "total", "total_rest" };
	const char *text = cell(asked, row, "row");

	for (int i = 0; text && i < 4; i++)
		if (strcmp(kinds[i], text) == 0)
			return i;
	return !asked->missing && !cell(asked, row, "area");
}

static bool same_place(const struct asked *asked, size_t a, size_t b)
{
	static const char *const places[] = { "area", "valid_from", "label", "office", "form" };

	if (asked->how->periods)
		return same(cell(asked, a, "period"), cell(asked, b, "period")) &&
		       same(cell(asked, a, "area"), cell(asked, b, "area"));
	for (size_t i = 0; i < 5; i++)
		if (!same(cell(asked, a, places[i]), cell(asked, b, places[i])))
			return false;
	return true;
}

/* The row that says where the place of @row stands; SIZE_MAX: none. */
static size_t decides(const struct asked *asked, size_t row)
{
	const char *metric = *asked->how->metric ? asked->how->metric : cell(asked, 0, "metric");
	const char *newest = NULL;

	for (size_t i = 0; i < table_rows(asked->table); i++)
		if (same(cell(asked, i, "metric"), metric))
			newest = cell(asked, i, "period");
	for (size_t i = 0; i < table_rows(asked->table); i++)
		if (kind(asked, i) == 0 && same(cell(asked, i, "metric"), metric) &&
		    (asked->how->periods || same(cell(asked, i, "period"), newest)) &&
		    same_place(asked, i, row))
			return i;
	return SIZE_MAX;
}

static bool is_number(const char *text)
{
	return text[strspn(text, "-.0123456789")] == '\0' && !strchr(text + 1, '-');
}

static int fraction_compare(const char *a, const char *b)
{
	mpq_t numbers[2];
	const char *const texts[] = { a, b };

	for (int i = 0; i < 2; i++) {
		char digits[128];
		const char *point = strchr(texts[i], '.');
		size_t n = point ? (size_t)(point - texts[i]) : strlen(texts[i]);
		(void)snprintf(digits, sizeof(digits), "%.*s%s/1%0*d", (int)n, texts[i],
			       point ? point + 1 : "", point ? (int)strlen(point + 1) : 0, 0);
		if (!point)
			*strrchr(digits, '/') = '\0';
		mpq_init(numbers[i]);
		assert_int_equal(mpq_set_str(numbers[i], digits, 10), 0);
		mpq_canonicalize(numbers[i]);
	}
	int order = mpq_cmp(numbers[0], numbers[1]);
	mpq_clears(numbers[0], numbers[1], NULL);
	return (order > 0) - (order < 0);
}

/* Does the place of row @a come before that of @b? */
static bool comes_before(const struct asked *asked, size_t a, size_t b)
{
	size_t x = decides(asked, a), y = decides(asked, b);
	const char *one = x == SIZE_MAX ? NULL : cell(asked, x, asked->how->column),
		   *other = y == SIZE_MAX ? NULL : cell(asked, y, asked->how->column);
	bool numbers = true;

	for (size_t i = 0; i < table_rows(asked->table); i++) {
		const char *text = cell(asked, i, asked->how->column);
		numbers &= !text || is_number(text);
	}
	int order = !one || !other ? 0
		    : numbers      ? fraction_compare(one, other)
				   : strcmp(one, other);
	if ((one == NULL) != (other == NULL))
		return one != NULL;
	if (order != 0)
		return asked->how->falls ? order > 0 : order < 0;
	return x != y ? x < y : a < b;
}

/* One row of each place, in their order, by choosing the next again and again. */
static size_t places_in_order(const struct asked *asked, size_t places[ROWS_MAX])
{
	size_t n = 0;

	for (size_t row = 0; row < table_rows(asked->table); row++) {
		bool known = kind(asked, row) != 0;
		for (size_t i = 0; i < n && !known; i++)
			known = same_place(asked, places[i], row);
		if (!known)
			places[n++] = row;
	}
	for (size_t at = 0; at < n; at++)
		for (size_t i = at + 1; i < n; i++)
			if (comes_before(asked, places[i], places[at])) {
				size_t swapped = places[at];
				places[at] = places[i];
				places[i] = swapped;
			}
	return n;
}

static bool same_block(const struct asked *asked, size_t a, size_t b)
{
	return same(cell(asked, a, "metric"), cell(asked, b, "metric")) &&
	       (asked->how->periods || same(cell(asked, a, "period"), cell(asked, b, "period")));
}

/* The numbers of the rows that should be left, in order. */
static size_t expected(const struct asked *asked, size_t rows[ROWS_MAX], size_t *ret_places)
{
	size_t places[ROWS_MAX], n = 0, n_places = places_in_order(asked, places), end;

	*ret_places = n_places;
	for (size_t begin = 0; begin < table_rows(asked->table); begin = end) {
		for (end = begin; end < table_rows(asked->table) && same_block(asked, begin, end);)
			end++;
		for (size_t i = 0; i < n_places && i < asked->how->top; i++)
			for (size_t row = begin; row < end; row++)
				if (kind(asked, row) == 0 && same_place(asked, row, places[i]))
					rows[n++] = row;
		for (int of = 1; of < 4; of++)
			for (size_t row = begin; row < end; row++)
				if (kind(asked, row) == of)
					rows[n++] = row;
	}
	return n;
}

/* --- random answers --- */

#define COLUMNS 10u
static const char *const all_columns[COLUMNS] = {
	"metric", "period", "form", "office", "area", "label", "valid_from", "value", "name", "row"
};

static void put_value(struct dice *dice, struct table *table)
{
	static const char *const values[] = { "0",
					      "-0",
					      "1",
					      "1.0",
					      "1.50",
					      "1.5",
					      "-1.05",
					      "10",
					      "9",
					      "0.1",
					      "-0.10",
					      "9999999999999999999999999999999999",
					      "9999999999999999999999999999999999.000001",
					      "-7" };

	if (dice_below(dice, 5) == 0)
		table_null(table);
	else
		table_number(table, values[dice_below(dice, sizeof(values) / sizeof(values[0]))]);
}

/* One row; number @i tells it from all others in its name. */
static void put_row(struct dice *dice, struct table *table, const char *const words[COLUMNS],
		    size_t i)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%u-%zu", (unsigned)dice_below(dice, 4), i);
	table_row(table);
	for (size_t column = 0; column < table_columns(table); column++) {
		const char *called = table_column(table, column);
		size_t at = 0;
		while (strcmp(all_columns[at], called) != 0)
			at++;
		if (strcmp(called, "value") == 0)
			put_value(dice, table);
		else
			table_text(table, strcmp(called, "name") == 0 ? name : words[at]);
	}
}

/* As query_run() and completeness_run() put rows: by metric, by period, parts, the rest, totals. */
static struct table *random_answer(struct dice *dice, bool several, bool missing, bool total,
				   bool periods)
{
	static const char *const metrics[] = { "a.x", "b", "c" },
				 *const months[] = { "2025-01", "2025-02", "2025-03" },
				 *const areas[] = { "815", "816", "28249" },
				 *const labels[] = { "land", "air", NULL },
				 *const kinds[] = { "part", "rest", "total", "total_rest" };
	const char *columns[COLUMNS];
	size_t n = 0, number = 0;
	for (size_t i = 0; i < COLUMNS; i++)
		if ((i != 0 || several) && (i != 3 || missing) && (i != 2 || missing) &&
		    (i != 9 || total))
			columns[n++] = all_columns[i];
	struct table *table = table_open(columns, n);
	for (size_t i = 0; i < (several ? 3u : 1u) * 3 * 4 * 9; i++) {
		size_t metric = i / 108, month = i / 36 % 3, of = i / 9 % 4, place = i % 9;
		bool rest = of == 1 || of == 3;
		const char *words[COLUMNS] = { metrics[metric],
					       months[month],
					       place % 2 ? "month" : "day",
					       "O1",
					       rest ? NULL : areas[place / 3],
					       labels[place % 3],
					       place == 4 ? "2025-02-01" : NULL,
					       NULL,
					       NULL,
					       kinds[of] };
		words[3] = areas[place / 3];
		if ((of > 1 && !total) || (rest && missing) || (rest && place % 3) ||
		    (periods && place > 0) || dice_below(dice, 4) == 0)
			continue;
		put_row(dice, table, words, number++);
	}
	return table;
}

static void is_as_the_oracle_has_it(struct dice *dice, void *context)
{
	static const char *const sorts[] = { "value", "-value", "name:desc", "name",
					     "period:desc" };
	bool several = dice_below(dice, 2), missing = !several && dice_below(dice, 3) == 0,
	     total = !missing && dice_below(dice, 2), periods = dice_below(dice, 4) == 0;
	struct table *table = random_answer(dice, several, missing, total, periods);
	struct asked asked = { .missing = missing };
	struct arrangement how =
		reads(sorts[dice_below(dice, 5)], dice_below(dice, 2) ? "2" : NULL);
	char names[ROWS_MAX][32];
	size_t rows[ROWS_MAX], n_places;
	struct err err;
	(void)context;
	if (several && dice_below(dice, 2))
		strcpy(how.metric, dice_below(dice, 2) ? "b" : "c");
	assert_int_equal(arrange_check(&how, table, "a.x,b,c", &err), 0);
	how.periods = periods;
	asked.table = table;
	asked.how = &how;
	size_t before = table_rows(table), n = expected(&asked, rows, &n_places);
	for (size_t i = 0; i < n; i++)
		strcpy(names[i], cell(&asked, rows[i], "name"));
	assert_int_equal(arrange(table, &how, &err), 0);
	assert_int_equal(table_rows(table), n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(cell(&asked, i, "name"), names[i]);
	assert_string_equal(table_head_value(table, "query", "sort"), how.sort);
	const char *left = table_head_value(table, "query", "left_out_rows");
	assert_true((left != NULL) == (how.top != SIZE_MAX));
	if (left) {
		assert_int_equal(atoi(left), before - n);
		assert_int_equal(atoi(table_head_value(table, "query", "top_of")), n_places);
	}
	table_close(table);
}

static void random_answers_are_as_the_oracle_has_them(void **state)
{
	(void)state;
	for_all_seeds(600, is_as_the_oracle_has_it, NULL);
}

static void an_empty_answer_stays_one(void **state)
{
	static const char *const columns[] = { "period", "area", "value" };
	struct table *table = table_open(columns, 3);
	struct arrangement how = reads(NULL, "5");
	struct err err;
	(void)state;
	assert_int_equal(arrange_check(&how, table, NULL, &err), 0);
	assert_int_equal(arrange(table, &how, &err), 0);
	assert_int_equal(table_rows(table), 0);
	assert_string_equal(table_head_value(table, "query", "left_out_rows"), "0");
	table_close(table);
}

static void it_is_as_before_or_in_order_whatever_memory_is_refused(void **state)
{
	(void)state;
	for (unsigned after = 0;; after++) {
		struct dice dice = dice_seeded(7);
		struct table *table = random_answer(&dice, true, false, true, false);
		struct arrangement how = reads("-value", "2");
		size_t before = table_rows(table);
		struct err err;
		assert_int_equal(arrange_check(&how, table, "a.x,b,c", &err), 0);
		fault_arm_at(FAULT_MEMORY, after);
		int rc = arrange(table, &how, &err);
		bool fired = fault_disarm();
		assert_true(rc == 0 ? table_rows(table) < before : table_rows(table) == before);
		assert_true(rc == 0 || rc == -ENOMEM);
		table_close(table);
		if (!fired)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_is_read_in_all_its_forms),
		cmocka_unit_test(a_column_that_is_none_is_an_error_which_says_what_there_is),
		cmocka_unit_test(random_answers_are_as_the_oracle_has_them),
		cmocka_unit_test(an_empty_answer_stays_one),
		cmocka_unit_test(it_is_as_before_or_in_order_whatever_memory_is_refused),
	};
	return cmocka_run_group_tests_name("arrange", tests, NULL, NULL);
}
