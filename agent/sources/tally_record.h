/* From a tally to the spool. */
#pragma once

#include "common/model/catalogue.h"
#include "sources/tally.h"

#define TALLY_REACH                                                                                \
	72 /* periods before its own in which a change finds its value: a weekend of hours */

struct tally_record {     /* zeros for a tally that is new */
	size_t done;      /* slots that are recorded or dropped: a second call goes on from there */
	uint64_t dropped; /* by this call */
	struct err why;   /* why it failed, or dropped the last one */
};

/**
 * Record what @tally holds, as one transaction, as a rule; a change of what is on its way in an
 * earlier period begins another. A figure that is itself at fault (a change of nothing, a sum
 * beyond 64 bits, one too old to add to, a series too many, what a rule of @catalogue refuses) is
 * dropped, the others are recorded.
 *
 * Returns 0, or what spool_record() returned for the rest as a whole: -ENOSPC, -EIO, ...; it is to
 * be tried again with the same @record, and counts once. Blocks on disk: call from the worker.
 */
int tally_record(const struct tally *tally, struct spool *spool, const struct catalogue *catalogue,
		 struct tally_record *record);
