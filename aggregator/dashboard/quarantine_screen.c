#include "dashboard/quarantine_screen.h"

#include "common/base/i18n.h"
#include "common/model/verdict.h"
#include "common/text/answer.h"
#include "dashboard/acts.h"
#include "dashboard/frame.h"
#include "dashboard/metrics_list.h"
#include "dashboard/number.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIAL     "/api/v1/quarantine/release?all=yes"
#define OFFICES   "/api/v1/offices"
#define ROWS_MOST "200" /* of one page */

/* How the cause of each verdict is mended; the answer has the verdict's sentence. */
static const char *const mended[VERDICT_COUNT] = {
	[VERDICT_UNKNOWN_METRIC] = N_("By a catalogue that has this metric, or by the office, "
				      "which reports it by its right name."),
	[VERDICT_WRONG_PERIOD] = N_("By the office, which reports it per the period that the "
				    "catalogue says, or by another catalogue."),
	[VERDICT_WRONG_LABELS] = N_("By the office, which reports it without this label, or by a "
				    "catalogue with this dimension."),
	[VERDICT_TOO_PRECISE] =
		N_("By the office, with fewer decimals, or by a catalogue that allows more."),
	[VERDICT_OUT_OF_RANGE] = N_("By the office, which corrects the value. Where it is right, "
				    "by a catalogue with wider bounds."),
	[VERDICT_FUTURE] = N_("By waiting: it counts once the period has begun. Or the clock of "
			      "the office's machine is wrong."),
	[VERDICT_NOT_IN_FORCE] = N_("The office is moved to the unit that it reports for, from the "
				    "day on which it does."),
	[VERDICT_CLOSED] =
		N_("An operator lets it in although the period is closed, or leaves it out."),
	[VERDICT_DAMAGED] =
		N_("The province's machine has to be repaired first; nothing was lost."),
	[VERDICT_OLDER_COPY] =
		N_("Somebody who knows the office has to say whether this machine is "
		   "the right one."),
	[VERDICT_UNLISTED] =
		N_("By the office, with a code of the list, or by a list that has that code."),
};

static const char *how_mended(const char *reason)
{
	for (unsigned i = 1; i < VERDICT_COUNT; i++)
		if (mended[i] && strcmp(_(verdict_text((enum verdict)i)), reason) == 0)
			return _(mended[i]);
	return "";
}

static void released(struct visit *visit, struct html *html, const json_t *trial)
{
	char shown[NUMBER_MAX], room[EXACT_MAX];
	const char *n = exact_head(trial, "would", "released", room);

	if (!*n || strcmp(n, "0") == 0)
		return;
	html_add(html, "<p class=\"ready\">");
	html_say(html,
		 ngettext("%s figure could count now: its cause is mended.",
			  "%s figures could count now: their cause is mended.",
			  strtoul(n, NULL, 10)),
		 number_shown(n, shown));
	if (act_may(visit, "release")) {
		html_add(html, " %s ",
			 _("Once they are released they count as if they always had."));
		act_link(visit, html, "release", _("Release them"),
			 (const char *const[]){ "all", "yes", NULL });
	}
	html_add(html, "</p>\n");
}

/* What waits for a person's word alone. */
static void let_in(struct visit *visit, struct html *html, const char *reason)
{
	if (strcmp(_(verdict_text(VERDICT_CLOSED)), reason) == 0)
		act_link(visit, html, "release", _("Let it in"),
			 (const char *const[]){ "all", "yes", "closed", "yes", NULL });
	if (strcmp(_(verdict_text(VERDICT_OLDER_COPY)), reason) == 0)
		act_link(visit, html, "release", _("Let it in"),
			 (const char *const[]){ "all", "yes", "older", "yes", NULL });
}

/* Of what waits, how much for which cause. */
static void causes(struct visit *visit, struct html *html, const json_t *trial)
{
	const json_t *rows = answer_rows(trial);

	released(visit, html, trial);
	if (json_array_size(rows) == 0)
		return;
	html_add(html, "<section aria-labelledby=\"causes\"><h2 id=\"causes\">%s</h2>\n",
		 _("By cause"));
	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
		 "aria-labelledby=\"causes\"><table data-q=\"%s\"><thead><tr><th "
		 "scope=\"col\">%s</th><th scope=\"col\" class=\"n\">%s</th>",
		 TRIAL, _("Why it waits"), _("Figures"));
	html_add(html, "<th scope=\"col\">%s</th></tr></thead><tbody>\n", _("How it is mended"));
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		char room[EXACT_MAX];

		html_add(html, "<tr><th scope=\"row\">%s</th><td class=\"n\">",
			 answer_text(row, "reason"));
		number_write(html, exact_text(row, "observations", room));
		html_add(html, "</td><td>%s ", how_mended(answer_text(row, "reason")));
		let_in(visit, html, answer_text(row, "reason"));
		html_add(html, "</td></tr>\n");
	}
	html_add(html, "</tbody></table></div>\n</section>\n");
}

