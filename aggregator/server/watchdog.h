/* What systemd hears of us: WATCHDOG=1 while the loop turns and the writer gets on, and the line
 * that `systemctl status lantoa-aggregator` shows.
 *
 * The loop turns, or the timer would not fire. The writer gets on when it has nothing to do, or
 * when store_progress() has risen since the last look: a disk that hangs must not look healthy, and
 * a commit that is merely long must not be killed. As often, memory that nobody uses is given back.
 */
#pragma once

#include "ingest/gate.h"
#include "ingest/intake.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct watchdog;

struct watchdog_config { /* all of it outlives the watchdog */
	const struct store *store;
	const struct key_list *key_list;
	const struct gate_counters *gate;
	const struct intake_counters *intake;
};

/** The first line goes out at once, when the loop runs. -ENOMEM. */
int watchdog_start(uv_loop_t *loop, const struct watchdog_config *config,
		   struct watchdog **ret_watchdog, struct err *err);
/** What else the line must say, copied; "" for nothing. Out of memory it goes unsaid. */
void watchdog_warn(struct watchdog *watchdog, const char *warning);
/** It frees itself from the loop. NULL is fine. */
void watchdog_stop(struct watchdog *watchdog);

/* The pure parts. */

struct watchdog_beat { /* zeroed at first */
	uint64_t progress;
};

/** Is the writer alive, now that it is @writing (or not) and has come to @progress? */
bool watchdog_alive(struct watchdog_beat *beat, bool writing, uint64_t progress);

struct watchdog_look {
	size_t keys, waiting; /* on the key list; jobs of the store */
	const struct gate_counters *gate;
	const struct intake_counters *intake;
	const char *warning; /* NULL: none */
};
#define WATCHDOG_LINE_MAX 1024u
/** One line, without the "STATUS=": what is ill (condition.h), what was taken, what is to be noted.
 */
void watchdog_describe(const struct watchdog_look *look, char ret_line[WATCHDOG_LINE_MAX]);
