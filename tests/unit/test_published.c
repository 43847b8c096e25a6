/* The reference data that is installed, and the province's own published figures out of it. The
 * breakdowns by commune are made up; their totals are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "query/query.h"
#include "support/oracle.h"
#include "support/province.h"
#include "support/testbed.h"

#include <gmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFICES_MAX 200
#define SILENT      100 /* of the communes, by code */

struct fixture {
	struct testbed testbed;
	struct testbed_spool spools[OFFICES_MAX];
	const char *codes[OFFICES_MAX]; /* of their units, lent by the reference */
	const char *districts[OFFICES_MAX];
	size_t n_communes, n;
	size_t province; /* index */
	int32_t june;    /* 2025-06-01 */
};

static char *data_file(const char *name)
{
	char path[512];
	size_t len;
	(void)snprintf(path, sizeof(path), "%s/aggregator/data/tien-giang/%s", SOURCE_DIR, name);
	char *text = file_text(path, &len);
	assert_non_null(text);
	return text;
}

static void add_offices(struct fixture *f, const char *level)
{
	const struct units *units = f->testbed.reference->units;
	for (size_t i = 0; i < units->n; i++) {
		const struct unit *unit = &units->list[i], *above;
		char code[64];
		if (strcmp(unit->level, level) != 0 || unit->valid_from > f->june ||
		    unit->valid_to <= f->june)
			continue;
		for (above = unit; above->parent; above = units_find(units, above->parent, f->june))
			;
		if (strcmp(above->code, "82") != 0)
			continue;
		assert_true(f->n < OFFICES_MAX);
		(void)snprintf(code, sizeof(code), "vp-%s", unit->code);
		f->spools[f->n] = (struct testbed_spool){ .id = 1000 + f->n };
		f->spools[f->n].office =
			testbed_office(&f->testbed, code, unit->code, f->june - 1900);
		f->codes[f->n] = unit->code;
		f->districts[f->n++] = unit->parent;
	}
}

/* units_find() borrows from the reference, which testbed_refresh() replaces: keep the first. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char *units = data_file("units.csv"), *catalogue = data_file("catalogue.csv"),
	     *indicators = data_file("indicators.csv");
	assert_non_null(f);
	testbed_open(&f->testbed, units, catalogue, indicators, false);
	assert_int_equal(day_parse("2025-06-01", &f->june, &(struct err){ 0 }), 0);
	add_offices(f, "commune");
	f->n_communes = f->n;
	add_offices(f, "district");
	f->province = f->n;
	add_offices(f, "province");
	for (size_t i = 0; i < f->n; i++) {
		f->codes[i] = strdup(f->codes[i]);
		f->districts[i] = f->districts[i] ? strdup(f->districts[i]) : NULL;
	}
	testbed_refresh(&f->testbed);
	free(units);
	free(catalogue);
	free(indicators);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->n; i++) {
		free((char *)f->codes[i]);
		free((char *)f->districts[i]);
	}
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static struct table *ask(struct fixture *f, const struct query *query)
{
	struct table *table = NULL;
	if (query_run(f->testbed.db, f->testbed.reference, query, &table, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	return table;
}

static void has(const struct table *table, size_t row, const char *column, const char *expected)
{
	const char *found = testbed_cell(table, row, column);
	if (!found || strcmp(found, expected) != 0)
		fail_msg("%s is %s, expected %s", column, found ? found : "null", expected);
}

static void the_structure_of_june_2025_has_176_offices(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(f->n_communes, 164);
	assert_int_equal(f->province - f->n_communes, 11);
	assert_int_equal(f->n, 176);
}

/* 163 communes report; their teams add to the published 1249. */
static void record_teams(struct fixture *f)
{
	int64_t left = 1249;
	for (size_t i = 0; i < f->n_communes; i++) {
		int64_t teams = i + 1 == f->n_communes ? left : (int64_t)(i % 9 + 3);
		if (i == SILENT)
			continue;
		left -= teams;
		testbed_record(&f->testbed, &f->spools[i], "team.count", "", "2025-06", teams, 0);
	}
}

