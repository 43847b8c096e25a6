/* What quality lists, against an oracle that knows every figure and looks at all of them anew for
 * each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "common/model/outlier.h"
#include "query/quality.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"D1,d1,district,P,2020-01-01,\nD2,d2,district,P,2020-01-01,\n"                             \
	"C1,c1,commune,D1,2020-01-01,\nC2,c2,commune,D2,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"d,Ngày,Days,x,flow,sum,sum,day,sector,0,0,commune,1,,\n"                                 \
	"e,Khác,Others,x,flow,sum,sum,day,sector,0,0,commune,1,,\n"                               \
	"m,Tháng,Months,x,stock,last,sum,month,,1,0,commune,1,,\n"
#define LISTS "dimension,code,label_vi,label_en,valid_from,valid_to\nsector,land,Đất,Land,,\n"
#define RULES                                                                                      \
	"name,left,op,right,severity,label_vi,label_en,from\n"                                     \
	"r,e,<=,d,warn,Khác không quá ngày,Others are within days,\n"                          \
	"s,m,<,40.5,refuse,,,2025-03-01\n"

#define OFFICES 2u
#define SERIES  7u
#define SPAN    80u /* periods of each */
#define LINES   4096u

static const struct {
	const char *metric, *labels;
	bool monthly;
} series[SERIES] = { { "d", "", false },
		     { "d", "sector=land", false },
		     { "d", "sector=sea", false }, /* of no list */
		     { "e", "", false },
		     { "e", "sector=land", false },
		     { "m", "", true },
		     { "e", "sector=Đất", false } }; /* a name of the list, and no code */

struct world {
	struct testbed testbed;
	struct testbed_spool spools[OFFICES];
	struct {
		bool there;
		int64_t value_e;
	} figures[OFFICES][SERIES][SPAN];
	int32_t first_day; /* of daily figures; monthly ones count from */
	int32_t first_month;
	int32_t move_day; /* office 1 goes from D1 to D2 */
	char lines[LINES][192];
	size_t n;
};

static int32_t day_of(const char *text)
{
	int32_t day = 0;
	assert_int_equal(day_parse(text, &day, &(struct err){ 0 }), 0);
	return day;
}

static struct period period_at(const struct world *w, unsigned s, unsigned i)
{
	return series[s].monthly
		       ? (struct period){ CALENDAR_CIVIL, GRAIN_MONTH, w->first_month + (int32_t)i }
		       : (struct period){ CALENDAR_CIVIL, GRAIN_DAY, w->first_day + (int32_t)i };
}

static void import(struct world *w, const char *what, const char *csv)
{
	if (testbed_order_import(&w->testbed, what, csv) < 0)
		fail_msg("%s: %s", what, w->testbed.err.text);
	testbed_refresh(&w->testbed);
}

static void fill(struct world *w, struct dice *dice)
{
	static const unsigned percents[] = { 97, 97, 40, 12 };
	struct testbed_figure figures[SERIES];
	for (unsigned o = 0; o < OFFICES; o++)
		for (unsigned s = 0; s < SERIES; s++) {
			unsigned percent = percents[dice_below(dice, 4)];
			bool still = dice_below(dice, 3) == 0;
			bool some = dice_below(dice, 4) > 0;
			for (unsigned i = 0; i < SPAN; i++) {
				if (!some || dice_below(dice, 100) >= percent)
					continue;
				w->figures[o][s][i].there = true;
				w->figures[o][s][i].value_e =
					dice_below(dice, 25) == 0 ? dice_between(dice, 0, 900)
					: still && i / 15 % 2     ? 10
								  : dice_between(dice, 8, 14);
			}
		}
	for (unsigned o = 0; o < OFFICES; o++)
		for (unsigned i = 0; i < SPAN; i++)
			for (int monthly = 0; monthly < 2; monthly++) {
				size_t n = 0;
				int32_t day = 0;
				for (unsigned s = 0; s < SERIES; s++) {
					struct period period = period_at(w, s, i);
					if (!w->figures[o][s][i].there ||
					    series[s].monthly != (monthly == 1))
						continue;
					day = period_first_day(period);
					figures[n++] = (struct testbed_figure){
						.metric = series[s].metric,
						.labels = series[s].labels,
						.grain = period.grain,
						.calendar = period.calendar,
						.decimals = series[s].monthly ? 1 : 0,
						.value_e = w->figures[o][s][i].value_e
					};
				}
				struct testbed_batch batch;
				if (n == 0)
					continue;
				testbed_seal(&w->spools[o], day, figures, n,
					     civil_day_start_us(day_of("2027-01-01")), &batch);
				testbed_commit(&w->testbed, &batch, 1);
				blob_free(&batch.payload);
			}
}

