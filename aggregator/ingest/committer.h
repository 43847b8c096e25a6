/* Group commit: batches wait until no commit is in flight, then all of them (4096 at most, so
 * that acks do not wait for ever) are the next one. Of one office as many as make LEDGER_SHARE of
 * work (ledger.h): the others are the first of the next commit.
 *
 * 1. committer_add() queues a batch; if nothing is in flight, a commit starts.
 * 2. On the writer, each batch is posted to the ledger; then journal, quarantine and rollups are
 * durable together.
 * 3. Back on the loop the offices get their acks, and what came meanwhile is the next commit.
 * When the disk is full or fails, or the memory, the same batches are tried again every two
 * seconds, and committer_wants_more() is false meanwhile: nothing is acked that is not on disk,
 * nothing more is taken, and it goes on by itself.
 *
 * Any other failure is that of one batch, or of what the store has where it belongs: the
 * commit is made again at once, in parts that can be undone alone, until those batches are found
 * which fail by themselves. All others are taken and acked. One that fails because a journal entry
 * or a page of its office's day cannot be read is journaled and acked with its figures in
 * quarantine (VERDICT_DAMAGED), so that the office's other days go on. Any other is refused with
 * its reason (LATER): its office keeps it, and sends it again in an hour; what it sends behind it
 * is a gap until then. Both are counted, logged once a minute, and named (refusals.h). */
#pragma once

#include "common/base/histogram.h"
#include "ingest/catalogue_watch.h"
#include "ingest/gate.h"
#include "ingest/refusals.h"
#include "ingest/standing_watch.h"
#include "ingest/told_head.h"
#include "journal/journal_clock.h"
#include "registry/office_limits.h"
#include "rollup/mend.h"
#include "schema/chain.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct committer;
struct ledger;

/* What posts batches and is no agent: an operator's order. It has the ledger to itself, in a
 * transaction of its own between two commits, and does not wait for a commit that is tried again.
 */
struct committer_act { /* embed it; must stay in place until done() ran */
	/* On the writer, as a store_job's; @ledger was begun. What it posts it finishes
	 * (ledger_finish()). When it fails, everything is rolled back. */
	int (*run)(struct committer_act *act, struct ledger *ledger, sqlite3 *db,
		   const struct reference *reference, struct err *err);
	/* On the loop, after the commit; may free the act. */
	void (*done)(struct committer_act *act, int rc, const struct err *err);
	enum language language; /* as a store_job's */
	bool undone;            /* likewise */
	/* the committer's own: */
	struct store_job job;
	struct committer *committer;
	struct committer_act *next;
	struct ledger_head head;
};

struct committer_counters {
	uint64_t batches, observations, duplicates, gaps, malformed,
		held;  /* batches and observations: committed */
	uint64_t over; /* batches refused for a limit that the database tells of */
	uint64_t commits, failed_commits;
	int64_t last_commit_us; /* 0: none yet */
	/* From handing batches to the writer until they were on the disk, of commits that
	 * succeeded; and from taking a batch until its ack was sent. */
	struct histogram commit_took, ack_took;
	int failing; /* why commits fail; 0: the last one went well, or none was tried */
	int64_t failing_since_us;
	uint64_t later, held_up; /* batches that failed alone: refused for now; taken and held */
	struct mended mended;    /* damaged pages, since the start, */
	int64_t mended_us;       /* the last one when */
	struct refusals refusals;
};

/** @store, @key_list and @meters outlive the committer. @on_change runs after each commit, when
 * committer_wants_more() and committer_is_idle() may have changed. */
int committer_open(uv_loop_t *loop, struct store *store, const struct key_list *key_list,
		   struct meters *meters, void (*on_change)(void *context), void *context,
		   struct committer **ret_committer, struct err *err);
/** Whom the acks go through, which catalogue, edition and standings they tell of, and what each
 * agent speaks; before the first batch. */
void committer_serve(struct committer *committer, struct gate *gate,
		     struct catalogue_watch *catalogue_watch,
		     struct standing_watch *standing_watch);

/** Queue the batch, received now; @message, the frame that it was unpacked from, is taken over for
 * its payload (batch_queue.h). Without memory it is dropped: the office sends it again. False, and
 * dropped as well: its office is at @ret_limit; so one office never fills the queue, and one whose
 * batches are refused costs no more of the disk's time than that. */
bool committer_add(struct committer *committer, const struct gate_peer *peer, int64_t office,
		   const Lantoa__V1__Batch *batch, zmq_msg_t *message, enum limit *ret_limit);
/** Do @act as soon as no commit is in flight, in their order; but batches that wait are committed
 * between two acts (I12: however many acts come, an office waits for one of them). -EAGAIN, and
 * done() will not run: after committer_stop(). */
int committer_do(struct committer *committer, struct committer_act *act, struct err *err);
/** False at the queue's bounds, while the disk fails, and after committer_stop(). */
bool committer_wants_more(const struct committer *committer);
/** Something else of an office than a batch was refused. */
void committer_note_refused(struct committer *committer, const struct listed_key *key,
			    const char *reason);
/** By which batches are received: what time offices may be told. */
const struct journal_clock *committer_clock(const struct committer *committer);
/** The ledger's head, as offices are told it: raised behind each commit. */
struct told_head *committer_head(struct committer *committer);
const struct committer_counters *committer_counters(const struct committer *committer);

/** Start no commit any more, but the acts that wait; on_change follows from the loop, at last with
 * committer_is_idle(). */
void committer_stop(struct committer *committer);
bool committer_is_idle(const struct committer *committer);
void committer_close(struct committer *committer); /* NULL is fine */
