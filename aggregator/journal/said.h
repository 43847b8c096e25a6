/* What people say in their offices' batches, where questions find it: which reports they call
 * finished, and who typed. Both tables derive from the journal; what was said of a period earlier
 * stays, so that an earlier instant can be asked for. */
#pragma once

#include "common/net/wire.h"
#include "common/sys/db.h"

#include <stdint.h>

struct said { /* statements; a zeroed one can be closed */
	sqlite3_stmt *finished, *author;
};

int said_open(sqlite3 *db, struct said *ret_said, struct err *err);
void said_close(struct said *said);

/** What @batch says, of @entry and @office. Once more is the same. */
int said_put(const struct said *said, int64_t office, int64_t entry, const struct batch *batch,
	     struct err *err);