static void open_world(struct world *w, struct dice *dice)
{
	testbed_open(&w->testbed, UNITS, METRICS, NULL, false);
	w->first_day = day_of("2025-02-01");
	w->first_month = period_of_day(CALENDAR_CIVIL, GRAIN_MONTH, day_of("2020-01-01")).number;
	w->move_day = w->first_day + (int32_t)dice_below(dice, SPAN);
	for (unsigned o = 0; o < OFFICES; o++) {
		w->spools[o] = (struct testbed_spool){ .id = 7 + o };
		w->spools[o].office =
			testbed_office(&w->testbed, o ? "b" : "a", "C1", day_of("2020-01-01"));
	}
	testbed_move(&w->testbed, w->spools[1].office, "C2", w->move_day);
	testbed_refresh(&w->testbed);
	fill(w, dice);
	import(w, "dimensions", LISTS);
	import(w, "rules", RULES);
}

/* --- the oracle --- */

static void expect(struct world *w, unsigned o, unsigned s, unsigned i, const char *problem,
		   const char *labels)
{
	char period[PERIOD_TEXT_MAX];
	assert_true(w->n < LINES);
	(void)snprintf(w->lines[w->n++], sizeof(w->lines[0]), "%s %s %s %s %s", o ? "b" : "a",
		       period_format(period_at(w, s, i), period), problem, series[s].metric,
		       labels);
}

/* The sum of a metric's figures; false: there are none. */
static bool sum_of(const struct world *w, unsigned o, const char *metric, unsigned i, int64_t *ret)
{
	bool any = false;
	*ret = 0;
	for (unsigned s = 0; s < SERIES; s++)
		if (strcmp(series[s].metric, metric) == 0 && w->figures[o][s][i].there) {
			any = true;
			*ret += w->figures[o][s][i].value_e;
		}
	return any;
}

static bool is_far(const struct world *w, unsigned o, unsigned s, unsigned i)
{
	struct history history = { .n = 0 };
	struct history_range usual;
	static const struct metric open = { .has_min = false };
	for (unsigned back = 1; back <= 32 && back <= i; back++)
		if (w->figures[o][s][i - back].there)
			history_add(&history, w->figures[o][s][i - back].value_e);
	return history_judge(&history, &open, w->figures[o][s][i].value_e, &usual);
}

static bool is_tenth(const struct world *w, unsigned o, unsigned s, unsigned i)
{
	unsigned back = 0;
	while (back <= i && w->figures[o][s][i - back].there &&
	       w->figures[o][s][i - back].value_e == w->figures[o][s][i].value_e)
		back++;
	return back == 10;
}

struct asked {
	char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];
	int32_t first, last;
	const char *area, *office, *metric;
};

static bool is_within(const struct world *w, const struct asked *asked, unsigned o, int32_t day)
{
	const char *district = o == 1 && day >= w->move_day ? "D2" : "D1";
	return day >= asked->first && day <= asked->last &&
	       (!asked->office || strcmp(asked->office, o ? "b" : "a") == 0) &&
	       (!asked->area || strcmp(asked->area, "P") == 0 ||
		strcmp(asked->area, district) == 0);
}

static void expect_all(struct world *w, const struct asked *asked)
{
	int64_t d, e, m;
	w->n = 0;
	for (unsigned o = 0; o < OFFICES; o++)
		for (unsigned i = 0; i < SPAN; i++) {
			int32_t day = w->first_day + (int32_t)i;
			int32_t month = period_first_day(period_at(w, 5, i));
			bool wants_m = !asked->metric || strcmp(asked->metric, "m") == 0;
			bool wants_r = !asked->metric || strcmp(asked->metric, "m") != 0;
			if (is_within(w, asked, o, day) && wants_r && sum_of(w, o, "d", i, &d) &&
			    sum_of(w, o, "e", i, &e) && e > d)
				expect(w, o, 3, i, "rule", "-");
			if (is_within(w, asked, o, month) && wants_m &&
			    month >= day_of("2025-03-01") && sum_of(w, o, "m", i, &m) && m >= 405)
				expect(w, o, 5, i, "rule", "-");
			for (unsigned s = 0; s < SERIES; s++) {
				if (!w->figures[o][s][i].there ||
				    !is_within(w, asked, o, series[s].monthly ? month : day) ||
				    (asked->metric && strcmp(asked->metric, series[s].metric) != 0))
					continue;
				bool parts = (s == 0 && (w->figures[o][1][i].there ||
							 w->figures[o][2][i].there)) ||
					     (s == 3 && (w->figures[o][4][i].there ||
							 w->figures[o][6][i].there));
				if (parts)
					expect(w, o, s, i, "whole", "-");
				if (s == 2 || s == 6)
					expect(w, o, s, i, "unlisted", series[s].labels);
				if (is_far(w, o, s, i))
					expect(w, o, s, i, "far", series[s].labels);
				if (is_tenth(w, o, s, i))
					expect(w, o, s, i, "same", series[s].labels);
			}
		}
}

