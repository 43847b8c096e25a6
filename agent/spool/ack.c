/* Acks: what the province has, and what may be dropped here because of it (I1: nothing else may).
 * Each ack is one transaction. */
#include "spool/spool_internal.h"

#include <errno.h>
#include <string.h>

/* The oldest kept batch, when it is acked; -ENODATA (err untouched) when there is none such. */
static int oldest_acked(struct spool *spool, uint64_t acked_seq, int64_t *ret_seq, struct err *err)
{
	sqlite3_stmt *oldest = spool_statement(spool, SQL_BATCH_OLDEST, err);
	if (!oldest)
		return err->code;
	int rc = db_step(oldest, err);
	if (rc == 1) {
		*ret_seq = sqlite3_column_int64(oldest, 0);
		rc = (uint64_t)*ret_seq <= acked_seq ? 0 : -ENODATA;
	} else if (rc == 0) {
		rc = -ENODATA;
	}
	(void)sqlite3_reset(oldest); /* repeats the step's error, already told */
	return rc;
}

int spool_make_room(struct spool *spool, uint64_t limit, struct err *err)
{
	struct spool_meta meta;
	uint64_t used;
	int rc = spool_used(spool, &used, err);
	if (rc < 0 || used <= limit)
		return rc;
	rc = spool_meta(spool, &meta, err);
	while (rc == 0 && used > limit) {
		int64_t seq;
		rc = oldest_acked(spool, meta.acked_seq, &seq, err);
		if (rc == -ENODATA)
			return -ENOSPC;
		if (rc == 0)
			rc = spool_run(spool, SQL_BATCH_DROP, 1, (int64_t[]){ seq }, err);
		if (rc == 0)
			rc = spool_used(spool, &used, err);
	}
	return rc;
}

#define DROPS_PER_ACK  64 /* I10: an ack stays short; the next ones go on */
#define DAYS_PER_ACK   4
#define SERIES_PER_ACK 512
#define DAY_US         INT64_C(86400000000)

#define HISTORY_DAYS   731 /* two years of what is counted by the week, month, ... */

/* Drop the values of one series whose periods lie before @target and which the province has had
 * since batch @droppable: some days of them at a time, because after months without the province
 * there are many. 1 when none is left, 0 otherwise. */
static int trim_series(struct spool *spool, sqlite3_stmt *series, int32_t target, int64_t droppable,
		       struct err *err)
{
	int64_t id = sqlite3_column_int64(series, 0), shape = sqlite3_column_int64(series, 1);
	if (!shape_is_sane(shape))
		return 1; /* damaged: an ack is taken all the same */
	/* Periods up to a day are many. Longer ones are few, and a clerk's typing is compared with
	 * their history. */
	int64_t end =
		kept_from(shape_grain(shape) > GRAIN_DAY ? target - HISTORY_DAYS : target, shape);
	int64_t first, last[] = { id, droppable, end };
	int rc = spool_number(spool, SQL_CHUNK_OLDEST, 3, last, &first, err);
	if (rc == 0 && first >= DAY_MIN) {
		int64_t limit = end < first + DAYS_PER_ACK ? end : first + DAYS_PER_ACK;
		chunk_cache_forget(spool); /* it may go; nothing of it changed in an ack */
		rc = spool_run(spool, SQL_CHUNK_TRIM, 3, (int64_t[]){ id, droppable, limit }, err);
		if (rc == 0)
			rc = spool_run(spool, SQL_NOTE_TRIM, 2, (int64_t[]){ id, limit }, err);
		if (rc == 0)
			rc = spool_number(spool, SQL_CHUNK_OLDEST, 3, last, &first, err);
	} else if (rc == 0) {
		return 1; /* damaged, likewise */
	}
	return rc == -ENODATA ? 1 : rc;
}

/* A period that has not ended long ago keeps its value: "add" goes on from it. So does what was
 * handed in of late, however old its period: who did it looks whether it arrived. */
