#include "schema/audit.h"

#include "common/model/civil.h"

/* What a disk damaged is shown as nothing: the others are told all the same. */
static void entry_add(struct table *table, sqlite3_stmt *stmt)
{
	char at[INSTANT_TEXT_MAX];
	struct err ignored;

	table_row(table);
	table_text(table, civil_format(sqlite3_column_int64(stmt, 0), at));
	for (int i = 1; i <= 3; i++) {
		struct db_row row = { stmt, &ignored, 0 };
		const char *text = db_row_text(&row, i);
		table_text(table, row.rc == 0 ? text : NULL);
	}
}

int audit_list(sqlite3 *db, unsigned most, struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "at", "who", "what", "detail" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	sqlite3_stmt *rows = NULL;
	int rc = table ? db_prepare(db,
				    "SELECT at_us, who, what, detail FROM audit"
				    " ORDER BY id DESC LIMIT ?",
				    &rows, err)
		       : err_memory(err);

	if (rc == 0)
		sqlite3_bind_int64(rows, 1, most);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		entry_add(table, rows);
		rc = 0;
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	if (rc == 0)
		*ret_table = table;
	else
		table_close(table);
	return rc;
}
