/* Who sits at an HTTP server's connections, what each of them is at, and who has to go.
 * libmicrohttpd 0.9.75 leaves two things to us:
 *
 * - Its epoll is edge-triggered, and it takes a read that returned less than it asked for as the
 *   end of what is there (connection.c, recv_param_adapter()). When a client has hung up by then,
 *   the end of the stream came with the same edge, and no other edge will come: a TCP connection
 *   that sent half a request and hung up sits there until it times out. So after each turn whoever
 *   is expected to speak is asked whether the stream has ended.
 * - It counts connections and not what they are for: as many that say nothing as there may be keep
 *   out everybody else. So the silent ones have to go when there are too many of them.
 *
 * A seat is left by shutting its socket down: libmicrohttpd sees that at once, and ends the
 * connection as if its client had hung up. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Beside the requests that may be in work, there are seats for those who have not asked yet, or
 * wait for their turn; libmicrohttpd accepts up to 11 in one turn. */
#define SEATS_WAITING 32u
#define SEATS_SILENT  16u /* the newest of them are never sent away for want of room */
#define SEAT_HEAD_MS                                                                               \
	10000u /* from the connection to a whole head, if seats->idle_ms is not less               \
		*/
#define SEAT_CROWD_MS     2000u /* so long a body may take while others wait for their turn, */
#define SEAT_DAWDLE_MS    5000u /* and so long an answer */
#define SEAT_BYTES_PER_MS 16u   /* a body as fast as that is never too slow */
/* What is lasting may take so long while others wait for their turn, and longer as it is taken: a
 * line of a few kilobytes a second is as slow as offices have it. */
#define SEAT_LASTING_MS     30000u
#define SEAT_LASTING_PER_MS 4u /* bytes */

enum seat_phase {
	SEAT_SILENT,  /* no whole head yet, or none after the answer before */
	SEAT_PARKED,  /* a head, whose turn has not come; the connection is suspended */
	SEAT_READING, /* its body is awaited */
	SEAT_WORKING, /* a handler has it; the connection may be suspended */
	SEAT_SENDING, /* it is being given its answer */
};

struct seat {
	struct seat *next;
	int fd; /* the connection's, which owns it */
	enum seat_phase phase;
	uint64_t since_ms; /* of the phase */
	uint64_t read;     /* bytes of the body so far */
	uint64_t moved_ms; /* when the last of them came */
	uint64_t sent;     /* bytes of a lasting answer so far */
	bool asked;        /* a request came this way before */
	bool lasting;      /* what is sent may take its time: a file */
	bool left;         /* shut down */
	void *request;    /* borrowed; that this connection has under way, from its head on; NULL */
	char *target;     /* owned; what the request line asked for, where that is kept */
	void *connection; /* libmicrohttpd's */
};

struct seats {
	struct seat *first; /* owned */
	unsigned most;      /* requests in work at once */
	uint64_t idle_ms;   /* a connection that says nothing; a body that does not come */
	void (*on_late)(void *context, struct seat *seat); /* says so, before it is shut; or NULL */
	void *context;
	unsigned n, n_phase[SEAT_SENDING + 1]; /* who has not left */
};

/** NULL: out of memory. */
struct seat *seat_take(struct seats *seats, int fd, uint64_t now_ms);
void seat_give_back(struct seats *seats, struct seat *seat); /* NULL is fine */
void seat_turn(struct seats *seats, struct seat *seat, enum seat_phase phase, uint64_t now_ms);
/** Shut it down: what was sent to it goes out, and it neither hears nor says more. */
void seat_leave(struct seats *seats, struct seat *seat);
/** May one more request be in work? */
bool seats_free(const struct seats *seats);
/** Who has been parked for longest; NULL. */
struct seat *seats_parked(const struct seats *seats);
/**
 * Shut down who has hung up, who takes too long, and the oldest of too many silent ones.
 *
 * Returns how long from now somebody will be taking too long; UINT64_MAX: nobody.
 */
uint64_t seats_sweep(struct seats *seats, uint64_t now_ms);
