/* The fold: observations into rollup pages.
 *
 * The happy path: a run of a batch whose periods are newer than all that its series has on that day
 * is appended to the accumulators of its hours and day (or week, month, ...) of the office.
 * Anything else - a correction, a late or repeated period - marks the office's series on that day
 * as stale, and before the commit it is played again from the journal, whatever the commit holds
 * included. Then the units above are told of what became of the office's entries (propagate.h).
 * Pages are written once per commit, or more often where they would take more than 8 MiB, and read
 * when they are not in memory from the commit before. One that is damaged is made again as it is
 * read (mend.h), which the audit tells. */
#pragma once

#include "journal/declarations.h"
#include "registry/reference.h"
#include "rollup/mend.h"
#include "rollup/page.h"
#include "rollup/page_cache.h"
#include "rollup/propagate.h"
#include "rollup/replay.h"

struct fold;

/** @declarations outlives the fold. NULL: err says why. */
struct fold *fold_open(sqlite3 *db, struct declarations *declarations, struct err *err);
/** The same on the pages that are to be (next.h): a damaged page is -EUCLEAN. */
struct fold *fold_open_next(sqlite3 *db, struct declarations *declarations, struct err *err);
void fold_close(struct fold *fold); /* NULL is fine */

/** After a rollback: what is in memory of the pages is not what is in the database. */
void fold_forget(struct fold *fold);

/** Begin a transaction's work with what was gathered before forgotten. @reference is lent until
 * fold_finish. What others wrote to the connection since the last one is noticed. */
void fold_begin(struct fold *fold, const struct reference *reference);

/** Entries from @entry on came in this transaction; what was released at @at_us was released in it:
 * before they are folded. So a damaged page is made again as it was before (mend.h). */
void fold_entries_from(struct fold *fold, int64_t entry);
void fold_released_at(struct fold *fold, int64_t at_us);
/** From now on a damaged page is -EUCLEAN. */
void fold_mend_nothing(struct fold *fold);
/** Pages that were damaged, and made again since fold_begin(). */
const struct mended *fold_mended(const struct fold *fold);

/**
 * Take @n points of one series, ascending, catalogue decimals, none of them in quarantine, received
 * on local day @received_day, journaled before this call.
 */
int fold_run(struct fold *fold, const struct office *office, int32_t day,
	     const struct declared *declared, const struct point points[], size_t n,
	     int32_t received_day, struct err *err);

/** This office's series on that day will be played again at fold_finish (a release from quarantine,
 * say). */
int fold_stale(struct fold *fold, const struct office *office, int32_t day,
	       const struct declared *declared, struct err *err);

/** How often a series of an office's day was marked to be played again, in this transaction. */
size_t fold_n_stale(const struct fold *fold);

/** Play what is stale and write the pages. */
int fold_finish(struct fold *fold, struct err *err);

/* --- day by day: for who makes whole days again (rebuild.c, ledger/follow.c) --- */

/** Play @office's day again for the series in @only [@n_only] (NULL: all), and put what comes of it
 * in place of its entries. */
int fold_play(struct fold *fold, const struct office *office, int32_t day, const uint32_t only[],
	      size_t n_only, struct err *err);
/** A page, to change: pages_get(). */
int fold_page(struct fold *fold, struct page_key key, struct page **ret_page, struct err *err);
/** By which changes of offices' entries go to the units of @reference. Valid until the pages are
 * written. */
struct propagate fold_propagate(struct fold *fold, const struct reference *reference);
/** What a unit keeps as its least or greatest figure may be none of those below it: it is looked
 * for with the next fold_minmax(). -ENOMEM. */
int fold_lose(struct fold *fold, const struct minmax_stale *stale, struct err *err);
/** Find the least and greatest figures that became stale, among the units and offices of
 * @reference. */
int fold_minmax(struct fold *fold, const struct reference *reference, struct err *err);
/** Write the pages when all is in them, and keep them if they are not too many. */
int fold_settle(struct fold *fold, struct err *err);
/** Propagate, write the pages and forget them, when they are too many to keep. Minima and maxima
 * that are stale go on waiting for fold_settle(). */
int fold_relieve(struct fold *fold, struct err *err);

/* --- beside a fold --- */

/** All that an office's series has on @day, as played, into @pages that have nothing of it yet. */
int fold_series(struct pages *pages, const struct office *office, int32_t day,
		const struct replay_series *series, struct err *err);
/** And, when that is done for one office or more, into those of the units above. */
int fold_units(struct pages *offices, const struct reference *reference, struct pages *units,
	       struct err *err);
