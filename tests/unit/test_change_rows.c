/* What a page of the ledger changes in the mirror's tables: mirror/change_rows.c. */
#include "mirror/change_rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
	struct change_rows *rows;
	struct changes_page page;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(change_rows_open("82", &f->rows, &f->err), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	change_rows_close(f->rows);
	changes_page_free(&f->page);
	free(f);
	return 0;
}

/* @items: those of a page behind position 10. */
static int take(struct fixture *f, const char *items, int n)
{
	static char text[1 << 17];
	(void)snprintf(text, sizeof(text),
		       "{\"epoch\": 7, \"head\": \"99:x\", \"items\": [%s], \"position\": %d}",
		       items, 10 + n);
	changes_page_free(&f->page);
	if (changes_page_read(text, strlen(text), 10, &f->page, &f->err) < 0)
		fail_msg("%s", f->err.text);
	return change_rows_take(f->rows, &f->page, &f->err);
}

static void take_well(struct fixture *f, const char *items, int n)
{
	if (take(f, items, n) < 0)
		fail_msg("%s", f->err.text);
}

#define BATCH(position, entry, figures, holds)                                                     \
	"{\"position\": " #position                                                                \
	", \"at_us\": 5, \"link\": \"l\", \"batch\": {\"entry\": " #entry                          \
	", \"office\": \"28001\", \"office_id\": 1, \"spool\": \"18446744073709551615\","          \
	" \"seq\": " #entry ", \"day\": \"2025-04-01\", \"figures\": [" figures                    \
	"], \"holds\": [" holds "]}}"
#define RUN(metric, labels, values)                                                                \
	"{\"metric\": \"" metric "\", \"labels\": \"" labels "\", \"calendar\": \"civil\","        \
	" \"values\": [" values "]}"
#define EVENT(position, rows)                                                                      \
	"{\"position\": " #position ", \"at_us\": 5, \"link\": \"l\", \"event\": {\"id\": 3,"      \
	" \"after_entry\": 0, \"moves\": 1, \"kind\": \"k\", \"who\": \"w\", \"detail\": \"d\","   \
	" \"body\": {\"rows\": {" rows "}}}}"

/* The only step about @table whose statement begins with @begin; NULL: there is none. */
static const struct row_step *find(const struct fixture *f, const char *begin)
{
	const struct row_step *found = NULL;
	for (size_t i = 0; i < change_rows_n(f->rows); i++) {
		const struct row_step *step = change_rows_step(f->rows, i);
		if (strncmp(step->sql, begin, strlen(begin)) == 0) {
			assert_null(found);
			found = step;
		}
	}
	return found;
}

#define CLOSE_FIGURES "UPDATE lantoa.figure"
#define PUT_FIGURES   "INSERT INTO lantoa.figure"
#define STAND_ANEW    "WITH touched"

static void
a_value_closes_the_one_before_it_in_the_page_and_the_first_closes_the_table(void **state)
{
	struct fixture *f = *state;
	take_well(f,
		  BATCH(11, 4, RUN("a", "", "[\"2025-04-01\", \"5\"]"),
			"") ", " BATCH(12, 5,
				       RUN("a", "", "[\"2025-04-01\", \"7.50\"]") ", " RUN(
					       "b", "", "[\"2025-04-01\", null]"),
				       ""),
		  2);
	const struct row_step *put = find(f, PUT_FIGURES), *close = find(f, CLOSE_FIGURES);
	assert_non_null(put);
	assert_string_equal(put->params[0], "82");
	assert_string_equal(put->params[6], "{11,12,12}");      /* known_from */
	assert_string_equal(put->params[9], "{4,5,5}");         /* entry */
	assert_string_equal(put->params[10], "{12,NULL,NULL}"); /* known_to */
	assert_string_equal(put->params[12], "{5,7.50,NULL}");  /* as exact as it came */
	assert_int_equal(put->expect, 3);
	assert_string_equal(close->params[2], "{\"a\",\"b\"}");
	assert_string_equal(close->params[6], "{11,12}");
	/* What closes comes before what is put. */
	assert_true(close < put);
	assert_string_equal(find(f, "INSERT INTO lantoa.entry")->params[2],
			    "{18446744073709551615,18446744073709551615}");
	assert_int_equal(change_rows_figures(f->rows), 3);
}

