/* What quarantine says of the journal's entries: rows of runs and points that are there, as many
 * observations as there are, none twice; and how much of each office waits. The rows are walked in
 * step with the journal. */
#pragma once

#include "common/net/wire.h"
#include "common/sys/db.h"
#include "verify/verify_report.h"

#include <stdint.h>

struct quarantine_look {
	struct verify_report *report; /* outlives us */
	sqlite3_stmt *rows;
	int rc; /* of the last step: 1 while what follows is valid */
	int64_t journal, run, point, observations;
	int64_t free; /* the first point of the run that the rows before say nothing of */
};

/** Of entries after @after, up to @end. @look: with its report, else zeroed. */
int quarantine_look_open(struct quarantine_look *look, sqlite3 *db, int64_t after, int64_t end,
			 struct err *err);
void quarantine_look_close(struct quarantine_look *look);

/** The rows of entry @id, ascending from call to call, and those of entries between that are not
 * there. @batch NULL: it cannot be read, and its rows are passed over. */
int quarantine_look_entry(struct quarantine_look *look, int64_t id, int64_t received_us,
			  const struct batch *batch, struct err *err);
/** After the last entry: the rows that are left. */
int quarantine_look_rest(struct quarantine_look *look, struct err *err);
/** And then, in the same transaction: the counts of offices, and rows of entries behind @end. */
int quarantine_look_finish(struct quarantine_look *look, sqlite3 *db, int64_t end, struct err *err);
