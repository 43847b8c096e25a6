/* After units, offices or the catalogue have changed: what has counted so far and may not by the
 * new rules goes into quarantine, where office and operator see it with its reason, instead of
 * dropping out of the totals in silence. The rollups must be made anew afterwards (follow.h). (What
 * was closed since stays as it is: a closed period keeps its figures.) */
#pragma once

#include "db.h"
#include "err.h"
#include "reference.h"

#include <stdint.h>

struct review;

/** In the caller's transaction; the reference, by which all is judged, outlives the review. NULL:
 * err says why. */
struct review *review_open(sqlite3 *db, const struct reference *reference, struct err *err);
void review_close(struct review *review); /* NULL is fine */

/** Judge what the journal has of one office's day, or all it has. What had been released before is
 * held again. -EUCLEAN: an entry cannot be read. */
int review_day(struct review *review, int64_t office, int32_t day, struct err *err);
int review_all(struct review *review, struct err *err);

/** Observations that went into quarantine so far. */
uint64_t review_held(const struct review *review);
