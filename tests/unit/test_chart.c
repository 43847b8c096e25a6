/* Charts, heat tables and maps show what they were given: every value to the digit, a gap as a gap,
 * and nothing that was not reported as a figure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dashboard/axis.h"
#include "dashboard/chart.h"
#include "dashboard/heat.h"
#include "dashboard/scale.h"
#include "dashboard/shades.h"
#include "dashboard/shown.h"
#include "dashboard/signs.h"
#include "dashboard/tiles.h"
#include "support/seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MONTHS 12u

/* --- what was written --- */

static const char *text_of(struct html *html)
{
	assert_false(html->failed);
	assert_int_equal(blob_append(&html->out, "", 1), 0);
	html->out.len--;
	return (const char *)html->out.data;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* The @nth attribute @name behind @from, up to its quote. */
static const char *attribute(const char *from, const char *name, char value[512])
{
	const char *at = strstr(from, name);

	assert_non_null(at);
	at += strlen(name);
	(void)snprintf(value, 512, "%.*s", (int)strcspn(at, "\""), at);
	return value;
}

static struct period month(int year, int number)
{
	return period_of_day(CALENDAR_CIVIL, GRAIN_MONTH, day_from_civil(year, number, 1));
}

/* --- numbers --- */

static void nice_marks(struct dice *dice, void *context)
{
	int128 low = dice_between(dice, -1000000, 1000000);
	int128 high = low + dice_between(dice, 0, dice_below(dice, 2) ? 9 : 3000000);
	struct ticks ticks = ticks_of(low, high, 2);
	int128 last = ticks.low + ticks.step * (int128)(ticks.n - 1), step = ticks.step;
	char text[DECIMAL_TEXT_MAX];

	(void)context;
	assert_true(ticks.low <= low && last >= high);
	assert_true(ticks.low % ticks.step == 0);
	assert_true(ticks.n >= 2 && ticks.n <= 8);
	while (step % 10 == 0)
		step /= 10;
	assert_true(step == 1 || step == 2 || step == 5);
	for (unsigned i = 0; i < ticks.n; i++) { /* what is shown is where it stands */
		struct scale scale = { 0 };

		assert_true(scale_widen(&scale, tick_text(&ticks, 2, i, text)));
		assert_true(scale.decimals <= 2);
		scale.decimals = 2;
		assert_true(scale_mantissa(&scale, text) == ticks.low + ticks.step * (int128)i);
	}
}

static void marks_of_an_axis_are_nice_and_hold_all_values(void **state)
{
	(void)state;
	for_all_seeds(2000, nice_marks, NULL);
}

static void zero_is_on_the_axis_unless_values_are_far_from_it(void **state)
{
	(void)state;
	assert_true(ticks_of(40, 100, 0).low == 0);
	assert_true(ticks_of(1200, 1249, 0).low == 1200);
	assert_true(ticks_of(7, 7, 0).low == 0);
	assert_true(ticks_of(0, 0, 0).n == 2);
	assert_true(ticks_of(-1249, -1200, 0).low < -1200);
}

static void what_is_no_number_has_no_place(void **state)
{
	static const char *const none[] = { "", "-", "1.", ".5", "1e5", "1,5", "NaN", " 1", "1 " };
	struct scale scale = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_false(scale_widen(&scale, none[i]));
	assert_true(scale_widen(&scale, "-12.5") && scale_widen(&scale, "3.125"));
	assert_true(scale_mantissa(&scale, "-12.5") == -12500);
	assert_true(scale_mantissa(&scale, "3.125") == 3125);
}

/* --- shades --- */

static void shades_keep_the_order_of_values(struct dice *dice, void *context)
{
	char texts[40][16];
	const char *values[40];
	unsigned char shades[40];
	struct shade legend[SHADES];
	size_t n = 1 + dice_below(dice, 40), seen = 0, with = 0;

	(void)context;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "%lld",
			       (long long)dice_between(dice, -9, 30));
		values[i] = dice_below(dice, 5) ? texts[i] : NULL;
		with += values[i] != NULL;
	}
	assert_int_equal(shades_make(values, n, shades, legend), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(shades[i] > 0, values[i] != NULL);
		assert_true(shades[i] <= SHADES);
		for (size_t k = 0; k < n && values[i]; k++) {
			if (values[k] && atoi(values[k]) == atoi(values[i]))
				assert_int_equal(shades[k], shades[i]);
			if (values[k] && atoi(values[k]) > atoi(values[i]))
				assert_true(shades[k] >= shades[i]);
		}
		if (values[i]) {
			assert_true(atoi(legend[shades[i] - 1].low) <= atoi(values[i]));
			assert_true(atoi(legend[shades[i] - 1].high) >= atoi(values[i]));
		}
	}
	for (size_t i = 0; i < SHADES; i++)
		seen += legend[i].n;
	assert_int_equal(seen, with);
}

