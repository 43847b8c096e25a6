/* Fetches batches from the spool and hands them to the link, one at a time. It knows the digest of
 * the batch before the next: of what it sent last, or of what Welcome said is committed; so no
 * batch is read for it. */
#pragma once

#include "common/base/blob.h"
#include "common/net/wire.h"
#include "spool/spool.h"
#include "uplink/protocol.h"
#include "uplink/task.h"

#include <stdbool.h>
#include <stdint.h>

struct batch_sender {
	struct task_group *group; /* outlives it, as the spool */
	struct spool *spool;
	struct spool_life life;
	/* It is read: send @frame of @len bytes, unless its turn has passed. */
	enum protocol_result (*on_read)(void *context, uint32_t session,
					const Lantoa__V1__Frame *frame, size_t len);
	/* The BATCH_DONE event of it, but for the clock. */
	void (*on_done)(void *context, struct protocol_event event);
	void *context;
	/* its own: */
	struct task task;
	uint64_t seq;
	uint32_t session;
	struct blob payload;
	size_t len;                      /* of its frame */
	uint8_t digest[WIRE_DIGEST_LEN]; /* of payload */
	uint32_t protocol;
	uint64_t last; /* batch sent last, or committed; 0: none, or its digest is not known */
	uint8_t last_digest[WIRE_DIGEST_LEN];
};

/** A Welcome: how batches travel, and the digest (of @len bytes) of batch @upto. */
void batch_sender_welcomed(struct batch_sender *sender, uint32_t protocol, uint64_t upto,
			   const uint8_t *digest, size_t len);
/** The spool has a new id. */
void batch_sender_renewed(struct batch_sender *sender, const struct spool_life *life);
/** on_read and on_done follow. @session is handed through. */
void batch_sender_fetch(struct batch_sender *sender, uint64_t seq, uint32_t session);
void batch_sender_free(struct batch_sender *sender); /* what it owns; the task is not busy */
