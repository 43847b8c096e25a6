/* What the uplink decides: a function from (state, event) to actions, without a clock, dice or a
 * socket. The shell (uplink.h) reports events and performs actions, and a test plays weeks of
 * outages.
 *
 * 1. START opens the socket. libzmq connects by itself; CONNECTED says that the handshake is done.
 * 2. Hello goes out. The Welcome says up to which batch the province has this spool, and how many
 *    batches may be unacknowledged (credit).
 * 3. Batches go in order from upto + 1. One is read from the spool at a time, and never are more in
 *    flight than the credit. An Ack releases what it names, and more batches go.
 *
 * What can go wrong, and what is done:
 * - The connection breaks. What was in flight counts as not sent (ZMQ_IMMEDIATE drops it). Hello
 *   goes again when the connection is back, and the Welcome says where to go on.
 * - Hello is not answered. It is said again, thrice; then there is a new socket after a pause.
 * - Nothing was heard for ping_ms, or only questions: a Ping. Nothing for silence_ms: a new socket,
 * because libzmq gives up a connection for good after any protocol error, and never says so.
 * - Batches are in flight, but no ack came for ack_ms. Hello again: an ack may be dropped, and is
 *   never repeated.
 * - An Ack that moves nothing asks to slow down. The batches in flight were put off, and go again
 *   after that rest.
 * - The province found a GAP. Hello again, with pauses that grow while nothing moves.
 * - Our key is refused, or was used too often. A new socket after a pause that grows.
 * - A batch is refused as malformed, or there is no common protocol. The batch stays, blocks what
 *   follows, and is tried again every refused_ms. People are told.
 * - There is nothing to say for a minute, and the next figures come late (core->rests); or the link
 *   is metered and its hour is spent. CLOSE and rest, until something is sealed and may be sent, or
 *   a day at most. A connection costs as much as five minutes of an open one.
 * - The province's catalogue is another by now, or it held figures held_ms ago and may have
 *   released them. Hello again, which brings both, once nothing is in flight; and after a random
 *   while, because all offices hear of a catalogue at once.
 * - The spool went on in its next life (spool.h). A new link, and Hello under the new id. Whenever
 *   the province does not know that id: Hello under the id before, on a link of its own. Only a
 *   province that still has all of the life before is sent the next one; for another, RENEW.
 * - The spool cannot note an ack. RELEASE again after note_ms, whatever the link does.
 * - The province asks for less than we keep, claims batches that we never sent, or its batch upto
 *   is not ours. The spool or the province was restored from an old copy. RENEW puts all current
 *   values under a fresh spool id, again and again until the disk takes it.
 */
#pragma once

#include "uplink/budget.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct protocol_timing {
	uint32_t hello_ms;   /* answer to Hello */
	uint32_t ping_ms;    /* silence before a Ping */
	uint32_t silence_ms; /* silence before the socket is made anew; also for connecting */
	uint32_t ack_ms;     /* without progress of acks */
	uint32_t retry_ms;   /* after a send that found no room */
	uint32_t backoff_min_ms, backoff_max_ms;
	uint32_t refused_ms; /* before a refused batch is tried again */
	uint32_t note_ms;    /* before a disk that failed is asked again to note an ack, or renew */
	uint32_t rest_ms;    /* the longest rest without a connection */
	uint32_t refresh_ms; /* within so long, at random, a changed catalogue is asked for */
	uint32_t
		held_ms; /* while figures are held there: when it is asked whether they still are */
};
/** What production uses, with the given bounds of pauses. */
struct protocol_timing protocol_timing(uint32_t backoff_min_ms, uint32_t backoff_max_ms);

enum protocol_state {
	PROTOCOL_STOPPED,
	PROTOCOL_PAUSING,    /* no socket; until pause_until */
	PROTOCOL_CONNECTING, /* a socket, but no handshake yet */
	PROTOCOL_GREETING,   /* Hello sent, or about to be */
	PROTOCOL_WELCOME,    /* batches flow */
	PROTOCOL_RENEWING,   /* the spool gets a new id; asked again at pause_until */
	PROTOCOL_RESTING,    /* no socket, by choice */
};

/* What people should know. */
enum protocol_trouble {
	PROTOCOL_TROUBLE_NEW,         /* not heard of the province yet */
	PROTOCOL_TROUBLE_NONE,        /* all is well */
	PROTOCOL_TROUBLE_UNREACHABLE, /* no connection, or no answer */
	PROTOCOL_TROUBLE_KEY,         /* our key is not (or no longer) on the province's list */
	PROTOCOL_TROUBLE_LATER,       /* our key was used too often */
	PROTOCOL_TROUBLE_VERSION,     /* no common protocol version */
	PROTOCOL_TROUBLE_BATCH,       /* blocked_seq was refused */
	PROTOCOL_TROUBLE_BUDGET,      /* batches wait for the next hour's bytes */
};

