#include "draw.h"

#include "i18n.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <string.h>

/* Columns, and counters of status, by the names that the aggregator gives them. */
static const struct title {
	const char *name, *text;
	bool number;
} titles[] = {
	{ "area", N_("Area"), false },
	{ "at", N_("Time"), false },
	{ "batches", N_("Batches"), true },
	{ "carried", N_("Carried"), true },
	{ "code", N_("Code"), false },
	{ "detail", N_("Detail"), false },
	{ "due", N_("Due"), true },
	{ "effective_on", N_("Effective on"), false },
	{ "entries", N_("Journal entries"), true },
	{ "entry", N_("Journal entry"), true },
	{ "expected", N_("Expected"), false },
	{ "extra", N_("Extra"), true },
	{ "found", N_("Found"), false },
	{ "from", N_("From"), false },
	{ "held", N_("In quarantine"), true },
	{ "key", N_("Key"), false },
	{ "labels", N_("Labels"), false },
	{ "last_received", N_("Last heard of"), false },
	{ "level", N_("Level"), false },
	{ "metric", N_("Metric"), false },
	{ "missing", N_("Missing"), true },
	{ "name", N_("Name"), false },
	{ "new_code", N_("New code"), false },
	{ "observations", N_("Observations"), true },
	{ "office", N_("Office"), false },
	{ "offices_due", N_("Offices due"), true },
	{ "offices_reported", N_("Offices reported"), true },
	{ "old_code", N_("Old code"), false },
	{ "on_time", N_("On time"), true },
	{ "operands", N_("Operands"), false },
	{ "parent", N_("Parent"), false },
	{ "period", N_("Period"), false },
	{ "rank", N_("Rank"), true },
	{ "reason", N_("Reason"), false },
	{ "received", N_("Received"), false },
	{ "reported", N_("Reported"), true },
	{ "revisions", N_("Revisions"), true },
	{ "share", N_("Share"), true },
	{ "spools", N_("Spools"), true },
	{ "target", N_("Target"), true },
	{ "unit", N_("Unit"), false },
	{ "unit_name", N_("Name of unit"), false },
	{ "valid_from", N_("Valid from"), false },
	{ "valid_to", N_("Valid to"), false },
	{ "value", N_("Value"), true },
	{ "what", N_("What"), false },
	{ "where", N_("Where"), false },
	{ "who", N_("Who"), false },
	/* counters of gate and intake */
	{ "answers", N_("Answers sent"), true },
	{ "answers_undeliverable", N_("Answers that could not be delivered"), true },
	{ "commits", N_("Commits"), true },
	{ "duplicates", N_("Batches sent twice"), true },
	{ "enrolled", N_("Offices enrolled"), true },
	{ "failed_commits", N_("Failed commits"), true },
	{ "frames", N_("Messages"), true },
	{ "frames_malformed", N_("Messages that broke the format"), true },
	{ "frames_revoked", N_("Messages with a revoked key"), true },
	{ "frames_without_user", N_("Messages without a known key"), true },
	{ "gaps", N_("Gaps in sequence"), true },
	{ "handshakes", N_("Handshakes"), true },
	{ "malformed", N_("Batches that broke the format"), true },
	{ "refused_enrolments", N_("Refused enrolments"), true },
	{ "refused_handshakes", N_("Refused handshakes"), true },
};

static const struct title *title_find(const char *name)
{
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (strcmp(titles[i].name, name) == 0)
			return &titles[i];
	return NULL;
}

const char *draw_title(const char *name)
{
	const struct title *title = title_find(name);

	return title ? _(title->text) : name;
}

static bool shown(const char *show, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = show; at && *at;) {
		size_t n = strcspn(at, " ");

		if (n == len && strncmp(at, name, n) == 0)
			return true;
		at += n + strspn(at + n, " ");
	}
	return show == NULL;
}

static bool says_anything(const struct table *table, size_t column)
{
	for (size_t row = 0; row < table_rows(table); row++) {
		const char *cell = table_cell(table, row, column);

		if (cell && *cell)
			return true;
	}
	return false;
}

/* Returns how many columns there are, or -ENOMEM; @drawn[i] is column i's place in the table. */
static int columns_add(struct libscols_table *drawing, const struct table *table, const char *show,
		       size_t drawn[])
{
	int n = 0;

	for (size_t i = 0; i < table_columns(table); i++) {
		const char *name = table_column(table, i);
		const struct title *title = title_find(name);

		if (!shown(show, name) || !says_anything(table, i))
			continue;
		if (!scols_table_new_column(drawing, draw_title(name), 0,
					    title && title->number ? SCOLS_FL_RIGHT : 0))
			return -ENOMEM;
		drawn[n++] = i;
	}
	return n;
}

static int row_add(struct libscols_table *drawing, const struct table *table, size_t row,
		   const size_t drawn[], int n)
{
	struct libscols_line *line = scols_table_new_line(drawing, NULL);

	if (!line)
		return -ENOMEM;
	for (int i = 0; i < n; i++) {
		const char *cell = table_cell(table, row, drawn[i]);

		if (cell && scols_line_set_data(line, (size_t)i, cell) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int fill(struct libscols_table *drawing, const struct table *table, const char *show)
{
	size_t drawn[256]; /* CSV_COLUMNS_MAX */
	int n = columns_add(drawing, table, show, drawn), rc = n < 0 ? n : 0;

	for (size_t row = 0; row < table_rows(table) && rc == 0; row++)
		rc = row_add(drawing, table, row, drawn, n);
	return rc;
}

int draw_table(const struct table *table, const char *show, FILE *out, struct err *err)
{
	struct libscols_table *drawing = scols_new_table();
	int rc = drawing && table_columns(table) <= 256 ? fill(drawing, table, show) : -ENOMEM;

	if (rc < 0) {
		scols_unref_table(drawing);
		return err_set(err, -ENOMEM, _("out of memory"));
	}
	(void)scols_table_set_stream(drawing, out); /* fails for NULL alone */
	rc = scols_print_table(drawing);
	scols_unref_table(drawing);
	return rc < 0 ? err_set(err, -EIO, _("cannot write the table: %s"), strerror(-rc)) : 0;
}
