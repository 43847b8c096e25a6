/* The indicators of the newest period that is closed: what may be told without somebody asking for
 * a period, as nothing comes to it any more in silence. */
#pragma once

#include "common/sys/db.h"
#include "registry/reference.h"

#define LATEST_BACK_MAX 400 /* periods looked back; of days a year */

struct latest {
	const struct indicator *indicator;
	char period[PERIOD_TEXT_MAX];
	char *value;           /* owned: its digits; NULL: it cannot be told */
	int64_t due, reported; /* as beside any figure */
};

struct latest_list {
	struct latest *list; /* owned [n]: of the indicators that have a closed period */
	size_t n;
};

/** A period of an indicator is closed when every own period of each of its metrics in it is. Inside
 * the caller's read transaction. -ENOMEM, or as query_run(). */
int latest_find(sqlite3 *db, const struct reference *reference, struct latest_list *ret_list,
		struct err *err);
void latest_free(struct latest_list *list);
