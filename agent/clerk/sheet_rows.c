#include "clerk/sheet_rows.h"

#include "clerk/grid.h"
#include "clerk/notices.h"
#include "clerk/spark.h"
#include "clerk/wording.h"
#include "common/base/err.h"
#include "common/base/i18n.h"
#include "common/text/retell.h"

#include <stdio.h>
#include <string.h>

#define FOLD_FROM 9u /* rows that say nothing */

/* --- a row --- */

static void value_field(struct html *html, const struct sheet_row *row, size_t i)
{
	char name[SHEET_NAME_MAX], now[WORDING_MAX];
	(void)sheet_held(row, now);
	html_add(html,
		 "<span class=\"cell\"><input id=\"f%zu\" name=\"%s\" value=\"%s\" "
		 "inputmode=\"decimal\" autocomplete=\"off\" maxlength=\"60\" "
		 "aria-describedby=\"b%zu m%zu\" aria-invalid=\"%s\">",
		 i, sheet_name(row, 'v', NULL, name), row->typed ? row->typed : now, i, i,
		 row->message && !row->warned ? "true" : "false");
	if (row->metric->n_dimensions == 0)
		html_add(html, "<span class=\"unit\">%s</span>", wording_unit(row->metric));
	html_add(html, "</span>\n");
	html_add(html, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n",
		 sheet_name(row, 'o', NULL, name), row->was ? row->was : now);
}

static void state(struct html *html, const struct sheet *sheet, const struct sheet_row *row)
{
	char reason[ERR_TEXT_MAX];
	const struct refusal *refusal = value_refusal(sheet->values, row->now);
	if (row->now->withdrawn)
		html_add(html, "<span class=\"state\">%s</span>", _("withdrawn"));
	switch (value_state(sheet->values, row->now)) {
	case VALUE_SAVED:
		html_add(html, "<span class=\"state waiting\">%s</span>",
			 _("saved here, waits to be sent"));
		break;
	case VALUE_SENT:
		html_add(html, "<span class=\"state waiting\">%s</span>",
			 _("saved here, waits for the province to confirm it"));
		break;
	case VALUE_RECEIVED:
		html_add(html, "<span class=\"state received\">%s</span>",
			 _("received by the province"));
		break;
	case VALUE_REFUSED:
		html_add(html, "<span class=\"state refused\">%s %s</span>",
			 sheet->values->status.released > 0
				 ? _("held back by the province, if not among those let in since:")
				 : _("held back by the province:"),
			 retell(refusal->reason, reason, sizeof(reason)));
		break;
	}
}

/* The period before, and what became of what is recorded. */
static void known(struct html *html, const struct sheet *sheet, const struct sheet_row *row,
		  size_t i)
{
	char text[WORDING_MAX];
	html_add(html, "<span class=\"known\" id=\"b%zu\" data-live=\"%zu\">", i, i);
	spark_write(html, row);
	if (row->before && !row->before->withdrawn) {
		html_say(html, _("Previous period: %s"),
			 wording_value(row->before->value_e, row->metric->decimals, text));
		html_add(html, ". ");
	}
	if (row->now)
		state(html, sheet, row);
	if (row->now && row->now->author) {
		html_add(html, " <span class=\"author\">");
		html_say(html, _("typed by %s"), row->now->author);
		html_add(html, "</span>");
	}
	notice_about(html, sheet->values, row->metric, row->labels, sheet->period);
	html_add(html, "</span>\n");
}

/* Which row a box is of, for who hears the page. */
static void of_row(struct html *html, const struct sheet *sheet, const struct sheet_row *row)
{
	char labels[LABELS_TEXT_MAX + WORDING_MAX];
	html_add(html, "<span class=\"hidden\">: %s %s</span></label>\n",
		 wording_metric(row->metric),
		 wording_part(sheet->catalogue->dimensions, row->labels, labels, sizeof(labels)));
}

