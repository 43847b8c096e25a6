/* Figures as SDMX-CSV: each state that a figure can be in, of a small province whose communes merge
 * and part, asked as anybody asks; and what its words are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "common/text/csv_table.h"
#include "export/export.h"
#include "export/sdmx_words.h"
#include "query/query.h"
#include "registry/successors.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* On 2025-07-01 a1 and a2 become a9, and d is divided into e1 and e2; b stays; n has no office. */
static const char units[] = "code,name,level,parent,valid_from,valid_to\n"
			    "82,Tỉnh Đồng Tháp,province,,2020-01-01,\n"
			    "a1,Xã Một,commune,82,2020-01-01,2025-07-01\n"
			    "a2,Xã Hai,commune,82,2020-01-01,2025-07-01\n"
			    "a9,Phường Mỹ Tho,commune,82,2025-07-01,\n"
			    "b,\"Xã Bình Đông, \"\"cũ\"\"\",commune,82,2020-01-01,\n"
			    "d,Xã Dài,commune,82,2020-01-01,2025-07-01\n"
			    "e1,Xã Đông,commune,82,2025-07-01,\n"
			    "e2,Xã Tây,commune,82,2025-07-01,\n"
			    "n,Xã Không,commune,82,2020-01-01,\n";
static const char successors[] = "effective_on,old_code,new_code,share\n"
				 "2025-07-01,a1,a9,1\n"
				 "2025-07-01,a2,a9,1\n"
				 "2025-07-01,d,e1,\n"
				 "2025-07-01,d,e2,\n";