struct protocol {
	struct protocol_timing timing;
	struct budget budget; /* set per_hour at any time */
	bool rests;           /* set it: the link is dropped while there is nothing to say */
	enum protocol_state state;
	enum protocol_trouble trouble;
	uint32_t session;     /* rises with each Hello and each lost connection */
	uint64_t last_seq;    /* sealed */
	uint64_t acked;       /* committed at the province */
	uint64_t next_send;   /* in order; acked + 1 ... last_seq + 1 */
	uint64_t trusted;     /* the highest seq that the province can honestly have */
	uint64_t blocked_seq; /* 0: none */
	uint64_t begin; /* of the spool's life: struct spool_life. All seqs here are its own */
	bool proving;   /* Hello and Welcome are about the life before */
	bool proven;    /* on this connection: the province has all of it */
	uint32_t credit;
	uint32_t attempt; /* of the pause; 0 after a Welcome */
	uint32_t hellos;  /* unanswered ones, or answered ones that moved nothing */
	bool sending;     /* a SEND_BATCH waits for its BATCH_DONE */
	uint64_t heard_ms, told_ms, pinged_ms; /* told_ms: of what is new at the province */
	uint64_t pause_until_ms, connect_until_ms, hello_at_ms, hello_until_ms;
	uint64_t ack_until_ms, slow_until_ms, retry_at_ms, blocked_until_ms;
	uint64_t refresh_at_ms; /* UINT64_MAX: the catalogue is that of the province */
	uint64_t rest_until_ms; /* whatever there is to say */
	uint64_t wake_ms;       /* of a rest: when it ends, as far as is known */
	size_t dear;            /* what the batch that waits for the budget costs; 0: none does */
	uint64_t note_at_ms;    /* UINT64_MAX: the spool knows what is acked */
};

enum protocol_event_type {
	PROTOCOL_START,        /* last_seq, upto = acked so far, begin */
	PROTOCOL_TICK,         /* protocol_next_ms() has come; too early is fine */
	PROTOCOL_OPEN_FAILED,  /* there is no socket */
	PROTOCOL_CONNECTED,    /* handshake succeeded */
	PROTOCOL_DISCONNECTED, /* libzmq will connect again */
	PROTOCOL_AUTH_FAILED,
	PROTOCOL_TOLD_LATER, /* the handshake was refused, but not the key */
	PROTOCOL_WELCOMED,   /* upto, credit, matches */
	PROTOCOL_ACKED,      /* upto, slow_down_ms */
	PROTOCOL_REFUSED,    /* seq, code: Lantoa__V1__Refused__Code */
	PROTOCOL_HEARD,      /* anything else from the province */
	PROTOCOL_ASKED,      /* the same, but it does not say what is new there */
	PROTOCOL_OUTDATED,   /* what a Welcome tells is another by now, or may be */
	PROTOCOL_SEALED,     /* last_seq */
	PROTOCOL_REBORN,     /* begin: the spool is in its next life */
	PROTOCOL_BATCH_DONE, /* seq, session, result */
	PROTOCOL_NOT_NOTED,  /* a RELEASE failed */
	PROTOCOL_RENEWED,    /* the spool has a new id and no batch */
	PROTOCOL_NOT_RENEWED,
	PROTOCOL_STOP,
};

enum protocol_result {
	PROTOCOL_SENT,
	PROTOCOL_TOO_DEAR, /* bytes: more than protocol_affords() */
	PROTOCOL_NO_ROOM,  /* the socket would not take it, or its turn had passed */
	PROTOCOL_MISSING,  /* the spool does not keep it */
};

struct protocol_event {
	enum protocol_event_type type;
	uint64_t now_ms; /* monotonic */
	uint64_t dice;   /* random bits, for jitter */
	uint64_t last_seq, upto, seq, begin;
	uint32_t credit, slow_down_ms, session;
	size_t bytes; /* of the frame that was, or was not, sent */
	bool matches; /* the province's batch upto is ours: spool_matches() */
	int code;
	enum protocol_result result;
};

enum protocol_action_type {
	PROTOCOL_OPEN,       /* make a socket and connect */
	PROTOCOL_CLOSE,      /* drop it, with all that is in it */
	PROTOCOL_SEND_HELLO, /* of the life before, if core->proving */
	PROTOCOL_SEND_BATCH, /* read seq from the spool, send, report BATCH_DONE with session */
	PROTOCOL_SEND_PING,
	PROTOCOL_RELEASE, /* spool_acked(upto); report NOT_NOTED if that fails */
	PROTOCOL_RENEW,   /* spool_renew(), report RENEWED or NOT_RENEWED */
	PROTOCOL_SAY,     /* core->trouble has changed: log it */
};
struct protocol_action {
	enum protocol_action_type type;
	uint64_t seq; /* of SEND_BATCH; upto of RELEASE */
	uint32_t session;
};
#define PROTOCOL_ACTIONS_MAX 8u
struct protocol_actions {
	size_t n;
	struct protocol_action list[PROTOCOL_ACTIONS_MAX]; /* perform in order */
};

/** A @core that has no connection and waits for the first event. @timing is copied. */
void protocol_init(struct protocol *core, const struct protocol_timing *timing);
/** What @event makes of @core, and what is to be done about it. All that it knows of the time comes
 * with the event, whose now_ms never goes back. What an action is to report comes as an event of
 * its own, after this call. */
struct protocol_actions protocol_step(struct protocol *core, struct protocol_event event);
/** When the next TICK is due, on the clock of the events; UINT64_MAX: no need. */
uint64_t protocol_next_ms(const struct protocol *core);
/** Batches sent and not acknowledged. */
uint64_t protocol_in_flight(const struct protocol *core);
/** A frame of @len bytes came from the province; answers of common size were reckoned with what
 * they answer. */
void protocol_heard(struct protocol *core, uint64_t now_ms, size_t len);
/** May a batch whose frame has @len bytes go now, and its ack come? */
bool protocol_affords(const struct protocol *core, uint64_t now_ms, size_t len);