/* A warning brings its own answer. The script shows it as well, so it is always there. */
static void confirm(struct html *html, const struct sheet *sheet, const struct sheet_row *row,
		    size_t i)
{
	char name[SHEET_NAME_MAX];
	bool confirmed = row->confirmed && row->typed && strcmp(row->confirmed, row->typed) == 0;
	html_add(html,
		 "<label class=\"confirm\" id=\"c%zu\"%s><input type=\"checkbox\" name=\"%s\" "
		 "value=\"%s\"%s> %s",
		 i, row->warned || confirmed ? "" : " hidden", sheet_name(row, 'y', NULL, name),
		 row->typed ? row->typed : "", confirmed ? " checked" : "", _("It is right"));
	of_row(html, sheet, row);
}

static void withdraw(struct html *html, const struct sheet *sheet, const struct sheet_row *row)
{
	char name[SHEET_NAME_MAX];
	if (!row->now || row->now->withdrawn)
		return;
	html_add(html,
		 "<label class=\"withdraw\"><input type=\"checkbox\" name=\"%s\" value=\"1\"%s> %s",
		 sheet_name(row, 'w', NULL, name), row->withdraw ? " checked" : "", _("withdraw"));
	of_row(html, sheet, row);
}

/* Folded away until it is wanted, or says something. */
static void note(struct html *html, const struct sheet *sheet, const struct sheet_row *row)
{
	char name[SHEET_NAME_MAX], labels[LABELS_TEXT_MAX + WORDING_MAX];
	const char *now = sheet_note(row), *text = row->note ? row->note : now;
	const char *was = !row->note ? now : row->note_was ? row->note_was : "";
	(void)wording_part(sheet->catalogue->dimensions, row->labels, labels, sizeof(labels));
	html_add(html,
		 "<details class=\"note\"%s><summary>%s</summary><input class=\"say\" "
		 "name=\"%s\" value=\"%s\" maxlength=\"300\" autocomplete=\"off\" "
		 "aria-label=\"%s: %s %s\"></details>\n",
		 *text ? " open" : "", _("Note"), sheet_name(row, 'n', NULL, name), text, _("Note"),
		 wording_metric(row->metric), labels);
	if (*was)
		html_add(html, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n",
			 sheet_name(row, 'm', NULL, name), was);
}

static void message(struct html *html, const struct sheet_row *row, size_t i)
{
	html_add(html, "<p class=\"message%s\" id=\"m%zu\" aria-live=\"polite\">%s</p>\n",
		 !row->message ? ""
		 : row->warned ? " warning"
			       : " error",
		 i, row->message ? row->message : "");
}

/* One of the codes in force. */
static void choose(struct html *html, const struct code_list *list, int32_t day, const char *chosen)
{
	html_add(html, "<option value=\"\">%s</option>\n", _("choose"));
	for (size_t i = 0; i < list->n; i++) {
		const struct code *code = &list->codes[i];
		if (grid_in_force(code, day))
			html_add(html, "<option value=\"%s\"%s>%s</option>\n", code->code,
				 strcmp(code->code, chosen) == 0 ? " selected" : "",
				 wording_code(code));
	}
}

static void dimensions(struct html *html, const struct sheet *sheet, const struct sheet_row *row,
		       size_t i)
{
	for (size_t k = 0; k < row->metric->n_dimensions; k++) {
		const char *dimension = row->metric->dimensions[k];
		const struct code_list *list =
			dimensions_list(sheet->catalogue->dimensions, dimension, strlen(dimension));
		char name[SHEET_NAME_MAX];
		(void)sheet_name(row, 'd', dimension, name);
		html_add(html,
			 "<span class=\"dimension\"><label for=\"d%zu-%zu\">%s</label> "
			 "<%s id=\"d%zu-%zu\" name=\"%s\"",
			 i, k, wording_dimension(row->metric, dimension), list ? "select" : "input",
			 i, k, name);
		if (list) {
			html_add(html, ">\n");
			choose(html, list, period_first_day(sheet->period), row->dimensions[k]);
			html_add(html, "</select></span>\n");
		} else {
			html_add(html,
				 " value=\"%s\" maxlength=\"64\" autocomplete=\"off\" "
				 "list=\"known-%s\"></span>\n",
				 row->dimensions[k], dimension);
		}
	}
	html_add(html, "<label for=\"f%zu\" class=\"hidden\">%s</label>\n", i, _("Value"));
}

