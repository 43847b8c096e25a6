/* What there is to alert of: each fact alone, of a real province; and scenario 15 of a due date
 * that is excused, from the ledger to the change that is told. */
#include "api/alert_facts.h"
#include "api/heard.h"
#include "common/model/civil.h"
#include "query/overdue.h"
#include "support/testbed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
	int64_t offices[4], gone;
	struct contact contacts[5];
	struct contact_list list;
	struct metric_answers answers;
	struct office_counts quality;
	struct alert_settings settings;
	struct alert_sight sight;
	struct alert_facts facts;
};

static int32_t day_of(const char *text)
{
	int32_t day = 0;
	assert_int_equal(day_parse(text, &day, &(struct err){ 0 }), 0);
	return day;
}

static void key_add(struct fixture *f, int64_t office, int state)
{
	char sql[256];
	(void)snprintf(sql, sizeof(sql),
		       "INSERT INTO office_key(office, public_key, state, created_us, changed_us)"
		       " VALUES(%lld, randomblob(32), %d, 1, 1)",
		       (long long)office, state);
	assert_int_equal(db_exec(f->testbed.db, sql, &f->testbed.err), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	testbed_open(&f->testbed, UNITS, METRICS, NULL, false);
	testbed_pause(&f->testbed, true);
	for (size_t i = 0; i < 4; i++) {
		const char code[] = { (char)('a' + (int)i), '\0' };
		f->offices[i] = testbed_office(&f->testbed, code, "C", day_of("2025-06-01"));
		key_add(f, f->offices[i], 2);
	}
	f->gone = testbed_office(&f->testbed, "gone", "C", day_of("2025-06-01"));
	key_add(f, f->gone, 2);
	assert_int_equal(db_exec(f->testbed.db,
				 "UPDATE event SET at_us = (unixepoch() - 60) * 1000000",
				 &f->testbed.err),
			 0); /* a province of today */
	testbed_move(&f->testbed, f->gone, NULL, day_of("2025-07-01"));
	testbed_refresh(&f->testbed);
	f->settings = (struct alert_settings){ .quarantine_hours = 24, .backup_hours = 36 };
	f->sight = (struct alert_sight){ .answers = &f->answers,
					 .quality = &f->quality,
					 .settings = &f->settings };
	f->sight.conditions.now_us = civil_now_us();
	f->sight.conditions.contacts = &f->list;
	f->sight.conditions.room = (struct room_look){ .free = 100 << 20, .reserve = 10 << 20 };
	for (size_t i = 0; i < 5; i++)
		f->contacts[i] = (struct contact){ .office = i < 4 ? f->offices[i] : f->gone,
						   .key = (int64_t)i + 1,
						   .at_us = f->sight.conditions.now_us - 10 * S,
						   .told_us = 1,
						   .clock = 4,
						   .push_interval_s = 60 };
	f->list = (struct contact_list){ f->contacts, 5 };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	metric_answers_free(&f->answers);
	free(f->facts.list);
	testbed_close(&f->testbed);
	free(f);
	return 0;
}

static int by_fact(const void *a, const void *b)
{
	const struct alert_fact *x = a, *y = b;
	return alert_order(x->kind, x->subject, y->kind, y->subject);
}

/* "silent a 1; late b 3": kind, subject, n. */
static void assert_found(struct fixture *f, const char *wanted)
{
	char found[512] = "";
	size_t at = 0;
	free(f->facts.list);
	f->facts = (struct alert_facts){ 0 };
	if (alert_facts_find(f->testbed.db, f->testbed.reference, &f->sight, &f->facts,
			     &f->testbed.err) < 0)
		fail_msg("%s", f->testbed.err.text);
	if (f->facts.n > 1)
		qsort(f->facts.list, f->facts.n, sizeof(*f->facts.list), by_fact);
	for (size_t i = 0; i < f->facts.n; i++)
		at += (size_t)snprintf(found + at, sizeof(found) - at, "%s%s %s %lld",
				       i ? "; " : "", alert_kind_word(f->facts.list[i].kind),
				       f->facts.list[i].subject, (long long)f->facts.list[i].n);
	assert_string_equal(found, wanted);
}

static void a_province_that_is_well_has_none(void **state)
{
	struct fixture *f = *state;
	assert_found(f, "");
	assert_int_equal(f->facts.of[ALERT_SILENT], 4); /* nobody waits for who is gone */
	assert_int_equal(f->facts.of_lively[ALERT_SILENT], 4);
	assert_int_equal(f->facts.of[ALERT_LATE], 4);
	assert_int_equal(f->facts.of[ALERT_DISK], 0);
	assert_true(f->facts.known[ALERT_SILENT] && f->facts.known[ALERT_BACKUP]);
	assert_false(f->facts.known[ALERT_LATE] || f->facts.known[ALERT_QUALITY]);
}

static void who_is_silent_is_whom_one_waits_for(void **state)
{
	struct fixture *f = *state;
	f->contacts[0].at_us -= H;
	f->contacts[1].at_us = 0;              /* never came */
	f->contacts[2].push_interval_s = 3600; /* rests for a day */
	f->contacts[2].at_us -= 20 * H;
	f->contacts[4].at_us -= 1000 * H;
	assert_found(f, "silent a 0");
	assert_int_equal(f->facts.list[0].since_us, f->contacts[0].at_us);
	assert_true(f->facts.list[0].lively);
	assert_int_equal(f->facts.of[ALERT_SILENT], 3);
	assert_int_equal(f->facts.of_lively[ALERT_SILENT], 2);
	f->contacts[2].at_us -= 20 * H;
	assert_found(f, "silent a 0; silent c 0");
	assert_false(f->facts.list[1].lively);
	assert_int_equal(db_exec(f->testbed.db, "UPDATE office_key SET state = 4", &f->testbed.err),
			 0);
	assert_found(f, ""); /* revoked, all of them */
}

/* Three days off, and the offices did what they could. */
static void time_for_which_the_province_was_off_is_nobodys_silence(void **state)
{
	struct fixture *f = *state;
	f->sight.began_us = f->sight.conditions.now_us - 60 * S;
	for (size_t i = 0; i < 4; i++)
		f->contacts[i].at_us = f->sight.began_us - 72 * H - (int64_t)i * H / 2;
	assert_found(f, "silent a 0; silent b 0; silent c 0; silent d 0");
	f->sight.deaf_us = 72 * H;
	assert_found(f, "silent b 0; silent c 0; silent d 0");
	f->contacts[1].at_us = f->sight.conditions.now_us - H; /* heard since: it counts in full */
	f->sight.began_us = f->contacts[1].at_us - H;
	assert_found(f, "silent b 0; silent c 0; silent d 0");
}

static void clocks_and_keys(void **state)
{
	struct fixture *f = *state;
	f->contacts[0].clock = LANTOA__V1__CONDITION__CLOCK_TRUST__CLOCK_BY_NOBODY;
	f->contacts[1].doubled_us = f->sight.conditions.now_us - 60 * S;
	f->contacts[2].doubled_us = f->sight.conditions.now_us - 11 * 60 * S;
	assert_found(f, "clock a 0; double b 0");
	f->contacts[0].told_us = 0;
	assert_found(f, "double b 0");
}

static void the_provinces_own(void **state)
{
	struct fixture *f = *state;
	struct room_look *room = &f->sight.conditions.room;
	room->free = (20 << 20) - 1;
	assert_found(f, "disk  19");
	room->free = 20 << 20;
	assert_found(f, "");
	room->is_short = true;
	assert_found(f, "disk  20");
	room->is_short = false;
	room->log.bytes = STORE_LOG_BOUND + 1;
	assert_found(f, "checkpoint  512");
	room->log.bytes = 0;
	f->sight.conditions.door_shut = true;
	f->sight.conditions.offices_at_limit = 3; /* a note is no fault */
	f->sight.conditions.at_limit_code = "a";
	f->sight.conditions.at_limit_of = "x";
	assert_found(f, "fault door_shut 0");
}

static void a_backup_is_missed(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(db_exec(f->testbed.db, "UPDATE event SET at_us = at_us - 37 * 3600000000",
				 &f->testbed.err),
			 0);
	assert_found(f, "backup  0"); /* there never was one */
	assert_int_equal(db_exec(f->testbed.db,
				 "UPDATE event SET kind = 'backup', at_us = at_us + 2 * 3600000000"
				 " WHERE id = (SELECT max(id) FROM event)",
				 &f->testbed.err),
			 0);
	assert_found(f, "");
	f->settings.backup_hours = 34;
	assert_found(f, "backup  0");
}

/* While the clock is not believed nothing that is reckoned by it is known. */
static void a_clock_that_jumped_blames_nobody(void **state)
{
	struct fixture *f = *state;
	f->answers.known = true;
	f->contacts[0].at_us -= H;
	assert_int_equal(db_exec(f->testbed.db,
				 "INSERT INTO spool(id, office, spool_id, upto, last_received_us)"
				 " SELECT 1, id, 1, 1, 1 FROM office LIMIT 1",
				 &f->testbed.err),
			 0);
	assert_int_equal(db_exec(f->testbed.db,
				 "INSERT INTO journal(id, spool, seq, day, office, received_us,"
				 " payload, chain) SELECT 1, 1, 1, 1, office, (unixepoch() + 86400)"
				 " * 1000000, x'', zeroblob(32) FROM spool",
				 &f->testbed.err),
			 0);
	assert_found(f, "clock  0");
	assert_false(f->facts.known[ALERT_SILENT] || f->facts.known[ALERT_LATE] ||
		     f->facts.known[ALERT_BACKUP] || f->facts.known[ALERT_QUARANTINE]);
	assert_true(f->facts.known[ALERT_DISK] && f->facts.known[ALERT_CLOCK]);
}

static void findings_are_counted_by_office(void **state)
{
	struct fixture *f = *state;
	struct office_count counts[] = { { f->offices[1], 3 }, { f->offices[2], 1 } };
	f->quality = (struct office_counts){ .list = counts, .n = 2 };
	assert_found(f, ""); /* nobody looked, as far as is known */
	f->quality.known = true;
	assert_found(f, "quality b 3; quality c 1");
	f->quality = (struct office_counts){ 0 };
}

/* --- a due date, over which nobody reports, is excused --- */

static void late_look(struct fixture *f, int64_t now_us)
{
	struct overdue_list overdue;
	metric_answers_free(&f->answers);
	assert_int_equal(overdue_find(f->testbed.db, f->testbed.reference, now_us, &overdue,
				      &f->testbed.err),
			 0);
	assert_int_equal(metric_answers_take_late(&f->answers, f->testbed.reference, &overdue), 0);
	f->answers.known = true;
	overdue_free(&overdue);
}

static size_t step(struct fixture *f, struct alert_list *alerts, const char *told)
{
	struct alert_rules rules;
	struct alert_list after;
	struct alert_change_list changes;
	char said[256] = "";
	alert_rules_usual(&rules);
	f->facts.step_us = 120 * 60 * S;
	assert_int_equal(alerts_step(alerts, &f->facts, &rules, &after, &changes, &f->testbed.err),
			 0);
	for (size_t i = 0; i < changes.n; i++)
		(void)snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s %s %d;",
			       alert_kind_word(changes.list[i].alert.kind),
			       changes.list[i].alert.subject, (int)changes.list[i].what);
	assert_string_equal(said, told);
	alert_list_free(alerts);
	*alerts = after;
	size_t n = changes.n;
	alert_change_list_free(&changes);
	return n;
}

