#include "store.h"
#include "container.h"
#include "fold.h"
#include "log.h"
#include "schema.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define READERS_MAX      8u
#define CHECKPOINT_PAGES 2048 /* 8 MiB of WAL: copying it costs a few ms now and then */
#define TRUNCATE_PAGES                                                                             \
	32768 /* 128 MiB: readers kept the log from starting over; wait for them once */
#define PROGRESS_OPCODES 10000 /* between looks at the clock: well under a millisecond */

struct lane { /* a connection, its worker, and what it knows of the reference */
	sqlite3 *db;
	struct worker *worker;
	struct reference *reference;
	uint64_t deadline_ns;   /* of the read in progress; 0: none */
	atomic_uint limit_ms;   /* of reads; set from the loop, read on the pool */
	int wal_pages;          /* writer: in the log after the last commit */
	atomic_ullong progress; /* writer: see store_progress() */
	bool writes;
};

struct store {
	int lock_fd; /* held while we live: SQLite's own locks would let a second aggregator in */
	struct lane writer;
	struct lane readers[READERS_MAX];
	unsigned n_readers;
};

static int on_progress(void *context)
{
	const struct lane *lane = context;
	return lane->deadline_ns && uv_hrtime() > lane->deadline_ns;
}

static int on_writer_progress(void *context)
{
	atomic_fetch_add(&((struct lane *)context)->progress, 1);
	return 0;
}

static int on_wal(void *context, sqlite3 *db, const char *name, int pages)
{
	(void)db;
	(void)name;
	((struct lane *)context)->wal_pages = pages;
	return SQLITE_OK;
}

static int lane_open(struct lane *lane, uv_loop_t *loop, const char *path, bool writes,
		     struct err *err)
{
	lane->writes = writes;
	lane->worker = worker_open(loop);
	if (!lane->worker)
		return err_memory(err);
	int rc = schema_open(path, !writes, &lane->db, err);
	if (rc < 0)
		return rc;
	if (writes)
		sqlite3_wal_hook(lane->db, on_wal, lane);
	sqlite3_progress_handler(lane->db, PROGRESS_OPCODES,
				 writes ? on_writer_progress : on_progress, lane);
	return 0;
}

static void lane_close(struct lane *lane)
{
	reference_close(lane->reference);
	if (lane->db &&
	    lane->writes) /* a busy reader only means that the log stays until the next start */
		(void)sqlite3_wal_checkpoint_v2(lane->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
						NULL);
	db_close(lane->db);
	worker_close(lane->worker);
}

/* Two writers that both checkpoint can corrupt the log, so there is one process per store. */
int store_lock(const char *path, int *ret_fd, struct err *err)
{
	char name[PATH_MAX];
	if (snprintf(name, sizeof(name), "%s.lock", path) >= (int)sizeof(name))
		return err_system(err, -ENAMETOOLONG, path);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_system(err, -errno, name);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		*ret_fd = fd;
		return 0;
	}
	int rc = -errno;
	(void)close(fd); /* nothing was written to it */
	return rc == -EWOULDBLOCK
		       ? err_set(err, -EBUSY, "another aggregator has it open; stop that one first")
		       : err_system(err, rc, name);
}

/* After an upgrade, which may take minutes: whoever looks at the log knows why. */
static int renew(struct lane *writer, struct err *err)
{
	bool due = false;
	uint64_t began_ns = uv_hrtime();
	int rc = fold_renew_due(writer->db, &due, err);
	if (rc < 0 || !due)
		return rc;
	log_info("store: making the rollups anew for this version, which may take minutes");
	rc = fold_renew(writer->db, err);
	if (rc == 0)
		log_info("store: the rollups are made anew seconds=%.1f",
			 (double)(uv_hrtime() - began_ns) / 1e9);
	return rc;
}

