/* The agent tells systemd's watchdog that it is alive: WATCHDOG=1 at half the time that systemd
 * allows, but only after a job went through the worker, because a disk that hangs must not look
 * healthy. That job looks around, and the loop tells what it saw. Without systemd nothing happens.
 */
#pragma once

#include "common/sys/worker.h"

#include <stdbool.h>
#include <uv.h>

struct watchdog { /* embed it; it stays in place until the loop has nothing left */
	struct worker *worker;
	void (*look)(void *context); /* on the worker */
	void (*tell)(void *context); /* on the loop, after it */
	void *context;
	uv_timer_t timer;
	struct job job;
	bool beating;
};

/** @watchdog: worker and callbacks are set, the rest is zero. */
void watchdog_start(struct watchdog *watchdog, uv_loop_t *loop);
/** Close its handle; tell() is not called any more. */
void watchdog_stop(struct watchdog *watchdog);
