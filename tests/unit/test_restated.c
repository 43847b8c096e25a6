/* Figures told under another date's borders, on the real units: the reform of 2025-07-01, which
 * ended the districts and made one province of two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "query/query.h"
#include "registry/successors.h"
#include "support/province.h"
#include "support/testbed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFICES_MAX 400
#define METRIC      "team.sessions" /* a flow per month, of communes */

struct fixture {
	struct testbed testbed;
	struct testbed_spool spools[OFFICES_MAX];
	char units[OFFICES_MAX][8]; /* codes */
	size_t n;
	int32_t june, before,
		after; /* its first day; the last day with districts, the first without */
};

static int32_t day(const char *text)
{
	int32_t number = 0;
	assert_int_equal(day_parse(text, &number, &(struct err){ 0 }), 0);
	return number;
}

static char *data_file(const char *name)
{
	char path[512];
	size_t len;
	(void)snprintf(path, sizeof(path), "%s/aggregator/data/tien-giang/%s", SOURCE_DIR, name);
	char *text = file_text(path, &len);
	assert_non_null(text);
	return text;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char *units = data_file("units.csv"), *successors = data_file("successors.csv"),
	     *catalogue = data_file("catalogue.csv");
	size_t rows;
	assert_non_null(f);
	testbed_open(&f->testbed, units, catalogue, NULL, false);
	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	assert_int_equal(successors_import(f->testbed.db, successors, strlen(successors), &rows,
					   &f->testbed.err),
			 0);
	assert_int_equal(db_commit(f->testbed.db, &f->testbed.err), 0);
	testbed_refresh(&f->testbed);
	f->june = day("2025-06-01");
	f->before = day("2025-06-30");
	f->after = day("2025-07-01");
	free(units);
	free(successors);
	free(catalogue);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static size_t add_office(struct fixture *f, const char *unit, int32_t from)
{
	char code[32];
	assert_true(f->n < OFFICES_MAX);
	(void)snprintf(code, sizeof(code), "o%zu", f->n);
	(void)snprintf(f->units[f->n], sizeof(f->units[0]), "%s", unit);
	f->spools[f->n] = (struct testbed_spool){ .id = 1000 + f->n };
	f->spools[f->n].office = testbed_office(&f->testbed, code, unit, from);
	return f->n++;
}

/* Offices of every unit of @level under @root on @on, from then. */
static void add_offices(struct fixture *f, const char *root, const char *level, int32_t on)
{
	const struct units *units = f->testbed.reference->units;
	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit = &units->list[i], *above = unit, *next;
		if (strcmp(unit->level, level) != 0 || unit->valid_from > on ||
		    unit->valid_to <= on)
			continue;
		while ((next = units_parent(units, above, on)))
			above = next;
		if (strcmp(above->code, root) == 0)
			(void)add_office(f, unit->code, on);
	}
	testbed_refresh(&f->testbed);
}

static void record(struct fixture *f, size_t office, const char *period, int64_t value)
{
	testbed_record(&f->testbed, &f->spools[office], METRIC, "", period, value, 0);
}

