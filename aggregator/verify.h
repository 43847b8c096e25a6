/* Does what is derived equal the journal? Recomputes chain, sequence, quarantine counts and every
 * rollup page from the journal alone, day by day, and names each difference. */
#pragma once

#include "db.h"
#include "err.h"
#include "reference.h"
#include "table.h"

#include <stdint.h>

struct verify_counts {
	uint64_t batches, observations, pages, differences;
};

/**
 * Inside a read transaction. @ret_table: rows of what, where, found, expected, one per difference
 * (at most 1000, all are counted). Returns 0 whether or not there are differences; negative when it
 * could not read. @rebuild makes it write what it computed (writer's transaction).
 */
int verify_run(sqlite3 *db, const struct reference *reference, bool rebuild,
	       struct verify_counts *ret_counts, struct table **ret_table, struct err *err);