static void equal_values_have_equal_shades_and_higher_ones_no_lighter(void **state)
{
	(void)state;
	for_all_seeds(500, shades_keep_the_order_of_values, NULL);
}

static void ten_different_values_are_two_of_each_shade(void **state)
{
	static const char *const values[] = { "10", "9", "8", "7", "6", "5", "4", "3", "2", "1.5" };
	unsigned char shades[10];
	struct shade legend[SHADES];
	(void)state;
	assert_int_equal(shades_make(values, 10, shades, legend), 0);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(shades[i], 5 - i / 2);
	assert_string_equal(legend[0].low, "1.5");
	assert_string_equal(legend[0].high, "2");
}

/* --- the chart --- */

struct fixture {
	struct period periods[MONTHS]; /* 2025 */
	struct chart_point points[MONTHS], others[MONTHS];
	struct chart_series series[CHART_SERIES_MAX];
	struct chart chart;
	struct html html;
};

static int set_up(void **state)
{
	static const char *const values[MONTHS] = { "100", "90.5", "80", "70", "60", "50",
						    "40",  "30",   "20", "10", "5",  "0" };
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	for (int i = 0; i < (int)MONTHS; i++) {
		f->periods[i] = month(2025, i + 1);
		f->points[i].value = f->others[i].value = values[i];
	}
	for (size_t i = 0; i < CHART_SERIES_MAX; i++)
		f->series[i] = (struct chart_series){ "teams", i ? f->others : f->points };
	f->chart = (struct chart){ .title = "Teams by month",
				   .unit = "team",
				   .digits = SHOWN_ALL,
				   .query = "/api/v1/query?name=team.count&per=month",
				   .periods = f->periods,
				   .n_periods = MONTHS,
				   .series = f->series,
				   .n_series = 1 };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	blob_free(&f->html.out);
	free(f);
	return 0;
}

static const char *drawn(struct fixture *f)
{
	blob_free(&f->html.out);
	chart_write(&f->html, &f->chart);
	return text_of(&f->html);
}

static void every_value_is_in_the_table_to_the_digit(void **state)
{
	struct fixture *f = *state;
	const char *text, *table;
	char data[64];

	f->points[3].value = "1234567.000001";
	f->points[4].value = "-98765432109876543210";
	text = drawn(f);
	table = strstr(text, "<table data-q=\"/api/v1/query?name=team.count&amp;per=month\">");
	assert_non_null(table);
	for (size_t i = 0; i < MONTHS; i++) {
		(void)snprintf(data, sizeof(data), "<data value=\"%s\">", f->points[i].value);
		assert_int_equal(count(table, data), 1);
	}
	assert_non_null(strstr(table, ">1,234,567.000001</data>"));
	assert_int_equal(count(table, "<th scope=\"row\">"), MONTHS);
}

static void it_is_an_image_whose_label_says_what_it_is(void **state)
{
	const char *text = drawn(*state);

	assert_non_null(strstr(text, "role=\"img\" aria-label=\"Teams by month\""));
	assert_int_equal(count(text, "<caption>Teams by month</caption>"), 1);
	assert_null(strstr(text, "style="));
	assert_null(strstr(text, "<script"));
}

static size_t lines(const char *text, const char *class)
{
	char what[64];
	(void)snprintf(what, sizeof(what), "<path class=\"line %s\"", class);
	return count(text, what);
}

static void a_gap_stays_a_gap(void **state)
{
	struct fixture *f = *state;
	char path[512];

	assert_int_equal(lines(drawn(f), "s1"), 1);
	f->points[5] = (struct chart_point){ .reason = "nobody reported", .signs = SIGN_MISSING };
	assert_int_equal(lines(drawn(f), "s1"), 2);
	attribute(strstr(drawn(f), "<path class=\"line s1\""), " d=\"", path);
	assert_int_equal(count(path, "L"), 4); /* five points before the gap */
	assert_int_equal(count(drawn(f), "<path class=\"mark s1\""), MONTHS - 1);
	assert_non_null(strstr(drawn(f), "<td class=\"none\">nobody reported"));
	assert_int_equal(count(drawn(f), "<data value=\"0\">"), 1); /* December's, which is one */
}

