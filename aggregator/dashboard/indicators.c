#include "dashboard/indicators.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/answer.h"
#include "dashboard/frame.h"
#include "dashboard/number.h"
#include "dashboard/shown.h"
#include "dashboard/spark.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <string.h>

#define YEARS_BACK   5  /* of the way to a target */
#define SHOWN_DIGITS 2u /* behind the point, of what a formula gives */

/* The first row of an indicator with a target: it has a row for each of its targets. */
static bool begins(const json_t *rows, size_t i)
{
	const json_t *row = json_array_get(rows, i);
	const char *name = answer_text(row, "name");

	if (!*answer_text(row, "target_year"))
		return false;
	for (size_t before = 0; before < i; before++) {
		const json_t *other = json_array_get(rows, before);

		if (*answer_text(other, "target_year") &&
		    strcmp(answer_text(other, "name"), name) == 0)
			return false;
	}
	return true;
}

static const char *label(const json_t *row)
{
	const char *mine =
		answer_text(row, strcmp(language_tag(), "vi") == 0 ? "label_vi" : "label_en");

	return *mine ? mine : answer_text(row, "name");
}

/* The view's own time, or else the last years. */
static const json_t *figures(struct visit *visit, const char *name, struct question *question)
{
	const struct view *view = &visit->view;
	char from[PERIOD_TEXT_MAX], to[PERIOD_TEXT_MAX];
	struct period year = civil_period(CALENDAR_CIVIL, GRAIN_YEAR, visit->now_us);

	/* Per its own period, by its own calendar: a view that came from another screen with those
	   of a metric there would be refused as a whole. */
	question_of(question, "/api/v1/query", visit,
		    "name by per calendar labels by_label versus total");
	question_add(question, "name", name);
	question_add(question, "versus", "period");
	if (!*view->from && !*view->to && !*view->last && !*view->publication) {
		question_add(question, "to", period_format(year, to));
		year.number -= YEARS_BACK;
		question_add(question, "from", period_format(year, from));
	}
	return ask(visit->asking, question->target);
}

/* The newest row of the area that has a value: rather one that somebody reported than one for which
 * an earlier level stands. */
static const json_t *newest(const json_t *answer)
{
	const json_t *found = NULL;
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		if (!*answer_text(row, "area") || json_is_null(json_object_get(row, "value")))
			continue;
		if (answer_number(row, "reported") > 0 || !found ||
		    answer_number(found, "reported") == 0)
			found = row;
	}
	return found;
}

static void change(struct visit *visit, struct html *html, const json_t *row)
{
	char room[EXACT_MAX], shown[NUMBER_MAX];
	const char *exact = exact_text(row, "change", room);

	if (!exact)
		return;
	shown_change_begin(html, exact);
	html_add(html, "<data value=\"%s\">%s</data>", exact,
		 number_rounded_change(exact, SHOWN_DIGITS, shown));
	shown_change_end(html, answer_text(row, "before_period"), visit->view.calendar);
}

/* "15 % by 2025", each that the indicator has. */
static void targets(struct html *html, const json_t *rows, const char *name)
{
	char shown[NUMBER_MAX];
	json_t *row;
	size_t i, n = 0;

	html_add(html, "<p class=\"target\">%s ", _("Target"));
	json_array_foreach((json_t *)(uintptr_t)rows, i, row) {
		const char *value = answer_text(row, "target_value");

		if (strcmp(answer_text(row, "name"), name) != 0 || !*value)
			continue;
		html_add(html, n++ ? "; <data value=\"%s\">" : "<data value=\"%s\">", value);
		html_say(html, _("%s by %s"),
			 number_with_unit(value, answer_text(row, "unit"), shown),
			 answer_text(row, "target_year"));
		html_add(html, "</data>");
	}
	html_add(html, "</p>\n");
}

