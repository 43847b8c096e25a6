/* What the writer does with the batches of one commit, in the caller's transaction, and what it
 * means for the next try when that fails. It knows no loop, no clock and no peers: the committer
 * drives it, and so does the simulation.
 *
 * 1. group_commit_post() posts all batches to the ledger.
 * 2. When that or the commit fails and no disk is to blame, the batches are posted again in parts
 * that can be undone alone (savepoints): halves of halves, until those are found which fail by
 * themselves. All others stay.
 * 3. One that fails alone because what the store has of its day cannot be read is journaled
 * and held as a whole (VERDICT_DAMAGED). Any other is POSTING_LATER, with its reason.
 * 4. A lack of memory and a disk that cannot be read are the machine's as long as every batch meets
 * them: then all are tried again. When that lasts for TRIES_MAX tries, it may be the batches all
 * the same; they are left to their offices if the store can be written at all. */
#pragma once

#include "ingest/batch_queue.h"
#include "registry/reference.h"
#include "schema/chain.h"

#include <stdbool.h>
#include <stddef.h>

struct group_commit {          /* zeros to begin with */
	struct ledger *ledger; /* lent; used on the writer's thread alone while one is posted */
	struct held *held;     /* owned [n_held]: of this commit */
	size_t n_held;
	struct ledger_head head; /* of the ledger behind the batches, once they are posted */
	/* its own: */
	struct pending *at_hand; /* being posted */
	bool out_of_memory;
	bool in_parts;   /* the commit failed as a whole */
	unsigned tries;  /* since it did */
	size_t n_failed; /* batches that failed alone for want of memory or of a disk that reads, */
	int failed_rc;   /* and the last one's why */
};

/** 0: what became of each batch stands in it, and @group has what is held; commit now. Negative:
 * roll back, ledger_forget(), and ask group_commit_failed(). */
int group_commit_post(struct group_commit *group, sqlite3 *db, const struct reference *reference,
		      struct batch_queue *batches, struct err *err);

enum group_next {
	GROUP_IN_PARTS, /* the same batches at once: they are posted in parts */
	GROUP_WAIT,     /* the same batches in a while, and nothing else meanwhile: it is the
			   machine, or has to be taken for it */
};

/** @rc: of group_commit_post() or of the commit. No batch is ever dropped. */
enum group_next group_commit_failed(struct group_commit *group, int rc);
/** The commit is on the disk. */
void group_commit_succeeded(struct group_commit *group);
void group_commit_free(struct group_commit *group);