static void a_figure_between_two_gaps_is_seen(void **state)
{
	struct fixture *f = *state;
	f->points[4].value = f->points[6].value = NULL;
	assert_int_equal(lines(drawn(f), "s1"), 2);
	assert_int_equal(count(drawn(f), "<path class=\"mark s1\""), MONTHS - 2);
}

static void what_is_carried_is_hollow_and_its_line_dotted(void **state)
{
	struct fixture *f = *state;
	char path[512];

	f->points[6].signs = SIGN_CARRIED;
	assert_int_equal(count(drawn(f), "<path class=\"mark s1 hollow\""), 1);
	assert_int_equal(lines(drawn(f), "s1 carried"), 1);
	assert_int_equal(lines(drawn(f), "s1"), 2);
	attribute(strstr(drawn(f), "<path class=\"line s1 carried\""), " d=\"", path);
	assert_int_equal(count(path, "L"), 2); /* to it and from it */
	attribute(strstr(drawn(f), "<path class=\"line s1 carried\""), "stroke-dasharray=\"", path);
	assert_string_equal(path, "1.5 4");
	assert_non_null(strstr(drawn(f), "<li><span class=\"sign\">○</span> carried"));
}

static void what_is_not_final_has_a_sign(void **state)
{
	struct fixture *f = *state;

	assert_null(strstr(drawn(f), "not final"));
	f->points[11].signs = SIGN_PARTIAL | SIGN_OPEN | SIGN_REVISED;
	assert_int_equal(count(drawn(f), "<text class=\"sign\""), 1);
	assert_non_null(strstr(drawn(f), ">*…r</text>"));
	assert_int_equal(count(drawn(f), "<ul class=\"signs\">"), 1);
}

static void a_point_stands_where_its_value_is(void **state)
{
	struct fixture *f = *state;
	char path[512];
	double x, y[MONTHS], x_before = 0;
	const char *at;

	attribute(strstr(drawn(f), "<path class=\"line s1\""), " d=\"", path);
	at = path;
	for (size_t i = 0; i < MONTHS; i++) { /* 0 to 100 is the whole axis */
		assert_int_equal(sscanf(at + 1, "%lf %lf", &x, &y[i]), 2);
		assert_true(x > x_before);
		x_before = x;
		at = strchr(at + 1, 'L');
		if (i + 1 < MONTHS)
			assert_non_null(at);
	}
	/* December is 0, which the axis has a line for. */
	at = strstr(drawn(f), "<path class=\"zero\" fill=\"none\" d=\"M");
	assert_non_null(at);
	assert_true(strtod(strchr(strstr(at, "d=\"M"), ' '), NULL) == y[11]);
	for (size_t i = 0; i < MONTHS; i++) {
		double part = strtod(f->points[i].value, NULL) / 100;
		double wanted = y[11] - (y[11] - y[0]) * part;

		assert_true(wanted - y[i] < 0.11 && y[i] - wanted < 0.11);
	}
}

/* Of the text that is written right of its place, or the mark that is moved there. */
static double number_behind(const char *text, const char *what)
{
	const char *at = strstr(text, what);
	assert_non_null(at);
	return strtod(at + strlen(what), NULL);
}

static void a_reform_is_drawn_between_the_periods(void **state)
{
	struct fixture *f = *state;
	const struct chart_event event = { day_from_civil(2025, 7, 1), "new borders" };
	const char *text;
	double x, june = 0, july = 0;
	char path[512], *at;

	f->chart.events = &event;
	f->chart.n_events = 1;
	text = drawn(f);
	x = number_behind(text, "<path class=\"event\" fill=\"none\" d=\"M");
	attribute(strstr(text, "<path class=\"line s1\""), " d=\"", path);
	at = path;
	for (int i = 0; i < 7; i++, at = strchr(at + 1, 'L')) {
		june = july;
		july = strtod(at + 1, NULL);
	}
	assert_true(x > june && x < july);
	assert_true((june + july) / 2 - x < 0.2 && x - (june + july) / 2 < 0.2);
	assert_non_null(strstr(text, ">new borders</text>"));
}

