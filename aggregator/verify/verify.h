/* I3, I9: is what stands what the ledger says? Replays it and names each difference; where asked
 * to, makes what derives anew where it differs.
 *
 * A verification is a row of bounded steps, each in a transaction of its own, so that neither
 * intake nor queries nor checkpoints wait for it:
 * 1. the ledger, some thousand entries at a step: its chain, and what its entries and events say
 *    stands, in tables of the verification's own (ledger_replay.h); in the step that comes to its
 *    head each table that derives is compared with these (tables.h);
 * 2. day by day the pages, which change in the same transaction as the journal of their day, so
 *    that a day is right or wrong whenever it is looked at;
 * 3. pages that no day of the journal leads to.
 * Repairing takes a write transaction for the tables, and one for each day that differs: its pages
 * are deleted and those derived written. When the ledger itself is damaged nothing is rebuilt:
 * tables and pages may be all that is left of what it said.
 *
 * Memory: a few numbers for each spool, a page cache, and the pages of a day; what the ledger says
 * is in a temporary file where it is more. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/reference.h"
#include "verify/verify_report.h"

#include <stdbool.h>
#include <stdint.h>

enum verify_stage { VERIFY_JOURNAL, VERIFY_DAYS, VERIFY_PAGES, VERIFY_OVER };

struct verify_progress {
	enum verify_stage stage;
	uint64_t done, all; /* of the stage: entries, days, pages; done <= all */
	struct verify_counts counts;
};

struct verify;

/** @repairer NULL: look only; else who is named in the audit for what is rebuilt (copied). NULL:
 * err says why. */
struct verify *verify_open(const char *repairer, struct err *err);
void verify_close(struct verify *verify); /* NULL is fine */

/** Does the next step need a write transaction? */
bool verify_writes(const struct verify *verify);
/** One step, in a transaction on any connection to the store. @reference NULL: it cannot be read,
 * and @err says why; what it is made of is held against the ledger, and mended, all the same. 1:
 * more is to do; 0: all is done, whether or not there are differences; negative: it could not read
 * or write, and the verification can only be closed. */
int verify_step(struct verify *verify, sqlite3 *db, const struct reference *reference,
		struct err *err);

/** Between steps. */
struct verify_progress verify_progress(const struct verify *verify);
/** After the last step, once: rows of what, where, found, expected, outcome ("repaired" or "left";
 * null when none was asked for), one per difference (the first VERIFY_ROWS_MAX, and of these the
 * first VERIFY_ROWS_OF_ONE of what they are about; all are counted),
 * with the counts in the head object "counts". The caller's to close. */
struct table *verify_table_take(struct verify *verify);
