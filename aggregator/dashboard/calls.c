#include "dashboard/calls.h"

#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/text/answer.h"
#include "dashboard/acts.h"
#include "dashboard/frame.h"
#include "dashboard/metrics_list.h"
#include "dashboard/number.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <string.h>

/* Since when reports are missing, and for how many days now. */
static void late_cell(struct visit *visit, struct html *html, const json_t *row)
{
	const char *since = answer_text(row, "late_since");
	int32_t day, today = civil_day(visit->now_us);
	char words[PERIOD_TOLD_MAX], n[NUMBER_MAX], exact[16];
	struct err err;

	html_add(html, "<td role=\"cell\">");
	if (*since && day_parse(since, &day, &err) == 0) {
		(void)snprintf(exact, sizeof(exact), "%d", today - day); /* fits */
		html_add(html, "<span class=\"late\"><span aria-hidden=\"true\">▲</span> ");
		html_say(html, ngettext("%s day", "%s days", (unsigned long)(today - day)),
			 number_shown(exact, n));
		html_add(html, "</span><small>");
		html_say(html, _("since %s"), words_day(since, words));
		html_add(html, "</small>");
	} else {
		number_write(html, NULL);
	}
	html_add(html, "</td>");
}

static void contact_cell(struct html *html, const json_t *row)
{
	const char *contact = answer_text(row, "last_contact"), *why = answer_text(row, "why");
	char words[PERIOD_TOLD_MAX];

	html_add(html, "<td role=\"cell\">");
	if (*contact)
		html_add(html, "%s", words_instant(contact, words));
	else
		html_add(html, "%s", _("never heard"));
	if (strstr(why, "silent"))
		html_add(html, " <span class=\"late\">%s</span>", _("silent"));
	if (*answer_text(row, "version"))
		html_add(html, "<small>lantoa-agent %s</small>", answer_text(row, "version"));
	html_add(html, "</td>");
}

static void office_row(struct visit *visit, struct html *html, const json_t *row)
{
	char path[VIEW_PATH_MAX], room[EXACT_MAX];
	struct view there;

	(void)snprintf(path, sizeof(path), "/offices/%.60s", answer_text(row, "office"));
	there = view_at(&visit->view, path);
	html_add(html, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">");
	frame_go(visit, html, &there, answer_text(row, "name"));
	html_add(html, "<small>%s", answer_text(row, "office"));
	if (*answer_text(row, "unit_name"))
		html_add(html, " · %s", answer_text(row, "unit_name"));
	else
		html_add(html, " · %s", _("its unit has ended"));
	html_add(html, "</small></th>");
	late_cell(visit, html, row);
	contact_cell(html, row);
	html_add(html, "<td role=\"cell\" class=\"n\" data-label=\"%s\">", _("Reports missing"));
	number_write(html, exact_text(row, "missing", room));
	html_add(html, "</td><td role=\"cell\" class=\"what\">");
	listed_overdue(visit, html, answer_text(row, "overdue"));
	html_add(html, "</td></tr>\n");
}

void calls_table(struct visit *visit, struct html *html, const json_t *answer, const char *target,
		 const char *heading, size_t top)
{
	static const char *const columns[] = { N_("Office"), N_("Late for"), N_("Last heard"),
					       N_("Reports missing"), N_("What is missing") };
	json_t *row;
	size_t i;

	/* On a telephone its rows are blocks, which would be no table any more but for the roles.
	 */
	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"%s\">"
		 "<table role=\"table\" class=\"calls\" data-q=\"%s\"><thead role=\"rowgroup\"><tr "
		 "role=\"row\">",
		 heading, target);
	for (size_t column = 0; column < sizeof(columns) / sizeof(columns[0]); column++)
		html_add(html,
			 column == 3 ? "<th scope=\"col\" role=\"columnheader\" class=\"n\">%s</th>"
				     : "<th scope=\"col\" role=\"columnheader\">%s</th>",
			 _(columns[column]));
	html_add(html, "</tr></thead><tbody role=\"rowgroup\">\n");
	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row)
		if (i < top)
			office_row(visit, html, row);
	html_add(html, "</tbody></table></div>\n");
}

/* The filters of lantoa office list. */
static void filters(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;
	const struct {
		const char *field, *value, *words;
	} choices[] = { { "late", "1", _("Late") }, { "silent", "1", _("Silent") } };
	struct view all = *view;

	html_add(html, "<form class=\"filters\" action=\"/offices\">\n");
	frame_keep(html, view, "silent late behind heard");
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		html_add(html, "<label><input type=\"checkbox\" name=\"%s\" value=\"%s\"",
			 choices[i].field,
			 *view_value(view, choices[i].field) ? view_value(view, choices[i].field)
							     : choices[i].value);
		html_add(html,
			 *view_value(view, choices[i].field) ? " checked> %s</label>\n"
							     : "> %s</label>\n",
			 choices[i].words);
	}
	html_add(html,
		 "<div><label for=\"behind\">%s</label>\n<input id=\"behind\" name=\"behind\" "
		 "value=\"%s\" size=\"8\"></div>\n<button>%s</button>\n",
		 _("Program older than"), view->behind, _("Show"));
	all = view_with(&all, "late", "");
	all = view_with(&all, "silent", "");
	all = view_with(&all, "behind", "");
	frame_link(html, &all, _("All offices"), false);
	html_add(html, "\n</form>\n");
}

void calls_write(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;
	bool few = *view->silent || *view->late || *view->behind;
	struct question question;
	const json_t *answer;
	char n[NUMBER_MAX], exact[32];
	size_t rows;

	question_begin(&question, "/api/v1/offices/heard");
	question_add(&question, "silent", view->silent);
	question_add(&question, "late", few ? view->late : "1"); /* of each how late it is */
	question_add(&question, "behind", view->behind);
	question_add(&question, "all", few ? view->heard : "1");
	answer = ask(visit->asking, question.target);
	rows = json_array_size(answer_rows(answer));
	frame_title(visit, html, few ? _("Offices that need a call") : _("Offices"));
	filters(visit, html);
	if (act_may(visit, "follow")) {
		html_add(html, "<p class=\"acts\">");
		act_link(visit, html, "follow", _("Let offices follow their units"), NULL);
		act_link(visit, html, "import-offices", _("Import offices"), NULL);
		html_add(html, "</p>\n");
	}
	(void)snprintf(exact, sizeof(exact), "%zu", rows); /* fits */
	html_add(html, "<p class=\"lead\" id=\"count\">");
	html_say(html, ngettext("%s office", "%s offices", rows), number_shown(exact, n));
	html_add(html, "</p>\n");
	if (rows > 0)
		calls_table(visit, html, answer, question.target, "count", SIZE_MAX);
}
