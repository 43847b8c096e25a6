/* Closed periods: what comes for them later waits in quarantine until an operator lets it in
 * (release.h) or opens the period again. A metric's own period lies in a closed one when all of its
 * days do: a week across the end of a closed month does not. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/period.h"
#include "common/sys/db.h"
#include "common/text/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct closing {
	char *metric; /* owned; "": every metric */
	char *who;    /* owned */
	struct period period;
	int32_t first, end; /* its days, @end excluded */
	int64_t closed_us;
};

struct closings {
	struct closing *list; /* owned [n], by metric, then calendar, grain and number */
	size_t n;
	int32_t end; /* of the last one to end: nothing from then on is closed */
};

int closings_load(sqlite3 *db, struct closings **ret_closings, struct err *err);
void closings_close(struct closings *closings); /* NULL is fine */

/** Is the period of @metric that starts on @day closed? */
bool closings_hold(const struct closings *closings, const struct metric *metric, int32_t day);

/** What is closed: period, calendar, metric (null: every one), at, who. -ENOMEM. */
int closings_list(const struct closings *closings, struct table **ret_table, struct err *err);

/** The same of those that are in @closings and not in @without. */
int closings_list_but(const struct closings *closings, const struct closings *without,
		      struct table **ret_table, struct err *err);

struct closing_form {
	const char *period;   /* a label of a day or longer */
	const char *metric;   /* NULL: every metric */
	const char *calendar; /* NULL: the metric's own; civil for every metric */
	const char *who;
	int64_t at_us; /* now */
};

/* Both write inside the caller's transaction, note it in the audit and move the reference on. */

/** -EINVAL: no such period or metric, shorter than a day, or not over yet; -EEXIST: it is closed
 * already. */
int closing_add(sqlite3 *db, const struct catalogue *catalogue, const struct closing_form *form,
		struct err *err);
/** -EINVAL as above; -ENOENT: it is not closed, word for word as it was. What waits goes on waiting
 * until it is released. */
int closing_remove(sqlite3 *db, const struct catalogue *catalogue, const struct closing_form *form,
		   struct err *err);
