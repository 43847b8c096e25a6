/* Several names in one question, totals, and what was before: each held against questions about one
 * name and one period, put together anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "query/query.h"
#include "registry/successors.h"
#include "support/history.h"
#include "support/question.h"
#include "support/seeds.h"

#include <errno.h>
#include <gmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS     10
#define BATCHES   40
#define QUESTIONS 10

static const char *const comparison[] = { "before_period",   "before",         "before_due",
					  "before_reported", "before_carried", "before_missing",
					  "before_until",    "change",         "change_percent",
					  "change_reason" };

static struct met {
	unsigned several, totals, rests, compared, nowhere, percents, last, last_known;
} met;

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* NULL, too, where there is no such column. */
static const char *cell(const struct table *table, size_t row, const char *column)
{
	for (size_t i = 0; i < table_columns(table); i++)
		if (strcmp(table_column(table, i), column) == 0)
			return table_cell(table, row, i);
	return NULL;
}

static int ask(struct testbed *testbed, const struct query *query, struct table **ret_table)
{
	*ret_table = NULL;
	return query_run(testbed->db, testbed->reference, query, ret_table, &testbed->err);
}

static struct table *answer(struct testbed *testbed, const struct query *query, const char *words)
{
	struct table *table;
	if (ask(testbed, query, &table) < 0)
		fail_msg("%s: %s", words, testbed->err.text);
	return table;
}

/* Every cell of row @other of @plain stands in row @row of @table. */
static void same_row(const char *words, const struct table *table, size_t row,
		     const struct table *plain, size_t other, bool total)
{
	for (size_t i = 0; i < table_columns(plain); i++) {
		const char *column = table_column(plain, i), *found = cell(table, row, column),
			   *expected = table_cell(plain, other, i);
		if (total && strcmp(column, "reason") == 0) { /* behind a sentence of its own */
			assert_non_null(found);
			assert_true(!expected || strstr(found, expected));
			assert_int_equal(strncmp(found, "the area as a whole", 19), 0);
		} else if (!same(found, expected)) {
			fail_msg("%s: row %zu: %s is %s, alone it is %s", words, row, column,
				 found ? found : "null", expected ? expected : "null");
		}
	}
}

/* --- several names --- */

static void names_are_as_alone(struct testbed *testbed, const struct question *q,
			       const char *const names[], size_t n)
{
	char text[512] = "";
	struct query query = q->query;
	size_t row = 0;
	for (size_t i = 0; i < n; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			       i ? "," : "", names[i]);
	query.name = text;
	struct table *all = answer(testbed, &query, q->words);
	assert_string_equal(table_column(all, 0), "metric");
	for (size_t i = 0; i < n; i++) {
		query.name = names[i];
		struct table *alone = answer(testbed, &query, q->words);
		for (size_t other = 0; other < table_rows(alone); other++, row++) {
			assert_true(row < table_rows(all));
			assert_string_equal(cell(all, row, "metric"), names[i]);
			same_row(q->words, all, row, alone, other, false);
		}
		table_close(alone);
	}
	assert_int_equal(row, table_rows(all));
	table_close(all);
	met.several++;
}

/* --- totals --- */

/* Rows of one period, from @at on. */
static size_t period_end(const struct table *table, size_t at)
{
	size_t row = at;
	while (row < table_rows(table) &&
	       strcmp(cell(table, row, "period"), cell(table, at, "period")) == 0)
		row++;
	return row;
}

static void totals_are_the_question_without_by(struct testbed *testbed, const struct question *q,
					       const struct query *asked)
{
	struct query query = *asked, whole = *asked;
	size_t part = 0, sum = 0, row = 0;
	query.total = true;
	if (!whole.by)
		whole.by_label = NULL;
	whole.by = NULL;
	struct table *all = answer(testbed, &query, q->words);
	struct table *parts = answer(testbed, asked, q->words);
	struct table *totals = answer(testbed, &whole, q->words);
	while (row < table_rows(all)) {
		size_t end = period_end(all, row);
		bool in_total = false;
		for (; row < end; row++) {
			const char *kind = cell(all, row, "row");
			bool rest = !cell(all, row, "area");
			bool total = strncmp(kind, "total", 5) == 0;
			assert_true(total || !in_total); /* they come last */
			in_total = total;
			assert_string_equal(kind, total  ? (rest ? "total_rest" : "total")
						  : rest ? "rest"
							 : "part");
			if (total)
				same_row(q->words, all, row, totals, sum++, true);
			else
				same_row(q->words, all, row, parts, part++, false);
			met.totals += total;
			met.rests += rest && !total;
		}
	}
	assert_int_equal(part, table_rows(parts));
	assert_int_equal(sum, table_rows(totals));
	table_close(all);
	table_close(parts);
	table_close(totals);
}

