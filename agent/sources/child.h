/* A program run to its end, within limits: how long, how much it may print. It gets a clean
 * environment (PATH, LANG=C.UTF-8, TZ), no input, "/" as its folder, and a process group of its
 * own, which is killed with it. Loop thread only. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct child;

enum child_end {
	CHILD_EXITED,   /* number: its status */
	CHILD_KILLED,   /* number: the signal, not ours */
	CHILD_TOO_LONG, /* we killed it, as in the next one */
	CHILD_TOO_MUCH,
};

struct child_result {
	enum child_end end;
	int number;
	const char *output; /* [len]; valid during the callback, as error */
	size_t len;
	const char *error; /* the first line of its stderr; "" */
};

struct child_config {
	const char *const *argv; /* argv[0] is an absolute path; lent for the call */
	uint32_t timeout_ms;
	size_t output_max;
	/* From the loop; the child is gone after it. */
	void (*on_ended)(void *context, const struct child_result *result);
	void *context;
};

/** -ENOENT, -EACCES and the like when it cannot be started; -ENOMEM. */
int child_start(uv_loop_t *loop, const struct child_config *config, struct child **ret_child,
		struct err *err);
/** Kill it and its group, and do not wait for it; on_ended does not run, @on_gone does, from the
 * loop. */
void child_stop(struct child *child, void (*on_gone)(void *context), void *context);
