/* The province's store: one connection that does every write and every checkpoint, a few that read,
 * each with a worker of its own so that the loop never waits for the disk. (One writer that also
 * checkpoints, because SQLite 3.7.0 to 3.51.2 can corrupt a WAL otherwise: sqlite.org/wal.html,
 * "the WAL-reset bug".)
 *
 * Who writes waits for other writes and for nothing else: readers never hold a commit up, nor what
 * its done() tells. The log of what is committed and not yet copied into the database is copied
 * between the writer's jobs, never within one. One such copying cannot be divided; it takes as long
 * as the log is large: 32 MiB at most while nobody reads for long. Behind a reader that stays, the
 * log grows, and what store_log() tells is shown.
 *
 * Who reads waits for its own kind: questions share the readers, what a session asks has a
 * connection of its own, and so has the operators' glance (enum store_use). */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "common/sys/worker.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define STORE_READ_LIMIT_MS                                                                        \
	30000u /* a question that takes longer is interrupted: it would hold up the checkpoints */

#define STORE_READ_LIMIT_SHORT_MS 2000u /* the same, while the log is over its bound */
#define STORE_LOG_BOUND           (UINT64_C(512) << 20)

struct store;

enum store_use {
	STORE_QUESTION, /* may take long */
	STORE_SESSION,  /* microseconds; an office waits for it before it may send */
	STORE_GLANCE,   /* how things are: asked for just when everything else is slow */
};

/* Which state of the database it is: as long as both are the same, it is the same. Not from one run
 * of the process to the next. */
struct store_version {
	bool known;
	int64_t position; /* of the ledger */
	uint64_t others; /* rises with what is committed and moves no position: who read what, names
			    that accounts are shown by, when tokens were used */
};
bool store_version_same(const struct store_version *a, const struct store_version *b);

struct store_job { /* embed it; zeroed; must stay in place until done() ran */
	/* On the pool, inside a transaction of the writer (committed when it returns 0, rolled back
	 * otherwise) or of a reader. The reference is as of that transaction. (For a glance, or
	 * with takes_stale, it may be one of before or NULL, when it cannot be read; stale says so,
	 * and @err why.) */
	int (*run)(struct store_job *job, sqlite3 *db, const struct reference *reference,
		   struct err *err);
	/* On the loop, after the commit; @rc and @err are those of run or of the commit. May free
	 * the job. */
	void (*done)(struct store_job *job, int rc, const struct err *err);
	enum store_use use;     /* of a read */
	bool unlimited;         /* a read that may take longer than STORE_READ_LIMIT_MS */
	bool takes_stale;       /* runs even where the reference cannot be read */
	bool bare;              /* outside of a transaction; the reference is NULL then */
	bool undone;            /* a write that is only tried: it is rolled back when it is over */
	enum language language; /* of both, and of @err: the reader's they work for */
	/* the store's own: */
	struct job job;
	struct store_job *next; /* of the orders that wait */
	bool order;
	struct lane *lane;
	struct err err;
	int rc;
	bool stale;       /* the reference that run gets */
	int64_t position; /* of a write: the ledger's behind it */
	/* of a read, from its run() on: what it reads. Not known while something else is just being
	 * committed. */
	struct store_version version;
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
/** A write of people, which may take as long as it is large. The writer has one of them at a time:
 * so who else writes waits for one at most, however many have been ordered. In order, too. */
void store_order(struct store *store, struct store_job *job);
/** A question goes to whichever reader is least busy. Ends with -EINTR after the limit. */
void store_read(struct store *store, struct store_job *job);
/** Another limit than STORE_READ_LIMIT_MS for reads that begin from now on. */
void store_limit_reads(struct store *store, uint32_t limit_ms);
size_t store_waiting(const struct store *store); /* jobs queued or running */
bool store_writing(const struct store *store);   /* has the writer something to do? */
/** Rises while the writer gets on, within a job as well as with its end. A writer that has
 * something to do while this stands still waits for the disk. */
uint64_t store_progress(const struct store *store);

/** How many entries and events the ledger has (schema/chain.h), as of the last commit whose done()
 * was called. Loop thread only. */
int64_t store_position(const struct store *store);
/** The version of now, by the same commits; not known while one is in work that moves none. Loop
 * thread only. */
struct store_version store_version(const struct store *store);
/** How many jobs were ever handed in. */
uint64_t store_jobs(const struct store *store);
/** From now on @on_grown is called, from the loop and after the done() of a commit that added to
 * the ledger. NULL: no longer. There is one listener. */
void store_listen(struct store *store, void (*on_grown)(void *context), void *context);

struct store_log {
	uint64_t bytes;          /* committed, and not yet copied into the database */
	uint64_t file_bytes;     /* that its file takes on the disk, as far as the store has seen */
	int64_t copied_us;       /* when all of it was copied last; 0: not since the start */
	uint64_t oldest_read_ms; /* for how long the longest read in progress has run; 0: there is
				    none */
};
/** As of now; from any thread. */
struct store_log store_log(const struct store *store);
/** Give the log's room back to the disk, as soon as it is the writer's turn and if no reader needs
 * it. For when the disk is short of room. */
void store_shrink_log(struct store *store);

/** Threads that a store of so many @readers wants to itself: libuv's pool must have as many, or a
 * commit waits for questions after all. */
unsigned store_threads(unsigned readers);

/** Begin no copying any more; @on_idle runs, from here or from the loop, when the one that is in
 * work is over and no done() of a job is running: it may close the store. All jobs must be over but
 * the one whose done() calls this. */
void store_stop(struct store *store, void (*on_idle)(void *context), void *context);
/** Nothing may be waiting. Checkpoints and closes. NULL is fine. */
void store_close(struct store *store);

/** The writer's connection, for start-up before the loop runs. */
sqlite3 *store_writer(struct store *store);