static void row_label(struct html *html, const struct sheet *sheet, const struct sheet_row *row,
		      size_t i)
{
	const struct dimensions *lists = sheet->catalogue->dimensions;
	const struct metric *metric = row->metric;
	char labels[LABELS_TEXT_MAX + WORDING_MAX];
	const char *label =
		metric->n_dimensions == 0 ? wording_metric(metric)
		: !*row->labels ? (metric->undivided == UNDIVIDED_REST ? _("Not classified")
								       : _("Not divided"))
		: row->listed   ? wording_part(lists, row->labels, labels, sizeof(labels))
			      : wording_labels(lists, metric, row->labels, labels, sizeof(labels));
	html_add(html, "<label for=\"f%zu\">%s</label>\n", i, label);
}

static void row_write(struct html *html, const struct sheet *sheet, size_t i)
{
	const struct sheet_row *row = &sheet->rows[i];
	html_add(html, "<div class=\"row%s\">\n", row->fresh ? " fresh" : "");
	if (row->fresh)
		dimensions(html, sheet, row, i);
	else
		row_label(html, sheet, row, i);
	value_field(html, row, i);
	known(html, sheet, row, i);
	withdraw(html, sheet, row);
	message(html, row, i);
	confirm(html, sheet, row, i);
	note(html, sheet, row);
	html_add(html, "</div>\n");
}

/* --- a metric with dimensions --- */

/* Is the row worth a place that everybody sees: does it say anything, or wait for anything? */
static bool in_use(const struct sheet_row *row)
{
	return !row->listed || row->now || row->before || row->history.n > 0 || row->message ||
	       (row->typed && *row->typed);
}

static void rows(struct html *html, const struct sheet *sheet, size_t i, size_t end, bool used)
{
	for (; i < end; i++)
		if (in_use(&sheet->rows[i]) == used)
			row_write(html, sheet, i);
}

/* How the figure without labels and its parts stand to each other. */
static const char *kinds_hint(const struct sheet *sheet, size_t i, size_t end)
{
	bool whole = false, parts = false;
	for (; i < end; i++) {
		const struct sheet_row *row = &sheet->rows[i];
		bool held = row->now && !row->now->withdrawn;
		whole |= held && !*row->labels;
		parts |= held && *row->labels;
	}
	switch (sheet->rows[end - 1].metric->undivided) {
	case UNDIVIDED_REST:
		return _("What belongs to none of these goes to 'Not classified'; it is added to "
			 "the total.");
	case UNDIVIDED_REFUSED:
		return _("Write each part; the total is added up.");
	case UNDIVIDED_EITHER:
		break;
	}
	return parts && !whole
		       ? _("Reported in parts. To report one undivided figure instead, withdraw "
			   "the parts first.")
	       : whole ? _("Reported undivided. To report the parts instead, withdraw the "
			   "undivided figure.")
		       : _("Write one undivided figure or its parts, never both.");
}

static void total(struct html *html, const struct sheet *sheet, size_t i, size_t end)
{
	const struct metric *metric = sheet->rows[i].metric;
	char now[WORDING_MAX] = "", before[WORDING_MAX];
	int64_t value_e;
	if (metric->area_agg != AGG_SUM || end - i < 2)
		return;
	if (sheet_total(sheet, i, end, false, &value_e))
		(void)wording_value(value_e, metric->decimals, now);
	html_add(html,
		 "<div class=\"row total\"><span>%s</span>\n<span class=\"cell\">"
		 "<strong data-total=\"%s\">%s</strong></span>\n<span class=\"known\">",
		 _("Total"), metric->name, *now ? now : "–");
	if (sheet_total(sheet, i, end, true, &value_e))
		html_say(html, _("Previous period: %s"),
			 wording_value(value_e, metric->decimals, before));
	html_add(html, "</span></div>\n");
}

