/* What is to be said of the figure in the chosen period: its value, who is missing, what it was
 * made of, what became of it. */
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"
#include "dashboard/changes.h"
#include "dashboard/figure_internal.h"
#include "dashboard/frame.h"
#include "dashboard/shown.h"
#include "dashboard/signs.h"
#include "dashboard/words.h"

#include <libintl.h>
#include <string.h>

#define MISSING_TOP 12u

/* --- the value --- */

/* Begins a line about how many of @key there are, as it is shown in @shown; 0: there are none, and
 * no line. */
static unsigned long count_begin(struct html *html, const json_t *row, const char *key,
				 char shown[NUMBER_MAX])
{
	long long n = answer_number(row, key);
	char room[EXACT_MAX];

	if (n <= 0)
		return 0;
	html_add(html, "<li><data value=\"%lld\">", n);
	(void)number_shown(exact_text(row, key, room), shown); /* returns shown */
	return (unsigned long)n;
}

static void count_end(struct html *html)
{
	html_add(html, "</data></li>\n");
}

/* What of it is not simply there: each with how many. */
static void remarks(struct html *html, const json_t *row)
{
	char shown[NUMBER_MAX];
	unsigned long n;

	if ((n = count_begin(html, row, "carried", shown)) > 0) {
		html_say(html,
			 ngettext("for %s report an earlier level stands",
				  "for %s reports an earlier level stands", n),
			 shown);
		count_end(html);
	}
	if ((n = count_begin(html, row, "excused", shown)) > 0) {
		html_say(html, ngettext("%s report was excused", "%s reports were excused", n),
			 shown);
		count_end(html);
	}
	if ((n = count_begin(html, row, "extra", shown)) > 0) {
		html_say(html,
			 ngettext("%s report more was not due, but is in it",
				  "%s reports more were not due, and are in it", n),
			 shown);
		count_end(html);
	}
	if ((n = count_begin(html, row, "waiting", shown)) > 0) {
		html_say(html,
			 ngettext("%s figure waits in quarantine, and is not in it",
				  "%s figures wait in quarantine, and are not in it", n),
			 shown);
		count_end(html);
	}
	if ((n = count_begin(html, row, "revisions", shown)) > 0) {
		html_say(html,
			 ngettext("%s figure was changed after it came",
				  "%s figures were changed after they came", n),
			 shown);
		count_end(html);
	}
}

static void counts(struct figure *figure, struct html *html, const json_t *row)
{
	char due[NUMBER_MAX], reported[NUMBER_MAX], d[EXACT_MAX], r[EXACT_MAX];
	unsigned signs = signs_of(row) & SIGN_OPEN;

	html_add(html, "<ul class=\"counts\">\n");
	if (answer_number(row, "due") > 0) {
		html_add(html, "<li>");
		html_say(html, _("%s of %s due reports are in it"),
			 number_shown(exact_text(row, "reported", r), reported),
			 number_shown(exact_text(row, "due", d), due));
		html_add(html, "</li>\n");
	}
	if (answer_number(row, "missing") > 0) {
		html_add(html, "<li class=\"late\">");
		if (figure->facts.is_metric)
			html_add(html, "<a href=\"#missing\">");
		html_say(html,
			 ngettext("%s report is missing", "%s reports are missing",
				  (unsigned long)answer_number(row, "missing")),
			 number_shown(exact_text(row, "missing", r), reported));
		html_add(html, figure->facts.is_metric ? "</a></li>\n" : "</li>\n");
	}
	remarks(html, row);
	if (signs)
		html_add(html, "<li>%s</li>\n", _("not final: the period is not over"));
	html_add(html, "</ul>\n");
}

static void change(struct figure *figure, struct html *html, const json_t *row)
{
	char room[EXACT_MAX], percent_room[EXACT_MAX], shown[NUMBER_MAX];
	const char *exact = exact_text(row, "change", room);
	const char *percent = exact_text(row, "change_percent", percent_room);

	if (!exact)
		return;
	shown_change_begin(html, exact);
	if (figure->facts.is_indicator)
		html_add(html, "<data value=\"%s\">%s</data>", exact,
			 number_rounded_change(exact, FIGURE_ROUNDED, shown));
	else
		number_write_change(html, exact);
	if (percent && strcmp(figure->facts.unit, "%") != 0) {
		html_add(html, " (");
		html_add(html, "<data value=\"%s\">%s</data>", percent,
			 number_change(percent, shown));
		html_add(html, " %%)");
	}
	shown_change_end(html, answer_text(row, "before_period"), figure->asked.view.calendar);
}

