/* Figures that operators record for an office: they count as the office's own do, with whatever it
 * sends before and after; who did it is known, and who was told; and all of it happens, or nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/model/civil.h"
#include "query/query.h"
#include "registry/hands.h"
#include "support/fault.h"
#include "support/seeds.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\n"                                             \
	"P,Tinh,province,,2020-01-01,\n"                                                           \
	"D,Huyen,district,P,2020-01-01,\n"                                                         \
	"C1,Xa 1,commune,D,2020-01-01,\n"                                                          \
	"C2,Xa 2,commune,D,2020-01-01,2025-06-16\n"
#define CATALOGUE                                                                                  \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max,calendar\n"                                                        \
	"team.count,Số tổ,Teams,x,flow,sum,sum,month,,0,0,commune,5,0,1000,\n"                 \
	"money,Tiền,Money,x,stock,last,sum,month,,1,2,commune,5,,,\n"                            \
	"visits,Lượt,Visits,x,flow,sum,sum,day,sector,0,0,commune,1,0,100000,\n"                \
	"hour,Giờ,Hours,x,flow,sum,sum,hour,,0,0,commune,1,0,100000,\n"                          \
	"report,Báo cáo,Report,x,flow,sum,sum,month,,0,0,commune,5,0,,report\n"
#define DIMENSIONS                                                                                 \
	"dimension,code,label_vi,label_en,valid_from,valid_to\n"                                   \
	"sector,land,Đất đai,Land,,\nsector,health,Y tế,Health,,\n"
#define LATER "2026-01-10T08:00:00+07:00" /* when operators act */

struct fixture {
	struct testbed testbed;
	struct testbed_spool a, b; /* of offices a (C1) and b (C2) */
	int64_t now_us;
};

static int64_t instant(const char *text)
{
	int64_t at_us = 0;
	assert_int_equal(civil_parse(text, &at_us, &(struct err){ 0 }), 0);
	return at_us;
}

static int32_t day_of(const char *text)
{
	int32_t day = 0;
	assert_int_equal(day_parse(text, &day, &(struct err){ 0 }), 0);
	return day;
}

static void province_open(struct fixture *f)
{
	testbed_open(&f->testbed, UNITS, CATALOGUE, NULL, false);
	f->a = (struct testbed_spool){ .id = 11 };
	f->b = (struct testbed_spool){ .id = 22 };
	f->a.office = testbed_office(&f->testbed, "a", "C1", day_of("2025-01-01"));
	f->b.office = testbed_office(&f->testbed, "b", "C2", day_of("2025-01-01"));
	testbed_refresh(&f->testbed);
	assert_int_equal(testbed_order_import(&f->testbed, "dimensions", DIMENSIONS), 0);
	testbed_refresh(&f->testbed);
	f->now_us = instant(LATER);
	testbed_acts_at(f->now_us);
}

static int setup(void **state)
{
	static struct fixture fixture;
	province_open(&fixture);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	testbed_close(&((struct fixture *)*state)->testbed);
	return 0;
}

/* What follows comes later. */
static int64_t tick(struct fixture *f)
{
	f->now_us += 60000000;
	testbed_acts_at(f->now_us);
	return f->now_us;
}

/* --- sending and recording --- */

static void send(struct fixture *f, struct testbed_spool *spool, const char *metric,
		 const char *labels, const char *period, int64_t value_e, const char *author)
{
	const struct metric *known = catalogue_find(f->testbed.reference->catalogue, metric);
	struct testbed_figure figure = { .metric = metric,
					 .labels = labels,
					 .grain = known->period,
					 .calendar = known->calendar,
					 .decimals = known->decimals,
					 .value_e = value_e,
					 .author = author };
	struct testbed_batch batch;
	struct period parsed;
	assert_int_equal(period_parse(period, known->calendar, &parsed, &f->testbed.err), 0);
	figure.nth = (uint16_t)period_nth(parsed);
	testbed_seal(spool, period_first_day(parsed), &figure, 1, tick(f), &batch);
	testbed_commit(&f->testbed, &batch, 1);
	blob_free(&batch.payload);
}

