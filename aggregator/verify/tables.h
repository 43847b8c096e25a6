/* What stands, table by table and row by row, beside what the ledger says (ledger_replay.h). */
#pragma once

#include "common/sys/db.h"
#include "registry/reference.h"
#include "verify/verify_report.h"

#include <stdint.h>

struct tables_form {
	sqlite3 *db;     /* what stands: all of the ledger up to its head is replayed */
	sqlite3 *replay; /* what the ledger says: of ledger_replay_tables() */
	const struct reference *reference; /* NULL: it cannot be read */
	struct verify_report *report;
};

/** Does the ledger end where spools say? Where they tell of more its end was cut off, and what
 * derives from what is left is no truth to mend by: reported as damage. First of all. */
int tables_end_check(const struct tables_form *form, struct err *err);
/** Name each row that differs, as the report's verify_report_begin() says. Where that mends, make
 * it what the ledger says, with an event that tells how many rows of which table. */
int tables_compare(const struct tables_form *form, struct err *err);
