#include "dashboard/alert_rows.h"

#include "common/base/i18n.h"
#include "common/text/answer.h"
#include "dashboard/frame.h"
#include "dashboard/number.h"
#include "dashboard/words.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ALERTS_TOP 5u

/* Told by a sign and a word, never by colour alone. */
static void gravity_cell(struct html *html, const json_t *row)
{
	const char *state = answer_text(row, "state");
	bool ill = strcmp(answer_text(row, "gravity"), "ill") == 0;

	if (strcmp(state, "resolved") == 0)
		html_add(html, "<td>%s</td>", _("over"));
	else if (strcmp(state, "pending") == 0)
		html_add(html, "<td>%s</td>", _("only just begun"));
	else
		html_add(html,
			 "<td><span class=\"%s\"><span aria-hidden=\"true\">%s</span> "
			 "%s</span></td>",
			 ill ? "late" : "note", ill ? "▲" : "•", ill ? _("grave") : _("note"));
}

static void alert_row(struct visit *visit, struct html *html, const json_t *row)
{
	const char *office = answer_text(row, "office"), *since = answer_text(row, "since");
	char path[VIEW_PATH_MAX], words[PERIOD_TOLD_MAX];
	struct view there;

	html_add(html, "<tr><th scope=\"row\">");
	if (*office) {
		(void)snprintf(path, sizeof(path), "/offices/%.60s", office);
		there = view_at(&visit->view, path);
		frame_go(visit, html, &there, answer_text(row, "what"));
	} else {
		html_add(html, "%s", answer_text(row, "what"));
	}
	html_add(html, "</th>");
	gravity_cell(html, row);
	html_add(html, "<td>%s</td><td class=\"what\">%s</td></tr>\n",
		 *since ? words_instant(since, words) : "", answer_text(row, "advice"));
}

void alerts_table(struct visit *visit, struct html *html, const json_t *answer, const char *target,
		  const char *heading, size_t top)
{
	json_t *row;
	size_t i;

	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"%s\">"
		 "<table class=\"alerts\" data-q=\"%s\"><thead><tr><th scope=\"col\">%s</th>",
		 heading, target, _("What it is"));
	html_add(html,
		 "<th scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th></tr>"
		 "</thead><tbody>\n",
		 _("How it stands"), _("Since"), _("What to do"));
	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row)
		if (i < top)
			alert_row(visit, html, row);
	html_add(html, "</tbody></table></div>\n");
}

static void more_link(struct visit *visit, struct html *html, size_t all)
{
	struct view there = view_at(&visit->view, "/alerts");
	char address[VIEW_ADDRESS_MAX], n[NUMBER_MAX], exact[32];

	(void)snprintf(exact, sizeof(exact), "%zu", all); /* fits */
	html_add(html, "<p><a href=\"%s\">", view_address(&there, address));
	html_say(html, _("All %s alerts"), number_shown(exact, n));
	html_add(html, "</a></p>\n");
}

void alerts_section(struct visit *visit, struct html *html)
{
	const json_t *answer = ask_if_there(visit->asking, ALERTS_TARGET);
	size_t all = json_array_size(answer_rows(answer));

	if (all == 0)
		return;
	html_add(html, "<section aria-labelledby=\"alerts\"><h2 id=\"alerts\">%s</h2>\n",
		 _("What somebody should act on"));
	alerts_table(visit, html, answer, ALERTS_TARGET, "alerts", ALERTS_TOP);
	if (all > ALERTS_TOP)
		more_link(visit, html, all);
	html_add(html, "</section>\n");
}

void alerts_write(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;
	bool all = strcmp(view->state, "all") == 0;
	struct view other = view_with(view, "state", all ? "" : "all");
	char n[NUMBER_MAX], exact[32];
	struct question question;
	const json_t *answer;
	size_t rows;
	bool looked; /* since it was started */

	question_begin(&question, ALERTS_TARGET);
	question_add(&question, "office", view->office);
	question_add(&question, "all", all ? "1" : "");
	answer = ask(visit->asking, question.target);
	rows = json_array_size(answer_rows(answer));
	looked = !json_is_null(json_object_get(json_object_get(answer, "alerts"), "looked"));
	frame_title(visit, html, _("Alerts"));
	html_add(html, "<p class=\"lead\" id=\"count\">");
	(void)snprintf(exact, sizeof(exact), "%zu", rows); /* fits */
	if (rows == 0 && !looked)
		html_add(html, "<span aria-hidden=\"true\">–</span> %s",
			 _("Not known yet: the province looks as soon as it is up."));
	else if (rows == 0 && !all)
		html_add(html, "%s", _("Nothing needs action."));
	else
		html_say(html, ngettext("%s alert", "%s alerts", rows), number_shown(exact, n));
	html_add(html, "</p>\n<p>");
	frame_link(html, &other,
		   all ? _("Only what is firing now")
		       : _("Also what ended within a week, or has only just begun"),
		   false);
	html_add(html, "</p>\n");
	if (rows > 0)
		alerts_table(visit, html, answer, question.target, "count", SIZE_MAX);
}
