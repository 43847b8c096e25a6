/* Columns of a row that SQLite is standing on, judged (common/sys/db.h) and copied. */
#pragma once

#include "common/sys/db.h"

#include <string.h>

/** A text, which the caller frees. NULL: out of memory, as @row knows. */
static inline char *column_text(struct db_row *row, int column)
{
	char *copy = strdup(db_row_text(row, column));
	if (!copy)
		row->rc = err_memory(row->err);
	return copy;
}

/** The same; an SQL NULL is NULL. */
static inline char *column_text_or_null(struct db_row *row, int column)
{
	bool none = sqlite3_column_type(row->stmt, column) == SQLITE_NULL;
	return none ? NULL : column_text(row, column);
}
