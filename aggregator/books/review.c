#include "review.h"

#include "civil.h"
#include "declarations.h"
#include "judge.h"
#include "quarantine.h"
#include "strands.h"
#include "wire.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

struct review {
	sqlite3 *db;
	const struct reference *reference;
	struct declarations *declarations;
	struct quarantine *quarantine;
	struct arena *arena;
	sqlite3_stmt *all, *of_day, *held_whole;
	sqlite3_stmt *entries; /* of the two, the one that stands on an entry */
	int32_t today;
	uint64_t held;
	struct held_point points[RUN_POINTS_MAX]; /* of the run at hand */
};

/* A run some of whose values are held already has the others held beside them: a row for the whole
 * would count those twice. */
static int hold_whole(struct review *r, size_t run, enum verdict verdict, size_t n, struct err *err)
{
	int64_t entry = sqlite3_column_int64(r->entries, 0);
	size_t held_before = 0;
	if (quarantine_points(r->quarantine, entry, run, r->points, n, err) < 0)
		return err->code;
	for (size_t i = 0; i < n; i++)
		held_before += point_is_held(&r->points[i]);
	if (held_before > 0) {
		for (size_t i = 0; i < n; i++)
			if (!point_is_held(&r->points[i]))
				r->points[i] = (struct held_point){ .verdict = verdict };
		r->held += n - held_before;
		return held_before == n ? 0
					: quarantine_put_points(r->quarantine, entry, run,
								r->points, n, err);
	}
	sqlite3_int64 before = sqlite3_total_changes64(r->db);
	int rc = quarantine_hold(r->quarantine, entry, run, QUARANTINE_WHOLE_RUN, verdict, n, err);
	if (rc == 0 && sqlite3_total_changes64(r->db) > before)
		r->held += n;
	return rc;
}

/* Those of a run's values that cannot count any more. What is held already stays as it is. */
static int hold_points(struct review *r, size_t index, const struct run *run,
		       const struct point points[], const struct declared *declared,
		       struct err *err)
{
	int64_t entry = sqlite3_column_int64(r->entries, 0);
	struct held_point *held = r->points;
	bool read = false;
	uint64_t news = 0;
	int rc = 0;
	for (uint32_t i = 0; i < run->n && rc == 0; i++) {
		enum verdict verdict =
			points[i].withdrawn
				? VERDICT_OK
				: metric_judge_value(declared->metric, points[i].value_e,
						     declared->decimals, NULL);
		if (verdict == VERDICT_OK)
			continue;
		if (!read) /* there is something to say of them: rarely */
			rc = quarantine_points(r->quarantine, entry, index, held, run->n, err);
		read = true;
		if (rc < 0 || point_is_held(&held[i]))
			continue;
		held[i] = (struct held_point){ .verdict = verdict };
		news++;
	}
	if (rc == 0 && news > 0)
		rc = quarantine_put_points(r->quarantine, entry, index, held, run->n, err);
	r->held += news;
	return rc;
}

/* 1 when the run is held as a whole, 0 when not. */
static int is_held(struct review *r, size_t run, struct err *err)
{
	sqlite3_bind_int64(r->held_whole, 1, sqlite3_column_int64(r->entries, 0));
	sqlite3_bind_int64(r->held_whole, 2, (int64_t)run);
	int rc = db_step(r->held_whole, err);
	sqlite3_reset(r->held_whole);
	return rc;
}

