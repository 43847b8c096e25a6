#include "clerk/home.h"

#include "clerk/due.h"
#include "clerk/notices.h"
#include "clerk/wording.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"

#include <stdlib.h>
#include <string.h>

/* Rule 5.4: what was withdrawn is as if it had never been reported. */
static bool recorded(void *context, const struct metric *metric, struct period period)
{
	const struct values *values = context;
	for (size_t i = 0; i < values->n; i++)
		if (values->list[i].metric == metric && !values->list[i].withdrawn &&
		    values->list[i].period.number == period.number)
			return true;
	return false;
}

static bool recorded_before(void *context, const struct metric *metric, struct period period)
{
	const struct values *values = context;
	for (size_t i = 0; i < values->n; i++)
		if (values->list[i].metric == metric && !values->list[i].withdrawn &&
		    values->list[i].period.number < period.number)
			return true;
	return false;
}

/* --- how far the figures of a period got --- */

static void reach(struct html *html, const struct values *values, struct period period)
{
	size_t n[VALUE_REFUSED + 1] = { 0 };
	for (size_t i = 0; i < values->n; i++) {
		const struct value *value = &values->list[i];
		if (value->period.number == period.number && value->period.grain == period.grain &&
		    value->period.calendar == period.calendar)
			n[value_state(values, value)]++;
	}
	if (n[VALUE_RECEIVED] > 0) {
		html_add(html, "<span class=\"state received\">");
		html_say(html, _("%zu received by the province"), n[VALUE_RECEIVED]);
		html_add(html, "</span> ");
	}
	if (n[VALUE_SAVED] + n[VALUE_SENT] > 0) {
		html_add(html, "<span class=\"state waiting\">");
		html_say(html, _("%zu waiting"), n[VALUE_SAVED] + n[VALUE_SENT]);
		html_add(html, "</span> ");
	}
	if (n[VALUE_REFUSED] > 0) {
		html_add(html, "<span class=\"state refused\">");
		html_say(html, _("%zu held back by the province"), n[VALUE_REFUSED]);
		html_add(html, "</span> ");
	}
}

/* --- one period --- */

static void urgency(struct html *html, const struct due *due, int32_t today)
{
	static const char *const classes[] = { [DUE_LATE] = "late",
					       [DUE_OPEN] = "open",
					       [DUE_RUNNING] = "running",
					       [DUE_DONE] = "done" };
	char left[WORDING_MAX];
	html_add(html, "<span class=\"badge %s\">", classes[due->state]);
	if (due->state == DUE_DONE)
		html_say(html, _("complete"));
	else
		html_add(html, "%s", wording_left(due->day, today, left));
	html_add(html, "</span>");
}

static void row(struct html *html, const struct values *values, const struct due *due,
		int64_t now_us)
{
	int32_t today = civil_day(now_us);
	char name[WORDING_MAX], span[WORDING_MAX], day[WORDING_MAX], period[PERIOD_TEXT_MAX];
	const struct spool_finished *finished = values_finished(values, due->period);
	(void)period_told(due->period, name);
	html_add(html, "<tr>\n<th scope=\"row\">%s", name);
	if (*period_span_told(due->period, span))
		html_add(html, " <small>%s</small>", span);
	if (due->state == DUE_RUNNING)
		html_add(html, " <small>%s</small>", _("not over yet"));
	html_add(html, "</th>\n<td data-label=\"%s\">%s ", _("To be sent by"),
		 day_told(due->day, day));
	if (finished)
		html_add(html, "<span class=\"badge done\">%s</span>", _("finished"));
	else
		urgency(html, due, today);
	(void)period_format(due->period, period);
	html_add(html,
		 "</td>\n<td class=\"count\" data-label=\"%s\">%u / %u</td>\n"
		 "<td data-live=\"%s %s\">",
		 _("Recorded"), due->recorded, due->metrics, period,
		 calendar_name(due->period.calendar));
	reach(html, values, due->period);
	if (finished) {
		html_add(html, "<span class=\"state\">");
		finished_say(html, finished, now_us);
		html_add(html, "</span>");
	}
	html_add(html,
		 "</td>\n<td class=\"go\"><a class=\"%s\" href=\"form?period=%s&amp;calendar=%s\">",
		 due->state == DUE_DONE ? "quiet" : "button", period_format(due->period, period),
		 calendar_name(due->period.calendar));
	html_add(html, "%s<span class=\"hidden\"> %s</span></a></td>\n</tr>\n",
		 due->state == DUE_DONE ? _("Look or correct") : _("Fill in"), name);
}

