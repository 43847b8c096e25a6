/* The province's store: one connection that does every write and every checkpoint, a few that read,
 * each with a worker of its own so that the loop never waits for the disk. */
#pragma once

#include "db.h"
#include "err.h"
#include "reference.h"
#include "worker.h"

#include <stdint.h>
#include <uv.h>

struct store;

struct store_job { /* embed it; must stay in place until done() ran */
	/* On the pool, inside a transaction of the writer (committed when it returns 0, rolled back
	 * otherwise) or of a reader. The reference is as of that transaction. */
	int (*run)(struct store_job *job, sqlite3 *db, const struct reference *reference,
		   struct err *err);
	/* On the loop, after the commit; @rc and @err are those of run or of the commit. May free
	 * the job. */
	void (*done)(struct store_job *job, int rc, const struct err *err);
	struct job job; /* the store's */
	struct err err;
	int rc;
	void *owner;
};

/** Open (create, migrate) the database and its readers. */
int store_open(uv_loop_t *loop, const char *path, unsigned readers, struct store **ret_store,
	       struct err *err);

/** One after the other, in order. */
void store_write(struct store *store, struct store_job *job);
/** On whichever reader is least busy; interrupted (-EINTR) after the reading limit. */
void store_read(struct store *store, struct store_job *job);
size_t store_waiting(const struct store *store); /* jobs queued or running */

/** Nothing may be waiting. Checkpoints and closes. NULL is fine. */
void store_close(struct store *store);

/** The writer's connection, for start-up before the loop runs. */
sqlite3 *store_writer(struct store *store);
