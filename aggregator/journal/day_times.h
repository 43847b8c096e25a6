/* When what is of a day came: table `arrival` holds, for each local day that the journal has
 * entries of, the instants at which the first and the last of it was received, held by a review
 * or released from quarantine.
 *
 * So a question about an earlier state of knowledge plays the journal again for those days alone of
 * which part was known: what had all come by then stands in the rollups, and of what had not begun
 * to come there is nothing. The clock may have been put back meanwhile: it is the least and the
 * greatest that are kept. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdint.h>

struct day_times;

/** The writer's view. NULL: err says why. */
struct day_times *day_times_open(sqlite3 *db, struct err *err);
void day_times_close(struct day_times *day_times); /* NULL is fine; writes nothing */
/** After a rollback: forget what was not written. */
void day_times_forget(struct day_times *day_times);

/** Something of @day came at @at_us. */
int day_times_add(struct day_times *day_times, int32_t day, int64_t at_us, struct err *err);
/** Write what was added: before the commit. */
int day_times_flush(struct day_times *day_times, struct err *err);
