#include "backup/backup.h"

#include "backup/backup_file.h"
#include "common/base/container.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "common/sys/worker.h"
#include "schema/schema.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DIGEST_LEN     32u
#define DIGEST_PIECE   65536u
#define ROOM_TO_SPARE  (16u * 1024 * 1024) /* for the figures that come meanwhile */
#define BYTES_IN_A_MIB (1024.0 * 1024.0)

enum part { COPY, SEAL, CHECK, DIGEST, PARTS };

struct backup {
	struct backup_config config;
	struct worker *worker; /* owned: does all but COPY */
	char path[PATH_MAX];   /* of the copy */
	uint64_t run;          /* the last one; 0: there was none */
	bool running;
	enum language language;
	enum part part; /* in work; the loop's */
	atomic_bool cancelled;
	atomic_uint_fast64_t done, all; /* pages, of this part */
	struct store_job step;          /* of COPY */
	struct job job;                 /* of the others */
	int rc;                         /* of it */
	bool more;                      /* steps of COPY; set on the pool */
	sqlite3 *copy;                  /* owned; while a part is in work, its own */
	sqlite3_backup *copying;        /* owned, by COPY's steps */
	struct backup_label label;
	int fd; /* owned: the finished copy; -1: there is none */
	uint64_t len;
	int64_t page_size;
	uint8_t digest[DIGEST_LEN];
	struct err err; /* why there is none */
};

/* --- the file --- */

static void copy_drop(struct backup *b)
{
	if (b->fd >= 0)
		(void)close(b->fd); /* it was only read */
	b->fd = -1;
}

static int room_check(struct backup *b, sqlite3 *db, struct err *err)
{
	char folder[PATH_MAX];
	struct statvfs disk;
	int64_t pages = 0;
	int rc = db_number(db, "PRAGMA page_count", &pages, err);
	if (rc == 0)
		rc = db_number(db, "PRAGMA page_size", &b->page_size, err);
	if (rc < 0)
		return rc;
	(void)snprintf(folder, sizeof(folder), "%s", b->path); /* fits */
	if (statvfs(dirname(folder), &disk) < 0)
		return err_system(err, -errno, b->path);
	double has = (double)disk.f_bavail * (double)disk.f_frsize,
	       needs = (double)pages * (double)b->page_size + ROOM_TO_SPARE +
		       (b->config.reserve ? (double)*b->config.reserve : 0);
	atomic_store(&b->all, (uint64_t)pages);
	if (has >= needs)
		return 0;
	return err_set(err, -ENOSPC,
		       "a backup needs %.0f MiB of room beside the database, its reserve among "
		       "them, and %.0f MiB are left; make room there and try again",
		       needs / BYTES_IN_A_MIB, has / BYTES_IN_A_MIB);
}

/* --- COPY: on the pool, with the writer's connection --- */

