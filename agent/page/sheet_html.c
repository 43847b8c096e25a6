#include "sheet_html.h"

#include "civil.h"
#include "i18n.h"
#include "quote.h"
#include "words.h"

#include <stdio.h>
#include <string.h>

/* --- above the form --- */

static void heading(struct html *html, const struct frame *frame, const struct sheet *sheet,
		    const char *name)
{
	char span[WORDS_MAX], day[WORDS_MAX];
	int32_t left = sheet->due_day - civil_day(frame->now_us);
	html_add(html, "<h1>");
	html_say(html, _("Figures of %s"), name);
	html_add(html, "</h1>\n<p class=\"lead\">");
	if (*words_span(sheet->period, span))
		html_add(html, "%s. ", span);
	html_say(html, _("To be sent by %s"), words_day(sheet->due_day, day));
	html_add(html, " <span class=\"badge %s\">", left < 0 ? "late" : "open");
	if (left < 0)
		html_say(html, _("days late: %d"), -left);
	else if (left == 0)
		html_say(html, _("due today"));
	else
		html_say(html, _("days left: %d"), left);
	html_add(html, "</span></p>\n");
}

/* Periods that may be corrected: as many as are kept with their values. */
static int choices(enum grain grain)
{
	static const int most[GRAIN_COUNT] = {
		[GRAIN_MINUTE] = 60, [GRAIN_HOUR] = 24,   [GRAIN_DAY] = 35,     [GRAIN_WEEK] = 26,
		[GRAIN_MONTH] = 24,  [GRAIN_QUARTER] = 8, [GRAIN_SEMESTER] = 4, [GRAIN_YEAR] = 3,
	};
	return most[grain];
}

static void chooser(struct html *html, const struct frame *frame, const struct sheet *sheet)
{
	char name[WORDS_MAX], sdmx[PERIOD_TEXT_MAX];
	struct period at = civil_period(sheet->period.calendar, sheet->period.grain, frame->now_us);
	bool listed = false;
	html_add(html,
		 "<form class=\"chooser\" method=\"get\" action=\"/form\">\n"
		 "<input type=\"hidden\" name=\"calendar\" value=\"%s\">\n"
		 "<label for=\"period\">%s</label>\n<select id=\"period\" name=\"period\">\n",
		 calendar_name(at.calendar), _("Another period"));
	for (int i = choices(at.grain); i > 0; i--, at.number--) {
		bool chosen = at.number == sheet->period.number;
		listed |= chosen;
		html_add(html, "<option value=\"%s\"%s>%s</option>\n", period_format(at, sdmx),
			 chosen ? " selected" : "", words_period(at, name));
	}
	if (!listed)
		html_add(html, "<option value=\"%s\" selected>%s</option>\n",
			 period_format(sheet->period, sdmx), words_period(sheet->period, name));
	html_add(html, "</select>\n<button type=\"submit\" class=\"quiet\">%s</button>\n</form>\n",
		 _("Show"));
}

static void result(struct html *html, const struct frame *frame, const struct sheet_look *look)
{
	char at[WORDS_MAX];
	if (look->saved_us == 0)
		return;
	html_add(html, "<div class=\"result saved\" role=\"status\"><p><strong>");
	if (*look->changes == '\0') {
		html_say(html, _("Nothing was changed, so there was nothing to save."));
		html_add(html, "</strong></p></div>\n");
		return;
	}
	html_say(html, _("Saved on this machine at %s."),
		 words_instant(look->saved_us, frame->now_us, at));
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
		char labels[LABELS_TEXT_MAX + WORDS_MAX];
		if (!row->message)
			continue;
		(void)words_labels(row->labels, labels, sizeof(labels));
		html_add(html, "<li><a href=\"#f%zu\">%s%s%s</a>: %s</li>\n", i,
			 words_metric(row->metric), *labels ? ", " : "", labels, row->message);
	}
	html_add(html, "</ul>\n</div>\n");
}

/* --- a row --- */

static const char *held(const struct sheet_row *row, char text[WORDS_MAX])
{
	*text = '\0';
	if (row->now && !row->now->withdrawn)
		(void)words_typed(row->now->value_e, row->metric->decimals, text);
	return text;
}

static void hidden(struct html *html, const struct sheet_row *row, char kind, const char *value)
{
	char name[SHEET_NAME_MAX];
	html_add(html, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n",
		 sheet_name(row, kind, NULL, name), value);
}

