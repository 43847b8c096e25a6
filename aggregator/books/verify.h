/* Does what is derived equal the journal? Recomputes chain, sequence and every rollup page from the
 * journal alone, day by day, and names each difference. */
#pragma once

#include "db.h"
#include "err.h"
#include "reference.h"
#include "table.h"

#include <stdint.h>

#define VERIFY_ROWS_MAX 1000u

struct verify_counts {
	uint64_t batches, observations, pages, differences;
};

/**
 * Inside a read transaction. @ret_table: rows of what, where, found, expected, one per difference
 * (the first VERIFY_ROWS_MAX; all are counted), with @ret_counts in the head object "counts".
 * Returns 0 whether or not there are differences; negative when it could not read.
 */
int verify_run(sqlite3 *db, const struct reference *reference, struct verify_counts *ret_counts,
	       struct table **ret_table, struct err *err);
