/* What became of units that ended, imported from CSV; units.h keeps it and lineage.h follows it. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stddef.h>

/** As units_import(), of successors (effective_on,old_code,new_code,share): old in force the day
 * before, new on the day, shares "1" alone (then the old unit ends that day) or all empty (then two
 * at least). Units must be imported first. */
int successors_import(sqlite3 *db, const char *csv, size_t len, size_t *ret_changed,
		      struct err *err);
