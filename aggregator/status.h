/* Who is there and how much came: an operator's first look. */
#pragma once

#include "db.h"
#include "err.h"
#include "reference.h"
#include "table.h"

/** Rows of office, name, unit, key (none, invited, active, revoked), last_received, batches, held;
 * head object "store": entries, spools. */
int status_run(sqlite3 *db, const struct reference *reference, struct table **ret_table,
	       struct err *err);
