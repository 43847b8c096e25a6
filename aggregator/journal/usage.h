/* What the database holds of one office, where there is a limit to it (office_limits.h). */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdint.h>

struct usage {
	uint64_t spools; /* begun, ever */
	uint64_t series; /* declared, of all its spools together */
	uint64_t held;   /* rows of quarantine that wait */
};

/** The statement that reads it, for who asks often: preparing takes three times as long as asking.
 * The caller finalizes it. */
int usage_prepare(sqlite3 *db, sqlite3_stmt **ret_reader, struct err *err);
/** Microseconds: it goes by indices, not by what there is. */
int usage_read(sqlite3_stmt *reader, int64_t office, struct usage *ret_usage, struct err *err);
