/* The rows of /v1/explain come in the order in which they are read: a total, its offices, their
 * entries; then the acts. A part of the page is open until a row of another part comes. */
#include "dashboard/explained.h"

#include "common/base/i18n.h"
#include "common/text/answer.h"
#include "dashboard/frame.h"
#include "dashboard/metrics_list.h"
#include "dashboard/number.h"
#include "dashboard/words.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum open { /* what stands open on the page, from the outside in */
	    OPEN_NOTHING,
	    OPEN_TOTAL,   /* a section */
	    OPEN_OFFICE,  /* an office's details */
	    OPEN_ENTRIES, /* its table */
	    OPEN_OFFICES, /* the table of offices that are told without entries */
	    OPEN_ACTS
};

struct walk {
	struct visit *visit;
	struct html *html;
	const char *target, *unit;
	bool whole; /* entries are told */
	enum open open;
	unsigned n; /* of headings so far */
};

/* Words of the aggregator's, here only to be translated. */
static const char *const words[] __attribute__((unused)) = {
	N_("on time"),   N_("late"),      N_("partly"),   N_("carried"),    N_("excused"),
	N_("missing"),   N_("held"),      N_("extra"),    N_("not due"),    N_("first"),
	N_("corrected"), N_("withdrawn"), N_("released"), N_("held again"),
};

static void close_down(struct walk *walk, enum open to)
{
	struct html *html = walk->html;

	if (walk->open == OPEN_ACTS || walk->open == OPEN_OFFICES)
		html_add(html, "</tbody></table></div>\n");
	if (walk->open == OPEN_ENTRIES)
		html_add(html, "</tbody></table></div>\n");
	if ((walk->open == OPEN_ENTRIES || walk->open == OPEN_OFFICE) && to < OPEN_OFFICE)
		html_add(html, "</details>\n");
	if (walk->open == OPEN_ACTS || (walk->open != OPEN_NOTHING && to < OPEN_TOTAL))
		html_add(html, "</section>\n");
	walk->open = to;
}

static void table_begin(struct walk *walk, const char *class)
{
	html_add(walk->html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"%s\">"
		 "<table class=\"%s\" data-q=\"%s\"><thead><tr>",
		 _("Table"), class, walk->target);
}

static void heading(struct html *html, const char *title, bool number)
{
	html_add(html,
		 number ? "<th scope=\"col\" class=\"n\">%s</th>" : "<th scope=\"col\">%s</th>",
		 title);
}

static bool is_true(const json_t *row, const char *name)
{
	return json_is_true(json_object_get(row, name));
}

/* --- a total --- */

static void counts(struct html *html, const json_t *row)
{
	const struct {
		const char *name, *title;
	} all[] = { { "due", _("Reports due") },       { "reported", _("Reported") },
		    { "on_time", _("On time") },       { "carried", _("Carried") },
		    { "excused", _("Excused") },       { "missing", _("Missing") },
		    { "waiting", _("In quarantine") }, { "extra", _("Extra") },
		    { "revisions", _("Revisions") } };
	char room[EXACT_MAX];

	html_add(html, "<p class=\"about\">");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *n = exact_text(row, all[i].name, room);

		if (!n || strcmp(n, "0") == 0)
			continue;
		html_add(html, "<span>%s: ", all[i].title);
		number_write(html, n);
		html_add(html, "</span> ");
	}
	html_add(html, "</p>\n");
}

