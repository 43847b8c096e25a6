/* What a link asks for, read and written; numbers as they are shown. */
#include "dashboard/number.h"
#include "dashboard/screens.h"
#include "dashboard/view.h"
#include "support/seeds.h"

#include "common/base/i18n.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Values that each field takes; its name, and those. */
static const struct {
	const char *name, *values[4];
} all[] = {
	{ "name", { "team.count", "a.b,c.d", "x" } },
	{ "area", { "82", "28249", "xã Mỹ Phong & Co" } },
	{ "by", { "district", "office", "commune" } },
	{ "per", { "month", "year", "quarter" } },
	{ "labels", { "sector=land", "app=VNeID;sector=land", "a=b%c+d" } },
	{ "by_label", { "sector", "app" } },
	{ "versus", { "year", "period" } },
	{ "total", { "1" } },
	{ "office", { "28249", "82" } },
	{ "metric", { "team.count" } },
	{ "period", { "2025-06", "2025-Q2", "2026-W53" } },
	{ "label", { "sector=land" } },
	{ "entry", { "17" } },
	{ "state", { "firing", "held" } },
	{ "silent", { "1", "2d" } },
	{ "late", { "1" } },
	{ "behind", { "1.10" } },
	{ "heard", { "1" } },
	{ "sort", { "value", "-value" } },
	{ "top", { "1", "10", "9999" } },
	{ "before", { "4711" } },
	{ "after", { "28249" } },
	{ "wall", { "1" } },
};
static const char *const paths[] = { "/", "/figure", "/offices/28249", "/a b/Xã" };
#define N(list) (sizeof(list) / sizeof(list[0]))

static size_t pick(struct dice *dice, size_t n)
{
	return (size_t)dice_below(dice, n);
}

static void set(struct view *view, const char *name, const char *value)
{
	*view = view_with(view, name, value);
}

static struct view view_any(struct dice *dice)
{
	struct view none = { 0 }, view = view_at(&none, paths[pick(dice, N(paths))]);

	for (size_t i = 0; i < N(all); i++) {
		size_t n = 0;

		while (n < 4 && all[i].values[n])
			n++;
		if (pick(dice, 3) == 0)
			set(&view, all[i].name, all[i].values[pick(dice, n)]);
	}
	switch (pick(dice, 4)) { /* time is told in one way */
	case 0:
		set(&view, "last", "12");
		break;
	case 1:
		set(&view, "publication", "quý 2");
		return view;
	case 2:
		set(&view, "from", "2025-01");
		set(&view, "to", "2025");
		break;
	default:
		break;
	}
	set(&view, "structure", pick(dice, 2) ? "2025-06-30" : "");
	set(&view, "known", pick(dice, 2) ? "2025-07-05T14:00:00+07:00" : "2025-07-05");
	set(&view, "calendar", pick(dice, 2) ? "report" : "");
	return view;
}

static void one_is_read_back(struct dice *dice, void *context)
{
	char address[VIEW_ADDRESS_MAX], again[VIEW_ADDRESS_MAX];
	struct view view = view_any(dice), back;
	struct err err;

	(void)context;
	(void)view_address(&view, address);
	if (view_read(address, &back, &err) < 0)
		fail_msg("%s: %s", address, err.text);
	assert_memory_equal(&view, &back, sizeof(view));
	assert_string_equal(view_address(&back, again), address);
}

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	for_all_seeds(300, one_is_read_back, NULL);
}

static void read_as(const char *target, struct view *view)
{
	struct err err;

	if (view_read(target, view, &err) < 0)
		fail_msg("%s: %s", target, err.text);
}

static void a_form_sends_what_nobody_filled_in(void **state)
{
	char address[VIEW_ADDRESS_MAX];
	struct view view;

	(void)state;
	read_as("/figure?structure=&wall&name=a+b&last=&total=0", &view);
	assert_string_equal(view_address(&view, address), "/figure?name=a%20b&wall=1");
}

