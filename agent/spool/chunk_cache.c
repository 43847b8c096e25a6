/* The stretch at hand: the one that was last looked at or changed. It is read once for all of its
 * values that come together, and written when another one is wanted, or at the commit. */
#include "spool/spool_internal.h"

#include <errno.h>

static bool is_at_hand(const struct hand *hand, const struct stretch_key *key)
{
	return hand->known && hand->series == key->series && hand->day == key->day &&
	       hand->part == key->part;
}

void spool_hand_forget(struct spool *spool)
{
	spool->hand.known = spool->hand.changed = false;
}

static int drop(struct spool *spool, struct err *err)
{
	const struct hand *hand = &spool->hand;
	return spool_run(spool, SQL_STRETCH_DROP, 3,
			 (int64_t[]){ hand->series, hand->day, hand->part }, err);
}

static int put(struct spool *spool, struct err *err)
{
	uint8_t bytes[STRETCH_BYTES_MAX];
	const struct hand *hand = &spool->hand;
	size_t len = stretch_encode(&hand->stretch, bytes);
	sqlite3_stmt *put =
		spool_statement(spool, hand->stored ? SQL_STRETCH_PUT : SQL_STRETCH_ADD, err);
	if (!put)
		return err->code;
	const int64_t columns[] = { hand->series, hand->day, hand->part,
				    stretch_unsealed(&hand->stretch),
				    stretch_newest(&hand->stretch) };
	if (spool_bind(put, 5, columns) != SQLITE_OK ||
	    sqlite3_bind_blob(put, 6, bytes, (int)len, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	return db_run(put, err);
}

int spool_hand_write(struct spool *spool, struct err *err)
{
	if (!spool->hand.changed)
		return 0;
	bool any = spool->hand.stretch.n > 0;
	int rc = any ? put(spool, err) : drop(spool, err);
	if (rc == 0) {
		spool->hand.stored = any;
		spool->hand.changed = false;
	}
	return rc;
}

/* 1 found, 0 not: then it is empty. */
static int get(struct spool *spool, const struct stretch_key *key, struct err *err)
{
	struct stretch *stretch = &spool->hand.stretch;
	sqlite3_stmt *get = spool_statement(spool, SQL_STRETCH_GET, err);
	if (!get)
		return err->code;
	if (spool_bind(get, 3, (int64_t[]){ key->series, key->day, key->part }) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_step(get, err), found = rc;
	stretch->n = 0;
	if (found == 1) {
		struct db_row row = { get, err, 0 };
		size_t len;
		const void *points = db_row_blob(&row, 0, &len);
		rc = row.rc < 0 ? row.rc
				: stretch_decode(points, len, (uint32_t)key->part, stretch, err);
	}
	(void)sqlite3_reset(get); /* repeats the step's error, already told */
	return rc < 0 ? rc : found;
}

static void hold(struct hand *hand, const struct stretch_key *key, bool stored)
{
	hand->series = key->series;
	hand->day = key->day;
	hand->part = (uint32_t)key->part;
	hand->stored = stored;
	hand->known = true;
}

int spool_hand_take(struct spool *spool, int64_t series, int32_t day, uint32_t nth, struct err *err)
{
	struct hand *hand = &spool->hand;
	const struct stretch_key key = { .series = series, .day = day, .part = stretch_part(nth) };
	if (is_at_hand(hand, &key))
		return 0;
	int rc = spool_hand_write(spool, err);
	if (rc < 0)
		return rc;
	hand->known = false;
	if ((rc = get(spool, &key, err)) < 0)
		return rc;
	hold(hand, &key, rc == 1);
	return 0;
}

int spool_hand_give(struct spool *spool, const struct stretch_key *key, const void *bytes,
		    size_t len, struct err *err)
{
	struct hand *hand = &spool->hand;
	if (is_at_hand(hand, key))
		return 0; /* and may have changed */
	int rc = spool_hand_write(spool, err);
	if (rc < 0)
		return rc;
	hand->known = false;
	rc = stretch_decode(bytes, len, (uint32_t)key->part, &hand->stretch, err);
	if (rc == 0)
		hold(hand, key, true);
	return rc;
}

int spool_hand_next(struct spool *spool, struct stretch_key *key, struct err *err)
{
	int rc = spool_hand_write(spool, err);
	sqlite3_stmt *next = rc < 0 ? NULL : spool_statement(spool, SQL_STRETCH_NEXT, err);
	if (!next)
		return err->code;
	if (spool_bind(next, 3, (int64_t[]){ key->series, key->day, key->part }) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	rc = db_step(next, err);
	struct db_row row = { next, err, 0 };
	if (rc == 1) /* a day that was cut to 32 bits would begin the walk anew, for ever */
		*key = (struct stretch_key){ .series = sqlite3_column_int64(next, 0),
					     .day = row_day(&row, 1),
					     .part = db_row_int(&row, 2, 0, STRETCH_PARTS - 1),
					     .unsealed = sqlite3_column_int64(next, 3),
					     .newest = sqlite3_column_int64(next, 4) };
	if (row.rc < 0)
		rc = row.rc;
	(void)sqlite3_reset(next); /* repeats the step's error, already told */
	if (rc == 1 && (rc = spool_hand_take(spool, key->series, key->day,
					     (uint32_t)key->part * STRETCH_PERIODS, err)) == 0)
		return 1;
	return rc;
}

int spool_stretch_numbered(struct spool *spool, struct stretch_key *ret_key, struct err *err)
{
	sqlite3_stmt *find = spool_statement(spool, SQL_STRETCH_NUMBERED, err);
	if (!find)
		return err->code;
	int rc = db_step(find, err);
	struct db_row row = { find, err, 0 };
	if (rc == 1)
		*ret_key =
			(struct stretch_key){ .series = sqlite3_column_int64(find, 0),
					      .day = row_day(&row, 1),
					      .part = db_row_int(&row, 2, 0, STRETCH_PARTS - 1) };
	(void)sqlite3_reset(find); /* repeats the step's error, already told */
	return row.rc < 0 ? row.rc : rc;
}

/* --- for SQL --- */

static void pack_step(sqlite3_context *context, int n, sqlite3_value **row)
{
	struct stretch *stretch = sqlite3_aggregate_context(context, sizeof(*stretch));
	(void)n; /* as registered */
	if (!stretch) {
		sqlite3_result_error_nomem(context);
		return;
	}
	uint32_t nth = (uint32_t)sqlite3_value_int64(row[0]);
	struct stretch_value *value = stretch_enter(stretch, nth);
	*value = (struct stretch_value){ .nth = nth,
					 .value_e = sqlite3_value_int64(row[1]),
					 .withdrawn = sqlite3_value_int64(row[2]) != 0,
					 .seq = sqlite3_value_int64(row[3]) };
}

static void pack_final(sqlite3_context *context)
{
	uint8_t bytes[STRETCH_BYTES_MAX];
	struct stretch *stretch = sqlite3_aggregate_context(context, 0);
	if (stretch)
		sqlite3_result_blob(context, bytes, (int)stretch_encode(stretch, bytes),
				    SQLITE_TRANSIENT);
}

static void is_whole(sqlite3_context *context, int n, sqlite3_value **row)
{
	struct stretch stretch;
	struct err ignored; /* the caller has a sentence */
	(void)n;            /* as registered */
	sqlite3_result_int(context, stretch_decode(sqlite3_value_blob(row[1]),
						   (size_t)sqlite3_value_bytes(row[1]),
						   (uint32_t)sqlite3_value_int64(row[0]), &stretch,
						   &ignored) == 0);
}

int spool_stretch_functions(sqlite3 *db, struct err *err)
{
	const int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
	if (sqlite3_create_function_v2(db, "stretch_pack", 4, flags, NULL, NULL, pack_step,
				       pack_final, NULL) != SQLITE_OK ||
	    sqlite3_create_function_v2(db, "stretch_is_whole", 2, flags, NULL, is_whole, NULL, NULL,
				       NULL) != SQLITE_OK)
		return db_err(err, db, "prepare a statement");
	return 0;
}

int spool_stretches_whole(sqlite3 *db, struct err *err)
{
	int64_t damaged = 0;
	int rc = db_number(db,
			   "SELECT 1 FROM stretch WHERE NOT stretch_is_whole(part, points) LIMIT 1",
			   &damaged, err);
	return rc < 0 || !damaged ? rc : err_set(err, -EUCLEAN, "values of a series are damaged");
}