static int trim_current(struct spool *spool, int32_t today, int64_t droppable, bool *ret_all,
			struct err *err)
{
	int32_t target = today - (int32_t)spool->limits.keep_days;
	sqlite3_stmt *series = spool_statement(spool, SQL_SERIES_ALL, err);
	if (!series)
		return err->code;
	int rc;
	*ret_all = true;
	while ((rc = db_step(series, err)) == 1) {
		rc = trim_series(spool, series, target, droppable, err);
		if (rc < 0)
			break;
		*ret_all &= rc == 1;
	}
	(void)sqlite3_reset(series); /* repeats the step's error, already told */
	if (rc == 0)
		rc = spool_run(spool, SQL_FINISHED_TRIM, 2,
			       (int64_t[]){ target - HISTORY_DAYS, droppable }, err);
	if (rc == 0 && *ret_all)
		rc = spool_forget_idle(spool, SERIES_PER_ACK, ret_all, err);
	/* "Add" must know where it can no longer go on from a value. The day is durable and never
	 * moves back. */
	int32_t before;
	if (rc == 0)
		rc = spool_trimmed_to(spool, &before, err);
	if (rc == 0 && target > before)
		rc = spool_fact_set(spool, TRIMMED_FACT, &target, sizeof(target), err);
	return rc;
}

/* Acked batches go when they were acked long ago, or take more than half the room. */
static int trim_batches(struct spool *spool, int64_t old_seq, uint64_t acked_seq, struct err *err)
{
	for (int i = 0; i < DROPS_PER_ACK; i++) {
		int64_t seq;
		uint64_t used;
		int rc = oldest_acked(spool, acked_seq, &seq, err);
		if (rc == -ENODATA)
			return 0;
		if (rc == 0)
			rc = spool_used(spool, &used, err);
		if (rc < 0)
			return rc;
		if (seq > old_seq && used <= spool->limits.bytes_max / 2)
			return 0;
		if ((rc = spool_run(spool, SQL_BATCH_DROP, 1, (int64_t[]){ seq }, err)) < 0)
			return rc;
	}
	return 0;
}

/* Note on which day the batches up to @acked_seq were acked, and drop what is too old by then. */
static int trim(struct spool *spool, uint64_t acked_seq, uint64_t last_seq, int32_t today,
		struct err *err)
{
	int64_t first_kept = today - (int64_t)spool->limits.keep_days, old_seq = 0;
	uint64_t used = 0;
	int rc = spool_run(spool, SQL_ACK_DAY, 2, (int64_t[]){ today, (int64_t)acked_seq }, err);
	if (rc == 0)
		rc = spool_number(spool, SQL_ACK_DAY_BEFORE, 1, &first_kept, &old_seq, err);
	if (rc == 0 || rc == -ENODATA)
		rc = trim_batches(spool, old_seq, acked_seq, err);
	if (rc == 0)
		rc = spool_run(spool, SQL_ACK_DAY_FORGET, 1, &first_kept, err);
	if (rc == 0)
		rc = spool_used(spool, &used, err);
	/* Values, too, go sooner where they take the room that new ones want. */
	bool sooner = spool->in_want || used > spool->limits.bytes_max / 2;
	if (rc < 0 || (today == spool->trimmed_day && !spool->in_want))
		return rc;
	bool all;
	rc = trim_current(spool, today, sooner ? (int64_t)acked_seq : old_seq, &all, err);
	if (rc == 0 && all &&
	    (!sooner || acked_seq == last_seq)) { /* else more may go with the next ack */
		spool->trimmed_day = today;
		spool->in_want = false;
	}
	return rc;
}

static int ack(struct spool *spool, uint64_t upto, int64_t at_us, bool trimming, struct err *err)
{
	struct spool_meta meta;
	int32_t trimmed_day = spool->trimmed_day, today = (int32_t)(at_us / DAY_US);
	bool in_want = spool->in_want;
	int rc = db_begin(spool->db, err);
	if (rc == 0)
		rc = spool_meta(spool, &meta, err);
	if (rc < 0)
		return rc;
	/* The ack was heard before, or is about a life that is over: there is nothing to write. */
	if (upto == meta.acked_seq || upto < meta.life.begin) {
		spool_rollback(spool);
		return 0;
	}
	if (upto > meta.last_seq)
		return err_set(err, -ERANGE, "batch %llu was never sealed here",
			       (unsigned long long)upto);
	rc = spool_run(spool, SQL_META_ACKED, 2, (int64_t[]){ (int64_t)upto, at_us }, err);
	if (rc == 0 && upto < meta.acked_seq)
		rc = spool_run(spool, SQL_ACK_DAY_BACK, 1, (int64_t[]){ (int64_t)upto }, err);
	if (rc == 0 && trimming && today > DAY_MIN && today < DAY_MAX)
		rc = trim(spool, upto, meta.last_seq, today, err);
	if (rc == 0)
		rc = spool_commit(spool, err);
	if (rc < 0) {
		spool->trimmed_day = trimmed_day;
		spool->in_want = in_want;
	}
	return rc;
}