static void a_change_loses_nothing_else(void **state)
{
	char address[VIEW_ADDRESS_MAX];
	struct view view, changed;

	(void)state;
	read_as("/pivot?by=district&name=a.b&sort=-value&structure=2025-06-30&last=12", &view);
	changed = view_with(&view, "area", "815");
	assert_string_equal(view_address(&changed, address),
			    "/pivot?name=a.b&area=815&by=district&last=12&sort=-value&structure="
			    "2025-06-30");
	changed = view_with(&changed, "area", NULL);
	assert_memory_equal(&changed, &view, sizeof(view));
	changed = view_at(&view, "/offices/28249"); /* where and when is kept, what is not */
	assert_string_equal(view_address(&changed, address),
			    "/offices/28249?by=district&last=12&structure=2025-06-30");
	assert_string_equal(view_behind(&changed, "/offices/"), "28249");
	assert_null(view_behind(&changed, "/offices/28249"));
}

/* What is wrong is said, and what it says is right. */
static void what_is_wrong_is_said_with_what_would_do(void **state)
{
	static const struct {
		const char *target, *says, *right;
	} law[] = {
		{ "/?nam=a", "'nam', which no page knows; did you mean 'name'?", "/?name=a" },
		{ "/?perid=2025", "did you mean 'period'?", "/?period=2025" },
		{ "/?cats=1", "this address has 'cats', which no page knows", "/" },
		{ "/?total=2", "total: write 1, or leave it out", "/?total=1" },
		{ "/?total=2", "total: write 1, or leave it out", "/" },
		{ "/?top=x", "top: write a number from 1 to 9999", "/?top=9999" },
		{ "/?top=0", "top: write a number from 1 to 9999", "/?top=1" },
		{ "/?versus=day", "versus: 'day' is none of: year period", "/?versus=year" },
		{ "/?last=3&from=2025", "last: it cannot stand beside from or to", "/?from=2025" },
		{ "/?publication=a&known=2025-01-01",
		  "leave out from, to, last, calendar, structure and known", "/?publication=a" },
		{ "/?area=1&area=2", "area: it is given twice", "/?area=1" },
		{ "/?structure=2025-13-01", "structure: ", "/?structure=2025-12-01" },
		{ "/?known=yesterday", "known: ", "/?known=2025-12-01" },
		{ "/?from=June", "from: ", "/?from=2025-06" },
		{ "/?per=fortnight", "per: ", "/?per=week" },
		{ "/?area=%E2%80%AE", "area: it has a character that nobody can see", "/?area=a" },
	};
	char text[VIEW_TEXT_MAX + 64];
	struct view view;
	struct err err;

	(void)state;
	for (size_t i = 0; i < N(law); i++) {
		assert_int_equal(view_read(law[i].target, &view, &err), -EINVAL);
		if (!strstr(err.text, law[i].says))
			fail_msg("%s: %s", law[i].target, err.text);
		read_as(law[i].right, &view);
	}
	(void)snprintf(text, sizeof(text), "/?area=%0*d", (int)VIEW_TEXT_MAX, 1);
	assert_int_equal(view_read(text, &view, &err), -EINVAL);
	assert_non_null(strstr(err.text, "is too long"));
	text[strlen(text) - 1] = '\0';
	read_as(text, &view);
}

static void a_screen_refuses_what_it_has_no_use_for(void **state)
{
	const struct screen *screen;
	struct view view;
	struct err err;

	(void)state;
	assert_int_equal(screens_read("/nowhere?cats=1", &view, &screen, &err), -ENOENT);
	assert_int_equal(screens_read("/?late=1", &view, &screen, &err), -EINVAL);
	assert_string_equal(err.text, "this page has no use for 'late'; leave it out");
	assert_int_equal(screens_read("/", &view, &screen, &err), 0);
	assert_string_equal(screen->path, "/");
	assert_int_equal(screens_read("/offices?late=1&known=2025-06-30", &view, &screen, &err), 0);
	assert_string_equal(screen->path, "/offices");
}

/* --- numbers --- */

