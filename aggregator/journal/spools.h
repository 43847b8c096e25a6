/* Spools that the writer has at hand: rows of table `spool`, and which of them changed. Only spools
 * that exist are ever kept here, so what a peer merely claims costs no memory.
 *
 * Of an office the SPOOLS_KEPT that were used last are kept, and those that changed until they are
 * written: some 64 bytes each, and as many for each office heard since the start (6 MiB at 11,000
 * offices that all used eight). One that was dropped is read again. An office with hundreds of
 * spools looks through its own. */
#pragma once

#include "common/net/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOLS_KEPT 8u

struct journal_spool {
	int64_t row; /* of table spool; 0: it has none yet */
	int64_t office;
	uint64_t spool_id;
	uint64_t upto; /* highest sequence number taken */
	int64_t received_us;
	uint8_t upto_digest[WIRE_DIGEST_LEN]; /* of batch upto */
	bool digest_known;                    /* false before the first batch */
	bool set_back;                        /* older_copy.h */
	bool hand;                            /* the province's own: registry/hands.h */
	uint64_t from_spool, from_seq;        /* while it has no row: what it names */
	bool changed;                         /* since it was last written */
	struct journal_spool *next;           /* of its office, the one used last first */
	struct journal_spool *next_changed;
};

/* What the writer remembers of an office. */
struct office_account {
	int64_t held;       /* rows of quarantine that wait; -1: not known yet */
	uint64_t work;      /* what its batches cost in the transaction at hand: ledger.h */
	uint64_t work_turn; /* which transaction that was */
};

struct spools;
struct spools *spools_open(void); /* NULL: out of memory */
void spools_close(struct spools *spools);
void spools_forget(struct spools *spools); /* all of them, changed ones too */

/** NULL: it is not at hand. What these two return is valid until the next call of either. */
struct journal_spool *spools_find(struct spools *spools, int64_t office, uint64_t spool_id);
/** Keep a copy of one that is not at hand. NULL: out of memory. */
struct journal_spool *spools_keep(struct spools *spools, const struct journal_spool *spool);
/** It is to be written. */
void spools_change(struct spools *spools, struct journal_spool *spool);
/** The next of those that are to be written, which counts as written from now on (who cannot write
 * it forgets all); NULL: none. Valid until the next call of one above. */
struct journal_spool *spools_changed(struct spools *spools);
/** Whoever asks writes what he knows there. NULL while no spool of it is at hand. Valid until one
 * is kept. */
struct office_account *spools_account(struct spools *spools, int64_t office);