/* Of each office once, where the list has it first. */
static void release_link(struct visit *visit, struct html *html, const json_t *rows, size_t at)
{
	const char *office = answer_text(json_array_get(rows, at), "office");

	for (size_t i = 0; i < at; i++)
		if (strcmp(answer_text(json_array_get(rows, i), "office"), office) == 0)
			return;
	act_link(visit, html, "release", _("Release what waits of this office"),
		 (const char *const[]){ "office", office, NULL });
}

/* What the office is called now: the last row of its code. */
static const char *office_name(struct visit *visit, const char *code)
{
	const json_t *rows = answer_rows(ask_if_there(visit->asking, OFFICES));

	for (size_t i = json_array_size(rows); i-- > 0;)
		if (strcmp(answer_text(json_array_get(rows, i), "code"), code) == 0)
			return answer_text(json_array_get(rows, i), "name");
	return code;
}

static void row_write(struct visit *visit, struct html *html, const json_t *rows, size_t at)
{
	const json_t *row = json_array_get(rows, at);
	const char *office = answer_text(row, "office"), *metric = answer_text(row, "metric");
	char path[VIEW_PATH_MAX], words[PERIOD_TOLD_MAX], room[EXACT_MAX];
	struct listed listed;
	struct view there;

	(void)snprintf(path, sizeof(path), "/offices/%.60s", office); /* cut is fine */
	there = view_at(&visit->view, path);
	(void)listed_find(visit, metric, strlen(metric), &listed);
	html_add(html, "<tr><th scope=\"row\">");
	frame_link(html, &there, office_name(visit, office), false);
	html_add(html, "<small>%s</small><small>", office);
	release_link(visit, html, rows, at);
	html_add(html, "</small></th><td>%s", words_instant(answer_text(row, "received"), words));
	html_add(html, "<small>%s <data value=\"%s\">%s</data></small></td><td>%s", _("entry"),
		 exact_text(row, "entry", room) ? exact_text(row, "entry", room) : "",
		 exact_text(row, "entry", room) ? exact_text(row, "entry", room) : "",
		 listed.label);
	if (*answer_text(row, "labels"))
		html_add(html, "<small>%s</small>", answer_text(row, "labels"));
	html_add(html, "</td><td>%s</td><td class=\"n\">",
		 words_period(answer_text(row, "period"), "", words));
	number_write(html, exact_text(row, "value", room));
	html_add(html, "</td><td class=\"n\">");
	number_write(html, exact_text(row, "observations", room));
	html_add(html, "</td><td class=\"what\">%s</td></tr>\n", answer_text(row, "reason"));
}

static void list(struct visit *visit, struct html *html, const json_t *answer, const char *target)
{
	const json_t *rows = answer_rows(answer);
	const char *next = answer_head(answer, "list", "next");

	html_add(html, "<section aria-labelledby=\"list\"><h2 id=\"list\">%s</h2>\n",
		 _("What waits, the newest first"));
	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
		 "aria-labelledby=\"list\"><table data-q=\"%s\"><thead><tr><th "
		 "scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th>",
		 target, _("Office"), _("Received"), _("Metric"));
	html_add(html,
		 "<th scope=\"col\">%s</th><th scope=\"col\" class=\"n\">%s</th><th scope=\"col\" "
		 "class=\"n\">%s</th><th scope=\"col\">%s</th></tr></thead><tbody>\n",
		 _("Period"), _("Value"), _("Figures"), _("Why it waits"));
	for (size_t i = 0; i < json_array_size(rows); i++)
		row_write(visit, html, rows, i);
	html_add(html, "</tbody></table></div>\n");
	if (*next) {
		struct view there = view_with(&visit->view, "before", next);

		html_add(html, "<p>");
		frame_link(html, &there, _("Older ones"), false);
		html_add(html, "</p>\n");
	}
	html_add(html, "</section>\n");
}

void quarantine_write(struct visit *visit, struct html *html)
{
	/* While a change goes in steps nobody can say what a release would come to. */
	const json_t *trial = ask_if_there(visit->asking, TRIAL), *answer;
	struct question question;

	question_begin(&question, "/api/v1/quarantine");
	question_add(&question, "most", ROWS_MOST);
	question_add(&question, "before", visit->view.before);
	answer = ask(visit->asking, question.target);
	frame_title(visit, html, _("Quarantine"));
	html_add(html, "<p class=\"lead\">%s</p>\n",
		 _("What arrived and cannot count yet. Nothing of it is lost: once the cause is "
		   "mended and it is released, it counts as if it always had."));
	if (answer && json_array_size(answer_rows(answer)) == 0 && !*visit->view.before) {
		html_add(html, "<p>%s</p>\n", _("Nothing waits."));
		return;
	}
	causes(visit, html, trial);
	list(visit, html, answer, question.target);
}