static void target(struct figure *figure, struct html *html, const json_t *row)
{
	char target_room[EXACT_MAX], path_room[EXACT_MAX], distance_room[EXACT_MAX],
		year_room[EXACT_MAX], shown[NUMBER_MAX], way[NUMBER_MAX];
	const char *to = exact_text(row, "target", target_room);
	const char *path = exact_text(row, "path", path_room);
	const char *distance = exact_text(row, "distance", distance_room);
	const char *year = exact_text(row, "target_year", year_room), *unit = figure->facts.unit;

	if (!to || !year)
		return;
	html_add(html, "<p class=\"target\"><data value=\"%s\">", to);
	html_say(html, _("Target %s by %s"), number_with_unit(to, unit, shown), year);
	html_add(html, "</data>");
	if (distance) {
		html_add(html, "; <data value=\"%s\">", distance);
		html_say(html, _("distance %s"),
			 number_rounded_change(distance, FIGURE_ROUNDED, shown));
		html_add(html, "</data>");
	}
	if (path) {
		html_add(html, "; <data value=\"%s\">", path);
		html_say(html, _("on a straight line there it would be %s in this period"),
			 number_rounded(path, FIGURE_ROUNDED, unit, way));
		html_add(html, "</data>");
	}
	html_add(html, "</p>\n");
}

void figure_headline(struct figure *figure, struct html *html)
{
	const json_t *row = figure->headline;
	char period[PERIOD_TOLD_MAX], room[EXACT_MAX], shown[NUMBER_MAX];
	const char *value = exact_text(row, "value", room);

	html_add(html, "<section class=\"headline\" data-q=\"%s\" aria-label=\"%s\">\n",
		 figure->trend_question.target, _("The figure"));
	if (value) {
		html_add(html, "<p class=\"value\"><data value=\"%s\" title=\"%s\">%s</data>",
			 value, value,
			 shown_number(value, facts_digits(&figure->facts), figure->facts.unit,
				      shown));
		signs_write(html, signs_of(row) & SIGNS_PROVISIONAL);
		html_add(html, "</p>\n");
	} else {
		html_add(html, "<p class=\"value none\">–</p>\n<p class=\"reason\">%s</p>\n",
			 *answer_text(row, "reason") ? answer_text(row, "reason")
						     : _("There is no figure for this period."));
	}
	html_add(html, "<p class=\"when\">%s",
		 words_period(figure->at, figure->asked.view.calendar, period));
	change(figure, html, row);
	html_add(html, "</p>\n");
	target(figure, html, row);
	if (row)
		counts(figure, html, row);
	html_add(html, "</section>\n");
}

/* --- what an indicator is made of --- */

void figure_operands(struct figure *figure, struct html *html)
{
	const json_t *operands = json_object_get(figure->headline, "operands");
	const char *name;
	json_t *value;

	if (json_object_size(operands) == 0)
		return;
	html_add(html,
		 "<section aria-labelledby=\"operands\"><h2 id=\"operands\">%s</h2>\n"
		 "<p><code>%s</code></p>\n<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
		 "aria-labelledby=\"operands\"><table data-q=\"%s\"><thead><tr><th "
		 "scope=\"col\">%s</th>"
		 "<th scope=\"col\" class=\"n\">%s</th></tr></thead><tbody>\n",
		 _("What it is made of"), figure->facts.formula, figure->trend_question.target,
		 _("Metric"), _("Value"));
	json_object_foreach((json_t *)(uintptr_t)operands, name, value) {
		struct facts facts = facts_of(&figure->asked, name);
		struct view there = view_with(&figure->view, "name", name);
		char room[EXACT_MAX], shown[NUMBER_MAX];
		const char *exact = exact_text(operands, name, room);

		there = view_with(&there, "period", "");
		html_add(html, "<tr><th scope=\"row\">");
		frame_link(html, &there, facts.label, false);
		html_add(html, "<small>%s</small></th><td class=\"n\">", name);
		if (exact)
			html_add(html, "<data value=\"%s\">%s</data>", exact,
				 number_with_unit(exact, facts.unit, shown));
		else
			html_add(html, "<span class=\"none\">%s</span>", _("missing"));
		html_add(html, "</td></tr>\n");
	}
	html_add(html, "</tbody></table></div></section>\n");
}

