/* What is wrong with a province, and that it is said: every fact alone makes its condition. */
#include "api/condition.h"
#include "common/base/err.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct conditions judged(struct condition_facts facts)
{
	struct conditions conditions;
	conditions_judge(&facts, &conditions);
	assert_true(conditions.n >= 1 && conditions.n <= CONDITIONS_MAX);
	for (size_t i = 0; i < conditions.n; i++) {
		assert_true(*conditions.list[i].sentence);
		if (i > 0)
			assert_true(conditions.list[i].gravity <= conditions.list[i - 1].gravity);
	}
	return conditions;
}

static void nothing_wrong_is_well(void **state)
{
	(void)state;
	struct conditions conditions = judged((struct condition_facts){ 0 });
	assert_int_equal(conditions.n, 1);
	assert_string_equal(conditions.list[0].name, "well");
	assert_int_equal(conditions.list[0].gravity, CONDITION_WELL);
}

/* Each fact alone, and what its sentence must tell. */
static void each_trouble_is_said(void **state)
{
	(void)state;
	struct refusals waiting = { 0 }, refused = { 0 };
	refusals_note(&waiting, 2, "28250", true, "it cannot be read", 7);
	refusals_note(&refused, 1, "28249", false, "is no frame", 7);
	refusals_note(&refused, 1, "28249", false, "is no frame", 8);
	const struct {
		const char *name;
		enum condition_gravity gravity;
		struct condition_facts facts;
		const char *says;
	} cases[] = {
		{ "store_failing",
		  CONDITION_ILL,
		  { .commit_rc = -ENOSPC, .commit_failing_since_us = 1764288000000000 },
		  "No space left on device" },
		{ "disk_reserve",
		  CONDITION_ILL,
		  { .room = { .is_short = true, .free = 20 << 20, .reserve = 256 << 20 } },
		  "20 MiB are left on the disk, and 256 MiB" },
		{ "log_pinned",
		  CONDITION_NOTE,
		  { .room = { .log = { .bytes = UINT64_C(600) << 20, .oldest_read_ms = 31000 } } },
		  "600 MiB: a question or a verification has been reading for 31 s" },
		{ "store_failing", CONDITION_ILL, { .commit_rc = -ENOMEM }, "NOT TAKING FIGURES" },
		{ "office_at_limit",
		  CONDITION_NOTE,
		  { .offices_at_limit = 3, .at_limit_code = "28249", .at_limit_of = "spools" },
		  "office 28249 is at its limit of spools (offices that were at one within ten "
		  "minutes: 3)" },
		{ "pages_damaged",
		  CONDITION_NOTE,
		  { .pages_met = { 2, "28249, 2025-07-01" } },
		  "28249, 2025-07-01" },
		{ "door_shut",
		  CONDITION_ILL,
		  { .door_shut = true, .connections = 57280 },
		  "57280 are open" },
		{ "office_cut",
		  CONDITION_NOTE,
		  { .offender = "28004", .offences = 3 },
		  "lantoa office revoke 28004" },
		{ "stranger_cut",
		  CONDITION_NOTE,
		  { .stranger = "192.0.2.1", .strangers = 3 },
		  "192.0.2.1" },
		{ "day_damaged",
		  CONDITION_ILL,
		  { .damaged_days = 2,
		    .damaged_figures = 46,
		    .damaged_office = "28249",
		    .damaged_day = 20000 },
		  "office 28249 for 2024-10-04" },
		{ "pages_mended",
		  CONDITION_NOTE,
		  { .pages_mended = 3, .mended_where = "28249, 2025-06-30", .mended_us = 1 },
		  "3 since the start, the last one (28249, 2025-06-30)" },
		{ "office_waits",
		  CONDITION_ILL,
		  { .now_us = 9, .refusals = &waiting },
		  "office 28250 cannot be taken since 1970" },
		{ "batches_refused",
		  CONDITION_NOTE,
		  { .now_us = 9, .refusals = &refused },
		  "office 28249 sent what breaks the rules and was refused, 2 times" },
		{ "keys_damaged",
		  CONDITION_ILL,
		  { .damaged_keys = 2 },
		  "keys of offices that are damaged on the disk: 2" },
		{ "catalogue_too_long",
		  CONDITION_ILL,
		  { .catalogue_len = 300000,
		    .catalogue_max = 258940,
		    .catalogue_unsendable = true },
		  "has 300000 bytes, more than can be sent to offices" },
		{ "catalogue_too_long",
		  CONDITION_ILL,
		  { .catalogue_len = 300000,
		    .catalogue_max = 258940,
		    .old_agents = 3,
		    .old_agent = "28249" },
		  "older agents take at most 258940: 3 offices keep" },
		{ "head_differs",
		  CONDITION_ILL,
		  { .odd_heads = 2, .odd_head = "28249", .odd_position = 41 },
		  "office 28249 kept another head than this ledger has, of position 41" },
		{ "office_astray",
		  CONDITION_NOTE,
		  { .strays = 2, .stray = "office 28249 stands on a unit that ended" },
		  "office 28249 stands" },
		{ "key_doubled",
		  CONDITION_NOTE,
		  { .doubled = 2, .doubled_office = "28249" },
		  "two machines use the key of office 28249 by turns" },
		{ "offices_silent",
		  CONDITION_NOTE,
		  { .silent = 12, .silent_office = "28249", .silent_us = 1 },
		  "offices without contact for more than a day: 12, 28249 the longest" },
		{ "offices_silent",
		  CONDITION_NOTE,
		  { .silent = 1, .silent_office = "28249" },
		  "last contact: never" },
		{ "invitations_expired",
		  CONDITION_NOTE,
		  { .invitations_expired = 12 },
		  "invitations that were not used in time: 12" },
		{ "alerts_fire", CONDITION_NOTE, { .alerts = 7 }, "alerts that are firing: 7" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conditions conditions = judged(cases[i].facts);
		assert_int_equal(conditions.n, 1);
		assert_string_equal(conditions.list[0].name, cases[i].name);
		assert_int_equal(conditions.list[0].gravity, cases[i].gravity);
		assert_non_null(strstr(conditions.list[0].sentence, cases[i].says));
	}
}

/* The last ones are kept, but for those that wait: and when a batch is taken, none waits. */
static void refusals_keep_the_last_and_those_that_wait(void **state)
{
	(void)state;
	struct refusals refusals = { 0 };
	refusals_note(&refusals, 1, "waits", true, "damaged\nentry", 1);
	assert_string_equal(refusals.list[0].reason, "damaged entry");
	for (int64_t office = 2; office < 40; office++)
		refusals_note(&refusals, office, "other", false, "bad", office);
	assert_int_equal(refusals.n, REFUSALS_KEPT);
	assert_int_equal(refusals.list[0].office, 39);
	assert_int_equal(refusals.list[REFUSALS_KEPT - 1].office, 1);
	assert_int_equal(refusals.list[REFUSALS_KEPT - 1].since_us, 1);
	refusals_settle(&refusals, 1);
	refusals_settle(&refusals, 4711);
	assert_int_equal(refusals.list[REFUSALS_KEPT - 1].since_us, 0);
	refusals_note(&refusals, 40, "other", false, "bad", 40);
	assert_int_equal(refusals.list[REFUSALS_KEPT - 1].office, 33);
	for (int64_t office = 50; office < 60; office++)
		refusals_note(&refusals, office, "all wait", true, "x", office);
	assert_int_equal(refusals.list[0].office, 59);
	assert_int_equal(refusals.n, REFUSALS_KEPT);
}

static void counters_become_facts(void **state)
{
	(void)state;
	struct intake_counters intake = { .batches = { .failing = -EIO, .failing_since_us = 7 } };
	struct condition_facts facts = condition_facts_of(NULL, &intake);
	assert_int_equal(facts.commit_rc, -EIO);
	assert_int_equal(facts.commit_failing_since_us, 7);
	assert_int_equal(condition_facts_of(NULL, NULL).commit_rc, 0);
	intake.at_limit =
		(struct limit_report){ .n = 2, .limit = LIMIT_HELD, .until_ms = UINT64_MAX };
	facts = condition_facts_of(NULL, &intake);
	assert_int_equal(facts.offices_at_limit, 2);
	assert_string_equal(facts.at_limit_of, "rows in quarantine");
	intake.at_limit.until_ms = 0; /* that is over */
	assert_int_equal(condition_facts_of(NULL, &intake).offices_at_limit, 0);
}

/* What was ten minutes ago is over. */
static void who_was_cut_off_lately_is_named(void **state)
{
	(void)state;
	struct gate_counters gate = { .offender = { "28004", 1, 1 }, .stranger = { "::1", 1, 1 } };
	assert_string_equal(condition_facts_of(&gate, NULL).offender, "");
	assert_string_equal(condition_facts_of(&gate, NULL).stranger, "");
	gate.offender.at_us = gate.stranger.at_us = civil_now_us();
	assert_string_equal(condition_facts_of(&gate, NULL).offender, "28004");
	assert_string_equal(condition_facts_of(&gate, NULL).stranger, "::1");
	gate.connections.shut = true;
	assert_true(condition_facts_of(&gate, NULL).door_shut);
}

/* The reason was kept in English, as it went to the office; who looks may read Vietnamese. */
static void reasons_are_in_the_readers_language(void **state)
{
	struct refusals waiting = { 0 }, refused = { 0 };
	struct conditions conditions;
	struct err err;
	(void)state;
	(void)err_set(&err, -EDQUOT,
		      "more than %u rows of this office would wait in quarantine: the province "
		      "mends their cause and runs `lantoa quarantine release --all`, or raises "
		      "[limits] held; until then this waits at the office",
		      4096u);
	refusals_note(&waiting, 2, "28250", true, err.text, 7);
	refusals_note(&refused, 1, "28249", false, "an office does not send such a frame", 7);
	const struct refusals *const each[] = { &waiting, &refused };
	for (size_t i = 0; i < 2; i++) {
		const struct condition_facts facts = { .now_us = 9, .refusals = each[i] };
		(void)language_use(LANGUAGE_VIETNAMESE);
		conditions_judge(&facts, &conditions);
		(void)language_use(LANGUAGE_ENGLISH);
		assert_non_null(strstr(conditions.list[0].sentence,
				       i ? "đơn vị báo cáo không gửi loại thông điệp này"
					 : "đơn vị này sẽ có quá 4096 dòng tạm giữ"));
		assert_null(strstr(conditions.list[0].sentence, " of "));
		assert_null(strstr(conditions.list[0].sentence, " not "));
		conditions_judge(&facts, &conditions);
		assert_non_null(
			strstr(conditions.list[0].sentence, i ? " not send " : " of this "));
	}
}

static void gravities_have_stable_names(void **state)
{
	(void)state;
	assert_string_equal(condition_gravity_name(CONDITION_WELL), "well");
	assert_string_equal(condition_gravity_name(CONDITION_NOTE), "note");
	assert_string_equal(condition_gravity_name(CONDITION_ILL), "ill");
}

int main(void)
{
	i18n_serve(NULL);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_wrong_is_well),
		cmocka_unit_test(each_trouble_is_said),
		cmocka_unit_test(refusals_keep_the_last_and_those_that_wait),
		cmocka_unit_test(counters_become_facts),
		cmocka_unit_test(who_was_cut_off_lately_is_named),
		cmocka_unit_test(reasons_are_in_the_readers_language),
		cmocka_unit_test(gravities_have_stable_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