/* --- what was before --- */

/* The day a year before; false: that year has none. */
static bool day_a_year_ago(int32_t day, int32_t *ret_day)
{
	int year, month, mday;
	day_to_civil(day, &year, &month, &mday);
	*ret_day = day_from_civil(year - 1, month, mday);
	return !(month == 2 && mday == 29);
}

/* By counting, not by names. */
static bool year_ago(struct period period, struct period *ret)
{
	static const int32_t per_year[GRAIN_COUNT] = {
		[GRAIN_MONTH] = 12, [GRAIN_QUARTER] = 4, [GRAIN_SEMESTER] = 2, [GRAIN_YEAR] = 1
	};
	int32_t day;
	*ret = period;
	if (per_year[period.grain]) {
		ret->number -= per_year[period.grain];
		return true;
	}
	if (period.grain == GRAIN_WEEK) { /* the same number of weeks after that year's first */
		int year, month, mday;
		day_to_civil(period_first_day(period) + 3, &year, &month, &mday);
		int32_t first = period_of_day(CALENDAR_CIVIL, GRAIN_WEEK,
					      day_from_civil(year, 1, 4))
					.number,
			ago = period_of_day(CALENDAR_CIVIL, GRAIN_WEEK,
					    day_from_civil(year - 1, 1, 4))
				      .number;
		ret->number = ago + period.number - first;
		return ret->number < first;
	}
	if (!day_a_year_ago(period_first_day(period), &day))
		return false;
	ret->number = period.grain == GRAIN_DAY ? day : day * 24 + (int32_t)period_nth(period);
	return true;
}

static bool period_ago(const char *versus, struct period period, struct period *ret)
{
	if (strcmp(versus, "year") == 0)
		return year_ago(period, ret);
	*ret = period;
	if (period.grain == GRAIN_HOUR)
		ret->number--;
	else
		*ret = period_of_day(period.calendar, period.grain, period_first_day(period) - 1);
	return true;
}

/* @text times 10^@decimals. */
static void scaled(mpz_t ret, const char *text, unsigned decimals)
{
	char digits[128];
	size_t n = 0;
	unsigned after = 0;
	for (bool point = false; *text; text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		digits[n++] = *text;
		after += point;
	}
	for (; after < decimals; after++)
		digits[n++] = '0';
	digits[n] = '\0';
	assert_int_equal(mpz_set_str(ret, digits, 10), 0);
}

#define SCALE 12u /* more than any value is shown with */

static void change_is(const char *words, const struct table *table, size_t row, const char *now,
		      const char *ago)
{
	mpz_t a, b, told, low, twice;
	mpz_inits(a, b, told, low, twice, NULL);
	scaled(a, now, SCALE);
	scaled(b, ago, SCALE);
	mpz_sub(a, a, b);
	scaled(told, cell(table, row, "change"), SCALE);
	if (mpz_cmp(a, told) != 0)
		fail_msg("%s: row %zu: change is %s, of %s and %s", words, row,
			 cell(table, row, "change"), now, ago);
	const char *percent = cell(table, row, "change_percent");
	assert_true((percent == NULL) == (mpz_sgn(b) == 0));
	if (percent) { /* |100 d / |b| - percent| <= 0.005, and even where it is just that */
		scaled(told, percent, 2);
		mpz_abs(b, b);
		mpz_mul_ui(a, a, 10000);
		mpz_mul(low, told, b);
		mpz_sub(low, a, low);
		mpz_abs(low, low);
		mpz_mul_ui(twice, low, 2);
		int far = mpz_cmp(twice, b);
		if (far > 0 || (far == 0 && mpz_odd_p(told)))
			fail_msg("%s: row %zu: %s %% of %s and %s", words, row, percent, now, ago);
		met.percents++;
	}
	mpz_clears(a, b, told, low, twice, NULL);
}

static bool same_place(const struct table *a, size_t row, const struct table *b, size_t other)
{
	return same(cell(a, row, "area"), cell(b, other, "area")) &&
	       same(cell(a, row, "valid_from"), cell(b, other, "valid_from")) &&
	       same(cell(a, row, "label"), cell(b, other, "label"));
}