/* "team.count=8 money=2.5": of one period and these labels. */
static int try_record(struct fixture *f, const char *office, const char *figures,
		      const char *period, const char *labels, bool dry_run,
		      struct table **ret_table)
{
	static char text[256];
	struct hand_words words[8];
	struct hand_form form = { .office = office,
				  .common = { .period = period,
					      .labels = labels,
					      .note = "theo điện thoại",
					      .who = "unix:uid=1000" },
				  .figures = words,
				  .dry_run = dry_run };
	(void)snprintf(text, sizeof(text), "%s", figures);
	for (char *rest = text, *pair; (pair = strsep(&rest, "|"));) {
		char *value = strchr(pair, '=');
		*value++ = '\0';
		words[form.n++] =
			(struct hand_words){ pair, strcmp(value, "-") == 0 ? NULL : value };
	}
	(void)tick(f);
	return testbed_order_hand(&f->testbed, &form, ret_table);
}

static struct table *record(struct fixture *f, const char *office, const char *figures,
			    const char *period, const char *labels)
{
	struct table *table = NULL;
	if (try_record(f, office, figures, period, labels, false, &table) < 0)
		fail_msg("%s: %s", figures, f->testbed.err.text);
	return table;
}

/* It is refused, in words that hold @says, and nothing is left behind. */
static void refused(struct fixture *f, const char *office, const char *figures, const char *period,
		    const char *labels, int code, const char *says)
{
	struct blob before, after;
	testbed_dump(f->testbed.db, &before);
	int rc = try_record(f, office, figures, period, labels, false, NULL);
	if (rc != code || !strstr(f->testbed.err.text, says))
		fail_msg("%s of %s (%s): %d %s", figures, period, labels, rc, f->testbed.err.text);
	testbed_dump(f->testbed.db, &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	blob_free(&before);
	blob_free(&after);
}

/* --- looking --- */

static void assert_cell(const struct table *table, size_t row, const char *column, const char *is)
{
	const char *cell = testbed_cell(table, row, column);
	if (!is ? cell != NULL : !cell || strcmp(cell, is) != 0)
		fail_msg("%s is '%s', and not '%s'", column, cell ? cell : "(null)",
			 is ? is : "(null)");
}

static void assert_asked(struct fixture *f, const char *metric, const char *per, const char *period,
			 const char *known, const char *value)
{
	const struct query query = { .name = metric,
				     .per = per,
				     .from = period,
				     .to = period,
				     .labels = "",
				     .known = known };
	struct table *table = NULL;
	if (query_run(f->testbed.db, f->testbed.reference, &query, &table, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	assert_cell(table, 0, "value", value);
	table_close(table);
}

static struct table *revisions(struct fixture *f, const char *metric, const char *period)
{
	const struct query query = {
		.name = metric, .from = period, .to = period, .labels = "", .per = "month"
	};
	struct table *table = NULL;
	if (revisions_run(f->testbed.db, f->testbed.reference, &query, &table, &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	return table;
}

static void assert_clean(struct fixture *f)
{
	struct table *table = NULL;
	uint64_t n = testbed_verify(&f->testbed, &table);
	if (n > 0)
		fail_msg("verify: %s", table_cell(table, 0, 0));
	table_close(table);
}

/* --- it counts --- */

static void what_an_office_told_counts_and_says_who_recorded_it(void **state)
{
	struct fixture *f = *state;
	struct table *table = record(f, "a", "team.count=8", "2025-06", "");
	assert_int_equal(table_rows(table), 1);
	assert_cell(table, 0, "metric", "team.count");
	assert_cell(table, 0, "was", NULL);
	assert_cell(table, 0, "was_from", NULL);
	assert_cell(table, 0, "became", "8");
	assert_cell(table, 0, "change", "first");
	assert_cell(table, 0, "entry", "1");
	table_close(table);
	assert_asked(f, "team.count", "month", "2025-06", NULL, "8");
	table = revisions(f, "team.count", "2025-06");
	assert_int_equal(table_rows(table), 1);
	assert_cell(table, 0, "author", "unix:uid=1000");
	assert_cell(table, 0, "note", "theo điện thoại");
	assert_cell(table, 0, "change", "first");
	assert_cell(table, 0, "from_province", "true");
	table_close(table);
	assert_clean(f);
}

static void before_and_after_it_the_office_s_own_are_revisions(void **state)
{
	struct fixture *f = *state;
	char known[2][INSTANT_TEXT_MAX];
	send(f, &f->a, "team.count", "", "2025-06", 5, "lan");
	(void)civil_format(f->now_us, known[0]);
	struct table *table = record(f, "a", "team.count=8", "2025-06", "");
	assert_cell(table, 0, "was", "5");
	assert_cell(table, 0, "was_from", "office");
	assert_cell(table, 0, "was_author", "lan");
	assert_cell(table, 0, "change", "corrected");
	table_close(table);
	(void)civil_format(f->now_us + 1000000, known[1]);
	assert_asked(f, "team.count", "month", "2025-06", NULL, "8");
	send(f, &f->a, "team.count", "", "2025-06", 9, "lan");
	assert_asked(f, "team.count", "month", "2025-06", NULL, "9");
	/* I4 */
	assert_asked(f, "team.count", "month", "2025-06", known[0], "5");
	assert_asked(f, "team.count", "month", "2025-06", known[1], "8");
	table = revisions(f, "team.count", "2025-06");
	static const char *const was[] = { NULL, "5", "8" }, *const became[] = { "5", "8", "9" },
				 *const author[] = { "lan", "unix:uid=1000", "lan" },
				 *const province[] = { "false", "true", "false" };
	assert_int_equal(table_rows(table), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_cell(table, i, "was", was[i]);
		assert_cell(table, i, "became", became[i]);
		assert_cell(table, i, "author", author[i]);
		assert_cell(table, i, "from_province", province[i]);
	}
	table_close(table);
	/* and again: it is told that an operator said so last, no, the office */
	table = record(f, "a", "team.count=10", "2025-06", "");
	assert_cell(table, 0, "was_from", "office");
	table_close(table);
	table = record(f, "a", "team.count=11", "2025-06", "");
	assert_cell(table, 0, "was_from", "province");
	assert_cell(table, 0, "was_author", "unix:uid=1000");
	table_close(table);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM hand"), 1);
	assert_clean(f);
}

static void a_figure_is_withdrawn_as_by_the_office(void **state)
{
	struct fixture *f = *state;
	send(f, &f->a, "team.count", "", "2025-06", 5, NULL);
	struct table *table = record(f, "a", "team.count=-", "2025-06", "");
	assert_cell(table, 0, "was", "5");
	assert_cell(table, 0, "became", NULL);
	assert_cell(table, 0, "change", "withdrawn");
	table_close(table);
	assert_asked(f, "team.count", "month", "2025-06", NULL, NULL);
	table = record(f, "a", "team.count=-", "2025-06", "");
	assert_cell(table, 0, "change", "unchanged");
	table_close(table);
	table = record(f, "a", "team.count=6", "2025-06", ""); /* rule 5.4 */
	assert_cell(table, 0, "change", "first");
	table_close(table);
	assert_asked(f, "team.count", "month", "2025-06", NULL, "6");
	table_close(record(f, "a", "team.count=-", "2025-06", ""));
	send(f, &f->a, "team.count", "", "2025-06", 7, NULL); /* as its office is advised */
	assert_asked(f, "team.count", "month", "2025-06", NULL, "7");
	assert_clean(f);
}

/* I13 */
static void what_was_never_reported_is_not_withdrawn(void **state)
{
	struct fixture *f = *state;
	refused(f, "a", "team.count=-", "2025-06", "", -ENOENT, "2025-06 was never reported");
	send(f, &f->a, "visits", "sector=land", "2025-06-02", 5, NULL);
	refused(f, "a", "visits=-", "2025-06-02", "", -ENOENT, "'sector=land' it stands at 5");
	refused(f, "a", "visits=-", "2025-06-02", "sector=health", -ENOENT, "'sector=health'");
	refused(f, "a", "visits=-", "2025-06-03", "sector=land", -ENOENT, "never reported");
	table_close(record(f, "a", "visits=-", "2025-06-02", "sector=land"));
	table_close(record(f, "a", "visits=-", "2025-06-02", "sector=land")); /* once more */
	assert_clean(f);
}

static void an_order_that_comes_again_counts_once(void **state)
{
	struct fixture *f = *state;
	struct blob before, after;
	table_close(record(f, "a", "team.count=8|money=2.5", "2025-06", ""));
	testbed_dump(f->testbed.db, &before);
	struct table *table = record(f, "a", "team.count=8|money=2,5", "2025-06", "");
	assert_cell(table, 0, "change", "unchanged");
	assert_cell(table, 1, "change", "unchanged");
	assert_cell(table, 1, "entry", NULL);
	table_close(table);
	testbed_dump(f->testbed.db, &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	blob_free(&before);
	blob_free(&after);
	table = record(f, "a", "team.count=8|money=3", "2025-06", ""); /* what is new of it */
	assert_cell(table, 0, "change", "unchanged");
	assert_cell(table, 1, "change", "corrected");
	assert_cell(table, 1, "was", "2.5");
	table_close(table);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), 2);
}

/* 2025-06 of the calendar of reports begins in May. */
static void figures_of_two_days_are_one_order(void **state)
{
	struct fixture *f = *state;
	struct table *table = record(f, "a", "report=3|team.count=8|money=1", "2025-06", "");
	assert_int_equal(table_rows(table), 3);
	table_close(table);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM journal"), 2);
	assert_int_equal(testbed_number(&f->testbed, "SELECT upto FROM spool"), 2);
	assert_asked(f, "report", "month", "2025-06", NULL, "3");
	assert_asked(f, "money", "month", "2025-06", NULL, "1");
	assert_clean(f);
}

static void the_office_and_the_audit_are_told(void **state)
{
	struct fixture *f = *state;
	table_close(record(f, "a", "visits=4", "2025-06-02", "sector=Đất đai"));
	assert_int_equal(
		testbed_number(&f->testbed,
			       "SELECT count(*) FROM message m JOIN office o ON o.id = m.office"
			       " WHERE o.code = 'a' AND metric = 'visits' AND labels = "
			       "'sector=land' AND period = '2025-06-02' AND who = 'unix:uid=1000'"
			       " AND text LIKE '%recorded 4 %Note: theo điện thoại'"),
		1);
	assert_int_equal(
		testbed_number(&f->testbed,
			       "SELECT count(*) FROM event WHERE kind = 'figure record'"
			       " AND who = 'unix:uid=1000' AND detail LIKE 'office=a "
			       "period=2025-06-02 labels=sector=% entry=1 figures=\"visits=4\"%'"
			       " AND after_journal = 1"),
		1);
	table_close(record(f, "a", "team.count=8|money=2.5", "2025-06", ""));
	assert_int_equal(testbed_number(&f->testbed,
					"SELECT count(*) FROM message WHERE metric = ''"
					" AND text LIKE '%Teams = 8, Money = 2.5.%'"),
			 1);
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM message"), 2);
	/* as it is advised */
	send(f, &f->a, "team.count", "", "2025-06", 9, NULL);
	assert_asked(f, "team.count", "month", "2025-06", NULL, "9");
	assert_asked(f, "money", "month", "2025-06", NULL, "2.5");
}

/* A whole order's worth: what has no room is not told, but said so. */
static void a_long_order_is_told_within_what_a_message_may_have(void **state)
{
	struct fixture *f = *state;
	static char note[OBSERVATION_NOTE_MAX + 2];
	const struct hand_words words[] = { { "team.count", "8" }, { "money", "1" } };
	struct hand_form form = {
		.office = "a",
		.common = { .period = "2025-06", .labels = "", .note = note, .who = "token:phone" },
		.figures = words,
		.n = 2
	};
	memset(note, 'n', OBSERVATION_NOTE_MAX);
	assert_int_equal(testbed_order_hand(&f->testbed, &form, NULL), 0);
	assert_int_equal(testbed_number(&f->testbed, "SELECT length(text) <= 1000 FROM message"),
			 1);
	memset(note, 'n', OBSERVATION_NOTE_MAX + 1);
	form.common.period = "2025-07";
	assert_int_equal(testbed_order_hand(&f->testbed, &form, NULL), -EINVAL);
}

static void more_than_one_order_takes_goes_in_parts(void **state)
{
	struct fixture *f = *state;
	static struct hand_words words[HAND_FIGURES_MAX + 1];
	struct hand_form form = { .office = "a",
				  .common = { .period = "2025-06", .labels = "", .who = "test" },
				  .figures = words,
				  .n = HAND_FIGURES_MAX + 1 };
	for (size_t i = 0; i < HAND_FIGURES_MAX; i++)
		words[i] = (struct hand_words){ "team.count", "8" };
	words[HAND_FIGURES_MAX] = (struct hand_words){ "money", "1" };
	assert_int_equal(testbed_order_hand(&f->testbed, &form, NULL), -E2BIG);
	/* as it is advised */
	form.n = HAND_FIGURES_MAX;
	assert_int_equal(testbed_order_hand(&f->testbed, &form, NULL), 0);
	form.figures = words + HAND_FIGURES_MAX;
	form.n = 1;
	assert_int_equal(testbed_order_hand(&f->testbed, &form, NULL), 0);
	assert_asked(f, "team.count", "month", "2025-06", NULL, "8");
	assert_asked(f, "money", "month", "2025-06", NULL, "1");
}

/* --- it is judged --- */

static void it_is_judged_as_the_office_s_agent_would(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *office, *figures, *period, *labels;
		int code;
		const char *says;
	} wrong[] = {
		{ "a", "team.cuont=8", "2025-06", "", -EINVAL, "team.count" },
		{ "a", "nothing.like.it=8", "2025-06", "", -EINVAL, "catalogue export" },
		{ "x", "team.count=8", "2025-06", "", -ENOENT, "x" },
		{ "a", "team.count=8.5", "2025-06", "", -EINVAL, "team.count" },
		{ "a", "team.count=1001", "2025-06", "", -EINVAL, "1000" },
		{ "a", "team.count=-1", "2025-06", "", -EINVAL, "smallest" },
		{ "a", "team.count=eight", "2025-06", "", -EINVAL, "eight" },
		{ "a", "team.count=8", "2025-06-01", "", -EINVAL, "month" },
		{ "a", "team.count=8", "June", "", -EINVAL, "June" },
		{ "a", "team.count=8", "2026-03", "", -EINVAL, "has not begun" },
		{ "a", "team.count=8", "2025-06", "sector=land", -EINVAL, "no labels" },
		{ "a", "visits=8", "2025-06-02", "sector=lnad", -EINVAL, "did you mean 'land'" },
		{ "a", "visits=8", "2025-06-02", "sector=roads", -EINVAL, "Land; Health" },
		{ "a", "visits=8", "2025-06-02", "app=land", -EINVAL, "sector" },
		{ "a", "money=1.234,5", "2025-06", "", 0, "" },
		{ "a", "visits=1.234", "2025-06-02", "", -EINVAL, "whole numbers" },
		{ "a", "team.count=8|team.count=9", "2025-06", "", -EINVAL, "another value" },
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (wrong[i].code < 0)
			refused(f, wrong[i].office, wrong[i].figures, wrong[i].period,
				wrong[i].labels, wrong[i].code, wrong[i].says);
		else
			table_close(record(f, wrong[i].office, wrong[i].figures, wrong[i].period,
					   wrong[i].labels));
	assert_asked(f, "money", "month", "2025-06", NULL, "1234.5");
	struct table *table = record(f, "a", "team.count=8|team.count=8", "2025-06", "");
	assert_int_equal(table_rows(table), 1);
	table_close(table);
	const struct hand_form none = {
		.office = "a", .common = { .period = "2025-06", .labels = "", .who = "x" }
	};
	assert_int_equal(testbed_order_hand(&f->testbed, &none, NULL), -EINVAL);
}

static void a_label_is_a_code_however_it_was_spelt(void **state)
{
	struct fixture *f = *state;
	send(f, &f->a, "visits", "sector=land", "2025-06-02", 3, NULL);
	struct table *table = record(f, "a", "visits=4", "2025-06-02", "sector=Đất đai");
	assert_cell(table, 0, "labels", "sector=land");
	assert_cell(table, 0, "was", "3");
	table_close(table);
	table_close(record(f, "a", "visits=10", "2025-06-02", "sector=Health"));
	table_close(record(f, "a", "visits=11", "2025-06-02", "sector=health"));
	assert_asked(f, "visits", "day", "2025-06-02", NULL, "15");
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM declared d JOIN spool s"
						     " ON s.id = d.spool JOIN hand h"
						     " ON h.spool_id = s.spool_id"),
			 2);
	assert_clean(f);
}

static void a_whole_never_stands_beside_its_parts(void **state)
{
	struct fixture *f = *state;
	send(f, &f->a, "visits", "sector=land", "2025-06-02", 3, NULL);
	send(f, &f->a, "visits", "", "2025-06-03", 30, NULL);
	refused(f, "a", "visits=4", "2025-06-02", "", -EEXIST, "stands divided");
	refused(f, "a", "visits=4", "2025-06-03", "sector=land", -EEXIST, "stands undivided");
	/* as it is advised */
	table_close(record(f, "a", "visits=-", "2025-06-03", ""));
	table_close(record(f, "a", "visits=4", "2025-06-03", "sector=land"));
	table_close(record(f, "a", "visits=-", "2025-06-02", "sector=land"));
	table_close(record(f, "a", "visits=4", "2025-06-02", ""));
	assert_asked(f, "visits", "day", "2025-06-02", NULL, "4");
	assert_asked(f, "visits", "day", "2025-06-03", NULL, "4");
}

static void rules_are_asked_beside_what_stands(void **state)
{
	static const char rules[] = "name,left,op,right,severity,label_vi,label_en,from\n"
				    "few,team.count,<=,money,refuse,,,\n"
				    "much,money,<=,team.count + 100,warn,,,\n";
	struct fixture *f = *state;
	assert_int_equal(testbed_order_import(&f->testbed, "rules", rules), 0);
	testbed_refresh(&f->testbed);
	send(f, &f->a, "money", "", "2025-06", 500, NULL); /* 50.0 */
	refused(f, "a", "team.count=60", "2025-06", "", -EINVAL,
		"team.count: the rule \"team.count <= money\" does not hold for 2025-06");
	refused(f, "a", "money=70|team.count=80", "2025-06", "", -EINVAL, "does not hold");
	struct table *table = record(f, "a", "team.count=40", "2025-06", "");
	assert_cell(table, 0, "warning", NULL);
	table_close(table);
	/* as it is advised: together */
	table = record(f, "a", "team.count=60|money=70", "2025-06", "");
	assert_cell(table, 0, "change", "corrected");
	assert_cell(table, 1, "was", "50.0");
	table_close(table);
	table = record(f, "a", "money=200", "2025-06", "");
	assert_cell(table, 0, "change", "corrected");
	if (!strstr(testbed_cell(table, 0, "warning"), "if one of them is wrong"))
		fail_msg("%s", testbed_cell(table, 0, "warning"));
	table_close(table);
	table_close(record(f, "a", "team.count=900", "2025-05", "")); /* of no money nobody knows */
	assert_clean(f);
}

/* Of one that would wait the operator can mend the cause, and nothing is recorded until then. */
static void what_would_be_held_is_refused(void **state)
{
	struct fixture *f = *state;
	struct closing_form june = { .period = "2025-06", .who = "test", .at_us = tick(f) };
	assert_int_equal(testbed_order_closing(&f->testbed, false, &june), 0);
	testbed_refresh(&f->testbed);
	refused(f, "a", "team.count=8", "2025-06", "", -EEXIST, "team.count: 2025-06 is closed");
	refused(f, "a", "visits=8", "2025-06-02", "", -EEXIST, "lantoa reopen");
	/* as it is advised */
	assert_int_equal(testbed_order_closing(&f->testbed, true, &june), 0);
	testbed_refresh(&f->testbed);
	table_close(record(f, "a", "team.count=8", "2025-06", ""));
	assert_int_equal(testbed_order_closing(&f->testbed, false, &june), 0);
	testbed_refresh(&f->testbed);
	assert_asked(f, "team.count", "month", "2025-06", NULL, "8");
	/* its unit ended on 16 June */
	refused(f, "b", "team.count=8", "2025-07", "", -EEXIST, "no unit in force in 2025-07");
	assert_true(testbed_order_move(&f->testbed, "b", "C1", day_of("2025-06-16")));
	testbed_refresh(&f->testbed);
	table_close(record(f, "b", "team.count=9", "2025-07", ""));
	assert_asked(f, "team.count", "month", "2025-07", NULL, "9");
	assert_int_equal(testbed_number(&f->testbed, "SELECT count(*) FROM quarantine"), 0);
	assert_clean(f);
}

static void a_dry_run_tells_the_same_and_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct blob before, after;
	struct table *table = NULL;
	send(f, &f->a, "team.count", "", "2025-06", 5, "lan");
	testbed_dump(f->testbed.db, &before);
	assert_int_equal(try_record(f, "a", "team.count=8|money=1", "2025-06", "", true, &table),
			 0);
	assert_cell(table, 0, "was", "5");
	assert_cell(table, 0, "became", "8");
	assert_cell(table, 0, "change", "corrected");
	assert_cell(table, 0, "entry", NULL);
	assert_cell(table, 1, "change", "first");
	table_close(table);
	struct closing_form may = { .period = "2025-05", .who = "test", .at_us = tick(f) };
	testbed_dump(f->testbed.db, &after);
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	blob_free(&before);
	blob_free(&after);
	assert_int_equal(testbed_order_closing(&f->testbed, false, &may), 0);
	testbed_refresh(&f->testbed);
	assert_int_equal(try_record(f, "a", "team.count=8", "2025-05", "", true, NULL), -EEXIST);
	/* what was tried is not remembered */
	table_close(record(f, "a", "team.count=8", "2025-06", ""));
	send(f, &f->a, "team.count", "", "2025-06", 6, "lan");
	assert_asked(f, "team.count", "month", "2025-06", NULL, "6");
	assert_clean(f);
}

/* I7: nobody passes a figure off as the province's. */
static void no_batch_of_an_office_is_taken_into_the_province_s_hand(void **state)
{
	struct fixture *f = *state;
	uint64_t id = 0;
	table_close(record(f, "a", "team.count=8", "2025-06", ""));
	assert_int_equal(hand_find(f->testbed.db, f->a.office, &id, &f->testbed.err), 1);
	for (int again = 0; again < 2; again++) {
		struct testbed_spool forged = { .office = f->a.office, .id = id, .seq = 1 };
		struct testbed_figure figure = { .metric = "money",
						 .labels = "",
						 .grain = GRAIN_MONTH,
						 .decimals = 1,
						 .value_e = 99 };
		struct testbed_batch batch;
		testbed_seal(&forged, day_of("2025-06-01"), &figure, 1, tick(f), &batch);
		assert_int_equal(db_begin(f->testbed.db, &f->testbed.err), 0);
		ledger_begin(f->testbed.ledger, f->testbed.reference);
		assert_int_equal(testbed_post(&f->testbed, &batch), POSTING_PARTED);
		assert_int_equal(ledger_finish(f->testbed.ledger, &f->testbed.err), 0);
		assert_int_equal(db_commit(f->testbed.db, &f->testbed.err), 0);
		blob_free(&batch.payload);
		testbed_reopen(&f->testbed); /* nor after a restart */
	}
	/* another office may have a spool of that number */
	struct testbed_spool other = { .office = f->b.office, .id = id };
	send(f, &other, "team.count", "", "2025-05", 4, NULL);
	assert_clean(f);
}

/* --- all of it, or nothing --- */

static void whatever_fails_all_of_it_or_nothing_is_recorded(void **state)
{
	static const unsigned doors[] = { FAULT_DISK, FAULT_FULL, FAULT_MEMORY };
	testbed_close(&((struct fixture *)*state)->testbed);
	for (size_t door = 0; door < 3; door++) {
		for (unsigned after = 0;; after++) {
			struct fixture f;
			struct blob before, now;
			province_open(&f);
			send(&f, &f.a, "team.count", "", "2025-06", 5, NULL);
			testbed_dump(f.testbed.db, &before);
			fault_arm_at(doors[door], after);
			int rc = try_record(&f, "a", "team.count=8|report=2", "2025-06", "", false,
					    NULL);
			bool fired = fault_disarm();
			if (rc < 0) {
				testbed_reopen(&f.testbed); /* as after a crash */
				testbed_dump(f.testbed.db, &now);
				assert_int_equal(before.len, now.len);
				assert_memory_equal(before.data, now.data, before.len);
				blob_free(&now);
				table_close(
					record(&f, "a", "team.count=8|report=2", "2025-06", ""));
			}
			assert_asked(&f, "team.count", "month", "2025-06", NULL, "8");
			assert_int_equal(testbed_number(&f.testbed, "SELECT count(*) FROM message"),
					 1);
			blob_free(&before);
			testbed_close(&f.testbed);
			if (!fired) {
				assert_int_equal(rc, 0);
				break;
			}
		}
	}
	setup(state);
}

/* --- as if the office had sent it --- */

/* In the one province an operator records what in the other the office sends from another spool. */
static void seed_as_sent(struct dice *dice, void *context)
{
	(void)context;
	static const char *const metrics[] = { "team.count", "money", "hour", "visits" },
				 *const labels[] = { "", "sector=land", "sector=health" },
				 *const months[] = { "2025-05", "2025-06" },
				 *const days[] = { "2025-06-02", "2025-06-03" },
				 *const hours[] = { "2025-06-02T09", "2025-06-02T10" };
	struct fixture hand, sent;
	struct testbed_spool second;
	struct blob one, other;
	province_open(&sent);
	second = (struct testbed_spool){ .office = sent.a.office, .id = 77 };
	struct {
		size_t metric, label, nth;
		int64_t value;
		bool by_hand;
	} steps[30];
	for (size_t i = 0; i < 30; i++) {
		steps[i].metric = dice_below(dice, 4);
		/* never a whole beside parts */
		steps[i].label = steps[i].metric == 3 ? 1 + dice_below(dice, 2) : 0;
		steps[i].nth = dice_below(dice, 2);
		steps[i].value = (int64_t)dice_below(dice, 4);
		steps[i].by_hand = dice_below(dice, 2) == 0;
	}
	for (size_t i = 0; i < 30; i++) {
		const char *const *periods = steps[i].metric < 2    ? months
					     : steps[i].metric == 2 ? hours
								    : days;
		send(&sent, steps[i].by_hand ? &second : &sent.a, metrics[steps[i].metric],
		     labels[steps[i].label], periods[steps[i].nth],
		     steps[i].metric == 1 ? 10 * steps[i].value : steps[i].value, NULL);
	}
	testbed_rollups(&sent.testbed, &one);
	testbed_close(&sent.testbed);
	province_open(&hand);
	for (size_t i = 0; i < 30; i++) {
		const char *const *periods = steps[i].metric < 2    ? months
					     : steps[i].metric == 2 ? hours
								    : days;
		const char *metric = metrics[steps[i].metric], *period = periods[steps[i].nth];
		if (steps[i].by_hand) {
			char figure[64];
			(void)snprintf(figure, sizeof(figure), "%s=%lld", metric,
				       (long long)steps[i].value);
			table_close(record(&hand, "a", figure, period, labels[steps[i].label]));
		} else {
			send(&hand, &hand.a, metric, labels[steps[i].label], period,
			     steps[i].metric == 1 ? 10 * steps[i].value : steps[i].value, NULL);
		}
	}
	assert_clean(&hand);
	testbed_rollups(&hand.testbed, &other);
	assert_int_equal(one.len, other.len);
	assert_memory_equal(one.data, other.data, one.len);
	blob_free(&one);
	blob_free(&other);
	testbed_close(&hand.testbed);
}

static void totals_are_those_of_figures_that_the_office_sent_itself(void **state)
{
	testbed_close(&((struct fixture *)*state)->testbed);
	for_all_seeds(12, seed_as_sent, NULL);
	setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_an_office_told_counts_and_says_who_recorded_it),
		TEST(before_and_after_it_the_office_s_own_are_revisions),
		TEST(a_figure_is_withdrawn_as_by_the_office),
		TEST(what_was_never_reported_is_not_withdrawn),
		TEST(an_order_that_comes_again_counts_once),
		TEST(figures_of_two_days_are_one_order),
		TEST(the_office_and_the_audit_are_told),
		TEST(a_long_order_is_told_within_what_a_message_may_have),
		TEST(more_than_one_order_takes_goes_in_parts),
		TEST(it_is_judged_as_the_office_s_agent_would),
		TEST(a_label_is_a_code_however_it_was_spelt),
		TEST(a_whole_never_stands_beside_its_parts),
		TEST(rules_are_asked_beside_what_stands),
		TEST(what_would_be_held_is_refused),
		TEST(a_dry_run_tells_the_same_and_leaves_nothing),
		TEST(no_batch_of_an_office_is_taken_into_the_province_s_hand),
		TEST(whatever_fails_all_of_it_or_nothing_is_recorded),
		TEST(totals_are_those_of_figures_that_the_office_sent_itself),
	};
	fault_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