static void a_reform_outside_is_not_drawn(void **state)
{
	struct fixture *f = *state;
	const struct chart_event events[] = { { day_from_civil(2025, 1, 1), "at its begin" },
					      { day_from_civil(2026, 1, 1), "behind it" } };
	f->chart.events = events;
	f->chart.n_events = 2;
	assert_null(strstr(drawn(f), "class=\"event\""));
}

static void a_target_stands_where_its_year_ends_and_others_are_told(void **state)
{
	static const struct chart_target targets[] = { { 2025, "15" }, { 2030, "25" } };
	static const char *const path[MONTHS] = { "1", "2", "3", "4", "5", "6", "7", "8", "9" };
	struct fixture *f = *state;
	const char *text, *mark;

	f->chart.targets = targets;
	f->chart.n_targets = 2;
	f->chart.path = path;
	text = drawn(f);
	assert_int_equal(count(text, "<path class=\"mark target\""), 1);
	mark = strstr(text, "<path class=\"mark s1\"");
	for (size_t i = 1; i < MONTHS; i++)
		mark = strstr(mark + 1, "<path class=\"mark s1\"");
	assert_true(number_behind(mark, "translate(") ==
		    number_behind(strstr(text, "mark target"), "translate("));
	assert_int_equal(lines(text, "target"), 1);
	assert_non_null(strstr(text, "15\xC2\xA0team by 2025; 25\xC2\xA0team by 2030"));
	assert_non_null(strstr(text, "target 2025: 15\xC2\xA0team"));
	assert_int_equal(count(text, "<data value=\"9\">"), 1);
}

static void several_series_differ_by_more_than_colour(void **state)
{
	static const char *const names[CHART_SERIES_MAX] = { "one",  "two",  "three",
							     "four", "five", "six" };
	struct fixture *f = *state;
	const char *text;
	char dashes[CHART_SERIES_MAX][512], marks[CHART_SERIES_MAX][512], what[64];

	f->chart.n_series = CHART_SERIES_MAX;
	for (size_t i = 0; i < CHART_SERIES_MAX; i++)
		f->series[i].name = names[i];
	text = drawn(f);
	for (size_t i = 0; i < CHART_SERIES_MAX; i++) {
		(void)snprintf(what, sizeof(what), "<path class=\"line s%zu\"", i + 1);
		attribute(strstr(text, what), "stroke-dasharray=\"", dashes[i]);
		(void)snprintf(what, sizeof(what), "<path class=\"mark s%zu\"", i + 1);
		attribute(strstr(text, what), " d=\"", marks[i]);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(dashes[k], dashes[i]);
			assert_string_not_equal(marks[k], marks[i]);
		}
		(void)snprintf(what, sizeof(what), "<text class=\"end s%zu\"", i + 1);
		assert_int_equal(count(text, what), 1);
	}
}

static void names_at_the_ends_do_not_lie_on_each_other(void **state)
{
	struct fixture *f = *state;
	const char *at;
	double y[CHART_SERIES_MAX];

	f->chart.n_series = CHART_SERIES_MAX;
	at = drawn(f);
	for (size_t i = 0; i < CHART_SERIES_MAX; i++) {
		at = strstr(at + 1, "<text class=\"end");
		assert_non_null(at);
		y[i] = number_behind(at, " y=\"");
		for (size_t k = 0; k < i; k++)
			assert_true(y[i] - y[k] >= 14 || y[k] - y[i] >= 14);
	}
	f->points[11].value = f->others[11].value = "100"; /* at the top, none above it */
	at = drawn(f);
	for (size_t i = 0; i < CHART_SERIES_MAX; i++) {
		at = strstr(at + 1, "<text class=\"end");
		assert_true(number_behind(at, " y=\"") > 20);
	}
}

static void a_name_stands_at_the_end_of_its_line(void **state)
{
	static const char *const path[MONTHS] = { [11] = "90" };
	struct fixture *f = *state;
	const char *text;
	char line[512], *last;
	double y, shown;

	f->chart.path = path;
	f->points[11].value = "20";
	text = drawn(f);
	attribute(strstr(text, "<path class=\"line s1\""), " d=\"", line);
	last = strrchr(line, 'L');
	y = strtod(strchr(last, ' '), NULL);
	shown = number_behind(strstr(text, "<text class=\"end s1\""), " y=\"");
	assert_true(shown - y > 0 && shown - y < 8); /* the foot of its letters */
	assert_true(number_behind(strstr(text, "<text class=\"end target\""), " y=\"") < y - 50);
}

