/* The door to the offices: a ROUTER with CURVE, and the ZAP handler beside it. The gate knows keys
 * and frames, not figures.
 *
 * 1. ZAP is bound before the ROUTER (without a handler CURVE would let everyone in; option 93 is
 * the second guard). An active key and an open invitation pass; an invitation is open for some days
 * ([gate] invitation_days). A key on the key list passes the handshake with its key id as User-Id;
 * any other is refused, counted, logged.
 * 2. Every message must be [routing id, one frame]; its User-Id is read from the frame, not from
 * the routing id (libzmq 4.3.4 loses it there), and looked up again, so that nothing more is taken
 * from a revoked key. Its live connections are cut off at once, and its agent, which connects
 * again, hears at the door that its key may not enter. (A spent invitation's are not: the answer
 * that spent it may still be on its way.)
 * 3. What passes goes to on_frame with who sent it. What fails is dropped and counted, and named in
 * the log at most once a minute and cause.
 * 4. What a connection may cost before and after that is bounded by connections.h: bytes, time,
 * descriptors. A key has a bucket of handshakes (limits.handshakes a minute, half a millisecond of
 * libzmq's each): when it is empty ZAP answers 500, which tells the agent to come later; 400 is for
 * keys that may not enter.
 *
 * Ids: a peer may put five bytes 00 xx xx xx xx into its handshake as Identity, and a ROUTER of
 * libzmq 4.3.4 aborts when its counter for the ids that it makes itself reaches that number
 * (socket_base.cpp 2130; the counter begins at rand(), which was 0xE43C9869 in every process). So
 * this ROUTER takes no id from a peer: with ZMQ_ROUTER_RAW set after the bind its listener speaks
 * ZMTP as before (it has a copy of the options), while the socket numbers every peer itself and
 * passes over what the peer claims (router.cpp, identify_peer and xrecv). Numbers repeat after 2^32
 * handshakes only. In that mode an empty answer would close the peer's pipe: frames of ours have a
 * kind, so none is empty. */
#pragma once

#include "common/base/err.h"
#include "common/net/wire.h"
#include "ingest/connections.h"
#include "registry/key_list.h"
#include "registry/office_limits.h"

#include <netinet/in.h>
#include <uv.h>
#include <zmq.h>

struct gate;

struct gate_peer {
	uint8_t routing_id[8]; /* ROUTER's own: 5 bytes today */
	size_t routing_id_len;
	int64_t key_id; /* of the key list: identifies office and state */
};

struct gate_config {
	const char *endpoint;      /* "tcp://127.0.0.1:0" binds a free port */
	const uint8_t *secret_key; /* 32 bytes, lent */
	struct key_list *key_list; /* outlives the gate, which watches it; changes on this thread */
	const struct limits *limits; /* of keys: connections, handshakes; as the key list */
	unsigned credit;             /* RCVHWM */
};

struct gate_counters {
	uint64_t handshakes, refused_handshakes;
	uint64_t hasty_handshakes; /* of those refused: too many of one key within a minute */
	uint64_t frames, frames_without_user, frames_revoked, frames_malformed;
	uint64_t answers, answers_undeliverable;
	struct connections_counters connections;
	struct { /* who was cut off last without having said who it is */
		char address[INET6_ADDRSTRLEN]; /* "": nobody yet */
		uint64_t times;
		int64_t at_us;
	} stranger;
	struct { /* whose connection was cut off last, or who was hasty */
		char code[CODE_LEN_MAX + 1]; /* "": nobody's yet */
		uint64_t times;              /* so often since the start, whoever it was */
		int64_t at_us;               /* civil_now_us() */
	} offender;
};

/** A frame from @peer. It is lent for the call, but for zmq_msg_move(): who wants to keep it takes
 * it over, and leaves an empty one. */
typedef void gate_on_frame(void *context, const struct gate_peer *peer, zmq_msg_t *frame);

int gate_start(uv_loop_t *loop, void *zmq_context, const struct gate_config *config,
	       gate_on_frame *on_frame, void *context, struct gate **ret_gate, struct err *err);
/** The endpoint that was bound, with its port. */
const char *gate_endpoint(const struct gate *gate);
/** Send a packed frame. Never waits: a peer that is gone or full loses it, and will ask again.
 * False: it is known to be lost. */
bool gate_answer(struct gate *gate, const struct gate_peer *peer, const Lantoa__V1__Frame *frame);
/** Stop and go on taking frames (the intake is full, or the disk fails). */
void gate_pause(struct gate *gate);
void gate_resume(struct gate *gate);
/** What each key uses of LIMIT_CONNECTIONS and LIMIT_HANDSHAKES, by its id. */
const struct meters *gate_meters(const struct gate *gate);
const struct gate_counters *gate_counters(const struct gate *gate);
void gate_stop(struct gate *gate, void (*on_closed)(void *context), void *context);
