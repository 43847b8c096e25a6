/* What of a form goes elsewhere than into its page. */
#include "clerk/sheet_html.h"

#include "clerk/wording.h"
#include "common/base/i18n.h"
#include "common/base/quote.h"
#include "common/base/utf8.h"

#include <string.h>

/* One line; what does not fit is cut. */
static int change_line(const struct sheet_row *row, struct blob *out)
{
	char labels[LABELS_TEXT_MAX + WORDING_MAX], held_text[WORDING_MAX], text[500];
	const char *before = sheet_held(row, held_text);
	(void)wording_labels(row->metric, row->labels, labels, sizeof(labels));
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
