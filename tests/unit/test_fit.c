/* Text fits a screen: no word is broken, no number cut, and what is left out is told. */
#include "common/base/blob.h"
#include "common/text/drawn.h"
#include "common/text/fit.h"
#include "support/fault.h"

#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static void assert_wrapped(const char *text, size_t columns, const char *expected)
{
	struct blob lines = { 0 };

	assert_int_equal(fit_lines(text, columns, &lines), 0);
	assert_int_equal(blob_append(&lines, "", 1), 0);
	assert_string_equal((const char *)lines.data, expected);
	blob_free(&lines);
}

static void assert_cut(const char *text, size_t cells, const char *expected)
{
	struct blob cut = { 0 };

	assert_int_equal(fit_cut(text, cells, &cut), 0);
	assert_int_equal(blob_append(&cut, "", 1), 0);
	assert_string_equal((const char *)cut.data, expected);
	blob_free(&cut);
}

static void letters_count_and_colours_do_not(void **state)
{
	(void)state;
	assert_int_equal(fit_cells("Xã Đạo Thạnh"), 12);
	assert_int_equal(fit_cells("\x1b[31mXã\x1b[0m"), 2);
	assert_int_equal(fit_longest_word("Đạo Thạnh là xã"), 5);
}

static void lines_are_wrapped_between_words(void **state)
{
	(void)state;
	assert_wrapped("one two three four five six seven\n", 20,
		       "one two three four\nfive six seven\n");
	assert_wrapped("short\n\nshort too", 20, "short\n\nshort too");
	assert_wrapped("one two three four five six seven", 0, "one two three four five six seven");
}

static void what_goes_on_stands_under_what_it_goes_on_with(void **state)
{
	(void)state;
	assert_wrapped("    one two three four five six seven\n", 30,
		       "    one two three four five\n    six seven\n");
	assert_wrapped("state:    nothing to be done now, all is well\n", 34,
		       "state:    nothing to be done now,\n          all is well\n");
}

/* A token, an address: whoever copies it wants all of it. */
static void a_word_longer_than_the_screen_stays_whole(void **state)
{
	(void)state;
	assert_wrapped("lantoa://office-28001-of-the-province#key\n", 20,
		       "lantoa://office-28001-of-the-province#key\n");
	assert_wrapped("say lantoa://office-28001-of-the-province again\n", 20,
		       "say\nlantoa://office-28001-of-the-province\nagain\n");
}

static void what_is_shortened_says_so(void **state)
{
	(void)state;
	assert_cut("Xã Đạo Thạnh", 12, "Xã Đạo Thạnh");
	assert_cut("Xã Đạo Thạnh", 9, "Xã Đạo T…");
	assert_cut("Xã Đạo Thạnh", 8, "Xã Đạo…");
}

/* --- tables --- */

static char *text_of(struct drawn *drawn, size_t columns, bool colour)
{
	const struct drawn_room room = { .columns = columns, .colour = colour };
	char *text = NULL;
	size_t len;
	struct err err;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(drawn_print(drawn, &room, out, &err), 0);
	fclose(out);
	drawn_close(drawn);
	return text;
}

static struct drawn *communes(void)
{
	static const char *const rows[][4] = {
		{ "28001", "Phường Đạo Thạnh của thành phố Mỹ Tho", "1,249", "12" },
		{ "28002", "Xã Một", "7", "3" },
	};
	struct drawn *drawn = drawn_open();

	assert_non_null(drawn);
	drawn_column(drawn, "Area", DRAWN_MAIN);
	drawn_column(drawn, "Name of area", DRAWN_TEXT);
	drawn_column(drawn, "Offices reported", DRAWN_NUMBER);
	drawn_column(drawn, "Observations", DRAWN_NUMBER | DRAWN_LESSER);
	for (size_t i = 0; i < 2; i++) {
		drawn_row(drawn);
		for (size_t j = 0; j < 4; j++)
			drawn_cell(drawn, rows[i][j],
				   i == 0 && j == 2 ? GRAVITY_BAD : GRAVITY_NONE);
	}
	return drawn;
}

static void assert_drawn(size_t columns, const char *expected)
{
	char *text = text_of(communes(), columns, false);

	assert_string_equal(text, expected);
	free(text);
}

static void all_is_shown_where_there_is_room(void **state)
{
	static const char whole[] =
		"Area  Name of area                          Offices reported Observations\n"
		"28001 Phường Đạo Thạnh của thành phố Mỹ Tho            1,249           12\n"
		"28002 Xã Một                                               7            3\n";

	(void)state;
	assert_drawn(0, whole);
	assert_drawn(73, whole);
}

static void titles_go_on_below_before_anything_is_cut(void **state)
{
	(void)state;
	assert_drawn(72, "                                             Offices \n"
			 "Area  Name of area                          reported Observations\n"
			 "28001 Phường Đạo Thạnh của thành phố Mỹ Tho    1,249           12\n"
			 "28002 Xã Một                                       7            3\n");
}