static void words_of_events_do_not_lie_on_each_other(void **state)
{
	const struct chart_event events[] = { { day_from_civil(2025, 3, 1), "one" },
					      { day_from_civil(2025, 3, 20), "two" },
					      { day_from_civil(2025, 4, 1), "three" } };
	struct fixture *f = *state;
	const char *at;
	double y = 0;

	f->chart.events = events;
	f->chart.n_events = 3;
	at = drawn(f);
	for (int i = 0; i < 3; i++) {
		at = strstr(at + 1, "<text class=\"event\"");
		assert_non_null(at);
		assert_true(number_behind(at, " y=\"") >= y + 14);
		y = number_behind(at, " y=\"");
	}
}

static void without_a_figure_there_is_a_sentence(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < MONTHS; i++)
		f->points[i].value = NULL;
	assert_null(strstr(drawn(f), "<svg"));
	assert_non_null(strstr(drawn(f), "There is no figure for any of these periods."));
	f->points[0].value = "1234567890123456789012345678901234567";
	assert_null(strstr(drawn(f), "<svg"));
	assert_non_null(strstr(drawn(f), "<data value=\"1234567890123456789012345678901234567\">"));
}

static void what_comes_from_outside_stays_text(void **state)
{
	struct fixture *f = *state;
	f->chart.title = "<b>\"x";
	f->series[0].name = f->chart.unit = "</svg>";
	f->points[2].reason = "<i>";
	f->points[2].value = NULL;
	assert_null(strstr(drawn(f), "<b>"));
	assert_null(strstr(drawn(f), "<i>"));
	assert_int_equal(count(drawn(f), "</svg>"), 1);
}

static void long_times_are_labelled_at_round_periods(void **state)
{
	(void)state;
	assert_int_equal(axis_every(GRAIN_MONTH, 12, 12), 1);
	assert_int_equal(axis_every(GRAIN_MONTH, 13, 12), 2);
	assert_int_equal(axis_every(GRAIN_MONTH, 60, 12), 6);
	assert_int_equal(axis_every(GRAIN_DAY, 92, 12), 14);
	assert_int_equal(axis_every(GRAIN_YEAR, 5, 12), 1);
}

/* --- the heat table --- */

static struct heat_cell cells[2][3] = {
	{ { "0", NULL, 0, "/a" },
	  { NULL, "nobody reported", SIGN_MISSING, "/b" },
	  { "7", NULL, SIGN_CARRIED, "/c" } },
	{ { "99", NULL, 0, "/d" }, { NULL, "not due", 0, NULL }, { "8", NULL, 0, "/e" } },
};

static const char *heat_drawn(struct html *html, bool apart)
{
	const struct period periods[3] = { month(2024, 12), month(2025, 1), month(2025, 2) };
	const struct heat_row rows[2] = { { "Cái Bè", "819", "/row", false, cells[0] },
					  { "the rest", "divided", NULL, apart, cells[1] } };
	heat_write(html, &(struct heat){ .caption = "Teams",
					 .unit = "team",
					 .digits = SHOWN_ALL,
					 .query = "/api/v1/query?x",
					 .head = "District",
					 .periods = periods,
					 .n_periods = 3,
					 .chosen = 2,
					 .rows = rows,
					 .n_rows = 2 });
	return text_of(html);
}

static void a_missing_figure_is_hatched_and_no_zero(void **state)
{
	struct html html = { 0 };
	const char *text = heat_drawn(&html, false);
	(void)state;
	assert_int_equal(count(text, "<data value=\"0\">"), 1);
	assert_int_equal(count(text, "<data "), 4);
	assert_int_equal(count(text, "<td class=\"hatch\" title=\"nobody reported\">"), 1);
	assert_int_equal(count(text, "<td class=\"blank\" title=\"not due\">"), 1);
	assert_int_equal(count(text, ">due, but not reported<"),
			 0); /* of a legend, as a sentence */
	assert_non_null(strstr(text, "swatch hatch"));
	blob_free(&html.out);
}

