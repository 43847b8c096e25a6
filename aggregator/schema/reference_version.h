/* The version of the reference: a number in the database that moves whenever units, offices,
 * catalogue, indicators or closed periods change. Connections that keep a copy of the reference
 * compare it, and load the reference again when it has moved (registry/reference.h). */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdint.h>

/** -EUCLEAN: the database has none. */
int reference_version(sqlite3 *db, int64_t *ret_version, struct err *err);
/** Writers: call in the transaction that changed any of the reference. */
int reference_changed(sqlite3 *db, struct err *err);