static void row_is_compared(const char *words, const struct table *table, size_t row,
			    const struct table *ago, size_t other)
{
	static const char *const taken[][2] = { { "before", "value" },
						{ "before_due", "due" },
						{ "before_reported", "reported" },
						{ "before_carried", "carried" },
						{ "before_missing", "missing" },
						{ "before_until", "until" } };
	const char *now = cell(table, row, "value"), *before = cell(ago, other, "value");
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (!same(cell(table, row, taken[i][0]), cell(ago, other, taken[i][1])))
			fail_msg("%s: row %zu: %s is %s", words, row, taken[i][0],
				 cell(table, row, taken[i][0]));
	if (now && before)
		change_is(words, table, row, now, before);
	else
		assert_null(cell(table, row, "change"));
	/* what is missing is missing for a reason */
	assert_true((cell(table, row, "change_percent") == NULL) ==
		    (cell(table, row, "change_reason") != NULL));
	met.compared++;
}

static void row_is_compared_with_nothing(const struct table *table, size_t row)
{
	for (size_t i = 1; i + 1 < sizeof(comparison) / sizeof(comparison[0]); i++)
		assert_null(cell(table, row, comparison[i]));
	assert_non_null(cell(table, row, "change_reason"));
	met.nowhere++;
}

/* The answer about the one period; NULL: the area was not there. */
static struct table *answer_of(struct testbed *testbed, const struct query *asked,
			       struct period period, const char *words)
{
	char text[PERIOD_TEXT_MAX];
	struct query query = *asked;
	struct table *table;
	query.from = query.to = period_format(period, text);
	int rc = ask(testbed, &query, &table);
	if (rc == 0)
		return table;
	if (!query.area || rc != -EINVAL)
		fail_msg("%s: %s", words, testbed->err.text);
	return NULL;
}

static void before_is_two_questions(struct testbed *testbed, const struct question *q,
				    const struct query *asked, const char *versus)
{
	struct query query = *asked;
	size_t row = 0;
	query.versus = versus;
	struct table *all = answer(testbed, &query, q->words);
	struct table *plain = answer(testbed, asked, q->words);
	assert_int_equal(table_rows(all), table_rows(plain));
	for (int32_t number = q->first; number <= q->last; number++) {
		struct period now = { q->calendar, q->per, number }, before;
		char text[PERIOD_TEXT_MAX], name[PERIOD_TEXT_MAX];
		bool there = period_ago(versus, now, &before);
		struct table *ago = there ? answer_of(testbed, asked, before, q->words) : NULL;
		for (; row < table_rows(all) &&
		       strcmp(cell(all, row, "period"), period_format(now, name)) == 0;
		     row++) {
			size_t other = 0;
			same_row(q->words, all, row, plain, row, false);
			if (!same(cell(all, row, "before_period"),
				  there ? period_format(before, text) : NULL))
				fail_msg("%s: %s is compared with %s", q->words, name,
					 cell(all, row, "before_period"));
			while (ago && other < table_rows(ago) && !same_place(all, row, ago, other))
				other++;
			if (ago && other < table_rows(ago))
				row_is_compared(q->words, all, row, ago, other);
			else
				row_is_compared_with_nothing(all, row);
		}
		table_close(ago);
	}
	assert_int_equal(row, table_rows(all));
	table_close(all);
	table_close(plain);
}

/* --- the last periods --- */

/* Looked for from above, one by one, by the instants at which they end. */
static int32_t newest_that_is_over(const struct question *q, int64_t at_us)
{
	char text[INSTANT_TEXT_MAX];
	int day, hour;
	if (q->per == GRAIN_HOUR) {
		assert_int_equal(
			sscanf(civil_format(at_us + 1, text), "%*d-%*d-%dT%d", &day, &hour), 2);
		return civil_day(at_us + 1) * 24 + hour - 1;
	}
	struct period period = civil_period(q->calendar, q->per, at_us);
	for (period.number += 2; civil_day_start_us(period_end_day(period)) > at_us + 1;)
		period.number--;
	return period.number;
}

static void same_answer(const char *words, const struct table *table, const struct table *other)
{
	assert_int_equal(table_rows(table), table_rows(other));
	assert_int_equal(table_columns(table), table_columns(other));
	for (size_t row = 0; row < table_rows(table); row++)
		same_row(words, table, row, other, row, false);
}