/* --- who is missing --- */

static void office_link(struct figure *figure, struct html *html, const char *code,
			const char *name)
{
	char path[VIEW_PATH_MAX];
	struct view there;

	(void)utf8_print(path, sizeof(path), "/offices/%s", code);
	there = view_at(&figure->view, path);
	frame_link(html, &there, *name ? name : code, false);
}

static void missing_row(struct figure *figure, struct html *html, const json_t *row)
{
	static const char *const counted[] = { "missing", "waiting", "excused" };
	char room[EXACT_MAX];

	html_add(html, "<tr><th scope=\"row\">");
	office_link(figure, html, answer_text(row, "office"), answer_text(row, "name"));
	html_add(html, "<small>%s · %s</small></th>", answer_text(row, "office"),
		 answer_text(row, "area_name"));
	for (size_t i = 0; i < 3; i++) {
		html_add(html, "<td class=\"n\">");
		number_write(html, exact_text(row, counted[i], room));
		html_add(html, "</td>");
	}
	html_add(html, "<td class=\"what\">%s</td></tr>\n", answer_text(row, "reason"));
}

static void missing_table(struct figure *figure, struct html *html, const json_t *rows,
			  const char *query, size_t from, size_t to)
{
	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"missing\">"
		 "<table data-q=\"%s\"><thead><tr><th scope=\"col\">%s</th>"
		 "<th scope=\"col\" class=\"n\">%s</th><th scope=\"col\" class=\"n\">%s</th>"
		 "<th scope=\"col\" class=\"n\">%s</th><th scope=\"col\">%s</th></tr></thead>"
		 "<tbody>\n",
		 query, _("Office"), _("Missing"), _("In quarantine"), _("Excused"), _("Remark"));
	for (size_t i = from; i < to; i++)
		missing_row(figure, html, json_array_get(rows, i));
	html_add(html, "</tbody></table></div>\n");
}

void figure_missing(struct figure *figure, struct html *html)
{
	struct question question;
	const json_t *answer, *rows;
	char period[PERIOD_TOLD_MAX], title[256];
	size_t n;

	if (!figure->facts.is_metric ||
	    !(signs_of(figure->headline) & (SIGN_PARTIAL | SIGN_MISSING | SIGN_WAITING)))
		return;
	question_of(&question, "/api/v1/completeness", &figure->asked, "from to last by");
	if (!*figure->asked.view.publication) {
		question_add(&question, "from", figure->at);
		question_add(&question, "to", figure->at);
	}
	answer = ask(figure->asked.asking, question.target);
	rows = answer_rows(answer);
	n = json_array_size(rows);
	if (n == 0)
		return;
	(void)utf8_print(title, sizeof(title), _("Who is missing, %s"),
			 words_period(figure->at, figure->asked.view.calendar, period));
	html_add(html, "<section aria-labelledby=\"missing\"><h2 id=\"missing\">%s</h2>\n", title);
	missing_table(figure, html, rows, question.target, 0, n < MISSING_TOP ? n : MISSING_TOP);
	if (n > MISSING_TOP) {
		html_add(html, "<details><summary>");
		html_say(html, ngettext("%zu more", "%zu more", n - MISSING_TOP), n - MISSING_TOP);
		html_add(html, "</summary>\n");
		missing_table(figure, html, rows, question.target, MISSING_TOP, n);
		html_add(html, "</details>\n");
	}
	html_add(html, "</section>\n");
}

/* --- what was changed --- */

void figure_revisions(struct figure *figure, struct html *html)
{
	struct question question;
	const json_t *answer;

	if (!(signs_of(figure->headline) & SIGN_REVISED))
		return;
	question_of(&question, "/api/v1/query", &figure->asked,
		    "from to last by per total by_label versus");
	question_add(&question, "revisions", "1");
	if (!*figure->asked.view.publication) {
		question_add(&question, "from", figure->at);
		question_add(&question, "to", figure->at);
	}
	answer = ask(figure->asked.asking, question.target);
	if (!answer)
		return;
	html_add(html, "<section aria-labelledby=\"changed\"><h2 id=\"changed\">%s</h2>\n",
		 _("What was changed after it came"));
	(void)changes_table(html, &(struct changes){ .answer = answer,
						     .query = question.target,
						     .heading = "changed",
						     .view = &figure->view,
						     .only_changes = true }); /* how many */
	html_add(html, "</section>\n");
}