static void a_due_date_that_is_excused_ends_in_one_change(void **state)
{
	struct fixture *f = *state;
	struct alert_list alerts = { 0 };
	int64_t now_us = f->sight.conditions.now_us, id;
	char period[PERIOD_TEXT_MAX];
	/* The newest month whose due day, five days on, is over. */
	struct period late = civil_period(CALENDAR_CIVIL, GRAIN_MONTH, now_us - 6 * 24 * H);
	late.number--;
	(void)period_format(late, period);
	testbed_pause(&f->testbed, false);
	late_look(f, now_us);
	assert_found(f, "late a 1; late b 1; late c 1; late d 1");
	(void)step(f, &alerts, "");
	f->facts.asleep[ALERT_LATE] = false;
	(void)step(f, &alerts, "late * 1;");
	for (size_t i = 0; i < 4; i++) {
		const char code[] = { (char)('a' + (int)i), '\0' };
		const struct excuse_form form = { .office = code,
						  .form = "month",
						  .period = period,
						  .reason = "flood",
						  .who = "x" };
		assert_int_equal(testbed_order_excuse(&f->testbed, &form, &id), 0);
	}
	testbed_refresh(&f->testbed);
	late_look(f, now_us);
	assert_found(f, "");
	(void)step(f, &alerts, "late * 2;");
	(void)step(f, &alerts, "");
	alert_list_free(&alerts);
}

int main(void)
{
#define FACTS_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		FACTS_TEST(a_province_that_is_well_has_none),
		FACTS_TEST(who_is_silent_is_whom_one_waits_for),
		FACTS_TEST(time_for_which_the_province_was_off_is_nobodys_silence),
		FACTS_TEST(clocks_and_keys),
		FACTS_TEST(the_provinces_own),
		FACTS_TEST(a_backup_is_missed),
		FACTS_TEST(a_clock_that_jumped_blames_nobody),
		FACTS_TEST(findings_are_counted_by_office),
		FACTS_TEST(a_due_date_that_is_excused_ends_in_one_change),
	};
	return cmocka_run_group_tests_name("alert_facts", tests, NULL, NULL);
}
