/* Which series a spool's numbers stand for, as declared in its batches, and what today's catalogue
 * makes of each. A cache of one connection over the tables `declared` and `series`. */
#pragma once

#include "catalogue.h"
#include "db.h"
#include "err.h"
#include "wire.h"

#include <stddef.h>
#include <stdint.h>

struct declared {
	uint32_t series; /* id of (metric, labels), the same for all offices */
	enum grain grain;
	enum calendar calendar;
	unsigned decimals;
	const struct metric *metric; /* of the catalogue; NULL: unknown */
	enum verdict verdict; /* on the series as a whole; VERDICT_OK: its values are judged one by
				 one */
};

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