static void value(struct visit *visit, struct html *html, const json_t *row, const char *unit)
{
	char room[EXACT_MAX], period[PERIOD_TOLD_MAX], shown[NUMBER_MAX];
	const char *exact = exact_text(row, "value", room);

	if (!exact) {
		html_add(html, "<p class=\"value none\">%s</p>\n<p class=\"when\">%s</p>\n", "–",
			 _("No figure in these years yet"));
		return;
	}
	html_add(html, "<p class=\"value\"><data value=\"%s\" title=\"%s\">%s</data></p>\n", exact,
		 exact, number_rounded(exact, SHOWN_DIGITS, unit, shown));
	html_add(html, "<p class=\"when\">%s",
		 words_period(answer_text(row, "period"), visit->view.calendar, period));
	change(visit, html, row);
	html_add(html, "</p>\n");
	if (answer_number(row, "reported") == 0 && answer_number(row, "carried") > 0) {
		html_add(html, "<p class=\"part\">%s</p>\n",
			 _("Nobody reported yet: earlier figures stand in"));
	} else if (answer_number(row, "missing") > 0) {
		char reported[NUMBER_MAX], due[NUMBER_MAX], r[EXACT_MAX], d[EXACT_MAX];

		html_add(html, "<p class=\"part\">");
		html_say(html, _("Not complete: %s of %s reports"),
			 number_shown(exact_text(row, "reported", r), reported),
			 number_shown(exact_text(row, "due", d), due));
		html_add(html, "</p>\n");
	}
}

/* The way so far, and to the target that the newest row is measured by. */
static void way(struct visit *visit, struct html *html, const json_t *answer, const char *unit)
{
	struct spark_point points[SPARK_MAX];
	char periods[SPARK_MAX][PERIOD_TOLD_MAX], values[SPARK_MAX][EXACT_MAX],
		paths[SPARK_MAX][EXACT_MAX], room[EXACT_MAX], shown[NUMBER_MAX], goal_words[256];
	const json_t *rows = answer_rows(answer), *last = NULL;
	size_t all = json_array_size(rows), n = 0;

	for (size_t i = all > SPARK_MAX ? all - SPARK_MAX : 0; i < all; i++) {
		const json_t *row = json_array_get(rows, i);

		if (!*answer_text(row, "area"))
			continue;
		points[n].period =
			words_period(answer_text(row, "period"), visit->view.calendar, periods[n]);
		points[n].value = exact_text(row, "value", values[n]);
		points[n].path = exact_text(row, "path", paths[n]);
		last = row;
		n++;
	}
	const char *goal = last ? exact_text(last, "target", room) : NULL;

	if (goal)
		(void)utf8_print(goal_words, sizeof(goal_words), _("%s by %s"),
				 number_with_unit(goal, unit, shown),
				 answer_text(last, "target_year"));
	spark_write(html, points, n, goal, goal_words);
}

static void card(struct visit *visit, struct html *html, const json_t *rows, const json_t *row)
{
	const char *name = answer_text(row, "name");
	struct view there = view_at(&visit->view, "/figure");
	struct question question;
	const json_t *answer = figures(visit, name, &question);

	there = view_with(&there, "name", name);
	html_add(html, "<li class=\"card\" data-q=\"%s\"><h3>", question.target);
	frame_go(visit, html, &there, label(row));
	html_add(html, "</h3>\n");
	value(visit, html, newest(answer), answer_text(row, "unit"));
	way(visit, html, answer, answer_text(row, "unit"));
	targets(html, rows, name);
	html_add(html, "</li>\n");
}

/* Those that nobody has a target for, by name, folded: their figures are a step away. */
static void others(struct visit *visit, struct html *html, const json_t *rows)
{
	struct view there = view_at(&visit->view, "/figure");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		if (*answer_text(row, "target_year"))
			continue;
		if (n++ == 0)
			html_add(html,
				 "<details class=\"others\"><summary>%s</summary>\n"
				 "<ul class=\"names\">\n",
				 _("Other indicators"));
		there = view_with(&there, "name", answer_text(row, "name"));
		html_add(html, "<li>");
		frame_go(visit, html, &there, label(row));
		html_add(html, "</li>\n");
	}
	if (n > 0)
		html_add(html, "</ul></details>\n");
}

void indicators_cards(struct visit *visit, struct html *html, const json_t *answer)
{
	const json_t *rows = answer_rows(answer);
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		if (!begins(rows, i) || n == INDICATORS_CARDS_MAX)
			continue;
		if (n++ == 0)
			html_add(html,
				 "<section aria-labelledby=\"targets\"><h2 id=\"targets\">%s</h2>"
				 "\n<ul class=\"cards\">\n",
				 _("On the way to the targets"));
		card(visit, html, rows, json_array_get(rows, i));
	}
	if (n > 0)
		html_add(html, "</ul></section>\n");
	if (!*visit->view.wall)
		others(visit, html, rows);
}
