/* Who reported, who did not, and what the difference is between nothing, zero and withdrawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/status.h"
#include "common/model/civil.h"
#include "query/query.h"
#include "registry/units_import.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\nD,d,commune,P,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"n,x,x,x,flow,sum,sum,day,k,0,0,commune,1,,\n"                                             \
	"m,x,x,x,stock,last,sum,month,,0,1,commune,5,,\n"                                          \
	"o,x,x,x,flow,sum,sum,day,,0,0,province,1,,\n"                                             \
	"y,x,x,x,flow,sum,sum,year,,0,0,province,5,,\n"                                            \
	"s,x,x,x,flow,sum,sum,day,,0,0,commune,1,,\n"                                              \
	"h,x,x,x,flow,sum,sum,hour,,0,0,commune,1,,\n"

struct fixture {
	struct testbed testbed;
	struct testbed_spool c, d, p;
	struct table *table; /* of the last question */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int32_t day;
	assert_non_null(f);
	testbed_open(&f->testbed, UNITS, METRICS, NULL, false);
	assert_int_equal(day_parse("2025-01-01", &day, &(struct err){ 0 }), 0);
	f->c = (struct testbed_spool){ .id = 1,
				       .office = testbed_office(&f->testbed, "c", "C", day) };
	f->d = (struct testbed_spool){ .id = 2,
				       .office = testbed_office(&f->testbed, "d", "D", day) };
	f->p = (struct testbed_spool){ .id = 3,
				       .office = testbed_office(&f->testbed, "p", "P", day) };
	testbed_refresh(&f->testbed);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	table_close(f->table);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static void ask(struct fixture *f, const struct query *query)
{
	table_close(f->table);
	f->table = NULL;
	if (completeness_run(f->testbed.db, f->testbed.reference, query, &f->table,
			     &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
}

static void has(const struct fixture *f, size_t row, const char *column, const char *expected)
{
	const char *found = testbed_cell(f->table, row, column);
	if (!found || strcmp(found, expected) != 0)
		fail_msg("row %zu: %s is %s, expected %s", row, column, found ? found : "null",
			 expected);
}

static void withdraw(struct fixture *f, struct testbed_spool *spool, const char *day_text)
{
	struct testbed_figure figure = {
		.metric = "n", .labels = "", .grain = GRAIN_DAY, .withdrawn = true
	};
	struct testbed_batch batch;
	int32_t day;
	assert_int_equal(day_parse(day_text, &day, &(struct err){ 0 }), 0);
	testbed_seal(spool, day, &figure, 1, civil_day_start_us(day + 1), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
}

static void late(struct fixture *f, struct testbed_spool *spool, const char *day_text)
{
	struct testbed_figure figure = {
		.metric = "n", .labels = "", .grain = GRAIN_DAY, .value_e = 1
	};
	struct testbed_batch batch;
	int32_t day;
	assert_int_equal(day_parse(day_text, &day, &(struct err){ 0 }), 0);
	testbed_seal(spool, day, &figure, 1, civil_day_start_us(day + 2), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
}

static void zero_is_reported_and_withdrawn_is_missing_but_revised(void **state)
{
	struct fixture *f = *state;
	const struct query by = { .name = "n", .by = "commune", .per = "month", .from = "2025-06" };
	testbed_record(&f->testbed, &f->c, "n", "", "2025-06-01", 0, 0);
	testbed_record(&f->testbed, &f->c, "n", "", "2025-06-02", 4, 0);
	withdraw(f, &f->c, "2025-06-02");
	withdraw(f, &f->c, "2025-06-03"); /* of nothing: no revision */
	late(f, &f->c, "2025-06-04");
	ask(f, &by);
	assert_int_equal(table_rows(f->table), 2);
	has(f, 0, "area", "C");
	has(f, 0, "due", "30");
	has(f, 0, "reported", "2");
	has(f, 0, "on_time", "1");
	has(f, 0, "late", "1");
	has(f, 0, "missing", "28");
	has(f, 0, "revised", "1");
	has(f, 0, "offices_due", "1");
	has(f, 0, "offices_reported", "1");
	has(f, 0, "percent", "6.7");
	has(f, 1, "area", "D");
	has(f, 1, "reported", "0");
	has(f, 1, "percent", "0");
	has(f, 1, "offices_reported", "0");
}

static void labels_of_one_day_are_one_report_and_nobody_exceeds_a_hundred(void **state)
{
	struct fixture *f = *state;
	const struct query by = { .name = "n", .by = "office", .from = "2025-06-01" };
	testbed_record(&f->testbed, &f->c, "n", "k=a", "2025-06-01", 1, 0);
	testbed_record(&f->testbed, &f->c, "n", "k=b", "2025-06-01", 2, 0);
	testbed_record(&f->testbed, &f->p, "n", "", "2025-06-01", 2,
		       0); /* not due from a province */
	ask(f, &by);
	assert_int_equal(table_rows(f->table), 3);
	has(f, 0, "area", "c");
	has(f, 0, "due", "1");
	has(f, 0, "reported", "1");
	has(f, 0, "percent", "100");
	has(f, 2, "area", "p");
	has(f, 2, "due", "0");
	has(f, 2, "extra", "1");
	assert_null(testbed_cell(f->table, 2, "percent"));
}

static void of_form(const struct fixture *f, size_t row, const char *form, const char *level)
{
	has(f, row, "form", form);
	has(f, row, "level", level);
}

static void without_a_metric_each_form_has_its_reports(void **state)
{
	struct fixture *f = *state;
	struct query all = { .by = "province", .from = "2025-06" };
	struct blob json = { 0 };
	testbed_record(&f->testbed, &f->c, "n", "", "2025-06-01", 0, 0);
	testbed_record(&f->testbed, &f->c, "s", "", "2025-06-01", 0, 0);
	testbed_record(&f->testbed, &f->d, "s", "", "2025-06-02", 0, 0);
	testbed_record(&f->testbed, &f->c, "m", "", "2025-05", 7, 0);
	testbed_record(&f->testbed, &f->d, "m", "", "2025-06", 7, 0);
	ask(f, &all);
	assert_int_equal(table_rows(f->table), 4); /* the longest period first */
	of_form(f, 0, "month", "commune");
	has(f, 0, "due", "2");
	has(f, 0, "reported", "1");
	has(f, 0, "carried", "1");
	has(f, 0, "missing", "0");
	has(f, 0, "offices_due", "2");
	has(f, 0, "offices_reported", "1");
	has(f, 0, "percent", "50");
	of_form(f, 1, "day", "commune"); /* n and s: two of a day are one report */
	has(f, 1, "due", "60");
	has(f, 1, "reported", "2");
	has(f, 1, "missing", "58");
	has(f, 1, "percent", "3.3");
	has(f, 1, "parts_due", "120");
	has(f, 1, "parts_reported", "3");
	has(f, 1, "parts_missing", "117");
	of_form(f, 2, "day", "province");
	has(f, 2, "due", "30");
	of_form(f, 3, "hour", "commune");
	has(f, 3, "due", "1440");
	assert_int_equal(table_json(f->table, &json), 0);
	assert_int_equal(blob_append(&json, "", 1), 0);
	assert_non_null(strstr((const char *)json.data, "\"left_out\": \"y\""));
	blob_free(&json);
	all.per = "year";
	ask(f, &all);
	assert_int_equal(table_rows(f->table), 5);
	of_form(f, 0, "year", "province");
	has(f, 0, "due", "1");
	has(f, 1, "due", "24");
	all.per = NULL;
	all.form = "year"; /* which does not lie in a month */
	ask(f, &all);
	assert_int_equal(table_rows(f->table), 1);
	has(f, 0, "period", "2025");
	all.form = "day";
	all.by = NULL;
	ask(f, &all); /* who misses something of it */
	assert_int_equal(table_rows(f->table), 3);
	has(f, 0, "office", "c");
	has(f, 0, "missing", "29");
	has(f, 0, "percent", "3.3");
	has(f, 0, "parts_missing", "58");
	has(f, 1, "office", "d");
	has(f, 1, "missing", "29");
	has(f, 1, "parts_missing", "59");
	of_form(f, 2, "day", "province");
	has(f, 2, "office", "p");
}

static void a_form_that_nobody_reports_is_refused_with_those_that_there_are(void **state)
{
	struct fixture *f = *state;
	const struct query weeks = { .form = "week", .by = "province" };
	struct table *table = NULL;
	assert_int_equal(completeness_run(f->testbed.db, f->testbed.reference, &weeks, &table,
					  &f->testbed.err),
			 -EINVAL);
	assert_string_equal(
		f->testbed.err.text,
		"no metric is reported per week; what is reported, per: hour, day, month, year");
}

/* --- a law: a row's counts are the sums of its offices' --- */

static int64_t sum_of(const struct table *table, const char *column)
{
	int64_t sum = 0;
	for (size_t i = 0; i < table_rows(table); i++)
		sum += atoll(testbed_cell(table, i, column));
	return sum;
}

static int64_t how_many(const struct table *table, const char *column)
{
	int64_t n = 0;
	for (size_t i = 0; i < table_rows(table); i++)
		n += atoll(testbed_cell(table, i, column)) > 0;
	return n;
}

static void is_the_sum(struct fixture *f, const char *metric, const char *level, const char *per)
{
	static const char *const columns[] = { "due",     "reported", "on_time", "late",
					       "missing", "extra",    "revised" };
	struct query query = { .name = metric, .per = per, .from = "2025-06-01" };
	int64_t sums[7], reported, due;
	query.by = "office";
	ask(f, &query);
	for (size_t i = 0; i < 7; i++)
		sums[i] = sum_of(f->table, columns[i]);
	reported = how_many(f->table, "reported");
	due = how_many(f->table, "due");
	query.by = level;
	ask(f, &query);
	for (size_t i = 0; i < 7; i++)
		if (sum_of(f->table, columns[i]) != sums[i])
			fail_msg("%s of %s per %s by %s: %lld, and of its offices %lld", columns[i],
				 metric, per, level, (long long)sum_of(f->table, columns[i]),
				 (long long)sums[i]);
	assert_int_equal(sum_of(f->table, "offices_reported"), reported);
	assert_int_equal(sum_of(f->table, "offices_due"), due);
}

static void send_something(struct dice *dice, struct fixture *f, struct testbed_spool *spool)
{
	static const char *const metrics[] = { "s", "n", "n", "h" }, *const labels[] = { "", "k=a",
											 "k=b",
											 "" };
	size_t which = dice_below(dice, 4);
	struct testbed_figure figure = { .metric = metrics[which],
					 .labels = labels[which],
					 .grain = which == 3 ? GRAIN_HOUR : GRAIN_DAY,
					 .nth = which == 3 ? (uint16_t)dice_below(dice, 24) : 0,
					 .withdrawn = dice_below(dice, 5) == 0,
					 .value_e = dice_between(dice, 0, 9) };
	struct testbed_batch batch;
	int32_t day;
	assert_int_equal(day_parse("2025-06-01", &day, &(struct err){ 0 }), 0);
	day += (int32_t)dice_below(dice, 4);
	if (figure.withdrawn)
		figure.value_e = 0;
	testbed_seal(spool, day, &figure, 1,
		     civil_day_start_us(day + 1 + (int32_t)dice_below(dice, 3)), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
}

static void rows_and_offices(struct dice *dice, void *context)
{
	struct fixture *f = NULL;
	uint64_t n = dice_below(dice, 40), silent = dice_below(dice, 4);
	(void)context;
	(void)setup((void **)&f);
	struct testbed_spool extra = { .id = 4 }, *const spools[] = { &f->c, &f->d, &f->p, &extra };
	int32_t day;
	assert_int_equal(day_parse("2025-06-02", &day, &(struct err){ 0 }), 0);
	extra.office =
		testbed_office(&f->testbed, "e", "C", day); /* which begins within the month */
	testbed_refresh(&f->testbed);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t who = dice_below(dice, 4);
		if (who != silent)
			send_something(dice, f, spools[who]);
	}
	for (size_t i = 0; i < 3; i++) {
		const char *metric = (const char *const[]){ "s", "n", "h" }[i];
		is_the_sum(f, metric, "province", "month");
		is_the_sum(f, metric, "commune", "month");
		is_the_sum(f, metric, "province", "day");
	}
	(void)teardown((void **)&f);
}

static void a_rows_counts_are_the_sums_of_its_offices(void **state)
{
	(void)state;
	for_all_seeds(30, rows_and_offices, NULL);
}

static void of_all_metrics_as_known_earlier(void **state)
{
	struct fixture *f = *state;
	const struct query then = {
		.by = "province", .per = "day", .from = "2025-06-01", .known = "2025-06-10"
	};
	testbed_record(&f->testbed, &f->c, "n", "", "2025-06-01", 1, 0);
	testbed_record(&f->testbed, &f->p, "o", "", "2025-06-01", 2, 0);
	ask(f, &then);
	of_form(f, 0, "day", "commune");
	has(f, 0, "due", "2");
	has(f, 0, "reported", "1");
	of_form(f, 1, "day", "province");
	has(f, 1, "reported", "1");
	has(f, 2, "due", "48");
}

static void before_anything_was_known_all_is_missing(void **state)
{
	struct fixture *f = *state;
	const struct query then = {
		.name = "n", .by = "commune", .from = "2025-06-01", .known = "2025-06-01"
	};
	const struct query figures = { .name = "n", .from = "2025-06-01", .known = "2025-06-01" };
	testbed_record(&f->testbed, &f->c, "n", "", "2025-06-01", 3, 0);
	ask(f, &then);
	has(f, 0, "missing", "1");
	has(f, 1, "missing", "1");
	table_close(f->table);
	f->table = NULL;
	assert_int_equal(query_run(f->testbed.db, f->testbed.reference, &figures, &f->table,
				   &f->testbed.err),
			 0);
	assert_null(testbed_cell(f->table, 0, "value"));
	has(f, 0, "missing", "2");
	has(f, 0, "reported", "0");
}

static void minutes_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct query minutes = { .per = "minute" };
	struct table *table = NULL;
	assert_int_equal(completeness_run(f->testbed.db, f->testbed.reference, &minutes, &table,
					  &f->testbed.err),
			 -EINVAL);
}

/* Rule 5: an office that moves within the month misses days of either unit, and each list names its
 * own. */
static void who_moved_is_missing_where_it_was_due(void **state)
{
	struct fixture *f = *state;
	struct query list = { .name = "n", .per = "month", .from = "2025-06" };
	int32_t day;
	assert_int_equal(day_parse("2025-06-11", &day, &(struct err){ 0 }), 0);
	testbed_move(&f->testbed, f->c.office, "D", day);
	testbed_refresh(&f->testbed);
	testbed_record(&f->testbed, &f->c, "n", "", "2025-06-01", 3, 0);
	ask(f, &list);
	assert_int_equal(table_rows(f->table), 3);
	has(f, 0, "office", "c");
	has(f, 0, "area", "C");
	has(f, 0, "missing", "9");
	has(f, 1, "office", "c");
	has(f, 1, "area", "D");
	has(f, 1, "missing", "20");
	has(f, 2, "office", "d");
	list.area = "C";
	ask(f, &list);
	assert_int_equal(table_rows(f->table), 1);
	has(f, 0, "area", "C");
	has(f, 0, "missing", "9");
}

/* Rule 5: due is what is over, whoever asks and however: by the day, by the hour, by the minute. */
static void only_what_is_over_is_due(void **state)
{
	struct fixture *f = *state;
	struct query month = { .name = "n", .by = "commune", .per = "month", .from = "2025-06" };
	struct query level = { .name = "m", .by = "commune", .from = "2025-05", .to = "2025-07" };
	struct blob json = { 0 };
	testbed_record(&f->testbed, &f->c, "n", "", "2025-06-01", 3, 0);
	testbed_record(&f->testbed, &f->c, "n", "", "2025-06-10", 4, 0);
	testbed_record(&f->testbed, &f->c, "m", "", "2025-05", 7, 0);
	month.known = "2025-06-10";
	ask(f, &month);
	has(f, 0, "until", "2025-06-30");
	has(f, 0, "due", "10");
	month.known = "2025-06-10T23:00";
	ask(f, &month);
	has(f, 0, "due", "9");
	has(f, 0, "reported", "1");
	month.by = NULL; /* who is missing is of what is over, too */
	ask(f, &month);
	has(f, 0, "missing", "8");
	month = (struct query){ .name = "h", .by = "commune", .per = "day", .from = "2025-06-10" };
	testbed_record(&f->testbed, &f->c, "h", "", "2025-06-10T09", 1, 0);
	testbed_record(&f->testbed, &f->c, "h", "", "2025-06-10T11", 1, 0);
	month.known = "2025-06-10T09:59";
	ask(f, &month);
	has(f, 0, "due", "9");
	month.known = "2025-06-10T10:00";
	ask(f, &month);
	has(f, 0, "due", "10");
	/* a level goes on into the month that has begun, never into one that has not */
	level.known = "2025-06-20";
	table_close(f->table);
	f->table = NULL;
	assert_int_equal(
		query_run(f->testbed.db, f->testbed.reference, &level, &f->table, &f->testbed.err),
		0);
	assert_int_equal(table_rows(f->table), 6);
	has(f, 0, "due", "1");
	assert_null(testbed_cell(f->table, 0, "until"));
	has(f, 2, "period", "2025-06");
	has(f, 2, "due", "0");
	has(f, 2, "carried", "0");
	has(f, 3, "reason", "the period is under way: nothing is due yet");
	has(f, 4, "due", "0");
	assert_null(testbed_cell(f->table, 4, "value"));
	has(f, 4, "reason", "the period has not begun");
	assert_int_equal(table_json(f->table, &json), 0);
	assert_int_equal(blob_append(&json, "", 1), 0);
	assert_non_null(strstr((const char *)json.data, "\"under_way\": \"2025-06\""));
	assert_non_null(strstr((const char *)json.data, "\"under_way_until\": \"2025-06-30\""));
	assert_non_null(strstr((const char *)json.data, "\"not_begun\": \"2025-07\""));
	blob_free(&json);
	/* as known at an instant to come is as known now: nothing is due before it is over */
	month = (struct query){ .name = "h",
				.per = "day",
				.from = "2095-06-10",
				.to = "2095-06-10",
				.known = "2099-01-01" };
	table_close(f->table);
	f->table = NULL;
	assert_int_equal(
		query_run(f->testbed.db, f->testbed.reference, &month, &f->table, &f->testbed.err),
		0);
	has(f, 0, "due", "0");
	has(f, 0, "missing", "0");
	has(f, 0, "reason", "the period has not begun");
}

/* --- what waits in quarantine, and who stands nowhere --- */

static int32_t day_of(const char *text)
{
	int32_t day;
	assert_int_equal(day_parse(text, &day, &(struct err){ 0 }), 0);
	return day;
}

static void ask_figures(struct fixture *f, const struct query *query)
{
	table_close(f->table);
	f->table = NULL;
	if (query_run(f->testbed.db, f->testbed.reference, query, &f->table, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
}

static void names(const struct fixture *f, size_t row, const char *part)
{
	const char *reason = testbed_cell(f->table, row, "reason");
	if (!reason || !strstr(reason, part))
		fail_msg("row %zu: reason is %s, expected ...%s...", row, reason ? reason : "null",
			 part);
}

static void import(struct fixture *f, const char *catalogue)
{
	bool changed;
	assert_int_equal(catalogue_import(f->testbed.db, catalogue, strlen(catalogue), &changed,
					  &f->testbed.err),
			 0);
	testbed_refresh(&f->testbed);
}

static void release(struct fixture *f, bool closed, const char *day, uint64_t expected)
{
	const struct release_form form = { .closed = closed,
					   .who = "test",
					   .at_us = civil_day_start_us(day_of(day)) };
	uint64_t released, kept;
	testbed_order_release(&f->testbed, &form, &released, &kept);
	assert_int_equal(released, expected);
}

/* It is told beside what is missing until it is released, and as known before that, still. */
static void what_waits_stands_beside_what_is_missing(void **state)
{
	struct fixture *f = *state;
	const struct closing_form may = { .period = "2025-05",
					  .who = "test",
					  .at_us = civil_now_us() };
	struct query day = { .name = "n", .by = "commune", .from = "2025-05-10" };
	testbed_record(&f->testbed, &f->d, "n", "", "2025-05-10", 5, 0);
	assert_int_equal(testbed_order_closing(&f->testbed, false, &may), 0);
	testbed_refresh(&f->testbed);
	testbed_record(&f->testbed, &f->c, "n", "k=a", "2025-05-10", 7, 0);
	testbed_record(&f->testbed, &f->d, "n", "", "2025-05-10", 6,
		       0); /* a correction waits, too */
	ask_figures(f, &day);
	has(f, 0, "missing", "1");
	has(f, 0, "waiting", "1");
	has(f, 0, "reason", "not reported; what came waits in quarantine");
	has(f, 1, "value", "5");
	has(f, 1, "waiting", "1");
	day.labels = "k=a";
	ask_figures(f, &day);
	has(f, 0, "waiting", "1");
	has(f, 1, "waiting", "0");
	day.labels = NULL;
	day.by = NULL;
	ask(f, &day); /* who is missing, and of whom something waits */
	assert_int_equal(table_rows(f->table), 2);
	has(f, 0, "office", "c");
	has(f, 0, "missing", "1");
	has(f, 1, "office", "d");
	has(f, 1, "missing", "0");
	has(f, 1, "waiting", "1");
	day.area = "D";
	ask_figures(f, &day);
	has(f, 0, "waiting", "1");
	release(f, true, "2025-07-01", 2);
	ask_figures(f, &day);
	has(f, 0, "value", "6");
	has(f, 0, "waiting", "0");
	day.known = "2025-06-15";
	ask_figures(f, &day);
	has(f, 0, "value", "5");
	has(f, 0, "waiting", "1");
	day.known = "2025-05-09";
	ask_figures(f, &day);
	has(f, 0, "waiting", "0");
}

static void say(struct fixture *f, struct testbed_spool *spool, bool undone, const char *received)
{
	struct testbed_figure figure = {
		.metric = "n", .labels = "", .grain = GRAIN_DAY, .value_e = 3, .author = "hoa"
	};
	const struct finishing finished = { .grain = GRAIN_MONTH,
					    .author = 1,
					    .undone = undone,
					    .at_us = civil_day_start_us(day_of("2025-07-02")) };
	struct testbed_batch batch;
	spool->finished = &finished;
	testbed_seal(spool, day_of("2025-06-01"), &figure, 1, civil_day_start_us(day_of(received)),
		     &batch);
	spool->finished = NULL;
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
}

static bool has_none(const struct fixture *f, size_t row, const char *column)
{
	return testbed_cell(f->table, row, column) == NULL;
}

/* An office says that its month is finished, though most of its days are missing. */
static void a_finished_report_is_told_beside_what_is_missing_of_it(void **state)
{
	struct fixture *f = *state;
	struct query units = { .name = "n",
			       .by = "commune",
			       .per = "month",
			       .from = "2025-06",
			       .to = "2025-06" },
		     offices = units, missing = units;
	offices.by = "office";
	missing.by = NULL;
	say(f, &f->c, false, "2025-07-03");
	ask(f, &units);
	has(f, 0, "area", "C");
	has(f, 0, "missing", "29");
	has(f, 0, "offices_finished", "1");
	assert_true(has_none(f, 0, "finished"));
	has(f, 1, "offices_finished", "0");
	ask(f, &offices);
	has(f, 0, "area", "c");
	has(f, 0, "offices_finished", "1");
	has(f, 0, "finished", "2025-07-02T00:00:00+07:00");
	has(f, 0, "finished_by", "hoa");
	assert_true(has_none(f, 1, "finished"));
	ask(f, &missing);
	has(f, 0, "office", "c");
	has(f, 0, "finished_by", "hoa");
	assert_true(has_none(f, 1, "finished_by"));
	units.per = "day"; /* of a month alone it was said */
	units.from = units.to = "2025-06-01";
	ask(f, &units);
	has(f, 0, "offices_finished", "0");
	/* It is taken back, but was known. */
	say(f, &f->c, true, "2025-07-05");
	ask(f, &missing);
	assert_true(has_none(f, 0, "finished"));
	missing.known = "2025-07-04";
	ask(f, &missing);
	has(f, 0, "finished_by", "hoa");
	missing.known = "2025-07-02";
	ask(f, &missing);
	assert_true(has_none(f, 0, "finished"));
	struct table *differences;
	assert_int_equal(testbed_verify(&f->testbed, &differences), 0);
	table_close(differences);
	testbed_exec(&f->testbed, "UPDATE finished SET undone = 1 - undone");
	assert_true(testbed_verify(&f->testbed, &differences) > 0);
	table_close(differences);
}

/* Nobody can ask for a metric that is not there. Once it is, what came of it waits. */
static void of_a_metric_not_known_yet_nothing_waits(void **state)
{
	struct fixture *f = *state;
	struct testbed_figure figure = {
		.metric = "new", .labels = "", .grain = GRAIN_DAY, .value_e = 3
	};
	const struct query new = { .name = "new", .by = "commune", .from = "2025-06-01" },
			   all = { .by = "province", .from = "2025-06" };
	const char *catalogue = METRICS "new,x,x,x,flow,sum,sum,day,,0,0,commune,1,,\n";
	struct testbed_batch batch;
	testbed_seal(&f->c, day_of("2025-06-01"), &figure, 1,
		     civil_day_start_us(day_of("2025-06-02")), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
	ask(f, &all);
	has(f, 1, "waiting", "0");
	import(f, catalogue);
	ask(f, &all);
	of_form(f, 1, "day", "commune");
	has(f, 1, "waiting", "1");
	ask(f, &new);
	has(f, 0, "area", "C");
	has(f, 0, "missing", "1");
	has(f, 0, "waiting", "1");
	release(f, false, "2025-07-01", 1);
	ask(f, &new);
	has(f, 0, "reported", "1");
	has(f, 0, "waiting", "0");
}

#define ENDED                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,2025-06-11\nD,d,commune,P,2020-01-01,\n"

static void status_says(struct fixture *f, const char *part, bool says)
{
	struct condition_facts facts = condition_facts_of(NULL, NULL);
	struct table *table = NULL;
	struct blob json = { 0 };
	assert_int_equal(
		status_run(f->testbed.db, f->testbed.reference, &facts, &table, &f->testbed.err),
		0);
	assert_int_equal(table_json(table, &json), 0);
	assert_int_equal(blob_append(&json, "", 1), 0);
	if ((strstr((const char *)json.data, part) != NULL) != says)
		fail_msg("status: %s", (const char *)json.data);
	blob_free(&json);
	table_close(table);
}

/* Nobody moved it when its unit ended: it is due nowhere, and what it reports waits. */
static void who_stands_on_a_unit_that_ended_is_named(void **state)
{
	struct fixture *f = *state;
	struct query day = { .name = "n", .by = "commune", .from = "2025-06-20" };
	size_t changed;
	assert_int_equal(
		units_import(f->testbed.db, ENDED, strlen(ENDED), &changed, &f->testbed.err), 0);
	testbed_refresh(&f->testbed);
	ask_figures(f, &day); /* before anything came of it */
	assert_int_equal(table_rows(f->table), 2);
	has(f, 0, "area", "D");
	names(f, 1, "office c is assigned to C c, which ended on 2025-06-11");
	names(f, 1, "(offices in that state: 1)");
	names(f, 1, "lantoa office move c --unit CODE --from 2025-06-11");
	testbed_record(&f->testbed, &f->c, "n", "", "2025-06-20", 7, 0);
	ask_figures(f, &day);
	assert_int_equal(table_rows(f->table), 2);
	has(f, 1, "waiting", "1");
	ask(f, &day);
	assert_int_equal(table_rows(f->table), 2);
	has(f, 1, "waiting", "1");
	names(f, 1, "office c is assigned to C c");
	day.by = "office";
	ask_figures(f, &day);
	assert_int_equal(table_rows(f->table), 3); /* d, p, and the rest */
	has(f, 2, "waiting", "1");
	day.by = NULL;
	ask_figures(f, &day); /* the total */
	has(f, 0, "waiting", "1");
	ask(f, &day);
	assert_int_equal(table_rows(f->table), 2);
	has(f, 0, "office", "c");
	has(f, 0, "area", "C");
	has(f, 0, "due", "0");
	has(f, 0, "waiting", "1");
	names(f, 0, "office c is assigned to C c");
	has(f, 1, "office", "d");
	day.name = "o"; /* of provinces, no concern of a commune's office */
	ask(f, &day);
	assert_int_equal(table_rows(f->table), 1);
	day.name = "n";
	day.area = "D";
	day.from = "2025-06-20";
	ask(f, &day);
	assert_int_equal(table_rows(f->table), 1);
	has(f, 0, "office", "d");
	status_says(f, "\"office_astray\": \"office c is assigned to C c", true);
	/* by the advice */
	testbed_order_move(&f->testbed, "c", "D", day_of("2025-06-11"));
	testbed_refresh(&f->testbed);
	status_says(f, "office_astray", false);
	release(f, false, "2025-07-01", 1);
	ask_figures(f, &day);
	has(f, 0, "value", "7");
	has(f, 0, "waiting", "0");
	has(f, 0, "due", "2");
}

/* Taken away by order, it is no fault; what waits of it is told all the same. */
static void who_was_taken_away_is_named_where_something_waits(void **state)
{
	struct fixture *f = *state;
	const struct query day = { .name = "n", .by = "commune", .from = "2025-06-20" };
	testbed_order_move(&f->testbed, "c", NULL, day_of("2025-06-11"));
	testbed_refresh(&f->testbed);
	ask_figures(f, &day);
	assert_int_equal(table_rows(f->table), 2); /* C and D */
	status_says(f, "office_astray", false);
	testbed_record(&f->testbed, &f->c, "n", "", "2025-06-20", 7, 0);
	ask_figures(f, &day);
	has(f, 0, "area", "C"); /* its last unit, which goes on */
	has(f, 0, "waiting", "1");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(zero_is_reported_and_withdrawn_is_missing_but_revised),
		TEST(labels_of_one_day_are_one_report_and_nobody_exceeds_a_hundred),
		TEST(without_a_metric_each_form_has_its_reports),
		TEST(a_form_that_nobody_reports_is_refused_with_those_that_there_are),
		cmocka_unit_test(a_rows_counts_are_the_sums_of_its_offices),
		TEST(of_all_metrics_as_known_earlier),
		TEST(before_anything_was_known_all_is_missing),
		TEST(who_moved_is_missing_where_it_was_due),
		TEST(minutes_are_refused),
		TEST(only_what_is_over_is_due),
		TEST(what_waits_stands_beside_what_is_missing),
		TEST(of_a_metric_not_known_yet_nothing_waits),
		TEST(a_finished_report_is_told_beside_what_is_missing_of_it),
		TEST(who_stands_on_a_unit_that_ended_is_named),
		TEST(who_was_taken_away_is_named_where_something_waits),
	};
	return cmocka_run_group_tests_name("completeness", tests, NULL, NULL);
}
