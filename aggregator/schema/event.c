#include "schema/event.h"

#include "schema/effects.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int event_time(sqlite3 *db, int64_t now_us, int64_t *ret_at_us, struct err *err)
{
	struct ledger_head head;
	int rc = ledger_head(db, &head, err);
	if (rc == 0)
		*ret_at_us =
			ledger_time(&head, now_us == EVENT_NOW ? ledger_clock_us(&head) : now_us);
	return rc;
}

static int event_insert(sqlite3 *db, const struct chain_event *event, struct ledger_head *head,
			struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	uint8_t chain[CHAIN_LEN];
	memcpy(chain, head->chain, CHAIN_LEN);
	chain_event(chain, event);
	int rc = db_prepare(
		db,
		"INSERT INTO event(id, after_journal, at_us, moves, kind, who, detail, body,"
		" chain) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, event->id);
	sqlite3_bind_int64(stmt, 2, event->after_journal);
	sqlite3_bind_int64(stmt, 3, event->at_us);
	sqlite3_bind_int64(stmt, 4, event->moves);
	sqlite3_bind_text(stmt, 5, event->kind, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 6, event->who, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 7, event->detail, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 8, event->body, -1, SQLITE_STATIC);
	sqlite3_bind_blob(stmt, 9, chain, CHAIN_LEN, SQLITE_STATIC);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	if (rc == 0) {
		memcpy(head->chain, chain, CHAIN_LEN);
		head->event = event->id;
		head->event_us = event->at_us;
	}
	return rc;
}

/* @text, an object of JSON, which goes, with @rows as its last member; NULL: out of memory. */
static char *rows_append(char *text, const struct blob *rows)
{
	struct blob body = { 0 };
	size_t len = text ? strlen(text) - 1 : 0; /* without the brace */
	bool first = len == 1;
	bool whole = text && blob_append(&body, text, len) == 0 &&
		     blob_append(&body, &",\"rows\":"[first], strlen(",\"rows\":") - first) == 0 &&
		     blob_append(&body, rows->data, rows->len) == 0 &&
		     blob_append(&body, "}", sizeof("}")) == 0; /* and its end */
	free(text);
	if (!whole)
		blob_free(&body);
	return (char *)body.data;
}

/* The body of an event, or of one that goes on from event @of. The caller frees. NULL: out of
 * memory. */
static char *body_make(const struct event_form *form, const struct blob *rows, json_t *days,
		       int64_t of)
{
	json_t *body = json_object();
	char *text = NULL;
	int failed = body ? 0 : -1;
	if (of > 0)
		failed |= json_object_set_new(body, "of", json_integer(of));
	if (form->more && of == form->of)
		failed |= json_object_update(body, form->more);
	if (days && of == 0)
		failed |= json_object_set(body, "days", days);
	if (!failed)
		text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(body);
	return rows && rows->len > 0 ? rows_append(text, rows) : text;
}

int event_append(sqlite3 *db, const struct event_form *form, struct ledger_head *ret_head,
		 struct err *err)
{
	struct ledger_head head;
	int64_t first = form->of;
	struct blob rows = { 0 };
	json_t *days = NULL;
	int rc = ledger_head(db, &head, err);
	if (rc == 0 && !form->note)
		rc = effects_take_days(db, &days, err);
	if (rc < 0)
		return err_wrap(err, "note '%s' in the ledger", form->kind);
	int64_t at_us = form->at_us ? form->at_us : ledger_time(&head, ledger_clock_us(&head));
	do {
		struct chain_event event = { .id = head.event + 1,
					     .after_journal = head.entry,
					     .at_us = at_us,
					     .kind = first ? EVENT_CONTINUED : form->kind,
					     .who = form->who,
					     .detail = first || !form->detail ? "" : form->detail };
		blob_free(&rows);
		rc = form->note ? 0 : effects_take(db, EVENT_BODY_MAX, &rows, &event.moves, err);
		if (rc < 0 || (first && rows.len == 0))
			break;
		char *body = body_make(form, &rows, days, first);
		event.body = body;
		rc = body ? event_insert(db, &event, &head, err) : err_memory(err);
		free(body);
		if (first == 0)
			first = head.event;
	} while (rc == 0 && rows.len > 0);
	blob_free(&rows);
	json_decref(days);
	if (rc < 0)
		return err_wrap(err, "note '%s' in the ledger", form->kind);
	if (ret_head)
		*ret_head = head;
	return 0;
}

int event_read(sqlite3_stmt *stmt, struct event *ret_event, struct err *err)
{
	struct db_row row = { stmt, err, 0 };
	struct event event = {
		.id = db_row_int(&row, 0, 1, INT64_MAX),
		.after_journal = db_row_int(&row, 1, 0, INT64_MAX),
		.at_us = db_row_int(&row, 2, INT64_MIN, INT64_MAX),
		.moves = db_row_int(&row, 3, 0, INT64_MAX),
		.kind = db_row_text(&row, 4),
		.who = db_row_text(&row, 5),
		.detail = db_row_text(&row, 6),
		.body = db_row_text(&row, 7),
	};
	db_row_bytes(&row, 8, event.chain, CHAIN_LEN);
	if (row.rc == 0)
		*ret_event = event;
	return row.rc;
}

/* --- the beginning --- */

/* What a disk damaged was nothing to who read the audit, and is nothing from now on (I11). */
static const char *text_or_nothing(sqlite3_stmt *stmt, int column, struct err *err, int *rc)
{
	struct db_row row = { stmt, err, 0 };
	const char *text = db_row_text(&row, column);
	if (*rc == 0 && row.rc == -ENOMEM)
		*rc = row.rc;
	return text;
}

/* What was in the audit, with the times that it had. */
static int audit_take_over(sqlite3 *db, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	struct ledger_head head;
	int rc = ledger_head(db, &head, err);
	if (rc == 0)
		rc = db_prepare(db, "SELECT at_us, who, what, detail FROM audit_before ORDER BY id",
				&rows, err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		static const struct event_form nothing = { 0 };
		rc = 0;
		struct chain_event event = { .id = head.event + 1,
					     .after_journal = head.entry,
					     .at_us = sqlite3_column_int64(rows, 0),
					     .who = text_or_nothing(rows, 1, err, &rc),
					     .kind = text_or_nothing(rows, 2, err, &rc),
					     .detail = text_or_nothing(rows, 3, err, &rc) };
		char *body = rc == 0 ? body_make(&nothing, NULL, NULL, 0) : NULL;
		event.body = body;
		rc = rc < 0 ? rc : body ? event_insert(db, &event, &head, err) : err_memory(err);
		free(body);
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc;
}

/* A store that has nothing yet begins with its first act. */
static int opening_append(sqlite3 *db, struct err *err)
{
	struct ledger_head head;
	int64_t rows = 0;
	char detail[96];
	int rc = effects_note_all(db, err);
	if (rc == 0)
		rc = db_number(db, "SELECT count(*) FROM temp.effect", &rows, err);
	if (rc == 0)
		rc = ledger_head(db, &head, err);
	if (rc < 0 || (rows == 0 && head.entry == 0 && head.event == 0))
		return rc;
	(void)snprintf(detail, sizeof(detail), "entries=%" PRId64 " rows=%" PRId64, head.entry,
		       rows); /* fits */
	return event_append(db,
			    &(struct event_form){ .who = "lantoa-aggregator",
						  .kind = EVENT_OPENING,
						  .detail = detail },
			    NULL, err);
}

int events_open(sqlite3 *db, struct err *err)
{
	int rc = audit_take_over(db, err);
	if (rc == 0)
		rc = opening_append(db, err);
	if (rc == 0)
		rc = db_exec(db, "DROP TABLE audit_before", err);
	return rc < 0 ? err_wrap(err, "begin the ledger") : 0;
}
