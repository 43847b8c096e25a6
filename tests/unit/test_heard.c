/* Who is told of, why, and who comes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/heard.h"
#include "api/status.h"
#include "common/model/civil.h"
#include "support/testbed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\nP,p,province,,2020-01-01,\n"                  \
	"C,c,commune,P,2020-01-01,\n"
#define METRICS                                                                                    \
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"     \
	"level,due_days,min,max\n"                                                                 \
	"m,x,x,x,flow,sum,sum,month,,0,0,commune,5,,\n"
#define S INT64_C(1000000)
#define H (3600 * S)

struct fixture {
	struct testbed testbed;
	int64_t now_us, a, b, c, d, gone;
	struct testbed_spool of_c, of_d;
	struct contact contacts[8];
	size_t n;
	struct table *table;
};

static int32_t day_of(const char *text)
{
	int32_t day = 0;
	assert_int_equal(day_parse(text, &day, &(struct err){ 0 }), 0);
	return day;
}

static struct contact *add(struct fixture *f, int64_t office, int64_t key, int64_t ago_us)
{
	f->contacts[f->n] = (struct contact){ .office = office,
					      .key = key,
					      .at_us = f->now_us - ago_us,
					      .hello_us = f->now_us - ago_us,
					      .protocol = 3,
					      .told_us = f->now_us - ago_us,
					      .version = "1.10",
					      .backlog = 5,
					      .spool_full = 124,
					      .clock = 2,
					      .push_interval_s = 60,
					      .connections = 1 };
	return &f->contacts[f->n++];
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	int32_t from = day_of("2025-06-01");
	testbed_open(&f->testbed, UNITS, METRICS, NULL, false);
	f->a = testbed_office(&f->testbed, "a", "C", from);
	f->b = testbed_office(&f->testbed, "b", "C", from);
	f->c = testbed_office(&f->testbed, "c", "C", from);
	f->d = testbed_office(&f->testbed, "d", "C", from);
	f->gone = testbed_office(&f->testbed, "gone", "C", from);
	testbed_move(&f->testbed, f->gone, NULL, day_of("2025-07-01"));
	f->of_c = (struct testbed_spool){ .id = 1, .office = f->c };
	f->of_d = (struct testbed_spool){ .id = 2, .office = f->d };
	testbed_refresh(&f->testbed);
	f->now_us = civil_day_start_us(day_of("2025-07-09")) + 12 * H;
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

static int ask(struct fixture *f, struct heard_form form)
{
	const struct contact_list contacts = { f->contacts, f->n };
	form.now_us = f->now_us;
	table_close(f->table);
	f->table = NULL;
	return heard_run(f->testbed.db, f->testbed.reference, &contacts, &form, &f->table,
			 &f->testbed.err);
}

/* The offices in their order, each with why: "a:late, silent b:". */
static void assert_told(struct fixture *f, struct heard_form form, const char *expected)
{
	char told[256] = "";
	if (ask(f, form) < 0)
		fail_msg("%s", f->testbed.err.text);
	for (size_t i = 0; i < table_rows(f->table); i++) {
		const char *why = testbed_cell(f->table, i, "why");
		size_t len = strlen(told);
		(void)snprintf(told + len, sizeof(told) - len, "%s%s:%s", i ? " " : "",
			       testbed_cell(f->table, i, "office"), why ? why : "");
	}
	assert_string_equal(told, expected);
}

/* a was heard lately, b not for two days, c never, and d not for half an hour. */
static void heard(struct fixture *f)
{
	(void)add(f, f->a, 1, 10 * S);
	(void)add(f, f->b, 2, 48 * H);
	(void)add(f, f->d, 4, H / 2);
}

static void who_is_silent_is_told_longest_first(void **state)
{
	struct fixture *f = *state;
	heard(f);
	assert_told(f, (struct heard_form){ .silent = true }, "c:silent b:silent d:silent");
	assert_told(f, (struct heard_form){ .silent = true, .silent_us = 47 * H },
		    "c:silent b:silent");
	assert_told(f, (struct heard_form){ .silent = true, .silent_us = 48 * H }, "c:silent");
	assert_told(f, (struct heard_form){ .silent = true, .silent_us = S },
		    "c:silent b:silent d:silent a:silent");
	f->contacts[2].push_interval_s = 900; /* it closes its line in between */
	assert_told(f, (struct heard_form){ .silent = true }, "c:silent b:silent");
	assert_null(testbed_cell(f->table, 0, "silent_since"));
	assert_null(testbed_cell(f->table, 0, "last_contact"));
	assert_string_equal(testbed_cell(f->table, 1, "silent_since"), "2025-07-07T12:00:00+07:00");
	assert_string_equal(testbed_cell(f->table, 1, "last_contact"), "2025-07-07T12:00:00+07:00");
}

/* The key heard last speaks for its office, whichever is in the list first. */
static void the_key_that_was_heard_last_speaks_for_its_office(void **state)
{
	struct fixture *f = *state;
	(void)add(f, f->a, 1, 10 * S);
	strcpy(add(f, f->a, 2, 90 * H)->version, "0.1");
	assert_told(f, (struct heard_form){ .behind = "1.10" }, "");
	f->contacts[0].at_us = f->now_us - 91 * H;
	assert_told(f, (struct heard_form){ .behind = "1.10" }, "a:behind");
	assert_string_equal(testbed_cell(f->table, 0, "version"), "0.1");
}