/* Those of @list from @first to @last state; they stand together. */
static void section(struct html *html, const struct values *values, const struct due list[],
		    size_t n, int64_t now_us, enum due_state first, enum due_state last,
		    const char *title)
{
	size_t shown = 0;
	for (size_t i = 0; i < n; i++)
		shown += list[i].state >= first && list[i].state <= last;
	if (shown == 0)
		return;
	html_add(html, "<section>\n<h2>%s</h2>\n", title);
	html_add(html,
		 "<table class=\"due\">\n<thead><tr><th scope=\"col\">%s</th>"
		 "<th scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
		 "<td></td></tr></thead>\n<tbody>\n",
		 _("Period"), _("To be sent by"), _("Recorded"), _("How far it got"));
	for (size_t i = 0; i < n; i++)
		if (list[i].state >= first && list[i].state <= last)
			row(html, values, &list[i], now_us);
	html_add(html, "</tbody>\n</table>\n</section>\n");
}

/* What is counted by the hour is never due here, but may be written all the same. */
static void hours(struct html *html, const struct catalogue *catalogue, const struct values *values,
		  int64_t now_us)
{
	char period[PERIOD_TEXT_MAX];
	size_t n = 0;
	for (size_t i = 0; i < catalogue->n; i++)
		n += catalogue->metrics[i].period == GRAIN_HOUR &&
		     due_metric(&catalogue->metrics[i], values->level);
	if (n == 0)
		return;
	struct period now = civil_period(CALENDAR_CIVIL, GRAIN_HOUR, now_us);
	html_add(html, "<p>%s <a href=\"form?period=%s&amp;calendar=civil\">%s</a></p>\n",
		 _("Figures by the hour mostly come from programs."), period_format(now, period),
		 _("Type those of this hour"));
}

int home_write(struct html *html, const struct frame *frame, const struct catalogue *catalogue,
	       const struct values *values, const char *inbox, const char *token, struct err *err)
{
	struct due *list;
	size_t n;
	int32_t today = civil_day(frame->now_us);
	char day[WORDING_MAX];
	const struct due_question question = { .catalogue = catalogue,
					       .level = values->level,
					       .today = today,
					       .recorded = recorded,
					       .recorded_before = recorded_before,
					       .context = (void *)(uintptr_t)values };
	int rc = due_list(&question, &list, &n, err);
	if (rc < 0)
		return rc;
	struct frame whole = *frame;
	whole.title = _("To report");
	whole.path = "./?";
	whole.place = PLACE_DUE;
	frame_begin(html, &whole);
	html_add(html, "<h1>%s</h1>\n<p class=\"lead\">", _("What this office reports"));
	html_say(html, _("Today is %s."), day_told(today, day));
	html_add(html, "</p>\n");
	notice_messages(html, catalogue, values, token, frame->now_us);
	if (*inbox)
		html_add(html, "<p class=\"error\" role=\"status\">%s %s.</p>\n",
			 _("Tables in the inbox folder:"), inbox);
	if (frame->typist_asked && !*frame->typist)
		typist_ask(html, frame, token, NULL);
	section(html, values, list, n, frame->now_us, DUE_LATE, DUE_LATE, _("Late"));
	section(html, values, list, n, frame->now_us, DUE_OPEN, DUE_RUNNING, _("Due soon"));
	section(html, values, list, n, frame->now_us, DUE_DONE, DUE_DONE, _("Complete"));
	if (n == 0)
		html_add(html, "<p>%s</p>\n",
			 _("The catalogue has nothing that this office must report."));
	hours(html, catalogue, values, frame->now_us);
	frame_end(html);
	free(list);
	return 0;
}