static const char catalogue[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,level,"
	"due_days,min,max\n"
	"visits,Lượt,Visits,lượt,flow,sum,sum,month,sector app,1,0,commune,5,,\n"
	"teams.all,Tổ,Teams,tổ,stock,last,sum,month,,0,2,commune,5,,\n";

enum { OF_A1, OF_A2, OF_B, OF_D, N_OFFICES };

struct fixture {
	struct testbed testbed;
	struct testbed_spool spools[N_OFFICES];
	struct table *told; /* what was exported, read again */
	char *text;
};

static int32_t day(const char *text)
{
	int32_t number = 0;
	assert_int_equal(day_parse(text, &number, &(struct err){ 0 }), 0);
	return number;
}

static int setup(void **state)
{
	static const char *const homes[] = { "a1", "a2", "b", "d" };
	struct fixture *f = calloc(1, sizeof(*f));
	size_t rows;
	assert_non_null(f);
	testbed_open(&f->testbed, units, catalogue, NULL, false);
	assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
	assert_int_equal(successors_import(f->testbed.db, successors, strlen(successors), &rows,
					   &f->testbed.err),
			 0);
	assert_int_equal(db_commit(f->testbed.db, &f->testbed.err), 0);
	for (size_t i = 0; i < N_OFFICES; i++) {
		char code[8];
		(void)snprintf(code, sizeof(code), "o-%s", homes[i]);
		f->spools[i] = (struct testbed_spool){ .id = 100 + i };
		f->spools[i].office =
			testbed_office(&f->testbed, code, homes[i], day("2025-01-01"));
	}
	testbed_move(&f->testbed, f->spools[OF_A1].office, "a9", day("2025-07-01"));
	testbed_move(&f->testbed, f->spools[OF_A2].office, "a9", day("2025-07-01"));
	testbed_move(&f->testbed, f->spools[OF_D].office, "e1", day("2025-07-01"));
	testbed_refresh(&f->testbed);
	*state = f;
	return 0;
}

static void forget(struct fixture *f)
{
	table_close(f->told);
	free(f->text);
	f->told = NULL;
	f->text = NULL;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	forget(f);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static int gather(void *context, const void *data, size_t len, struct err *err)
{
	(void)err;
	return blob_append(context, data, len);
}

static void export_table(struct fixture *f, const struct table *table,
			 const struct export_choice *choice)
{
	struct blob csv = { 0 }, head = { 0 }, out = { 0 };
	const struct export_sink sink = { gather, &out };
	struct export *exp = NULL;
	struct err *err = &f->testbed.err;
	assert_int_equal(table_csv(table, &csv), 0);
	assert_int_equal(table_heads_ascii(table, 8192, &head), 0);
	assert_true(head.len > 0);
	assert_int_equal(blob_append(&head, "", 1), 0);
	assert_int_equal(export_open(choice, &sink, &exp, err), 0);
	assert_int_equal(export_head(exp, (const char *)head.data, err), 0);
	if (export_feed(exp, csv.data, csv.len, err) < 0 || export_finish(exp, err) < 0)
		fail_msg("%s", err->text);
	export_close(exp);
	forget(f);
	assert_int_equal(csv_table((const char *)out.data, out.len, &f->told, err), 0);
	assert_int_equal(blob_append(&out, "", 1), 0);
	f->text = strdup((const char *)out.data);
	blob_free(&csv);
	blob_free(&head);
	blob_free(&out);
}

static void ask_as(struct fixture *f, const struct query *query, enum export_labels labels,
		   unsigned keys)
{
	const struct export_choice choice = { .form = EXPORT_SDMX_CSV,
					      .labels = labels,
					      .keys = keys };
	struct table *table = NULL;
	if (query_run(f->testbed.db, f->testbed.reference, query, &table, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	export_table(f, table, &choice);
	table_close(table);
}

static void ask(struct fixture *f, const struct query *query)
{
	ask_as(f, query, EXPORT_ID, EXPORT_NO_KEYS);
}

static const char *cell(struct fixture *f, const char *area, const char *period, const char *column)
{
	for (size_t row = 0; row < table_rows(f->told); row++)
		if (strcmp(testbed_cell(f->told, row, "REF_AREA"), area) == 0 &&
		    strcmp(testbed_cell(f->told, row, "TIME_PERIOD"), period) == 0)
			return testbed_cell(f->told, row, column);
	fail_msg("there is no row of %s in %s:\n%s", area, period, f->text);
	return NULL;
}

static void is(struct fixture *f, const char *area, const char *period, const char *status,
	       const char *value)
{
	assert_string_equal(cell(f, area, period, "OBS_STATUS"), status);
	assert_string_equal(cell(f, area, period, "OBS_VALUE"), value);
}

static void record(struct fixture *f, size_t office, const char *metric, const char *labels,
		   const char *period, int64_t value_e)
{
	testbed_record(&f->testbed, &f->spools[office], metric, labels, period, value_e,
		       strcmp(metric, "visits") == 0);
}

#define BY_COMMUNE(metric, grain, first, last)                                                     \
	&(const struct query)                                                                      \
	{                                                                                          \
		.name = metric, .by = "commune", .per = grain, .from = first, .to = last           \
	}

static void what_is_whole_is_normal_and_what_is_silent_is_missing_and_no_zero(void **state)
{
	struct fixture *f = *state;
	record(f, OF_B, "visits", "", "2025-06", 0);
	record(f, OF_D, "visits", "", "2025-06", 125);
	ask(f, BY_COMMUNE("visits", NULL, "2025-06", "2025-06"));
	is(f, "b@2020-01-01", "2025-06", "A", "0"); /* a zero that was reported is one */
	is(f, "d@2020-01-01", "2025-06", "A", "12.5");
	is(f, "a1@2020-01-01", "2025-06", "O", "NaN");
	is(f, "n@2020-01-01", "2025-06", "M", "NaN");
	assert_string_equal(cell(f, "a1@2020-01-01", "2025-06", "OFFICES_DUE"), "1");
	assert_string_equal(cell(f, "a1@2020-01-01", "2025-06", "OFFICES_REPORTED"), "0");
	assert_string_equal(cell(f, "a1@2020-01-01", "2025-06", "REASON"), "not reported");
	assert_string_equal(cell(f, "a1@2020-01-01", "2025-06", "DECIMALS"), "1");
	assert_string_equal(cell(f, "b@2020-01-01", "2025-06", "UNIT_MEASURE"), "lượt");
	ask(f, &(const struct query){ .name = "visits", .from = "2025-06", .to = "2025-06" });
	is(f, "82@2020-01-01", "2025-06", "P", "12.5"); /* two of four are missing */
	assert_string_equal(cell(f, "82@2020-01-01", "2025-06", "FREQ"), "M");
	assert_string_equal(cell(f, "82@2020-01-01", "2025-06", "INDICATOR"), "visits");
	assert_string_equal(cell(f, "82@2020-01-01", "2025-06", "SECTOR"), "_T");
	assert_string_equal(cell(f, "82@2020-01-01", "2025-06", "APP"), "_T");
}

static void a_period_that_is_not_over_is_provisional(void **state)
{
	struct fixture *f = *state;
	int year, month, mday;
	char text[16], whole[8];
	day_to_civil(civil_day(civil_now_us()), &year, &month, &mday);
	(void)snprintf(text, sizeof(text), "%04d-%02d", year % 10000, month % 100);
	(void)snprintf(whole, sizeof(whole), "%04d", year % 10000);
	record(f, OF_B, "visits", "", text, 10);
	ask(f, BY_COMMUNE("visits", NULL, text, text));
	is(f, "b@2020-01-01", text, "P", "1");
	is(f, "n@2020-01-01", text, "M", "NaN");
	is(f, "a9@2025-07-01", text, "M", "NaN"); /* nothing is due yet */
	ask(f, BY_COMMUNE("visits", "year", whole, whole));
	is(f, "b@2020-01-01", whole, "P", "1");
}

static void what_carried_levels_stand_in_is_imputed(void **state)
{
	struct fixture *f = *state;
	record(f, OF_B, "teams.all", "", "2025-08", 7);
	ask(f, BY_COMMUNE("teams.all", NULL, "2025-08", "2025-11"));
	is(f, "b@2020-01-01", "2025-08", "A", "7");
	is(f, "b@2020-01-01", "2025-09", "I", "7");
	is(f, "b@2020-01-01", "2025-10", "I", "7");
	is(f, "b@2020-01-01", "2025-11", "O", "NaN"); /* beyond what it carries */
	assert_string_equal(cell(f, "b@2020-01-01", "2025-09", "CARRIED"), "1");
	assert_string_equal(cell(f, "b@2020-01-01", "2025-08", "INDICATOR"), "teams-all");
}

static void new_borders_break_a_series_and_its_levels_go_to_the_successor(void **state)
{
	struct fixture *f = *state;
	for (size_t i = OF_A1; i <= OF_A2; i++) {
		record(f, i, "visits", "", "2025-06", 10);
		record(f, i, "visits", "", "2025-07", 20);
		record(f, i, "visits", "", "2025-08", 30);
		record(f, i, "teams.all", "", "2025-06", 4);
		record(f, i, "teams.all", "", "2025-07", 5);
	}
	ask(f, BY_COMMUNE("visits", NULL, "2025-06", "2025-08"));
	is(f, "a1@2020-01-01", "2025-06", "A", "1");
	is(f, "a9@2025-07-01", "2025-07", "B", "4");
	is(f, "a9@2025-07-01", "2025-08", "A", "6");
	ask(f, BY_COMMUNE("teams.all", "quarter", "2025-Q3", "2025-Q3"));
	is(f, "a9@2025-07-01", "2025-Q3", "I", "10"); /* carried into August and September */
	for (size_t i = OF_A1; i <= OF_A2; i++)
		for (int month = 1; month <= 12; month++) {
			char period[24];
			(void)snprintf(period, sizeof(period), "2025-%02d", month);
			record(f, i, "teams.all", "", period, 6);
			record(f, i, "visits", "", period, 10);
		}
	ask(f, BY_COMMUNE("teams.all", "year", "2025", "2025"));
	is(f, "a1@2020-01-01", "2025", "K", "NaN");
	is(f, "a2@2020-01-01", "2025", "K", "NaN");
	is(f, "a9@2025-07-01", "2025", "W", "12");
	ask(f, BY_COMMUNE("visits", "year", "2025", "2025"));
	is(f, "a1@2020-01-01", "2025", "A", "6"); /* a flow stays where it happened: I8 */
	is(f, "a9@2025-07-01", "2025", "B", "12");
}

static void under_other_borders_a_figure_is_its_successors_or_cannot_be_derived(void **state)
{
	struct fixture *f = *state;
	struct query query = { .name = "visits",
			       .by = "commune",
			       .from = "2025-06",
			       .to = "2025-06",
			       .structure = "2025-07-02" };
	record(f, OF_A1, "visits", "", "2025-06", 10);
	record(f, OF_A2, "visits", "", "2025-06", 15);
	record(f, OF_B, "visits", "", "2025-06", 20);
	record(f, OF_D, "visits", "", "2025-06", 40);
	ask(f, &query);
	is(f, "a9@2025-07-01", "2025-06", "W", "2.5");
	is(f, "b@2020-01-01", "2025-06", "A", "2");
	is(f, "e1@2025-07-01", "2025-06", "L", "NaN");
	is(f, "e2@2025-07-01", "2025-06", "L", "NaN");
	assert_non_null(strstr(cell(f, "e1@2025-07-01", "2025-06", "REASON"), "not derivable: d"));
	is(f, "_U", "2025-06", "A", "4"); /* it is in none of the units, and not lost */
	assert_string_equal(cell(f, "b@2020-01-01", "2025-06", "REF_STRUCTURE"), "2025-07-02");
}

static void labels_are_codes_and_what_has_none_is_not_classified(void **state)
{
	struct fixture *f = *state;
	struct query query = { .name = "visits",
			       .area = "b",
			       .from = "2025-06",
			       .to = "2025-06",
			       .by_label = "sector",
			       .labels = "app=Đất" };
	record(f, OF_B, "visits", "app=Đất;sector=land", "2025-06", 10);
	record(f, OF_B, "visits", "app=Đất;sector=_T", "2025-06", 20);
	record(f, OF_B, "visits", "app=Đất", "2025-06", 30);
	ask_as(f, &query, EXPORT_ID, EXPORT_SERIES_KEY | EXPORT_OBS_KEY);
	static const char *const expected[][2] = { { "$5FT", "2" },
						   { "land", "1" },
						   { "_U", "3" } };
	assert_int_equal(table_rows(f->told), 3);
	for (size_t i = 0; i < 3; i++) {
		bool found = false;
		for (size_t row = 0; row < 3; row++) {
			char series[128], obs[160];
			if (strcmp(testbed_cell(f->told, row, "SECTOR"), expected[i][0]) != 0)
				continue;
			found = true;
			assert_string_equal(testbed_cell(f->told, row, "OBS_VALUE"),
					    expected[i][1]);
			assert_string_equal(testbed_cell(f->told, row, "APP"), "$C4$90$E1$BA$A5t");
			(void)snprintf(series, sizeof(series),
				       "M.b@2020-01-01.visits.$C4$90$E1$BA$A5t.%s", expected[i][0]);
			(void)snprintf(obs, sizeof(obs), "%s.2025-06", series);
			assert_string_equal(testbed_cell(f->told, row, "SERIES_KEY"), series);
			assert_string_equal(testbed_cell(f->told, row, "OBS_KEY"), obs);
		}
		assert_true(found);
	}
}

static void names_stand_beside_codes_or_behind_them(void **state)
{
	struct fixture *f = *state;
	record(f, OF_B, "visits", "", "2025-06", 10);
	struct query query = { .name = "visits", .area = "b", .from = "2025-06", .to = "2025-06" };
	ask_as(f, &query, EXPORT_BOTH, EXPORT_NO_KEYS);
	assert_string_equal(table_column(f->told, 0), "STRUCTURE");
	assert_string_equal(table_column(f->told, 1), "STRUCTURE_ID");
	assert_string_equal(table_column(f->told, 2), "ACTION");
	assert_string_equal(testbed_cell(f->told, 0, "STRUCTURE"), "dataflow");
	assert_string_equal(testbed_cell(f->told, 0, "STRUCTURE_ID"),
			    "LANTOA:FIGURES(1.0.0): Activity figures");
	assert_string_equal(testbed_cell(f->told, 0, "ACTION"), "R");
	assert_string_equal(testbed_cell(f->told, 0, "REF_AREA: Area"),
			    "b@2020-01-01: Xã Bình Đông, \"cũ\"");
	assert_string_equal(testbed_cell(f->told, 0, "INDICATOR: Indicator"), "visits: Visits");
	assert_string_equal(testbed_cell(f->told, 0, "OBS_STATUS: Status"), "A: complete");
	assert_string_equal(testbed_cell(f->told, 0, "OBS_VALUE: Value"), "1");
	ask_as(f, &query, EXPORT_NAME, EXPORT_NO_KEYS);
	assert_string_equal(table_column(f->told, 2), "STRUCTURE_NAME");
	assert_string_equal(testbed_cell(f->told, 0, "STRUCTURE_NAME"), "Activity figures");
	assert_string_equal(testbed_cell(f->told, 0, "REF_AREA"), "b@2020-01-01");
	assert_string_equal(testbed_cell(f->told, 0, "Area"), "Xã Bình Đông, \"cũ\"");
	assert_string_equal(testbed_cell(f->told, 0, "OBS_VALUE"), "1");
	/* Each row has as many fields as the header: csv_table() would have filled up. */
	size_t commas[2] = { 0 }, line = 0;
	bool quoted = false;
	for (const char *at = f->text; *at && line < 2; at++) {
		quoted ^= *at == '"';
		commas[line] += *at == ',' && !quoted;
		line += *at == '\n' && !quoted;
	}
	assert_int_equal(commas[0], commas[1]);
}

static void several_metrics_have_each_its_own_words_and_a_total_is_of_all_labels(void **state)
{
	struct fixture *f = *state;
	record(f, OF_B, "visits", "sector=land", "2025-06", 10);
	record(f, OF_B, "teams.all", "", "2025-06", 3);
	struct query query = {
		.name = "visits,teams.all", .area = "b", .from = "2025-06", .to = "2025-06"
	};
	ask_as(f, &query, EXPORT_BOTH, EXPORT_NO_KEYS);
	assert_int_equal(table_rows(f->told), 2);
	assert_string_equal(testbed_cell(f->told, 0, "INDICATOR: Indicator"), "visits: Visits");
	assert_string_equal(testbed_cell(f->told, 1, "INDICATOR: Indicator"), "teams-all: Teams");
	assert_string_equal(testbed_cell(f->told, 0, "UNIT_MEASURE: Unit of measure"), "lượt");
	assert_string_equal(testbed_cell(f->told, 1, "UNIT_MEASURE: Unit of measure"), "tổ");
	assert_string_equal(testbed_cell(f->told, 0, "DECIMALS: Decimals"), "1");
	assert_string_equal(testbed_cell(f->told, 1, "DECIMALS: Decimals"), "0");
	query = (struct query){ .name = "visits",
				.area = "b",
				.from = "2025-06",
				.to = "2025-06",
				.by_label = "sector",
				.total = true };
	ask(f, &query);
	size_t totals = 0;
	for (size_t row = 0; row < table_rows(f->told); row++)
		totals += strcmp(testbed_cell(f->told, row, "SECTOR"), "_T") == 0;
	assert_int_equal(totals, 1);
}

static void offices_are_areas_of_their_own_kind(void **state)
{
	struct fixture *f = *state;
	record(f, OF_B, "visits", "", "2025-06", 10);
	ask(f, &(const struct query){
		       .name = "visits", .by = "office", .from = "2025-06", .to = "2025-06" });
	is(f, "@o-b", "2025-06", "A", "1");
	is(f, "@o-d", "2025-06", "O", "NaN");
}

static void periods_are_written_as_sdmx_has_them_and_read_back(void **state)
{
	static const struct {
		const char *ours, *calendar, *told;
	} list[] = {
		{ "2025", "civil", "2025" },
		{ "2025-S1", "civil", "2025-S1" },
		{ "2025-Q2", "civil", "2025-Q2" },
		{ "2025-06", "civil", "2025-06" },
		{ "2025-W26", "civil", "2025-W26" },
		{ "2025-06-30", "civil", "2025-06-30" },
		{ "2025-06-30T14", "civil", "2025-06-30T14:00:00/PT1H" },
		{ "2025-06-30T14:05", "civil", "2025-06-30T14:05:00/PT1M" },
		{ "2025-01", "report", "2024-12-15/P1M" },
		{ "2025-Q1", "report", "2024-12-15/P3M" },
		{ "2025-S2", "report", "2025-06-15/P6M" },
		{ "2025", "report", "2024-12-15/P1Y" },
	};
	static const char *const none[] = { "",
					    "2025-13",
					    "2025-06-30T14",
					    "2025-A1",
					    "2024-12-16/P1M",
					    "2024-12-15/P2M",
					    "2024/2025",
					    "2025-06-30T14:01:00/PT1H" };
	struct err err = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		char text[SDMX_ID_MAX], back[SDMX_ID_MAX];
		bool report;
		assert_int_equal(sdmx_period(list[i].ours, list[i].calendar, text, &err), 0);
		assert_string_equal(text, list[i].told);
		assert_int_equal(sdmx_period_read(text, back, &report, &err), 0);
		assert_string_equal(back, list[i].ours);
		assert_int_equal(report, strcmp(list[i].calendar, "report") == 0);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		char back[SDMX_ID_MAX];
		bool report;
		if (sdmx_period_read(none[i], back, &report, &err) == 0)
			assert_string_equal(none[i], "2025-06-30T14"); /* ours is taken, too */
	}
}

static void a_label_leads_back(struct dice *dice, void *context)
{
	char label[65], id[SDMX_ID_MAX], back[SDMX_ID_MAX];
	size_t len = 1 + dice_below(dice, 64);
	(void)context;
	for (size_t i = 0; i < len; i++)
		label[i] = (char)(1 + dice_below(dice, 255));
	label[len] = '\0';
	(void)sdmx_id(label, id);
	assert_int_equal(strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_-$"),
			 strlen(id));
	assert_true(id[0] != '_'); /* _T and _U are ours */
	assert_int_equal(sdmx_code(id, strlen(id), back), 0);
	assert_string_equal(back, label);
}

static void identifiers_hold_any_label_and_lead_back_to_it(void **state)
{
	(void)state;
	for_all_seeds(300, a_label_leads_back, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_is_whole_is_normal_and_what_is_silent_is_missing_and_no_zero),
		TEST(a_period_that_is_not_over_is_provisional),
		TEST(what_carried_levels_stand_in_is_imputed),
		TEST(new_borders_break_a_series_and_its_levels_go_to_the_successor),
		TEST(under_other_borders_a_figure_is_its_successors_or_cannot_be_derived),
		TEST(labels_are_codes_and_what_has_none_is_not_classified),
		TEST(names_stand_beside_codes_or_behind_them),
		TEST(several_metrics_have_each_its_own_words_and_a_total_is_of_all_labels),
		TEST(offices_are_areas_of_their_own_kind),
		cmocka_unit_test(periods_are_written_as_sdmx_has_them_and_read_back),
		cmocka_unit_test(identifiers_hold_any_label_and_lead_back_to_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
