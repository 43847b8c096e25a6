#include "dashboard/report.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/answer.h"
#include "dashboard/changes.h"
#include "dashboard/figure_facts.h"
#include "dashboard/frame.h"
#include "dashboard/number.h"
#include "dashboard/office_internal.h"
#include "dashboard/signs.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <string.h>

#define DIMENSIONS_MAX 8u

struct report {
	struct visit *visit;
	struct office office;
	struct facts facts;
	const char *unit; /* that the period's figures count for; "" */
	char grain[16];   /* of the period */
	const char *calendar;
};

/* The question about this period, of the unit that the office reported for. */
static void question_about(const struct report *report, struct question *question, const char *path)
{
	const struct view *view = &report->visit->view;

	question_begin(question, path);
	question_add(question, "name", report->facts.name);
	question_add(question, "area", report->unit);
	question_add(question, "from", view->period);
	question_add(question, "to", view->period);
	question_add(question, "calendar", report->calendar);
	question_add(question, "known", view->known);
}

static const json_t *own_row(const struct report *report, const json_t *answer, const char *key)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row)
		if (strcmp(answer_text(row, key), report->office.code) == 0)
			return row;
	return NULL;
}

/* --- the value --- */

static void value(struct report *report, struct html *html, const json_t *row, const char *query)
{
	char room[EXACT_MAX], period[PERIOD_TOLD_MAX];
	const char *exact = exact_text(row, "value", room);
	unsigned signs = signs_of(row);

	html_add(html, "<section class=\"headline\" data-q=\"%s\" aria-label=\"%s\">\n", query,
		 _("The figure"));
	if (exact) {
		html_add(html, "<p class=\"value\">");
		number_write_unit(html, exact, report->facts.unit);
		html_add(html, "</p>\n");
	} else {
		html_add(html, "<p class=\"value none\">–</p>\n<p class=\"reason\">%s</p>\n",
			 *answer_text(row, "reason") ? answer_text(row, "reason")
						     : _("There is no figure for this period."));
	}
	html_add(html, "<p class=\"when\">%s</p>\n",
		 words_period(report->visit->view.period, report->calendar, period));
	signs_legend(html, signs);
	html_add(html, "</section>\n");
}

/* Was it due, did it come in time, did somebody call it finished? */
static void due(struct report *report, struct html *html)
{
	struct question question;
	const json_t *row;
	char when[PERIOD_TOLD_MAX];

	question_about(report, &question, "/api/v1/completeness");
	question_add(&question, "by", "office");
	question_add(&question, "per", report->grain);
	row = own_row(report, ask_if_there(report->visit->asking, question.target), "area");
	if (!row)
		return;
	html_add(html, "<ul class=\"counts\">\n");
	if (answer_number(row, "due") == 0)
		html_add(html, "<li>%s</li>\n", _("It was not due (yet)."));
	if (answer_number(row, "on_time") > 0)
		html_add(html, "<li>%s</li>\n", _("It came in time."));
	if (answer_number(row, "late") > 0)
		html_add(html, "<li class=\"late\">%s</li>\n", _("It came late."));
	if (answer_number(row, "missing") > 0)
		html_add(html, "<li class=\"late\">▲ %s</li>\n", _("It is missing."));
	if (answer_number(row, "excused") > 0)
		html_add(html, "<li>%s</li>\n", _("The office was excused."));
	if (*answer_text(row, "finished")) {
		html_add(html, "<li>");
		html_say(html, _("The report was called finished at %s, by %s."),
			 words_instant(answer_text(row, "finished"), when),
			 answer_text(row, "finished_by"));
		html_add(html, "</li>\n");
	}
	html_add(html, "</ul>\n");
}

/* --- its labels --- */

static void labels_of(struct report *report, struct html *html, const char *dimension)
{
	struct question question;
	const json_t *answer;
	size_t i, n = 0;
	json_t *row;

	question_about(report, &question, "/api/v1/query");
	question_add(&question, "by", "office");
	question_add(&question, "per", report->grain);
	question_add(&question, "by_label", dimension);
	answer = ask_if_there(report->visit->asking, question.target);
	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		char room[EXACT_MAX];
		const char *exact = exact_text(row, "value", room);

		if (!exact || strcmp(answer_text(row, "area"), report->office.code) != 0)
			continue;
		if (n++ == 0)
			html_add(html,
				 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
				 "aria-label=\"%s\"><table class=\"narrow\" "
				 "data-q=\"%s\"><caption>%s</caption>"
				 "<thead><tr><th scope=\"col\">%s</th><th scope=\"col\" "
				 "class=\"n\">%s</th></tr></thead><tbody>\n",
				 dimension, question.target, dimension, _("Label"),
				 *report->facts.unit ? report->facts.unit : _("Value"));
		html_add(html, "<tr><th scope=\"row\">%s<small>%s</small></th><td class=\"n\">",
			 *answer_text(row, "label_name") ? answer_text(row, "label_name")
							 : _("not classified"),
			 answer_text(row, "label"));
		number_write(html, exact);
		signs_write(html, signs_of(row));
		html_add(html, "</td></tr>\n");
	}
	if (n > 0)
		html_add(html, "</tbody></table></div>\n");
}