static void value_field(struct html *html, const struct sheet_row *row, size_t i)
{
	char name[SHEET_NAME_MAX], now[WORDS_MAX];
	(void)held(row, now);
	html_add(html,
		 "<span class=\"cell\"><input id=\"f%zu\" name=\"%s\" value=\"%s\" "
		 "inputmode=\"decimal\" autocomplete=\"off\" maxlength=\"60\" "
		 "aria-describedby=\"u%zu b%zu m%zu\" aria-invalid=\"%s\">"
		 "<span class=\"unit\" id=\"u%zu\">%s</span></span>\n",
		 i, sheet_name(row, 'v', NULL, name), row->typed ? row->typed : now, i, i, i,
		 row->message && !row->warned ? "true" : "false", i, words_unit(row->metric->unit));
	hidden(html, row, 'o', row->was ? row->was : now);
}

static void state(struct html *html, const struct sheet *sheet, const struct sheet_row *row)
{
	const struct refusal *refusal = figure_refusal(sheet->figures, row->now);
	if (row->now->withdrawn)
		html_add(html, "<span class=\"state\">%s</span>", _("withdrawn"));
	switch (figure_state(sheet->figures, row->now)) {
	case FIGURE_SAVED:
		html_add(html, "<span class=\"state waiting\">%s</span>",
			 _("saved here, waits to be sent"));
		break;
	case FIGURE_SENT:
		html_add(html, "<span class=\"state waiting\">%s</span>",
			 _("saved here, waits for the province to confirm it"));
		break;
	case FIGURE_RECEIVED:
		html_add(html, "<span class=\"state received\">%s</span>",
			 _("received by the province"));
		break;
	case FIGURE_REFUSED:
		html_add(html, "<span class=\"state refused\">%s %s</span>",
			 _("refused by the province:"), *refusal->reason ? _(refusal->reason) : "");
		break;
	}
}

/* The period before, and what became of what is recorded. */
static void known(struct html *html, const struct sheet *sheet, const struct sheet_row *row,
		  size_t i)
{
	char text[WORDS_MAX];
	html_add(html, "<span class=\"known\" id=\"b%zu\" data-live=\"%zu\">", i, i);
	if (row->before && !row->before->withdrawn) {
		html_say(html, _("Period before: %s"),
			 words_value(row->before->value_e, row->metric->decimals, text));
		html_add(html, ". ");
	}
	if (row->now)
		state(html, sheet, row);
	html_add(html, "</span>\n");
}

/* A warning brings its own answer. The script shows it as well, so it is always there. */
static void confirm(struct html *html, const struct sheet_row *row, size_t i)
{
	char name[SHEET_NAME_MAX];
	bool confirmed = row->confirmed && row->typed && strcmp(row->confirmed, row->typed) == 0;
	html_add(html,
		 "<label class=\"confirm\" id=\"c%zu\"%s><input type=\"checkbox\" name=\"%s\" "
		 "value=\"%s\"%s> %s</label>\n",
		 i, row->warned || confirmed ? "" : " hidden", sheet_name(row, 'y', NULL, name),
		 row->typed ? row->typed : "", confirmed ? " checked" : "", _("It is right"));
}

static void withdraw(struct html *html, const struct sheet_row *row)
{
	char name[SHEET_NAME_MAX];
	if (!row->now || row->now->withdrawn)
		return;
	html_add(html,
		 "<label class=\"withdraw\"><input type=\"checkbox\" name=\"%s\" value=\"1\"%s> "
		 "%s</label>\n",
		 sheet_name(row, 'w', NULL, name), row->withdraw ? " checked" : "", _("withdraw"));
}

static void message(struct html *html, const struct sheet_row *row, size_t i)
{
	html_add(html, "<p class=\"message%s\" id=\"m%zu\" aria-live=\"polite\">%s</p>\n",
		 !row->message ? ""
		 : row->warned ? " warning"
			       : " error",
		 i, row->message ? row->message : "");
}

static void dimensions(struct html *html, const struct sheet_row *row, size_t i)
{
	for (size_t k = 0; k < row->metric->n_dimensions; k++) {
		const char *dimension = row->metric->dimensions[k];
		char name[SHEET_NAME_MAX];
		html_add(html,
			 "<span class=\"dimension\"><label for=\"d%zu-%zu\">%s</label> "
			 "<input id=\"d%zu-%zu\" name=\"%s\" value=\"%s\" maxlength=\"64\" "
			 "autocomplete=\"off\" list=\"known-%s\"></span>\n",
			 i, k, words_dimension(dimension), i, k,
			 sheet_name(row, 'd', dimension, name), row->dimensions[k], dimension);
	}
	html_add(html, "<label for=\"f%zu\" class=\"hidden\">%s</label>\n", i, _("Value"));
}