static void put_total(struct walk *walk, const json_t *row)
{
	struct html *html = walk->html;
	const char *area = answer_text(row, "area_name"), *metric = answer_text(row, "metric");
	bool operand = strcmp(answer_text(row, "part"), "operand") == 0;
	struct listed listed;
	char room[EXACT_MAX];

	close_down(walk, OPEN_NOTHING);
	(void)listed_find(walk->visit, metric, strlen(metric), &listed);
	html_add(html,
		 operand ? "<section class=\"operand\"><h2 id=\"t%u\">"
			 : "<section><h2 id=\"t%u\">",
		 ++walk->n);
	html_add(html, "%s · %s: ", listed.label, *area ? area : _("the rest"));
	html_add(html, "<span data-q=\"%s\">", walk->target);
	number_write_unit(html, exact_text(row, "value", room),
			  *listed.unit ? listed.unit
			  : operand    ? ""
				       : walk->unit);
	html_add(html, "</span> <small>%s</small></h2>\n", metric);
	if (*answer_text(row, "reason"))
		html_add(html, "<p class=\"part\">%s</p>\n", answer_text(row, "reason"));
	if (*answer_text(row, "how"))
		html_add(html, "<p>%s</p>\n", answer_text(row, "how"));
	counts(html, row);
	walk->open = OPEN_TOTAL;
}

/* --- offices --- */

static bool is_bad(const char *state)
{
	return strcmp(state, "missing") == 0 || strcmp(state, "late") == 0 ||
	       strcmp(state, "partly") == 0 || strcmp(state, "held") == 0;
}

static void put_state(struct html *html, const json_t *row)
{
	const char *state = answer_text(row, "state");

	if (is_bad(state))
		html_add(html, "<span class=\"late\"><span aria-hidden=\"true\">▲</span> %s</span>",
			 _(state));
	else
		html_add(html, "%s", _(state));
	if (!*answer_text(row, "into"))
		html_add(html, " · %s", _("in the last row"));
}

static void office_line(struct walk *walk, const json_t *row)
{
	struct html *html = walk->html;
	struct view there = view_with(&walk->visit->view, "office", answer_text(row, "office"));
	char room[EXACT_MAX];

	if (walk->open != OPEN_OFFICES) {
		close_down(walk, OPEN_TOTAL);
		table_begin(walk, "offices");
		heading(html, _("Office"), false);
		heading(html, _("Unit then"), false);
		heading(html, _("It gives"), true);
		heading(html, _("State"), false);
		heading(html, _("Reports due"), true);
		heading(html, _("Missing"), true);
		html_add(html, "</tr></thead><tbody>\n");
		walk->open = OPEN_OFFICES;
	}
	there = view_with(&there, "after", "");
	html_add(html, "<tr><th scope=\"row\">");
	frame_go(walk->visit, html, &there, answer_text(row, "name"));
	html_add(html, "<small>%s</small></th><td>%s</td><td class=\"n\">",
		 answer_text(row, "office"), answer_text(row, "area_name"));
	number_write(html, exact_text(row, "value", room));
	html_add(html, "</td><td>");
	put_state(html, row);
	html_add(html, "</td><td class=\"n\">");
	number_write(html, exact_text(row, "due", room));
	html_add(html, "</td><td class=\"n\">");
	number_write(html, exact_text(row, "missing", room));
	html_add(html, "</td></tr>\n");
}

static void office_details(struct walk *walk, const json_t *row)
{
	struct html *html = walk->html;
	char room[EXACT_MAX];

	close_down(walk, OPEN_TOTAL);
	html_add(html, "<details open><summary>%s <small>%s · %s</small> ",
		 answer_text(row, "name"), answer_text(row, "office"),
		 answer_text(row, "area_name"));
	html_add(html, "<span data-q=\"%s\">", walk->target);
	number_write(html, exact_text(row, "value", room));
	html_add(html, "</span> · ");
	put_state(html, row);
	html_add(html, "</summary>\n");
	if (*answer_text(row, "reason"))
		html_add(html, "<p class=\"part\">%s</p>\n", answer_text(row, "reason"));
	walk->open = OPEN_OFFICE;
}

/* --- entries --- */

static void entries_begin(struct walk *walk)
{
	struct html *html = walk->html;

	table_begin(walk, "entries");
	heading(html, _("Counts"), false);
	heading(html, _("Period"), false);
	heading(html, _("Labels"), false);
	heading(html, _("Value"), true);
	heading(html, _("Change"), false);
	heading(html, _("Received"), false);
	heading(html, _("From whom"), false);
	heading(html, _("Journal entry"), true);
	heading(html, _("What was done"), false);
	html_add(html, "</tr></thead><tbody>\n");
	walk->open = OPEN_ENTRIES;
}

