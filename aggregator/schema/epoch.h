/* Which ledger this is. A restored backup goes on from an older state: the same positions come
 * again and mean something else. So the store has a number, the epoch, that is made with it and
 * made anew by a restore, always a higher one. Whoever follows the ledger keeps it beside his
 * position. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdint.h>

/** -EUCLEAN: the database has none. */
int epoch_read(sqlite3 *db, int64_t *ret_epoch, struct err *err);
/** Another one from now on. One of before there were epochs gets its first with the schema. */
int epoch_renew(sqlite3 *db, struct err *err);
