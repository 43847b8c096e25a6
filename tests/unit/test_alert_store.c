/* What fires and what was told, in the database: one state, whatever fails. */
#include "alert/alert_settings.h"
#include "alert/alert_store.h"
#include "schema/schema.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int db_setup(void **state)
{
	sqlite3 *db = NULL;
	struct err err;
	if (schema_open_scratch(&db, &err) < 0)
		return -1;
	*state = db;
	return 0;
}

static int db_teardown(void **state)
{
	db_close(*state);
	return 0;
}

static struct alert_change change(enum alert_end what, enum alert_kind kind, const char *subject)
{
	struct alert_change made = { .what = what,
				     .at_us = 50,
				     .alert = { .kind = kind,
						.state = ALERT_FIRING,
						.since_us = 10,
						.fired_us = 40,
						.n = 3,
						.all = 4 } };
	(void)snprintf(made.alert.subject, sizeof(made.alert.subject), "%s", subject);
	return made;
}

static int64_t keep(sqlite3 *db, struct alert_change changes[], size_t n)
{
	struct alert_change_list list = { changes, n };
	struct err err;
	int64_t last = -1;
	assert_int_equal(alert_store_keep(db, &list, &last, &err), 0);
	return last;
}

static struct alert_list load(sqlite3 *db)
{
	struct alert_list alerts;
	struct err err;
	assert_int_equal(alert_store_load(db, &alerts, &err), 0);
	return alerts;
}

static int count(void *context, const struct alert_row *row, struct err *err)
{
	int64_t *numbers = context;
	(void)err;
	assert_true(row->number > numbers[0]); /* in order */
	numbers[0] = row->number;
	numbers[1]++;
	return 0;
}

static void what_fires_comes_back_as_it_was(void **state)
{
	struct alert_change fired[] = { change(ALERT_FIRED, ALERT_SILENT, "28249"),
					change(ALERT_FIRED, ALERT_SILENT, ALERT_GROUP),
					change(ALERT_FIRED, ALERT_DISK, "") };
	assert_int_equal(keep(*state, fired, 3), 3);
	struct alert_list alerts = load(*state);
	assert_int_equal(alerts.n, 3);
	assert_int_equal(alerts.list[0].kind, ALERT_DISK);
	assert_string_equal(alerts.list[1].subject, ALERT_GROUP); /* in the core's order */
	assert_string_equal(alerts.list[2].subject, "28249");
	for (size_t i = 0; i < alerts.n; i++) {
		assert_int_equal(alerts.list[i].state, ALERT_FIRING);
		assert_int_equal(alerts.list[i].since_us, 10);
		assert_int_equal(alerts.list[i].fired_us, 40);
		assert_int_equal(alerts.list[i].n, 3);
		assert_int_equal(alerts.list[i].all, 4);
		assert_false(alerts.list[i].well);
	}
	alert_list_free(&alerts);
	struct alert_change over = change(ALERT_RESOLVED, ALERT_DISK, "");
	assert_int_equal(keep(*state, &over, 1), 4);
	alerts = load(*state);
	assert_int_equal(alerts.n, 2);
	alert_list_free(&alerts);
}

static void the_log_is_numbered_and_bounded(void **state)
{
	int64_t last, oldest, numbers[2] = { 0 };
	struct err err;
	assert_int_equal(alert_store_ends(*state, &last, &oldest, &err), 0);
	assert_int_equal(last, 0);
	assert_int_equal(oldest, 0);
	for (int i = 0; i < ALERT_KEPT / 100 + 2; i++) {
		struct alert_change changes[100];
		for (size_t k = 0; k < 100; k++)
			changes[k] =
				change(k % 2 ? ALERT_RESOLVED : ALERT_FIRED, ALERT_LATE, "28249");
		assert_int_equal(keep(*state, changes, 100), (i + 1) * 100);
	}
	assert_int_equal(alert_store_ends(*state, &last, &oldest, &err), 0);
	assert_int_equal(last, ALERT_KEPT + 200);
	assert_int_equal(oldest, 201);
	struct alert_question question = { .after = last - 7, .since_us = -1, .most = 5 };
	numbers[0] = last - 7;
	assert_int_equal(alert_store_ask(*state, &question, count, numbers, &err), 0);
	assert_int_equal(numbers[0], last - 2);
	assert_int_equal(numbers[1], 5);
	struct alert_list alerts = load(*state);
	assert_int_equal(alerts.n, 0);
	alert_list_free(&alerts);
}

static void a_row_that_cannot_be_is_left_out(void **state)
{
	struct alert_change fired[] = { change(ALERT_FIRED, ALERT_SILENT, "28249"),
					change(ALERT_FIRED, ALERT_SILENT, "28250") };
	struct err err;
	(void)keep(*state, fired, 2);
	assert_int_equal(
		db_exec(*state, "UPDATE alert SET kind = 'tomorrow' WHERE subject = '28249'", &err),
		0);
	assert_int_equal(
		db_exec(*state,
			"INSERT INTO alert VALUES('late', printf('%.*c', 64, 'x'), 1, 1, 1,"
			" 1, 9)",
			&err),
		0);
	struct alert_list alerts = load(*state);
	assert_int_equal(alerts.n, 1);
	assert_string_equal(alerts.list[0].subject, "28250");
	alert_list_free(&alerts);
}

/* --- [alerts] --- */

static void settings_are_judged(void **state)
{
	char off[32] = "quality, late";
	struct alert_settings settings = { .over_s = 300, .off = off };
	struct alert_rules rules;
	struct err err;
	(void)state;
	settings.grace_s[ALERT_SILENT] = 7;
	assert_int_equal(alert_settings_check(&settings, &err), 0);
	alert_settings_rules(&settings, &rules);
	assert_false(rules.of[ALERT_QUALITY].on);
	assert_false(rules.of[ALERT_LATE].on);
	assert_true(rules.of[ALERT_SILENT].on);
	assert_int_equal(rules.of[ALERT_SILENT].grace_us, 7000000);
	assert_int_equal(rules.of[ALERT_SILENT].well_us, 300000000);
	assert_int_equal(rules.of[ALERT_BACKUP].well_us, 0);
	(void)strcpy(off, "silent quantity");
	assert_int_equal(alert_settings_check(&settings, &err), -EINVAL);
	assert_non_null(strstr(err.text, "there is no kind 'quantity'"));
	(void)strcpy(off, "silentsilentsilentsilent");
	assert_int_equal(alert_settings_check(&settings, &err), -EINVAL);
}

int main(void)
{
#define DB_TEST(test) cmocka_unit_test_setup_teardown(test, db_setup, db_teardown)
	const struct CMUnitTest tests[] = {
		DB_TEST(what_fires_comes_back_as_it_was),
		DB_TEST(the_log_is_numbered_and_bounded),
		DB_TEST(a_row_that_cannot_be_is_left_out),
		cmocka_unit_test(settings_are_judged),
	};
	return cmocka_run_group_tests_name("alert_store", tests, NULL, NULL);
}
