/* Which series a spool's numbers stand for, as declared in its batches, and what today's catalogue
 * makes of each. A cache of one connection over the tables `declared` and `series`: of all spools
 * together DECLARED_KEPT series at most, and those of the spool that was asked about last; the
 * spools that were asked about longest ago are read again when they are next (0.7 us a series,
 * which the office pays that has many). */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/net/wire.h"
#include "common/sys/db.h"

#include <stddef.h>
#include <stdint.h>

struct declared {                    /* 16 bytes: there are many */
	const struct metric *metric; /* of the catalogue; NULL: unknown */
	uint32_t series;             /* id of (metric, labels), the same for all offices */
	uint8_t grain, calendar;     /* enum grain, enum calendar */
	uint8_t decimals;
	uint8_t verdict; /* enum verdict, on the series as a whole; VERDICT_OK: its values are
			    judged one by one */
};

#ifndef DECLARED_KEPT
#define DECLARED_KEPT 2097152u /* 32 MiB: 11,000 offices of 190 */
#endif

struct declarations;

/** NULL: err says why. */
struct declarations *declarations_open(sqlite3 *db, struct err *err);
void declarations_close(struct declarations *declarations); /* NULL is fine */
/** Forget all that was read (after a rollback), and judge by @catalogue (lent until the next call)
 * from now on. */
void declarations_forget(struct declarations *declarations, const struct catalogue *catalogue);

/** The series of spool row @spool: *@ret_list [*@ret_n], by number. Valid until the next call on
 * @declarations. */
int declarations_of(struct declarations *declarations, int64_t spool,
		    const struct declared **ret_list, size_t *ret_n, struct err *err);

/**
 * Take a batch's declarations: new ones are written, those known already must be the same. -EBADMSG
 * when they differ, leave a gap, or exceed WIRE_SERIES_MAX; the batch can never be taken then.
 */
int declarations_add(struct declarations *declarations, int64_t spool, const struct batch *batch,
		     struct err *err);