static void the_teams_add_up_and_the_silent_commune_is_named(void **state)
{
	struct fixture *f = *state;
	const struct query june = { .name = "team.count", .from = "2025-06" };
	struct query by = june;
	int64_t sum = 0;
	record_teams(f);
	struct table *table = ask(f, &june);
	assert_int_equal(table_rows(table), 1); /* the other province has no offices */
	has(table, 0, "area", "82");
	has(table, 0, "value", "1249");
	has(table, 0, "due", "164");
	has(table, 0, "reported", "163");
	has(table, 0, "missing", "1");
	has(table, 0, "on_time", "163");
	has(table, 0, "offices_due", "164");
	has(table, 0, "offices_reported", "163");
	table_close(table);
	by.by = "district";
	table = ask(f, &by);
	assert_int_equal(table_rows(table), 11);
	for (size_t i = 0; i < table_rows(table); i++)
		sum += atoll(testbed_cell(table, i, "value"));
	assert_int_equal(sum, 1249);
	table_close(table);
	assert_int_equal(completeness_run(f->testbed.db, f->testbed.reference, &june, &table,
					  &f->testbed.err),
			 0);
	assert_int_equal(table_rows(table), 1);
	has(table, 0, "area", f->codes[SILENT]);
	has(table, 0, "period", "2025-06");
	has(table, 0, "missing", "1");
	table_close(table);
}

static void the_level_is_carried_and_said_to_be_until_the_tier_ends(void **state)
{
	struct fixture *f = *state;
	const struct query july = { .name = "team.count", .from = "2025-07", .area = "82" };
	record_teams(f);
	/* the communes that keep their code keep their office's assignment */
	struct table *table = ask(f, &july);
	int64_t due = atoll(testbed_cell(table, 0, "due"));
	assert_true(due > 0 && due < 164);
	has(table, 0, "reported", "0");
	/* nothing is there to be carried for the silent one, if its code lives on */
	bool silent = units_find(f->testbed.reference->units, f->codes[SILENT], f->june + 30);
	assert_int_equal(atoll(testbed_cell(table, 0, "carried")), due - silent);
	has(table, 0, "missing", silent ? "1" : "0");
	has(table, 0, "name", "Tỉnh Đồng Tháp");
	table_close(table);
}

static void the_digital_share_and_the_gap_are_as_published(void **state)
{
	struct fixture *f = *state;
	struct testbed_spool *spool = &f->spools[f->province];
	const struct query share = { .name = "economy.digital_share", .from = "2021" },
			   gap = { .name = "dti.economy_gap", .from = "2021", .area = "82" };
	testbed_record(&f->testbed, spool, "economy.digital_value_added", "", "2021", 8619, 0);
	testbed_record(&f->testbed, spool, "economy.grdp", "", "2021", 100314, 0);
	testbed_record(&f->testbed, spool, "dti.economy_index", "", "2021", 4856, 4);
	testbed_record(&f->testbed, spool, "dti.economy_index_mean", "", "2021", 4098, 4);
	struct table *table = ask(f, &share);
	assert_int_equal(table_rows(table), 1);
	has(table, 0, "value", "8.592021");
	has(table, 0, "operands", "economy.digital_value_added=8619;economy.grdp=100314");
	has(table, 0, "targets", "2025=15;2030=25");
	has(table, 0, "due", "2"); /* one office and year, of each operand */
	has(table, 0, "reported", "2");
	table_close(table);
	table = ask(f, &gap);
	has(table, 0, "value", "0.0758");
	table_close(table);
}

static void an_indicator_without_an_operand_says_which(void **state)
{
	struct fixture *f = *state;
	const struct query share = { .name = "economy.digital_share", .from = "2022" };
	testbed_record(&f->testbed, &f->spools[f->province], "economy.digital_value_added", "",
		       "2022", 1, 0);
	struct table *table = ask(f, &share);
	assert_null(testbed_cell(table, 0, "value"));
	assert_non_null(strstr(testbed_cell(table, 0, "reason"), "economy.grdp"));
	table_close(table);
	testbed_record(&f->testbed, &f->spools[f->province], "economy.grdp", "", "2022", 0, 0);
	table = ask(f, &share);
	assert_null(testbed_cell(table, 0, "value"));
	assert_non_null(testbed_cell(table, 0, "reason"));
	table_close(table);
}

