/* A frame of `lantoa top`: rates from two expositions, and never a number that is not known. */
#include "cli/top_screen.h"
#include "common/text/csv_table.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char before[] = "# HELP lantoa_observations_total x\n"
			     "lantoa_observations_total 1000\n"
			     "lantoa_batches_total 10\n"
			     "lantoa_offices_connected 5\n"
			     "lantoa_offices_silent 2\n"
			     "lantoa_commits_total 4\n"
			     "lantoa_commit_duration_seconds_bucket{le=\"0.01\"} 4\n"
			     "lantoa_commit_duration_seconds_bucket{le=\"0.1\"} 4\n"
			     "lantoa_commit_duration_seconds_bucket{le=\"+Inf\"} 4\n"
			     "lantoa_commit_duration_seconds_sum 0.02\n"
			     "lantoa_commit_duration_seconds_count 4\n";
static const char now[] = "lantoa_observations_total 6000\n"
			  "lantoa_batches_total 11\n"
			  "lantoa_offices_connected 1249\n"
			  "lantoa_offices_silent 2\n"
			  "lantoa_commits_total 6\n"
			  "lantoa_commit_duration_seconds_bucket{le=\"0.01\"} 5\n"
			  "lantoa_commit_duration_seconds_bucket{le=\"0.1\"} 6\n"
			  "lantoa_commit_duration_seconds_bucket{le=\"+Inf\"} 6\n"
			  "lantoa_commit_duration_seconds_sum 0.08\n"
			  "lantoa_commit_duration_seconds_count 6\n"
			  "lantoa_disk_free_bytes 1073741824\n"
			  "lantoa_condition{name=\"store_failing\",gravity=\"ill\"} 1\n"
			  "lantoa_condition{name=\"disk_short\",gravity=\"ill\"} 0\n"
			  "lantoa_condition{name=\"offices_silent\",gravity=\"note\"} 1\n";

static char *drawn(const struct top_facts *facts, size_t columns, size_t rows)
{
	const struct drawn_room room = { .columns = columns };
	char *text = NULL;
	size_t len;
	struct err err;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(top_screen(facts, &room, rows, out, &err), 0);
	fclose(out);
	return text;
}

static void assert_holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void samples_are_found_by_their_whole_name(void **state)
{
	int64_t value = 0;

	(void)state;
	assert_int_equal(top_sample(now, "lantoa_offices_connected", &value), 0);
	assert_int_equal(value, 1249000000);
	assert_int_equal(top_sample(now, "lantoa_commit_duration_seconds_sum", &value), 0);
	assert_int_equal(value, 80000);
	assert_int_equal(top_sample(now, "lantoa_offices", &value), -ENOENT);
	assert_int_equal(top_sample("", "lantoa_offices", &value), -ENOENT);
}

static void rates_are_of_the_time_between_two_looks(void **state)
{
	const struct top_facts facts = {
		.now = now, .before = before, .between_us = 2000000, .clock = "14:05:00"
	};
	char *text = drawn(&facts, 0, 0);

	(void)state;
	assert_holds(text, "1,249 connected, 2 silent, - late");
	assert_holds(text, "2,500 a second, in 0.5 batches");
	assert_holds(text, "commits:   1 a second; 30.0 ms on average, 99 of 100 below 100 ms");
	assert_holds(text, "1,024 MiB free");
	assert_holds(text, "wrong:     store_failing\n");
	assert_null(strstr(text, "disk_short"));
	assert_null(strstr(text, "offices_silent"));
	free(text);
}

/* The first look, and a daemon that was started anew between two of them. */
static void what_is_not_known_is_no_zero(void **state)
{
	struct top_facts facts = { .now = now, .clock = "14:05:00" };
	char *text = drawn(&facts, 0, 0);

	(void)state;
	assert_holds(text, "figures:   - a second, in - batches");
	free(text);
	facts = (struct top_facts){
		.now = before, .before = now, .between_us = 1000000, .clock = "14:05:00"
	};
	text = drawn(&facts, 0, 0);
	assert_holds(text, "figures:   - a second, in - batches");
	assert_holds(text, "commits:   - a second; - ms on average, 99 of 100 below - ms");
	free(text);
}

static void who_needs_a_call_stands_below_as_far_as_there_is_room(void **state)
{
	static const char csv[] = "office,name,why,missing\n28001,Phường Một,\"late, silent\",3\n"
				  "28002,Phường Hai,late,1\n";
	struct table *offices = NULL;
	struct err err;

	(void)state;
	assert_int_equal(csv_table(csv, strlen(csv), &offices, &err), 0);
	struct top_facts facts = { .now = now, .offices = offices, .clock = "14:05:00" };
	char *whole = drawn(&facts, 80, 0), *cut = drawn(&facts, 80, 10);
	size_t lines = 0;

	assert_holds(whole, "Phường Hai");
	for (const char *at = cut; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 10);
	assert_int_equal(strncmp(whole, cut, strlen(cut)), 0);
	free(whole);
	free(cut);
	table_close(offices);
}

static int setup(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_found_by_their_whole_name),
		cmocka_unit_test(rates_are_of_the_time_between_two_looks),
		cmocka_unit_test(what_is_not_known_is_no_zero),
		cmocka_unit_test(who_needs_a_call_stands_below_as_far_as_there_is_room),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
