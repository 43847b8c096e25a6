/* How the log stays small, and nobody waits for it:
 *
 * 1. a commit appends to the log (lantoa.db-wal); its done() runs, so that acks go out;
 * 2. when nobody else waits for the writer, or the log has grown past what can wait, the copying of
 *    the log into the database is queued as a job of the writer's own: PASSIVE, which copies what
 * no reader still needs and waits for nobody;
 * 3. when all of it was copied, the next commit begins the log anew from its start by itself. A
 * file that had grown large is cut, by a TRUNCATE that gives up at once when a reader is there. A
 * reader that stays keeps the log from beginning anew, and it grows meanwhile: by what is written
 * within the time that the reader may take. While the log is over STORE_LOG_BOUND that is
 * STORE_READ_LIMIT_SHORT_MS. What ends, a read as well as a write, looks whether there is something
 * to copy now. */
#include "store/store.h"
#include "common/base/container.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "rollup/fold.h"
#include "rollup/rebuild.h"
#include "schema/effects.h"
#include "schema/event.h"
#include "schema/schema.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define READERS_MAX      8u
#define CHECKPOINT_PAGES 2048  /* 8 MiB of log: copying it costs a few ms now and then */
#define CROWDED_PAGES    8192  /* 32 MiB: from here on it is copied though others wait, too */
#define TRUNCATE_PAGES   32768 /* 128 MiB: readers kept the log from beginning anew */
#define PROGRESS_OPCODES 10000 /* between looks at the clock: well under a millisecond */
#define PAGE_BYTES       4096u /* SQLite's usual one; the database has no other */

struct lane {                /* a connection, its worker, and what it knows of the reference */
	struct store *store; /* it belongs to */
	sqlite3 *db;
	struct worker *worker;
	struct reference *reference;
	bool limited;           /* the read in progress is; the pool's */
	atomic_ullong began_ns; /* of the read in progress; 0: there is none */
	atomic_ullong progress; /* writer: see store_progress() */
	bool writes;
};

struct store {
	int lock_fd; /* held while we live: SQLite's own locks would let a second aggregator in */
	struct lane writer, sessions, glance;
	struct lane readers[READERS_MAX];
	unsigned n_readers;
	atomic_uint limit_ms; /* of reads; set from the loop, read on the pool */
	/* the log */
	atomic_int log_pages;   /* in it after the last commit or copying; 0: all of it is copied */
	atomic_int file_pages;  /* that its file has room for, as far as we know */
	atomic_llong copied_us; /* see store_log() */
	struct job checkpoint;  /* in the writer's queue while checkpointing */
	bool checkpointing, shrink;
	/* the ledger */
	int64_t position;     /* see store_position() */
	int64_t committed;    /* the same, of the last commit: the writer's, on the pool */
	atomic_ullong others; /* see struct store_version; odd while such a commit is in work */
	uint64_t jobs;
	struct store_job *first_order, *last_order; /* that wait for the one that the writer has */
	size_t n_orders;
	bool ordered; /* it has one */
	void (*on_grown)(void *context);
	void *listener;
	/* stopping */
	unsigned calling; /* done() callbacks that have not returned */
	void (*on_idle)(void *context);
	void *idle_context;
};

static int on_progress(void *context)
{
	const struct lane *lane = context;
	const struct store *store = lane->store;
	uint64_t limit_ms = atomic_load(&store->limit_ms);
	if (!lane->limited)
		return 0;
	if (limit_ms > STORE_READ_LIMIT_SHORT_MS &&
	    (uint64_t)atomic_load(&store->log_pages) * PAGE_BYTES > STORE_LOG_BOUND)
		limit_ms = STORE_READ_LIMIT_SHORT_MS;
	return uv_hrtime() > atomic_load(&lane->began_ns) + limit_ms * UINT64_C(1000000);
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
	struct store *store = ((struct lane *)context)->store;
	atomic_store(&store->log_pages, pages);
	if (pages > atomic_load(&store->file_pages))
		atomic_store(&store->file_pages, pages);
	return SQLITE_OK;
}