static void what_is_held_never_stood_and_closes_nothing(void **state)
{
	struct fixture *f = *state;
	take_well(f,
		  BATCH(11, 4, RUN("a", "", "[\"2025-04-01\", \"5\", \"closed\"]"),
			"[0, -1, 1, \"closed\"]"),
		  1);
	assert_null(find(f, CLOSE_FIGURES));
	const struct row_step *put = find(f, PUT_FIGURES);
	assert_string_equal(put->params[6], put->params[10]);
	assert_non_null(strstr(find(f, "INSERT INTO lantoa.quarantine")->params[0], "\"closed\""));
}

static void texts_stay_what_they_are(void **state)
{
	struct fixture *f = *state;
	take_well(f, BATCH(11, 4, RUN("a", "d=\\\"x\\\\y,{}NULL", "[\"2025-04-01\", \"5\"]"), ""),
		  1);
	assert_string_equal(find(f, PUT_FIGURES)->params[3], "{\"d=\\\"x\\\\y,{}NULL\"}");
}

static void many_figures_go_by_copy(void **state)
{
	struct fixture *f = *state;
	char items[1 << 15] = "", values[1 << 14] = "";
	for (int i = 0; i < 300; i++)
		(void)snprintf(values + strlen(values), sizeof(values) - strlen(values),
			       "%s[\"2025-04-01T%02d:%02d\", %s]", i ? ", " : "", i / 60, i % 60,
			       i == 299 ? "null" : "\"1\"");
	(void)snprintf(items, sizeof(items), BATCH(11, 4, RUN("a", "d=t\\tx\\\\", "%s"), ""),
		       values);
	take_well(f, items, 1);
	const struct row_step *copy = find(f, "COPY lantoa.figure");
	assert_true(copy->is_copy);
	assert_int_equal(copy->expect, 300);
	assert_int_equal(copy->copy_len, strlen(copy->params[0]));
	static const char first[] =
		"82\t28001\ta\td=t\\tx\\\\\tcivil\t2025-04-01T00:00\t11\t0\t0\t4\t"
		"\\N\t2025-04-01\t1\n82\t";
	assert_memory_equal(copy->params[0], first, strlen(first));
	static const char last[] = "\t2025-04-01\t\\N\n"; /* withdrawn */
	assert_string_equal(copy->params[0] + copy->copy_len - strlen(last), last);
}

static void a_first_fill_looks_for_what_it_brought_itself_alone(void **state)
{
	struct fixture *f = *state;
	change_rows_fresh(f->rows, true);
	take_well(f, BATCH(11, 4, RUN("a", "", "[\"2025-04-01\", \"5\"]"), ""), 1);
	assert_null(find(f, CLOSE_FIGURES));
	take_well(f, BATCH(11, 5, RUN("b", "", "[\"2025-04-01\", \"5\"]"), ""), 1);
	assert_null(find(f, CLOSE_FIGURES));
	take_well(f, BATCH(11, 6, RUN("a", "", "[\"2025-04-01\", \"6\"]"), ""), 1);
	assert_non_null(find(f, CLOSE_FIGURES));
	/* Once anybody else may have been there, all is looked for. */
	change_rows_fresh(f->rows, false);
	take_well(f, BATCH(11, 7, RUN("c", "", "[\"2025-04-01\", \"5\"]"), ""), 1);
	assert_non_null(find(f, CLOSE_FIGURES));
}