/* Why it is or was held, and which act did what. */
static void put_event(struct html *html, const json_t *row)
{
	const char *who = answer_text(row, "shown_name"), *at = answer_text(row, "event_at");
	char moment[PERIOD_TOLD_MAX], room[EXACT_MAX];
	const char *event = exact_text(row, "event", room);

	html_add(html, "%s", answer_text(row, "reason"));
	if (*at) {
		html_add(html, "<small>%s, %s, %s", answer_text(row, "act"),
			 words_instant(at, moment), *who ? who : answer_text(row, "who"));
		if (event) {
			html_add(html, ", ");
			html_say(html, _("event %s"), event);
		}
		html_add(html, "</small>");
	}
}

static void put_entry(struct walk *walk, const json_t *row)
{
	struct html *html = walk->html;
	const char *author = answer_text(row, "author_name");
	char room[EXACT_MAX], text[PERIOD_TOLD_MAX];

	if (walk->open != OPEN_ENTRIES)
		entries_begin(walk);
	html_add(html, "<tr><td>%s</td><th scope=\"row\">%s</th><td>%s</td><td class=\"n\">",
		 is_true(row, "counted") ? _("yes") : _("no"),
		 words_period(answer_text(row, "period"), walk->visit->view.calendar, text),
		 answer_text(row, "labels"));
	number_write(html, exact_text(row, "became", room));
	html_add(html, "</td><td>%s", _(answer_text(row, "change")));
	if (is_true(row, "late"))
		html_add(html, " <span class=\"late\">%s</span>", _("late"));
	html_add(html, "</td><td>%s</td><td>%s", words_instant(answer_text(row, "received"), text),
		 *author ? author : answer_text(row, "author"));
	if (is_true(row, "from_province"))
		html_add(html, "<small>%s</small>", _("recorded by the province"));
	if (*answer_text(row, "note"))
		html_add(html, "<small>%s</small>", answer_text(row, "note"));
	html_add(html, "</td><td class=\"n\">");
	number_write(html, exact_text(row, "entry", room));
	html_add(html, "<small>");
	html_say(html, _("batch %s"), exact_text(row, "batch", room));
	html_add(html, "</small></td><td class=\"what\">");
	put_event(html, row);
	html_add(html, "</td></tr>\n");
}

/* --- acts --- */

static void put_act(struct walk *walk, const json_t *row)
{
	struct html *html = walk->html;
	const char *who = answer_text(row, "shown_name");
	char room[EXACT_MAX], text[PERIOD_TOLD_MAX];

	if (walk->open != OPEN_ACTS) {
		close_down(walk, OPEN_NOTHING);
		html_add(html, "<section><h2>%s</h2>\n", _("Acts that may have touched it"));
		table_begin(walk, "events");
		heading(html, _("Event"), true);
		heading(html, _("Time"), false);
		heading(html, _("What was done"), false);
		heading(html, _("Who"), false);
		heading(html, _("Detail"), false);
		html_add(html, "</tr></thead><tbody>\n");
		walk->open = OPEN_ACTS;
	}
	html_add(html, "<tr><td class=\"n\">");
	number_write(html, exact_text(row, "event", room));
	html_add(html, "</td><td>%s</td><td>%s</td><td>%s</td><td class=\"what\">%s</td></tr>\n",
		 words_instant(answer_text(row, "event_at"), text), answer_text(row, "act"),
		 *who ? who : answer_text(row, "who"), answer_text(row, "detail"));
}

