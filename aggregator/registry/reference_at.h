/* The reference as it was (I4, rule 5.9): units, successors, offices and where they reported,
 * catalogue, indicators and closings of an earlier instant. It is made from the ledger: the rows
 * that events up to then put, changed and dropped, put into a database of their own. Where no event
 * that moves the reference came since, which is nearly always, it is the present one, and costs one
 * look at an index. */
#pragma once

#include "registry/reference.h"

#include <stdint.h>

struct reference_then {
	const struct reference *reference; /* lent: the present one, or until the next call */
	/* Where the ledger began after the instant asked about: whose reference it is instead, that
	 * of the opening or, of a province that was new then, of now, which is so since then.
	 * INT64_MIN: it began before.
	 */
	int64_t opening_us;
};

/** As of @at_us, in a transaction. @now is the present reference of this connection, which keeps
 * those of earlier instants. -EUCLEAN: an event that cannot be read; -EINTR: took too long. */
int reference_at(sqlite3 *db, const struct reference *now, int64_t at_us,
		 struct reference_then *ret_then, struct err *err);
