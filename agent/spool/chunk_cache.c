/* The cached chunk: the one that was last looked at or changed. It is read once for all of its
 * values that come together, and written when another one is wanted, or at the commit. */
#include "spool/spool_internal.h"

#include <errno.h>

static bool is_cached(const struct chunk_cache *cache, const struct chunk_key *key)
{
	return cache->known && cache->series == key->series && cache->day == key->day &&
	       cache->part == key->part;
}

void chunk_cache_forget(struct spool *spool)
{
	spool->cache.known = spool->cache.changed = false;
}

static int put(struct spool *spool, struct err *err)
{
	uint8_t bytes[CHUNK_BYTES_MAX];
	const struct chunk_cache *cache = &spool->cache;
	size_t len = chunk_encode(&cache->chunk, bytes);
	sqlite3_stmt *put =
		spool_statement(spool, cache->stored ? SQL_CHUNK_PUT : SQL_CHUNK_ADD, err);
	if (!put)
		return err->code;
	const int64_t columns[] = { cache->series, cache->day, cache->part,
				    chunk_unsealed(&cache->chunk), chunk_newest(&cache->chunk) };
	if (spool_bind(put, 5, columns) != SQLITE_OK ||
	    sqlite3_bind_blob(put, 6, bytes, (int)len, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	return db_run(put, err);
}

int chunk_cache_flush(struct spool *spool, struct err *err)
{
	struct chunk_cache *cache = &spool->cache;
	if (!cache->changed)
		return 0;
	bool any = cache->chunk.n > 0; /* one without values has no row */
	int rc = any ? put(spool, err)
		     : spool_run(spool, SQL_CHUNK_DROP, 3,
				 (int64_t[]){ cache->series, cache->day, cache->part }, err);
	if (rc == 0) {
		cache->stored = any;
		cache->changed = false;
	}
	return rc;
}

/* 1 found, 0 not: then it is empty. */
static int get(struct spool *spool, const struct chunk_key *key, struct err *err)
{
	struct chunk *chunk = &spool->cache.chunk;
	sqlite3_stmt *get = spool_statement(spool, SQL_CHUNK_GET, err);
	if (!get)
		return err->code;
	if (spool_bind(get, 3, (int64_t[]){ key->series, key->day, key->part }) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(get, err), found = rc;
	chunk->n = 0;
	if (found == 1) {
		struct db_row row = { get, err, 0 };
		size_t len;
		const void *points = db_row_blob(&row, 0, &len);
		rc = row.rc < 0 ? row.rc
				: chunk_decode(points, len, (uint32_t)key->part, chunk, err);
	}
	(void)sqlite3_reset(get); /* repeats the step's error, already told */
	return rc < 0 ? rc : found;
}

static void hold(struct chunk_cache *cache, const struct chunk_key *key, bool stored)
{
	cache->series = key->series;
	cache->day = key->day;
	cache->part = (uint32_t)key->part;
	cache->stored = stored;
	cache->known = true;
}

int chunk_cache_load(struct spool *spool, int64_t series, int32_t day, uint32_t nth,
		     struct err *err)
{
	struct chunk_cache *cache = &spool->cache;
	const struct chunk_key key = { .series = series, .day = day, .part = chunk_part(nth) };
	if (is_cached(cache, &key))
		return 0;
	int rc = chunk_cache_flush(spool, err);
	if (rc < 0)
		return rc;
	cache->known = false;
	if ((rc = get(spool, &key, err)) < 0)
		return rc;
	hold(cache, &key, rc == 1);
	return 0;
}

int chunk_cache_fill(struct spool *spool, const struct chunk_key *key, const void *bytes,
		     size_t len, struct err *err)
{
	struct chunk_cache *cache = &spool->cache;
	if (is_cached(cache, key))
		return 0; /* and may have changed */
	int rc = chunk_cache_flush(spool, err);
	if (rc < 0)
		return rc;
	cache->known = false;
	rc = chunk_decode(bytes, len, (uint32_t)key->part, &cache->chunk, err);
	if (rc == 0)
		hold(cache, key, true);
	return rc;
}

int chunk_cache_next(struct spool *spool, struct chunk_key *key, struct err *err)
{
	int rc = chunk_cache_flush(spool, err);
	sqlite3_stmt *next = rc < 0 ? NULL : spool_statement(spool, SQL_CHUNK_NEXT, err);
	if (!next)
		return err->code;
	if (spool_bind(next, 3, (int64_t[]){ key->series, key->day, key->part }) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	rc = db_step(next, err);
	struct db_row row = { next, err, 0 };
	if (rc == 1) /* a day that was cut to 32 bits would begin the walk anew, for ever */
		*key = (struct chunk_key){ .series = sqlite3_column_int64(next, 0),
					   .day = row_day(&row, 1),
					   .part = db_row_int(&row, 2, 0, CHUNK_PARTS - 1),
					   .unsealed = sqlite3_column_int64(next, 3),
					   .newest = sqlite3_column_int64(next, 4) };
	if (row.rc < 0)
		rc = row.rc;
	(void)sqlite3_reset(next); /* repeats the step's error, already told */
	if (rc == 1 && (rc = chunk_cache_load(spool, key->series, key->day,
					      (uint32_t)key->part * CHUNK_PERIODS, err)) == 0)
		return 1;
	return rc;
}

/* The key in the row of @find, which is bound. */
static int key_find(sqlite3_stmt *find, struct chunk_key *ret_key, struct err *err)
{
	int rc = db_step(find, err);
	struct db_row row = { find, err, 0 };
	if (rc == 1)
		*ret_key = (struct chunk_key){ .series = sqlite3_column_int64(find, 0),
					       .day = row_day(&row, 1),
					       .part = db_row_int(&row, 2, 0, CHUNK_PARTS - 1) };
	(void)sqlite3_reset(find); /* repeats the step's error, already told */
	return row.rc < 0 ? row.rc : rc;
}

int spool_chunk_numbered(struct spool *spool, struct chunk_key *ret_key, struct err *err)
{
	sqlite3_stmt *find = spool_statement(spool, SQL_CHUNK_NUMBERED, err);
	return find ? key_find(find, ret_key, err) : err->code;
}

int spool_chunk_of_day(struct spool *spool, int64_t day, struct chunk_key *ret_key, struct err *err)
{
	sqlite3_stmt *find = spool_statement(spool, SQL_CHUNK_OF_DAY, err);
	if (!find)
		return err->code;
	if (spool_bind(find, 1, &day) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	return key_find(find, ret_key, err);
}

/* --- for SQL --- */

static void pack_step(sqlite3_context *context, int n, sqlite3_value **row)
{
	struct chunk *chunk = sqlite3_aggregate_context(context, sizeof(*chunk));
	(void)n; /* as registered */
	if (!chunk) {
		sqlite3_result_error_nomem(context);
		return;
	}
	uint32_t nth = (uint32_t)sqlite3_value_int64(row[0]);
	struct chunk_value *value = chunk_enter(chunk, nth);
	*value = (struct chunk_value){ .nth = nth,
				       .value_e = sqlite3_value_int64(row[1]),
				       .withdrawn = sqlite3_value_int64(row[2]) != 0,
				       .seq = sqlite3_value_int64(row[3]) };
}

static void pack_final(sqlite3_context *context)
{
	uint8_t bytes[CHUNK_BYTES_MAX];
	struct chunk *chunk = sqlite3_aggregate_context(context, 0);
	if (chunk)
		sqlite3_result_blob(context, bytes, (int)chunk_encode(chunk, bytes),
				    SQLITE_TRANSIENT);
}

static void is_whole(sqlite3_context *context, int n, sqlite3_value **row)
{
	struct chunk chunk;
	struct err ignored; /* the caller has a sentence */
	(void)n;            /* as registered */
	sqlite3_result_int(context, chunk_decode(sqlite3_value_blob(row[1]),
						 (size_t)sqlite3_value_bytes(row[1]),
						 (uint32_t)sqlite3_value_int64(row[0]), &chunk,
						 &ignored) == 0);
}

int spool_chunk_functions(sqlite3 *db, struct err *err)
{
	const int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
	if (sqlite3_create_function_v2(db, "stretch_pack", 4, flags, NULL, NULL, pack_step,
				       pack_final, NULL) != SQLITE_OK ||
	    sqlite3_create_function_v2(db, "stretch_is_whole", 2, flags, NULL, is_whole, NULL, NULL,
				       NULL) != SQLITE_OK)
		return db_err(err, db, "prepare a statement");
	return 0;
}

int spool_chunks_whole(sqlite3 *db, struct err *err)
{
	int64_t damaged = 0;
	int rc = db_number(db,
			   "SELECT 1 FROM stretch WHERE NOT stretch_is_whole(part, points) LIMIT 1",
			   &damaged, err);
	return rc < 0 || !damaged ? rc : err_set(err, -EUCLEAN, "values of a series are damaged");
}
