/* What the files of the ledger share: ledger.c has its transactions, post.c posts a batch. */
#pragma once

#include "journal/declarations.h"
#include "journal/held_list.h"
#include "journal/journal.h"
#include "journal/older_copy.h"
#include "journal/quarantine.h"
#include "journal/said.h"
#include "ledger/ledger.h"
#include "ledger/run_order.h"
#include "rollup/fold.h"

struct ledger {
	sqlite3 *db; /* outlives us */
	struct declarations *declarations;
	struct journal *journal;
	struct quarantine *quarantine;
	struct fold *fold;
	struct older_copy *older;
	sqlite3_stmt *usage;     /* owned: usage_prepare() */
	struct said said;        /* owned */
	struct effects *effects; /* the connection's */
	struct arena *arena;
	const struct reference *reference;  /* lent */
	int64_t reference_version;          /* that declarations were judged by; 0: none */
	uint64_t observations, uncommitted; /* posted: before this transaction, and in it */
	struct mended mended;               /* in this transaction */
	uint64_t uncommitted_before;        /* the part at hand began, */
	struct mended mended_before;        /* likewise */
	struct limits limits;
	enum limit over;        /* of the last POSTING_OVER */
	uint64_t work;          /* of the batch posted last */
	uint64_t turn;          /* transactions begun */
	struct run_order order; /* of the batch at hand, */
	struct hold *holds;     /* owned [n]: and what of it is held */
	size_t n_holds;
	struct blob held_list; /* owned: the same, as the journal keeps it */
};