int store_open(uv_loop_t *loop, const char *path, unsigned readers, struct store **ret_store,
	       struct err *err)
{
	assert(readers >= 1 && readers <= READERS_MAX);
	struct store *store = calloc(1, sizeof(*store));
	if (!store)
		return err_memory(err);
	store->lock_fd = -1;
	int rc = store_lock(path, &store->lock_fd, err);
	if (rc == 0)
		rc = lane_open(&store->writer, loop, path, true, err);
	if (rc == 0)
		rc = renew(&store->writer, err);
	store_limit_reads(store, STORE_READ_LIMIT_MS);
	while (rc == 0 && store->n_readers < readers)
		rc = lane_open(&store->readers[store->n_readers++], loop, path, false, err);
	if (rc < 0) {
		store_close(store);
		return err_wrap(err, "store '%s'", path);
	}
	*ret_store = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	for (unsigned i = 0; i < store->n_readers; i++)
		lane_close(&store->readers[i]);
	lane_close(&store->writer);
	if (store->lock_fd >= 0)
		(void)close(store->lock_fd); /* nothing was written to it */
	free(store);
}

sqlite3 *store_writer(struct store *store)
{
	return store->writer.db;
}

/* After the commit, so that whoever waits for it does not wait for the copying too long: passive
 * never blocks. */
static void checkpoint(struct lane *lane)
{
	if (lane->wal_pages < CHECKPOINT_PAGES)
		return;
	int mode = lane->wal_pages < TRUNCATE_PAGES ? SQLITE_CHECKPOINT_PASSIVE
						    : SQLITE_CHECKPOINT_TRUNCATE;
	/* what cannot be copied now is copied next time */
	(void)sqlite3_wal_checkpoint_v2(lane->db, NULL, mode, NULL, NULL);
	lane->wal_pages = 0;
}

static int run_in_transaction(struct lane *lane, struct store_job *job)
{
	int rc = lane->writes ? db_begin(lane->db, &job->err)
			      : db_exec(lane->db, "BEGIN", &job->err);
	if (rc < 0)
		return rc;
	rc = reference_refresh(lane->db, &lane->reference, &job->err);
	if (rc == 0)
		rc = job->run(job, lane->db, lane->reference, &job->err);
	if (rc == 0)
		return db_commit(lane->db, &job->err);
	db_rollback(lane->db);
	return rc;
}

static void on_work(struct job *base)
{
	struct store_job *job = container_of(base, struct store_job, job);
	struct lane *lane = job->lane;
	lane->deadline_ns =
		lane->writes || job->unlimited
			? 0
			: uv_hrtime() + atomic_load(&lane->limit_ms) * UINT64_C(1000000);
	job->rc = job->bare ? job->run(job, lane->db, NULL, &job->err)
			    : run_in_transaction(lane, job);
	lane->deadline_ns = 0;
	if (lane->writes)
		checkpoint(lane);
	atomic_fetch_add(&lane->progress, 1);
}

static void on_done(struct job *base)
{
	struct store_job *job = container_of(base, struct store_job, job);
	job->done(job, job->rc, &job->err);
}

static void submit(struct lane *lane, struct store_job *job)
{
	job->lane = lane;
	job->job = (struct job){ .work = on_work, .done = on_done, .language = job->language };
	worker_submit(lane->worker, &job->job);
}

void store_write(struct store *store, struct store_job *job)
{
	submit(&store->writer, job);
}

void store_read(struct store *store, struct store_job *job)
{
	struct lane *least = &store->readers[0];
	for (unsigned i = 1; i < store->n_readers; i++)
		if (worker_waiting(store->readers[i].worker) < worker_waiting(least->worker))
			least = &store->readers[i];
	submit(least, job);
}

bool store_writing(const struct store *store)
{
	return worker_waiting(store->writer.worker) > 0;
}

uint64_t store_progress(const struct store *store)
{
	return atomic_load(&store->writer.progress);
}

void store_limit_reads(struct store *store, uint32_t limit_ms)
{
	for (unsigned i = 0; i < READERS_MAX; i++)
		atomic_store(&store->readers[i].limit_ms, limit_ms);
}

size_t store_waiting(const struct store *store)
{
	size_t n = worker_waiting(store->writer.worker);
	for (unsigned i = 0; i < store->n_readers; i++)
		n += worker_waiting(store->readers[i].worker);
	return n;
}
