/* Where an invitation comes from, and how long the daemon waits between attempts; with real
 * processes: tests/system/test_first_run.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/scratch.h"
#include "uplink/admission.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE                                                                                       \
	"lantoa://tinh.example.vn:5670/28249#CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA."         \
	"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static char *file_with(const char *text)
{
	static char path[SCRATCH_MAX + 16];
	static char folder[SCRATCH_MAX];
	FILE *file;
	if (!*folder)
		scratch_make(true, folder);
	(void)snprintf(path, sizeof(path), "%s/invitation", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static void an_invitation_is_a_line_or_a_file_that_holds_it(void **state)
{
	struct invitation from_line, from_file;
	struct err err = { 0 };
	(void)state;
	assert_int_equal(admission_read(LINE, &from_line, &err), 0);
	assert_string_equal(from_line.office, "28249");
	assert_int_equal(admission_read(file_with(LINE "\n"), &from_file, &err), 0);
	assert_memory_equal(&from_line, &from_file, sizeof(from_line));
	assert_int_equal(admission_read(file_with("\n\n  " LINE "\r\n"), &from_file, &err), 0);
	assert_memory_equal(&from_line, &from_file, sizeof(from_line));
}

static void what_is_none_is_refused_without_telling_the_secret(void **state)
{
	char long_text[2000];
	struct invitation invitation;
	struct err err = { 0 };
	(void)state;
	assert_int_equal(admission_read("/nowhere/28249.invitation", &invitation, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/28249.invitation"));
	assert_int_equal(admission_read(file_with("28249"), &invitation, &err), -EINVAL);
	assert_non_null(strstr(err.text, "/invitation: "));
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(admission_read(file_with(long_text), &invitation, &err), -EINVAL);
	assert_non_null(strstr(err.text, "too long"));
	/* a slip of the keyboard makes no file's name of a secret */
	assert_int_equal(admission_read(&LINE[1], &invitation, &err), -EINVAL);
	assert_null(strstr(err.text, "AQAAA"));
	assert_int_equal(admission_read("lantoa:/" LINE, &invitation, &err), -EINVAL);
	assert_null(strstr(err.text, "AQAAA"));
}

static void pauses_grow_from_the_shortest_to_ten_of_the_longest(void **state)
{
	const struct settings settings = { .reconnect_min_ms = 5000, .reconnect_max_ms = 30000 };
	(void)state;
	assert_int_equal(admission_pause_ms(&settings, 0, false, 0), 5000);
	assert_int_equal(admission_pause_ms(&settings, 0, false, 2500), 2500);
	assert_int_equal(admission_pause_ms(&settings, 1, false, 0), 10000);
	assert_int_equal(admission_pause_ms(&settings, 5, false, 0), 160000);
	assert_int_equal(admission_pause_ms(&settings, 6, false, 0), 300000);
	assert_int_equal(admission_pause_ms(&settings, 4000000000u, false, 0), 300000);
	assert_int_equal(admission_pause_ms(&settings, 0, true, 0), 300000);
	for (uint64_t dice = 0; dice < 1000000; dice += 997) {
		uint64_t pause_ms = admission_pause_ms(&settings, 2, false, dice * dice);
		assert_in_range(pause_ms, 10000, 20000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_invitation_is_a_line_or_a_file_that_holds_it),
		cmocka_unit_test(what_is_none_is_refused_without_telling_the_secret),
		cmocka_unit_test(pauses_grow_from_the_shortest_to_ten_of_the_longest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
