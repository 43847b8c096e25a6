#include "dashboard/act_told.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/period.h"
#include "common/text/answer.h"
#include "dashboard/frame.h"
#include "dashboard/metrics_list.h"
#include "dashboard/number.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_TOP 200u /* of what a table would change: the digest has all */

static const json_t *first(const json_t *trial)
{
	return json_array_get(answer_rows(trial), 0);
}

static const char *label_of(struct visit *visit, const char *metric)
{
	struct listed listed;

	(void)listed_find(visit, metric, strlen(metric), &listed);
	return listed.label && *listed.label ? listed.label : metric;
}

static void say(struct html *html, const char *sentence)
{
	html_add(html, "<p>%s</p>\n", sentence);
}

static void term(struct html *html, const char *name, const char *value)
{
	if (*value)
		html_add(html, "<dt>%s</dt><dd>%s</dd>\n", name, value);
}

/* "UBND xã A (28001)" */
static void term_code(struct html *html, const char *name, const char *called, const char *code)
{
	if (*called)
		html_add(html, "<dt>%s</dt><dd>%s (%s)</dd>\n", name, called, code);
	else
		term(html, name, code);
}

/* --- periods --- */

static const char *period_of(const json_t *row, char words[PERIOD_TOLD_MAX])
{
	return words_period(answer_text(row, "period"), answer_text(row, "calendar"), words);
}

void told_close(struct visit *visit, struct html *html, const json_t *trial)
{
	const char *metric = answer_text(first(trial), "metric");
	char words[PERIOD_TOLD_MAX];

	html_add(html, "<p class=\"act\">");
	if (*metric)
		html_say(html, _("%s is closed for one metric: %s."),
			 period_of(first(trial), words), label_of(visit, metric));
	else
		html_say(html, _("%s is closed for all metrics."), period_of(first(trial), words));
	html_add(html, "</p>\n");
	say(html,
	    _("What offices report for it from then on is kept and waits in quarantine, until "
	      "an operator lets it in or opens the period again."));
}

#define LACKING_TOP 5u /* offices that are named */

/* Who has not reported all of what is due for it: of a form, or of the one metric. */
static void lacking(struct html *html, const json_t *rows)
{
	char n[2][24], shown[2][NUMBER_MAX];
	size_t due = 0, lack = 0;
	const json_t *named[LACKING_TOP];

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);

		due += answer_number(row, "due") > 0;
		if (answer_number(row, "missing") <= 0)
			continue;
		if (lack < LACKING_TOP)
			named[lack] = row;
		lack++;
	}
	if (due == 0)
		return;
	(void)snprintf(n[0], sizeof(n[0]), "%zu", lack); /* fits, as below */
	(void)snprintf(n[1], sizeof(n[1]), "%zu", due);
	html_add(html, lack > 0 ? "<p class=\"late\">▲ " : "<p>");
	html_say(html, _("Offices that have not reported all of it yet: %s of %s."),
		 number_shown(n[0], shown[0]), number_shown(n[1], shown[1]));
	for (size_t i = 0; i < lack && i < LACKING_TOP; i++)
		html_add(html, "%s%s", i ? ", " : " ", answer_text(named[i], "name"));
	html_add(html, lack > LACKING_TOP ? " …</p>\n" : "</p>\n");
}

void told_complete(struct visit *visit, struct html *html, const json_t *trial)
{
	const json_t *row = first(trial);
	const char *metric = answer_text(row, "metric");
	struct question question;
	struct period period;

	if (!period_read(answer_text(row, "period"), CALENDAR_CIVIL, &period))
		return;
	question_begin(&question, "/api/v1/completeness");
	question_add(&question, "name", metric);
	question_add(&question, "form", *metric ? "" : grain_name(period.grain));
	question_add(&question, "by", *metric ? "office" : "");
	question_add(&question, "per", grain_name(period.grain));
	question_add(&question, "from", answer_text(row, "period"));
	question_add(&question, "to", answer_text(row, "period"));
	question_add(&question, "calendar", answer_text(row, "calendar"));
	lacking(html, answer_rows(ask_if_there(visit->asking, question.target)));
}

void told_reopen(struct visit *visit, struct html *html, const json_t *trial)
{
	const json_t *row = first(trial);
	const char *metric = answer_text(row, "metric");
	char words[PERIOD_TOLD_MAX];

	html_add(html, "<p class=\"act\">");
	if (*metric)
		html_say(html, _("%s can be reported again for one metric: %s."),
			 period_of(row, words), label_of(visit, metric));
	else
		html_say(html, _("%s can be reported again."), period_of(row, words));
	html_add(html, "</p>\n<p>");
	html_say(html, _("It was closed at %s by %s."),
		 words_instant(answer_text(row, "at"), words), answer_text(row, "who"));
	html_add(html, "</p>\n");
	say(html, _("What waits in quarantine because it was closed goes on waiting until it is "
		    "released."));
}

