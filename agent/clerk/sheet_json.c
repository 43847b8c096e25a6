/* What of a form goes elsewhere than into its page. */
#include "clerk/sheet_html.h"

#include "clerk/sheet_rows.h"
#include "clerk/wording.h"
#include "common/base/i18n.h"
#include "common/base/quote.h"
#include "common/base/utf8.h"

#include <string.h>

/* One line; what does not fit is cut. */
static int change_line(const struct sheet *sheet, const struct sheet_row *row, struct blob *out)
{
	char labels[LABELS_TEXT_MAX + WORDING_MAX], held_text[WORDING_MAX], text[500];
	const char *before = sheet_held(row, held_text);
	(void)wording_part(sheet->catalogue->dimensions, row->labels, labels, sizeof(labels));
	size_t len = utf8_print(text, sizeof(text), "%s%s%s: %s", wording_metric(row->metric),
				*labels ? ", " : "", labels,
				row->withdraw ? _("withdrawn") : row->typed);
	if (*before)
		(void)utf8_print(text + len, sizeof(text) - len, _(" (before: %s)"), before);
	int rc = blob_append(out, text, strlen(text));
	return rc < 0 ? rc : blob_append(out, "\n", 1);
}

int sheet_changes(const struct sheet *sheet, struct blob *out)
{
	int rc = 0;
	for (size_t i = 0; i < sheet->n && rc == 0; i++)
		if (sheet->rows[i].changed)
			rc = change_line(sheet, &sheet->rows[i], out);
	return rc;
}

/* --- for the page's script --- */

/* A member "NAME": "TEXT". */
static int member(struct blob *out, bool first, const char *name, const char *text)
{
	int rc = first ? 0 : blob_append(out, ", ", 2);
	if (rc == 0)
		rc = quote_json(out, name, strlen(name));
	if (rc == 0)
		rc = blob_append(out, ": ", 2);
	return rc == 0 ? quote_json(out, text, strlen(text)) : rc;
}

static int fields_json(const struct sheet *sheet, struct blob *out)
{
	char name[SHEET_NAME_MAX];
	bool first = true;
	int rc = 0;
	for (size_t i = 0; i < sheet->n && rc == 0; i++) {
		const struct sheet_row *row = &sheet->rows[i];
		if (!row->message)
			continue;
		const char *kind =
			row->warned ? ": {\"kind\": \"warning\", " : ": {\"kind\": \"error\", ";
		rc = first ? 0 : blob_append(out, ", ", 2);
		first = false;
		(void)sheet_name(row, 'v', NULL, name);
		if (rc == 0)
			rc = quote_json(out, name, strlen(name));
		if (rc == 0)
			rc = blob_append(out, kind, strlen(kind));
		if (rc == 0)
			rc = member(out, true, "text", row->message);
		if (rc == 0)
			rc = blob_append(out, "}", 1);
	}
	return rc;
}

static int totals_json(const struct sheet *sheet, struct blob *out)
{
	char text[WORDING_MAX];
	int64_t value_e;
	bool first = true;
	int rc = 0;
	for (size_t i = 0, end; i < sheet->n && rc == 0; i = end) {
		const struct metric *metric = sheet->rows[i].metric;
		end = sheet_metric_end(sheet, i);
		if (metric->n_dimensions == 0 || metric->area_agg != AGG_SUM)
			continue;
		bool is = sheet_total(sheet, i, end, false, &value_e);
		rc = member(out, first, metric->name,
			    is ? wording_value(value_e, metric->decimals, text) : "–");
		first = false;
	}
	return rc;
}

static int progress_json(const struct sheet *sheet, struct blob *out)
{
	char text[WORDING_MAX];
	sheet_progress_say(sheet, 0, sheet->n, text);
	int rc = member(out, true, "", text);
	for (size_t i = 0, end; i < sheet->n && rc == 0; i = end) {
		end = sheet_section_end(sheet, i);
		sheet_progress_say(sheet, i, end, text);
		rc = member(out, false, sheet->rows[i].metric->name, text);
	}
	return rc;
}

int sheet_json(const struct sheet *sheet, struct blob *out)
{
	static const struct {
		const char *begin;
		int (*members)(const struct sheet *sheet, struct blob *out);
	} parts[] = { { "{\"fields\": {", fields_json },
		      { "}, \"totals\": {", totals_json },
		      { "}, \"done\": {", progress_json } };
	int rc = 0;
	for (size_t i = 0; i < 3 && rc == 0; i++) {
		rc = blob_append(out, parts[i].begin, strlen(parts[i].begin));
		if (rc == 0)
			rc = parts[i].members(sheet, out);
	}
	return rc < 0 ? rc : blob_append(out, "}}\n", 3);
}
