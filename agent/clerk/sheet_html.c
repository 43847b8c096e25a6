#include "clerk/sheet_html.h"

#include "clerk/notices.h"
#include "clerk/sheet_rows.h"
#include "clerk/wording.h"
#include "common/base/i18n.h"
#include "common/model/civil.h"

#include <stdio.h>
#include <string.h>

/* --- above the form --- */

static void heading(struct html *html, const struct frame *frame, const struct sheet *sheet,
		    const char *name)
{
	char span[WORDING_MAX], day[WORDING_MAX], progress[WORDING_MAX];
	const struct due *due = &sheet->due;
	int32_t left = due->day - civil_day(frame->now_us);
	bool done = due->recorded == due->metrics;
	html_add(html, "<h1>");
	html_say(html, _("Figures for %s"), name);
	html_add(html, "</h1>\n<p class=\"lead\">");
	if (*period_span_told(sheet->period, span))
		html_add(html, "%s. ", span);
	html_say(html, _("To be sent by %s"), day_told(due->day, day));
	html_add(html, " <span class=\"badge %s\">%s</span> ",
		 done       ? "done"
		 : left < 0 ? "late"
			    : "open",
		 done ? _("complete") : wording_left(due->day, civil_day(frame->now_us), day));
	if (values_finished(sheet->values, sheet->period))
		html_add(html, "<span class=\"badge done\">%s</span> ", _("finished"));
	sheet_progress_say(sheet, 0, sheet->n, progress);
	html_add(html, "<span data-done=\"\">%s</span></p>\n", progress);
}

static void chooser(struct html *html, const struct frame *frame, const struct sheet *sheet)
{
	/* Periods that may be corrected: as many as are kept with their values. */
	static const int choices[GRAIN_COUNT] = {
		[GRAIN_MINUTE] = 60, [GRAIN_HOUR] = 24,   [GRAIN_DAY] = 35,     [GRAIN_WEEK] = 26,
		[GRAIN_MONTH] = 24,  [GRAIN_QUARTER] = 8, [GRAIN_SEMESTER] = 4, [GRAIN_YEAR] = 3,
	};
	char name[WORDING_MAX], sdmx[PERIOD_TEXT_MAX];
	struct period at = civil_period(sheet->period.calendar, sheet->period.grain, frame->now_us);
	bool listed = false;
	html_add(html,
		 "<form class=\"chooser\" method=\"get\" action=\"form\">\n"
		 "<input type=\"hidden\" name=\"calendar\" value=\"%s\">\n"
		 "<label for=\"period\">%s</label>\n<select id=\"period\" name=\"period\">\n",
		 calendar_name(at.calendar), _("Another period"));
	for (int i = choices[at.grain]; i > 0; i--, at.number--) {
		bool chosen = at.number == sheet->period.number;
		listed |= chosen;
		html_add(html, "<option value=\"%s\"%s>%s</option>\n", period_format(at, sdmx),
			 chosen ? " selected" : "", period_told(at, name));
	}
	if (!listed)
		html_add(html, "<option value=\"%s\" selected>%s</option>\n",
			 period_format(sheet->period, sdmx), period_told(sheet->period, name));
	html_add(html,
		 "</select>\n<button type=\"submit\" class=\"quiet\">%s</button>\n"
		 "<span class=\"files\"><a href=\"template?period=%s&amp;calendar=%s\">%s</a> "
		 "<a href=\"files\">%s</a></span>\n</form>\n",
		 _("Show"), period_format(sheet->period, sdmx),
		 calendar_name(sheet->period.calendar), _("Excel form of this period"),
		 _("Hand in a spreadsheet"));
}