/* The parts that nobody has used lie folded, when there are many: a commune has files in some six
 * of 26 sectors. */
static void folded(struct html *html, const struct sheet *sheet, size_t i, size_t end)
{
	const struct metric *metric = sheet->rows[i].metric;
	size_t n = 0, used = 0, parts = 0; /* of which parts */
	for (size_t k = i; k < end; k++) {
		bool is = in_use(&sheet->rows[k]);
		n += !is;
		used += is;
		parts += is && (sheet->rows[k].listed || *sheet->rows[k].labels);
	}
	if (n <= FOLD_FROM) {
		rows(html, sheet, i, end, false);
		return;
	}
	html_add(html, "<details class=\"more\"%s><summary>", used > 0 ? "" : " open");
	html_say(html,
		 parts > 0                               ? _("%zu more parts")
		 : metric->undivided == UNDIVIDED_EITHER ? _("or in %zu parts")
							 : _("%zu parts"),
		 n);
	html_add(html, "<span class=\"hidden\">: %s</span></summary>\n", wording_metric(metric));
	rows(html, sheet, i, end, false);
	html_add(html, "</details>\n");
}

static void divided(struct html *html, const struct sheet *sheet, size_t i, size_t end)
{
	const struct metric *metric = sheet->rows[i].metric;
	html_add(html, "<fieldset>\n<legend>%s <span class=\"unit\">%s</span></legend>\n",
		 wording_metric(metric), wording_unit(metric));
	html_add(html, "<p class=\"hint\">%s</p>\n", kinds_hint(sheet, i, end));
	rows(html, sheet, i, end, true);
	folded(html, sheet, i, end);
	total(html, sheet, i, end);
	html_add(html, "</fieldset>\n");
}

/* --- all rows --- */

void sheet_progress_say(const struct sheet *sheet, size_t i, size_t end, char text[WORDING_MAX])
{
	unsigned done, n = sheet_progress(sheet, i, end, &done);
	(void)snprintf(text, WORDING_MAX, _("%u of %u done"), done, n); /* fits */
}

static void sections(struct html *html, const struct sheet *sheet)
{
	for (size_t i = 0, end; i < sheet->n; i = end) {
		const char *title = wording_section(sheet->rows[i].metric);
		char progress[WORDING_MAX];
		end = sheet_section_end(sheet, i);
		html_add(html, "<section class=\"group\">\n");
		sheet_progress_say(sheet, i, end, progress);
		if (title)
			html_add(html, "<h2>%s <small data-done=\"%s\">%s</small></h2>\n", title,
				 sheet->rows[i].metric->name, progress);
		for (size_t k = i, next; k < end; k = next) {
			next = sheet_metric_end(sheet, k);
			if (sheet->rows[k].metric->n_dimensions > 0)
				divided(html, sheet, k, next);
			else
				rows(html, sheet, k, next, true);
		}
		html_add(html, "</section>\n");
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
			if (suggested(sheet, metric, k) ||
			    dimensions_list(sheet->catalogue->dimensions, metric->dimensions[k],
					    strlen(metric->dimensions[k])))
				continue;
			html_add(html, "<datalist id=\"known-%s\">\n", metric->dimensions[k]);
			for (size_t j = 0; j < sheet->n; j++)
				suggest_value(html, sheet, j, metric->dimensions[k]);
			html_add(html, "</datalist>\n");
		}
	}
}

void sheet_rows(struct html *html, const struct sheet *sheet)
{
	sections(html, sheet);
	suggestions(html, sheet);
}
