/* A change of the reference made in bounded steps, on the pages and the quarantine that are to be
 * (rollup/next.h, journal/quarantine.h): what follow.h does in one transaction, of which each step
 * is one, and batches come in between.
 *
 * The days are gone through in order, as many in a step as its budget takes. A day that is over the
 * budget by itself takes several steps: 1. what is touched is taken out, 2. judged and put in
 * again, some offices at a time, 3. the least and greatest figures of the units are looked for
 * anew, because those that were found halfway were found among what stood halfway. Days that are
 * through are frozen, and what comes of them later makes an office's day stale: it is judged and
 * played again as a whole. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "journal/damaged_days.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stdint.h>

/* Work is reckoned as a batch's is (ledger.h): about what taking one observation in costs. */
struct steps_cost {
	bool about;            /* reckoned from a part of the days */
	uint64_t office_days;  /* that are touched */
	uint64_t observations; /* that their entries hold, as far as that is known */
	uint64_t work;
};

struct steps_place {    /* where the next step begins */
	int64_t day;    /* INT64_MIN at first */
	int64_t phase;  /* of a day that takes several steps; 0: none of it is done */
	int64_t office; /* the first of the phase that is not done */
};

struct steps;

/** Both references outlive the steps. NULL: err says why. */
struct steps *steps_open(sqlite3 *db, const struct reference *before, const struct reference *after,
			 struct err *err);
void steps_close(struct steps *steps); /* NULL is fine */

/** What all of it costs, without doing any. Looks at the index of the days, 0.6 us for each office
 * and day that there is; where they are more than some tens of thousands, of days here and there,
 * and reckons from these: an order holds up nobody by being weighed. */
int steps_weigh(sqlite3 *db, const struct reference *before, const struct reference *after,
		struct steps_cost *ret_cost, struct err *err);

/** First in each transaction. */
void steps_begin(struct steps *steps);
/** Go on from *@place for about @budget of work, or @limit_us of time (0: any), whichever is first,
 * and at least a little. 1: there is more; 0: all days are through. *@work grows by what was done.
 */
int steps_days(struct steps *steps, struct steps_place *place, uint64_t budget, int64_t limit_us,
	       uint64_t *work, struct err *err);
/** Likewise with what is stale. */
int steps_stale(struct steps *steps, uint64_t budget, int64_t limit_us, uint64_t *work,
		struct err *err);

/** Observations that are to be held, and what cannot be read, since steps_open(). */
uint64_t steps_held(const struct steps *steps);
const struct damaged_days *steps_damaged(const struct steps *steps);
