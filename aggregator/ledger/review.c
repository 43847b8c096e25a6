#include "ledger/review.h"

#include "common/model/civil.h"
#include "common/net/wire.h"
#include "journal/day_index.h"
#include "journal/day_times.h"
#include "journal/declarations.h"
#include "journal/judge.h"
#include "journal/quarantine.h"
#include "schema/event.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

struct review {
	sqlite3 *db;
	const struct reference *reference;
	struct declarations *declarations;
	struct quarantine *quarantine;
	struct arena *arena;
	sqlite3_stmt *days, *held_whole;
	sqlite3_stmt *entries; /* of the day at hand */
	int64_t office;        /* whose it is */
	int32_t day, today;
	int64_t at_us;   /* what is held counted until now (I4) */
	int64_t note_us; /* when what is noted happens; 0: now */
	struct reviewed done;
	struct day_times *day_times;              /* NULL: on what is to be */
	struct held_point points[RUN_POINTS_MAX]; /* of the run at hand */
};

/* I4: what counted until now is known to have counted. */
static struct held_point held_now(const struct review *r, enum verdict verdict)
{
	return (struct held_point){ .verdict = verdict, .held_us = r->at_us };
}

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
				r->points[i] = held_now(r, verdict);
		r->done.held += n - held_before;
		return held_before == n ? 0
					: quarantine_put_points(r->quarantine, entry, run,
								r->points, n, err);
	}
	sqlite3_int64 before = sqlite3_total_changes64(r->db);
	int rc = quarantine_hold(r->quarantine, entry, run, QUARANTINE_WHOLE_RUN, verdict, n,
				 r->at_us, err);
	if (rc == 0 && sqlite3_total_changes64(r->db) > before)
		r->done.held += n;
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
		enum verdict verdict = judge_point(declared, NULL, &points[i], NULL);
		if (verdict == VERDICT_OK)
			continue;
		if (!read) /* there is something to say of them: rarely */
			rc = quarantine_points(r->quarantine, entry, index, held, run->n, err);
		read = true;
		if (rc < 0 || point_is_held(&held[i]))
			continue;
		held[i] = held_now(r, verdict);
		news++;
	}
	if (rc == 0 && news > 0)
		rc = quarantine_put_points(r->quarantine, entry, index, held, run->n, err);
	r->done.held += news;
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

struct reading { /* an entry, taken apart */
	struct batch batch;
	const struct office *office;
	const struct declared *declared;
	size_t n_declared;
};

/* All that playing the day again would stumble over, so that what was judged can be played. */
static int runs_check(const struct review *r, const struct reading *reading, struct err *err)
{
	const struct batch *batch = &reading->batch;
	if (batch->day != r->day)
		return err_set(err, -EUCLEAN, "its payload is for another day than its row");
	for (size_t i = 0; i < batch->n_runs; i++) {
		const struct run *run = &batch->runs[i];
		if (run->series >= reading->n_declared)
			return err_set(err, -EUCLEAN, "it names a series that was never declared");
		if (batch->points[run->first + run->n - 1].nth >=
		    grain_per_day((enum grain)reading->declared[run->series].grain))
			return err_set(err, -EUCLEAN,
				       "it holds a period that does not lie in its day");
	}
	return 0;
}

static int entry_take(struct review *r, struct reading *ret, struct err *err)
{
	sqlite3_stmt *entry = r->entries;
	if (sqlite3_column_int64(entry, 2) != r->office || sqlite3_column_int(entry, 3) != r->day)
		return err_set(err, -EUCLEAN,
			       "it is listed under another day or office than its own");
	ret->office = offices_by_id(r->reference->offices, r->office);
	if (!ret->office)
		return err_set(err, -EUCLEAN, "its office is not in the register");
	arena_reset(r->arena);
	int rc = wire_batch_decode(r->arena, sqlite3_column_blob(entry, 4),
				   (size_t)sqlite3_column_bytes(entry, 4), &ret->batch, err);
	if (rc == 0)
		rc = declarations_of(r->declarations, sqlite3_column_int64(entry, 1),
				     &ret->declared, &ret->n_declared, err);
	return rc < 0 ? rc : runs_check(r, ret, err);
}

