/* When what is of a day came: table `arrival` holds, for each local day that the journal has
 * entries of, the instants at which the first and the last of it was received, held by a review
 * or released from quarantine, or at which a change of units, moves or catalogue changed what its
 * pages say: the event's time then. Whoever writes other figures into pages of a day, or makes them
 * by other rules, notes the day here.
 *
 * So a question about an earlier state of knowledge plays the journal again, by the reference of
 * then, for those days alone of which part was known: of what had all come by then the pages in the
 * rollups are still those of then, number of each unit and all, and of what had not begun to come
 * there is nothing. The clock may have been put back meanwhile: it is the least and the
 * greatest that are kept. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdbool.h>
#include <stdint.h>

struct day_times;

/** The writer's view. @act: an event tells of the days that are touched (schema/effects.h); else
 * entries of the journal do. NULL: err says why. */
struct day_times *day_times_open(sqlite3 *db, bool act, struct err *err);
void day_times_close(struct day_times *day_times); /* NULL is fine; writes nothing */
/** After a rollback: forget what was not written. */
void day_times_forget(struct day_times *day_times);

/** Something of @day came at @at_us. */
int day_times_add(struct day_times *day_times, int32_t day, int64_t at_us, struct err *err);
/** Write what was added: before the commit. */
int day_times_flush(struct day_times *day_times, struct err *err);