static void behind_is_who_runs_an_older_version(void **state)
{
	struct fixture *f = *state;
	heard(f);
	strcpy(f->contacts[1].version, "1.9.3");
	f->contacts[2].version[0] = '\0'; /* it does not say, which those of before did not */
	assert_told(f, (struct heard_form){ .behind = "1.10" }, "b:behind d:behind");
	assert_told(f, (struct heard_form){ .behind = "1.10.1" }, "a:behind b:behind d:behind");
	assert_told(f, (struct heard_form){ .behind = "1" }, "d:behind");
	assert_int_equal(ask(f, (struct heard_form){ .behind = "latest" }), -EINVAL);
}

/* Late before silent before behind; and whoever is late for longer before others. */
static void who_needs_a_call_most_comes_first(void **state)
{
	struct fixture *f = *state;
	heard(f);
	testbed_record(&f->testbed, &f->of_d, "m", "", "2025-06", 1, 0);
	strcpy(f->contacts[0].version, "1.9");
	assert_told(f, (struct heard_form){ .late = true }, "a:late b:late c:late");
	assert_string_equal(testbed_cell(f->table, 0, "missing"), "1");
	assert_string_equal(testbed_cell(f->table, 0, "late_since"), "2025-07-06");
	assert_string_equal(testbed_cell(f->table, 0, "overdue"), "2025-06: m");
	assert_told(f, (struct heard_form){ .late = true, .silent = true, .behind = "1.10" },
		    "c:late, silent b:late, silent a:late, behind d:silent");
	testbed_record(&f->testbed, &f->of_c, "m", "", "2025-06", 1, 0);
	assert_told(f, (struct heard_form){ .late = true, .silent = true, .behind = "1.10" },
		    "b:late, silent a:late, behind c:silent d:silent");
	assert_told(f, (struct heard_form){ .all = true }, "a: b: c: d:");
	assert_null(testbed_cell(f->table, 0, "missing")); /* nobody looked */
}

static void what_an_agent_said_is_told_and_what_it_did_not_say_is_null(void **state)
{
	struct fixture *f = *state;
	struct contact *a = add(f, f->a, 1, 10 * S);
	a->oldest_us = f->now_us - H;
	a->connections = 2;
	struct contact *b = add(f, f->b, 2, 10 * S); /* of before protocol 3 */
	b->told_us = b->push_interval_s = 0;
	b->protocol = 2;
	assert_told(f, (struct heard_form){ .all = true }, "a: b: c: d:");
	static const struct {
		const char *column, *of_a, *of_b, *of_c;
	} cells[] = {
		{ "name", "a", "b", "c" },
		{ "unit", "C", "C", "C" },
		{ "unit_name", "c", "c", "c" },
		{ "key", "none", "none", "none" },
		{ "last_contact", "2025-07-09T11:59:50+07:00", "2025-07-09T11:59:50+07:00", NULL },
		{ "version", "1.10", "1.10", NULL },
		{ "protocol", "3", "2", NULL },
		{ "backlog", "5", NULL, NULL },
		{ "oldest", "2025-07-09T11:00:00+07:00", NULL, NULL },
		{ "spool_percent", "12.3", NULL, NULL },
		{ "clock", "battery", NULL, NULL },
		{ "push_interval", "60", NULL, NULL },
		{ "connections", "2", "1", "0" },
	};
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		for (size_t row = 0; row < 3; row++) {
			const char *expected = row == 0   ? cells[i].of_a
					       : row == 1 ? cells[i].of_b
							  : cells[i].of_c;
			const char *found = testbed_cell(f->table, row, cells[i].column);
			if (!found != !expected || (found && strcmp(found, expected) != 0))
				fail_msg("%s of row %zu: %s", cells[i].column, row,
					 found ? found : "null");
		}
}

/* Of whom two machines speak, status says so, for a while. */
static void a_doubled_key_is_noted_in_status(void **state)
{
	struct fixture *f = *state;
	const struct contact_list contacts = { f->contacts, 2 };
	heard(f);
	for (int ago_s = 0; ago_s < 1200; ago_s += 599) {
		struct condition_facts facts = { .contacts = &contacts, .now_us = f->now_us };
		f->contacts[1].doubled_us = f->now_us - ago_s * S;
		table_close(f->table);
		f->table = NULL;
		assert_int_equal(status_run(f->testbed.db, f->testbed.reference, &facts, &f->table,
					    &f->testbed.err),
				 0);
		assert_int_equal(facts.doubled, ago_s <= 600);
		assert_string_equal(facts.doubled_office, ago_s <= 600 ? "b" : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(who_is_silent_is_told_longest_first),
		TEST(the_key_that_was_heard_last_speaks_for_its_office),
		TEST(behind_is_who_runs_an_older_version),
		TEST(who_needs_a_call_most_comes_first),
		TEST(a_doubled_key_is_noted_in_status),
		TEST(what_an_agent_said_is_told_and_what_it_did_not_say_is_null),
#undef TEST
	};
	return cmocka_run_group_tests_name("heard", tests, NULL, NULL);
}
