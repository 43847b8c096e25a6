/* The writer's book-keeping: a batch into journal, quarantine and rollups, within the transaction
 * of the caller. */
#pragma once

#include "common/base/err.h"
#include "common/net/wire.h"
#include "registry/office_limits.h"
#include "registry/reference.h"
#include "rollup/mend.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger;

enum posting {
	POSTED,
	POSTED_BEFORE, /* a duplicate: as good as posted */
	POSTING_GAP,   /* a batch before it is missing: nothing was done */
	/* The spool came back from an older copy and gave its numbers again: batch upto is another
	 * than this one, or than the one this was made behind. Nothing was done. */
	POSTING_PARTED,
	POSTING_BAD,   /* it can never be taken; err says why: nothing was done */
	POSTING_LATER, /* the committer's word for one that failed alone: nothing was done */
	/* Its office is at a limit: ledger_over() tells which, and err what to do. Nothing was
	 * done: it stays at the office, and may be taken later. */
	POSTING_OVER,
	/* Its office has had its share of this transaction: nothing was done, and it may come with
	 * the next one. */
	POSTING_NEXT,
};

/* What a batch costs is reckoned in work: about what taking one observation in costs, 30 to 60 ns.
 * So it is known before it is done, and is the same on every machine: each observation, an entry of
 * a page for 128 of them, and for series that are to be played again what their day holds, for each
 * REPLAY_SERIES_MAX of them, and their slots. A corrected day counts once in a transaction.
 *
 * One office's batches are posted until they come to LEDGER_SHARE of work; the rest of them is
 * POSTING_NEXT. So what others wait for in one transaction is that, and one batch more. */
#define LEDGER_SHARE 4000000u

struct entry_form { /* a batch as it came */
	int64_t office;
	uint64_t spool_id, seq;
	const uint8_t *payload; /* lent */
	size_t len;
	bool before_told;
	uint8_t before[WIRE_DIGEST_LEN]; /* of batch seq - 1, as its office knows it */
	int64_t received_us;
	bool hand; /* of the province's own hand: registry/hands.h */
	/* Not VERDICT_OK: journal it, and hold in quarantine for this reason what could count. No
	 * page is touched then. */
	enum verdict hold;
};

/** Told of each run, or part of one, that went into quarantine. @series is the spool's number. */
typedef void ledger_on_held(void *context, uint32_t series, uint32_t observations,
			    enum verdict verdict);

/** NULL: err says why. */
struct ledger *ledger_open(sqlite3 *db, struct err *err);
void ledger_close(struct ledger *ledger); /* NULL is fine */

/** What an office may have; the defaults until then. Not within a transaction. */
void ledger_limit(struct ledger *ledger, const struct limits *limits);
/** Of the last POSTING_OVER. */
enum limit ledger_over(const struct ledger *ledger);

/** First in a transaction. @reference is lent until ledger_finish or the next begin. */
void ledger_begin(struct ledger *ledger, const struct reference *reference);
/** What the batch posted last costs, in work; 0: it was not posted. */
uint64_t ledger_work(const struct ledger *ledger);
/** Post one batch. 0 with @ret_posting set (POSTING_BAD and POSTING_OVER: err too), or a negative
 * error, upon which the transaction must be rolled back. */
int ledger_post(struct ledger *ledger, const struct entry_form *form, ledger_on_held *on_held,
		void *context, enum posting *ret_posting, uint64_t *ret_upto, struct err *err);
/** Last before the commit. */
int ledger_finish(struct ledger *ledger, struct err *err);
/** Damaged pages that were made again in this transaction. */
const struct mended *ledger_mended(const struct ledger *ledger);

/* A part of a transaction, which can be undone alone: for a commit that failed, to find which of
 * its batches it was. Parts follow on each other, between ledger_begin() and the commit. */
int ledger_part_begin(struct ledger *ledger, struct err *err);
/** ledger_finish() and keep it; when that fails it is to be undone. */
int ledger_part_keep(struct ledger *ledger, struct err *err);
/** As if it had not been. When that fails, the transaction must be rolled back. */
int ledger_part_undo(struct ledger *ledger, struct err *err);

/** After a rollback, or when others changed tables of the journal: what was remembered is void. */
void ledger_forget(struct ledger *ledger);
/** Observations posted since ledger_open, those of a transaction that failed left out. */
uint64_t ledger_observations(const struct ledger *ledger);
