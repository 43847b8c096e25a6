/* The append-only table of batches, exactly as received: the truth that everything else is derived
 * from (I4).
 *
 * I9: each entry is a link of the ledger's chain (schema/chain.h), with when it was received and
 * what of it was held then. */
#pragma once

#include "common/base/err.h"
#include "common/net/wire.h"
#include "common/sys/db.h"
#include "journal/spools.h"
#include "schema/chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;

/** The writer's view. NULL: err says why. */
struct journal *journal_open(sqlite3 *db, struct err *err);
void journal_close(struct journal *journal); /* NULL is fine */
/** After a rollback: forget what was remembered of the tables. */
void journal_forget(struct journal *journal);

/** The spool of an office. Row 0: there is none of that id, and nothing is remembered of it until
 * its first batch is appended. Valid until the next call. */
int journal_spool(struct journal *journal, int64_t office, uint64_t spool_id,
		  struct journal_spool **ret_spool, struct err *err);

/** Give a new spool its row: before its first batch, so that one that is never taken leaves none.
 */
int journal_make(struct journal *journal, struct journal_spool *spool, struct err *err);

/** Note that the spool's machine was set back (older_copy.h). */
int journal_set_back(struct journal *journal, const struct journal_spool *spool, struct err *err);

/** May the batch with this digest be the spool's last? Yes, too, when that is not known. */
bool journal_is_last(const struct journal_spool *spool, const uint8_t digest[WIRE_DIGEST_LEN]);
/** First in a transaction: others may have written to the ledger since. */
void journal_begin(struct journal *journal);
/** What comes at @now_us is received then, or later where time would run backward. */
int journal_time(struct journal *journal, int64_t now_us, int64_t *ret_received_us,
		 struct err *err);

struct journal_form { /* a batch as it is appended; all lent */
	uint64_t seq; /* spool->upto + 1 (asserted) */
	int32_t day;
	int64_t received_us; /* of journal_time() */
	const uint8_t *payload;
	size_t len, observations;
	const void *held; /* [held_len]: held_list.h */
	size_t held_len;
};
/** Append one batch. */
int journal_append(struct journal *journal, struct journal_spool *spool,
		   const struct journal_form *form, int64_t *ret_id, struct err *err);
/** day_index_weigh() */
int journal_weigh(struct journal *journal, int64_t office, int32_t day, uint64_t *ret_observations,
		  struct err *err);
/** Write the watermarks that moved and the lists of days that grew: before entries are looked for
 * by office and day, and before the commit. */
int journal_flush(struct journal *journal, struct err *err);

/** spools_account() */
struct office_account *journal_account(struct journal *journal, int64_t office);