static int entry_read(struct review *r, struct reading *ret, struct err *err)
{
	int rc = entry_take(r, ret, err);
	return rc < 0 && rc != -ENOMEM ? err_wrap(err, "journal entry %lld",
						  (long long)sqlite3_column_int64(r->entries, 0))
				       : rc;
}

static int entry_judge(struct review *r, struct err *err)
{
	struct reading reading;
	int rc = entry_read(r, &reading, err);
	if (rc < 0)
		return rc;
	/* the later of the two, should the clock have been put back: what had begun has begun */
	int32_t received = civil_day(sqlite3_column_int64(r->entries, 5));
	struct judge judge = judge_of(r->reference, reading.office, r->day,
				      received > r->today ? received : r->today);
	const struct batch *batch = &reading.batch;
	for (size_t i = 0; rc == 0 && i < batch->n_runs; i++)
		rc = review_run(r, &judge, batch, i, &reading.declared[batch->runs[i].series], err);
	return rc;
}

/* Of a damaged day: all of it that can be read, and the entry that cannot. */
static int entry_hold(struct review *r, struct err *err)
{
	struct reading reading;
	struct err why;
	int rc = entry_read(r, &reading, &why);
	if (is_damage(rc))
		return quarantine_hold(r->quarantine, sqlite3_column_int64(r->entries, 0), 0,
				       QUARANTINE_WHOLE_RUN, VERDICT_DAMAGED, 0, r->at_us, err);
	if (rc < 0)
		return err_set(err, rc, "%s", why.text);
	for (size_t i = 0; rc == 0 && i < reading.batch.n_runs; i++) {
		rc = is_held(r, i, err);
		if (rc == 0)
			rc = hold_whole(r, i, VERDICT_DAMAGED, reading.batch.runs[i].n, err);
		rc = rc < 0 ? rc : 0;
	}
	return rc;
}

/* Only what cannot be read is held. */
static int entry_mark(struct review *r, struct err *err)
{
	struct reading reading;
	struct err why;
	int rc = entry_read(r, &reading, &why);
	return is_damage(rc) ? entry_hold(r, err) : rc < 0 ? err_set(err, rc, "%s", why.text) : 0;
}

static int entry_see(struct review *r, struct err *err)
{
	struct reading reading;
	return entry_read(r, &reading, err);
}

static int entries_each(struct review *r, int64_t office, int32_t day,
			int (*on_entry)(struct review *r, struct err *err), struct err *err)
{
	uint64_t held = r->done.held;
	int rc;
	r->office = office;
	r->day = day;
	sqlite3_bind_int(r->entries, 1, day);
	sqlite3_bind_int64(r->entries, 2, office);
	while ((rc = db_step(r->entries, err)) == 1)
		if ((rc = on_entry(r, err)) < 0)
			break;
	sqlite3_reset(r->entries);
	if (rc < 0 || r->done.held == held)
		return rc;
	/* the day's pages are not what they were known to be */
	rc = r->day_times ? day_times_add(r->day_times, day, r->at_us, err) : 0;
	return rc < 0 || !r->day_times ? rc : day_times_flush(r->day_times, err);
}

/* Where even their rows cannot be read, those before them are held, and that is that. */
static int set_aside(struct review *r, int64_t office, int32_t day, bool whole,
		     const struct err *why, struct err *err)
{
	int rc = entries_each(r, office, day, whole ? entry_hold : entry_mark, err);
	return rc < 0 && !is_damage(rc) ? rc
					: damaged_days_add(&r->done.damaged, r->db, r->reference,
							   office, day, r->note_us, why, err);
}

int review_day(struct review *review, int64_t office, int32_t day, bool *ret_damaged,
	       struct err *err)
{
	struct err why = { 0 };
	int rc = entries_each(review, office, day, entry_judge, &why);
	*ret_damaged = is_damage(rc);
	if (is_damage(rc))
		return set_aside(review, office, day, true, &why, err);
	return rc < 0 ? err_set(err, rc, "%s", why.text) : 0;
}

