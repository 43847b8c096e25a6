/* What the province answered about batches, on its way into the spool: acks, and what went into
 * quarantine there. */
#pragma once

#include "spool/spool.h"
#include "uplink/task.h"

#include <stdbool.h>
#include <stdint.h>

#include "proto/lantoa.pb-c.h"

struct notes;

struct ack_log {
	struct task_group *group; /* outlives it, as the spool */
	struct spool *spool;
	/* Something is noted, or @rc says why it is not. Then the next ack_log_acked(), which may
	 * tell the same again, tries all of it again. */
	void (*on_noted)(void *context, int rc);
	void *context;
	/* its own: */
	struct task task;
	bool ack_due, acking, release_due, releasing;
	uint64_t upto, acking_upto, waits, waiting;
	int64_t at_us, acking_at_us;
	struct notes *notes, *noting; /* owned; waiting, being noted; NULL: none */
	/* waiting; being kept. The second does not follow the first (spool_head_follows()): it is
	 * the next day's, or of a province that was set back. */
	struct spool_head heads[2], hearing[2];
	size_t n_heads, n_hearing;
	bool heard; /* by the spool: the first, or what it follows */
};

/** Everything up to @upto is committed, since @at_us by the province's clock. What is told while
 * the disk is busy is merged. */
void ack_log_acked(struct ack_log *ack_log, uint64_t upto, int64_t at_us);
/** Some of batch @seq (as the spool counts) went into quarantine (I5: the office is told). A copy
 * waits for ack_log_flush(). I10: more than 256 are dropped; the province keeps and shows them all
 * the same. */
void ack_log_quarantined(struct ack_log *ack_log, uint64_t seq,
			 const Lantoa__V1__Quarantined *held);
/** The province holds so many observations of this office back: spool_waits(). Noted before what is
 * told later. */
void ack_log_held(struct ack_log *ack_log, uint64_t waits);
/** The ledger's head, as the province told it. It goes into the spool with the next flush, at once
 * when it is the first of its day, or of a province that was set back. */
void ack_log_head(struct ack_log *ack_log, const struct spool_head *head);
void ack_log_flush(struct ack_log *ack_log);
/** What was not noted yet is void: it was about another spool id. */
void ack_log_forget(struct ack_log *ack_log);
void ack_log_free(struct ack_log *ack_log); /* what it owns; the task is not busy */
