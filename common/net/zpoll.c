/* 1. A command in the socket's mailbox makes ZMQ_FD readable, and the poll handle calls turn().
 * 2. turn() asks ZMQ_EVENTS, which empties the mailbox (so epoll, level-triggered, does not call
 *    again for nothing) and alone tells the truth about messages.
 * 3. It receives until there is nothing more, asking ZMQ_EVENTS again each time, because receiving
 *    empties the mailbox, too: a message that came meanwhile would have no edge of its own.
 * 4. When the budget ends first, an idle handle brings the loop back without sleeping.
 * A send empties the mailbox as well: after_send() looks, and lets the idle handle do the rest.
 * Paused, nobody empties the mailbox, so the poll handle must stop, or it would spin. */
#include "common/net/zpoll.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zmq.h>

struct zpoll {
	uv_poll_t poll;
	uv_idle_t idle;
	void *socket; /* outlives us */
	unsigned budget;
	zpoll_on_readable *on_readable;
	void *context;
	bool in_turn, paused, stopping;
	unsigned handles; /* not closed yet */
	void (*on_closed)(void *context);
	void *closed_context;
};

static bool socket_readable(void *socket)
{
	int events = 0;
	size_t len = sizeof(events);
	while (zmq_getsockopt(socket, ZMQ_EVENTS, &events, &len) < 0) {
		if (errno != EINTR)
			return false; /* the context is being terminated: nothing will come */
	}
	return events & ZMQ_POLLIN;
}

static void on_idle(uv_idle_t *idle);

static void come_back(struct zpoll *zpoll)
{
	(void)uv_idle_start(&zpoll->idle, on_idle); /* fails only without a callback */
}

static bool running(const struct zpoll *zpoll)
{
	return !zpoll->paused && !zpoll->stopping;
}

static void turn(struct zpoll *zpoll)
{
	(void)uv_idle_stop(&zpoll->idle); /* always 0 */
	zpoll->in_turn = true;
	unsigned left = zpoll->budget;
	while (running(zpoll) && left > 0 && socket_readable(zpoll->socket)) {
		/* A callback that takes nothing uses up the budget as well: it may starve itself,
		 * not the loop. */
		(void)zpoll->on_readable(zpoll->context);
		left--;
	}
	zpoll->in_turn = false;
	if (running(zpoll) && left == 0)
		come_back(zpoll);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status; /* an error on an eventfd of libzmq's shows in ZMQ_EVENTS or not at all */
	(void)events;
	turn(poll->data);
}

static void on_idle(uv_idle_t *idle)
{
	turn(idle->data);
}

static void poll_begin(struct zpoll *zpoll)
{
	int rc = uv_poll_start(&zpoll->poll, UV_READABLE, on_poll);
	assert(rc == 0); /* fails only for a closing handle */
	(void)rc;
	come_back(zpoll); /* the edge for what is there already may be gone */
}

int zpoll_start(uv_loop_t *loop, void *socket, unsigned budget, zpoll_on_readable *on_readable,
		void *context, struct zpoll **ret_zpoll, struct err *err)
{
	assert(budget >= 1);
	int fd = -1;
	size_t len = sizeof(fd);
	if (zmq_getsockopt(socket, ZMQ_FD, &fd, &len) < 0)
		return err_set(err, -EINVAL, "watch a socket: %s", zmq_strerror(errno));
	struct zpoll *zpoll = calloc(1, sizeof(*zpoll));
	if (!zpoll)
		return err_memory(err);
	*zpoll = (struct zpoll){ .socket = socket,
				 .budget = budget,
				 .on_readable = on_readable,
				 .context = context,
				 .handles = 2 };
	int rc = uv_poll_init(loop, &zpoll->poll, fd);
	if (rc < 0) {
		free(zpoll);
		return err_set(err, rc, "watch a socket: %s", uv_strerror(rc));
	}
	(void)uv_idle_init(loop, &zpoll->idle); /* always 0 */
	zpoll->poll.data = zpoll->idle.data = zpoll;
	poll_begin(zpoll);
	*ret_zpoll = zpoll;
	return 0;
}

void zpoll_after_send(struct zpoll *zpoll)
{
	/* Within a turn the turn itself looks again. */
	if (running(zpoll) && !zpoll->in_turn && socket_readable(zpoll->socket))
		come_back(zpoll);
}

void zpoll_pause(struct zpoll *zpoll)
{
	if (!running(zpoll))
		return;
	zpoll->paused = true;
	(void)uv_poll_stop(&zpoll->poll); /* always 0, as below */
	(void)uv_idle_stop(&zpoll->idle);
}

void zpoll_resume(struct zpoll *zpoll)
{
	if (!zpoll->paused || zpoll->stopping)
		return;
	zpoll->paused = false;
	poll_begin(zpoll);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct zpoll *zpoll = handle->data;
	if (--zpoll->handles > 0)
		return;
	void (*on_closed)(void *) = zpoll->on_closed;
	void *context = zpoll->closed_context;
	free(zpoll);
	if (on_closed)
		on_closed(context);
}

void zpoll_stop(struct zpoll *zpoll, void (*on_closed)(void *context), void *context)
{
	assert(!zpoll->stopping);
	zpoll->stopping = true;
	zpoll->on_closed = on_closed;
	zpoll->closed_context = context;
	uv_close((uv_handle_t *)&zpoll->poll, on_handle_closed);
	uv_close((uv_handle_t *)&zpoll->idle, on_handle_closed);
}
