/* The province's store: one connection that does every write and every checkpoint, a few that read,
 * each with a worker of its own so that the loop never waits for the disk. (One writer that also
 * checkpoints, because SQLite 3.7.0 to 3.51.2 can corrupt a WAL otherwise: sqlite.org/wal.html,
 * "the WAL-reset bug".) */
#pragma once

#include "db.h"
#include "err.h"
#include "reference.h"
#include "worker.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define STORE_READ_LIMIT_MS                                                                        \
	30000u /* a question that takes longer is interrupted: it would hold up the checkpoints */

struct store;

struct store_job { /* embed it; zeroed; must stay in place until done() ran */
	/* On the pool, inside a transaction of the writer (committed when it returns 0, rolled back
	 * otherwise) or of a reader. The reference is as of that transaction. */
	int (*run)(struct store_job *job, sqlite3 *db, const struct reference *reference,
		   struct err *err);
	/* On the loop, after the commit; @rc and @err are those of run or of the commit. May free
	 * the job. */
	void (*done)(struct store_job *job, int rc, const struct err *err);
	bool unlimited;         /* a read that may take longer than STORE_READ_LIMIT_MS */
	bool bare;              /* outside of a transaction; the reference is NULL then */
	enum language language; /* of both, and of @err: the reader's they work for */
	/* the store's own: */
	struct job job;
	struct lane *lane;
	struct err err;
	int rc;
};

/** Open (create, migrate) the database and @readers (1 to 8) read-only connections. -EBUSY when
 * another process has it open (PATH.lock tells). */
int store_open(uv_loop_t *loop, const char *path, unsigned readers, struct store **ret_store,
	       struct err *err);

/** Be the one process that works on the database at @path, until @ret_fd is closed; store_open does
 * so itself. PATH.lock stays behind and means nothing. -EBUSY: another one is. */
int store_lock(const char *path, int *ret_fd, struct err *err);

/** One after the other, in order. */
void store_write(struct store *store, struct store_job *job);
/** On whichever reader is least busy; ends with -EINTR after the limit. */
void store_read(struct store *store, struct store_job *job);
/** Another limit than STORE_READ_LIMIT_MS for reads that begin from now on. */
void store_limit_reads(struct store *store, uint32_t limit_ms);
size_t store_waiting(const struct store *store); /* jobs queued or running */
bool store_writing(const struct store *store);   /* has the writer something to do? */
/** Rises while the writer gets on, within a job as well as with its end. A writer that has
 * something to do while this stands still waits for the disk. */
uint64_t store_progress(const struct store *store);

/** Nothing may be waiting. Checkpoints and closes. NULL is fine. */
void store_close(struct store *store);

/** The writer's connection, for start-up before the loop runs. */
sqlite3 *store_writer(struct store *store);
