/* What the offices are told after a commit: one Ack per peer and spool, which stands for every
 * batch up to it, and a Refused for the first batch that was bad or does not follow on those
 * before. */
#pragma once

#include "ingest/batch_queue.h"
#include "ingest/standing_watch.h"
#include "ingest/told_head.h"

/* What every Ack of a commit says. */
struct ack_news {
	uint32_t slow_down_ms;
	uint64_t catalogue_version;   /* 0: not told */
	uint64_t edition_version;     /* likewise; to agents since protocol 3, as what follows */
	const struct told_head *head; /* behind the commit */
	struct standing_watch *standing_watch;
};

/** @held: the commit's list of what went into quarantine. Never waits; what cannot be delivered is
 * asked for again. */
void acks_send(struct gate *gate, struct batch_queue *queue, const struct held held[],
	       const struct ack_news *news);
/** A batch of @spool_id is not taken now: an Ack that acknowledges nothing and asks to wait. */
void acks_put_off(struct gate *gate, const struct gate_peer *peer, uint64_t spool_id,
		  uint32_t wait_ms);
/** Refused, about batch @seq of @spool_id (0: about no batch). */
void acks_refuse(struct gate *gate, const struct gate_peer *peer, uint64_t spool_id, uint64_t seq,
		 Lantoa__V1__Refused__Code code, const char *reason);
