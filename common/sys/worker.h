/* Jobs off the loop, one at a time, in order, on libuv's pool: the way to use one SQLite connection
 * from a loop. */
#pragma once

#include "common/base/i18n.h"

#include <stddef.h>
#include <uv.h>

struct worker;

struct job {                           /* embed it; must stay in place until done() ran */
	void (*work)(struct job *job); /* on the pool */
	void (*done)(struct job *job); /* on the loop; may free the job or submit again */
	enum language language;        /* of work() and done(): the reader's they work for */
	struct job *next;              /* the worker's */
};

/** NULL: out of memory. */
struct worker *worker_open(uv_loop_t *loop);
/** Queue @job. Bounded by its callers: each module has a fixed number of jobs of its own. */
void worker_submit(struct worker *worker, struct job *job);
size_t worker_waiting(const struct worker *worker); /* queued and running */
/** Free it; nothing may be waiting (asserted): the owner drains first. NULL is fine. */
void worker_close(struct worker *worker);
