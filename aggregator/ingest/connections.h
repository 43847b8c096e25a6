/* I10: what each accepted connection may cost, whoever is behind it. libzmq bounds frames and whole
 * messages; it does not bound connections, nor what is sent before a handshake ends, nor a message
 * of several frames that never ends. All three are memory of ours for a peer to fill.
 *
 * 1. The ROUTER's monitor tells of each connection that was accepted, and which descriptor it has.
 * 2. The kernel tells for a descriptor how many bytes came in and went out (TCP_INFO). A handshake
 *    has ended once more went out than greeting, WELCOME and ERROR are together: their sizes are
 *    fixed (ZMQ RFC 23 and 26), and only READY comes after them.
 * 3. Each frame that the ROUTER hands out says from which descriptor it came. So the bytes since
 *    the last frame are what libzmq holds of that connection.
 * 4. Whoever is over a bound below is cut off: shutdown() of that one descriptor. libzmq then frees
 *    all that it held of it, parts of a message too. An office of ours connects again by itself.
 *
 * The bounds:
 * - before its handshake ends, a connection may send 4 KiB (a handshake is less than 1), and libzmq
 *   gives it 20 s;
 * - then 512 KiB until its first frame is there, within a minute (an agent says Hello at once);
 * - then as much as the frames that it may have under way;
 * - a key may have limits.connections that said something; at one more the oldest is cut off;
 * - handshakes under way are half of what may be open, 16,384 at most (20 KiB each): then those of
 *   more than 3 s are cut off. Half of them may come from one address, be it the router of a whole
 *   commune; beyond that its new ones are cut off. More cannot be done by address before the
 *   handshake: ZAP hears of one only at its end, and a firewall counts better (the manual has
 * rules);
 * - as many are open in all as descriptors allow, less the backlog and a reserve for database,
 *   readers and operators; and a quarter of that reserve is always free, whoever has the others.
 *   Beyond that the door is shut: the kernel drops who wants to connect, as a firewall would, and
 *   TCP tries again by itself. It opens when a sixteenth is free. (Where descriptors run out,
 *   libzmq's thread spins and the operators' interface is deaf: handshakes of more than 0.5 s are
 *   cut off then. Cutting needs no descriptor that it does not have.)
 *
 * How fast: handshakes and silent connections are looked at every 50 ms. The others, thousands,
 * when the process has grown by 16 MiB since the last look, and every 10 s. So an endless message
 * costs what its sender gets through in that time. Looks take a twentieth of the loop's time at
 * most: while thousands shake hands at once they come less often.
 *
 * Descriptors are numbers that are used again. Before one is cut off, it is duplicated and the
 * kernel's cookie compared with that of the connection which was accepted: a number that means
 * another socket by now is let alone. */
#pragma once

#include "common/base/err.h"
#include "registry/office_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum connection_fault {
	CONNECTION_GOOD,
	CONNECTION_NO_HANDSHAKE, /* much was sent and no handshake ended */
	CONNECTION_SLOW,         /* its handshake took long while too many were under way */
	CONNECTION_CROWD,        /* too many handshakes under way from its address */
	CONNECTION_SILENT,       /* it never said anything */
	CONNECTION_ENDLESS,      /* a message that does not end */
	CONNECTION_TOO_MANY,     /* others of its key are newer */
	CONNECTION_REVOKED,      /* its key was revoked */
	CONNECTION_FAULTS
};

enum connection_stage {
	STAGE_FREE,     /* no connection has this descriptor */
	STAGE_STRANGER, /* its handshake is under way */
	STAGE_SILENT,   /* its handshake has ended */
	STAGE_MEMBER,   /* a frame of it was handed out */
	STAGE_CUT,      /* it was cut off; libzmq has not closed it yet */
	STAGES
};

/* What is judged. */
struct connection_look {
	enum connection_stage stage;
	uint64_t bytes_in; /* of a member: since a frame of it was last handed out */
	uint64_t bytes_out;
	uint64_t stage_ms; /* how long it has been so, while frames were taken */
	uint64_t held_max; /* what a member may have under way */
};
/** Pure. A stranger of whom @look shows that the handshake has ended is good. */
enum connection_fault connection_judge(const struct connection_look *look);
/** Has the handshake ended, by what went out? */
bool connection_shaken(uint64_t bytes_out);

/* How many connections @files descriptors allow. Pure. */
struct connections_room {
	int backlog;      /* accepted by the kernel, and waiting for libzmq */
	size_t open;      /* connections at a time */
	size_t strangers; /* of them with a handshake under way */
};
struct connections_room connections_room(size_t files);

struct connections_counters {
	size_t open, strangers;
	bool shut; /* nobody is accepted at the moment */
	uint64_t shut_times;
	uint64_t cut[CONNECTION_FAULTS]; /* by enum connection_fault */
};

/** A connection was cut off. @key_id: of its frames; 0: it said nothing. @address: its peer's. */
typedef void connections_on_cut(void *context, enum connection_fault fault, int64_t key_id,
				const char *address);

struct connections_config {
	void *zmq_context;
	void *router;          /* not bound yet; outlives us */
	struct meters *meters; /* of keys: LIMIT_CONNECTIONS is entered and left; outlive us */
	size_t frames_max;     /* that a peer may have under way */
	connections_on_cut *on_cut;
	void *context;
	struct connections_counters *counters; /* kept right; outlive us */
};

struct connections;
/** Before the ROUTER binds, so that no connection is missed. -ENOMEM, or libzmq's error. */
int connections_open(uv_loop_t *loop, const struct connections_config *config,
		     struct connections **ret_connections, struct err *err);
/** The ZMQ_BACKLOG that goes with the descriptors there are. */
int connections_backlog(const struct connections *connections);
/** Begin to look. -ENOMEM or libuv's error: then it has not begun, and only close is to be called.
 */
int connections_start(struct connections *connections, struct err *err);
/** A frame of key @key_id came from descriptor @fd (ZMQ_SRCFD). */
void connections_heard(struct connections *connections, int fd, int64_t key_id);
/** Key @key_id was revoked: end all that said something with it. */
void connections_revoke(struct connections *connections, int64_t key_id);
/** While no frames are taken, who says nothing is not to blame. */
void connections_pause(struct connections *connections, bool paused);
/** Once started: look no more. @on_closed runs from the loop, after which it may be closed. */
void connections_stop(struct connections *connections, void (*on_closed)(void *context),
		      void *context);
/** Before the ROUTER is closed. NULL is fine. */
void connections_close(struct connections *connections);