static void put_row(struct walk *walk, const json_t *row)
{
	const char *part = answer_text(row, "part");

	if (strcmp(part, "office") == 0 && walk->whole)
		office_details(walk, row);
	else if (strcmp(part, "office") == 0)
		office_line(walk, row);
	else if (strcmp(part, "entry") == 0)
		put_entry(walk, row);
	else if (strcmp(part, "act") == 0)
		put_act(walk, row);
	else
		put_total(walk, row);
}

/* --- the screen --- */

/* What is not shown, and how to have it. */
static void put_more(struct visit *visit, struct html *html, const json_t *answer)
{
	const char *next = answer_head(answer, "explain", "next");
	const json_t *head = json_object_get(answer, "explain");
	char shown[EXACT_MAX], of[EXACT_MAX];
	struct view there;

	if (*visit->view.office) {
		there = view_with(&visit->view, "office", "");
		html_add(html, "<p>");
		frame_link(html, &there, _("All offices of this figure"), false);
		html_add(html, "</p>\n");
	}
	if (!*next)
		return;
	there = view_with(&visit->view, "after", next);
	html_add(html, "<p class=\"next\">");
	html_say(html, _("%s of %s offices are shown."), exact_text(head, "shown", shown),
		 exact_text(head, "offices", of));
	html_add(html, " ");
	frame_link(html, &there, _("Further offices"), false);
	html_add(html, "</p>\n");
}

/* Which total is meant: a form that keeps the rest of the view. */
static void put_form(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;

	html_add(html, "<form class=\"filters\" action=\"/explain\">\n");
	frame_keep(html, view, "name period area office after");
	html_add(html,
		 "<div><label for=\"name\">%s</label>\n<input id=\"name\" name=\"name\" "
		 "value=\"%s\" required spellcheck=\"false\" autocapitalize=\"none\"></div>\n",
		 _("Metric or indicator"), view->name);
	html_add(html,
		 "<div><label for=\"period\">%s</label>\n<input id=\"period\" name=\"period\" "
		 "value=\"%s\" size=\"10\"></div>\n",
		 _("Period"), view->period);
	html_add(html,
		 "<div><label for=\"area\">%s</label>\n<input id=\"area\" name=\"area\" "
		 "value=\"%s\" size=\"8\"></div>\n<div><button>%s</button></div>\n</form>\n",
		 _("Area"), view->area, _("Explain"));
}

static void question_write(const struct view *view, struct question *question)
{
	question_begin(question, "/api/v1/explain");
	question_add(question, "name", view->name);
	question_add(question, "area", view->area);
	question_add(question, "period", view->period);
	question_add(question, "labels", view->labels);
	question_add(question, "calendar", view->calendar);
	question_add(question, "structure", view->structure);
	question_add(question, "known", view->known);
	question_add(question, "publication", view->publication);
	question_add(question, "office", view->office);
	question_add(question, "after", view->after);
}

void explained_write(struct visit *visit, struct html *html)
{
	const struct view *view = &visit->view;
	struct walk walk = { .visit = visit, .html = html };
	struct question question;
	const json_t *answer;
	json_t *row;
	size_t i;

	frame_title(visit, html, _("Where a figure comes from"));
	put_form(visit, html);
	if (!*view->name) {
		html_add(html, "<p class=\"lead\">%s</p>\n",
			 _("Name a metric or an indicator and a period: this page then explains "
			   "its total, down to the reports that it is made of."));
		return;
	}
	frame_switches(visit, html);
	question_write(view, &question);
	answer = ask(visit->asking, question.target);
	frame_cite(visit, answer, NULL, NULL);
	walk.target = question.target;
	walk.unit = answer_head(answer, "query", "unit");
	walk.whole = strcmp(answer_head(answer, "explain", "entries"), "yes") == 0;
	put_more(visit, html, answer);
	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row)
		put_row(&walk, row);
	close_down(&walk, OPEN_NOTHING);
	if (!walk.whole)
		html_add(html, "<p class=\"soft\">%s</p>\n",
			 _("Follow the name of an office to see its entries of the journal, and "
			   "the acts that touched them."));
}
