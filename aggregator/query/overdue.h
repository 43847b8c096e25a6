/* Which reports are overdue now, office by office: of each metric, those of the newest periods
 * whose due day is over (rule 5.5; metric_late_from()). What was missing before that, completeness
 * tells. Counted as `lantoa completeness` counts: what is carried is not missing.
 *
 * Metrics of an hour or a minute are looked at by whole days. */
#pragma once

#include "common/sys/db.h"
#include "registry/reference.h"

#include <stddef.h>
#include <stdint.h>

#define OVERDUE_NAMED 3u /* metrics of a period that are named, the others are counted */

struct overdue {
	int64_t missing; /* reports; 0: none is, and the rest says nothing */
	int32_t since;   /* the day from which on the one of them was late that is so longest */
	char *text;      /* owned: "2025-10: team.count, team.members; 2025-Q3: gov.dossiers" */
};

struct overdue_list {
	struct overdue *list; /* owned [n]: of each office of the reference, in its order */
	size_t n;
};

/** As of @now_us, inside the caller's read transaction. -ENOMEM, or as completeness_run(). */
int overdue_find(sqlite3 *db, const struct reference *reference, int64_t now_us,
		 struct overdue_list *ret_list, struct err *err);
void overdue_free(struct overdue_list *list);
