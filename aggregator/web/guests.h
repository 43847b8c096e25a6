/* Who asks, and how much he may: a token or, for what shows none that is good, an address. Each has
 * requests that come back by the second and bytes that come back by the minute, both up to a mark,
 * and so many requests under way. Pure: times are told, on a clock that never goes back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_limits {
	unsigned requests; /* a second; five seconds' worth at once */
	uint64_t bytes;    /* a minute, and at once */
	unsigned at_once;
};

#define GUEST_BURST_S 5u
#define GUESTS_MAX                                                                                 \
	8192u /* over it whoever was not heard of for longest is forgotten, unless one of          \
		 his requests is under way: then more are kept */

struct guests;
struct guest; /* kept at least while a request of his is under way */

struct guests *guests_open(const struct guest_limits *limits); /* NULL: out of memory */
void guests_limit(struct guests *guests, const struct guest_limits *limits);
void guests_close(struct guests *guests); /* NULL is fine */

/** The guest of that name, which is kept as a hash alone; a new one has all that he may have. NULL:
 * out of memory. Valid until the next call. */
struct guest *guest_find(struct guests *guests, const char *name, uint64_t now_ms);
/** He was let in by whom we ask: his token is good. */
void guest_prove(struct guest *guest);
bool guest_is_proven(const struct guest *guest);

/** Let him pay @cost requests. Returns 0; or the seconds, 1 or more, after which he can. */
unsigned guest_pay(struct guests *guests, struct guest *guest, unsigned cost, uint64_t now_ms);
/** May one more request of his be under way? Then it is, until guest_leave(). */
bool guest_enter(struct guests *guests, struct guest *guest);
unsigned guest_under_way(const struct guest *guest);
/** Likewise, whatever the limit: he is not forgotten until guest_leave(). */
void guest_hold(struct guest *guest);
/** It is not any more, and cost @bytes, if more than there were. */
void guest_leave(struct guests *guests, struct guest *guest, uint64_t bytes);