/* On an edge of a day, or somewhere between. */
static int64_t some_instant(struct history *h)
{
	int64_t at_us = civil_day_start_us(h->base + (int32_t)dice_between(h->dice, -3, 40));
	return dice_below(h->dice, 2) ? at_us + dice_between(h->dice, -2, 1)
				      : at_us + dice_between(h->dice, 0, INT64_C(86400000000));
}

static void last_is_the_range_that_is_over(struct history *h, struct testbed *testbed,
					   const struct question *q)
{
	struct query query = q->query, range = q->query;
	char number[16], texts[2][PERIOD_TEXT_MAX];
	struct table *last, *same_range, *latest;
	int32_t n = (int32_t)dice_between(h->dice, 1, 4);
	query.now_us = some_instant(h);
	if (query.known && dice_below(h->dice, 3))
		query.now_us = q->known_us + INT64_C(864000000000);
	range.now_us = query.now_us;
	query.structure = range.structure = NULL;
	query.area = range.area = NULL;
	query.per = range.per = grain_name(q->per == GRAIN_MINUTE ? GRAIN_HOUR : q->per);
	query.calendar = range.calendar = calendar_name(q->calendar);
	int64_t at_us = query.known && q->known_us < query.now_us ? q->known_us : query.now_us;
	if (q->per == GRAIN_MINUTE)
		return;
	struct period newest = { q->calendar, q->per, newest_that_is_over(q, at_us) };
	range.to = period_format(newest, texts[1]);
	newest.number -= n - 1;
	range.from = period_format(newest, texts[0]);
	(void)snprintf(number, sizeof(number), "%d", n);
	query.from = query.to = NULL;
	query.last = number;
	if (ask(testbed, &range, &same_range) < 0) {
		assert_true(ask(testbed, &query, &last) < 0);
		return;
	}
	last = answer(testbed, &query, q->words);
	same_answer(q->words, last, same_range);
	assert_string_equal(table_head_value(last, "query", "from"), range.from);
	assert_string_equal(table_head_value(last, "query", "to"), range.to);
	assert_string_equal(table_head_value(last, "query", "last"), number);
	range.to = PERIOD_LATEST;
	latest = answer(testbed, &range, q->words);
	same_answer(q->words, latest, same_range);
	table_close(latest);
	table_close(same_range);
	table_close(last);
	met.last++;
	met.last_known += at_us != query.now_us;
}

/* --- random questions --- */

/* Of days on which much was reported, one behind the other: there is something to compare. */
static void ask_by_days(struct history *h, const struct catalogue *catalogue, struct question *q)
{
	const struct metric *metric = catalogue_find(catalogue, q->query.name);
	if (metric->period > GRAIN_DAY || dice_below(h->dice, 2))
		return;
	q->per = GRAIN_DAY;
	q->calendar = CALENDAR_CIVIL;
	q->first = h->base + (int32_t)dice_between(h->dice, 1, 9);
	q->last = q->first + 2;
	q->query.per = "day";
	q->query.calendar = "civil";
	q->query.area = NULL;
	q->query.labels = "";
	q->query.from = day_format(q->first, q->from);
	q->query.to = day_format(q->last, q->to);
}

static void ask_all(struct history *h, struct testbed *testbed, const struct catalogue *catalogue)
{
	struct question q;
	struct table *table;
	const char *names[4];
	size_t n = 0;
	question_make(h, catalogue, &q);
	ask_by_days(h, catalogue, &q);
	if (ask(testbed, &q.query, &table) < 0)
		return; /* test_query.c knows why */
	table_close(table);
	for (size_t i = 0; i < catalogue->n && n < 3; i++) { /* the others that may be asked so */
		struct query query = q.query;
		query.name = catalogue->metrics[i].name;
		if (strcmp(query.name, q.query.name) == 0 || ask(testbed, &query, &table) < 0)
			continue;
		table_close(table);
		names[n++] = query.name;
	}
	names[n++] = q.query.name;
	if (n > 1)
		names_are_as_alone(testbed, &q, names, n);
	const struct metric *metric = catalogue_find(testbed->reference->catalogue, q.query.name);
	struct query asked = q.query;
	if (metric && metric->n_dimensions > 0 && !*asked.labels && dice_below(h->dice, 2))
		asked.by_label = metric->dimensions[0];
	if (asked.by_label && ask(testbed, &asked, &table) < 0)
		asked.by_label = NULL;
	else if (asked.by_label)
		table_close(table);
	if (asked.by || asked.by_label)
		totals_are_the_question_without_by(testbed, &q, &asked);
	last_is_the_range_that_is_over(h, testbed, &q);
	before_is_two_questions(testbed, &q, &asked, dice_below(h->dice, 4) ? "period" : "year");
}

