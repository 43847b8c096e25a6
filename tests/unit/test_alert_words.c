/* Every alert says what it is and what to do, in both languages, and different ones differ. */
#include "alert/alert_words.h"
#include "common/base/i18n.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct said {
	char what[ALERT_SENTENCE_MAX], advice[ALERT_SENTENCE_MAX];
};

static struct said said(enum alert_kind kind, const char *subject)
{
	struct alert alert = { .kind = kind, .n = 77, .all = 176 };
	struct said said;
	(void)snprintf(alert.subject, sizeof(alert.subject), "%s", subject);
	alert_tell(&alert, "UBND xã Long Bình", said.what);
	alert_advise(&alert, said.advice);
	return said;
}

static const struct {
	enum alert_kind kind;
	const char *subject, *what;
	enum alert_gravity gravity;
} cases[] = {
	{ ALERT_FAULT, "door_shut", "door_shut", ALERT_ILL },
	{ ALERT_DISK, "", "77 MiB", ALERT_ILL },
	{ ALERT_CLOCK, "", "this machine", ALERT_ILL },
	{ ALERT_CLOCK, "28249", "28249 (UBND xã Long Bình)", ALERT_NOTE },
	{ ALERT_CLOCK, ALERT_GROUP, "77 of 176", ALERT_NOTE },
	{ ALERT_CHECKPOINT, "", "77 MiB", ALERT_NOTE },
	{ ALERT_BACKUP, "", "no backup", ALERT_ILL },
	{ ALERT_DOUBLE, "28249", "two machines", ALERT_NOTE },
	{ ALERT_DOUBLE, ALERT_GROUP, "77 of 176", ALERT_NOTE },
	{ ALERT_SILENT, "28249", "28249 (UBND xã Long Bình) is silent", ALERT_NOTE },
	{ ALERT_SILENT, ALERT_GROUP, "77 of 176", ALERT_ILL },
	{ ALERT_LATE, "28249", "77 are missing", ALERT_NOTE },
	{ ALERT_LATE, ALERT_GROUP, "77 of 176 offices", ALERT_NOTE },
	{ ALERT_QUARANTINE, "28249", "28249", ALERT_NOTE },
	{ ALERT_QUARANTINE, ALERT_GROUP, "77 of 176 offices", ALERT_NOTE },
	{ ALERT_QUALITY, "28249", "77 findings", ALERT_NOTE },
	{ ALERT_QUALITY, ALERT_GROUP, "77 of 176 offices", ALERT_NOTE },
};
#define N_CASES (sizeof(cases) / sizeof(cases[0]))

static void each_alert_says_what_and_what_to_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CASES; i++) {
		struct said one = said(cases[i].kind, cases[i].subject);
		assert_non_null(strstr(one.what, cases[i].what));
		assert_true(strlen(one.advice) > 10);
		assert_int_equal(alert_gravity(cases[i].kind, cases[i].subject), cases[i].gravity);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(one.what,
						said(cases[k].kind, cases[k].subject).what);
	}
}

static void a_name_that_is_not_known_is_left_out(void **state)
{
	struct alert alert = { .kind = ALERT_SILENT, .subject = "28249" };
	char text[ALERT_SENTENCE_MAX];
	(void)state;
	alert_tell(&alert, NULL, text);
	assert_string_equal(text, "office 28249 is silent");
	alert_tell(&alert, "", text);
	assert_string_equal(text, "office 28249 is silent");
}

static void kinds_have_words(void **state)
{
	(void)state;
	for (enum alert_kind kind = 0; kind < ALERT_KINDS; kind++)
		assert_int_equal(alert_kind_find(alert_kind_word(kind)), kind);
	assert_int_equal(alert_kind_find("silen"), ALERT_KINDS);
	assert_int_equal(alert_kind_find(""), ALERT_KINDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_alert_says_what_and_what_to_do),
		cmocka_unit_test(a_name_that_is_not_known_is_left_out),
		cmocka_unit_test(kinds_have_words),
	};
	return cmocka_run_group_tests_name("alert_words", tests, NULL, NULL);
}
