#include "clerk/sent.h"

#include "clerk/notices.h"
#include "clerk/wording.h"
#include "common/base/err.h"
#include "common/base/i18n.h"
#include "common/text/retell.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 200u /* of each table */

static bool is_refused(const struct values *values, const struct value *value)
{
	return value_state(values, value) == VALUE_REFUSED;
}

static bool is_waiting(const struct values *values, const struct value *value)
{
	enum value_state state = value_state(values, value);
	return state == VALUE_SAVED || state == VALUE_SENT;
}

static bool is_received(const struct values *values, const struct value *value)
{
	return value_state(values, value) == VALUE_RECEIVED;
}

/* What was sealed last comes first; of the same batch, the newest period. */
static int newest_first(const void *a, const void *b)
{
	const struct value *x = *(const struct value *const *)a;
	const struct value *y = *(const struct value *const *)b;
	if (x->seq != y->seq)
		return x->seq == 0 ? -1 : y->seq == 0 ? 1 : x->seq < y->seq ? 1 : -1;
	int32_t day_x = period_first_day(x->period), day_y = period_first_day(y->period);
	return day_x != day_y ? (day_x < day_y) - (day_x > day_y) : (x > y) - (x < y);
}

static size_t choose(const struct values *values,
		     bool (*is)(const struct values *values, const struct value *value),
		     const struct value **chosen)
{
	size_t n = 0;
	for (size_t i = 0; i < values->n; i++)
		if (is(values, &values->list[i]))
			chosen[n++] = &values->list[i];
	qsort(chosen, n, sizeof(chosen[0]), newest_first);
	return n;
}

static void row(struct html *html, const struct dimensions *dimensions, const struct values *values,
		const struct value *value)
{
	char period[WORDING_MAX], labels[LABELS_TEXT_MAX + WORDING_MAX], number[WORDING_MAX];
	char sdmx[PERIOD_TEXT_MAX];
	const struct metric *metric = value->metric;
	char reason[ERR_TEXT_MAX];
	const struct refusal *refusal = value_refusal(values, value);
	html_add(html,
		 "<tr>\n<td><a href=\"form?period=%s&amp;calendar=%s\">%s</a></td>\n"
		 "<th scope=\"row\">%s",
		 period_format(value->period, sdmx), calendar_name(value->period.calendar),
		 period_told(value->period, period), wording_metric(metric));
	if (*value->labels)
		html_add(html, " <small>%s</small>",
			 wording_labels(dimensions, metric, value->labels, labels, sizeof(labels)));
	if (value->withdrawn)
		html_add(html, "</th>\n<td>%s</td>\n", _("withdrawn"));
	else
		html_add(html, "</th>\n<td class=\"number\">%s %s</td>\n",
			 wording_value(value->value_e, metric->decimals, number),
			 wording_unit(metric));
	if (refusal)
		html_add(html, "<td>%s</td>\n", retell(refusal->reason, reason, sizeof(reason)));
	html_add(html, "</tr>\n");
}

static void section(struct html *html, const struct dimensions *dimensions,
		    const struct values *values,
		    bool (*is)(const struct values *values, const struct value *value),
		    const struct value **room, const char *title, const char *none)
{
	size_t n = choose(values, is, room);
	html_add(html, "<section>\n<h2>%s</h2>\n", title);
	if (n == 0) {
		html_add(html, "<p>%s</p>\n</section>\n", none);
		return;
	}
	html_add(html,
		 "<table>\n<thead><tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
		 "<th scope=\"col\">%s</th>",
		 _("Period"), _("What"), _("Value"));
	if (is == is_refused)
		html_add(html, "<th scope=\"col\">%s</th>", _("Why"));
	html_add(html, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < n && i < ROWS_MAX; i++)
		row(html, dimensions, values, room[i]);
	html_add(html, "</tbody>\n</table>\n");
	if (n > ROWS_MAX)
		html_add(html, "<p>%s %zu</p>\n", _("and more, not shown here:"), n - ROWS_MAX);
	html_add(html, "</section>\n");
}

static void summary(struct html *html, const struct frame *frame, const struct values *values)
{
	const struct spool_status *status = &values->status;
	char at[WORDING_MAX];
	html_add(html, "<p class=\"lead\">");
	if (status->last_ack_us > 0)
		html_say(html, _("The province last confirmed figures at %s."),
			 wording_instant(status->last_ack_us, frame->now_us, at));
	else
		html_say(html, _("The province has not confirmed any figure yet."));
	html_add(html, " ");
	html_say(html,
		 frame->elsewhere ? _("Waiting on the office's server: %llu.")
				  : _("Waiting on this machine: %llu."),
		 (unsigned long long)(status->unsealed + status->waiting_observations));
	html_add(html, "</p>\n");
}

int sent_write(struct html *html, const struct frame *frame, const struct catalogue *catalogue,
	       const struct values *values, struct err *err)
{
	const struct value **room = calloc(values->n + 1, sizeof(*room));
	if (!room)
		return err_memory(err);
	struct frame whole = *frame;
	whole.title = _("Sent and held back");
	whole.path = "sent?";
	whole.place = PLACE_SENT;
	frame_begin(html, &whole);
	html_add(html, "<h1>%s</h1>\n", _("What became of the figures"));
	summary(html, frame, values);
	section(html, catalogue->dimensions, values, is_refused, room,
		_("Held back by the province"),
		_("None. What the province cannot count is shown here with its reason."));
	notice_let_in(html, values, frame->now_us);
	section(html, catalogue->dimensions, values, is_waiting, room,
		_("Waiting to be sent or confirmed"),
		_("None. All that was saved here has reached the province."));
	section(html, catalogue->dimensions, values, is_received, room,
		_("Received by the province"), _("None yet."));
	frame_end(html);
	free(room);
	return 0;
}