static void each_cell_leads_on(void **state)
{
	static const char *const links[] = { "/a", "/b", "/c", "/d", "/e", "/row" };
	struct html html = { 0 };
	const char *text = heat_drawn(&html, false);
	char what[32];
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		(void)snprintf(what, sizeof(what), "<a href=\"%s\">", links[i]);
		assert_int_equal(count(text, what), 1);
	}
	assert_int_equal(count(text, "<th scope=\"col\" class=\"chosen\" aria-current=\"true\">"),
			 1);
	assert_int_equal(count(text, " chosen\""), 2);
	assert_int_equal(count(text, "<small>2024</small>"), 1);
	assert_int_equal(count(text, "<small>2025</small>"), 1);
	assert_non_null(strstr(text, "<table class=\"heat\" data-q=\"/api/v1/query?x\">"));
	blob_free(&html.out);
}

static void the_rest_has_no_shade_and_moves_none(void **state)
{
	struct html html = { 0 };
	const char *text = heat_drawn(&html, false);
	(void)state;
	assert_int_equal(count(text, "<td class=\"q"), 4);
	assert_non_null(strstr(text, "<td class=\"q4\"><a href=\"/d\"><data value=\"99\">"));
	blob_free(&html.out);
	html = (struct html){ 0 };
	text = heat_drawn(&html, true);
	assert_int_equal(count(text, "<td class=\"q"), 2);
	assert_int_equal(count(text, "<tr class=\"apart\">"), 1);
	assert_non_null(strstr(text, "<data value=\"99\">"));
	blob_free(&html.out);
}

/* --- the map --- */

static const char *map_drawn(struct html *html, const struct tile tiles[], size_t n)
{
	tiles_write(html, &(struct tiles){ .title = "Teams by commune",
					   .unit = "team",
					   .digits = SHOWN_ALL,
					   .query = "/q",
					   .width = 200,
					   .height = 100,
					   .list = tiles,
					   .n = n });
	return text_of(html);
}

static void a_square_has_name_value_title_and_link(void **state)
{
	static const struct tile tiles[] = {
		{ .code = "1", .name = "Thường Lạc", .col = 1, .value = "1234", .link = "/x" },
		{ .code = "2",
		  .name = "Thị trấn Vĩnh Bình",
		  .row = 2,
		  .signs = SIGN_MISSING,
		  .reason = "nobody reported" },
	};
	struct html html = { 0 };
	const char *text = map_drawn(&html, tiles, 2);
	(void)state;
	assert_int_equal(count(text, "<rect x="), 2);
	assert_non_null(strstr(text, "<a href=\"/x\"><g class=\"tile q1\">"));
	assert_non_null(strstr(text, "<title>Thường Lạc: 1,234\xC2\xA0team</title>"));
	assert_non_null(strstr(text, ">Thường</text>"));
	assert_non_null(strstr(text, ">Lạc</text>"));
	assert_non_null(strstr(text, ">1,234</text>"));
	assert_non_null(strstr(text, "<g class=\"tile missing\">"));
	assert_non_null(strstr(text, "fill=\"url(#hatch)\""));
	assert_non_null(strstr(text, ">Thị trấn</text>"));
	assert_int_equal(count(text, "<data value=\"1234\">"), 1);
	assert_int_equal(count(text, "<data "), 1);
	blob_free(&html.out);
}

static void those_who_share_a_square_fill_it(void **state)
{
	struct tile tiles[5];
	struct html html = { 0 };
	const char *at;
	double y = 0;
	(void)state;
	for (int i = 0; i < 5; i++)
		tiles[i] = (struct tile){
			.code = "1", .name = "x", .part = i + 1, .parts = 5, .value = "1"
		};
	at = map_drawn(&html, tiles, 5);
	for (int i = 0; i < 5; i++) {
		at = strstr(at + 1, "<rect x=");
		assert_true(number_behind(at, " y=\"") == y);
		y += number_behind(at, " height=\"");
	}
	assert_true(y == 54);
	blob_free(&html.out);
}

static void the_map_begins_at_its_first_column_and_row(void **state)
{
	static const struct tile tiles[] = {
		{ .code = "1", .name = "a", .col = 3, .row = 2, .value = "1" },
		{ .code = "2", .name = "b", .col = 4, .row = 2, .value = "2" },
	};
	struct html html = { 0 };
	const char *text = map_drawn(&html, tiles, 2);
	(void)state;
	assert_non_null(strstr(text, "viewBox=\"167 111 112 56\" width=\"190\">"));
	assert_non_null(strstr(text, "<rect x=\"168\" y=\"112\""));
	blob_free(&html.out);
}

