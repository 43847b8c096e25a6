/* What fires, and what was told, in the database: table `alert` has what fires, `alert_change` each
 * change by its number, from 1 on without gaps, of which the newest ALERT_KEPT stay. Both change in
 * one transaction, so a kill leaves what was told and what fires in one state: nothing is told
 * twice or forgotten. What is pending is not kept; behind a start its grace begins anew.
 *
 * They are no part of the ledger. They follow from the clock and from who was heard when, which no
 * replay can know, and no figure follows from them. A backup holds them as they were; behind a
 * restore the epoch is another one (schema/epoch.h), so that who has later numbers is told. */
#pragma once

#include "alert/alert_core.h"
#include "common/sys/db.h"

#include <stdint.h>

#define ALERT_KEPT 20000 /* changes: some 3 MB */

/** What fires, as it was kept. A row that a disk damaged, or of a kind that this version does not
 * know, is left out. */
int alert_store_load(sqlite3 *db, struct alert_list *ret_alerts, struct err *err);
/** Keep @changes, in the caller's transaction. *@ret_last: the number of the last one. */
int alert_store_keep(sqlite3 *db, const struct alert_change_list *changes, int64_t *ret_last,
		     struct err *err);
/** The number of the newest change, and of the oldest that is kept; 0: there is none. */
int alert_store_ends(sqlite3 *db, int64_t *ret_last, int64_t *ret_oldest, struct err *err);

struct alert_row {
	int64_t number, at_us;
	int what; /* enum alert_end */
	struct alert alert;
};

/** The changes behind number @after, oldest first and @most at most, or those since @since_us,
 * newest first; or, without either (-1), what fires. @put is told each; it returns 0 or an error.
 * The texts of a row are valid within it. */
struct alert_question {
	int64_t after, since_us; /* -1: not asked for */
	unsigned most;
};
int alert_store_ask(sqlite3 *db, const struct alert_question *question,
		    int (*put)(void *context, const struct alert_row *row, struct err *err),
		    void *context, struct err *err);
