#include "clerk/sheet_rows.h"

#include "clerk/wording.h"
#include "common/base/err.h"
#include "common/base/i18n.h"
#include "common/text/retell.h"

#include <stdio.h>
#include <string.h>

/* --- a row --- */

static void value_field(struct html *html, const struct sheet_row *row, size_t i)
{
	char name[SHEET_NAME_MAX], now[WORDING_MAX];
	(void)sheet_held(row, now);
	html_add(html,
		 "<span class=\"cell\"><input id=\"f%zu\" name=\"%s\" value=\"%s\" "
		 "inputmode=\"decimal\" autocomplete=\"off\" maxlength=\"60\" "
		 "aria-describedby=\"u%zu b%zu m%zu\" aria-invalid=\"%s\">"
		 "<span class=\"unit\" id=\"u%zu\">%s</span></span>\n",
		 i, sheet_name(row, 'v', NULL, name), row->typed ? row->typed : now, i, i, i,
		 row->message && !row->warned ? "true" : "false", i, wording_unit(row->metric));
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
				 ? _("refused by the province, if not among those released since:")
				 : _("refused by the province:"),
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
	if (row->before && !row->before->withdrawn) {
		html_say(html, _("Period before: %s"),
			 wording_value(row->before->value_e, row->metric->decimals, text));
		html_add(html, ". ");
	}
	if (row->now)
		state(html, sheet, row);
	html_add(html, "</span>\n");
}

/* Which row a box is of, for who hears the page. */
static void of_row(struct html *html, const struct sheet_row *row)
{
	char labels[LABELS_TEXT_MAX + WORDING_MAX];
	html_add(html, "<span class=\"hidden\">: %s %s</span></label>\n",
		 wording_metric(row->metric),
		 wording_labels(row->metric, row->labels, labels, sizeof(labels)));
}

/* A warning brings its own answer. The script shows it as well, so it is always there. */
static void confirm(struct html *html, const struct sheet_row *row, size_t i)
{
	char name[SHEET_NAME_MAX];
	bool confirmed = row->confirmed && row->typed && strcmp(row->confirmed, row->typed) == 0;
	html_add(html,
		 "<label class=\"confirm\" id=\"c%zu\"%s><input type=\"checkbox\" name=\"%s\" "
		 "value=\"%s\"%s> %s",
		 i, row->warned || confirmed ? "" : " hidden", sheet_name(row, 'y', NULL, name),
		 row->typed ? row->typed : "", confirmed ? " checked" : "", _("It is right"));
	of_row(html, row);
}

static void withdraw(struct html *html, const struct sheet_row *row)
{
	char name[SHEET_NAME_MAX];
	if (!row->now || row->now->withdrawn)
		return;
	html_add(html,
		 "<label class=\"withdraw\"><input type=\"checkbox\" name=\"%s\" value=\"1\"%s> %s",
		 sheet_name(row, 'w', NULL, name), row->withdraw ? " checked" : "", _("withdraw"));
	of_row(html, row);
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
			 i, k, wording_dimension(row->metric, dimension), i, k,
			 sheet_name(row, 'd', dimension, name), row->dimensions[k], dimension);
	}
	html_add(html, "<label for=\"f%zu\" class=\"hidden\">%s</label>\n", i, _("Value"));
}

static void row_label(struct html *html, const struct sheet_row *row, size_t i)
{
	char labels[LABELS_TEXT_MAX + WORDING_MAX];
	if (row->metric->n_dimensions == 0)
		html_add(html, "<label for=\"f%zu\">%s</label>\n", i, wording_metric(row->metric));
	else if (*row->labels)
		html_add(html, "<label for=\"f%zu\">%s</label>\n", i,
			 wording_labels(row->metric, row->labels, labels, sizeof(labels)));
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

/* --- all rows --- */

/* Names of metrics are in parts: team.count, team.members. */
static bool same_group(const struct metric *a, const struct metric *b)
{
	size_t len = strcspn(a->name, ".");
	return strncmp(a->name, b->name, len) == 0 && (b->name[len] == '.' || b->name[len] == '\0');
}

/* Rows of one metric with dimensions stand together under its name. */
static void groups(struct html *html, const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->n; i++) {
		const struct metric *metric = sheet->rows[i].metric;
		const struct metric *before = i > 0 ? sheet->rows[i - 1].metric : NULL;
		bool divided = metric->n_dimensions > 0;
		if (!before || !same_group(before, metric))
			html_add(html, "<div class=\"group\">\n");
		if (divided && metric != before)
			html_add(html, "<fieldset>\n<legend>%s</legend>\n", wording_metric(metric));
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

void sheet_rows(struct html *html, const struct sheet *sheet)
{
	groups(html, sheet);
	suggestions(html, sheet);
}
