/* After units, offices or the catalogue have changed: what has counted so far and may not by the
 * new rules goes into quarantine, where office and operator see it with its reason, instead of
 * dropping out of the totals in silence. The rollups must be made anew afterwards (follow.h). (What
 * was closed since stays as it is: a closed period keeps its figures.) */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "journal/damaged_days.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stdint.h>

struct review;

struct reviewed {
	uint64_t held; /* observations that went into quarantine */
	struct damaged_days damaged;
};

/** In the caller's transaction, for an act at @at_us (event_time()); the reference, by which all is
 * judged, outlives the review. NULL: err says why. */
struct review *review_open(sqlite3 *db, const struct reference *reference, int64_t at_us,
			   struct err *err);
/** On what is to be: what is held goes to quarantine_next, and from the switch on. Day times are
 * the caller's. */
struct review *review_open_next(sqlite3 *db, const struct reference *reference, struct err *err);
/** A later transaction: series may have been declared meanwhile. */
void review_begin(struct review *review);
void review_close(struct review *review); /* NULL is fine */

/** Judge what the journal has of one office's day. What had been released before is held again.
 * @ret_damaged: an entry cannot be read; then all of the day is held that is not yet
 * (VERDICT_DAMAGED), and it is among the damaged of review_done(): nothing of it may count. */
int review_day(struct review *review, int64_t office, int32_t day, bool *ret_damaged,
	       struct err *err);
/** 0: what the journal has of an office's day can be read; is_damage(): why not. */
int review_reads(struct review *review, int64_t office, int32_t day, struct err *err);
/** It cannot (@why), and yet what stands of it in the pages may stay: only the entries that cannot
 * be read are held, and it is among the damaged of review_done(). */
int review_mark(struct review *review, int64_t office, int32_t day, const struct err *why,
		struct err *err);
/** Pages of @day are others from now on, whether or not anything is held: as known before, it is
 * told by the journal (day_times.h). Not on what is to be. */
int review_changed(struct review *review, int32_t day, struct err *err);
/** Judge all it has. All pages are made anew after it: review_changed() for each day. */
int review_all(struct review *review, struct err *err);

/** So far; valid until it judges more. */
const struct reviewed *review_done(const struct review *review);
/** What was judged since was undone: as it was at @then. */
void review_back(struct review *review, const struct reviewed *then);
