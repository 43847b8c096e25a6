/* The answer to a question to somebody's SQLite file, as lines of output.h. */
#pragma once

#include "common/base/err.h"

#include <stdio.h>

#define SQL_ROWS_MAX 20000u
#define SQL_BUSY_MS  10000 /* that a writer may hold the file */

/**
 * Ask @path, which is opened for reading only and never created, the one statement @query, which
 * can do nothing but read it: no ATTACH, no PRAGMA, no extension. Rows go to @out:
 *
 * - columns metric and value, perhaps period; every other column is a label. A row whose value is
 *   NULL is no figure, one whose label is NULL has not that label.
 * - or a column per metric, named like it, and perhaps period; NULL is no figure.
 *
 * -EINVAL for a query that is none or wants more, columns that are neither, text that does not fit
 * into a line; -E2BIG over SQL_ROWS_MAX rows; -EBUSY when a writer holds the file for longer than
 * SQL_BUSY_MS; -ENOENT, -EUCLEAN and the like as db_code(). Blocks.
 */
int sql_read(const char *path, const char *query, FILE *out, struct err *err);