void done_close(const struct order *order, const json_t *answer, char *text, size_t room)
{
	char words[PERIOD_TOLD_MAX];

	(void)answer;
	(void)utf8_print(
		text, room, _("%s is closed now."),
		words_period(order_value(order, "period"), order_value(order, "cal"), words));
}

void done_reopen(const struct order *order, const json_t *answer, char *text, size_t room)
{
	char words[PERIOD_TOLD_MAX];

	(void)answer;
	(void)utf8_print(
		text, room, _("%s is open again."),
		words_period(order_value(order, "period"), order_value(order, "cal"), words));
}

/* --- quarantine --- */

static unsigned long how_many(const char *n)
{
	return strtoul(n, NULL, 10);
}

void told_release(struct visit *visit, struct html *html, const json_t *trial)
{
	const json_t *rows = answer_rows(trial);
	char shown[NUMBER_MAX], count[EXACT_MAX];
	const char *released = exact_head(trial, "would", "released", count);

	html_add(html, "<p class=\"act\">");
	visit->order->nothing = strcmp(released, "0") == 0;
	if (visit->order->nothing)
		html_add(html, "%s", _("Nothing of it may count yet."));
	else
		html_say(html,
			 ngettext("%s figure counts from then on, as if it always had.",
				  "%s figures count from then on, as if they always had.",
				  how_many(released)),
			 number_shown(released, shown));
	html_add(html, "</p>\n");
	if (json_array_size(rows) == 0)
		return;
	html_add(html,
		 "<h3 id=\"stays\">%s</h3>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		 "aria-labelledby=\"stays\"><table class=\"narrow\"><thead><tr><th "
		 "scope=\"col\">%s</th><th scope=\"col\" class=\"n\">%s</th></tr></thead><tbody>\n",
		 _("What goes on waiting"), _("Why it waits"), _("Figures"));
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		char room[EXACT_MAX];

		html_add(html, "<tr><th scope=\"row\">%s</th><td class=\"n\">",
			 answer_text(row, "reason"));
		number_write(html, exact_text(row, "observations", room));
		html_add(html, "</td></tr>\n");
	}
	html_add(html, "</tbody></table></div>\n");
}

void done_release(const struct order *order, const json_t *answer, char *text, size_t room)
{
	char shown[NUMBER_MAX], room_of[EXACT_MAX];
	const char *n = exact_head(answer, "counts", "released", room_of);

	(void)order;
	(void)utf8_print(text, room,
			 ngettext("%s figure was released and counts now.",
				  "%s figures were released and count now.", how_many(n)),
			 number_shown(n, shown));
}

/* An office's page is found by its code, whatever somebody typed. */
static const char *office_of(const struct order *order)
{
	return *order->office ? order->office : order_value(order, "office");
}

/* --- excuses --- */

static void excuse_facts(struct visit *visit, struct html *html, const json_t *row)
{
	const char *metric = answer_text(row, "metric"), *to = answer_text(row, "to");
	char form[ACT_FORM_MAX];
	char from[PERIOD_TOLD_MAX], until[PERIOD_TOLD_MAX];

	html_add(html, "<dl class=\"facts\">\n");
	term_code(html, _("Office"), answer_text(row, "name"), answer_text(row, "office"));
	term(html, _("From what"),
	     *metric ? label_of(visit, metric) : act_form(answer_text(row, "form"), form));
	html_add(html, "<dt>%s</dt><dd>", _("Period"));
	html_add(html, "%s", period_of(row, from));
	if (*to)
		html_add(html, " – %s", words_period(to, answer_text(row, "calendar"), until));
	html_add(html, "</dd>\n");
	term(html, _("Why"), answer_text(row, "reason"));
	html_add(html, "</dl>\n");
}

void told_excuse(struct visit *visit, struct html *html, const json_t *trial)
{
	excuse_facts(visit, html, first(trial));
	say(html,
	    _("What is excused is neither late nor missing. If it is reported all the same, it "
	      "counts."));
}

void told_unexcuse(struct visit *visit, struct html *html, const json_t *trial)
{
	excuse_facts(visit, html, first(trial));
	say(html, _("The excuse is taken back: what is not reported is missing again."));
}

void done_excuse(const struct order *order, const json_t *answer, char *text, size_t room)
{
	(void)answer;
	(void)utf8_print(text, room, _("Office %s is excused."), office_of(order));
}