static void random_questions(struct dice *dice, void *context)
{
	struct history h;
	struct testbed testbed;
	struct catalogue *catalogue = NULL;
	(void)context;
	if (dice_below(dice, 2))
		history_make_diligent(&h, dice, 12);
	else
		history_make(&h, dice, BATCHES);
	history_make_acts(&h, dice_below(dice, 25) + 1);
	history_open(&h, &testbed);
	if (catalogue_read(h.catalogue, strlen(h.catalogue), &catalogue, &testbed.err) < 0)
		fail_msg("%s", testbed.err.text);
	history_post(&h, &testbed);
	for (int i = 0; i < QUESTIONS; i++)
		ask_all(&h, &testbed, catalogue);
	catalogue_close(catalogue);
	testbed_close(&testbed);
	history_free(&h);
}

static void every_row_is_that_of_a_question_alone(void **state)
{
	(void)state;
	for_all_seeds(SEEDS, random_questions, NULL);
	if (seeds_given())
		return;
	print_message("met: %u of several names, %u totals, %u rests, %u rows compared, %u with "
		      "nothing, %u percentages, %u of the last periods, %u of them as known\n",
		      met.several, met.totals, met.rests, met.compared, met.nowhere, met.percents,
		      met.last, met.last_known);
	assert_true(met.last > 30 && met.last_known > 3);
	assert_true(met.several > 20 && met.totals > 30 && met.rests > 5 && met.compared > 100 &&
		    met.nowhere > 3 && met.percents > 10);
}

/* --- cases by hand --- */

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"A,a,commune,P,2020-01-01,2024-07-01\nB,b,commune,P,2020-01-01,2024-07-01\n"               \
	"N,n,commune,P,2024-07-01,\nC,c,commune,P,2020-01-01,\n"
#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max,calendar\n"                                                        \
	"sum,x,x,files,flow,sum,sum,month,,2,0,commune,1,,,\n"                                     \
	"mean,x,x,days,flow,mean,mean,month,,2,0,commune,1,,,\n"                                   \
	"level,x,x,teams,stock,last,sum,month,,2,2,commune,1,,,\n"                                 \
	"daily,x,x,x,flow,sum,sum,day,,2,0,commune,1,,,\n"                                         \
	"weekly,x,x,x,flow,sum,sum,week,,2,0,commune,1,,,\n"                                       \
	"yearly,x,x,x,flow,sum,sum,year,,2,0,province,1,,,\n"                                      \
	"closing,x,x,x,flow,sum,sum,month,,2,0,commune,1,,,report\n"
#define INDICATORS                                                                                 \
	"name,label_vi,label_en,formula,unit,target_year,target_value\n"                           \
	"share,x,x,sum / level * 100,%,,\n"

struct fixture {
	struct testbed testbed;
	struct testbed_spool a, b, c, p;
};

/* On 2024-07-01 A and B became N, for which both of their offices report from then on. */
static void open_province(struct fixture *f)
{
	static const char successors[] = "effective_on,old_code,new_code,share\n"
					 "2024-07-01,A,N,1\n2024-07-01,B,N,1\n";
	struct testbed *testbed = &f->testbed;
	int32_t day = day_from_civil(2020, 1, 1), reform = day_from_civil(2024, 7, 1);
	size_t rows;
	*f = (struct fixture){
		.a = { .id = 1 }, .b = { .id = 2 }, .c = { .id = 3 }, .p = { .id = 4 }
	};
	testbed_open(testbed, UNITS, CATALOGUE, INDICATORS, false);
	assert_int_equal(db_begin(testbed->db, &testbed->err), 0);
	assert_int_equal(successors_import(testbed->db, successors, strlen(successors), &rows,
					   &testbed->err),
			 0);
	assert_int_equal(db_commit(testbed->db, &testbed->err), 0);
	f->a.office = testbed_office(testbed, "a", "A", day);
	f->b.office = testbed_office(testbed, "b", "B", day);
	f->c.office = testbed_office(testbed, "c", "C", day);
	f->p.office = testbed_office(testbed, "p", "P", day);
	testbed_move(testbed, f->a.office, "N", reform);
	testbed_move(testbed, f->b.office, "N", reform);
	testbed_refresh(testbed);
}