static void row_label(struct html *html, const struct sheet_row *row, size_t i)
{
	char labels[LABELS_TEXT_MAX + WORDS_MAX];
	if (row->metric->n_dimensions == 0)
		html_add(html, "<label for=\"f%zu\">%s</label>\n", i, words_metric(row->metric));
	else if (*row->labels)
		html_add(html, "<label for=\"f%zu\">%s</label>\n", i,
			 words_labels(row->labels, labels, sizeof(labels)));
	else
		html_add(html, "<label for=\"f%zu\">%s</label>\n", i, _("not divided"));
}

static void row_write(struct html *html, const struct sheet *sheet, size_t i)
{
	const struct sheet_row *row = &sheet->rows[i];
	html_add(html, "<div class=\"row%s\">\n", row->fresh ? " fresh" : "");
	if (row->fresh)
		dimensions(html, row, i);
	else
		row_label(html, row, i);
	value_field(html, row, i);
	known(html, sheet, row, i);
	withdraw(html, row);
	message(html, row, i);
	confirm(html, row, i);
	html_add(html, "</div>\n");
}

/* --- the form --- */

/* Names of metrics are in parts: team.count, team.members. */
static bool same_group(const struct metric *a, const struct metric *b)
{
	size_t len = strcspn(a->name, ".");
	return strncmp(a->name, b->name, len) == 0 && (b->name[len] == '.' || b->name[len] == '\0');
}

/* Rows of one metric with dimensions stand together under its name. */
static void rows(struct html *html, const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->n; i++) {
		const struct metric *metric = sheet->rows[i].metric;
		const struct metric *before = i > 0 ? sheet->rows[i - 1].metric : NULL;
		bool divided = metric->n_dimensions > 0;
		if (!before || !same_group(before, metric))
			html_add(html, "<div class=\"group\">\n");
		if (divided && metric != before)
			html_add(html, "<fieldset>\n<legend>%s</legend>\n", words_metric(metric));
		row_write(html, sheet, i);
		const struct metric *next = i + 1 < sheet->n ? sheet->rows[i + 1].metric : NULL;
		if (divided && metric != next)
			html_add(html, "</fieldset>\n");
		if (!next || !same_group(metric, next))
			html_add(html, "</div>\n");
	}
}

/* Has @dimension come before place (@row, @k)? */
static bool suggested(const struct sheet *sheet, const struct metric *metric, size_t k)
{
	for (size_t i = 0; i < sheet->n; i++) {
		const struct metric *other = sheet->rows[i].metric;
		for (size_t j = 0; j < other->n_dimensions && (other != metric || j < k); j++)
			if (strcmp(other->dimensions[j], metric->dimensions[k]) == 0)
				return true;
		if (other == metric)
			return false;
	}
	return false;
}

/* The value of @dimension in @labels, into @text; false when they have none. */
static bool label_of(const char *labels, const char *dimension, char text[LABELS_TEXT_MAX])
{
	const char *key, *value;
	size_t key_len, value_len;
	while (labels_next(&labels, &key, &key_len, &value, &value_len))
		if (key_len == strlen(dimension) && strncmp(key, dimension, key_len) == 0) {
			(void)snprintf(text, LABELS_TEXT_MAX, "%.*s", (int)value_len, value);
			return true;
		}
	return false;
}

/* That of row @i, unless a row before has the same. */
static void suggest_value(struct html *html, const struct sheet *sheet, size_t i,
			  const char *dimension)
{
	char value[LABELS_TEXT_MAX], other[LABELS_TEXT_MAX];
	if (!label_of(sheet->rows[i].labels, dimension, value))
		return;
	for (size_t j = 0; j < i; j++)
		if (label_of(sheet->rows[j].labels, dimension, other) && strcmp(value, other) == 0)
			return;
	html_add(html, "<option value=\"%s\">\n", value);
}

/* The values of a dimension that any series has, to choose from. */
static void suggestions(struct html *html, const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->n; i++) {
		const struct metric *metric = sheet->rows[i].metric;
		if (i > 0 && sheet->rows[i - 1].metric == metric)
			continue;
		for (size_t k = 0; k < metric->n_dimensions; k++) {
			if (suggested(sheet, metric, k))
				continue;
			html_add(html, "<datalist id=\"known-%s\">\n", metric->dimensions[k]);
			for (size_t j = 0; j < sheet->n; j++)
				suggest_value(html, sheet, j, metric->dimensions[k]);
			html_add(html, "</datalist>\n");
		}
	}
}

