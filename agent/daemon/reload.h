/* SIGHUP: the configuration read again while the agent runs.
 *
 * 1. reload_ask() tells systemd RELOADING=1. What else is asked for in the next moment is the same
 *    reload.
 * 2. The worker reads and checks the whole file. When it is wrong, nothing changes.
 * 3. When it is good, the worker applies what concerns the spool, then the settings in force are
 *    exchanged key by key (those that need a restart keep their value and are named), and the loop
 *    applies the rest. systemd hears READY=1 either way; the outcome is kept for status. */
#pragma once

#include "common/base/err.h"
#include "common/sys/worker.h"
#include "office/settings.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct reload_config { /* all of it outlives the reload */
	uv_loop_t *loop;
	struct worker *worker;
	const struct settings_source *source;
	struct settings *settings; /* in force; changed on the loop alone */
	/* On the worker: @fresh will be in force. */
	void (*on_good)(void *context, const struct settings *fresh);
	/* On the loop: they are; @old holds the values from before. */
	void (*on_applied)(void *context, const struct settings *old);
	/* On the loop: outcome is new, whatever it is. */
	void (*on_outcome)(void *context);
	void *context;
};

struct reload;

/** NULL: out of memory. */
struct reload *reload_open(const struct reload_config *config);
void reload_ask(struct reload *reload);
const struct reload_outcome *reload_outcome(const struct reload *reload);
/** End; @on_closed runs from the loop when a reading under way is over, then it is gone. NULL is
 * fine: it runs at once. */
void reload_close(struct reload *reload, void (*on_closed)(void *context), void *context);
