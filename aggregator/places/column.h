/* Columns of a row that SQLite is standing on, copied. */
#pragma once

#include "db.h"

#include <errno.h>
#include <string.h>

/** A text column into @ret_text, which the caller frees; NULL for an SQL NULL. -ENOMEM. */
static inline int column_text(sqlite3_stmt *stmt, int column, char **ret_text)
{
	*ret_text = NULL;
	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return 0;
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	*ret_text = text ? strdup(text) : NULL;
	return *ret_text ? 0 : -ENOMEM;
}
