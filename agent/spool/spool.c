/* The spool's file: how it is opened, set aside when it is damaged, committed, and renewed.
 * Statements, recording, sealing, acks and statistics have files of their own. */
#include "spool/spool_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* An ack that drops as much as one ack may (ack.c) writes some 70 pages. */
#define JOURNAL_BYTES (512 * 1024)

int64_t row_shape(struct db_row *row, int column)
{
	int64_t shape = db_row_int(row, column, 0, INT64_MAX);
	if (shape_is_sane(shape))
		return shape;
	(void)db_row_refuse(row, column);
	return 0;
}

int32_t row_day(struct db_row *row, int column)
{
	return (int32_t)db_row_int(row, column, DAY_MIN, DAY_MAX);
}

int spool_meta(struct spool *spool, struct spool_meta *ret_meta, struct err *err)
{
	sqlite3_stmt *statement = spool_statement(spool, SQL_META, err);
	if (!statement)
		return err->code;
	int rc = db_step(statement, err);
	struct db_row row = { statement, err, 0 };
	if (rc == 1)
		*ret_meta = (struct spool_meta){
			.life = { .id = (uint64_t)sqlite3_column_int64(statement, 0),
				  .begin = (uint64_t)db_row_int(&row, 5, 0, SEQ_MAX),
				  .before_id = (uint64_t)sqlite3_column_int64(statement, 6),
				  .before_begin = (uint64_t)db_row_int(&row, 7, 0, SEQ_MAX) },
			.last_seq = (uint64_t)db_row_int(&row, 1, 0, SEQ_MAX),
			.acked_seq = (uint64_t)db_row_int(&row, 2, 0, SEQ_MAX),
			.last_ack_us = sqlite3_column_int64(statement, 3),
			.quarantined = (uint64_t)db_row_int(&row, 4, 0, INT64_MAX),
			.end_seq = (uint64_t)db_row_int(&row, 8, 0, SEQ_MAX),
		};
	if (row.rc < 0)
		rc = row.rc;
	(void)sqlite3_reset(statement); /* repeats the step's error, already told */
	if (rc == 0)
		return err_set(err, -EUCLEAN, "its own row is missing");
	return rc < 0 ? rc : 0;
}

int spool_used(struct spool *spool, uint64_t *ret_bytes, struct err *err)
{
	int64_t bytes;
	int rc = spool_number(spool, SQL_PAGES, 0, NULL, &bytes, err);
	if (rc == 0)
		*ret_bytes = (uint64_t)bytes;
	return rc == -ENODATA ? err_set(err, -EIO, "cannot tell its size") : rc;
}

/* I1: the last step of a commit is to sync the journal's end. When that fails, the transaction
 * stands in the file, but a power cut may undo it. The turn in the file tells that it stands. One
 * more transaction that is synced makes it safe. */
static bool committed_after_all(struct spool *spool, int64_t turn)
{
	struct err ignored; /* the commit's error is the one to tell */
	int64_t found = -1;
	return spool_number(spool, SQL_META_TURN, 0, NULL, &found, &ignored) == 0 &&
	       found == turn && spool_run(spool, SQL_META_TURN_NEXT, 0, NULL, &ignored) == 0;
}

static int commit(struct spool *spool, struct err *err)
{
	int64_t turn;
	int rc = chunk_cache_flush(spool, err);
	if (rc == 0)
		rc = spool_run(spool, SQL_META_TURN_NEXT, 0, NULL, err);
	if (rc == 0)
		rc = spool_number(spool, SQL_META_TURN, 0, NULL, &turn, err);
	if (rc == -ENODATA)
		rc = err_set(err, -EUCLEAN, "its own row is missing");
	if (rc == 0)
		rc = spool_keep_clock(spool, err);
	if (rc == 0)
		rc = spool_keep_head(spool, err);
	if (rc < 0)
		return rc;
	rc = db_commit(spool->db, err);
	rc = rc < 0 && committed_after_all(spool, turn) ? 0 : rc;
	spool->head_due &= rc < 0;
	spool->finished_taken &= rc < 0;
	return rc;
}

