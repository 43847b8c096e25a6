#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/answers.h"
#include "cli/draw.h"
#include "common/base/i18n.h"
#include "common/text/csv_table.h"
#include "support/fault.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

static const struct drawn_room unlimited = { 0 };

static int setup(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static int draw(const char *csv, const char *show, char **ret_text)
{
	struct table *table = NULL;
	struct err err;
	size_t len;
	FILE *out = open_memstream(ret_text, &len);

	assert_non_null(out);
	assert_int_equal(csv_table(csv, strlen(csv), &table, &err), 0);
	int rc = draw_table(table, show, &unlimited, out, &err);
	table_close(table);
	fclose(out);
	return rc;
}

static void assert_drawn(const char *csv, const char *show, const char *expected)
{
	char *text = NULL;

	assert_int_equal(draw(csv, show, &text), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void vietnamese_letters_take_one_place_each(void **state)
{
	(void)state;
	assert_drawn("name,value\nXã Đạo Thạnh,1\nAbc,20\n", NULL,
		     "Name         Value\n"
		     "Xã Đạo Thạnh     1\n"
		     "Abc             20\n");
}

static void points_stand_below_one_another(void **state)
{
	(void)state;
	assert_drawn("value,code\n60.41169,1\n8,2\n-0.5,3\n,4\n", NULL,
		     "   Value Code\n"
		     "60.41169 1\n"
		     " 8       2\n"
		     "-0.5     3\n"
		     "         4\n");
}

static void columns_come_in_the_order_asked_without_the_empty_ones(void **state)
{
	(void)state;
	assert_drawn("a,b,reason,missing\n1,2,,0\n3,4,,0\n", "b a reason missing nowhere",
		     "b a\n2 1\n4 3\n");
	assert_drawn("a,missing\n1,0\n2,5\n", NULL, "a Missing\n1       0\n2       5\n");
}

/* Cells are what offices and other versions wrote, and the screen would obey some of it. */
static void nothing_that_a_terminal_obeys_comes_through(void **state)
{
	(void)state;
	assert_drawn("name,b\x1b]0;x\x07\n\x1b[2Jx\xc2\x9b,\xe2\x80\xae"
		     "7\n",
		     NULL,
		     "Name   b?]0;x?\n"
		     "?[2Jx? ?7\n");
}

static void pairs_are_spaced(void **state)
{
	(void)state;
	assert_drawn("targets\n2025=15;2030=25\n", NULL, "Targets\n2025: 15; 2030: 25\n");
	assert_drawn("operands\na=;b=7\n", NULL, "Operands\na: -; b: 7\n");
}

/* What became of a column of the catalogue is a text, and of a figure a number. */
static void what_is_no_number_stands_left(void **state)
{
	(void)state;
	assert_drawn("column,became\nlabel,Tổ\ndecimals,0\n", NULL,
		     "Column   Became\nlabel    Tổ\ndecimals 0\n");
	assert_drawn("metric,became\na,1249\nb,7\n", NULL,
		     "Metric Became\na       1,249\nb           7\n");
}

static void until_is_of_a_period_where_there_is_one(void **state)
{
	(void)state;
	assert_drawn("office,until\n1,2026-11-30\n", NULL, "Office Until\n1      2026-11-30\n");
	assert_drawn("period,until\n2026,2026-12-31\n", NULL,
		     "Period Under way until\n2026   2026-12-31\n");
}

static void control_characters_do_not_reach_the_screen(void **state)
{
	char *text = NULL;

	(void)state;
	assert_int_equal(draw("name\na\x1b[31mb\n", NULL, &text), 0);
	assert_null(strchr(text, '\x1b'));
	free(text);
}

static void lack_of_memory_is_an_error(void **state)
{
	bool fired = true;

	(void)state;
	for (unsigned after = 0; fired; after++) {
		struct table *table = NULL;
		struct err err;
		FILE *out = fopen("/dev/null", "w");

		assert_non_null(out);
		assert_int_equal(csv_table("name,value\na,1\nb,2\n", 18, &table, &err), 0);
		fault_arm_at(FAULT_MEMORY, after);
		int rc = draw_table(table, NULL, &unlimited, out, &err);
		fired = fault_disarm();
		assert_int_equal(rc, fired ? -ENOMEM : 0);
		table_close(table);
		fclose(out);
	}
}

static void states_are_said_in_the_reader_s_language(void **state)
{
	(void)state;
	(void)language_use(LANGUAGE_VIETNAMESE);
	assert_drawn("key,state\nnone,unit-ended\nrevoked,ended\nactive,good\n", NULL,
		     "Khóa       Tình trạng\n"
		     "chưa có    đơn vị hành chính hết hiệu lực\n"
		     "đã thu hồi đã kết thúc\n"
		     "đang dùng  dùng được\n");
	(void)language_use(LANGUAGE_ENGLISH);
}

/* What a sentence says, or nobody draws. */
static bool is_told(const char *name)
{
	static const char *const told[] = {
		"added",      "asked",      "cancelled", "changed",   "closed",
		"epoch",      "invitation", "items",     "moved",     "named",
		"older_copy", "position",   "published", "renamed",   "reopened",
		"revoked",    "run",        "token",     "verdict",   "removed",
		"counted",    "how",        "into",      "into_from", "zone",
	};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (strcmp(told[i], name) == 0)
			return true;
	return false;
}

static void every_column_has_words_in_both_languages(void **state)
{
	const char *name;

	(void)state;
	for (size_t i = 0; (name = answers_column(i)); i++)
		if (!is_told(name) && !draw_knows("", name))
			fail_msg("column %s has no title in cli/draw.c", name);
	for (size_t i = 0; (name = draw_title(i)); i++) {
		(void)language_use(LANGUAGE_VIETNAMESE);
		if (strcmp(gettext(name), name) == 0)
			fail_msg("'%s' is not translated", name);
		(void)language_use(LANGUAGE_ENGLISH);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vietnamese_letters_take_one_place_each),
		cmocka_unit_test(points_stand_below_one_another),
		cmocka_unit_test(columns_come_in_the_order_asked_without_the_empty_ones),
		cmocka_unit_test(nothing_that_a_terminal_obeys_comes_through),
		cmocka_unit_test(pairs_are_spaced),
		cmocka_unit_test(what_is_no_number_stands_left),
		cmocka_unit_test(until_is_of_a_period_where_there_is_one),
		cmocka_unit_test(control_characters_do_not_reach_the_screen),
		cmocka_unit_test(every_column_has_words_in_both_languages),
		cmocka_unit_test(states_are_said_in_the_reader_s_language),
		cmocka_unit_test(lack_of_memory_is_an_error),
	};
	i18n_serve(NULL);
	return cmocka_run_group_tests(tests, setup, NULL);
}
