/* What the province tells one office about itself (proto/lantoa.proto, Standing): its unit, closed
 * periods, what waits of its figures, what was released of late, and messages. It is read in two
 * steps: which rows there are, which a version is made of; and what an office needs to know of
 * them, for which payloads are decoded. */
#pragma once

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/net/wire.h"
#include "common/sys/db.h"
#include "registry/reference.h"

#include <stddef.h>
#include <stdint.h>

#define STANDING_RELEASED_DAYS 30 /* a release is told for so long */

struct standing_row { /* rows of quarantine of one run and reason */
	int64_t journal, run;
	uint64_t spool_id, seq;
	int64_t verdict, observations, at_us; /* since when it waits, or when it was released */
};

struct standing {
	int32_t today;
	const struct unit *unit; /* of the reference; NULL: none today */
	/* the newest first; further ones are counted when it is told */
	struct standing_row waiting[WIRE_WAITING_MAX], released[WIRE_WAITING_MAX];
	size_t n_waiting, n_released;
	uint64_t waits;       /* observations, in all */
	uint8_t messages[16]; /* a digest of those that are told */
	uint64_t version;     /* of all that, never 0 */
};

struct standing_reader; /* the statements of one connection */
/** NULL: err says why. */
struct standing_reader *standing_reader_open(sqlite3 *db, struct err *err);
void standing_reader_close(struct standing_reader *reader); /* NULL is fine */

/** As of the transaction, on @today. -ENOENT: there is no such office. Some 50 us and what waits of
 * it, WIRE_WAITING_MAX rows at most. */
int standing_read(struct standing_reader *reader, const struct reference *reference, int64_t office,
		  int32_t today, struct standing *ret_standing, struct err *err);
/** The message about @standing, read in the same transaction; all of it lies in @arena, or is
 * static. I10: what
 * would take more than some milliseconds to decode is counted with the rest. I11: so is what cannot
 * be read. */
int standing_tell(struct standing_reader *reader, const struct reference *reference, int64_t office,
		  const struct standing *standing, struct arena *arena,
		  Lantoa__V1__Standing **ret_message, struct err *err);