int review_reads(struct review *review, int64_t office, int32_t day, struct err *err)
{
	return entries_each(review, office, day, entry_see, err);
}

int review_mark(struct review *review, int64_t office, int32_t day, const struct err *why,
		struct err *err)
{
	return set_aside(review, office, day, false, why, err);
}

int review_changed(struct review *review, int32_t day, struct err *err)
{
	int rc = day_times_add(review->day_times, day, review->at_us, err);
	return rc < 0 ? rc : day_times_flush(review->day_times, err);
}

int review_all(struct review *review, struct err *err)
{
	bool damaged;
	int rc;
	while ((rc = db_step(review->days, err)) == 1) {
		int32_t day = sqlite3_column_int(review->days, 0);
		rc = review_day(review, sqlite3_column_int64(review->days, 1), day, &damaged, err);
		if (rc == 0)
			rc = review_changed(review, day, err);
		if (rc < 0)
			break;
	}
	sqlite3_reset(review->days);
	return rc;
}

const struct reviewed *review_done(const struct review *review)
{
	return &review->done;
}

void review_back(struct review *review, const struct reviewed *then)
{
	review->done = *then;
}

/* --- opening and closing --- */

static int statements_prepare(struct review *r, bool next, struct err *err)
{
	int rc = db_prepare(r->db, "SELECT day, office FROM strand ORDER BY day, office", &r->days,
			    err);
	if (rc == 0)
		rc = db_prepare(
			r->db,
			DAY_INDEX_ENTRIES("?1", "?2") "SELECT id, spool, office, day, payload,"
						      " received_us FROM journal WHERE id IN"
						      " day_index_entries ORDER BY id",
			&r->entries, err);
	if (rc == 0)
		rc = db_prepare(r->db,
				next ? "SELECT 1 FROM quarantine_with_next WHERE journal = ? AND"
				       " run = ? AND point = -1 AND released_us IS NULL"
				     : "SELECT 1 FROM quarantine WHERE journal = ? AND run = ? AND"
				       " point = -1 AND released_us IS NULL",
				&r->held_whole, err);
	return rc;
}

static struct review *review_new(sqlite3 *db, const struct reference *reference, int64_t at_us,
				 bool next, struct err *err)
{
	struct review *r = calloc(1, sizeof(*r));
	if (!r) {
		(void)err_memory(err);
		return NULL;
	}
	r->db = db;
	r->reference = reference;
	r->at_us = next ? QUARANTINE_AT_SWITCH : at_us;
	r->note_us = next ? 0 : at_us;
	r->today = civil_day(at_us);
	int rc = (r->arena = arena_open(WIRE_ARENA_MAX)) ? 0 : err_memory(err);
	if (rc == 0 &&
	    (!(r->declarations = declarations_open(db, err)) ||
	     !(r->quarantine = next ? quarantine_open_next(db, err) : quarantine_open(db, err)) ||
	     (!next && !(r->day_times = day_times_open(db, true, err)))))
		rc = err->code;
	if (rc == 0)
		rc = statements_prepare(r, next, err);
	if (rc < 0) {
		review_close(r);
		return NULL;
	}
	declarations_forget(r->declarations, reference->catalogue);
	return r;
}

struct review *review_open(sqlite3 *db, const struct reference *reference, int64_t at_us,
			   struct err *err)
{
	return review_new(db, reference, at_us, false, err);
}

struct review *review_open_next(sqlite3 *db, const struct reference *reference, struct err *err)
{
	int64_t now_us = 0; /* about: what is held is held from the switch on */
	return event_time(db, EVENT_NOW, &now_us, err) < 0
		       ? NULL
		       : review_new(db, reference, now_us, true, err);
}

void review_begin(struct review *review)
{
	declarations_forget(review->declarations, review->reference->catalogue);
}

void review_close(struct review *review)
{
	if (!review)
		return;
	sqlite3_finalize(review->days);
	sqlite3_finalize(review->entries);
	sqlite3_finalize(review->held_whole);
	quarantine_close(review->quarantine);
	day_times_close(review->day_times);
	declarations_close(review->declarations);
	arena_close(review->arena);
	free(review);
}