void done_unexcuse(const struct order *order, const json_t *answer, char *text, size_t room)
{
	(void)order;
	(void)answer;
	(void)utf8_print(text, room, "%s", _("The excuse is taken back."));
}

/* --- offices --- */

/* Is there anything to do? Then what that comes to is told behind it. */
static bool is_any(struct visit *visit, struct html *html, const json_t *trial, const char *key)
{
	char room[EXACT_MAX];

	visit->order->nothing = strcmp(exact_head(trial, "would", key, room), "0") == 0;
	if (visit->order->nothing)
		html_add(html, "<p class=\"act\">%s</p>\n",
			 _("It stands so already: there is nothing to do."));
	return !visit->order->nothing;
}

static void unit_term(struct html *html, const char *name, const json_t *row, const char *code,
		      const char *called)
{
	if (*answer_text(row, code))
		term_code(html, name, answer_text(row, called), answer_text(row, code));
	else
		term(html, name, _("none any more"));
}

void told_move(struct visit *visit, struct html *html, const json_t *trial)
{
	const json_t *row = first(trial);
	char day[PERIOD_TOLD_MAX];

	html_add(html, "<dl class=\"facts\">\n");
	term_code(html, _("Office"), answer_text(row, "name"), answer_text(row, "office"));
	term(html, _("From"), words_day(answer_text(row, "from"), day));
	unit_term(html, _("Unit so far"), row, "unit", "unit_name");
	unit_term(html, _("Unit from then on"), row, "becomes", "becomes_name");
	html_add(html, "</dl>\n");
	if (is_any(visit, html, trial, "moved"))
		say(html, _("Figures of days before stay where they are. Those of that day and "
			    "later, also the "
			    "ones that are there already, count for the new unit."));
}

void told_figures(struct visit *visit, struct html *html, const json_t *trial)
{
	char shown[NUMBER_MAX], room[2][EXACT_MAX];
	const char *touched = exact_head(trial, "figures", "touched", room[0]),
		   *about = exact_head(trial, "figures", "about", room[1]);

	(void)visit;
	html_add(html, "<p class=\"soft\">");
	if (*about)
		html_say(html, _("About %s figures go along."), number_shown(about, shown));
	else if (strcmp(touched, "0") == 0 || !*touched)
		html_add(html, "%s", _("No figure of these days is there yet."));
	else
		html_say(html,
			 ngettext("%s figure goes along.", "%s figures go along.",
				  how_many(touched)),
			 number_shown(touched, shown));
	html_add(html, "</p>\n");
}

void told_rename(struct visit *visit, struct html *html, const json_t *trial)
{
	const json_t *row = first(trial);

	html_add(html, "<dl class=\"facts\">\n");
	term(html, _("Code"), answer_text(row, "office"));
	term(html, _("Called so far"), answer_text(row, "name"));
	term(html, _("Called from now on"), answer_text(row, "becomes"));
	html_add(html, "</dl>\n");
	if (is_any(visit, html, trial, "renamed"))
		say(html, _("What was known before today keeps the name of before."));
}

void told_end(struct visit *visit, struct html *html, const json_t *trial)
{
	const json_t *row = first(trial);
	char day[PERIOD_TOLD_MAX];

	html_add(html, "<dl class=\"facts\">\n");
	term_code(html, _("Office"), answer_text(row, "name"), answer_text(row, "office"));
	unit_term(html, _("Unit so far"), row, "unit", "unit_name");
	term(html, _("Last day"), words_day(answer_text(row, "until"), day));
	html_add(html, "</dl>\n");
	if (is_any(visit, html, trial, "ended"))
		say(html, _("After that day it reports for no unit and owes nothing. What it "
			    "reports of days "
			    "before counts as ever."));
}

/* How many, before the long list of them. */
static void follow_counted(struct html *html, const json_t *trial)
{
	char room[EXACT_MAX], shown[NUMBER_MAX];
	const char *certain = exact_head(trial, "follow", "certain", room);

	html_add(html, "<p class=\"act\">");
	html_say(html,
		 ngettext("%s office moves with its unit.", "%s offices move with their units.",
			  how_many(certain)),
		 number_shown(certain, shown));
	html_add(html, "</p>\n");

	const char *by_hand = exact_head(trial, "follow", "by_hand", room);

	if (strcmp(by_hand, "0") == 0)
		return;
	html_add(html, "<p class=\"late\">▲ ");
	html_say(html,
		 ngettext("%s office stays: somebody has to say where it goes.",
			  "%s offices stay: somebody has to say where they go.", how_many(by_hand)),
		 number_shown(by_hand, shown));
	html_add(html, "</p>\n");
}

