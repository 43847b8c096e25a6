/* Room on the province's disk: whether there is enough of it to take figures.
 *
 * Some of it, [store] reserve, is kept from them, because everything else needs room too: the log
 * of what is committed, what questions sort, an operator's orders, and the very deleting that makes
 * room. When less than that is left, the intake takes no batch any more, before a commit fails;
 * questions, orders, Hello and enrolments go on. It takes them again by itself when there is an
 * eighth more than the reserve, so that it does not change its mind with each file that comes and
 * goes.
 *
 * The disk is asked each second, and at most every 100 ms while batches come: what is taken between
 * two looks, and what waits in memory already (QUEUE_BYTES_MAX), must fit the reserve. While room
 * is short the store gives its log's room back. */
#pragma once

#include "common/base/err.h"
#include "common/base/log_limit.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct room_look {              /* as of the last one */
	uint64_t free, reserve; /* bytes */
	bool is_short;
	int64_t since_us; /* it is; 0: it is not */
	struct store_log log;
};

struct room {
	struct store *store;     /* outlives it, as the next one */
	const uint64_t *reserve; /* may change with a reload; 0: the last byte may be taken */
	void (*on_change)(void *context); /* after each look, and when it is stopped */
	void *context;
	/* its own: */
	struct room_look look;
	struct log_limit said;
	uv_timer_t timer;
	uint64_t looked_ms;
	bool open;
};

/** Look once a second, until room_stop(). @room is filled in up to context. */
void room_start(uv_loop_t *loop, struct room *room);
/** Is there too little to take a batch? Looks when the last look is old. */
bool room_is_short(struct room *room);
/** on_change() follows from the loop, with room->open false. */
void room_stop(struct room *room);

/** I10: is room short now that @free bytes are left, after it @was short or not? */
bool room_judge(bool was, uint64_t free, uint64_t reserve);
