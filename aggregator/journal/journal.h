/* The append-only table of batches, exactly as received: the truth that everything else is derived
 * from (I4).
 *
 * I9: chain = BLAKE2b-256(chain of the entry before (32 zero bytes before the first) || office id
 * || spool id || seq || payload), the numbers as 8 bytes, little endian. Changing, dropping or
 * reordering an entry breaks every chain value after it. */
#pragma once

#include "common/base/err.h"
#include "common/net/wire.h"
#include "common/sys/db.h"
#include "journal/spools.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHAIN_LEN 32u

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
/** Append one batch of @observations; its seq must be spool->upto + 1 (asserted). */
int journal_append(struct journal *journal, struct journal_spool *spool, uint64_t seq, int32_t day,
		   int64_t received_us, const uint8_t *payload, size_t len, size_t observations,
		   int64_t *ret_id, struct err *err);
/** day_index_weigh() */
int journal_weigh(struct journal *journal, int64_t office, int32_t day, uint64_t *ret_observations,
		  struct err *err);
/** Write the watermarks that moved and the lists of days that grew: before entries are looked for
 * by office and day, and before the commit. */
int journal_flush(struct journal *journal, struct err *err);

/** spools_account() */
struct office_account *journal_account(struct journal *journal, int64_t office);

void journal_chain(uint8_t chain[CHAIN_LEN], int64_t office, uint64_t spool_id, uint64_t seq,
		   const uint8_t *payload,
		   size_t len); /* in place: from the one before to this one */