void told_follow(struct visit *visit, struct html *html, const json_t *trial)
{
	const json_t *rows = answer_rows(trial);
	char room[EXACT_MAX];

	visit->order->nothing = strcmp(exact_head(trial, "follow", "certain", room), "0") == 0;
	if (json_array_size(rows) == 0) {
		html_add(html, "<p class=\"act\">%s</p>\n",
			 _("No office stood on a unit that ended on that day."));
		return;
	}
	follow_counted(html, trial);
	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">"
		 "<table><thead><tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th><th "
		 "scope=\"col\">%s</th></tr></thead><tbody>\n",
		 _("Offices"), _("Office"), _("Unit so far"), _("Unit from then on"));
	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *becomes = answer_text(row, "becomes"),
			   *choice = answer_text(row, "choice");

		html_add(html,
			 "<tr><th scope=\"row\">%s<small>%s</small></th><td>%s<small>%s</small>"
			 "</td><td>",
			 answer_text(row, "name"), answer_text(row, "office"),
			 answer_text(row, "unit_name"), answer_text(row, "unit"));
		if (*becomes)
			html_add(html, "%s<small>%s</small>", answer_text(row, "becomes_name"),
				 becomes);
		else
			html_add(html, "<span class=\"late\">▲ %s</span><small>%s</small>",
				 _("stays: somebody has to say where it goes"), choice);
		html_add(html, "</td></tr>\n");
	}
	html_add(html, "</tbody></table></div>\n");
}

/* An office whose invitation was lost gets another by the same command. */
void told_invite(struct visit *visit, struct html *html, const json_t *trial)
{
	const char *code = order_value(visit->order, "office"), *until;
	struct question question;
	char words[PERIOD_TOLD_MAX];
	const json_t *office;

	(void)trial;
	question_begin(&question, "/api/v1/offices");
	question_add(&question, "code", code);
	office = first(ask(visit->asking, question.target));
	until = answer_text(office, "invited_until");
	say(html,
	    _("An invitation carries a key, so it is made on the province's own machine alone, by "
	      "its administrator (root there). He types:"));
	html_add(html, "<pre>lantoa office invite %s</pre>\n",
		 office ? answer_text(office, "code") : "");
	say(html,
	    _("The line that this prints is handed to the office, and nobody else: its agent is "
	      "enrolled with it once."));
	if (*until) {
		html_add(html, "<p class=\"part\">▲ ");
		html_say(html,
			 _("An invitation is open already, until %s. A new one takes its place."),
			 words_instant(until, words));
		html_add(html, "</p>\n");
	}
}

void done_move(const struct order *order, const json_t *answer, char *text, size_t room)
{
	(void)utf8_print(text, room,
			 answer_number(answer, "moved") ? _("Office %s is moved.")
							: _("Office %s stood so already."),
			 office_of(order));
}

void done_rename(const struct order *order, const json_t *answer, char *text, size_t room)
{
	(void)answer;
	(void)utf8_print(text, room, _("Office %s is called %s now."), office_of(order),
			 order_value(order, "called"));
}

void done_end(const struct order *order, const json_t *answer, char *text, size_t room)
{
	char words[PERIOD_TOLD_MAX];

	(void)answer;
	(void)utf8_print(text, room, _("Office %s ends on %s."), office_of(order),
			 words_day(order_value(order, "day"), words));
}

void done_follow(const struct order *order, const json_t *answer, char *text, size_t room)
{
	char exact[EXACT_MAX], shown[NUMBER_MAX];
	const char *n = exact_text(answer, "moved", exact);

	(void)order;
	(void)utf8_print(text, room,
			 ngettext("%s office followed its unit.",
				  "%s offices followed their units.", n ? how_many(n) : 0),
			 number_shown(n ? n : "0", shown));
}

/* --- changes in steps --- */

void told_cancel(struct visit *visit, struct html *html, const json_t *trial)
{
	const json_t *row = first(trial);
	char words[PERIOD_TOLD_MAX];

	visit->order->nothing = !json_object_get(trial, "progress");
	if (visit->order->nothing) {
		say(html, _("No change is under way."));
		return;
	}
	html_add(html, "<dl class=\"facts\">\n");
	term(html, _("What"), answer_text(row, "kind"));
	term(html, _("By"), answer_text(row, "who"));
	term(html, _("Since"), words_instant(answer_text(row, "begun"), words));
	html_add(html, "</dl>\n");
	say(html,
	    _("It is taken back: what is not in force yet will not be. Of a release, what was "
	      "released stays so."));
}