/* It may have been released since, and stand in the table. */
static void a_first_fill_looks_for_what_was_held_when_it_came_too(void **state)
{
	struct fixture *f = *state;
	change_rows_fresh(f->rows, true);
	take_well(f,
		  BATCH(11, 4, RUN("a", "", "[\"2025-04-01\", \"5\", \"closed\"]"),
			"[0, -1, 1, \"closed\"]"),
		  1);
	assert_null(find(f, CLOSE_FIGURES));
	take_well(f, BATCH(11, 6, RUN("a", "", "[\"2025-04-01\", \"6\"]"), ""), 1);
	const struct row_step *close = find(f, CLOSE_FIGURES);
	assert_non_null(close);
	assert_string_equal(close->params[2], "{\"a\"}");
}

static void a_row_that_an_event_changes_twice_is_changed_once(void **state)
{
	struct fixture *f = *state;
	take_well(f,
		  EVENT(11, "\"unit\": {\"columns\": [\"id\", \"code\", \"name\", \"level\","
			    " \"parent\", \"valid_from\", \"valid_to\"], \"changes\": ["
			    "[[1, \"x\", \"was\", \"commune\", null, 0, null],"
			    " [1, \"x\", \"between\", \"commune\", null, 0, null]],"
			    "[[1, \"x\", \"between\", \"commune\", null, 0, null],"
			    " [1, \"x\", \"is\", \"commune\", null, 0, 20179]],"
			    "[null, [2, \"y\", \"never\", \"commune\", null, 0, null]],"
			    "[[2, \"y\", \"never\", \"commune\", null, 0, null], null]]}"),
		  1);
	const struct row_step *close = find(f, "UPDATE lantoa.unit"),
			      *add = find(f, "INSERT INTO lantoa.unit");
	assert_int_equal(close->expect, 1);
	assert_string_equal(close->params[1], "11");
	assert_null(strstr(close->params[2], "\"y\""));
	assert_non_null(strstr(add->params[0], "\"name\":\"is\""));
	assert_non_null(
		strstr(add->params[0], "\"valid_to\":\"2025-04-01\"")); /* a day, not a number */
	assert_non_null(strstr(add->params[0], "\"known_from\":11"));
	assert_null(strstr(add->params[0], "between"));
	assert_null(strstr(add->params[0], "never"));
}

#define OF_QUARANTINE                                                                              \
	"\"quarantine\": {\"columns\": [\"journal\", \"run\", \"point\", \"verdict\","             \
	" \"observations\", \"released_us\", \"held_us\"], \"changes\": "
#define HELD_5                                                                                     \
	BATCH(11, 4, RUN("a", "", "[\"2025-04-01\", \"5\", \"closed\"]"), "[0, -1, 1, \"closed\"]")
#define LATER_6 BATCH(13, 5, RUN("a", "", "[\"2025-04-01\", \"6\"]"), "")
#define RELEASE                                                                                    \
	EVENT(12, OF_QUARANTINE "[[[4, 0, -1, 8, 1, null, null], [4, 0, -1, 8, 1, 99, null]]]}")

static void a_release_has_what_stands_looked_up_behind_the_batches_before_it(void **state)
{
	struct fixture *f = *state;
	take_well(f, HELD_5 ", " RELEASE ", " LATER_6, 3);
	const struct row_step *anew = find(f, STAND_ANEW);
	assert_string_equal(anew->params[1], "12");
	assert_string_equal(anew->params[2], "{4}");
	assert_string_equal(anew->params[3], "{0}");
	size_t puts = 0, before = 0;
	for (size_t i = 0; i < change_rows_n(f->rows); i++) {
		const struct row_step *step = change_rows_step(f->rows, i);
		puts += strncmp(step->sql, PUT_FIGURES, strlen(PUT_FIGURES)) == 0;
		if (step == anew)
			before = puts;
	}
	assert_int_equal(puts, 2);
	assert_int_equal(before, 1);
	assert_non_null(
		strstr(find(f, "UPDATE lantoa.quarantine")->params[2], "\"verdict\":\"closed\""));
}