static const char *told(const struct table *table, const char *metric, const char *area,
			const char *column)
{
	for (size_t row = 0; row < table_rows(table); row++)
		if ((!metric || same(cell(table, row, "metric"), metric)) &&
		    same(cell(table, row, "area"), area))
			return cell(table, row, column) ? cell(table, row, column) : "null";
	return "not a row";
}

static const char *row_marked(const struct table *table, const char *kind, const char *column)
{
	for (size_t row = 0; row < table_rows(table); row++)
		if (same(cell(table, row, "row"), kind))
			return cell(table, row, column) ? cell(table, row, column) : "null";
	return "not a row";
}

static void refused(struct fixture *f, const struct query *query, int code, const char *sentence)
{
	struct table *table;
	assert_int_equal(ask(&f->testbed, query, &table), code);
	assert_string_equal(f->testbed.err.text, sentence);
}

static void names_that_cannot_be_are_refused(void **state)
{
	struct fixture f;
	struct query query = { .from = "2024-03" };
	(void)state;
	open_province(&f);
	query.name = "sum,level,sum";
	refused(&f, &query, -EINVAL, "'sum' is asked for twice");
	query.name = "sum,";
	refused(&f, &query, -EINVAL, "the query names no metric or indicator");
	query.name = "sum,levle";
	refused(&f, &query, -EINVAL,
		"there is no metric or indicator 'levle'; did you mean 'level' (x)?");
	query.name = "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q";
	refused(&f, &query, -E2BIG,
		"more than 16 metrics and indicators are asked for at once; ask in several "
		"questions");
	query.name = "sum";
	query.total = true;
	refused(&f, &query, -EINVAL,
		"--total has nothing to add up: without --by and --by-label the answer is the "
		"total");
	query.total = false;
	query.versus = "decade";
	refused(&f, &query, -EINVAL,
		"nothing can be compared with 'decade'; there are: period, which is the one "
		"before, and year, the same one a year before");
	testbed_close(&f.testbed);
}

/* The longest period that is anyone's own, where all add up to it; or who does not. */
static void the_period_is_one_that_all_add_up_to(void **state)
{
	struct fixture f;
	struct query query = { .name = "daily,yearly,sum", .from = "2024" };
	struct table *table;
	(void)state;
	open_province(&f);
	testbed_record(&f.testbed, &f.p, "yearly", "", "2024", 100, 2);
	testbed_record(&f.testbed, &f.c, "daily", "", "2024-03-05", 250, 2);
	table = answer(&f.testbed, &query, "years");
	assert_int_equal(table_rows(table), 3);
	assert_string_equal(told(table, "daily", "P", "period"), "2024");
	assert_string_equal(told(table, "daily", "P", "value"), "2.5");
	assert_string_equal(told(table, "yearly", "P", "value"), "1");
	assert_string_equal(told(table, "sum", "P", "reason"), "not reported");
	table_close(table);
	query.name = "weekly,sum";
	refused(&f, &query, -EINVAL,
		"weekly is told per week (civil calendar) and sum per month (civil calendar), "
		"which have no period in common; ask for them one by one, or give another --per");
	query.per = "year"; /* which is followed, and says of which it does not do */
	refused(&f, &query, -EINVAL,
		"weekly is counted per week (civil calendar), which does not add up to a year of "
		"the civil calendar");
	query.name = "sum,yearly";
	table_close(answer(&f.testbed, &query, "another --per"));
	query.per = NULL;
	query.name = "closing,sum";
	refused(&f, &query, -EINVAL,
		"sum is told per month (civil calendar) and closing per month (report calendar), "
		"which have no period in common; ask for them one by one, or give another --per");
	query.name = "closing,daily"; /* days add up to either month */
	query.from = "2024-03";
	table = answer(&f.testbed, &query, "report months");
	assert_string_equal(told(table, "daily", "P", "value"), "2.5");
	table_close(table);
	testbed_close(&f.testbed);
}