static void text_is_shortened_before_a_column_leaves(void **state)
{
	char *text = text_of(communes(), 50, false);

	(void)state;
	assert_non_null(strstr(text, "…"));
	assert_non_null(strstr(text, "Observations"));
	assert_non_null(strstr(text, "1,249"));
	free(text);
}

static void a_column_that_leaves_is_named_and_numbers_stay_whole(void **state)
{
	char *text = text_of(communes(), 30, false);

	(void)state;
	assert_non_null(strstr(text, "1,249"));
	assert_non_null(strstr(text, "left out"));
	assert_non_null(strstr(strstr(text, "left out"), "Observations"));
	free(text);
}

static void no_line_is_wider_than_the_screen(void **state)
{
	(void)state;
	for (size_t columns = 20; columns < 80; columns++) {
		char *text = text_of(communes(), columns, true);

		for (char *at = text, *end; *at; at = end + 1) {
			end = strchr(at, '\n');
			*end = '\0';
			if (fit_cells(at) > columns)
				fail_msg("%zu columns: %s", columns, at);
		}
		free(text);
	}
}

static void colour_is_for_those_who_asked(void **state)
{
	char *plain = text_of(communes(), 80, false), *coloured = text_of(communes(), 80, true);

	(void)state;
	assert_null(strchr(plain, '\x1b'));
	assert_non_null(strstr(coloured, "\x1b[31m"));
	free(plain);
	free(coloured);
}

static void times_lose_their_seconds_first(void **state)
{
	struct drawn *drawn = drawn_open();

	(void)state;
	assert_non_null(drawn);
	drawn_column(drawn, "Time", 0);
	drawn_column(drawn, "Who", DRAWN_TEXT);
	drawn_row(drawn);
	drawn_cell(drawn, "2026-11-30T19:47:07.123456+07:00", GRAVITY_NONE);
	drawn_cell(drawn, "unix:uid=1000", GRAVITY_NONE);
	char *text = text_of(drawn, 40, false);

	assert_string_equal(text, "Time             Who\n"
				  "2026-11-30 19:47 unix:uid=1000\n");
	free(text);
}

/* Whoever reads why something waits wants all of it. */
static void sentences_go_on_below(void **state)
{
	struct drawn *drawn = drawn_open();

	(void)state;
	assert_non_null(drawn);
	drawn_column(drawn, "Office", 0);
	drawn_column(drawn, "Reason", DRAWN_SENTENCE);
	drawn_column(drawn, "Value", DRAWN_NUMBER);
	drawn_row(drawn);
	drawn_cell(drawn, "28001", GRAVITY_NONE);
	drawn_cell(drawn, "the office was not assigned to a unit", GRAVITY_NONE);
	drawn_cell(drawn, "1,249", GRAVITY_NONE);
	char *text = text_of(drawn, 38, false);

	assert_non_null(strstr(text, "28001"));
	assert_non_null(strstr(text, "the office was not"));
	assert_non_null(strstr(text, "\n       assigned to a unit"));
	assert_non_null(strstr(text, "1,249\n"));
	assert_null(strstr(text, "left out"));
	free(text);
}

static void lack_of_memory_is_an_error(void **state)
{
	bool fired = true;

	(void)state;
	for (unsigned after = 0; fired; after++) {
		const struct drawn_room room = { .columns = 30 };
		struct err err;
		FILE *out = fopen("/dev/null", "w");
		int rc = -ENOMEM;

		assert_non_null(out);
		fault_arm_at(FAULT_MEMORY, after);
		struct drawn *drawn = drawn_open();
		if (drawn) {
			drawn_column(drawn, "Name of it", DRAWN_TEXT);
			drawn_column(drawn, "A value of some width", DRAWN_NUMBER);
			drawn_column(drawn, "Another of that width", DRAWN_LESSER);
			drawn_row(drawn);
			drawn_cell(drawn, "a name that is far too long for it", GRAVITY_NONE);
			drawn_cell(drawn, "1", GRAVITY_BAD);
			rc = drawn_print(drawn, &room, out, &err);
		}
		fired = fault_disarm();
		assert_int_equal(rc, fired ? -ENOMEM : 0);
		drawn_close(drawn);
		fclose(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_count_and_colours_do_not),
		cmocka_unit_test(lines_are_wrapped_between_words),
		cmocka_unit_test(what_goes_on_stands_under_what_it_goes_on_with),
		cmocka_unit_test(a_word_longer_than_the_screen_stays_whole),
		cmocka_unit_test(what_is_shortened_says_so),
		cmocka_unit_test(all_is_shown_where_there_is_room),
		cmocka_unit_test(titles_go_on_below_before_anything_is_cut),
		cmocka_unit_test(text_is_shortened_before_a_column_leaves),
		cmocka_unit_test(a_column_that_leaves_is_named_and_numbers_stay_whole),
		cmocka_unit_test(no_line_is_wider_than_the_screen),
		cmocka_unit_test(colour_is_for_those_who_asked),
		cmocka_unit_test(times_lose_their_seconds_first),
		cmocka_unit_test(sentences_go_on_below),
		cmocka_unit_test(lack_of_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
