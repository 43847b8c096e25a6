/* Verifying: every chunk of current values is read, and every kept batch is decoded and compared
 * with them.
 *
 * A current value carries the number of the batch it went in. So each point of batch N is in one of
 * three states: it is the current value, with the number N; or it was replaced since, by a value
 * with a higher number, or with 0, which means not sealed yet; or it is not there because it was
 * trimmed, and only what is acked may be trimmed. */
#include "common/base/i18n.h"
#include "spool/spool_internal.h"

#include <errno.h>
#include <string.h>

struct verify {
	struct spool *spool;
	struct arena *arena;
	struct spool_meta meta;
	uint64_t seq;
	const struct batch *batch;
};

static int wrong(const struct verify *verify, struct err *err, const char *what)
{
	return err_set(err, -EUCLEAN, "batch %llu: %s", (unsigned long long)verify->seq, _(what));
}

static int check_point(const struct verify *verify, int64_t id, const struct point *point,
		       struct err *err)
{
	struct spool *spool = verify->spool;
	int rc = chunk_cache_load(spool, id, verify->batch->day, point->nth, err);
	if (rc < 0)
		return rc;
	const struct chunk_value *value = chunk_find(&spool->cache.chunk, point->nth);
	if (!value)
		return 0; /* trimmed, or moved to a series with other decimals */
	uint64_t seq = (uint64_t)value->seq;
	if (seq != 0 && seq < verify->seq)
		return wrong(verify, err, "a current value is older than it");
	if (seq == verify->seq &&
	    (value->value_e != point->value_e || value->withdrawn != point->withdrawn))
		return wrong(verify, err, "a current value differs from it");
	return 0;
}

static int check_run(const struct verify *verify, const struct run *run, struct err *err)
{
	int64_t id;
	int rc = spool_number(verify->spool, SQL_SERIES_BY_NUMBER, 1, (int64_t[]){ run->series },
			      &id, err);
	if (rc < 0)
		return rc == -ENODATA ? wrong(verify, err, "a series number is not known") : rc;
	for (uint32_t i = 0; i < run->n && rc == 0; i++)
		rc = check_point(verify, id, &verify->batch->points[run->first + i], err);
	return rc;
}

static int check_batch(struct verify *verify, sqlite3_stmt *row, struct err *err)
{
	struct batch batch;
	verify->seq = (uint64_t)sqlite3_column_int64(row, 0);
	arena_reset(verify->arena);
	int rc = wire_batch_decode(verify->arena, sqlite3_column_blob(row, 3),
				   (size_t)sqlite3_column_bytes(row, 3), &batch, err);
	if (rc < 0) {
		err_wrap(err, "batch %llu", (unsigned long long)verify->seq);
		return rc == -ENOMEM ? rc : (err->code = -EUCLEAN);
	}
	if (batch.day != sqlite3_column_int64(row, 1) ||
	    (int64_t)batch.n_points != sqlite3_column_int64(row, 2))
		return wrong(verify, err, "its row and its payload disagree");
	verify->batch = &batch;
	for (size_t i = 0; i < batch.n_runs && rc == 0; i++)
		rc = check_run(verify, &batch.runs[i], err);
	return rc;
}

/* Waiting batches have no gap, and nothing is beyond the last number. */
static int check_all(struct verify *verify, sqlite3_stmt *walk, struct err *err)
{
	uint64_t expected = 0;
	int rc = 0;
	while (rc == 0 && (rc = db_step(walk, err)) == 1) {
		rc = check_batch(verify, walk, err);
		if (rc == 0 && expected != 0 && verify->seq != expected)
			rc = wrong(verify, err, "the one before it is missing");
		expected = verify->seq + 1;
	}
	if (rc == 0 && verify->meta.last_seq > verify->meta.acked_seq &&
	    expected != verify->meta.last_seq + 1)
		rc = err_set(err, -EUCLEAN, "batch %llu is missing",
			     (unsigned long long)verify->meta.last_seq);
	return rc;
}

/* Each chunk can be read, and its row tells what it holds. */
static int check_chunks(struct spool *spool, struct err *err)
{
	struct chunk_key key = CHUNK_FIRST;
	const struct chunk *chunk = &spool->cache.chunk;
	int64_t noted = 0, notes = 0;
	int rc;
	while ((rc = chunk_cache_next(spool, &key, err)) == 1) {
		for (uint32_t i = 0; i < chunk->n; i++)
			noted += chunk->values[i].noted;
		if (chunk->n == 0 || key.unsealed != chunk_unsealed(chunk) ||
		    key.newest != chunk_newest(chunk))
			return err_set(err, -EUCLEAN, "values of a series are damaged");
	}
	if (rc == 0)
		rc = spool_number(spool, SQL_NOTE_COUNT, 0, NULL, &notes, err);
	if (rc == 0 && notes != noted)
		rc = err_set(err, -EUCLEAN,
			     "notes about values are missing, or belong to no value");
	return rc;
}

int spool_verify(struct spool *spool, struct err *err)
{
	struct verify verify = { .spool = spool, .arena = arena_open(WIRE_ARENA_MAX) };
	if (!verify.arena)
		return err_memory(err);
	int rc = db_check_whole(spool->db, err);
	if (rc == 0)
		rc = check_chunks(spool, err);
	if (rc == 0)
		rc = spool_meta(spool, &verify.meta, err);
	if (rc == 0) {
		sqlite3_stmt *walk = spool_statement(spool, SQL_BATCH_PAYLOADS, err);
		rc = walk ? check_all(&verify, walk, err) : err->code;
		if (walk)
			(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	}
	arena_close(verify.arena);
	return rc < 0 ? err_wrap(err, "spool '%s'", spool->path) : 0;
}