int spool_commit(struct spool *spool, struct err *err)
{
	int rc = commit(spool, err);
	if (rc < 0)
		spool_rollback(spool);
	return rc;
}

void spool_rollback(struct spool *spool)
{
	chunk_cache_forget(spool);
	spool->author.id = 0; /* it may not be there any more */
	spool->finished_taken = false;
	db_rollback(spool->db);
}

/* Opening. */

static int random_id(uint64_t *ret_id, struct err *err)
{
	uint64_t id = 0;
	while (id == 0)
		if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
			return err_system(err, errno ? -errno : -EIO, "random numbers");
	*ret_id = id;
	return 0;
}

/* A file that was just made has no meta row yet: give it its id. */
static int identify(struct spool *spool, struct err *err)
{
	int64_t rows = 0;
	uint64_t id;
	struct spool_meta meta;
	int rc = db_number(spool->db, "SELECT count(*) FROM meta", &rows, err);
	if (rc == 0 && rows == 0) {
		rc = random_id(&id, err);
		if (rc == 0)
			rc = spool_run(spool, SQL_META_ID, 1, (int64_t[]){ (int64_t)id }, err);
	}
	if (rc == 0)
		rc = spool_meta(spool, &meta, err);
	if (rc == 0)
		spool->life = meta.life;
	return rc < 0 ? rc : spool_read_renewed_from(spool, err);
}

/* The journal keeps its blocks from now on, so that an ack finds room on a disk that is full. (The
 * pages that an ack writes lie within the file.) A disk that cannot give the blocks now may give
 * them at another start. */
static void take_blocks(const struct spool *spool)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof(path), "%s-journal", spool->path) >= (int)sizeof(path))
		return;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	(void)posix_fallocate(fd, 0, JOURNAL_BYTES); /* as said */
	(void)close(fd);                             /* SQLite's locks are on the other file */
}

static int open_once(struct spool *spool, struct err *err)
{
	int rc = db_open(spool->path, DB_WRITER_ROLLBACK, &spool_schema, &spool->db, err);
	if (rc < 0)
		return rc;
	/* At rest 32 KB of pages; a transaction may take 8 MB before it has to write early, which
	 * would cost syncs. */
	rc = db_exec(spool->db,
		     "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32; "
		     "PRAGMA cache_spill = 2000",
		     err);
	if (rc == 0)
		rc = db_check(spool->db, err);
	if (rc == 0)
		rc = spool_chunk_functions(spool->db, err);
	if (rc == 0)
		rc = db_migrate(spool->db, &spool_schema, err);
	if (rc == 0)
		rc = spool_chunks_whole(spool->db, err);
	if (rc == 0)
		rc = identify(spool, err);
	if (rc == 0)
		take_blocks(spool);
	return rc;
}

static void forget_statements(struct spool *spool)
{
	for (size_t i = 0; i < SQL_COUNT; i++) {
		sqlite3_finalize(spool->statements[i]);
		spool->statements[i] = NULL;
	}
}

void spool_rest(struct spool *spool)
{
	forget_statements(spool);
	(void)sqlite3_db_release_memory(spool->db); /* as much as there is */
}

static void close_db(struct spool *spool)
{
	forget_statements(spool);
	db_close(spool->db);
	spool->db = NULL;
}

static void name_aside(const char *path, char ret_name[PATH_MAX])
{
	char date[32] = "unknown";
	time_t now = time(NULL);
	struct tm utc;
	if (gmtime_r(&now, &utc))
		(void)strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &utc);
	(void)snprintf(ret_name, PATH_MAX, "%s.corrupt-%s", path, date);
	for (int i = 2; access(ret_name, F_OK) == 0 && i < 1000; i++)
		(void)snprintf(ret_name, PATH_MAX, "%s.corrupt-%s.%d", path, date, i);
}

