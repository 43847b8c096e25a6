#include "clerk/notices.h"

#include "clerk/due.h"
#include "clerk/wording.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/text/retell.h"

#include <stdio.h>

#define LET_IN_SHOWN 20u

void notice_closed(struct html *html, const struct catalogue *catalogue,
		   const struct values *values, struct period period)
{
	const Lantoa__V1__Closing *closing = NULL;
	size_t n = 0, n_closed = 0;
	char day[WORDING_MAX];
	for (size_t i = 0; i < catalogue->n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		if (metric->period != period.grain || metric->calendar != period.calendar ||
		    !due_metric(metric, values->level))
			continue;
		const Lantoa__V1__Closing *own = bulletin_closing(&values->told, metric, period);
		closing = own ? own : closing;
		n_closed += own != NULL;
		n++;
	}
	if (n_closed == 0)
		return;
	html_add(html, "<div class=\"result closed\" role=\"status\"><p><strong>");
	html_say(html, _("This period is closed since %s."),
		 day_told(civil_day(closing->closed_us), day));
	html_add(html, "</strong> %s</p>\n",
		 _("You can still save: what you send waits until the province lets it in."));
	for (size_t i = 0; i < catalogue->n && n_closed < n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		bool own = metric->period == period.grain && metric->calendar == period.calendar &&
			   due_metric(metric, values->level) &&
			   bulletin_closing(&values->told, metric, period);
		if (own)
			html_add(html, "<p>%s %s</p>\n", _("Closed:"), wording_metric(metric));
	}
	html_add(html, "</div>\n");
}

void notice_let_in(struct html *html, const struct values *values, int64_t now_us)
{
	const Lantoa__V1__Standing *standing = values->told.standing;
	char at[WORDING_MAX], reason[ERR_TEXT_MAX];
	uint64_t figures;
	size_t shown = 0;
	if (!standing || standing->n_released == 0)
		return;
	html_add(html, "<section>\n<h2>%s</h2>\n<ul>\n", _("Let in by the province recently"));
	for (size_t i = 0, next; i < standing->n_released && shown < LET_IN_SHOWN; i = next) {
		const Lantoa__V1__Waiting *first = standing->released[i];
		next = bulletin_let_in(standing, i, &figures);
		shown++;
		html_add(html, "<li>");
		html_say(html,
			 figures == 1
				 ? _("%s: %llu figure counts now. It was held back because: %s")
				 : _("%s: %llu figures count now. They were held back because: %s"),
			 wording_instant(first->at_us, now_us, at), (unsigned long long)figures,
			 retell(first->reason, reason, sizeof(reason)));
		html_add(html, "</li>\n");
	}
	html_add(html, "</ul>\n</section>\n");
}

/* Which figure it is about, as its form calls it, and where that is. */
static void about(struct html *html, const struct catalogue *catalogue,
		  const Lantoa__V1__Message *message)
{
	const struct metric *metric = catalogue_find(catalogue, message->metric);
	struct period period;
	char labels[LABELS_TEXT_MAX + WORDING_MAX], name[WORDING_MAX], number[PERIOD_TEXT_MAX];
	if (!*message->metric)
		return;
	html_add(html, "<p>%s ", _("Please look again at:"));
	if (metric && period_read(message->period, metric->calendar, &period))
		html_add(html,
			 "<strong>%s</strong> %s, <a "
			 "href=\"form?period=%s&amp;calendar=%s\">%s</a></p>\n",
			 wording_metric(metric),
			 wording_labels(catalogue->dimensions, metric, message->labels, labels,
					sizeof(labels)),
			 period_format(period, number), calendar_name(period.calendar),
			 period_told(period, name));
	else /* which this office's catalogue does not have */
		html_add(html, "<strong>%s</strong> %s, %s</p>\n", message->metric, message->labels,
			 message->period);
}

void notice_messages(struct html *html, const struct catalogue *catalogue,
		     const struct values *values, const char *token, int64_t now_us)
{
	const Lantoa__V1__Standing *standing = values->told.standing;
	char at[WORDING_MAX], id[24];
	for (size_t i = standing ? standing->n_message : 0; i > 0; i--) {
		const Lantoa__V1__Message *message = standing->message[i - 1];
		if (!bulletin_is_news(&values->told, message))
			continue;
		(void)snprintf(id, sizeof(id), "%llu", (unsigned long long)message->id); /* fits */
		html_add(html, "<form class=\"result message\" method=\"post\" action=\"read\">\n"
			       "<p><strong>");
		html_say(html, _("The province wrote, %s:"),
			 wording_instant(message->at_us, now_us, at));
		html_add(html, "</strong> %s <small>%s</small></p>\n", message->text, message->who);
		about(html, catalogue, message);
		html_add(html,
			 "<input type=\"hidden\" name=\"token\" value=\"%s\">\n"
			 "<input type=\"hidden\" name=\"message\" value=\"%s\">\n"
			 "<button type=\"submit\" class=\"quiet\">%s</button>\n</form>\n",
			 token, id, _("Mark as read"));
	}
}

void notice_about(struct html *html, const struct values *values, const struct metric *metric,
		  const char *labels, struct period period)
{
	const Lantoa__V1__Message *message = bulletin_about(&values->told, metric, labels, period);
	if (message)
		html_add(html, "<span class=\"state refused\">%s %s</span> ",
			 _("the province asks to look again:"), message->text);
}

void finished_say(struct html *html, const struct spool_finished *finished, int64_t now_us)
{
	char at[WORDING_MAX];
	if (finished->at_us == 0)
		(void)snprintf(at, sizeof(at), "%s", _("an unknown time")); /* fits */
	else
		(void)wording_instant(finished->at_us, now_us, at);
	if (*finished->author)
		html_say(html, _("This report is finished: %s said so, at %s."), finished->author,
			 at);
	else
		html_say(html, _("This report is finished: that was said at %s."), at);
}
