#include "dashboard/office.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/answer.h"
#include "dashboard/acts.h"
#include "dashboard/frame.h"
#include "dashboard/metrics_list.h"
#include "dashboard/number.h"
#include "dashboard/office_internal.h"
#include "dashboard/words.h"

#include <string.h>

#define ARENA      (16u * 1024 * 1024)
#define HELD_TOP   20u
#define PAST_TOP   "30"
#define QUARANTINE "/api/v1/quarantine"

/* --- which office --- */

static const char *level_of(const json_t *units, const char *code)
{
	const char *level = "";
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(units), i, row)
		if (strcmp(answer_text(row, "code"), code) == 0)
			level = answer_text(row, "level"); /* of all that had this code it is one */
	return level;
}

/* See struct office, @ended. */
static const char *ended_of(const struct office *office, const json_t *units)
{
	int32_t today = civil_day(office->visit->now_us);
	const char *unit = office_unit_code(office, today), *ended = "";
	char day[DAY_TEXT_MAX];
	json_t *row;
	size_t i;

	(void)day_format(today, day); /* returns day; days compare as their texts do */
	json_array_foreach((json_t *)(uintptr_t)answer_rows(units), i, row) {
		const char *to = answer_text(row, "valid_to");

		if (!*unit || strcmp(answer_text(row, "code"), unit) != 0 ||
		    strcmp(answer_text(row, "valid_from"), day) > 0)
			continue;
		if (!*to || strcmp(day, to) < 0)
			return NULL;
		ended = strcmp(to, ended) > 0 ? to : ended;
	}
	return ended;
}

bool office_find(struct office *office, struct visit *visit, const char *code)
{
	const json_t *units = ask(visit->asking, FRAME_UNITS);
	struct question question;
	const json_t *answer;
	size_t n;

	question_begin(&question, "/api/v1/offices");
	question_add(&question, "code", code);
	answer = ask(visit->asking, question.target);
	office->visit = visit;
	office->code = code;
	office->rows = answer_rows(answer);
	n = json_array_size(office->rows);
	office->name = n > 0 ? answer_text(json_array_get(office->rows, n - 1), "name") : code;
	office->level = "";
	for (size_t i = n; i-- > 0 && office->n_units < OFFICE_UNITS;) {
		const char *unit = answer_text(json_array_get(office->rows, i), "unit");

		if (*unit && (office->n_units == 0 || strcmp(unit, office->units[0]) != 0))
			office->units[office->n_units++] = unit;
	}
	if (office->n_units > 0)
		office->level = level_of(units, office->units[0]);
	office->ended = ended_of(office, units);
	return units && n > 0;
}

const char *office_unit_code(const struct office *office, int32_t day)
{
	const char *unit = "";
	char text[DAY_TEXT_MAX];

	(void)day_format(day, text); /* returns text; days compare as their texts do */
	for (size_t i = 0; i < json_array_size(office->rows); i++) {
		const json_t *row = json_array_get(office->rows, i);

		if (strcmp(answer_text(row, "from"), text) <= 0)
			unit = answer_text(row, "unit");
	}
	return unit;
}

/* --- its unit, and how it is reached --- */

static void term(struct html *html, const char *name, const char *value)
{
	if (*value)
		html_add(html, "<dt>%s</dt><dd>%s</dd>\n", name, value);
}

static const json_t *heard_of(struct visit *visit, const char *code)
{
	const json_t *answer = ask(visit->asking, OFFICE_HEARD);
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row)
		if (strcmp(answer_text(row, "office"), code) == 0)
			return row;
	return NULL;
}

static void contact(struct office *office, struct html *html, const json_t *heard)
{
	char words[PERIOD_TOLD_MAX], number[NUMBER_MAX], room[EXACT_MAX];
	const char *backlog = exact_text(heard, "backlog", room);

	html_add(html, "<dl class=\"facts\">\n");
	term(html, _("Code"), office->code);
	term(html, _("Last heard"),
	     *answer_text(heard, "last_contact")
		     ? words_instant(answer_text(heard, "last_contact"), words)
		     : _("never heard"));
	if (*answer_text(heard, "silent_since"))
		html_add(html, "<dt>%s</dt><dd class=\"late\">▲ %s</dd>\n", _("Silent since"),
			 words_instant(answer_text(heard, "silent_since"), words));
	term(html, _("Program"), answer_text(heard, "version"));
	if (backlog)
		term(html, _("Figures that wait there"), number_shown(backlog, number));
	html_add(html, "</dl>\n");
}

