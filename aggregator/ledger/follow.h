/* Journal, quarantine and rollups follow the reference: when units, assignments or the catalogue
 * have changed, what may not count any more goes into quarantine, where office and operator see it
 * with its reason, and the pages become what the journal comes to by the new rules. What waits in
 * quarantine goes on waiting. It costs what the change touches (impact.h): nothing for a label, a
 * journal entry for each office and day of a metric whose limits narrowed.
 *
 * A day at a time: 1. what is touched is taken out of the pages of its offices, and of the units
 * that stood above them; an office under which other units stand, and nothing else, has its figures
 * go from those to these. 2. Its journal entries are judged. 3. What still counts is played again
 * and put in. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "journal/damaged_days.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stdint.h>

struct followed {
	uint64_t office_days;        /* that were touched; those of all offices where @whole */
	uint64_t held;               /* observations that went into quarantine */
	bool whole;                  /* pages were damaged, and all of them were made anew */
	struct damaged_days damaged; /* offices' days that could not be read and were left out */
};

/** In the transaction that changed the reference from @before to @after, at @at_us (event_time()).
 * Of an office's day of
 * which a journal entry cannot be read, nothing counts afterwards where its figures had to be
 * judged or played anew; all of it that can be read waits in quarantine. */
int ledger_follow(sqlite3 *db, const struct reference *before, const struct reference *after,
		  int64_t at_us, struct followed *ret_followed, struct err *err);
/** The same without looking at what changed: every journal entry is judged, every page made anew.
 */
int ledger_follow_whole(sqlite3 *db, const struct reference *after, int64_t at_us,
			struct followed *ret_followed, struct err *err);
