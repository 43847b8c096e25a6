/* Rule 5.7: what became of a unit, and what it came from: the way to tell a figure under another
 * date's borders. Never a guess, never a fraction.
 *
 * Forward, step by step along the successors: share 1 takes it whole to one unit; a division leads
 * to several, and no figure says which part is whose; a unit that ended without successor leaves
 * its business to what its parent became. Backward: the units of that date which together hold all
 * of its land (and maybe more, where one of them was divided). */
#pragma once

#include "registry/units.h"

#include <stdbool.h>
#include <stddef.h>

#define LINEAGE_MAX 64u

struct lineage {
	const struct unit *units[LINEAGE_MAX]; /* in force on the date, each once */
	size_t n; /* 0: nothing is known to have come of it, or to have been before it; or more than
		     LINEAGE_MAX */
	bool divided; /* on the way forward a unit was divided without known shares */
	const struct unit
		*blame; /* divided: the first that was; n == 0: the unit at which the trace ends */
};

/** Trace @unit, in force on @from, to the structure of @to (before or after). */
struct lineage lineage_trace(const struct units *units, const struct unit *unit, int32_t from,
			     int32_t to);