static void assignments(struct office *office, struct html *html)
{
	char from[PERIOD_TOLD_MAX];

	html_add(html,
		 "<section aria-labelledby=\"units\"><h2 id=\"units\">%s</h2>\n"
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
		 "aria-labelledby=\"units\"><table>"
		 "<thead><tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
		 "<th scope=\"col\">%s</th></tr></thead><tbody>\n",
		 _("For which unit it reports"), _("From"), _("Unit"), _("Called"));
	for (size_t i = json_array_size(office->rows); i-- > 0;) {
		const json_t *row = json_array_get(office->rows, i);
		const char *unit = answer_text(row, "unit"), *name = answer_text(row, "unit_name");
		struct view there = view_at(&office->visit->view, "/");

		there = view_with(&there, "area", frame_unit_there(office->visit, unit));
		html_add(html, "<tr><td>%s</td><th scope=\"row\">",
			 words_day(answer_text(row, "from"), from));
		if (*unit)
			frame_link(html, &there, *name ? name : unit, false);
		else
			html_add(html, "%s", _("none any more"));
		html_add(html, "<small>%s</small></th><td>%s</td></tr>\n", unit,
			 answer_text(row, "name"));
	}
	html_add(html, "</tbody></table></div></section>\n");
}

/* --- what waits --- */

static void held_row(struct html *html, const json_t *row)
{
	char period[PERIOD_TOLD_MAX], received[PERIOD_TOLD_MAX], value[EXACT_MAX], n[EXACT_MAX];

	html_add(html, "<tr><th scope=\"row\">%s<small>%s</small></th><td>%s</td><td class=\"n\">",
		 answer_text(row, "metric"), answer_text(row, "labels"),
		 words_period(answer_text(row, "period"), NULL, period));
	if (exact_text(row, "value", value))
		number_write(html, exact_text(row, "value", value));
	html_add(html, "</td><td class=\"n\">");
	number_write(html, exact_text(row, "observations", n));
	html_add(html, "</td><td>%s</td><td class=\"what\">%s</td></tr>\n",
		 words_instant(answer_text(row, "received"), received), answer_text(row, "reason"));
}

static void held(struct office *office, struct html *html)
{
	const json_t *answer = ask(office->visit->asking, QUARANTINE);
	json_t *row;
	size_t i, n = 0;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		if (strcmp(answer_text(row, "office"), office->code) != 0 || n++ >= HELD_TOP)
			continue;
		if (n == 1)
			html_add(html,
				 "<section aria-labelledby=\"held\"><h2 id=\"held\">%s</h2>\n"
				 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
				 "aria-labelledby=\"held\">"
				 "<table data-q=\"%s\"><thead><tr><th scope=\"col\">%s</th>"
				 "<th scope=\"col\">%s</th><th scope=\"col\" class=\"n\">%s</th>"
				 "<th scope=\"col\" class=\"n\">%s</th><th scope=\"col\">%s</th>"
				 "<th scope=\"col\">%s</th></tr></thead><tbody>\n",
				 _("What waits in quarantine"), QUARANTINE, _("Metric"),
				 _("Period"), _("Value"), _("Figures"), _("Received"), _("Why"));
		held_row(html, row);
	}
	if (n == 0)
		return;
	html_add(html, "</tbody></table></div>\n<p class=\"acts\">");
	act_link(office->visit, html, "release", _("Release what waits of this office"),
		 (const char *const[]){ "office", office->code, NULL });
	html_add(html, "</p></section>\n");
}

/* --- what it is excused from --- */

static void excuse_row(struct office *office, struct html *html, const json_t *row)
{
	const char *metric = answer_text(row, "metric"), *calendar = answer_text(row, "calendar"),
		   *to = answer_text(row, "to");
	char form[ACT_FORM_MAX];
	char from[PERIOD_TOLD_MAX], until[PERIOD_TOLD_MAX], number[EXACT_MAX];
	struct listed listed;

	(void)listed_find(office->visit, metric, strlen(metric), &listed);
	html_add(html, "<tr><th scope=\"row\">%s",
		 words_period(answer_text(row, "period"), calendar, from));
	html_add(html, *to ? " – %s" : "%s", words_period(to, calendar, until));
	html_add(html, "</th><td>%s</td><td class=\"what\">%s<small>%s</small></td>",
		 *metric ? listed.label : act_form(answer_text(row, "form"), form),
		 answer_text(row, "reason"), answer_text(row, "who"));
	if (act_may(office->visit, "unexcuse")) {
		const char *id = exact_text(row, "excuse", number);

		html_add(html, "<td>");
		act_link(office->visit, html, "unexcuse", _("Take it back"),
			 (const char *const[]){ "excuse", id ? id : "", NULL });
		html_add(html, "</td>");
	}
	html_add(html, "</tr>\n");
}