void done_cancel(const struct order *order, const json_t *answer, char *text, size_t room)
{
	(void)order;
	(void)answer;
	(void)utf8_print(text, room, "%s", _("It is taken back."));
}

/* --- tables --- */

static const char *change_words(const char *change)
{
	return strcmp(change, "new") == 0    ? _("new")
	       : strcmp(change, "gone") == 0 ? _("gone")
					     : _("changed");
}

static void difference_row(struct html *html, const json_t *row)
{
	const char *change = answer_text(row, "change");

	html_add(html, "<tr><td>%s</td><th scope=\"row\">%s</th><td>%s</td>", change_words(change),
		 answer_text(row, "row"), answer_text(row, "column"));
	html_add(html, "<td class=\"what\">%s</td><td class=\"what\">%s</td></tr>\n",
		 answer_text(row, "was"), answer_text(row, "becomes"));
}

/* What it takes away from under figures. */
static void losses(struct html *html, const json_t *trial)
{
	char shown[NUMBER_MAX], room[2][EXACT_MAX];
	const char *figures = exact_head(trial, "would", "figures", room[0]),
		   *offices = exact_head(trial, "would", "offices", room[1]);

	if (!*figures || strcmp(figures, "0") == 0)
		return;
	html_add(html, "<p class=\"late\">▲ ");
	html_say(html,
		 ngettext("%s figure would not count any more, or mean something else.",
			  "%s figures would not count any more, or mean something else.",
			  how_many(figures)),
		 number_shown(figures, shown));
	html_add(html, " ");
	html_say(html,
		 ngettext("%s office reported such figures.", "%s offices reported such figures.",
			  how_many(offices)),
		 number_shown(offices, shown));
	html_add(html, "</p>\n");
}

void told_table(struct visit *visit, struct html *html, const json_t *trial)
{
	const json_t *rows = answer_rows(trial);
	size_t n = json_array_size(rows);
	char exact[24], shown[NUMBER_MAX];

	visit->order->nothing = n == 0;
	(void)snprintf(exact, sizeof(exact), "%zu", n); /* fits */
	html_add(html, "<p class=\"act\" id=\"rows\">");
	if (n == 0)
		html_add(html, "%s", _("Nothing: the table is in force already, as it is."));
	else
		html_say(html, ngettext("%s difference.", "%s differences.", n),
			 number_shown(exact, shown));
	html_add(html, "</p>\n");
	losses(html, trial);
	if (*answer_head(trial, "would", "warning"))
		html_add(html, "<p class=\"late\">▲ %s</p>\n",
			 answer_head(trial, "would", "warning"));
	if (n == 0)
		return;
	html_add(html,
		 "<div class=\"scroll wide\" tabindex=\"0\" role=\"region\" "
		 "aria-labelledby=\"rows\"><table class=\"differences\"><thead><tr><th "
		 "scope=\"col\">%s</th><th "
		 "scope=\"col\">%s</th><th scope=\"col\">%s</th>",
		 _("Change"), _("Row"), _("Column"));
	html_add(html, "<th scope=\"col\">%s</th><th scope=\"col\">%s</th></tr></thead><tbody>\n",
		 _("Was"), _("Becomes"));
	for (size_t i = 0; i < n && i < ROWS_TOP; i++)
		difference_row(html, json_array_get(rows, i));
	html_add(html, "</tbody></table></div>\n");
	if (n > ROWS_TOP) {
		(void)snprintf(exact, sizeof(exact), "%zu", n - ROWS_TOP); /* fits */
		html_add(html, "<p class=\"part\">");
		html_say(html, _("%s more are not shown."), number_shown(exact, shown));
		html_add(html, "</p>\n");
	}
}

void told_seconds(struct visit *visit, struct html *html, const json_t *trial)
{
	char shown[NUMBER_MAX], room[EXACT_MAX];
	const char *n = exact_head(trial, "would", "seconds", room);

	(void)visit;
	if (!*n || strcmp(n, "0") == 0)
		return;
	html_add(html, "<p class=\"soft\">");
	html_say(html,
		 ngettext("It takes about %s second.", "It takes about %s seconds.", how_many(n)),
		 number_shown(n, shown));
	html_add(html, "</p>\n");
}

void done_table(const struct order *order, const json_t *answer, char *text, size_t room)
{
	char exact[EXACT_MAX], shown[NUMBER_MAX];
	const char *n = exact_text(answer, "changed", exact);

	(void)order;
	if (!n)
		n = exact_text(answer, "added", exact);
	if (!n)
		n = exact_text(answer, "units", exact); /* of the map */
	(void)utf8_print(text, room, _("The table is in force; rows or editions that changed: %s."),
			 number_shown(n ? n : "0", shown));
}