void sheet_write(struct html *html, const struct frame *frame, const struct sheet *sheet,
		 const struct sheet_look *look)
{
	char name[WORDS_MAX], sdmx[PERIOD_TEXT_MAX], path[128], title[2 * WORDS_MAX];
	struct frame whole = *frame;
	(void)period_format(sheet->period, sdmx);
	(void)snprintf(path, sizeof(path), "/form?period=%s&calendar=%s&", sdmx,
		       calendar_name(sheet->period.calendar)); /* fits */
	(void)snprintf(title, sizeof(title), _("Figures of %s"),
		       words_period(sheet->period, name)); /* fits */
	whole.title = title;
	whole.path = path;
	whole.place = PLACE_SHEET;
	frame_begin(html, &whole);
	heading(html, frame, sheet, name);
	result(html, frame, look);
	summary(html, sheet, look);
	chooser(html, frame, sheet);
	html_add(html,
		 "<form id=\"sheet\" method=\"post\" action=\"/form\" data-unsaved=\"%s\" "
		 "data-silent=\"%s\">\n",
		 _("not saved yet"),
		 _("The agent on this machine does not answer, so nothing is checked or saved. "
		   "Keep this page open, and press Save when it runs again."));
	html_add(html,
		 "<input type=\"hidden\" name=\"token\" value=\"%s\">\n"
		 "<input type=\"hidden\" name=\"period\" value=\"%s\">\n"
		 "<input type=\"hidden\" name=\"calendar\" value=\"%s\">\n"
		 "<input type=\"hidden\" name=\"lang\" value=\"%s\">\n",
		 look->token, sdmx, calendar_name(sheet->period.calendar), language_tag());
	rows(html, sheet);
	suggestions(html, sheet);
	html_add(html,
		 "<div class=\"save\"><button type=\"submit\" class=\"button\">%s</button>\n"
		 "<p id=\"note\" role=\"status\"></p></div>\n</form>\n",
		 _("Save"));
	frame_end(html);
}

/* One line; what does not fit is cut. */
static int change_line(const struct sheet_row *row, struct blob *out)
{
	char labels[LABELS_TEXT_MAX + WORDS_MAX], held_text[WORDS_MAX], text[500];
	const char *before = held(row, held_text);
	(void)words_labels(row->labels, labels, sizeof(labels));
	int len =
		snprintf(text, sizeof(text), "%s%s%s: %s", words_metric(row->metric),
			 *labels ? ", " : "", labels, row->withdraw ? _("withdrawn") : row->typed);
	if (len > 0 && len < (int)sizeof(text) && *before)
		(void)snprintf(text + len, sizeof(text) - (size_t)len, _(" (before: %s)"), before);
	int rc = blob_append(out, text, strlen(text));
	return rc < 0 ? rc : blob_append(out, "\n", 1);
}

int sheet_changes(const struct sheet *sheet, struct blob *out)
{
	int rc = 0;
	for (size_t i = 0; i < sheet->n && rc == 0; i++)
		if (sheet->rows[i].changed)
			rc = change_line(&sheet->rows[i], out);
	return rc;
}

int sheet_json(const struct sheet *sheet, struct blob *out)
{
	static const char head[] = "{\"fields\": {";
	char name[SHEET_NAME_MAX];
	bool first = true;
	int rc = blob_append(out, head, strlen(head));
	for (size_t i = 0; i < sheet->n && rc == 0; i++) {
		const struct sheet_row *row = &sheet->rows[i];
		if (!row->message)
			continue;
		const char *kind = row->warned ? ": {\"kind\": \"warning\", \"text\": "
					       : ": {\"kind\": \"error\", \"text\": ";
		rc = first ? 0 : blob_append(out, ", ", 2);
		first = false;
		(void)sheet_name(row, 'v', NULL, name);
		if (rc == 0)
			rc = quote_json(out, name, strlen(name));
		if (rc == 0)
			rc = blob_append(out, kind, strlen(kind));
		if (rc == 0)
			rc = quote_json(out, row->message, strlen(row->message));
		if (rc == 0)
			rc = blob_append(out, "}", 1);
	}
	return rc < 0 ? rc : blob_append(out, "}}\n", 3);
}
