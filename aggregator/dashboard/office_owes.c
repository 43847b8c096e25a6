/* What an office owes: form by form and period by period, whether it came, late or not; and what is
 * overdue, as the list of offices that need a call has it. */
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/model/deadline.h"
#include "common/text/answer.h"
#include "dashboard/acts.h"
#include "dashboard/metrics_list.h"
#include "dashboard/number.h"
#include "dashboard/office_internal.h"
#include "dashboard/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_TOP 3u /* periods told of what is reported by the week, day or hour */

struct form {
	enum grain per;
	const char *form; /* what is reported per that alone; NULL: all that adds up to it */
	int back;         /* so many periods are told */
};

static const struct form forms[] = { { GRAIN_MONTH, NULL, 6 },
				     { GRAIN_QUARTER, "quarter", 4 },
				     { GRAIN_SEMESTER, "semester", 2 },
				     { GRAIN_YEAR, "year", 3 } };

struct owing { /* what all of it goes by */
	struct office *office;
	const json_t *catalogue;
	struct days_off *days; /* owned; NULL: none */
	int32_t today;
};

/* The province's days off, by which due dates move. The caller closes; NULL: none. */
static struct days_off *days_off_of(const json_t *answer)
{
	static const char head[] = "from,to,kind,name_vi,name_en\n";
	struct days_off *days = NULL;
	struct blob csv = { 0 };
	char line[128];
	struct err err;
	json_t *row;
	size_t i;
	int rc = blob_append(&csv, head, strlen(head));

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		int len = snprintf(line, sizeof(line), "%.20s,%.20s,%.20s,,\n",
				   answer_text(row, "from"), answer_text(row, "to"),
				   answer_text(row, "kind")); /* fits */

		if (rc == 0)
			rc = blob_append(&csv, line, (size_t)len);
	}
	if (rc == 0)
		(void)days_off_read((const char *)csv.data, csv.len, &days,
				    &err); /* of none, dates stand as they are */
	blob_free(&csv);
	return days;
}

/* The last day on which figures of the period that ends before @end are in time. */
static int32_t due_day(const json_t *metric, int32_t end, const struct days_off *days)
{
	const struct metric read = { .due_days = (uint32_t)strtoul(answer_text(metric, "due_days"),
								   NULL, 10),
				     .days_off = days };

	return metric_late_from(&read, end) - 1;
}

/* Is the day over on which the first of the metrics of that period is due? Of a form that is told
 * per longer periods than its own there is no one day. */
static bool is_late(const struct owing *owing, const json_t *row)
{
	struct period period;
	json_t *metric;
	size_t i;

	if (!period_read(answer_text(row, "period"), CALENDAR_CIVIL, &period) ||
	    strcmp(answer_text(row, "form"), grain_name(period.grain)) != 0)
		return true;
	json_array_foreach((json_t *)(uintptr_t)answer_rows(owing->catalogue), i, metric)
		if (strcmp(answer_text(metric, "level"), owing->office->level) == 0 &&
		    strcmp(answer_text(metric, "period"), grain_name(period.grain)) == 0 &&
		    due_day(metric, period_end_day(period), owing->days) < owing->today)
			return true;
	return false;
}

static const json_t *form_ask(struct office *office, const struct form *form,
			      struct question *question)
{
	const struct view *view = &office->visit->view;
	char text[PERIOD_TEXT_MAX];
	struct period at = civil_period(CALENDAR_CIVIL, form->per, office->visit->now_us);

	question_begin(question, "/api/v1/completeness");
	question_add(question, "area", office->units[0]);
	question_add(question, "by", "office");
	question_add(question, "per", grain_name(form->per));
	question_add(question, "form", form->form);
	question_add(question, "known", view->known);
	if (*view->from || *view->to) {
		question_add(question, "from", view->from);
		question_add(question, "to", view->to);
	} else {
		question_add(question, "to", period_format(at, text));
		at.number -= form->back - 1;
		question_add(question, "from", period_format(at, text));
	}
	return ask_if_there(office->visit->asking, question->target);
}

static void number_cell(struct html *html, const json_t *row, const char *key)
{
	char room[EXACT_MAX];

	html_add(html, "<td class=\"n\">");
	number_write(html, exact_text(row, key, room));
	html_add(html, "</td>");
}

