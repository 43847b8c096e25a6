/* The ways by which figures come in beside the agent's socket: the inbox, the page, StatsD, ...
 * Each is a module of its own and a row of input_kinds[] in inputs.c. The rest of the agent knows
 * it by that row alone: started when its settings ask for it, stopped and started when a reload
 * changed them, told in status. One that cannot start (its port is taken, say) is tried again every
 * minute and does not keep the others from working. Loop thread only. */
#pragma once

#include "common/base/err.h"
#include "office/settings.h"
#include "record/recorder.h"
#include "uplink/uplink.h"

#include <uv.h>

#define INPUTS_MAX 8u

struct inputs;

struct input_host { /* what an input may use; all of it outlives the input */
	uv_loop_t *loop;
	struct recorder *recorder; /* to which figures are handed; it knows spool and worker */
	struct uplink *uplink;
	const char *office; /* its code */
	const struct inputs
		*inputs; /* all of them, set by inputs_start(): the page tells of others */
};

struct input_look {        /* one line of status; texts are valid until the loop runs on */
	const char *name;  /* set by inputs_look() */
	const char *state; /* a word for people, marked N_(): "listening", "failing", ... */
	int64_t last_us;   /* when figures last came this way, UTC; 0: not since the start */
	const char *error; /* its newest trouble, a sentence; "" when all is well */
	bool failing;      /* figures cannot come in this way now; otherwise error is a note */
};

struct input_kind {
	const char *name; /* in status; also the section of agent.conf that holds its keys */
	bool (*wanted)(const struct settings *settings);
	/* @settings are lent for the call: copy what is needed later. */
	int (*start)(const struct input_host *host, const struct settings *settings,
		     void **ret_input, struct err *err);
	/* What came in is handed on first; @on_stopped runs from the loop when no job and no handle
	 * is left, and the input is freed. */
	void (*stop)(void *input, void (*on_stopped)(void *context), void *context);
	void (*look)(const void *input, struct input_look *ret_look); /* all but the name */
};
extern const struct input_kind input_kinds[]; /* of this agent; ends with a row without a name */

/** Start those of @kinds (INPUTS_MAX at most, as input_kinds) that @settings want. @settings are
 * those in force: they outlive the inputs, and may change as inputs_reload() says. -ENOMEM. */
int inputs_start(const struct input_kind kinds[], const struct input_host *host,
		 const struct settings *settings, struct inputs **ret_inputs, struct err *err);
/** The settings in force were @old until now: what changed is stopped and started. */
void inputs_reload(struct inputs *inputs, const struct settings *old);
/** Those that are wanted, in the table's order, into @ret_looks; returns how many. */
size_t inputs_look(const struct inputs *inputs, struct input_look ret_looks[INPUTS_MAX]);
/** What keeps figures from coming in by the one called @name, as its look tells; "" when nothing
 * does, or nobody wants it. Valid until the loop runs on. NULL is fine: "". */
const char *inputs_trouble(const struct inputs *inputs, const char *name);
/** Stop all; @on_stopped runs from the loop, then the inputs are gone. NULL is fine: it runs at
 * once. */
void inputs_stop(struct inputs *inputs, void (*on_stopped)(void *context), void *context);