static void result(struct html *html, const struct frame *frame, const struct sheet_look *look)
{
	char at[WORDING_MAX];
	if (look->saved_us == 0)
		return;
	html_add(html, "<div class=\"result saved\" role=\"status\"><p><strong>");
	if (*look->changes == '\0') {
		html_say(html, _("Nothing was changed, so there was nothing to save."));
		html_add(html, "</strong></p></div>\n");
		return;
	}
	html_say(html,
		 frame->elsewhere ? _("Saved on the office's server at %s.")
				  : _("Saved on this machine at %s."),
		 wording_instant(look->saved_us, frame->now_us, at));
	html_add(html, "</strong> %s</p>\n<ul>\n",
		 frame->look->connected
			 ? _("It is safe here, and is being sent to the province.")
			 : _("It is safe here, and is sent to the province as soon as there is a "
			     "connection."));
	for (const char *line = look->changes; *line; line += strcspn(line, "\n") + 1) {
		char text[512];
		(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
		html_add(html, "<li>%s</li>\n", text);
	}
	html_add(html, "</ul></div>\n");
}

/* What is wrong, with links to where. */
static void summary(struct html *html, const struct sheet *sheet, const struct sheet_look *look)
{
	if (!look->trouble && sheet->n_errors + sheet->n_warnings == 0)
		return;
	html_add(html,
		 "<div class=\"result wrong\" role=\"alert\" tabindex=\"-1\" id=\"summary\">\n"
		 "<h2>%s</h2>\n",
		 _("Nothing was saved yet"));
	if (look->trouble)
		html_add(html, "<p>%s</p>\n", look->trouble);
	html_add(html, "<ul>\n");
	for (size_t i = 0; i < sheet->n_strange; i++)
		html_add(html, "<li>%s</li>\n", sheet->strange[i]);
	for (size_t i = 0; i < sheet->n; i++) {
		const struct sheet_row *row = &sheet->rows[i];
		char labels[LABELS_TEXT_MAX + WORDING_MAX];
		if (!row->message)
			continue;
		(void)wording_part(sheet->catalogue->dimensions, row->labels, labels,
				   sizeof(labels));
		html_add(html, "<li><a href=\"#f%zu\">%s%s%s</a>: %s</li>\n", i,
			 wording_metric(row->metric), *labels ? ", " : "", labels, row->message);
	}
	html_add(html, "</ul>\n</div>\n");
}

/* That all is there, though fields may be empty: a sentence of the office's, which it can take
 * back. It goes along with a figure of the period (spool/finished.c), which the province would hold
 * once that is closed, though it counts already: then it is too late to say so. */
static void finishing(struct html *html, const struct frame *frame, const struct sheet *sheet,
		      const struct sheet_look *look)
{
	char sdmx[PERIOD_TEXT_MAX];
	const struct spool_finished *finished = values_finished(sheet->values, sheet->period);
	bool any = false, closed = false;
	for (size_t i = 0; i < sheet->n; i++) {
		any |= sheet->rows[i].now != NULL;
		closed |= bulletin_closing(&sheet->values->told, sheet->rows[i].metric,
					   sheet->period) != NULL;
	}
	if (sheet->period.grain < GRAIN_DAY || (!finished && (!any || closed)))
		return;
	if (closed) {
		html_add(html, "<p class=\"finish\">");
		finished_say(html, finished, frame->now_us);
		html_add(html, "</p>\n");
		return;
	}
	html_add(html, "<form class=\"finish\" method=\"post\" action=\"finished\">\n<p>");
	if (finished)
		finished_say(html, finished, frame->now_us);
	else
		html_say(html,
			 _("Is everything here that you have to report? Fields may stay empty."));
	html_add(html,
		 "</p>\n<input type=\"hidden\" name=\"token\" value=\"%s\">\n"
		 "<input type=\"hidden\" name=\"period\" value=\"%s\">\n"
		 "<input type=\"hidden\" name=\"calendar\" value=\"%s\">\n"
		 "<input type=\"hidden\" name=\"finished\" value=\"%s\">\n"
		 "<button type=\"submit\" class=\"quiet\">%s</button>\n</form>\n",
		 look->token, period_format(sheet->period, sdmx),
		 calendar_name(sheet->period.calendar), finished ? "no" : "yes",
		 finished ? _("It is not finished after all") : _("This report is finished"));
}

void sheet_write(struct html *html, const struct frame *frame, const struct sheet *sheet,
		 const struct sheet_look *look)
{
	char name[WORDING_MAX], sdmx[PERIOD_TEXT_MAX], path[128], title[2 * WORDING_MAX];
	struct frame whole = *frame;
	(void)period_format(sheet->period, sdmx);
	(void)snprintf(path, sizeof(path), "form?period=%s&calendar=%s&", sdmx,
		       calendar_name(sheet->period.calendar)); /* fits */
	(void)snprintf(title, sizeof(title), _("Figures for %s"),
		       period_told(sheet->period, name)); /* fits */
	whole.title = title;
	whole.path = path;
	whole.place = PLACE_SHEET;
	frame_begin(html, &whole);
	heading(html, frame, sheet, name);
	result(html, frame, look);
	summary(html, sheet, look);
	notice_messages(html, sheet->catalogue, sheet->values, look->token, frame->now_us);
	notice_closed(html, sheet->catalogue, sheet->values, sheet->period);
	chooser(html, frame, sheet);
	html_add(html,
		 "<form id=\"sheet\" method=\"post\" action=\"form\" data-unsaved=\"%s\" "
		 "data-silent=\"%s\" data-pasted=\"%s\" data-over=\"%s\" data-columns=\"%s\">\n",
		 _("not saved yet"),
		 frame->elsewhere
			 ? _("The office's server does not answer, so nothing is checked or saved. "
			     "Keep this page open, and press Save when it can be reached.")
			 : _("The agent on this machine does not answer, so nothing is checked or "
			     "saved. "
			     "Keep this page open, and press Save when it runs again."),
		 _("Pasted downward:"), _("Below the last field, and not pasted:"),
		 _("Nothing was pasted: copy only one column."));
	html_add(html,
		 "<input type=\"hidden\" name=\"token\" value=\"%s\">\n"
		 "<input type=\"hidden\" name=\"period\" value=\"%s\">\n"
		 "<input type=\"hidden\" name=\"calendar\" value=\"%s\">\n"
		 "<input type=\"hidden\" name=\"lang\" value=\"%s\">\n",
		 look->token, sdmx, calendar_name(sheet->period.calendar), language_tag());
	sheet_rows(html, sheet);
	html_add(html,
		 "<div class=\"save\"><button type=\"submit\" class=\"button\">%s</button>\n"
		 "<p class=\"keys\">%s</p>\n<p id=\"note\" role=\"status\"></p></div>\n</form>\n",
		 _("Save"), _("Enter: next field. Ctrl+Enter: save."));
	finishing(html, frame, sheet, look);
	frame_end(html);
}
