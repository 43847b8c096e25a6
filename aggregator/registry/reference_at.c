#include "registry/reference_at.h"

#include "schema/effects.h"
#include "schema/event.h"
#include "schema/schema.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* --- from the ledger --- */

static int event_put(sqlite3 *scratch, const char *body, struct err *err)
{
	json_t *json = json_loads(body, 0, NULL);
	const json_t *rows = json_object_get(json, "rows");
	int rc = json_is_object(rows) ? effects_put(scratch, rows, MOVES_REFERENCE, err)
				      : err_set(err, -EUCLEAN, "its body cannot be read");
	json_decref(json);
	return rc;
}

/* All events of one act have one time, so that none is taken in part. */
static int events_put(sqlite3 *db, int64_t at_us, sqlite3 *scratch, struct err *err)
{
	sqlite3_stmt *events = NULL;
	int rc = db_prepare(db,
			    "SELECT id, body FROM event WHERE moves & 1 AND at_us <= ?"
			    " ORDER BY at_us, id",
			    &events, err);
	if (rc == 0)
		sqlite3_bind_int64(events, 1, at_us);
	while (rc == 0 && (rc = db_step(events, err)) == 1) {
		struct db_row row = { events, err, 0 };
		const char *body = db_row_text(&row, 1);
		rc = row.rc;
		if (rc == 0)
			rc = event_put(scratch, body, err);
		if (rc < 0)
			(void)err_wrap(err, "event %lld of the ledger",
				       (long long)sqlite3_column_int64(events, 0));
		if (rc == 0)
			rc = db_time_left(err);
	}
	(void)sqlite3_finalize(events); /* repeats the error that step told */
	return rc;
}

static int past_load(sqlite3 *db, int64_t at_us, struct reference **ret, struct err *err)
{
	sqlite3 *scratch = NULL;
	struct reference *reference = NULL;
	int rc = schema_open_scratch(&scratch, err);
	if (rc == 0)
		rc = db_begin(scratch, err);
	if (rc == 0)
		rc = events_put(db, at_us, scratch, err);
	if (rc == 0)
		rc = db_commit(scratch, err);
	if (rc == 0)
		rc = reference_load(scratch, &reference, err);
	db_close(scratch);
	if (rc < 0)
		return err_wrap(err, "load the reference as it was");
	reference->earlier = true;
	*ret = reference;
	return 0;
}

/* --- those that are kept --- */

static struct reference_kept *kept_find(struct reference_past *past, int64_t event)
{
	struct reference_kept *oldest = &past->list[0];
	for (size_t i = 0; i < REFERENCES_KEPT; i++) {
		if (past->list[i].event == event)
			return &past->list[i];
		if (past->list[i].used < oldest->used)
			oldest = &past->list[i];
	}
	return oldest;
}

static int past_find(sqlite3 *db, struct reference_past *past, int64_t at_us, int64_t event,
		     const struct reference **ret, struct err *err)
{
	struct reference_kept *kept = kept_find(past, event);
	struct reference *reference = NULL;
	kept->used = ++past->calls;
	if (kept->event != event) {
		int rc = past_load(db, at_us, &reference, err);
		if (rc < 0)
			return rc;
		reference_close(kept->reference);
		kept->reference = reference;
		kept->event = event;
	}
	*ret = kept->reference;
	return 0;
}

/* --- which --- */

struct span { /* of the events that move the reference */
	int64_t first_us, last_us;
	int64_t last; /* its number; 0: there is none */
	bool opening; /* the first is */
};

/* Of those up to @until_us. */
static int span_find(sqlite3 *db, int64_t until_us, struct span *ret, struct err *err)
{
	sqlite3_stmt *first = NULL, *last = NULL;
	struct span span = { 0 };
	int rc = db_prepare(db,
			    "SELECT at_us, kind FROM event WHERE moves & 1 AND at_us >= ?"
			    " ORDER BY at_us, id LIMIT 1",
			    &first, err);
	if (rc == 0)
		rc = db_prepare(db,
				"SELECT at_us, id FROM event WHERE moves & 1 AND at_us <= ?"
				" ORDER BY at_us DESC, id DESC LIMIT 1",
				&last, err);
	if (rc == 0)
		sqlite3_bind_int64(first, 1, INT64_MIN); /* so that its index is used */
	if (rc == 0 && (rc = db_step(first, err)) == 1) {
		struct db_row row = { first, err, 0 };
		span.first_us = db_row_int(&row, 0, INT64_MIN, INT64_MAX);
		span.opening = strcmp(db_row_text(&row, 1), EVENT_OPENING) == 0;
		rc = row.rc;
		if (until_us < span.first_us && span.opening)
			until_us = span.first_us;
	}
	if (rc == 0) {
		sqlite3_bind_int64(last, 1, until_us);
		rc = db_step(last, err);
	}
	if (rc == 1) {
		struct db_row row = { last, err, 0 };
		span.last_us = db_row_int(&row, 0, INT64_MIN, INT64_MAX);
		span.last = db_row_int(&row, 1, 1, INT64_MAX);
		rc = row.rc;
	}
	(void)sqlite3_finalize(first); /* these repeat an error told before */
	(void)sqlite3_finalize(last);
	if (rc == 0)
		*ret = span;
	return rc;
}

static int moved_since(sqlite3 *db, int64_t at_us, bool *ret, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT 1 FROM event WHERE moves & 1 AND at_us > ? LIMIT 1", &stmt,
			    err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, at_us);
	rc = db_step(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	*ret = rc == 1;
	return rc < 0 ? rc : 0;
}

int reference_at(sqlite3 *db, const struct reference *now, int64_t at_us,
		 struct reference_then *ret_then, struct err *err)
{
	struct reference_then then = { now, INT64_MIN };
	struct span span = { 0 };
	bool moved = false;
	int rc = at_us == INT64_MAX ? 0 : moved_since(db, at_us, &moved, err);
	if (rc == 0 && moved)
		rc = span_find(db, at_us, &span, err);
	if (rc < 0)
		return rc;
	if (moved && at_us < span.first_us) {
		/* Nothing had come yet: who was due is told as it is now. What stood when events
		 * began may be older than they are. */
		then.opening_us = span.first_us;
		if (!span.opening)
			rc = db_number(db, "SELECT max(at_us) FROM event WHERE moves & 1",
				       &then.opening_us, err);
		at_us = span.first_us;
		moved = span.opening;
		if (rc == 0 && moved)
			rc = moved_since(db, at_us, &moved, err);
	}
	if (rc == 0 && moved)
		rc = past_find(db, now->past, at_us, span.last, &then.reference, err);
	if (rc == 0)
		*ret_then = then;
	return rc;
}
