/* Figures of one local day as a batch of the province's hand (registry/hands.h), sealed as an
 * agent seals them. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/observation.h"
#include "common/sys/db.h"

#include <stddef.h>
#include <stdint.h>

struct hand_batch_form {
	int64_t office;
	uint64_t spool_id;
	int64_t at_us;
	const char *who; /* the author of all of them */
};

/** Append the payload of @list[@n] to @out. They are of one day and of as many series, all
 * different; their notes go along. Which numbers the spool gave its series is read from the
 * database. -E2BIG: it has none left (WIRE_SERIES_MAX); -EMSGSIZE: too many long notes for a batch;
 * -ENOMEM. */
int hand_batch_encode(sqlite3 *db, const struct hand_batch_form *form,
		      const struct observation *const list[], size_t n, struct blob *out,
		      struct err *err);

/** The number of the spool's last batch; 0: there is none. What a ledger at work has not flushed is
 * not seen. */
int hand_batch_last(sqlite3 *db, int64_t office, uint64_t spool_id, uint64_t *ret_seq,
		    struct err *err);
