/* Work of the uplink's parts on the worker: each task is embedded and in flight once at most, and a
 * group of them ends together. */
#pragma once

#include "common/base/err.h"
#include "common/sys/worker.h"

#include <stdbool.h>

struct task_group {
	struct worker *worker; /* outlives it */
	unsigned busy;
	bool stopping;                  /* set it: what ends from then on is not told any more */
	void (*on_idle)(void *context); /* the last one ended while stopping */
	void *context;
};

struct task {
	struct job job;
	struct task_group *group;
	int (*work)(struct task *task);  /* on the worker; its result becomes rc */
	void (*done)(struct task *task); /* on the loop, unless the group is stopping */
	bool busy;
	int rc;
	struct err err;
};

/** @task must not be busy (asserted), and must stay in place until it is done. */
void task_start(struct task *task, struct task_group *group, int (*work)(struct task *task),
		void (*done)(struct task *task));