static void a_number_is_shown_digit_by_digit(void **state)
{
	static const struct {
		const char *exact, *english, *vietnamese;
	} law[] = {
		{ "0", "0", "0" },
		{ "8.592021", "8.592021", "8,592021" },
		{ "1249", "1,249", "1.249" },
		{ "-1234567.50", "−1,234,567.50", "−1.234.567,50" },
		{ "999", "999", "999" },
		{ "170141183460469231731687303715884105727",
		  "170,141,183,460,469,231,731,687,303,715,884,105,727",
		  "170.141.183.460.469.231.731.687.303.715.884.105.727" },
		{ "n/a", "n/a", "n/a" },
		{ "1.", "1.", "1." },
	};
	char shown[NUMBER_MAX];

	(void)state;
	for (size_t i = 0; i < N(law); i++) {
		(void)language_use(LANGUAGE_ENGLISH);
		assert_string_equal(number_shown(law[i].exact, shown), law[i].english);
		(void)language_use(LANGUAGE_VIETNAMESE);
		assert_string_equal(number_shown(law[i].exact, shown), law[i].vietnamese);
	}
	assert_string_equal(number_with_unit("8.5", "%", shown), "8,5%");
	assert_string_equal(number_change("0.5", shown), "+0,5");
	assert_string_equal(number_change("-0.5", shown), "−0,5");
	assert_string_equal(number_change("0.00", shown), "0,00");
	(void)language_use(LANGUAGE_ENGLISH);
	assert_string_equal(number_with_unit("8.5", "%", shown), "8.5\xC2\xA0%");
	assert_string_equal(number_with_unit("8", "team", shown), "8\xC2\xA0team");
}

static void a_headline_is_rounded_without_a_float(void **state)
{
	static const struct {
		const char *exact, *two, *none;
	} law[] = {
		{ "8.592021", "8.59", "9" },
		{ "8.595", "8.60", "9" },
		{ "9.995", "10.00", "10" },
		{ "-9.995", "−10.00", "−10" },
		{ "-0.004", "0.00", "0" },
		{ "0.5", "0.5", "1" },
		{ "0.49999", "0.50", "0" },
		{ "-1.005", "−1.01", "−1" },
		{ "99999.999", "100,000.00", "100,000" },
		{ "12", "12", "12" },
		{ "-12.25", "−12.25", "−12" },
		{ "90071992547409931.015", "90,071,992,547,409,931.02", "90,071,992,547,409,931" },
	};
	char shown[NUMBER_MAX];

	(void)state;
	for (size_t i = 0; i < N(law); i++) {
		assert_string_equal(number_rounded(law[i].exact, 2, NULL, shown), law[i].two);
		assert_string_equal(number_rounded(law[i].exact, 0, NULL, shown), law[i].none);
	}
}

static void an_answer_keeps_its_digits(void **state)
{
	static const char text[] =
		"{\"rows\": [{\"a\": 0.1000000000000000055511151231257827, \"b\": -12, \"c\": "
		"1e400, \"d\": null, \"e\": \"5\\\"-6.5\", \"f\": 12345678901234567890123}, []]}";
	json_t *json = exact_read(text, strlen(text));
	const json_t *row = json_array_get(answer_rows(json), 0);
	char room[EXACT_MAX];

	(void)state;
	assert_non_null(json);
	assert_string_equal(exact_text(row, "a", room), "0.1000000000000000055511151231257827");
	assert_string_equal(exact_text(row, "b", room), "-12");
	assert_string_equal(exact_text(row, "c", room), "1e400");
	assert_null(exact_text(row, "d", room));
	assert_string_equal(exact_text(row, "e", room), "5\"-6.5");
	assert_string_equal(exact_text(row, "f", room), "12345678901234567890123");
	json_decref(json);
	assert_null(exact_read("{\"a\": 1", 7));
	assert_null(exact_read("\"a", 2));
	assert_null(exact_read("\"a\\", 3));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_form_sends_what_nobody_filled_in),
		cmocka_unit_test(a_change_loses_nothing_else),
		cmocka_unit_test(what_is_wrong_is_said_with_what_would_do),
		cmocka_unit_test(a_screen_refuses_what_it_has_no_use_for),
		cmocka_unit_test(a_number_is_shown_digit_by_digit),
		cmocka_unit_test(a_headline_is_rounded_without_a_float),
		cmocka_unit_test(an_answer_keeps_its_digits),
	};

	i18n_serve(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