static int lane_open(struct store *store, struct lane *lane, uv_loop_t *loop, const char *path,
		     bool writes, struct err *err)
{
	lane->store = store;
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

/* What the last run left in the log, after a crash, is to be copied, too. */
static void log_measure(struct store *store, const char *path)
{
	char name[PATH_MAX];
	struct stat file;
	if (snprintf(name, sizeof(name), "%s-wal", path) >= (int)sizeof(name) ||
	    stat(name, &file) < 0)
		return; /* there is none */
	int pages = (int)(file.st_size / PAGE_BYTES);
	atomic_store(&store->log_pages, pages);
	atomic_store(&store->file_pages, pages);
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

/* After an upgrade, which may take minutes: whoever looks at the log knows why. A province that has
 * no figure yet has nothing to wait for, and hears nothing of it. */
static int renew(struct lane *writer, struct err *err)
{
	bool due = false;
	int64_t figures = 0;
	uint64_t began_ns = uv_hrtime();
	int rc = rebuild_due(writer->db, &due, err);
	if (rc == 0 && due)
		rc = db_number(writer->db, "SELECT coalesce(max(id), 0) FROM journal", &figures,
			       err);
	if (rc < 0 || !due)
		return rc;
	if (!figures)
		return rebuild_store(writer->db, err);
	log_info("store: making the rollups anew for this version, which may take minutes");
	rc = rebuild_store(writer->db, err);
	if (rc == 0)
		log_info("store: the rollups are made anew seconds=%.1f",
			 (double)(uv_hrtime() - began_ns) / 1e9);
	return rc;
}

/* Two seeks to the ends of two trees: a microsecond or two, whether anybody follows or not. */
static int position_find(sqlite3 *db, int64_t *ret_position, struct err *err)
{
	return db_number(db,
			 "SELECT coalesce((SELECT max(id) FROM journal), 0)"
			 " + coalesce((SELECT max(id) FROM event), 0)",
			 ret_position, err);
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
		rc = lane_open(store, &store->writer, loop, path, true, err);
	if (rc == 0)
		rc = renew(&store->writer, err);
	if (rc == 0)
		rc = position_find(store->writer.db, &store->position, err);
	store->committed = store->position;
	log_measure(store, path);
	store_limit_reads(store, STORE_READ_LIMIT_MS);
	if (rc == 0)
		rc = lane_open(store, &store->sessions, loop, path, false, err);
	if (rc == 0)
		rc = lane_open(store, &store->glance, loop, path, false, err);
	while (rc == 0 && store->n_readers < readers)
		rc = lane_open(store, &store->readers[store->n_readers++], loop, path, false, err);
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
	assert(store->calling == 0);
	for (unsigned i = 0; i < store->n_readers; i++)
		lane_close(&store->readers[i]);
	lane_close(&store->glance);
	lane_close(&store->sessions);
	lane_close(&store->writer);
	if (store->lock_fd >= 0)
		(void)close(store->lock_fd); /* nothing was written to it */
	free(store);
}

sqlite3 *store_writer(struct store *store)
{
	return store->writer.db;
}

/* --- the log --- */

/* On the pool. What cannot be copied now is copied when a reader has gone. */
static void on_checkpoint(struct job *job)
{
	struct store *store = container_of(job, struct store, checkpoint);
	sqlite3 *db = store->writer.db;
	int in_log = -1, copied = -1;
	int code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
	if (code == SQLITE_OK && in_log == copied) {
		atomic_store(&store->log_pages, 0);
		atomic_store(&store->copied_us, civil_now_us());
		if (store->shrink || atomic_load(&store->file_pages) >= TRUNCATE_PAGES) {
			db_wait(db, false); /* or it would wait for a reader, and commits for it */
			code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
							 NULL);
			db_wait(db, true);
			if (code == SQLITE_OK)
				atomic_store(&store->file_pages, 0);
		}
	}
	atomic_fetch_add(&store->writer.progress, 1);
}

static void idle_if_so(struct store *store)
{
	if (store->on_idle && store->calling == 0 && !store->checkpointing)
		store->on_idle(store->idle_context); /* last: it may close us */
}

static void on_checkpointed(struct job *job)
{
	struct store *store = container_of(job, struct store, checkpoint);
	store->checkpointing = store->shrink = false;
	idle_if_so(store); /* not at once again: only what ends lets more be copied */
}

static void checkpoint_start(struct store *store)
{
	store->checkpointing = true;
	store->checkpoint = (struct job){ .work = on_checkpoint, .done = on_checkpointed };
	worker_submit(store->writer.worker, &store->checkpoint);
}

static bool checkpoint_due(const struct store *store)
{
	bool crowded = worker_waiting(store->writer.worker) > 0;
	int pages = atomic_load(&store->log_pages), room = atomic_load(&store->file_pages);
	if (store->checkpointing || store->on_idle)
		return false;
	return pages >= (crowded ? CROWDED_PAGES : CHECKPOINT_PAGES) ||
	       (!crowded && room >= TRUNCATE_PAGES);
}

void store_shrink_log(struct store *store)
{
	if (store->checkpointing || store->on_idle || atomic_load(&store->file_pages) == 0)
		return;
	store->shrink = true;
	checkpoint_start(store);
}

/* --- jobs --- */

/* What is damaged is said once. How things are is told whatever they are. */
static int lane_refresh(struct lane *lane, struct store_job *job)
{
	const struct reference *before = lane->reference;
	struct err why;
	int rc = reference_refresh(lane->db, &lane->reference, &job->err);
	job->stale = rc < 0 && (job->use == STORE_GLANCE || job->takes_stale);
	if (rc == 0 && lane->writes && lane->reference != before &&
	    reference_sound(lane->reference, &why) < 0)
		log_error("store: rows of the register are left out cause=\"%s\"", why.text);
	return job->stale ? 0 : rc;
}

/* Rows that were changed and that no event of the job took along: nothing changes without one. */
static int remainder_note(sqlite3 *db, struct err *err)
{
	static const struct event_form form = { .who = "lantoa-aggregator", .kind = "changed" };
	bool any = false;
	int rc = effects_any(db, &any, err);
	return rc == 0 && any ? event_append(db, &form, NULL, err) : rc;
}

/* The first look of a transaction decides what it sees. When nothing else was being committed
 * before and behind it, that is known. */
static int version_find(struct lane *lane, struct store_job *job)
{
	unsigned long long others = atomic_load(&lane->store->others);
	int rc = position_find(lane->db, &job->version.position, &job->err);
	job->version.others = others;
	job->version.known = others % 2 == 0 && others == atomic_load(&lane->store->others);
	return rc;
}

/* Rows were changed, and the ledger stands where it stood: who reads meanwhile cannot tell whether
 * before or after. */
static int commit(struct lane *lane, const struct store_job *job, sqlite3_int64 changes,
		  struct err *err)
{
	struct store *store = lane->store;
	bool quiet = lane->writes && job->position == store->committed &&
		     sqlite3_total_changes64(lane->db) != changes;
	if (quiet)
		atomic_fetch_add(&store->others, 1);
	int rc = db_commit(lane->db, err);
	if (quiet)
		atomic_fetch_add(&store->others, 1);
	if (rc == 0 && lane->writes)
		store->committed = job->position;
	return rc;
}

static int run_bare(struct lane *lane, struct store_job *job)
{
	struct store *store = lane->store;
	sqlite3_int64 changes = sqlite3_total_changes64(lane->db);
	if (lane->writes)
		atomic_fetch_add(&store->others, 1);
	int rc = job->run(job, lane->db, NULL, &job->err);
	if (lane->writes && sqlite3_total_changes64(lane->db) == changes)
		atomic_fetch_sub(&store->others, 1); /* nobody took the odd one for known */
	else if (lane->writes)
		atomic_fetch_add(&store->others, 1);
	return rc;
}

static int run_in_transaction(struct lane *lane, struct store_job *job)
{
	sqlite3_int64 changes = sqlite3_total_changes64(lane->db);
	int rc = lane->writes ? db_begin(lane->db, &job->err)
			      : db_exec(lane->db, "BEGIN", &job->err);
	if (rc < 0)
		return rc;
	if (!lane->writes)
		rc = version_find(lane, job);
	if (rc == 0 || job->use == STORE_GLANCE || job->takes_stale)
		rc = lane_refresh(lane, job);
	if (rc == 0)
		rc = job->run(job, lane->db, lane->reference, &job->err);
	if (rc == 0 &&
	    job->undone) { /* what is committed is the same as before, also to who kept it */
		job->position = lane->store->committed;
		db_rollback(lane->db);
		return 0;
	}
	if (rc == 0 && lane->writes)
		rc = remainder_note(lane->db, &job->err);
	if (rc == 0 && lane->writes)
		rc = position_find(lane->db, &job->position, &job->err);
	if (rc == 0)
		return commit(lane, job, changes, &job->err);
	db_rollback(lane->db);
	return rc;
}

static void on_work(struct job *base)
{
	struct store_job *job = container_of(base, struct store_job, job);
	struct lane *lane = job->lane;
	lane->limited = !lane->writes && !job->unlimited;
	if (!lane->writes)
		atomic_store(&lane->began_ns, uv_hrtime());
	db_time_limit(on_progress, lane);
	job->rc = job->bare ? run_bare(lane, job) : run_in_transaction(lane, job);
	db_time_limit(NULL, NULL);
	lane->limited = false;
	atomic_store(&lane->began_ns, 0);
	atomic_fetch_add(&lane->progress, 1);
}

static void next_order(struct store *store);

static void on_done(struct job *base)
{
	struct store_job *job = container_of(base, struct store_job, job);
	struct store *store = job->lane->store;
	bool grown =
		job->lane->writes && !job->bare && job->rc == 0 && job->position != store->position;
	if (grown)
		store->position = job->position;
	if (job->order)
		next_order(store);
	store->calling++;
	job->done(job, job->rc, &job->err); /* it may free the job */
	if (grown && store->on_grown)
		store->on_grown(store->listener);
	store->calling--;
	if (checkpoint_due(store))
		checkpoint_start(store);
	idle_if_so(store);
}

void store_stop(struct store *store, void (*on_idle)(void *context), void *context)
{
	store->on_idle = on_idle;
	store->idle_context = context;
	idle_if_so(store);
}

static void submit(struct lane *lane, struct store_job *job)
{
	lane->store->jobs++;
	job->lane = lane;
	job->job = (struct job){ .work = on_work, .done = on_done, .language = job->language };
	worker_submit(lane->worker, &job->job);
}

void store_write(struct store *store, struct store_job *job)
{
	submit(&store->writer, job);
}

void store_order(struct store *store, struct store_job *job)
{
	job->order = true;
	job->next = NULL;
	if (!store->ordered) {
		store->ordered = true;
		submit(&store->writer, job);
		return;
	}
	*(store->last_order ? &store->last_order->next : &store->first_order) = job;
	store->last_order = job;
	store->n_orders++;
}

/* Behind all that came to the writer meanwhile. */
static void next_order(struct store *store)
{
	struct store_job *job = store->first_order;

	store->ordered = job;
	if (!job)
		return;
	store->first_order = job->next;
	if (!job->next)
		store->last_order = NULL;
	store->n_orders--;
	submit(&store->writer, job);
}

void store_read(struct store *store, struct store_job *job)
{
	struct lane *least = &store->readers[0];
	if (job->use != STORE_QUESTION) {
		submit(job->use == STORE_SESSION ? &store->sessions : &store->glance, job);
		return;
	}
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
	atomic_store(&store->limit_ms, limit_ms);
}

size_t store_waiting(const struct store *store)
{
	size_t n = store->n_orders + worker_waiting(store->writer.worker) +
		   worker_waiting(store->sessions.worker) + worker_waiting(store->glance.worker);
	for (unsigned i = 0; i < store->n_readers; i++)
		n += worker_waiting(store->readers[i].worker);
	return n;
}

static void oldest(const struct lane *lane, uint64_t now_ns, uint64_t *ms)
{
	uint64_t began_ns = atomic_load(&lane->began_ns);
	if (began_ns != 0 && now_ns > began_ns && (now_ns - began_ns) / 1000000 > *ms)
		*ms = (now_ns - began_ns) / 1000000;
}

int64_t store_position(const struct store *store)
{
	return store->position;
}

struct store_version store_version(const struct store *store)
{
	unsigned long long others = atomic_load(&store->others);
	return (struct store_version){ .known = others % 2 == 0,
				       .position = store->position,
				       .others = others };
}

bool store_version_same(const struct store_version *a, const struct store_version *b)
{
	return a->known && b->known && a->position == b->position && a->others == b->others;
}

uint64_t store_jobs(const struct store *store)
{
	return store->jobs;
}

void store_listen(struct store *store, void (*on_grown)(void *context), void *context)
{
	store->on_grown = on_grown;
	store->listener = context;
}

struct store_log store_log(const struct store *store)
{
	struct store_log log = {
		.bytes = (uint64_t)atomic_load(&store->log_pages) * PAGE_BYTES,
		.copied_us = atomic_load(&store->copied_us),
		.file_bytes = (uint64_t)atomic_load(&store->file_pages) * PAGE_BYTES,
	};
	uint64_t now_ns = uv_hrtime();
	oldest(&store->sessions, now_ns, &log.oldest_read_ms);
	oldest(&store->glance, now_ns, &log.oldest_read_ms);
	for (unsigned i = 0; i < store->n_readers; i++)
		oldest(&store->readers[i], now_ns, &log.oldest_read_ms);
	return log;
}

unsigned store_threads(unsigned readers)
{
	return readers + 3; /* the writer, the sessions, the glance */
}
