#include "dashboard/quality_screen.h"

#include "common/base/i18n.h"
#include "common/text/answer.h"
#include "dashboard/frame.h"
#include "dashboard/metrics_list.h"
#include "dashboard/number.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_USUAL 200u /* of one kind, unless more are asked for: a page is read by somebody */

static const struct kind {
	const char *problem, *title, *what_to_do;
} kinds[] = {
	{ "rule", N_("A rule between figures is broken"),
	  N_("The office knows which of the figures is right. What it corrects counts at once, as "
	     "a revision.") },
	{ "whole", N_("Both the whole and its parts are reported"),
	  N_("They are added up, so the total counts twice, until the office withdraws one or the "
	     "other.") },
	{ "unlisted", N_("A label is in no code list"),
	  N_("The office has to use a code of the list. Where its code is right, an administrator "
	     "adds that to the list.") },
	{ "far", N_("Far from what was reported before"),
	  N_("The office knows whether the value is right. If it is, there is nothing to do.") },
	{ "same", N_("The same value ten periods in a row"),
	  N_("The office knows whether it counted each time, or repeated an old figure.") },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void office_cell(struct visit *visit, struct html *html, const json_t *row)
{
	char path[VIEW_PATH_MAX];
	struct view there;

	(void)snprintf(path, sizeof(path), "/offices/%.60s",
		       answer_text(row, "office")); /* cut is fine */
	there = view_at(&visit->view, path);
	html_add(html, "<th scope=\"row\">");
	frame_link(html, &there, answer_text(row, "name"), false);
	html_add(html, "<small>%s · %s</small></th>", answer_text(row, "office"),
		 answer_text(row, "area_name"));
}

/* The report that it is in. */
static void value_cell(struct visit *visit, struct html *html, const json_t *row)
{
	struct view there = view_at(&visit->view, "/report");
	char address[VIEW_ADDRESS_MAX], room[EXACT_MAX];

	there = view_with(&there, "office", answer_text(row, "office"));
	there = view_with(&there, "period", answer_text(row, "period"));
	there = view_with(&there, "name", answer_text(row, "metric"));
	html_add(html, "<td class=\"n\"><a href=\"%s\">", view_address(&there, address));
	number_write(html, exact_text(row, "value", room));
	html_add(html, "</a></td>");
}

static void row_write(struct visit *visit, struct html *html, const json_t *row)
{
	const char *metric = answer_text(row, "metric");
	char period[PERIOD_TOLD_MAX];
	struct listed listed;

	html_add(html, "<tr>");
	office_cell(visit, html, row);
	(void)listed_find(visit, metric, strlen(metric), &listed);
	html_add(html, "<td>%s</td><td>%s",
		 words_period(answer_text(row, "period"), visit->view.calendar, period),
		 listed.label);
	if (*answer_text(row, "labels"))
		html_add(html, "<small>%s</small>", answer_text(row, "labels"));
	html_add(html, "</td>");
	value_cell(visit, html, row);
	html_add(html, "<td class=\"what\">%s</td></tr>\n", answer_text(row, "detail"));
}

static size_t count(const json_t *rows, const char *problem)
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(rows); i++)
		n += strcmp(answer_text(json_array_get(rows, i), "problem"), problem) == 0;
	return n;
}

static void heads(struct html *html, const struct kind *kind, const char *target)
{
	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
		 "aria-labelledby=\"%s\"><table data-q=\"%s\"><thead><tr><th scope=\"col\">%s</th>"
		 "<th scope=\"col\">%s</th>",
		 kind->problem, target, _("Office"), _("Period"));
	html_add(html,
		 "<th scope=\"col\">%s</th><th scope=\"col\" class=\"n\">%s</th><th "
		 "scope=\"col\">%s</th></tr></thead><tbody>\n",
		 _("Metric"), _("Value"), _("What is the matter"));
}

static void section(struct visit *visit, struct html *html, const json_t *rows,
		    const struct kind *kind, const char *target)
{
	size_t all = count(rows, kind->problem), n = 0,
	       most = *visit->view.top ? strtoul(visit->view.top, NULL, 10) : ROWS_USUAL;
	char shown[NUMBER_MAX], exact[24];

	if (all == 0)
		return;
	(void)snprintf(exact, sizeof(exact), "%zu", all); /* fits */
	html_add(html, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s (%s)</h2>\n",
		 kind->problem, kind->problem, _(kind->title), number_shown(exact, shown));
	html_add(html, "<p class=\"lead\">%s</p>\n", _(kind->what_to_do));
	heads(html, kind, target);
	for (size_t i = 0; i < json_array_size(rows) && n < most; i++) {
		const json_t *row = json_array_get(rows, i);

		if (strcmp(answer_text(row, "problem"), kind->problem) != 0)
			continue;
		row_write(visit, html, row);
		n++;
	}
	html_add(html, "</tbody></table></div>\n");
	if (n < all) {
		struct view more = view_with(&visit->view, "top", "9999");

		(void)snprintf(exact, sizeof(exact), "%zu", all - n); /* fits */
		html_add(html, "<p class=\"part\">");
		html_say(html, _("%s more are not shown."), number_shown(exact, shown));
		html_add(html, " ");
		frame_link(html, &more, _("Show all"), false);
		html_add(html, "</p>\n");
	}
	html_add(html, "</section>\n");
}

static void filters(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;
	const struct {
		const char *name, *words;
	} fields[] = { { "office", _("Office") },
		       { "metric", _("Metric") },
		       { "from", _("From") },
		       { "to", _("to") } };

	html_add(html, "<form class=\"filters\" action=\"/quality\">\n");
	frame_keep(html, view, "office metric from to last top");
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		html_add(html,
			 "<div><label for=\"%s\">%s</label>\n<input id=\"%s\" name=\"%s\" "
			 "value=\"%s\" "
			 "size=\"10\"></div>\n",
			 fields[i].name, fields[i].words, fields[i].name, fields[i].name,
			 view_value(view, fields[i].name));
	html_add(html, "<button>%s</button>\n</form>\n", _("Show"));
}

/* Pages that a disk damaged were left out. */
static void damage(struct html *html, const json_t *answer)
{
	char room[EXACT_MAX];
	const char *pages = exact_head(answer, "quality", "damaged_pages", room);

	if (!*pages || strcmp(pages, "0") == 0)
		return;
	html_add(html, "<p class=\"bad\">");
	html_say(html,
		 _("%s pages of figures are damaged and were not looked at. The province's "
		   "machine has to be repaired first."),
		 pages);
	html_add(html, "</p>\n");
}

void quality_write(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;
	struct question question;
	const json_t *answer, *rows;

	frame_title(visit, html, _("What somebody should look at"));
	question_of(&question, "/api/v1/quality", visit, "");
	answer = ask(visit->asking, question.target);
	rows = answer_rows(answer);
	html_add(html, "<p class=\"lead\">%s%s</p>\n",
		 _("All these figures count: nothing here is held back."),
		 *view->from || *view->to || *view->last ? ""
							 : _(" Of this month and the one before."));
	filters(visit, html);
	damage(html, answer);
	if (answer && json_array_size(rows) == 0)
		html_add(html, "<p>%s</p>\n", _("Nothing stands out."));
	for (size_t i = 0; i < N_KINDS; i++)
		section(visit, html, rows, &kinds[i], question.target);
}
