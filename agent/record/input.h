/* What an input is to the rest of the agent: a way by which figures come in beside the agent's
 * socket (the inbox, the page, StatsD, ...). Each is a module of its own that implements struct
 * input_kind; daemon/inputs.c has the table of them, and starts and stops them. Loop thread only.
 */
#pragma once

#include "common/base/err.h"
#include "office/settings.h"
#include "record/recorder.h"
#include "uplink/uplink.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define INPUTS_MAX 8u

struct inputs;

struct input_host { /* what an input may use; all of it outlives the input */
	uv_loop_t *loop;
	struct recorder *recorder; /* to which figures are handed; it knows spool and worker */
	struct uplink *uplink;
	const char *office; /* its code */
	/* What keeps figures from coming in by the input called @name, as its look tells; "" when
	 * nothing does, or nobody wants it. Valid until the loop runs on. The page tells of others
	 * by it. */
	const char *(*trouble_of)(const struct inputs *inputs, const char *name);
	const struct inputs *inputs; /* for trouble_of; inputs_start() sets both */
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
