/* The signals that a daemon obeys, on its loop: SIGTERM and SIGINT, which are to end it, and
 * SIGHUP, which has it read its configuration anew. They stay watched until they are closed: a
 * second SIGTERM must not kill a process that is finishing what it does. */
#pragma once

#include <stddef.h>
#include <uv.h>

#define SIGNALS 3u

struct signals {
	uv_signal_t handles[SIGNALS]; /* never moves while they are watched */
	size_t n;                     /* that are handles of the loop */
	void (*on_signal)(void *context, int number);
	void *context;
};

/** Call @on_signal from @loop for each. A negative code of libuv; what was watched until then is
 * closed by signals_close(), too. */
int signals_watch(struct signals *signals, uv_loop_t *loop,
		  void (*on_signal)(void *context, int number), void *context);
/** They hold the loop no longer. */
void signals_unref(struct signals *signals);
/** Fine when nothing was watched. The loop must turn once more before @signals goes. */
void signals_close(struct signals *signals);