static void excuses(struct office *office, struct html *html)
{
	struct question question;
	const json_t *answer;
	json_t *row;
	size_t i;

	question_begin(&question, "/api/v1/excuses");
	question_add(&question, "office", office->code);
	question_add(&question, "known", office->visit->view.known);
	answer = ask_if_there(office->visit->asking, question.target);
	if (json_array_size(answer_rows(answer)) == 0)
		return;
	html_add(html,
		 "<section aria-labelledby=\"excused\"><h2 id=\"excused\">%s</h2>\n"
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
		 "aria-labelledby=\"excused\"><table "
		 "data-q=\"%s\"><thead><tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
		 "<th scope=\"col\">%s</th>",
		 _("What it is excused from"), question.target, _("Period"), _("From what"),
		 _("Why"));
	if (act_may(office->visit, "unexcuse"))
		html_add(html, "<td></td>");
	html_add(html, "</tr></thead><tbody>\n");
	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row)
		excuse_row(office, html, row);
	html_add(html, "</tbody></table></div></section>\n");
}

/* --- what can be done about it --- */

static void ways(struct office *office, struct html *html)
{
	static const struct {
		const char *act, *words;
	} all[] = { { "excuse", N_("Excuse it") },
		    { "move", N_("Move it to another unit") },
		    { "rename", N_("Rename it") },
		    { "invite", N_("Invite it") },
		    { "end", N_("End it") } };

	if (!act_may(office->visit, "move"))
		return;
	html_add(html, "<nav class=\"acts\" aria-label=\"%s\"><ul>\n", _("What can be done"));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		html_add(html, "<li>");
		act_link(office->visit, html, all[i].act, _(all[i].words),
			 (const char *const[]){ "office", office->code, NULL });
		html_add(html, "</li>\n");
	}
	html_add(html, "</ul></nav>\n");
}

/* --- what was done to it --- */

static void past_row(struct html *html, const json_t *row)
{
	char at[PERIOD_TOLD_MAX];
	const char *column = answer_text(row, "column"), *was = answer_text(row, "was"),
		   *became = answer_text(row, "became");

	html_add(html, "<tr><td>%s</td><th scope=\"row\">%s</th><td>%s</td><td class=\"what\">",
		 words_instant(answer_text(row, "at"), at), answer_text(row, "act"),
		 *answer_text(row, "shown_name") ? answer_text(row, "shown_name")
						 : answer_text(row, "who"));
	if (*column)
		html_add(html, "%s: %s → %s", column, *was ? was : "–", *became ? became : "–");
	else
		html_add(html, "%s", answer_text(row, "detail"));
	html_add(html, "</td></tr>\n");
}

static void past(struct office *office, struct html *html)
{
	struct question question;
	const json_t *answer;
	json_t *row;
	size_t i;

	question_begin(&question, "/api/v1/history");
	question_add(&question, "name", office->code);
	question_add(&question, "most", PAST_TOP);
	answer = ask_if_there(office->visit->asking, question.target);
	if (json_array_size(answer_rows(answer)) == 0)
		return;
	html_add(html,
		 "<section><details><summary id=\"past\">%s</summary>\n"
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
		 "aria-labelledby=\"past\"><table><thead><tr>"
		 "<th scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
		 "<th scope=\"col\">%s</th></tr></thead><tbody>\n",
		 _("What was done to this code, the newest first"), _("When"), _("What"), _("By"),
		 _("Details"));
	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row)
		past_row(html, row);
	html_add(html, "</tbody></table></div></details></section>\n");
}

/* --- all of it --- */

void office_write(struct visit *visit, struct html *html)
{
	struct office office = { 0 };
	const char *code = view_behind(&visit->view, "/offices/");
	bool known = office_find(&office, visit, code ? code : "");
	const json_t *heard = heard_of(visit, office.code);
	struct view there = view_at(&visit->view, "/offices");

	office.arena = arena_open(ARENA);
	if (!office.arena) {
		html->failed = true;
		return;
	}
	frame_title(visit, html, office.name);
	html_add(html, "<p>");
	frame_link(html, &there, _("All offices"), false);
	html_add(html, "</p>\n");
	if (known) {
		contact(&office, html, heard);
		ways(&office, html);
		office_owes(&office, html);
		excuses(&office, html);
		held(&office, html);
		office_grids(&office, html);
		assignments(&office, html);
		past(&office, html);
	}
	arena_close(office.arena);
}