/* --- both --- */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void ask(struct world *w, const struct asked *asked, unsigned seen[])
{
	static const char *const problems[] = { "rule", "whole", "unlisted", "far", "same" };
	static char got[LINES][192];
	const struct quality_form form = { .area = asked->area,
					   .office = asked->office,
					   .metric = asked->metric,
					   .from = asked->from,
					   .to = asked->to };
	struct table *table = NULL;
	expect_all(w, asked);
	if (quality_run(w->testbed.db, w->testbed.reference, &form, &table, &w->testbed.err) != 0)
		fail_msg("%s", w->testbed.err.text);
	for (size_t i = 0; i < table_rows(table); i++) {
		const char *problem = testbed_cell(table, i, "problem");
		const char *labels = testbed_cell(table, i, "labels");
		assert_true(i < LINES);
		(void)snprintf(got[i], sizeof(got[i]), "%s %s %s %s %s",
			       testbed_cell(table, i, "office"), testbed_cell(table, i, "period"),
			       problem, testbed_cell(table, i, "metric"), labels ? labels : "-");
		const char *metric = testbed_cell(table, i, "metric");
		assert_string_equal(testbed_cell(table, i, "metric_name"), *metric == 'd' ? "Days"
									   : *metric == 'e'
										   ? "Others"
										   : "Months");
		for (unsigned k = 0; k < 5; k++)
			seen[k] += strcmp(problem, problems[k]) == 0;
	}
	qsort(got, table_rows(table), sizeof(got[0]), by_text);
	qsort(w->lines, w->n, sizeof(w->lines[0]), by_text);
	for (size_t i = 0; i < w->n && i < table_rows(table); i++)
		assert_string_equal(got[i], w->lines[i]);
	assert_int_equal(table_rows(table), w->n);
	table_close(table);
}

static void history_one(struct dice *dice, void *context)
{
	static const char *const areas[] = { NULL, "P", "D1", "D2" };
	static const char *const names[] = { NULL, NULL, "d", "e", "m" };
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	open_world(w, dice);
	for (unsigned i = 0; i < 6; i++) {
		struct asked asked = {
			.area = areas[dice_below(dice, 4)],
			.office = dice_below(dice, 3) ? NULL : "b",
			.metric = names[dice_below(dice, 5)],
		};
		asked.first = i == 0 ? day_of("2020-01-01")
				     : w->first_day + (int32_t)dice_below(dice, SPAN);
		asked.last = i == 0 ? day_of("2027-01-01")
				    : asked.first + (int32_t)dice_below(dice, SPAN);
		(void)day_format(asked.first, asked.from);
		(void)day_format(asked.last, asked.to);
		ask(w, &asked, context);
	}
	testbed_close(&w->testbed);
	free(w);
}

static void it_lists_what_an_oracle_lists(void **state)
{
	unsigned seen[5] = { 0 };
	(void)state;
	for_all_seeds(12, history_one, seen);
	for (unsigned k = 0; k < 5 && !seeds_given(); k++)
		assert_true(seen[k] > 10);
}

static void it_says_what_is_meant(void **state)
{
	struct dice dice = dice_seeded(1);
	struct world *w = calloc(1, sizeof(*w));
	struct table *table = NULL;
	(void)state;
	assert_non_null(w);
	open_world(w, &dice);
	static const struct {
		struct quality_form form;
		int code;
		const char *sentence;
	} wrong[] = {
		{ { .metric = "dd" },
		  -EINVAL,
		  "the catalogue has no metric 'dd'; did you mean 'd' (Days)?" },
		{ { .metric = "something.else" },
		  -EINVAL,
		  "the catalogue has no metric 'something.else'; 'lantoa catalogue export' names "
		  "them" },
		{ { .area = "X" },
		  -EINVAL,
		  "no unit ever had the code or the name 'X'; `lantoa units export` has them all" },
		{ { .office = "x" },
		  -ENOENT,
		  "there is no office 'x'; `lantoa office list` shows them" },
		{ { .from = "2025-02", .to = "2025-01" },
		  -EINVAL,
		  "the range ends (2025-01) before it begins (2025-02)" },
		{ { .from = "1900", .to = "2100" }, -E2BIG, NULL },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int rc = quality_run(w->testbed.db, w->testbed.reference, &wrong[i].form, &table,
				     &w->testbed.err);
		if (!wrong[i].sentence) { /* there are as many days */
			assert_true(rc == 0 || rc == wrong[i].code);
			table_close(rc == 0 ? table : NULL);
			continue;
		}
		assert_int_equal(rc, wrong[i].code);
		assert_string_equal(w->testbed.err.text, wrong[i].sentence);
	}
	testbed_close(&w->testbed);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_lists_what_an_oracle_lists),
		cmocka_unit_test(it_says_what_is_meant),
	};
	return cmocka_run_group_tests_name("quality", tests, NULL, NULL);
}
