#include "schema/audit.h"

#include "common/model/civil.h"
#include "schema/event_kinds.h"

#include <inttypes.h>
#include <stdio.h>

/* What a disk damaged is shown as nothing: the others are told all the same. */
static void entry_add(struct table *table, sqlite3_stmt *stmt)
{
	char at[INSTANT_TEXT_MAX];
	const char *texts[4]; /* who, shown name, kind, detail */
	struct err ignored;

	for (int i = 0; i < 4; i++) {
		struct db_row row = { stmt, &ignored, 0 };
		texts[i] = db_row_text_or_null(&row, i + 2);
		if (row.rc < 0)
			texts[i] = NULL;
	}
	table_row(table);
	table_int(table, sqlite3_column_int64(stmt, 0));
	table_text(table, civil_format(sqlite3_column_int64(stmt, 1), at));
	table_text(table, texts[0]);
	table_text(table, texts[1]);
	table_text(table, texts[2] ? event_kind_words(texts[2]) : NULL);
	table_text(table, texts[2]);
	table_text(table, texts[3]);
}

/* Where there are older ones than @last, it says so. */
static int tell_more(sqlite3 *db, int64_t last, struct table *table, struct err *err)
{
	char text[24];
	int64_t oldest = 0;
	int rc = db_number(db, "SELECT coalesce(min(id), 0) FROM event", &oldest, err);

	(void)snprintf(text, sizeof(text), "%" PRId64, last); /* fits */
	if (rc == 0 && oldest > 0 && last > oldest)
		table_head(table, "list", "next", text);
	return rc;
}

int audit_list(sqlite3 *db, unsigned most, int64_t before, struct table **ret_table,
	       struct err *err)
{
	static const char *const columns[] = { "event", "at",   "who",   "shown_name",
					       "act",   "what", "detail" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	sqlite3_stmt *rows = NULL;
	before = before ? before : INT64_MAX;
	int rc = table ? db_prepare(db,
				    "SELECT id, at_us, who, shown, what, detail FROM audit"
				    " LEFT JOIN account ON account = who WHERE id < ?2"
				    " ORDER BY id DESC LIMIT ?1",
				    &rows, err)
		       : err_memory(err);

	if (rc == 0)
		sqlite3_bind_int64(rows, 1, most);
	if (rc == 0)
		sqlite3_bind_int64(rows, 2, before);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		before = sqlite3_column_int64(rows, 0);
		entry_add(table, rows);
		rc = 0;
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	if (rc == 0)
		rc = tell_more(db, before, table, err);
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	if (rc == 0)
		*ret_table = table;
	else
		table_close(table);
	return rc;
}
