#include "clerk/notices.h"

#include "clerk/due.h"
#include "clerk/wording.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/text/retell.h"

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
		 wording_day(civil_day(closing->closed_us), day));
	html_add(html, "</strong> %s</p>\n",
		 _("You can still save: what you send waits until the province lets it in."));
	for (size_t i = 0; i < catalogue->n && n_closed < n; i++) {
		const struct metric *metric = &catalogue->metrics[i];
		bool own = metric->period == period.grain && metric->calendar == period.calendar &&
			   due_metric(metric, values->level) &&
			   bulletin_closing(&values->told, metric, period);
		if (own)
			html_add(html, "<p>%s %s</p>\n", _("Closed is:"), wording_metric(metric));
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
	html_add(html, "<section>\n<h2>%s</h2>\n<ul>\n", _("Let in by the province of late"));
	for (size_t i = 0, next; i < standing->n_released && shown < LET_IN_SHOWN; i = next) {
		const Lantoa__V1__Waiting *first = standing->released[i];
		next = bulletin_let_in(standing, i, &figures);
		shown++;
		html_add(html, "<li>");
		html_say(html, _("%s: %llu figures count now. They had waited: %s"),
			 wording_instant(first->at_us, now_us, at), (unsigned long long)figures,
			 retell(first->reason, reason, sizeof(reason)));
		html_add(html, "</li>\n");
	}
	html_add(html, "</ul>\n</section>\n");
}