static void a_total_is_of_the_area_and_not_of_the_rows(void **state)
{
	struct fixture f;
	struct query query = { .name = "mean", .from = "2024-03", .by = "commune", .total = true };
	(void)state;
	open_province(&f);
	testbed_record(&f.testbed, &f.a, "mean", "", "2024-03", 100, 2);
	testbed_record(&f.testbed, &f.b, "mean", "", "2024-03", 400, 2);
	testbed_record(&f.testbed, &f.a, "sum", "", "2024-03", 100, 2);
	testbed_record(&f.testbed, &f.b, "sum", "", "2024-03", 400, 2);
	testbed_record(&f.testbed, &f.p, "sum", "", "2024-03", 7, 2);
	struct table *table = answer(&f.testbed, &query, "mean");
	assert_string_equal(row_marked(table, "total", "area"), "P");
	assert_string_equal(row_marked(table, "total", "value"), "2.5");
	assert_string_equal(row_marked(table, "total", "due"), "3");
	assert_string_equal(
		row_marked(table, "total", "reason"),
		"the area as a whole, of all its figures: not the sum of the other rows");
	table_close(table);
	query.name = "sum";
	table = answer(&f.testbed, &query, "sum");
	assert_string_equal(row_marked(table, "rest", "value"), "0.07");
	assert_string_equal(row_marked(table, "total", "value"), "5.07");
	assert_string_equal(row_marked(table, "total", "reason"),
			    "the area as a whole: the other rows add up to it");
	assert_string_equal(cell(table, table_rows(table) - 1, "row"), "total");
	table_close(table);
	testbed_close(&f.testbed);
}

static void put(struct fixture *f, const char *period, int64_t value_e)
{
	testbed_record(&f->testbed, &f->c, "sum", "", period, value_e, 2);
}

static void percent_of(struct fixture *f, const char *period, const char *change,
		       const char *percent, const char *reason)
{
	struct query query = {
		.name = "sum", .by = "commune", .area = "C", .from = period, .versus = "period"
	};
	struct table *table = answer(&f->testbed, &query, period);
	assert_string_equal(told(table, NULL, "C", "change"), change);
	assert_string_equal(told(table, NULL, "C", "change_percent"), percent);
	assert_string_equal(told(table, NULL, "C", "change_reason"), reason);
	table_close(table);
}

static void a_change_is_exact_and_its_percentage_is_rounded_half_to_even(void **state)
{
	struct fixture f;
	(void)state;
	open_province(&f);
	put(&f, "2023-01", 80000);
	put(&f, "2023-02", 80100); /* 0.125 */
	put(&f, "2023-03", 80000);
	put(&f, "2023-04", 80300); /* 0.375 */
	put(&f, "2023-05", 0);
	put(&f, "2023-06", 5);
	put(&f, "2023-07", -400);
	put(&f, "2023-08", -300); /* it rose */
	put(&f, "2023-10", 100);
	percent_of(&f, "2023-02", "1", "0.12", "null");
	percent_of(&f, "2023-04", "3", "0.38", "null");
	percent_of(&f, "2023-05", "-803", "-100", "null");
	percent_of(&f, "2023-06", "0.05", "null", "there is no percentage of 0");
	percent_of(&f, "2023-08", "1", "25", "null");
	percent_of(&f, "2023-09", "null", "null", "this period has no value");
	percent_of(&f, "2023-10", "null", "null", "the period before has no value: not reported");
	testbed_close(&f.testbed);
}

static void what_was_not_there_is_compared_with_nothing(void **state)
{
	struct fixture f;
	struct query query = {
		.name = "sum", .by = "commune", .from = "2024-08", .versus = "year"
	};
	(void)state;
	open_province(&f);
	testbed_record(&f.testbed, &f.a, "sum", "", "2023-08", 100, 2);
	testbed_record(&f.testbed, &f.b, "sum", "", "2023-08", 200, 2);
	testbed_record(&f.testbed, &f.a, "sum", "", "2024-08", 600, 2);
	struct table *table = answer(&f.testbed, &query, "as it was");
	assert_string_equal(told(table, NULL, "N", "value"), "6");
	assert_string_equal(told(table, NULL, "N", "before"), "null");
	assert_string_equal(told(table, NULL, "N", "before_period"), "2023-08");
	assert_string_equal(told(table, NULL, "N", "change_reason"),
			    "N n is in force since 2024-07-01, and was not in the period before; "
			    "--structure tells both under the borders of one day");
	table_close(table);
	query.structure = "2024-07-01"; /* as it says */
	table = answer(&f.testbed, &query, "of one day");
	assert_string_equal(told(table, NULL, "N", "before"), "3");
	assert_string_equal(told(table, NULL, "N", "change"), "3");
	assert_string_equal(told(table, NULL, "N", "change_percent"), "100");
	/* a part beside a whole: it is told */
	assert_string_equal(told(table, NULL, "N", "reported"), "1");
	assert_string_equal(told(table, NULL, "N", "before_reported"), "2");
	assert_string_equal(told(table, NULL, "N", "before_due"), "2");
	table_close(table);
	query = (struct query){ .name = "sum", .area = "N", .from = "2024-08", .versus = "year" };
	table = answer(&f.testbed, &query, "an area that was not there");
	assert_string_equal(told(table, NULL, "N", "before"), "null");
	assert_string_equal(told(table, NULL, "N", "value"), "6");
	table_close(table);
	testbed_close(&f.testbed);
}