int spool_acked(struct spool *spool, uint64_t upto, int64_t at_us, struct err *err)
{
	int rc = ack(spool, upto, at_us, true, err);
	if (rc == -ENOSPC) { /* the journal is too small for trimming, and cannot grow: later */
		spool_rollback(spool);
		spool->head_due = false; /* it may want a page that the file does not have */
		rc = ack(spool, upto, at_us, false, err);
	}
	if (rc < 0) {
		spool_rollback(spool);
		return err_wrap(err, "spool '%s': note an ack", spool->path);
	}
	spool->refused_rc = 0;
	return 0;
}

int spool_matches(struct spool *spool, uint64_t seq, const uint8_t *digest, size_t len,
		  bool *ret_matches, struct err *err)
{
	struct blob payload = { 0 };
	uint8_t ours[WIRE_DIGEST_LEN];
	int rc = len ? spool_batch(spool, seq, &payload, err) : -ENOENT;
	if (rc == 0) {
		wire_digest(payload.data, payload.len, ours);
		*ret_matches = len == sizeof(ours) && memcmp(digest, ours, sizeof(ours)) == 0;
	} else if (rc == -ENOENT) {
		*ret_matches = true;
	}
	blob_free(&payload);
	return rc == -ENOENT ? 0 : rc;
}

int spool_refuse(struct spool *spool, uint64_t seq, uint32_t series, uint32_t observations,
		 const char *reason, struct err *err)
{
	sqlite3_stmt *add = spool_statement(spool, SQL_REFUSAL_ADD, err);
	if (!add)
		return err->code;
	/* A number of an earlier life means another series by now. Such a refusal gets a number
	 * that no series has. */
	int64_t number = seq > spool->life.begin ? series : (int64_t)series + WIRE_SERIES_MAX;
	if (spool_bind(add, 3, (int64_t[]){ (int64_t)seq, number, observations }) != SQLITE_OK ||
	    sqlite3_bind_text(add, 4, reason, -1, SQLITE_STATIC) != SQLITE_OK)
		return db_err(err, spool->db, "bind");
	int rc = db_run(add, err);
	if (rc < 0 || sqlite3_changes(spool->db) == 0)
		return rc; /* told before, or failed */
	rc = spool_run(spool, SQL_REFUSAL_COUNT, 1, (int64_t[]){ observations }, err);
	return rc < 0 ? rc : spool_run(spool, SQL_REFUSAL_TRIM, 0, NULL, err);
}

static int drop_refusals(struct spool *spool, struct err *err)
{
	int rc = db_begin(spool->db, err);
	if (rc == 0)
		rc = spool_run(spool, SQL_REFUSAL_DROP_ALL, 0, NULL, err);
	if (rc == 0 && sqlite3_changes(spool->db) > 0) {
		rc = spool_commit(spool, err);
	} else {
		spool_rollback(spool); /* as a rule: nothing to write */
	}
	if (rc == 0)
		spool->released = 0;
	return rc;
}

int spool_waits(struct spool *spool, uint64_t waits, struct err *err)
{
	int64_t listed = 0;
	int rc = waits == 0 ? drop_refusals(spool, err)
			    : spool_number(spool, SQL_REFUSAL_LISTED, 0, NULL, &listed, err);
	if (rc == 0 && waits > 0)
		spool->released = (uint64_t)listed > waits ? (uint64_t)listed - waits : 0;
	return rc < 0 ? err_wrap(err, "spool '%s': note a release", spool->path) : 0;
}

int spool_quarantined(struct spool *spool, uint64_t seq, uint32_t series, uint32_t observations,
		      const char *reason, struct err *err)
{
	int rc = db_begin(spool->db, err);
	if (rc == 0)
		rc = spool_refuse(spool, seq, series, observations, reason, err);
	if (rc == 0)
		rc = spool_commit(spool, err);
	if (rc < 0) {
		spool_rollback(spool);
		return err_wrap(err, "spool '%s': note a quarantine", spool->path);
	}
	return 0;
}
