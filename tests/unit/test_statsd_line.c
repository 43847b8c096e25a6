#include "sources/statsd_line.h"
#include "support/seeds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct err err;

static int parse(const char *text, struct statsd_line *line)
{
	return statsd_line_parse(text, strlen(text), line, &err);
}

static void lines_are_taken_as_their_senders_mean_them(void **state)
{
	static const struct {
		const char *line, *metric, *value, *labels;
		bool counter, change;
	} cases[] = {
		{ "a.b:3|c", "a.b", "3", "", true, false },
		{ "a:-3|c", "a", "-3", "", true, false },
		{ "a:1|c|@0.1", "a", "10", "", true, false },
		{ "a:0.5|c|@0.25", "a", "2", "", true, false },
		{ "a:3|c|@1", "a", "3", "", true, false },
		{ "a:1|c|@.5", "a", "2", "", true, false },
		{ "a:3|c|@1.00", "a", "3", "", true, false },
		{ "a:1|c|@0.8", "a", "1.25", "", true, false },
		{ "a:12|g", "a", "12", "", false, false },
		{ "a:1.50|g", "a", "1.50", "", false, false },
		{ "a:+2|g", "a", "+2", "", false, true },
		{ "a:-2|g", "a", "-2", "", false, true },
		{ "a:1|c|#sector:land", "a", "1", "sector=land", true, false },
		{ "a:1|c|#sector:đất đai,app:VNeID", "a", "1", "app=VNeID;sector=đất đai", true,
		  false },
		{ "a:1|c|#sector:a:b", "a", "1", "sector=a:b", true, false },
		{ "a:1|c|@0.5|#b:1", "a", "2", "b=1", true, false },
		{ "a:1|c|#b:1|@0.5", "a", "2", "b=1", true, false },
		{ "a:1|c|#b:1|c:ci-42|e:pod", "a", "1", "b=1", true, false },
		{ "a:1|c|#", "a", "1", "", true, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct statsd_line line;
		if (parse(cases[i].line, &line) != 0)
			fail_msg("%s: %s", cases[i].line, err.text);
		assert_string_equal(line.metric, cases[i].metric);
		assert_string_equal(line.value, cases[i].value);
		assert_string_equal(line.labels, cases[i].labels);
		assert_int_equal(line.counter, cases[i].counter);
		assert_int_equal(line.change, cases[i].change);
		struct entry entry = statsd_line_entry(&line);
		assert_null(entry.period);
		assert_int_equal(entry.add, cases[i].counter || cases[i].change);
	}
}

static void what_is_refused_says_why(void **state)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{ "", "not a StatsD line" },
		{ "a", "not a StatsD line" },
		{ "a:1", "not a StatsD line" },
		{ "a:|c", "not a StatsD line" },
		{ ":1|c", "not a StatsD line" },
		{ "a:1|", "not a StatsD line" },
		{ "a:1|c||", "not a StatsD line" },
		{ "a:320|ms", "timers" },
		{ "a:320|h", "timers" },
		{ "a:u7|s", "sets" },
		{ "a:1|x", "type 'x'" },
		{ "_e{5,4}:title|text", "type 'text'" },
		{ "a:1|c|@0", "sample rate" },
		{ "a:1|c|@0.0", "sample rate" },
		{ "a:1|c|@-0.1", "sample rate" },
		{ "a:1|c|@1.1", "sample rate" },
		{ "a:1|c|@5.", "sample rate" },
		{ "a:1|c|@1e-1", "sample rate" },
		{ "a:1|c|@0.0000000000000000001", "sample rate" },
		{ "a:1|c|@0.3", "not an exact number" },
		{ "a:9223372036854775807|c|@0.1", "not an exact number" },
		{ "a:x|c|@0.1", "'x' is not a number; write it with '.' before decimals" },
		{ "a:8,00|c|@0.1", "'8,00' is not a number; write it with '.' before" },
		{ "a:1|g|@0.1", "gauge takes no sample rate" },
		{ "a:1|c|#sector", "tag 'sector'" },
		{ "a:1|c|#Sector:x", "label 'Sector'" },
		{ "a:1|c|#a:1,a:2", "twice" },
		{ "a:1|c|#a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1", "limit" },
		{ "a:1|c|T1656581400", "timestamps" },
		{ "a:1|c|zzz", "'|zzz'" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct statsd_line line;
		err = (struct err){ 0 };
		if (parse(cases[i].line, &line) != -EINVAL && parse(cases[i].line, &line) != -E2BIG)
			fail_msg("'%s' is taken", cases[i].line);
		if (!strstr(err.text, cases[i].why))
			fail_msg("'%s': %s", cases[i].line, err.text);
	}
}

static void a_name_that_is_too_long_is_no_line(void **state)
{
	char text[METRIC_NAME_MAX + 16];
	struct statsd_line line;
	(void)state;
	memset(text, 'a', METRIC_NAME_MAX + 1);
	memcpy(text + METRIC_NAME_MAX + 1, ":1|c", 5);
	assert_int_equal(parse(text, &line), -EINVAL);
	assert_int_equal(parse(text + 1, &line), 0);
	static const char tagged[] = "a:1|c|#desk:x\0y";
	assert_int_equal(statsd_line_parse(tagged, sizeof(tagged) - 1, &line, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is not a StatsD line")); /* nor does one end a label */
	text[4] = '\0';                                            /* a NUL ends no name */
	assert_int_equal(statsd_line_parse(text + 1, METRIC_NAME_MAX + 4, &line, &err), -EINVAL);
}

/* What was sampled comes back: value / rate * rate = value, in whole numbers. */
static void try_rate(struct dice *dice, void *context)
{
	static const int64_t tens[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
	char text[128];
	struct statsd_line line;
	(void)context;
	int64_t value = dice_between(dice, -100000, 100000), exact_e;
	int64_t rate_e = dice_between(dice, 1, 1000);
	(void)snprintf(text, sizeof(text), "a:%lld|c|@%lld.%03lld", (long long)value,
		       (long long)(rate_e / 1000), (long long)(rate_e % 1000));
	int128 over = (int128)value * 1000 * tens[DECIMALS_MAX]; /* value / rate in millionths */
	int rc = parse(text, &line);
	assert_int_equal(rc, over % rate_e == 0 ? 0 : -EINVAL);
	if (rc < 0)
		return;
	assert_int_equal(
		decimal_parse(line.value, strlen(line.value), DECIMALS_MAX, &exact_e, &err), 0);
	assert_true((int128)exact_e * rate_e == (int128)value * 1000 * tens[DECIMALS_MAX]);
}

static void a_sampled_count_is_exact_or_refused(void **state)
{
	(void)state;
	for_all_seeds(2000, try_rate, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_taken_as_their_senders_mean_them),
		cmocka_unit_test(what_is_refused_says_why),
		cmocka_unit_test(a_name_that_is_too_long_is_no_line),
		cmocka_unit_test(a_sampled_count_is_exact_or_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