/* In a word: what a clerk would be told on the telephone. */
static void state_cell(const struct owing *owing, struct html *html, const json_t *row)
{
	char when[PERIOD_TOLD_MAX];

	html_add(html, "<td>");
	if (answer_number(row, "missing") > 0 && !is_late(owing, row))
		html_add(html, "%s", _("not there yet"));
	else if (answer_number(row, "missing") > 0)
		html_add(html, "<span class=\"late\">▲ %s</span>", _("missing"));
	else if (answer_number(row, "due") == 0)
		html_add(html, "%s", _("nothing is due"));
	else if (answer_number(row, "late") > 0)
		html_add(html, "%s", _("came, but late"));
	else if (answer_number(row, "excused") > 0)
		html_add(html, "%s", _("excused"));
	else if (answer_number(row, "carried") > 0)
		html_add(html, "%s", _("an earlier level stands in for it"));
	else
		html_add(html, "%s", _("came in time"));
	if (*answer_text(row, "finished")) {
		html_add(html, "<small>");
		html_say(html, _("called finished at %s, by %s"),
			 words_instant(answer_text(row, "finished"), when),
			 answer_text(row, "finished_by"));
		html_add(html, "</small>");
	}
	html_add(html, "</td>");
}

static void owed_row(const struct owing *owing, struct html *html, const json_t *row)
{
	static const char *const counted[] = { "due", "reported", "late", "missing", "waiting" };
	char period[PERIOD_TOLD_MAX];

	html_add(html, "<tr><th scope=\"row\">%s</th><td>%s</td>",
		 words_period(answer_text(row, "period"), NULL, period),
		 words_often(answer_text(row, "form")));
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		number_cell(html, row, counted[i]);
	state_cell(owing, html, row);
	html_add(html, "</tr>\n");
}

static bool is_told(const struct office *office, const json_t *row)
{
	return strcmp(answer_text(row, "area"), office->code) == 0 &&
	       answer_number(row, "due") + answer_number(row, "reported") +
			       answer_number(row, "extra") + answer_number(row, "waiting") >
		       0;
}

static void owed_head(struct html *html, const char *query)
{
	html_add(html,
		 "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-labelledby=\"owes\">"
		 "<table data-q=\"%s\"><thead><tr><th scope=\"col\">%s</th>"
		 "<th scope=\"col\">%s</th><th scope=\"col\" class=\"n\">%s</th>"
		 "<th scope=\"col\" class=\"n\">%s</th><th scope=\"col\" class=\"n\">%s</th>"
		 "<th scope=\"col\" class=\"n\">%s</th><th scope=\"col\" class=\"n\">%s</th>"
		 "<th scope=\"col\">%s</th></tr></thead><tbody>\n",
		 query, _("Period"), _("Report"), _("Due"), _("Reported"), _("Late"), _("Missing"),
		 _("In quarantine"), _("State"));
}

/* Does anything that is due from its level have a form of that name? */
static bool is_owed(const struct owing *owing, const char *form)
{
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(owing->catalogue), i, row)
		if (strcmp(answer_text(row, "level"), owing->office->level) == 0 &&
		    (!form || strcmp(answer_text(row, "period"), form) == 0))
			return true;
	return false;
}

/* Form by form, those of longer periods first, each with its newest periods first. */
static void owed_table(const struct owing *owing, struct html *html, const struct form *form)
{
	struct office *office = owing->office;
	struct question question;
	const json_t *rows = answer_rows(form_ask(office, form, &question));
	size_t n = 0;

	for (int grain = GRAIN_YEAR; grain >= GRAIN_MINUTE; grain--) {
		size_t most = grain >= GRAIN_MONTH ? SIZE_MAX : SHORT_TOP, of_form = 0;

		for (size_t i = json_array_size(rows); i-- > 0 && of_form < most;) {
			const json_t *row = json_array_get(rows, i);

			if (!is_told(office, row) ||
			    strcmp(answer_text(row, "form"), grain_name((enum grain)grain)) != 0)
				continue;
			if (n++ == 0)
				owed_head(html, question.target);
			owed_row(owing, html, row);
			of_form++;
		}
	}
	html_add(html, n > 0 ? "</tbody></table></div>\n" : "");
}

/* --- what is due next --- */

struct next { /* report of one length of periods */
	struct period period;
	int32_t day; /* its last day in time; INT32_MAX: there is none */
};

