/* The one bridge between a ZeroMQ socket and a libuv loop.
 *
 * ZMQ_FD is edge-triggered and readable for any event, so the shell below: drains until EAGAIN or
 * the turn's budget, looks at ZMQ_EVENTS again after every send, and when the budget ended the turn
 * comes back from a uv_idle_t. */
#pragma once

#include "common/base/err.h"

#include <uv.h>

struct zpoll;
/** Called while the socket can be read. Receive ONE message (zmq_msg_recv DONTWAIT) and return 1;
 * return 0 when there was none (EAGAIN). */
typedef int zpoll_on_readable(void *context);

/** Start watching @socket (a ZeroMQ socket, used on this thread alone; outlives the zpoll).
 * @budget: messages per loop turn, >= 1. -ENOMEM or libuv's error. */
int zpoll_start(uv_loop_t *loop, void *socket, unsigned budget, zpoll_on_readable *on_readable,
		void *context, struct zpoll **ret_zpoll, struct err *err);
/** Call after every zmq_send on the socket: a send may have swallowed the edge for reading. */
void zpoll_after_send(struct zpoll *zpoll);
/** Stop and later go on reading, e.g. while a queue is full. Messages wait in ZeroMQ, up to its
 * HWM. */
void zpoll_pause(struct zpoll *zpoll);
void zpoll_resume(struct zpoll *zpoll);
/** Close the handles; @on_closed (may be NULL) runs from the loop, after which the socket may be
 * closed. The zpoll frees itself. */
void zpoll_stop(struct zpoll *zpoll, void (*on_closed)(void *context), void *context);