/* Months of the report calendar stay months of it; and a leap day has no day a year before. */
static void the_period_before_is_as_long(void **state)
{
	struct fixture f;
	struct query query = {
		.name = "daily", .per = "month", .from = "2024-03", .versus = "period"
	};
	(void)state;
	open_province(&f);
	testbed_record(&f.testbed, &f.c, "daily", "", "2024-02-14", 100, 2);
	testbed_record(&f.testbed, &f.c, "daily", "", "2024-02-15", 300, 2);
	struct table *table = answer(&f.testbed, &query, "civil");
	assert_string_equal(told(table, NULL, "P", "before"), "4");
	table_close(table);
	query.calendar = "report";
	table = answer(&f.testbed, &query, "report");
	assert_string_equal(told(table, NULL, "P", "value"), "3");
	assert_string_equal(told(table, NULL, "P", "before"), "1");
	table_close(table);
	query = (struct query){
		.name = "daily", .from = "2024-02-28", .to = "2024-03-01", .versus = "year"
	};
	table = answer(&f.testbed, &query, "leap day");
	assert_int_equal(table_rows(table), 3);
	assert_string_equal(cell(table, 0, "before_period"), "2023-02-28");
	assert_null(cell(table, 1, "before_period"));
	assert_string_equal(cell(table, 1, "change_reason"), "the year before has no such period");
	assert_string_equal(cell(table, 2, "before_period"), "2023-03-01");
	table_close(table);
	testbed_close(&f.testbed);
}

/* A metric beside an indicator: all columns of both, null where a row has none. */
static void an_indicator_beside_a_metric_keeps_its_columns(void **state)
{
	struct fixture f;
	struct query query = { .name = "sum,share",
			       .by = "commune",
			       .from = "2024-03",
			       .rank = true,
			       .total = true,
			       .versus = "year" };
	(void)state;
	open_province(&f);
	testbed_record(&f.testbed, &f.c, "sum", "", "2024-03", 50, 2);
	testbed_record(&f.testbed, &f.c, "level", "", "2024-03", 200, 2);
	struct table *table = answer(&f.testbed, &query, "both");
	assert_string_equal(told(table, "share", "C", "value"), "25");
	assert_string_equal(told(table, "share", "C", "operands"), "sum=0.5;level=2");
	assert_string_equal(told(table, "sum", "C", "operands"), "null");
	assert_string_equal(told(table, "sum", "C", "rank"), "1");
	assert_string_equal(told(table, "share", "P", "row"), "total");
	assert_string_equal(told(table, "share", "P", "rank"), "null");
	assert_string_equal(table_column(table, 0), "metric");
	assert_string_equal(table_column(table, table_columns(table) - 1), "change_reason");
	struct blob json = { 0 };
	assert_int_equal(table_json(table, &json), 0);
	assert_int_equal(blob_append(&json, "", 1), 0);
	assert_non_null(
		strstr((char *)json.data, "\"units\": {\"sum\": \"files\", \"share\": \"%\"}"));
	assert_non_null(strstr((char *)json.data, "\"name\": \"sum,share\""));
	blob_free(&json);
	table_close(table);
	testbed_close(&f.testbed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_cannot_be_are_refused),
		cmocka_unit_test(the_period_is_one_that_all_add_up_to),
		cmocka_unit_test(a_total_is_of_the_area_and_not_of_the_rows),
		cmocka_unit_test(a_change_is_exact_and_its_percentage_is_rounded_half_to_even),
		cmocka_unit_test(what_was_not_there_is_compared_with_nothing),
		cmocka_unit_test(the_period_before_is_as_long),
		cmocka_unit_test(an_indicator_beside_a_metric_keeps_its_columns),
		cmocka_unit_test(every_row_is_that_of_a_question_alone),
	};
	return cmocka_run_group_tests_name("several", tests, NULL, NULL);
}
