#include "dashboard/closed_screen.h"

#include "common/base/i18n.h"
#include "common/text/answer.h"
#include "dashboard/acts.h"
#include "dashboard/frame.h"
#include "dashboard/metrics_list.h"
#include "dashboard/words.h"

#include <string.h>

static void row_write(struct visit *visit, struct html *html, const json_t *row)
{
	const char *metric = answer_text(row, "metric"), *period = answer_text(row, "period"),
		   *calendar = answer_text(row, "calendar");
	char words[PERIOD_TOLD_MAX];
	struct listed listed;

	html_add(html, "<tr><th scope=\"row\">%s", words_period(period, calendar, words));
	if (strcmp(calendar, "report") == 0)
		html_add(html, "<small>%s</small>", _("calendar of reports"));
	html_add(html, "</th>");
	if (*metric) {
		(void)listed_find(visit, metric, strlen(metric), &listed);
		html_add(html, "<td>%s<small>%s</small></td>", listed.label, metric);
	} else {
		html_add(html, "<td>%s</td>", _("all"));
	}
	html_add(html, "<td>%s<small>%s</small></td>", words_instant(answer_text(row, "at"), words),
		 *answer_text(row, "shown_name") ? answer_text(row, "shown_name")
						 : answer_text(row, "who"));
	if (act_may(visit, "reopen")) {
		html_add(html, "<td>");
		act_link(visit, html, "reopen", _("Open it again"),
			 (const char *const[]){ "period", period, "metric", metric, "cal", calendar,
						NULL });
		html_add(html, "</td>");
	}
	html_add(html, "</tr>\n");
}

void closed_write(struct visit *visit, struct html *html)
{
	struct question question;
	const json_t *answer;

	question_begin(&question, "/api/v1/closed");
	question_add(&question, "known", visit->view.known);
	answer = ask(visit->asking, question.target);
	frame_title(visit, html, _("Closed periods"));
	html_add(
		html, "<p class=\"lead\" id=\"what\">%s</p>\n",
		_("What comes for a closed period waits in quarantine, so that its figures stay."));
	if (act_may(visit, "close")) {
		html_add(html, "<p class=\"acts\">");
		act_link(visit, html, "close", _("Close a period"), NULL);
		html_add(html, "</p>\n");
	}
	if (answer && json_array_size(answer_rows(answer)) == 0) {
		html_add(html, "<p>%s</p>\n", _("Nothing is closed."));
		return;
	}
	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		 "aria-labelledby=\"what\"><table data-q=\"%s\"><thead><tr><th "
		 "scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th>",
		 question.target, _("Period"), _("Metric"), _("Closed"));
	if (act_may(visit, "reopen"))
		html_add(html, "<td></td>");
	html_add(html, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < json_array_size(answer_rows(answer)); i++)
		row_write(visit, html, json_array_get(answer_rows(answer), i));
	html_add(html, "</tbody></table></div>\n");
}
