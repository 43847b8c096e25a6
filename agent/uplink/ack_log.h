/* What the province answered about batches, on its way into the spool: acks, and what went into
 * quarantine there. */
#pragma once

#include "spool/spool.h"
#include "uplink/task.h"

#include <stdbool.h>
#include <stdint.h>

#include "proto/lantoa.pb-c.h"

struct notes;

struct receipts {
	struct task_group *group; /* outlives it, as the spool */
	struct spool *spool;
	/* Something is noted; or @rc says why not: then the next receipts_ack(), which may tell the
	 * same again, tries all of it again. */
	void (*on_noted)(void *context, int rc);
	void *context;
	/* its own: */
	struct task task;
	bool ack_due, acking, release_due, releasing;
	uint64_t upto, acking_upto, waits, waiting;
	int64_t at_us, acking_at_us;
	struct notes *notes, *noting; /* owned; waiting, being noted; NULL: none */
};

/** Everything up to @upto is committed, since @at_us by the province's clock. What is told while
 * the disk is busy is merged. */
void receipts_ack(struct receipts *receipts, uint64_t upto, int64_t at_us);
/** It went as batch @seq of the spool. A copy waits for receipts_flush(). Beyond 256 they are
 * dropped: the province keeps and shows them all the same. */
void receipts_note(struct receipts *receipts, uint64_t seq, const Lantoa__V1__Quarantined *held);
/** The province holds so many observations of this office back: spool_waits(). Noted before what is
 * told later. */
void receipts_wait(struct receipts *receipts, uint64_t waits);
void receipts_flush(struct receipts *receipts);
/** What was not noted yet is void: it was about another spool id. */
void receipts_forget(struct receipts *receipts);
void receipts_free(struct receipts *receipts); /* what it owns; the task is not busy */