static int review_run(struct review *r, const struct judge *judge, const struct batch *batch,
		      size_t index, const struct declared *declared, struct err *err)
{
	const struct run *run = &batch->runs[index];
	enum verdict verdict = judge_run(judge, declared);
	int rc = is_held(r, index, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (verdict != VERDICT_OK && verdict != VERDICT_CLOSED)
		return hold_whole(r, index, verdict, run->n, err);
	return hold_points(r, index, run, &batch->points[run->first], declared, err);
}

static int review_entry(struct review *r, struct err *err)
{
	const struct office *office =
		offices_by_id(r->reference->offices, sqlite3_column_int64(r->entries, 2));
	struct batch batch;
	const struct declared *declared;
	size_t n_declared;
	arena_reset(r->arena);
	if (!office)
		return err_set(err, -EUCLEAN, "its office is not in the register");
	int rc = wire_batch_decode(r->arena, sqlite3_column_blob(r->entries, 4),
				   (size_t)sqlite3_column_bytes(r->entries, 4), &batch, err);
	if (rc == 0)
		rc = declarations_of(r->declarations, sqlite3_column_int64(r->entries, 1),
				     &declared, &n_declared, err);
	/* the later of the two, should the clock have been put back: what had begun has begun */
	int32_t received = civil_day(sqlite3_column_int64(r->entries, 5));
	struct judge judge = judge_of(r->reference, office, sqlite3_column_int(r->entries, 3),
				      received > r->today ? received : r->today);
	for (size_t i = 0; rc == 0 && i < batch.n_runs; i++) {
		if (batch.runs[i].series >= n_declared)
			return err_set(err, -EUCLEAN, "it names a series that was never declared");
		rc = review_run(r, &judge, &batch, i, &declared[batch.runs[i].series], err);
	}
	return rc;
}

static int review_entries(struct review *r, sqlite3_stmt *entries, struct err *err)
{
	int rc;
	r->entries = entries;
	while ((rc = db_step(entries, err)) == 1) {
		rc = review_entry(r, err);
		if (rc < 0 && rc != -ENOMEM)
			(void)err_wrap(err, "journal entry %lld", /* rc is the answer */
				       (long long)sqlite3_column_int64(entries, 0));
		if (rc < 0)
			break;
	}
	sqlite3_reset(entries);
	return rc;
}

int review_day(struct review *review, int64_t office, int32_t day, struct err *err)
{
	sqlite3_bind_int(review->of_day, 1, day);
	sqlite3_bind_int64(review->of_day, 2, office);
	return review_entries(review, review->of_day, err);
}

int review_all(struct review *review, struct err *err)
{
	return review_entries(review, review->all, err);
}

uint64_t review_held(const struct review *review)
{
	return review->held;
}

/* --- opening and closing --- */

#define ENTRY "SELECT id, spool, office, day, payload, received_us FROM journal"

static int statements_prepare(struct review *r, struct err *err)
{
	int rc = db_prepare(r->db, ENTRY " ORDER BY id", &r->all, err);
	if (rc == 0)
		rc = db_prepare(r->db,
				STRAND_ENTRIES("?1", "?2") ENTRY " WHERE id IN strand_entries"
								 " ORDER BY id",
				&r->of_day, err);
	if (rc == 0)
		rc = db_prepare(r->db,
				"SELECT 1 FROM quarantine WHERE journal = ? AND run = ? AND"
				" point = -1 AND released_us IS NULL",
				&r->held_whole, err);
	return rc;
}

struct review *review_open(sqlite3 *db, const struct reference *reference, struct err *err)
{
	struct review *r = calloc(1, sizeof(*r));
	if (!r) {
		(void)err_memory(err);
		return NULL;
	}
	r->db = db;
	r->reference = reference;
	r->today = civil_day(civil_now_us());
	int rc = (r->arena = arena_open(WIRE_ARENA_MAX)) ? 0 : err_memory(err);
	if (rc == 0 && (!(r->declarations = declarations_open(db, err)) ||
			!(r->quarantine = quarantine_open(db, err))))
		rc = err->code;
	if (rc == 0)
		rc = statements_prepare(r, err);
	if (rc < 0) {
		review_close(r);
		return NULL;
	}
	declarations_forget(r->declarations, reference->catalogue);
	return r;
}

void review_close(struct review *review)
{
	if (!review)
		return;
	sqlite3_finalize(review->all);
	sqlite3_finalize(review->of_day);
	sqlite3_finalize(review->held_whole);
	quarantine_close(review->quarantine);
	declarations_close(review->declarations);
	arena_close(review->arena);
	free(review);
}
