/* Which series of a metric a label filter lets through. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/sys/db.h"

#include <stddef.h>
#include <stdint.h>

struct plan;
struct reference;

struct series_list {
	uint32_t *list; /* owned [n], ascending; freed with free() */
	size_t n;
};

/** Fill @list anew: all series of @metric whose labels mean what @labels (canonical; "": any) do,
 * by these code lists: labels_mean(). */
int series_find(sqlite3 *db, const struct dimensions *dimensions, const struct metric *metric,
		const char *labels, struct series_list *list, struct err *err);

/** Is every label of the plan's filter in the list of its dimension, by code or name, or was a
 * figure of its metrics ever reported with what it means? -EINVAL says what was meant, or what
 * there is (I13). Where there is no list, and nothing was reported with that key yet, nothing is
 * known to be wrong: 0. What was reported later than a --known counts here, too. */
int series_check(sqlite3 *db, const struct plan *plan, const struct reference *reference,
		 struct err *err);