static void a_part_of_a_square_has_room_for_a_short_name(void **state)
{
	static const struct tile tiles[] = {
		{ .code = "1", .name = "Thị trấn Cái Bè", .part = 1, .parts = 3, .value = "1" },
		{ .code = "2", .name = "Phường 5", .part = 2, .parts = 3, .value = "2" },
		{ .code = "3", .name = "Xãbẹ", .part = 3, .parts = 3, .value = "3" },
	};
	struct html html = { 0 };
	const char *text = map_drawn(&html, tiles, 3);
	(void)state;
	assert_non_null(strstr(text, ">Cái Bè</text>"));
	assert_non_null(strstr(text, ">P. 5</text>")); /* 5 alone would be its figure */
	assert_non_null(strstr(text, ">Xãbẹ</text>"));
	assert_non_null(strstr(text, "<title>Thị trấn Cái Bè: "));
	blob_free(&html.out);
}

static void only_lines_are_drawn_as_borders(void **state)
{
	static const struct tile tiles[] = {
		{ .code = "1", .name = "a", .path = "M10 20l50 0 0 70-7-9z", .value = "1" },
		{ .code = "2", .name = "b", .path = "M0 0\"/><script>", .value = "2" },
		{ .code = "3",
		  .name = "c",
		  .path = "M10 20l50 0 0 70-7-9z",
		  .part = 2,
		  .parts = 2,
		  .value = "3" },
	};
	struct html html = { 0 };
	const char *text = map_drawn(&html, tiles, 3);
	(void)state;
	assert_non_null(strstr(text, "viewBox=\"9 19 52 72\""));
	assert_non_null(strstr(text, "<path d=\"M10 20l50 0 0 70-7-9z\"/>"));
	assert_non_null(strstr(text, "<path d=\"\"/>"));
	assert_null(strstr(text, "script"));
	assert_non_null(strstr(text, "x=\"10\" y=\"55\" width=\"50\" height=\"35\""));
	blob_free(&html.out);
}

static void without_tiles_there_is_nothing(void **state)
{
	struct html html = { 0 };
	(void)state;
	assert_string_equal(map_drawn(&html, NULL, 0), "");
	blob_free(&html.out);
}

#define drawing(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_of_an_axis_are_nice_and_hold_all_values),
		cmocka_unit_test(zero_is_on_the_axis_unless_values_are_far_from_it),
		cmocka_unit_test(what_is_no_number_has_no_place),
		cmocka_unit_test(equal_values_have_equal_shades_and_higher_ones_no_lighter),
		cmocka_unit_test(ten_different_values_are_two_of_each_shade),
		drawing(every_value_is_in_the_table_to_the_digit),
		drawing(it_is_an_image_whose_label_says_what_it_is),
		drawing(a_gap_stays_a_gap),
		drawing(a_figure_between_two_gaps_is_seen),
		drawing(what_is_carried_is_hollow_and_its_line_dotted),
		drawing(what_is_not_final_has_a_sign),
		drawing(a_point_stands_where_its_value_is),
		drawing(a_reform_is_drawn_between_the_periods),
		drawing(a_reform_outside_is_not_drawn),
		drawing(a_target_stands_where_its_year_ends_and_others_are_told),
		drawing(several_series_differ_by_more_than_colour),
		drawing(names_at_the_ends_do_not_lie_on_each_other),
		drawing(a_name_stands_at_the_end_of_its_line),
		drawing(words_of_events_do_not_lie_on_each_other),
		drawing(without_a_figure_there_is_a_sentence),
		drawing(what_comes_from_outside_stays_text),
		cmocka_unit_test(long_times_are_labelled_at_round_periods),
		cmocka_unit_test(a_missing_figure_is_hatched_and_no_zero),
		cmocka_unit_test(each_cell_leads_on),
		cmocka_unit_test(the_rest_has_no_shade_and_moves_none),
		cmocka_unit_test(a_square_has_name_value_title_and_link),
		cmocka_unit_test(those_who_share_a_square_fill_it),
		cmocka_unit_test(the_map_begins_at_its_first_column_and_row),
		cmocka_unit_test(a_part_of_a_square_has_room_for_a_short_name),
		cmocka_unit_test(only_lines_are_drawn_as_borders),
		cmocka_unit_test(without_tiles_there_is_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