static void an_imported_file_takes_the_place_of_the_one_before(void **state)
{
	struct fixture *f = *state;
	take_well(f,
		  EVENT(11, "\"catalogue\": {\"columns\": [\"id\", \"imported_us\", \"csv\"],"
			    " \"changes\": [[null, [1, 5, {\"text\": \"name,unit\\nold,x\\n\"}]],"
			    " [null, [2, 5, {\"text\": \"name,unit\\na,\\nb,\\\"x,y\\\"\\n\"}]]]}"),
		  1);
	assert_string_equal(find(f, "UPDATE lantoa.line")->params[2], "catalogue");
	assert_string_equal(find(f, "INSERT INTO lantoa.line")->params[0],
			    "[{\"province\":\"82\",\"file\":\"catalogue\",\"number\":1,"
			    "\"cells\":{\"name\":\"a\"},\"known_from\":11},"
			    "{\"province\":\"82\",\"file\":\"catalogue\",\"number\":2,"
			    "\"cells\":{\"name\":\"b\",\"unit\":\"x,y\"},\"known_from\":11}]");
}

static void what_is_damaged_has_its_place(void **state)
{
	struct fixture *f = *state;
	take_well(
		f,
		"{\"position\": 11, \"damaged\": {\"kind\": \"entry\", \"id\": 1, \"why\": \"w\"}}",
		1);
	const struct row_step *put = find(f, "INSERT INTO lantoa.event");
	assert_string_equal(put->params[4], "damaged");
	assert_null(put->params[9]);
	assert_int_equal(change_rows_damaged(f->rows), 1);
}

static void what_no_ledger_says_is_refused_and_leaves_no_steps(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(take(f, EVENT(11, "\"unit\": 5"), 1), -EBADMSG);
	assert_int_equal(change_rows_n(f->rows), 0);
	assert_int_equal(take(f,
			      EVENT(11, "\"catalogue\": {\"changes\": [[null, [1, {\"text\":"
					" \"a\\n\\\"\"}]]]}"),
			      1),
			 -EINVAL);
	assert_int_equal(change_rows_n(f->rows), 0);
}

/* It is asked for once more, and nothing of what was begun with it is looked at. */
static void a_page_that_cannot_be_taken_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	const char good[] = BATCH(11, 4, RUN("a", "", "[\"2025-04-01\", \"5\"]"), "");
	char broken[2048];
	(void)snprintf(broken, sizeof(broken), "%s, %s", good,
		       "{\"position\": 12, \"at_us\": 5, \"link\": \"l\", \"other\": {}}");
	assert_int_equal(take(f, broken, 2), -EBADMSG);
	assert_int_equal(change_rows_n(f->rows), 0);
	take_well(f, good, 1);
	assert_int_equal(change_rows_figures(f->rows), 1);
	assert_string_equal(find(f, PUT_FIGURES)->params[10], "{NULL}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(a_value_closes_the_one_before_it_in_the_page_and_the_first_closes_the_table),
		TEST(what_is_held_never_stood_and_closes_nothing),
		TEST(texts_stay_what_they_are),
		TEST(many_figures_go_by_copy),
		TEST(a_first_fill_looks_for_what_it_brought_itself_alone),
		TEST(a_first_fill_looks_for_what_was_held_when_it_came_too),
		TEST(a_row_that_an_event_changes_twice_is_changed_once),
		TEST(a_release_has_what_stands_looked_up_behind_the_batches_before_it),
		TEST(an_imported_file_takes_the_place_of_the_one_before),
		TEST(what_is_damaged_has_its_place),
		TEST(what_no_ledger_says_is_refused_and_leaves_no_steps),
		TEST(a_page_that_cannot_be_taken_leaves_nothing),
	};
	return cmocka_run_group_tests_name("change_rows", tests, NULL, NULL);
}
