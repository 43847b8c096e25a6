/* An edition of the table of units, imported from CSV. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stddef.h>

/**
 * Replace the table of units by an edition in CSV (code,name,level,parent,valid_from,valid_to),
 * inside the caller's transaction. A unit with the same (code, valid_from) keeps its id.
 *
 * All or nothing; err names every bad row it has room for, "line 7: ...": a bad date, a period that
 * ends before it begins, the same code twice on one day, a parent that is not in force on every day
 * of the child (the parent's code may pass from one row to the next meanwhile), a cycle. An edition
 * without a unit is refused. A code may pause.
 * @ret_changed: rows added, altered or gone; 0 means nothing was written;
 * otherwise reference_changed() was called.
 */
int units_import(sqlite3 *db, const char *csv, size_t len, size_t *ret_changed, struct err *err);