static void record_share(struct fixture *f, const char *year, int64_t percent)
{
	struct testbed_spool *spool = &f->spools[f->province];
	testbed_record(&f->testbed, spool, "economy.digital_value_added", "", year, percent, 0);
	testbed_record(&f->testbed, spool, "economy.grdp", "", year, 100, 0);
}

/* From 10 in 2021 to 15 in 2025, and on to 25 in 2030. */
static void the_way_to_the_target_is_straight_from_the_first_value(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *target_year, *distance, *path;
	} years[] = { { "2025", NULL, NULL },          /* 2020: nothing yet */
		      { "2025", "-5", "10" },          /* 2021 */
		      { "2025", NULL, "11.25" },       /* 2022: not reported */
		      { "2025", "-4", "12.5" },        /* 2023 */
		      { "2025", NULL, "13.75" },       /* 2024 */
		      { "2025", "1", "15" },           /* 2025 */
		      { "2030", NULL, "18.333333" } }; /* 2026: 10 + 15 * 5/9 */
	struct query share = { .name = "economy.digital_share",
			       .area = "82",
			       .from = "2020",
			       .to = "2026",
			       .structure = "2025-06-30", /* later, 82 is another unit */
			       .known = "2026-12-31" };
	record_share(f, "2021", 10);
	record_share(f, "2023", 11);
	record_share(f, "2025", 16);
	struct table *table = ask(f, &share);
	/* the last is due from the province that followed, once the year is over */
	size_t over = civil_day(civil_now_us()) >= day_from_civil(2027, 1, 1);
	assert_int_equal(table_rows(table), 7 + over);
	if (over)
		assert_null(testbed_cell(table, 7, "target"));
	for (size_t i = 0; i < 7; i++) {
		has(table, i, "target_year", years[i].target_year);
		has(table, i, "target", i < 6 ? "15" : "25");
		if (years[i].distance)
			has(table, i, "distance", years[i].distance);
		else
			assert_null(testbed_cell(table, i, "distance"));
		if (years[i].path)
			has(table, i, "path", years[i].path);
		else
			assert_null(testbed_cell(table, i, "path"));
	}
	table_close(table);
	share.from = "2031"; /* no target ahead */
	share.to = NULL;
	table = ask(f, &share);
	assert_null(testbed_cell(table, 0, "target"));
	assert_null(testbed_cell(table, 0, "path"));
	table_close(table);
	share.name = "dti.economy_gap"; /* none at all */
	table = ask(f, &share);
	assert_null(testbed_cell(table, 0, "targets"));
	assert_null(testbed_cell(table, 0, "target"));
	table_close(table);
}

static const char *rank_of(const struct table *table, const char *area, const char *column)
{
	for (size_t i = 0; i < table_rows(table); i++)
		if (testbed_cell(table, i, "area") &&
		    strcmp(testbed_cell(table, i, "area"), area) == 0)
			return testbed_cell(table, i, column);
	fail_msg("no row of %s", area);
	return NULL;
}

static void ranks_are_shared_and_who_has_no_value_has_none(void **state)
{
	struct fixture *f = *state;
	const struct query teams = {
		.name = "team.count", .by = "commune", .from = "2025-06", .rank = true
	};
	static const int64_t values[] = { 4, 9, 4, 0 };
	static const char *const ranks[] = { "2", "1", "2", "4" };
	for (size_t i = 0; i < 4; i++)
		testbed_record(&f->testbed, &f->spools[i], "team.count", "", "2025-06", values[i],
			       0);
	struct table *table = ask(f, &teams);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(rank_of(table, f->codes[i], "rank"), ranks[i]);
		assert_string_equal(rank_of(table, f->codes[i], "of"), "4");
	}
	assert_null(rank_of(table, f->codes[4], "rank"));
	assert_null(rank_of(table, f->codes[4], "of"));
	table_close(table);
}

#define DAYS 4

static int64_t received_of(size_t i, int day)
{
	return (int64_t)(i * 7 + (size_t)day * 3) % 50;
}