/* Without a journal: a copy that is not finished is thrown away. */
static int copy_begin(struct backup *b, sqlite3 *db, struct err *err)
{
	int rc = room_check(b, db, err);
	if (rc < 0)
		return rc;
	backup_file_remove(b->path);
	rc = schema_open_copy(b->path, &b->copy, err);
	if (rc == 0)
		rc = db_exec(b->copy, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", err);
	if (rc == 0 && !(b->copying = sqlite3_backup_init(b->copy, "main", db, "main")))
		rc = db_err(err, b->copy, "copy the database");
	return rc;
}

/* 1: there is more to copy. */
static int copy_step(struct backup *b, sqlite3 *db, struct err *err)
{
	int code = sqlite3_backup_step(b->copying, (int)b->config.step_pages);
	int all = sqlite3_backup_pagecount(b->copying), left = sqlite3_backup_remaining(b->copying);
	if (code != SQLITE_OK && code != SQLITE_DONE)
		return err_set(err, db_code(code), "copy the database");
	atomic_store(&b->all, (uint64_t)all);
	atomic_store(&b->done, (uint64_t)(all - left));
	if (code == SQLITE_OK)
		return 1;
	b->label.made_us = civil_now_us();
	return ledger_head(db, &b->label.head, err);
}

static int on_step(struct store_job *job, sqlite3 *db, const struct reference *reference,
		   struct err *err)
{
	struct backup *b = container_of(job, struct backup, step);
	int rc = atomic_load(&b->cancelled) ? err_set(err, -ECANCELED, "the aggregator stops")
		 : b->copying               ? 0
					    : copy_begin(b, db, err);
	(void)reference;
	if (rc == 0)
		rc = copy_step(b, db, err);
	b->more = rc == 1;
	if (b->more || !b->copying)
		return b->more ? 0 : rc;
	/* It ends here, where nobody else uses the writer's connection. That gives the copy its
	 * last pages, or an error in words. */
	int code = sqlite3_backup_finish(b->copying);
	b->copying = NULL;
	return code == SQLITE_OK ? rc : db_err(err, b->copy, "copy the database");
}

/* --- the other parts: on the pool, away from the writer --- */

static int part_seal(struct backup *b, struct err *err)
{
	db_close(b->copy); /* it knows neither a journal nor the pages that it got */
	b->copy = NULL;
	int rc = schema_open_copy(b->path, &b->copy, err);
	if (rc == 0)
		rc = db_exec(b->copy, "PRAGMA synchronous=OFF", err);
	return rc == 0 ? backup_file_seal(b->copy, &b->label, err) : rc;
}

static int part_check(struct backup *b, struct err *err)
{
	return backup_file_check(b->copy, NULL, err);
}

static int digest_pieces(struct backup *b, crypto_generichash_state *digest, struct err *err)
{
	uint8_t piece[DIGEST_PIECE];
	while (!atomic_load(&b->cancelled)) {
		ssize_t n = read(b->fd, piece, sizeof(piece));
		if (n < 0)
			return err_system(err, -errno, b->path);
		if (n == 0)
			return 0;
		(void)crypto_generichash_update(digest, piece, (size_t)n); /* cannot fail */
		b->len += (uint64_t)n;
		atomic_store(&b->done, b->len / (uint64_t)b->page_size);
	}
	return err_set(err, -ECANCELED, "the aggregator stops");
}

static int part_digest(struct backup *b, struct err *err)
{
	crypto_generichash_state digest;
	b->len = 0;
	b->fd = open(b->path, O_RDONLY | O_CLOEXEC);
	if (b->fd < 0)
		return err_system(err, -errno, b->path);
	(void)crypto_generichash_init(&digest, NULL, 0, DIGEST_LEN); /* cannot fail, nor the next */
	int rc = digest_pieces(b, &digest, err);
	(void)crypto_generichash_final(&digest, b->digest, DIGEST_LEN);
	return rc;
}

static void on_work(struct job *job)
{
	static int (*const parts[PARTS])(struct backup * b, struct err * err) = {
		[SEAL] = part_seal, [CHECK] = part_check, [DIGEST] = part_digest
	};
	struct backup *b = container_of(job, struct backup, job);
	b->rc = parts[b->part](b, &b->err);
}

/* --- on the loop --- */

static void end(struct backup *b, int rc, const struct err *err)
{
	db_close(b->copy);
	b->copy = NULL;
	backup_file_remove(b->path); /* a finished one lives on in its descriptor */
	explicit_bzero(b->label.secret_key, KEY_LEN);
	if (rc < 0) {
		copy_drop(b);
		b->err = *err;
		b->err.code = rc;
		log_warn("backup: ended run=%" PRIu64 " error=%d", b->run, rc);
	} else {
		log_info("backup: done run=%" PRIu64 " entries=%" PRId64 " bytes=%" PRIu64, b->run,
			 b->label.head.entry, b->len);
	}
	b->running = false;
	b->config.on_end(b->config.context); /* last: it may close us */
}

static void next_part(struct backup *b);

static void on_worked(struct job *job)
{
	struct backup *b = container_of(job, struct backup, job);
	if (b->part == CHECK) {
		db_close(b->copy); /* here, because backup_cancel() may have been using it */
		b->copy = NULL;
	}
	if (b->rc == 0 && ++b->part < PARTS && atomic_load(&b->cancelled))
		b->rc = err_set(&b->err, -ECANCELED, "the aggregator stops");
	if (b->rc == 0 && b->part < PARTS)
		next_part(b);
	else
		end(b, b->rc, &b->err);
}

static void next_part(struct backup *b)
{
	atomic_store(&b->done, 0);
	b->job = (struct job){ .work = on_work, .done = on_worked, .language = b->language };
	worker_submit(b->worker, &b->job);
}

static void next_step(struct backup *b);

static void on_stepped(struct store_job *job, int rc, const struct err *err)
{
	struct backup *b = container_of(job, struct backup, step);
	if (rc < 0) {
		end(b, rc, err);
	} else if (b->more) {
		next_step(b);
	} else {
		b->part = SEAL;
		next_part(b);
	}
}

static void next_step(struct backup *b)
{
	b->step = (struct store_job){
		.run = on_step, .done = on_stepped, .bare = true, .language = b->language
	};
	store_write(b->config.store, &b->step);
}

int backup_open(uv_loop_t *loop, const struct backup_config *config, struct backup **ret_backup,
		struct err *err)
{
	const char *database = sqlite3_db_filename(store_writer(config->store), "main");
	struct backup *backup = calloc(1, sizeof(*backup));
	if (!backup)
		return err_memory(err);
	backup->config = *config;
	backup->fd = -1;
	backup->worker = worker_open(loop);
	int rc = backup->worker ? 0 : err_memory(err);
	if (rc == 0 && snprintf(backup->path, PATH_MAX, "%s.copy", database) >= PATH_MAX)
		rc = err_system(err, -ENAMETOOLONG, database);
	if (rc < 0) {
		backup_close(backup);
		return rc;
	}
	backup_file_remove(backup->path);
	*ret_backup = backup;
	return 0;
}

void backup_close(struct backup *backup)
{
	if (!backup)
		return;
	assert(!backup->running);
	copy_drop(backup);
	worker_close(backup->worker);
	free(backup);
}

bool backup_running(const struct backup *backup)
{
	return backup->running;
}

int backup_start(struct backup *backup, enum language language, uint64_t *ret_run, struct err *err)
{
	struct backup *b = backup;
	if (b->running)
		return err_set(err, -EEXIST,
			       "a backup is being made already; wait until it is done");
	copy_drop(b);
	b->err = (struct err){ 0 };
	b->label = (struct backup_label){ .version = LANTOA_VERSION };
	memcpy(b->label.secret_key, b->config.secret_key, KEY_LEN);
	b->language = language;
	b->part = COPY;
	b->running = true;
	atomic_store(&b->cancelled, false);
	atomic_store(&b->done, 0);
	atomic_store(&b->all, 0);
	*ret_run = ++b->run;
	next_step(b);
	return 0;
}

void backup_cancel(struct backup *backup)
{
	atomic_store(&backup->cancelled, true);
	if (backup->running && backup->part == CHECK)
		sqlite3_interrupt(backup->copy); /* open until on_worked() */
}

/* --- what there is to tell --- */

static int progress_tell(const struct backup *b, struct blob *out)
{
	static const char *const stages[PARTS] = {
		[COPY] = "copy", [SEAL] = "check", [CHECK] = "check", [DIGEST] = "digest"
	};
	char text[160];
	int len = snprintf(text, sizeof(text),
			   "{\"progress\": {\"stage\": \"%s\", \"done\": %" PRIuFAST64
			   ", \"all\": %" PRIuFAST64 "}}\n",
			   stages[b->part], atomic_load(&b->done), atomic_load(&b->all));
	return blob_append(out, text, (size_t)len);
}

static int outcome_tell(const struct backup *b, struct blob *out)
{
	char text[320], digest[2 * DIGEST_LEN + 1], made[INSTANT_TEXT_MAX];
	int len = snprintf(text, sizeof(text),
			   "{\"backup\": {\"made\": \"%s\", \"entries\": %" PRId64
			   ", \"bytes\": %" PRIu64 ", \"digest\": \"%s\"}}\n",
			   civil_format(b->label.made_us, made), b->label.head.entry, b->len,
			   sodium_bin2hex(digest, sizeof(digest), b->digest, DIGEST_LEN));
	return blob_append(out, text, (size_t)len);
}

int backup_tell(const struct backup *backup, uint64_t run, struct blob *out, struct err *err)
{
	if (backup->run == 0)
		return err_set(err, -ENOENT,
			       "no backup was made since the aggregator started; POST begins one");
	if (run != 0 && run != backup->run)
		return err_set(err, -ENOENT, "another backup has begun since");
	if (!backup->running && backup->err.code < 0)
		return err_set(err, backup->err.code, "%s", backup->err.text);
	int rc = backup->running ? progress_tell(backup, out) : outcome_tell(backup, out);
	return rc < 0 ? err_memory(err) : 0;
}

int backup_take(struct backup *backup, int *ret_fd, uint64_t *ret_len, struct err *err)
{
	if (backup->fd < 0 || backup->running)
		return err_set(err, -ENOENT,
			       "there is no finished backup to fetch; POST /v1/backup makes one");
	*ret_fd = backup->fd;
	*ret_len = backup->len;
	backup->fd = -1;
	return 0;
}
