#include "dashboard/overview.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/answer.h"
#include "dashboard/alert_rows.h"
#include "dashboard/calls.h"
#include "dashboard/frame.h"
#include "dashboard/indicators.h"
#include "dashboard/number.h"
#include "dashboard/words.h"

#include <string.h>

#define INDICATORS "/api/v1/indicators"
#define STATUS     "/api/v1/status"
#define CALLS_TOP  10u
#define CALLS_WALL 6u /* what one sees from across the room */

/* --- before anything is set up --- */

static bool is_empty(const json_t *answer)
{
	return answer && json_array_size(answer_rows(answer)) == 0;
}

static void first_steps(struct html *html, const char *what, const char *command)
{
	html_add(html, "<section class=\"next\"><h2>%s</h2>\n<p>%s</p>\n", _("What to do next"),
		 what);
	html_add(html, "<pre><code>%s</code></pre></section>\n", command);
}

/* --- completeness: the last period of each form that is over --- */

struct form {
	enum grain per;   /* over which */
	const char *form; /* what is reported per that alone; NULL: all that adds up to it */
};

static const struct form forms[] = { { GRAIN_MONTH, NULL },
				     { GRAIN_QUARTER, "quarter" },
				     { GRAIN_SEMESTER, "semester" },
				     { GRAIN_YEAR, "year" } };
#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

static const json_t *form_ask(struct visit *visit, const struct form *form, const char *level,
			      struct question *question)
{
	const struct view *view = &visit->view;
	char text[PERIOD_TEXT_MAX];
	struct period over;

	question_of(question, "/api/v1/completeness", visit, "name by per from to last labels");
	over = civil_period(strcmp(view->calendar, "report") == 0 ? CALENDAR_REPORT
								  : CALENDAR_CIVIL,
			    form->per, visit->now_us);
	over.number--;
	question_add(question, "by", level);
	question_add(question, "per", grain_name(form->per));
	question_add(question, "form", form->form);
	if (!*view->publication) {
		question_add(question, "from", period_format(over, text));
		question_add(question, "to", text);
	}
	return form->form ? ask_if_there(visit->asking, question->target)
			  : ask(visit->asking, question->target);
}

static const char *form_words(const char *form)
{
	static const struct {
		const char *form, *words;
	} known[] = { { "hour", N_("Hourly reports") },         { "day", N_("Daily reports") },
		      { "week", N_("Weekly reports") },         { "month", N_("Monthly reports") },
		      { "quarter", N_("Quarterly reports") },   { "year", N_("Yearly reports") },
		      { "semester", N_("Half-yearly reports") } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].form, form) == 0)
			return _(known[i].words);
	return form;
}

static void cell(struct html *html, const json_t *row, const char *key)
{
	char room[EXACT_MAX];

	html_add(html, "<td class=\"n\">");
	number_write(html, exact_text(row, key, room));
	html_add(html, "</td>");
}

static void form_row(struct visit *visit, struct html *html, const json_t *row)
{
	char period[PERIOD_TOLD_MAX], room[EXACT_MAX];
	const char *percent = exact_text(row, "percent", room);

	html_add(html, "<tr><th scope=\"row\">%s <small>%s</small></th><td>%s</td>",
		 form_words(answer_text(row, "form")), words_level(answer_text(row, "level")),
		 words_period(answer_text(row, "period"), visit->view.calendar, period));
	cell(html, row, "offices_due");
	cell(html, row, "offices_reported");
	cell(html, row, "missing");
	html_add(html, "<td class=\"n\">");
	number_write_unit(html, percent, percent ? "%" : NULL);
	if (percent)
		html_add(html,
			 "<svg class=\"bar\" viewBox=\"0 0 100 6\" aria-hidden=\"true\" "
			 "preserveAspectRatio=\"none\"><rect class=\"all\" width=\"100\" "
			 "height=\"6\"/><rect class=\"part\" width=\"%s\" height=\"6\"/></svg>",
			 percent);
	html_add(html, "</td></tr>\n");
}

/* What was due of the area itself: not the last row, and of no form that nothing is due of. */
static bool is_told(const json_t *row)
{
	return *answer_text(row, "area") && answer_number(row, "due") > 0;
}

static const char *level_of(struct visit *visit, const json_t *units)
{
	const char *area = visit->view.area, *level = "";
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(units), i, row)
		if (*area ? strcmp(answer_text(row, "code"), area) == 0
			  : !*answer_text(row, "parent"))
			level = answer_text(row, "level");
	return level;
}