/* The journal is moved, too: SQLite would roll it into the new file otherwise. */
static int set_aside(const char *path, char ret_name[PATH_MAX], struct err *err)
{
	char journal[PATH_MAX], journal_aside[PATH_MAX];
	name_aside(path, ret_name);
	if (rename(path, ret_name) < 0)
		return err_system(err, -errno, "move the corrupt file aside");
	if (snprintf(journal, PATH_MAX, "%s-journal", path) >= PATH_MAX ||
	    snprintf(journal_aside, PATH_MAX, "%s-journal", ret_name) >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "the path is too long");
	if (rename(journal, journal_aside) < 0 && errno != ENOENT)
		return err_system(err, -errno, "move the corrupt file's journal aside");
	return 0;
}

int spool_open(const char *path, const struct spool_limits *limits, struct spool **ret_spool,
	       char *ret_set_aside, struct err *err)
{
	char aside[PATH_MAX] = "";
	struct err ignored;
	struct spool *spool = calloc(1, sizeof(*spool));
	if (!spool || !(spool->path = strdup(path))) {
		spool_close(spool);
		return err_memory(err);
	}
	spool->limits = *limits;
	spool->trimmed_day = INT32_MIN;
	spool->undated_here = -1;
	int rc = open_once(spool, err);
	if (rc == -EUCLEAN) {
		close_db(spool);
		rc = set_aside(path, aside, err);
		if (rc == 0)
			rc = open_once(spool, err);
	}
	if (rc < 0) {
		spool_close(spool);
		return err_wrap(err, "spool '%s'", path);
	}
	if (*aside) /* so that status tells of it until it was looked at; a hint */
		(void)spool_fact_set(spool, SET_ASIDE_FACT, aside, strlen(aside), &ignored);
	if (ret_set_aside)
		memcpy(ret_set_aside, aside, strlen(aside) + 1);
	*ret_spool = spool;
	return 0;
}

void spool_close(struct spool *spool)
{
	if (!spool)
		return;
	close_db(spool);
	free(spool->path);
	free(spool);
}

void spool_limit(struct spool *spool, const struct spool_limits *limits)
{
	spool->limits = *limits;
}

uint64_t spool_id(const struct spool *spool)
{
	return spool->life.id;
}

/* Every value waits again. */
static int unseal_all(struct spool *spool, struct err *err)
{
	struct chunk_key key = CHUNK_FIRST;
	struct chunk_cache *cache = &spool->cache;
	int rc;
	while ((rc = chunk_cache_next(spool, &key, err)) == 1) {
		for (uint32_t i = 0; i < cache->chunk.n; i++)
			cache->chunk.values[i].seq = 0;
		cache->changed = true;
	}
	return rc;
}

static int renew(struct spool *spool, uint64_t id, uint64_t *ret_from, uint64_t *ret_seq,
		 struct err *err)
{
	static const enum spool_statement parts[] = { SQL_BATCH_DROP_ALL, SQL_REFUSAL_DROP_ALL,
						      SQL_SERIES_FORGET, SQL_ACK_DAY_DROP_ALL,
						      SQL_FINISHED_AGAIN };
	int rc = db_begin(spool->db, err);
	spool->none_finished = false; /* all goes again */
	if (rc == 0)
		rc = spool_renewed_from(spool, id, ret_from, ret_seq, err);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == 0; i++)
		rc = spool_run(spool, parts[i], 0, NULL, err);
	if (rc == 0)
		rc = unseal_all(spool, err);
	if (rc == 0)
		rc = spool_run(spool, SQL_META_ID, 1, (int64_t[]){ (int64_t)id }, err);
	if (rc == 0)
		rc = spool_commit(spool, err);
	return rc;
}

int spool_renew(struct spool *spool, struct err *err)
{
	uint64_t id, from = 0, seq = 0;
	int rc = random_id(&id, err);
	if (rc == 0)
		rc = renew(spool, id, &from, &seq, err);
	if (rc < 0) {
		spool_rollback(spool);
		return err_wrap(err, "spool '%s': start a new one", spool->path);
	}
	spool->life = (struct spool_life){ .id = id };
	spool->renewed_from = from;
	spool->renewed_seq = seq;
	return 0;
}