static void labels(struct report *report, struct html *html)
{
	const char *at = report->facts.dimensions;

	for (size_t n = 0; *at && n < DIMENSIONS_MAX; n++) {
		char dimension[VIEW_TEXT_MAX];
		size_t len = strcspn(at, "; ,|");

		(void)utf8_print(dimension, sizeof(dimension), "%.*s", (int)len, at);
		if (*dimension)
			labels_of(report, html, dimension);
		at += len + strspn(at + len, "; ,|");
	}
}

/* --- what came --- */

static void entries(struct report *report, struct html *html)
{
	struct question question;
	const json_t *answer;

	question_about(report, &question, "/api/v1/query");
	question_add(&question, "revisions", "1");
	answer = ask(report->visit->asking, question.target);
	if (!answer)
		return;
	html_add(html, "<section aria-labelledby=\"came\"><h2 id=\"came\">%s</h2>\n",
		 _("What came, one by one"));
	if (changes_table(html, &(struct changes){ .answer = answer,
						   .query = question.target,
						   .heading = "came",
						   .office = report->office.code }) == 0)
		html_add(html, "<p>%s</p>\n", _("Nothing came from this office for this period."));
	html_add(html, "</section>\n");
}

/* --- all of it --- */

static void ways_on(struct report *report, struct html *html)
{
	const struct view *view = &report->visit->view;
	struct view there = view_with(view, "name", "");
	char path[VIEW_PATH_MAX];

	html_add(html, "<ul class=\"ways\">\n<li>");
	(void)utf8_print(path, sizeof(path), "/offices/%s", report->office.code);
	there = view_at(view, path);
	frame_link(html, &there, _("All figures of this office"), false);
	html_add(html, "</li>\n<li>");
	there = view_at(view, "/figure");
	there = view_with(&there, "name", report->facts.name);
	there = view_with(&there, "period", view->period);
	if (*report->unit)
		there = view_with(&there, "area", frame_unit_there(report->visit, report->unit));
	frame_link(html, &there, _("The figure of its area"), false);
	html_add(html, "</li>\n<li>");
	there = view_at(view, "/explain");
	there = view_with(&there, "name", report->facts.name);
	there = view_with(&there, "period", view->period);
	if (*report->unit)
		there = view_with(&there, "area", frame_unit_there(report->visit, report->unit));
	frame_link(html, &there, _("How the area's figure comes about"), false);
	html_add(html, "</li>\n</ul>\n");
}

static void parts(struct report *report, struct html *html)
{
	struct question question;
	const json_t *answer;

	question_about(report, &question, "/api/v1/query");
	question_add(&question, "by", "office");
	question_add(&question, "per", report->grain);
	answer = ask(report->visit->asking, question.target);
	if (!answer)
		return;
	frame_cite(report->visit, answer, NULL, NULL);
	value(report, html, own_row(report, answer, "area"), question.target);
	due(report, html);
	labels(report, html);
	entries(report, html);
	ways_on(report, html);
}

void report_write(struct visit *visit, struct html *html)
{
	struct report report = { .visit = visit };
	const struct view *view = &visit->view;
	bool given = *view->name && *view->office && *view->period;
	struct period period = { 0 };
	char title[512];

	if (!given) {
		frame_title(visit, html, _("Which report?"));
		html_add(html, "<p>%s</p>\n",
			 _("This address lacks one of these: office, metric (name), period. A "
			   "figure leads to its reports, through its areas and offices."));
		return;
	}
	bool known = office_find(&report.office, visit, view->office);

	report.facts = facts_of(visit, view->name);
	report.calendar = *view->calendar ? view->calendar : report.facts.calendar;
	(void)period_read(view->period,
			  strcmp(report.calendar, "report") == 0 ? CALENDAR_REPORT : CALENDAR_CIVIL,
			  &period); /* view_read() took no other */
	(void)snprintf(
		report.grain, sizeof(report.grain), "%s",
		grain_name(period.grain == GRAIN_MINUTE ? GRAIN_HOUR : period.grain)); /* fits */
	/* A level counts where the office stands at its end, all else where it stood at its begin.
	 */
	report.unit = office_unit_code(&report.office, strcmp(report.facts.time_agg, "last") == 0
							       ? period_end_day(period) - 1
							       : period_first_day(period));
	(void)utf8_print(title, sizeof(title), "%s · %s", report.facts.label, report.office.name);
	frame_title(visit, html, title);
	facts_sentence(&report.facts, html);
	if (known)
		parts(&report, html);
}