static struct table *ask(struct fixture *f, const struct query *query)
{
	struct table *table = NULL;
	if (query_run(f->testbed.db, f->testbed.reference, query, &table, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	return table;
}

/* Row of the area; NULL: the rest. */
static size_t row_of(const struct table *table, const char *area)
{
	for (size_t i = 0; i < table_rows(table); i++) {
		const char *code = testbed_cell(table, i, "area");
		if (code && area ? strcmp(code, area) == 0 : code == area)
			return i;
	}
	fail_msg("there is no row of %s", area ? area : "the rest");
	return 0;
}

static int64_t value(const struct table *table, size_t row)
{
	const char *text = testbed_cell(table, row, "value");
	return text ? atoll(text) : 0;
}

static int64_t sum(const struct table *table)
{
	int64_t all = 0;
	for (size_t i = 0; i < table_rows(table); i++)
		all += value(table, i);
	return all;
}

static void the_164_communes_are_told_as_57_whose_sum_is_the_provinces(void **state)
{
	struct fixture *f = *state;
	struct query query = {
		.name = METRIC, .by = "commune", .from = "2025-06", .structure = "2025-07-01"
	};
	int64_t all = 0;
	size_t told = 0, due = 0;
	add_offices(f, "82", "commune", f->june);
	assert_int_equal(f->n, 164);
	for (size_t i = 0; i < f->n; i++) {
		record(f, i, "2025-06", (int64_t)(i * i + 1));
		all += (int64_t)(i * i + 1);
	}
	struct table *table = ask(f, &query);
	assert_int_equal(sum(table), all);
	for (size_t i = 0; i < table_rows(table); i++) {
		assert_non_null(testbed_cell(table, i, "area")); /* nothing is left over */
		told += testbed_cell(table, i, "value") != NULL;
		due += (size_t)atoll(testbed_cell(table, i, "due"));
	}
	assert_int_equal(told, 57);
	assert_int_equal(due, 164);
	table_close(table);
	query.by = NULL;
	table = ask(f, &query);
	assert_int_equal(table_rows(table), 1);
	assert_string_equal(testbed_cell(table, 0, "name"), "Tỉnh Đồng Tháp");
	assert_int_equal(value(table, 0), all);
	table_close(table);
}

static void names(const struct table *table, const char *area, const char *blamed)
{
	size_t row = row_of(table, area);
	const char *reason = testbed_cell(table, row, "reason");
	assert_null(testbed_cell(table, row, "value"));
	if (!reason || strncmp(reason, "not derivable", 13) != 0 || !strstr(reason, blamed))
		fail_msg("%s: '%s' does not name %s", area, reason ? reason : "", blamed);
}

static void divided_communes_are_not_derivable_but_for_the_province(void **state)
{
	struct fixture *f = *state;
	struct query query = {
		.name = METRIC, .by = "commune", .from = "2025-06", .structure = "2025-07-01"
	};
	static const char *const codes[] = { "29995", "30079", "30157", "29992", "28249" };
	for (size_t i = 0; i < 5; i++)
		(void)add_office(f, codes[i], f->june);
	testbed_refresh(&f->testbed);
	for (size_t i = 0; i < 5; i++)
		record(f, i, "2025-06", 1 << i);
	struct table *table = ask(f, &query);
	names(table, "29992", "29995"); /* though it has a figure of its own, 8 */
	names(table, "30154", "29995");
	names(table, "30025", "30079");
	names(table, "30088", "30079");
	names(table, "30130", "30157");
	names(table, "30157", "30157");
	size_t rest = row_of(table, NULL);
	assert_int_equal(rest, table_rows(table) - 1);
	assert_int_equal(value(table, rest), 1 + 2 + 4 + 8);
	assert_string_equal(testbed_cell(table, rest, "due"),
			    "4"); /* 29992's went with its value */
	assert_int_equal(sum(table), 31);
	table_close(table);
	query.by = "province";
	table = ask(f, &query);
	assert_int_equal(table_rows(table), 1);
	assert_string_equal(testbed_cell(table, 0, "area"), "82");
	assert_int_equal(value(table, 0), 31);
	assert_null(testbed_cell(table, 0, "reason"));
	table_close(table);
}

static void a_code_that_meant_two_units_gives_two_rows(void **state)
{
	struct fixture *f = *state;
	struct query query = {
		.name = METRIC, .by = "commune", .per = "year", .from = "2024", .area = "816"
	};
	size_t office = add_office(f, "28300", day("2024-01-01")), n = 0;
	testbed_refresh(&f->testbed);
	record(f, office, "2024-04", 3);
	record(f, office, "2024-05", 4);
	struct table *table = ask(f, &query);
	for (size_t i = 0; i < table_rows(table); i++) {
		if (strcmp(testbed_cell(table, i, "area"), "28300") != 0)
			continue;
		bool old = strcmp(testbed_cell(table, i, "valid_from"), "2024-05-01") != 0;
		assert_string_equal(testbed_cell(table, i, "name"), old ? "Phường 4" : "Phường 1");
		assert_int_equal(value(table, i), old ? 3 : 4);
		n++;
	}
	assert_int_equal(n, 2);
	table_close(table);
	query.structure = "2024-05-01"; /* the old one went into the new one whole */
	table = ask(f, &query);
	assert_int_equal(value(table, row_of(table, "28300")), 7);
	table_close(table);
	query.structure = "2024-04-30"; /* back, the new one is of two */
	table = ask(f, &query);
	assert_null(testbed_cell(table, row_of(table, "28300"), "value"));
	assert_int_equal(sum(table), 7);
	table_close(table);
}

#define KIN_MAX 16

/* Districts of June 2025 in which the predecessors of @code lay, from the rows of that one day. */
static size_t districts_of(const struct fixture *f, const char *code, const char *ret[KIN_MAX])
{
	const struct units *units = f->testbed.reference->units;
	size_t n = 0;
	for (size_t i = 0; i < units->n_successors; i++) {
		const struct successor *row = &units->successors[i];
		if (row->effective_on != f->after || strcmp(row->new_code, code) != 0)
			continue;
		const char *parent = units_find(units, row->old_code, f->before)->parent;
		bool known = false;
		for (size_t k = 0; k < n; k++)
			known |= strcmp(ret[k], parent) == 0;
		assert_true(n < KIN_MAX);
		if (!known &&
		    strcmp(units_find(units, row->old_code, f->before)->level, "commune") == 0)
			ret[n++] = parent;
	}
	if (n == 0) /* never touched: it kept its code and land */
		ret[n++] = units_find(units, code, f->before)->parent;
	return n;
}

static void figures_of_2026_are_told_by_the_old_districts_where_they_can_be(void **state)
{
	struct fixture *f = *state;
	const struct query query = {
		.name = METRIC, .by = "district", .from = "2026-03", .structure = "2025-06-30"
	};
	int64_t all = 0;
	size_t told = 0, untold = 0;
	add_offices(f, "82", "commune", f->after);
	assert_int_equal(f->n, 102);
	for (size_t i = 0; i < f->n; i++) {
		record(f, i, "2026-03", (int64_t)i + 1);
		all += (int64_t)i + 1;
	}
	struct table *table = ask(f, &query);
	for (size_t row = 0; row + 1 < table_rows(table); row++) {
		const char *area = testbed_cell(table, row, "area"), *of[KIN_MAX];
		int64_t expected = 0;
		bool across = false;
		for (size_t i = 0; i < f->n; i++) {
			size_t n = districts_of(f, f->units[i], of);
			for (size_t k = 0; k < n; k++)
				if (strcmp(of[k], area) == 0) {
					expected += (int64_t)i + 1;
					across |= n > 1;
				}
		}
		if (across) {
			names(table, area, "lies here only in part");
			untold++;
		} else {
			assert_int_equal(value(table, row), expected);
			told++;
		}
	}
	assert_int_equal(told + untold, 11 + 12);
	assert_true(told > 0 && untold > 0);
	assert_int_equal(sum(table), all); /* with the last row */
	assert_null(testbed_cell(table, table_rows(table) - 1, "area"));
	table_close(table);
}

static void a_districts_own_office_counts_for_the_province_after_the_districts(void **state)
{
	struct fixture *f = *state;
	struct query query = {
		.name = METRIC, .by = "commune", .from = "2025-06", .structure = "2025-07-01"
	};
	size_t district = add_office(f, "815", f->june), commune = add_office(f, "28249", f->june);
	testbed_refresh(&f->testbed);
	record(f, district, "2025-06", 5);
	record(f, commune, "2025-06", 7);
	struct table *table = ask(f, &query);
	assert_int_equal(value(table, row_of(table, NULL)), 5);
	assert_string_equal(testbed_cell(table, row_of(table, NULL), "extra"), "1");
	assert_int_equal(value(table, row_of(table, "28249")), 7);
	table_close(table);
	query.by = NULL;
	table = ask(f, &query);
	assert_int_equal(value(table, row_of(table, "82")), 12);
	table_close(table);
	query.by = "district"; /* there are none any more */
	table = ask(f, &query);
	assert_int_equal(table_rows(table), 1);
	assert_int_equal(value(table, row_of(table, NULL)), 12);
	table_close(table);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_164_communes_are_told_as_57_whose_sum_is_the_provinces),
		TEST(divided_communes_are_not_derivable_but_for_the_province),
		TEST(a_code_that_meant_two_units_gives_two_rows),
		TEST(figures_of_2026_are_told_by_the_old_districts_where_they_can_be),
		TEST(a_districts_own_office_counts_for_the_province_after_the_districts),
	};
	return cmocka_run_group_tests_name("restated", tests, NULL, NULL);
}