static int64_t online_of(size_t i, int day)
{
	return received_of(i, day) * (int64_t)(i % 5) / 5;
}

static void record_dossiers(struct fixture *f)
{
	for (size_t i = 0; i < f->n_communes; i++) {
		struct testbed_batch batches[DAYS];
		for (int day = 0; day < DAYS; day++) {
			struct testbed_figure figures[] = {
				{ .metric = "service.dossiers_received",
				  .labels = i % 2 ? "" : "sector=land",
				  .grain = GRAIN_DAY,
				  .value_e = received_of(i, day) },
				{ .metric = "service.dossiers_online",
				  .labels = "",
				  .grain = GRAIN_DAY,
				  .value_e = online_of(i, day) },
			};
			testbed_seal(&f->spools[i], f->june + day, figures, 2,
				     civil_day_start_us(f->june + day + 1), &batches[day]);
		}
		testbed_commit(&f->testbed, batches, DAYS);
		for (int day = 0; day < DAYS; day++)
			blob_free(&batches[day].payload);
	}
}

static void the_online_rate_of_a_district_is_a_ratio_of_sums(void **state)
{
	struct fixture *f = *state;
	const struct query rate = {
		.name = "service.online_rate", .by = "district", .per = "month", .from = "2025-06"
	};
	record_dossiers(f);
	struct table *table = ask(f, &rate);
	assert_int_equal(table_rows(table), 11);
	for (size_t row = 0; row < 11; row++) {
		int64_t received = 0, online = 0;
		char text[64];
		for (size_t i = 0; i < f->n_communes; i++)
			for (int day = 0; day < DAYS; day++)
				if (strcmp(f->districts[i], testbed_cell(table, row, "area")) ==
				    0) {
					received += received_of(i, day);
					online += online_of(i, day);
				}
		/* half to even at 6 digits; no tie is possible below a denominator of 2^7 5^7 */
		int64_t scaled = (online * 100 * 2000000 + received) / (2 * received);
		(void)snprintf(text, sizeof(text), "%lld.%06lld", (long long)(scaled / 1000000),
			       (long long)(scaled % 1000000));
		for (size_t n = strlen(text); text[n - 1] == '0' || text[n - 1] == '.'; n--) {
			bool point = text[n - 1] == '.';
			text[n - 1] = '\0';
			if (point)
				break;
		}
		has(table, row, "value", text);
	}
	table_close(table);
}

static void a_late_figure_for_june_goes_to_the_unit_of_june(void **state)
{
	struct fixture *f = *state;
	const struct query june = { .name = "team.sessions", .by = "district", .from = "2025-06" };
	struct testbed_figure figure = {
		.metric = "team.sessions", .labels = "", .grain = GRAIN_MONTH, .value_e = 5
	};
	struct testbed_batch batch;
	testbed_seal(&f->spools[0], f->june, &figure, 1, civil_day_start_us(f->june + 120), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
	struct table *table = ask(f, &june);
	assert_int_equal(table_rows(table), 11);
	for (size_t i = 0; i < 11; i++)
		if (strcmp(testbed_cell(table, i, "area"), f->districts[0]) == 0) {
			has(table, i, "value", "5");
			has(table, i, "reported", "1");
			has(table, i, "on_time", "0");
		} else {
			assert_null(testbed_cell(table, i, "value"));
			has(table, i, "reason", "not reported");
		}
	table_close(table);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_structure_of_june_2025_has_176_offices),
		TEST(the_teams_add_up_and_the_silent_commune_is_named),
		TEST(the_level_is_carried_and_said_to_be_until_the_tier_ends),
		TEST(the_digital_share_and_the_gap_are_as_published),
		TEST(an_indicator_without_an_operand_says_which),
		TEST(the_way_to_the_target_is_straight_from_the_first_value),
		TEST(ranks_are_shared_and_who_has_no_value_has_none),
		TEST(the_online_rate_of_a_district_is_a_ratio_of_sums),
		TEST(a_late_figure_for_june_goes_to_the_unit_of_june),
	};
	return cmocka_run_group_tests_name("published", tests, NULL, NULL);
}
