/* I12: pages that are to be. A change of the reference that alters figures makes its pages beside
 * those that answer questions, a step at a time, and batches come in between.
 *
 * Table `rollup_next` lies over `rollup`, by key: a row of it stands for the page there, and one
 * without bytes says that there is none. What of both is in force, a fact `rollup_next` tells:
 *
 *   none       rollup alone, and rollup_next is empty
 *   deriving   rollup alone. A fold that was opened on the next pages (fold_open_next()) reads next
 *              over rollup, and writes next. All days up to one, which the fact says, are frozen
 *              there: before the usual fold, that of the batches, changes a page of such a day, the
 *              page is copied into next, unless next has one; and the day of the office of which
 *              figures came is put into table `stale`, changed or not. So next changes by its own
 * fold alone, and whoever plays the stale offices' days on it again (fold_play()) has it follow the
 * journal. settling   next over rollup (view `rollup_with_next`). Who writes a page writes it to
 * rollup and takes the row of next away; next_settle() brings over the rest, some rows at a time,
 * and when none is left the fact is gone.
 *
 * A change, step by step; each in a transaction of its own but for the last two, which are one:
 *
 *   1. next_begin().
 *   2. For each day of the journal, ascending: next_freeze(day), then what is to change on it, by a
 *      fold on the next pages. Of one day as many steps may be made as it takes. What is wrong in
 *      the pages of a day, so that the fold fails with -EUCLEAN, is of no matter to next_anew().
 *   3. When there is no later day: next_freeze(DAY_MAX).
 *   4. While there are stale offices' days: next_stale(), fold_play() and fold_settle() on the next
 *      pages, or, for a whole day, next_anew(); then next_fresh().
 *   5. No stale one is left: next_switch(), in the transaction that changes the reference.
 *   6. next_settle() until nothing is left.
 *
 * All of it is in the database: a process that was killed goes on where the last commit was, and a
 * backup that was made meanwhile does so, too. Who makes all pages anew (rebuild.h) ends whatever
 * state there is: a change that finds none where it was deriving begins again at 1. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdint.h>

enum next_state { NEXT_NONE, NEXT_DERIVING, NEXT_SETTLING };

struct next {
	enum next_state state;
	int32_t frozen; /* while deriving: days up to this one are; INT32_MIN: none */
};

/** How it is in this transaction. */
int next_read(sqlite3 *db, struct next *ret_next, struct err *err);
/** The same by a statement that is kept: next_read_with() of what next_prepare() made. */
int next_prepare(sqlite3 *db, sqlite3_stmt **ret_stmt, struct err *err);
int next_read_with(sqlite3_stmt *stmt, struct next *ret_next, struct err *err);

/** What to select pages from, those in force: a table's or a view's name, with columns grain,
 * bucket, node, page. For as long as the transaction. */
int next_in_force(sqlite3 *db, const char **ret_name, struct err *err);

/** From none to deriving. -EBUSY: it is settling, or deriving already. */
int next_begin(sqlite3 *db, struct err *err);
/** All days up to @day are frozen; never one less than before. -EINVAL: it is not deriving. */
int next_freeze(sqlite3 *db, int32_t day, struct err *err);
/** From deriving to none: what was made is forgotten. */
int next_abandon(sqlite3 *db, struct err *err);

#define NEXT_WHOLE_DAY 0 /* in place of an office: all of that day's pages are to be made anew */

struct office_day {
	int32_t day;
	int64_t office; /* its id, or NEXT_WHOLE_DAY */
};
/** 1, with the first stale one; 0: there is none. */
int next_stale(sqlite3 *db, struct office_day *ret, struct err *err);
/** How many there are. */
int next_n_stale(sqlite3 *db, int64_t *ret_n, struct err *err);
/** It was played on the next pages. */
int next_fresh(sqlite3 *db, const struct office_day *office_day, struct err *err);
/** For who changes pages of @day in rollup other than by a fold. Does nothing unless the day is
 * frozen. */
int next_mark_day(sqlite3 *db, int32_t day, struct err *err);

/** From deriving to settling: the next pages are in force with the commit. To none, if there are
 * none. -EBUSY: some office's day is stale. */
int next_switch(sqlite3 *db, struct err *err);
#define NEXT_ROW_BYTES 1024u
/** Bring @rows rows over, of which a larger one counts once more for each NEXT_ROW_BYTES, and when
 * none is left end it. A row costs 4 to 9 us of CPU. @ret_left: 0 when it is over or nothing was
 * settling; else 1. */
int next_settle(sqlite3 *db, unsigned rows, unsigned *ret_left, struct err *err);
/** All pages of rollup are about to be made anew: there is nothing over it any more. */
int next_forget(sqlite3 *db, struct err *err);