static void completeness(struct visit *visit, struct html *html, const json_t *units)
{
	const char *level = level_of(visit, units), *due = NULL, *reported = NULL;
	char due_room[EXACT_MAX], reported_room[EXACT_MAX];
	struct question question;
	const json_t *cited = NULL;
	size_t rows = 0;

	if (!*level)
		return; /* of what is not known yet */
	html_add(html, "<section aria-labelledby=\"complete\"><h2 id=\"complete\">%s</h2>\n",
		 _("Completeness today"));
	html_add(html, "<p class=\"lead\">%s</p>\n",
		 _("What became of the reports that were due for the last period that is over."));
	for (size_t i = 0; i < N_FORMS; i++) {
		const json_t *answer = form_ask(visit, &forms[i], level, &question);
		json_t *row;
		size_t at;

		json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), at, row) {
			if (!is_told(row))
				continue;
			if (rows++ == 0) {
				cited = answer;
				due = exact_text(row, "offices_due", due_room);
				reported = exact_text(row, "offices_reported", reported_room);
				html_add(html,
					 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" "
					 "aria-labelledby=\"complete\"><table "
					 "data-q=\"%s\"><thead><tr><th "
					 "scope=\"col\">%s</th><th scope=\"col\">%s</th>",
					 question.target, _("Reports"), _("Period"));
				html_add(html,
					 "<th scope=\"col\" class=\"n\">%s</th><th scope=\"col\" "
					 "class=\"n\">%s</th><th scope=\"col\" "
					 "class=\"n\">%s</th><th scope=\"col\" "
					 "class=\"n\">%s</th></tr></thead><tbody>\n",
					 _("Offices due"), _("Offices that reported"),
					 _("Reports missing"), _("Share reported"));
			} else {
				html_add(html, "</tbody><tbody data-q=\"%s\">\n", question.target);
			}
			form_row(visit, html, row);
		}
	}
	html_add(html, rows ? "</tbody></table></div>\n" : "<p>%s</p>\n",
		 _("Nothing was due yet."));
	html_add(html, "</section>\n");
	if (cited)
		frame_cite(visit, cited, due, reported);
}

/* --- what the province's own watch says --- */

static void notices(struct html *html, const json_t *status)
{
	static const struct {
		const char *object, *class, *words;
	} gravities[] = { { "ill", "bad", N_("Fault") }, { "note", "note", N_("Note") } };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(gravities) / sizeof(gravities[0]); i++) {
		json_t *object = json_object_get(status, gravities[i].object), *value;
		const char *key;

		json_object_foreach(object, key, value) {
			if (strcmp(key, "alerts_fire") == 0) /* alerts_section() has them */
				continue;
			if (n++ == 0)
				html_add(html,
					 "<section aria-labelledby=\"watch\"><h2 "
					 "id=\"watch\">%s</h2>\n<ul class=\"notices\">\n",
					 _("What the province's machine says"));
			html_add(html, "<li class=\"%s\"><strong>%s</strong> %s</li>\n",
				 gravities[i].class, _(gravities[i].words),
				 json_string_value(value) ? json_string_value(value) : "");
		}
	}
	if (n > 0)
		html_add(html, "</ul></section>\n");
}

/* --- the page --- */

static void calls_section(struct visit *visit, struct html *html)
{
	const json_t *answer = ask(visit->asking, CALLS_TARGET);
	size_t all = json_array_size(answer_rows(answer)),
	       top = *visit->view.wall ? CALLS_WALL : CALLS_TOP;
	struct view there = view_at(&visit->view, "/offices");

	html_add(html, "<section aria-labelledby=\"calls\"><h2 id=\"calls\">%s</h2>\n",
		 _("Who needs a call today"));
	if (answer && all == 0)
		html_add(html, "<p>%s</p>\n",
			 _("Nobody: no report is late, and every office was heard."));
	else
		calls_table(visit, html, answer, CALLS_TARGET, "calls", top);
	if (all > top) {
		char address[VIEW_ADDRESS_MAX], n[NUMBER_MAX], exact[32];

		(void)snprintf(exact, sizeof(exact), "%zu", all); /* fits */
		there = view_with(&there, "late", "1");
		there = view_with(&there, "silent", "1");
		html_add(html, "<p><a href=\"%s\">", view_address(&there, address));
		html_say(html, _("All %s offices that need a call"), number_shown(exact, n));
		html_add(html, "</a></p>\n");
	}
	html_add(html, "</section>\n");
}

void overview_write(struct visit *visit, struct html *html)
{
	const json_t *units = ask(visit->asking, FRAME_UNITS);
	const json_t *indicators = ask(visit->asking, INDICATORS);
	const json_t *status = ask(visit->asking, STATUS);
	const char *area = visit->view.area;

	frame_title(visit, html, *area ? frame_unit_name(units, area) : _("The province today"));
	if (is_empty(units)) {
		first_steps(html,
			    _("This province has no units yet, and no catalogue. On its machine, "
			      "as root:"),
			    "lantoa setup tien-giang");
		return;
	}
	frame_switches(visit, html);
	indicators_cards(visit, html, indicators);
	completeness(visit, html, units);
	if (is_empty(status))
		first_steps(html,
			    _("No office reports to this province yet. Bring the offices in, with "
			      "an invitation for each:"),
			    "lantoa office import offices.csv --invite FOLDER");
	else
		calls_section(visit, html);
	alerts_section(visit, html);
	if (!*visit->view.wall)
		notices(html, status);
}
