/* The province's end of the protocol, as small as tests of the agent can do with: real CURVE
 * sockets and a real ZAP handler, on a thread of its own; what it "commits" it only remembers. It
 * keeps the rules of proto/lantoa.proto: Welcome and Catalogue after Hello, a cumulative Ack, GAP
 * beyond upto + 1, a duplicate acked as success, Enrol over an invited key only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_aggregator;

enum fake_key {
	FAKE_KEY_UNKNOWN,
	FAKE_KEY_INVITED,
	FAKE_KEY_SPENT,
	FAKE_KEY_ACTIVE,
	FAKE_KEY_HASTY
};

/** Binds a free port of 127.0.0.1. One per context: the ZAP handler has a fixed name. */
struct fake_aggregator *fake_aggregator_open(void *zmq_context);
void fake_aggregator_close(struct fake_aggregator *fake);

const char *fake_aggregator_address(const struct fake_aggregator *fake); /* "127.0.0.1:PORT" */
const uint8_t *fake_aggregator_key(const struct fake_aggregator *fake);  /* public, 32 bytes */

/* All that follows may be called while it runs. */

/** What the ZAP handler and the messages' check make of @public_key from now on. */
void fake_aggregator_allow(struct fake_aggregator *fake, const uint8_t public_key[32],
			   enum fake_key state);
/** Cut all connections and listen anew on the same port. */
void fake_aggregator_restart(struct fake_aggregator *fake);
/** Answer batch @seq with this Refused code; 0: no longer. */
void fake_aggregator_refuse(struct fake_aggregator *fake, uint64_t seq, int code);
/** Note one observation of each batch as quarantined. */
void fake_aggregator_quarantine(struct fake_aggregator *fake, const char *reason);
/** Welcomes tell that it holds so many observations of the office. */
void fake_aggregator_hold(struct fake_aggregator *fake, uint64_t observations);
/** As restored from an old copy: only batches up to @upto are known. */
void fake_aggregator_roll_back(struct fake_aggregator *fake, uint64_t upto);
/** Forget the answer to the next Enrol, as a power cut after the commit does. */
void fake_aggregator_swallow_enrolled(struct fake_aggregator *fake);
/** Told with Welcome and Enrolled; since protocol 3 as an edition, in pieces of 100 bytes. @csv is
 * copied. */
void fake_aggregator_catalogue(struct fake_aggregator *fake, uint64_t version, const char *csv);

/** The ledger's head, since protocol 3: its chain is 32 times the position's lowest byte. 0: not
 * told. */
void fake_aggregator_head(struct fake_aggregator *fake, uint64_t position);
/** Ask whoever said something last which heads it keeps: counts.heads_told rises with the answer.
 */
void fake_aggregator_ask_heads(struct fake_aggregator *fake);

/** Protocols that it speaks: ours unless told. */
void fake_aggregator_speak(struct fake_aggregator *fake, uint32_t min, uint32_t max);
/** Its last batch is another than what the office sent: of its spool's earlier life, say. */
void fake_aggregator_part(struct fake_aggregator *fake);

struct fake_counts {
	uint64_t spool_id; /* of the last Hello */
	uint64_t upto, observations, duplicates, hellos;
	uint64_t batches, chained; /* committed; those that told the one before */
	int64_t sum;               /* of all mantissas committed */
	uint64_t pieces;           /* of editions, sent */
	uint64_t conditions, backlog, push_interval_s; /* told; as of the last */
	int clock;
	uint64_t hello_head; /* position; 0: the last Hello had none */
	uint64_t heads_told, heads, heads_number,
		newest; /* answers; heads in the last, its number, and its newest's position */
};
struct fake_counts fake_aggregator_counts(struct fake_aggregator *fake);
