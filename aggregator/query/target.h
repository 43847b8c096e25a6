/* Where an indicator stands on its way to a target.
 *
 * A bucket's target is that of its year (the year its last day lies in, of the asked calendar), or
 * else of the next year that has one. The path (the column of that name) is the straight line from
 * the first value that the row has in the range asked to that target, which is due at the end of
 * its year; it is measured in buckets, so by years it rises by the same amount each year, by months
 * each month. A range of one bucket has no way to go: there the path is the value itself. */
#pragma once

#include "query/rows.h"
#include "registry/indicator.h"

#include <gmp.h>

struct targets; /* of all rows of an answer */

/** NULL: out of memory. @plan and @reference outlive it. */
struct targets *targets_open(const struct plan *plan, const struct reference *reference);
void targets_close(struct targets *targets); /* NULL is fine */

struct target_point {
	const struct target *target; /* NULL: none ahead, and nothing below means anything */
	mpq_t value;                 /* of the target; as all mpq, initialised by the caller */
	bool has_expected;           /* false before the row's first value */
	mpq_t expected;
};

/** The next bucket of @row, buckets ascending; @value NULL: it has none. */
void targets_next(struct targets *targets, const struct row *row, struct period bucket,
		  mpq_srcptr value, struct target_point *ret);
