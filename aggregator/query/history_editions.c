/* Catalogue and indicators: an edition is compared with the one before it, row by row. */
#include "query/history_internal.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/csv_table.h"
#include "journal/damaged_days.h"
#include "query/change_side.h"
#include "schema/event.h"

#include <errno.h>
#include <string.h>

static const char *cell(const struct table *table, size_t row, const char *column)
{
	const char *text =
		table && row < table_rows(table) ? table_cell_of(table, row, column) : NULL;
	return text ? text : "";
}

/* The row of the name with the same target year, which indicators have; table_rows() when there is
 * none. */
static size_t row_like(const struct table *table, const char *name, const char *year)
{
	size_t row = 0;
	while (table && row < table_rows(table) &&
	       (strcmp(cell(table, row, "name"), name) != 0 ||
		strcmp(cell(table, row, "target_year"), year) != 0))
		row++;
	return row;
}

/* The cells of @after's row that differ from @before's; either row may not be there. */
static void document_row(struct history *h, const char *of, const char *row,
			 const struct table *before, size_t was, const struct table *after,
			 size_t is, const struct table *columns)
{
	for (size_t i = 0; i < table_columns(columns); i++) {
		const char *name = table_column(columns, i);
		const char *left = cell(before, was, name), *right = cell(after, is, name);
		bool new = columns == before &&table_find(after, name) != TABLE_NO_COLUMN;
		if (strcmp(left, right) != 0 && !new)
			history_put(h, of, row, name, *left ? left : NULL, *right ? right : NULL,
				    NULL);
	}
}

static void document_side(struct history *h, const char *of, const struct table *before,
			  const struct table *after, bool gone)
{
	const struct table *from = gone ? before : after;
	for (size_t i = 0; from && i < table_rows(from); i++) {
		const char *year = cell(from, i, "target_year");
		char row[HISTORY_ROW_MAX];
		if (strcmp(cell(from, i, "name"), h->form->name) != 0)
			continue;
		size_t other = row_like(gone ? after : before, h->form->name, year);
		(void)utf8_print(row, sizeof(row), "%s%s%s", h->form->name, *year ? " " : "", year);
		if (gone && after && other < table_rows(after)) /* told from the other side, but */
			document_row(h, of, row, before, i, after, other, before);
		else if (gone)
			document_row(h, of, row, before, i, NULL, 0, before);
		else
			document_row(h, of, row, before, other, after, i, after);
	}
}

static int document_read(const char *csv, size_t len, struct table **ret, struct err *err)
{
	return csv && len > 0 ? csv_table(csv, len, ret, err) : 0;
}

/* Those that stood before the row with @id; NULL: none did. */
static int document_before(struct history *h, const char *table, int64_t id, struct table **ret,
			   struct err *err)
{
	bool catalogue = strcmp(table, "catalogue") == 0;
	sqlite3_stmt *stmt = NULL;
	size_t len;
	int rc = db_prepare(h->db,
			    catalogue ? "SELECT csv FROM catalogue WHERE id < ? ORDER BY id DESC"
					" LIMIT 1"
				      : "SELECT csv FROM indicators WHERE id < ? ORDER BY id DESC"
					" LIMIT 1",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, id);
		rc = db_step(stmt, err);
	}
	if (rc == 1) {
		struct db_row row = { stmt, err, 0 };
		const char *csv = db_row_blob(&row, 0, &len);
		rc = row.rc < 0 ? row.rc : document_read(csv, len, ret, err);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

/* When events began, several editions may have stood in the table: the last one counted. */
static int is_last(struct history *h, const char *table, int64_t id, bool *ret_last,
		   struct err *err)
{
	bool catalogue = strcmp(table, "catalogue") == 0;
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(h->db,
			    catalogue ? "SELECT max(id) FROM catalogue WHERE imported_us <= ?"
				      : "SELECT max(id) FROM indicators WHERE imported_us <= ?",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, h->event.at_us);
		rc = db_step(stmt, err);
	}
	if (rc == 1)
		*ret_last = sqlite3_column_int64(stmt, 0) == id;
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc < 0 ? rc : 0;
}

static int edition_tell(struct history *h, const char *of, const struct side *is, struct err *err)
{
	const json_t *csv = side_value(is, "csv");
	const char *text = json_string_value(json_object_get(csv, "text")),
		   *hex = json_string_value(json_object_get(csv, "hex"));
	struct table *before = NULL, *after = NULL;
	bool opening = strcmp(h->stored, EVENT_OPENING) == 0, tell = true;
	int64_t id = side_number(is, "id");
	int rc = opening ? is_last(h, of, id, &tell, err) : 0;
	if (rc < 0 || !tell || (!text && !(hex && *hex)))
		return rc;
	rc = text ? document_read(text, strlen(text), &after, err) : -EUCLEAN;
	if (rc == 0 && !opening)
		rc = document_before(h, of, id, &before, err);
	if (rc == 0) {
		document_side(h, of, before, after, false);
		document_side(h, of, before, after, true);
	} else if (rc == -EINVAL || is_damage(rc)) { /* it costs itself alone: I11 */
		rc = 0;
		if (h->counted)
			history_put(h, of, h->form->name, NULL, NULL, NULL,
				    _("this edition or the one before it is damaged: what was "
				      "changed is not known"));
	}
	table_close(before);
	table_close(after);
	return rc;
}

static int editions_tell(struct history *h, const char *of, const json_t *columns,
			 const json_t *changes, struct err *err)
{
	size_t i;
	json_t *change;
	int rc = 0;
	json_array_foreach((json_t *)changes, i, change) {
		struct side is = side_of(columns, change, 1);
		if (rc == 0 && side_there(&is))
			rc = edition_tell(h, of, &is, err);
	}
	return rc;
}

int history_editions(struct history *h, const json_t *rows, struct err *err)
{
	static const char *const editions[] = { "catalogue", "indicators" };
	int rc = 0;
	for (size_t i = 0; i < 2 && rc == 0; i++) {
		const json_t *table = json_object_get(rows, editions[i]);
		rc = editions_tell(h, editions[i], json_object_get(table, "columns"),
				   json_object_get(table, "changes"), err);
	}
	return rc;
}