/* The first of the periods around today whose due date is not over. */
static struct next next_of(const struct owing *owing, const json_t *metric, enum grain grain)
{
	enum calendar calendar = strcmp(answer_text(metric, "calendar"), "report") == 0
					 ? CALENDAR_REPORT
					 : CALENDAR_CIVIL;
	struct next next = { period_of_day(calendar, grain, owing->today), 0 };

	next.period.number -= 2;
	next.day = due_day(metric, period_end_day(next.period), owing->days);
	while (next.day < owing->today) {
		next.period.number++;
		next.day = due_day(metric, period_end_day(next.period), owing->days);
	}
	return next;
}

static void next_line(struct html *html, const struct next *next)
{
	char period[PERIOD_TOLD_MAX], day[PERIOD_TOLD_MAX];

	html_add(html, "<li>");
	html_say(html, _("%s, due by %s"), period_told(next->period, period),
		 day_told(next->day, day));
	html_add(html, "</li>\n");
}

/* Of each length of periods from the week on: what is due by the day is due each day. */
static void due_next(const struct owing *owing, struct html *html)
{
	bool any = false;
	json_t *row;
	size_t i;

	for (int grain = GRAIN_WEEK; grain < GRAIN_COUNT; grain++) {
		struct next first = { .day = INT32_MAX };

		json_array_foreach((json_t *)(uintptr_t)answer_rows(owing->catalogue), i, row) {
			struct next next;

			if (strcmp(answer_text(row, "level"), owing->office->level) != 0 ||
			    strcmp(answer_text(row, "period"), grain_name((enum grain)grain)) != 0)
				continue;
			next = next_of(owing, row, (enum grain)grain);
			if (next.day < first.day)
				first = next;
		}
		if (first.day == INT32_MAX)
			continue;
		if (!any)
			html_add(html, "<p>%s</p>\n<ul>\n", _("Due next:"));
		any = true;
		next_line(html, &first);
	}
	html_add(html, any ? "</ul>\n" : "");
}

/* What is overdue, in the words of the list of offices that need a call. */
static void overdue(struct office *office, struct html *html)
{
	const json_t *answer = ask(office->visit->asking, OFFICE_HEARD);
	char since[PERIOD_TOLD_MAX];
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)answer_rows(answer), i, row) {
		if (strcmp(answer_text(row, "office"), office->code) != 0 ||
		    !*answer_text(row, "late_since"))
			continue;
		html_add(html, "<p class=\"late\">▲ ");
		html_say(html, _("Overdue since %s: %s"),
			 words_day(answer_text(row, "late_since"), since), "");
		listed_overdue(office->visit, html, answer_text(row, "overdue"));
		html_add(html, "</p>\n");
	}
}

/* Instead of what is due next: why nothing is. */
static void nothing_more(struct office *office, struct html *html)
{
	char day[PERIOD_TOLD_MAX];

	if (!office->ended || !*office->ended) {
		html_add(
			html, "<p>%s</p>\n",
			_("It has no unit, so nothing is due from it, and what it reports waits in "
			  "quarantine."));
		return;
	}
	html_add(html, "<p class=\"late\">▲ ");
	html_say(html,
		 _("Its unit ended on %s: nothing is due from it for the time since, and what it "
		   "reports of that waits in quarantine until it has another unit."),
		 words_day(office->ended, day));
	html_add(html, "</p>\n");
	if (act_may(office->visit, "follow")) {
		html_add(html, "<p class=\"acts\">");
		act_link(office->visit, html, "follow", _("Let offices follow their units"),
			 (const char *const[]){ "day", office->ended, NULL });
		html_add(html, "</p>\n");
	}
}

void office_owes(struct office *office, struct html *html)
{
	struct owing owing = { .office = office,
			       .catalogue = ask(office->visit->asking, "/api/v1/catalogue"),
			       .today = civil_day(office->visit->now_us) };

	html_add(html, "<section aria-labelledby=\"owes\"><h2 id=\"owes\">%s</h2>\n",
		 _("What it owes"));
	overdue(office, html);
	if (office->n_units == 0) {
		nothing_more(office, html);
		html_add(html, "</section>\n");
		return;
	}
	owing.days = days_off_of(ask_if_there(office->visit->asking, "/api/v1/calendar"));
	if (office->ended)
		nothing_more(office, html);
	else
		due_next(&owing, html);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (is_owed(&owing, forms[i].form))
			owed_table(&owing, html, &forms[i]);
	days_off_close(owing.days);
	html_add(html, "</section>\n");
}
