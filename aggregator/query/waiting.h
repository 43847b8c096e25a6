/* I5: what waits in quarantine, of the time that a question asks about: read once, and given bucket
 * by bucket. An observation is counted as it came: a correction of what waits waits, too, as
 * `lantoa quarantine list` has it. Where nothing is held, it costs nothing. */
#pragma once

#include "journal/declarations.h"
#include "query/plan.h"

struct wait { /* observations of one run, in one bucket */
	int32_t bucket;
	uint32_t series;
	const struct office *office; /* lent */
	int32_t day;                 /* first day of their period */
	int64_t n;
};

struct waiting {
	struct wait *list; /* owned [n], by bucket, then series */
	size_t n;
};

/**
 * What waits in @plan's buckets; as known earlier, what waited then. Freed with free(ret->list). An
 * observation whose metric is not in the catalogue belongs to no question, and one of an entry that
 * cannot be read to none that could be known: `lantoa status` tells of those. One that does not fit
 * its metric lies where its own period begins. Bounded by what may be held (office_limits.h), and
 * by the time that the question has.
 */
int waiting_read(sqlite3 *db, const struct reference *reference, const struct plan *plan,
		 struct declarations *declarations, struct waiting *ret, struct err *err);
/** Those of @bucket: list[*ret_first] to list[*ret_end - 1]. */
void waiting_of(const struct waiting *waiting, int32_t bucket, size_t *ret_first, size_t *ret_end);
