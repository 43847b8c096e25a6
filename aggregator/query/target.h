/* Where an indicator stands on its way to a target.
 *
 * A bucket's target is that of its year (the year its last day lies in, of the asked calendar), or
 * else of the next year that has one. The path is the straight line from the first value that the
 * row has in the range asked to that target, which is due at the end of its year; it is measured in
 * buckets, so by years it rises by the same amount each year, by months each month. A range of one
 * bucket has no way to go: there the path is the value itself. */
#pragma once

#include "query/rows.h"
#include "registry/indicator.h"

#include <gmp.h>

struct paths; /* of all rows of an answer */

/** NULL: out of memory. @plan and @reference outlive it. */
struct paths *paths_open(const struct plan *plan, const struct reference *reference);
void paths_close(struct paths *paths); /* NULL is fine */

struct path {
	const struct target *target; /* NULL: none ahead, and nothing below means anything */
	mpq_t value;                 /* of the target; as all mpq, initialised by the caller */
	bool has_expected;           /* false before the row's first value */
	mpq_t expected;
};

/** The next bucket of @row, buckets ascending; @value NULL: it has none. */
void paths_step(struct paths *paths, const struct row *row, struct period bucket, mpq_srcptr value,
		struct path *ret);
