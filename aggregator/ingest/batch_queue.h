/* Batches on their way through a commit: what came, and what became of it. */
#pragma once

#include "ingest/gate.h"
#include "ledger/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_BYTES_MAX   (64u * 1024 * 1024)
#define QUEUE_BATCHES_MAX 65536u

struct pending {
	struct gate_peer peer;
	struct entry_form form;
	zmq_msg_t *message;   /* owned: form.payload lies in it */
	bool speaks_editions; /* its ack may say what is since protocol 3 */
	uint64_t taken_ns;    /* uv_hrtime() then */
	enum posting posting;
	uint64_t upto;
	char *refusal;         /* owned; of POSTING_BAD, _LATER and _OVER, and why it is held up */
	bool held_up;          /* POSTED, and all of it in quarantine: it could not be folded */
	enum limit over;       /* of POSTING_OVER */
	uint32_t slow_down_ms; /* that its office is asked for */
	uint64_t work;         /* ledger.h */
	size_t first_held, n_held; /* in the commit's list of what went into quarantine */
	uint32_t held_more;        /* observations beyond those: the list names WIRE_HELD_MAX */
};

struct held { /* a run, or part of one, that went into quarantine */
	uint32_t series, observations;
	enum verdict verdict;
};

struct batch_queue {
	struct pending *list; /* owned [n] */
	struct pending *
		*order; /* owned [room]: where acks_send() sorts, so that it needs no memory */
	size_t n, room;
	size_t bytes; /* of their messages: what they take in memory */
};

/** Append a batch; the rest of the form is the caller's to fill. The @frame that it came in is
 * taken over when @payload is found in it, and is empty then; otherwise, or if it is NULL, the
 * payload is copied. NULL: out of memory, and nothing was taken. Valid until the next add. */
struct pending *batch_queue_add(struct batch_queue *queue, zmq_msg_t *frame, const uint8_t *payload,
				size_t len);
/** I10: at a bound, the gate should close. One turn of the loop's frames may still go beyond. */
bool batch_queue_full(const struct batch_queue *queue);
/** Move the first @most of @from to the empty @to. */
void batch_queue_take(struct batch_queue *from, struct batch_queue *to, size_t most);
/** Move those of @from that are POSTING_NEXT, as far as @may says (false: it goes on with @from),
 * to the head of @to, in their order. Without memory none. */
void batch_queue_put_back(struct batch_queue *from, struct batch_queue *to,
			  bool (*may)(void *context, const struct pending *pending), void *context);
void batch_queue_clear(struct batch_queue *queue); /* keeps the list's room */
void batch_queue_free(struct batch_queue *queue);
