#include "ledger/change.h"

#include "common/base/i18n.h"
#include "common/base/log.h"
#include "common/model/civil.h"
#include "journal/quarantine.h"
#include "registry/office_follow.h"
#include "registry/office_register.h"
#include "registry/strays.h"
#include "registry/units_import.h"
#include "rollup/next.h"
#include "schema/event.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_WORK 50u     /* of ledger.h's 30 to 60: until a change was measured here */
#define MEASURED    1000000 /* work from which on a change tells how long it takes here */
#define SETTLE_WORK 100u    /* a row that is brought over: 5 us */
#define HOLD_WORK   400u    /* and one that is held, with its part of an event: 20 us */
#define HOLD_ROWS   500u    /* of them before the clock is looked at: 10 ms */

struct change {
	int64_t id;                       /* that the rest is of; 0: there is nothing */
	int64_t version;                  /* of the reference that it was made by */
	struct reference *before, *after; /* owned */
	struct steps *steps;              /* owned */
	uint64_t held;                    /* of the steps, that the table knows of */
	unsigned rounds;                  /* steps in which some was stale */
	bool refused;                     /* the act was, in this step */
};

const char *change_word(enum change_kind kind)
{
	static const char *const words[] = {
		[CHANGE_UNITS] = "units import",       [CHANGE_CATALOGUE] = "catalogue import",
		[CHANGE_MOVE] = "office move",         [CHANGE_RELEASE] = "quarantine release",
		[CHANGE_CALENDAR] = "calendar import", [CHANGE_END] = "office end",
		[CHANGE_FOLLOW] = "office follow"
	};
	return words[kind];
}

struct change *change_open(void)
{
	return calloc(1, sizeof(struct change));
}

void change_forget(struct change *change)
{
	steps_close(change->steps);
	reference_close(change->before);
	reference_close(change->after);
	*change = (struct change){ 0 };
}

void change_close(struct change *change)
{
	if (!change)
		return;
	change_forget(change);
	free(change);
}

int change_act(sqlite3 *db, const struct change_form *form, size_t *ret_n,
	       char ret_detail[CHANGE_DETAIL_MAX], struct err *err)
{
	bool changed = false;
	int rc;
	switch (form->kind) {
	case CHANGE_UNITS:
		return units_import(db, form->body, form->len, ret_n, err);
	case CHANGE_CATALOGUE:
		rc = catalogue_import(db, form->body, form->len, &changed, err);
		break;
	case CHANGE_CALENDAR:
		rc = days_off_import(db, form->body, form->len, &changed, err);
		break;
	case CHANGE_FOLLOW:
		return office_follow(db, form->from, ret_n, ret_detail, err);
	case CHANGE_END:
		rc = office_end(db, form->office, form->from, ret_detail, &changed, err);
		break;
	default:
		rc = office_reassign(db, form->office, form->unit, form->from, ret_detail, &changed,
				     err);
	}
	*ret_n = changed;
	return rc;
}

/* @of: it goes on from that event; 0: from none. @unsettled: rows follow, in others that go on from
 * this one. */
static int note(sqlite3 *db, const struct change_form *form, const char *detail, int64_t at_us,
		int64_t of, bool unsettled, struct err *err)
{
	json_t *more = of || unsettled ? json_pack("{s:b}", EVENT_UNSETTLED, unsettled) : NULL;
	const struct event_form event = { .who = form->who,
					  .kind = change_word(form->kind),
					  .detail = detail,
					  .at_us = at_us,
					  .of = of,
					  .more = more };
	int rc = (of || unsettled) && !more ? err_memory(err) : event_append(db, &event, NULL, err);
	json_decref(more);
	return rc;
}

int change_note(sqlite3 *db, const struct change_form *form, const char *detail, int64_t at_us,
		struct err *err)
{
	return note(db, form, detail, at_us, 0, false, err);
}

/* --- its row --- */

struct row { /* of the last change */
	sqlite3_stmt *stmt;
	int64_t id;
	struct change_form form; /* texts of the statement */
	int64_t begun_us;
	enum change_stage stage;
	struct steps_place place; /* of a release: phase and, while it lists, the last entry */
	int64_t done, total, spent_us, held, code, rows;
	int64_t upto; /* of a release: the last entry that had come */
	const char *text;
};

/* 1; 0: there is none. The caller finalizes row->stmt, whatever comes of it. */
static int row_read(sqlite3 *db, struct row *row, struct err *err)
{
	*row = (struct row){ 0 };
	int rc = db_prepare(db,
			    "SELECT id, kind, who, note, body, mover, unit, from_day, begun_us,"
			    " stage, day, phase, office, done, total, spent_us, held, code, rows,"
			    " text, entry, metric, closed, older_copy, upto FROM change_under_way "
			    "ORDER BY id DESC LIMIT 1",
			    &row->stmt, err);
	if (rc == 0)
		rc = db_step(row->stmt, err);
	if (rc != 1)
		return rc;
	struct db_row told = { row->stmt, err, 0 };
	row->id = sqlite3_column_int64(row->stmt, 0);
	row->form = (struct change_form){
		.kind = (enum change_kind)db_row_int(&told, 1, 0, CHANGE_KIND_COUNT - 1),
		.who = db_row_text(&told, 2),
		.note = (const char *)sqlite3_column_text(row->stmt, 3),
		.body = sqlite3_column_blob(row->stmt, 4),
		.len = (size_t)sqlite3_column_bytes(row->stmt, 4),
		.office = (const char *)sqlite3_column_text(row->stmt, 5),
		.unit = (const char *)sqlite3_column_text(row->stmt, 6),
		.from = sqlite3_column_int(row->stmt, 7),
	};
	row->begun_us = sqlite3_column_int64(row->stmt, 8);
	row->stage = (enum change_stage)db_row_int(&told, 9, 0, CHANGE_OVER);
	row->place = (struct steps_place){ sqlite3_column_int64(row->stmt, 10),
					   sqlite3_column_int64(row->stmt, 11),
					   sqlite3_column_int64(row->stmt, 12) };
	row->done = sqlite3_column_int64(row->stmt, 13);
	row->total = sqlite3_column_int64(row->stmt, 14);
	row->spent_us = sqlite3_column_int64(row->stmt, 15);
	row->held = sqlite3_column_int64(row->stmt, 16);
	row->code = sqlite3_column_int64(row->stmt, 17);
	row->rows = sqlite3_column_int64(row->stmt, 18);
	row->text = db_row_text(&told, 19);
	row->form.release =
		(struct release_form){ .entry = sqlite3_column_int64(row->stmt, 20),
				       .office = row->form.office,
				       .metric = db_row_text_or_null(&told, 21),
				       .closed = sqlite3_column_int(row->stmt, 22) != 0,
				       .older_copy = sqlite3_column_int(row->stmt, 23) != 0,
				       .who = row->form.who,
				       .at_us = EVENT_NOW };
	row->upto = sqlite3_column_int64(row->stmt, 24);
	return told.rc < 0 ? told.rc : 1;
}

static int row_write(sqlite3 *db, const struct row *row, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "UPDATE change_under_way SET stage = ?2, day = ?3, phase = ?4,"
			    " office = ?5, done = ?6, spent_us = ?7, held = ?8, code = ?9,"
			    " rows = ?10, text = ?11, body = iif(?2 = 3, NULL, body)"
			    " WHERE id = ?1",
			    &stmt, err);
	const int64_t numbers[] = { row->id,           row->stage, row->place.day, row->place.phase,
				    row->place.office, row->done,  row->spent_us,  row->held,
				    row->code,         row->rows };
	for (size_t i = 0; rc == 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sqlite3_bind_int64(stmt, (int)i + 1, numbers[i]);
	if (rc == 0) {
		sqlite3_bind_text(stmt, 11, row->text, -1, SQLITE_STATIC);
		rc = db_run(stmt, err);
	}
	sqlite3_finalize(stmt);
	return rc;
}

static int64_t ns_per_work(const struct row *row)
{
	return row->done >= MEASURED && row->spent_us > 0 ? row->spent_us * 1000 / row->done
							  : NS_PER_WORK;
}

int change_estimate(sqlite3 *db, uint64_t work, int64_t *ret_us, struct err *err)
{
	struct row row;
	int rc = row_read(db, &row, err);
	if (rc >= 0)
		*ret_us = (int64_t)work / 1000 * (rc == 1 ? ns_per_work(&row) : NS_PER_WORK);
	sqlite3_finalize(row.stmt);
	return rc < 0 ? rc : 0;
}

/* As it has gone so far: steps have batches and questions between them. */
static int64_t left_us(const struct row *row, uint64_t work)
{
	int64_t gone_us = civil_now_us() - row->begun_us;
	double steps = (double)work / 1000 * (double)ns_per_work(row);
	double gone = row->done >= MEASURED && gone_us > 0
			      ? (double)work * (double)gone_us / (double)row->done
			      : 0;
	return (int64_t)(gone > steps ? gone : steps);
}

int change_read(sqlite3 *db, struct change_state *ret_state, struct err *err)
{
	struct row row;
	struct change_state *state = ret_state;
	int rc = row_read(db, &row, err);
	*state = (struct change_state){ .stage = CHANGE_OVER };
	if (rc == 1) {
		state->id = row.id;
		state->kind = row.form.kind;
		state->stage = row.stage;
		state->begun_us = row.begun_us;
		state->done = (uint64_t)row.done;
		state->total = (uint64_t)(row.total > row.done ? row.total : row.done);
		state->left_us = left_us(&row, state->total - state->done);
		state->code = (int)row.code;
		state->rows = (uint64_t)row.rows;
		state->held = (uint64_t)row.held;
		(void)snprintf(state->word, sizeof(state->word), "%s",
			       change_word(row.form.kind)); /* these are cut, if need be */
		(void)snprintf(state->who, sizeof(state->who), "%s", row.form.who);
		(void)snprintf(state->text, sizeof(state->text), "%s", row.text);
	}
	sqlite3_finalize(row.stmt);
	return rc < 0 ? rc : 0;
}

/* --- it begins, and is taken back --- */

static int refuse(sqlite3 *db, enum change_stage from, struct err *err)
{
	struct change_state state;
	char begun[INSTANT_TEXT_MAX];
	int rc = change_read(db, &state, err);
	if (rc < 0 || state.stage >= from)
		return rc;
	if (state.stage == CHANGE_SETTLING)
		return err_set(err, -EEXIST,
			       "nothing was changed: a change is in force, but what follows from "
			       "it is still being put in place (%s, ordered by %s at %s). Try "
			       "again in a minute; `lantoa change show` tells how far it is",
			       state.word, state.who, civil_format(state.begun_us, begun));
	return err_set(err, -EEXIST,
		       "nothing was changed: another change is under way (%s, ordered by %s at "
		       "%s). `lantoa change show` tells how far it is; wait until it is done, or "
		       "take it back with `lantoa change cancel`",
		       state.word, state.who, civil_format(state.begun_us, begun));
}

int change_refuse(sqlite3 *db, struct err *err)
{
	bool settling = false;
	int rc = quarantine_is_settling(db, &settling, err);
	return rc < 0 ? rc : refuse(db, settling ? CHANGE_OVER : CHANGE_SETTLING, err);
}

int change_refuse_settling(sqlite3 *db, struct err *err)
{
	bool settling = false;
	int rc = quarantine_is_settling(db, &settling, err);
	return rc < 0 || !settling ? rc : refuse(db, CHANGE_OVER, err);
}

int change_refuse_closing(sqlite3 *db, struct err *err)
{
	int64_t under_way = 0;
	int rc = db_number(db, "SELECT count(*) FROM change_under_way WHERE kind = 3 AND stage < 3",
			   &under_way, err);
	return rc < 0 || under_way == 0 ? rc : refuse(db, CHANGE_OVER, err);
}

static int insert(sqlite3 *db, const struct change_form *form, const struct steps_cost *cost,
		  struct err *err)
{
	const char *office = form->kind == CHANGE_RELEASE ? form->release.office : form->office;
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "INSERT INTO change_under_way(kind, who, note, body, mover, unit,"
			    " from_day, begun_us, total, day, office, entry, metric, closed,"
			    " older_copy, stage, phase, done, spent_us, held, code, rows, text,"
			    " upto) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?10, ?10, ?11, ?12, ?13, ?14,"
			    " 0, 0, 0, 0, 0, 0, 0, '', (SELECT coalesce(max(id), 0) FROM journal))",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int(stmt, 1, (int)form->kind);
		sqlite3_bind_text(stmt, 2, form->who, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 3, form->note, -1, SQLITE_STATIC); /* NULL: NULL */
		sqlite3_bind_blob64(stmt, 4, form->body, form->len, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 5, office, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 6, form->unit, -1, SQLITE_STATIC);
		sqlite3_bind_int(stmt, 7, form->from);
		sqlite3_bind_int64(stmt, 8, civil_now_us());
		sqlite3_bind_int64(stmt, 9, (int64_t)cost->work);
		sqlite3_bind_int64(stmt, 10, INT64_MIN);
		sqlite3_bind_int64(stmt, 11, form->release.entry);
		sqlite3_bind_text(stmt, 12, form->release.metric, -1, SQLITE_STATIC);
		sqlite3_bind_int(stmt, 13, form->release.closed);
		sqlite3_bind_int(stmt, 14, form->release.older_copy);
		rc = db_run(stmt, err);
	}
	sqlite3_finalize(stmt);
	return rc;
}

/* The last one's stays, by which it is known how long things take. */
int change_begin(sqlite3 *db, const struct change_form *form, const struct steps_cost *cost,
		 int64_t *ret_id, struct err *err)
{
	int64_t id = 0;
	int rc = refuse(db, CHANGE_OVER, err);
	if (rc == 0)
		rc = insert(db, form, cost, err);
	if (rc == 0)
		id = sqlite3_last_insert_rowid(db);
	if (rc == 0)
		rc = db_exec(db,
			     "DELETE FROM change_day; DELETE FROM change_under_way WHERE id <"
			     " (SELECT max(id) FROM change_under_way)",
			     err);
	if (rc == 0)
		rc = quarantine_abandon(db, err);
	if (rc == 0)
		rc = release_forget(db, true, err);
	if (rc == 0 && form->kind != CHANGE_RELEASE)
		rc = next_begin(db, err);
	if (rc == 0)
		*ret_id = id;
	return rc;
}

/* As if it had never begun; but for its row, which says why. */
static int abandon(sqlite3 *db, struct row *row, int code, const char *text, struct err *err)
{
	struct next next;
	int rc = next_read(db, &next, err);
	if (rc == 0 && next.state == NEXT_DERIVING)
		rc = next_abandon(db, err);
	if (rc == 0)
		rc = quarantine_abandon(db, err);
	if (rc == 0)
		rc = release_forget(db, false, err);
	if (rc == 0)
		rc = db_exec(db, "DELETE FROM change_day", err);
	row->stage = CHANGE_OVER;
	row->code = code;
	if (row->form.kind != CHANGE_RELEASE)
		row->held = 0;
	row->text = text;
	return rc < 0 ? rc : row_write(db, row, err);
}

/* What its outcome says. */
static const char *cancelled_text(const struct row *row, char text[CHANGE_TEXT_MAX])
{
	if (row->form.kind != CHANGE_RELEASE)
		return _("it was taken back; nothing was changed");
	(void)snprintf(text, CHANGE_TEXT_MAX,
		       _("it was ended before all was judged; what was released until then stays "
			 "released (figures: %llu), the rest waits on"),
		       (unsigned long long)row->rows); /* fits */
	return text;
}

int change_cancel(sqlite3 *db, const char *who, struct err *err)
{
	struct row row;
	char detail[96], text[CHANGE_TEXT_MAX];
	int rc = row_read(db, &row, err);
	if (rc == 0 || (rc == 1 && row.stage == CHANGE_OVER))
		rc = err_set(err, -ENOENT, "no change is under way");
	else if (rc == 1 && row.stage == CHANGE_SETTLING)
		rc = err_set(err, -EEXIST,
			     "the change is in force already; to have it as before, order that");
	if (rc == 1) {
		(void)snprintf(detail, sizeof(detail), "%s", change_word(row.form.kind)); /* fits */
		rc = abandon(db, &row, -ECANCELED, cancelled_text(&row, text), err);
		if (rc == 0)
			rc = event_append(db,
					  &(struct event_form){ .who = who,
								.kind = "change cancel",
								.detail = detail,
								.note = true },
					  NULL, err);
	}
	sqlite3_finalize(row.stmt);
	return rc;
}

/* --- a step --- */

/* The act, and whether it is refused by what it would change: that ends the change. What a disk
 * does, here or on the way to it, is no refusal, and the step is tried again (I11). */
static int act(struct change *change, sqlite3 *db, const struct change_form *form, size_t *ret_n,
	       char ret_detail[CHANGE_DETAIL_MAX], struct err *err)
{
	int rc = change_act(db, form, ret_n, ret_detail, err);
	change->refused =
		rc == -EINVAL || rc == -EEXIST || rc == -ENOENT || rc == -EFBIG || rc == -E2BIG;
	return rc;
}

/* The reference as it is to be: the act is done for a moment. */
static int after_load(struct change *change, sqlite3 *db, const struct change_form *form,
		      struct err *err)
{
	struct err why = { 0 };
	char detail[CHANGE_DETAIL_MAX];
	size_t n = 0;
	int rc = db_exec(db, "SAVEPOINT after", err);
	if (rc < 0)
		return rc;
	rc = act(change, db, form, &n, detail, &why);
	if (rc == 0)
		rc = reference_load(db, &change->after, &why);
	if (rc == 0)
		rc = reference_sound(change->after, &why);
	if (db_undo(db, "after", &why, err) < 0)
		return err->code;
	return rc < 0 ? err_set(err, rc, "%s", why.text) : 0;
}

/* Whatever is kept is of this change and of the reference in force. */
static int prepare(struct change *change, sqlite3 *db, const struct row *row, int64_t version,
		   struct err *err)
{
	if (change->id == row->id && change->version == version)
		return 0;
	unsigned rounds = change->id == row->id ? change->rounds : 0;
	change_forget(change);
	change->rounds = rounds;
	int rc = reference_load(db, &change->before, err);
	if (rc == 0)
		rc = after_load(change, db, &row->form, err);
	if (rc == 0 && !(change->steps = steps_open(db, change->before, change->after, err)))
		rc = err->code;
	if (rc < 0)
		return rc;
	change->id = row->id;
	change->version = version;
	return 0;
}

/* All pages were made anew meanwhile, by a repair or another version: it begins again. */
static int begin_again(sqlite3 *db, struct row *row, struct err *err)
{
	struct next next;
	int rc = next_read(db, &next, err);
	if (rc < 0 || next.state == NEXT_DERIVING)
		return rc;
	log_info("change: begins again, all pages were made anew meanwhile");
	row->stage = CHANGE_DAYS;
	row->place = (struct steps_place){ INT64_MIN, 0, INT64_MIN };
	row->done = row->held = 0;
	rc = quarantine_abandon(db, err);
	if (rc == 0)
		rc = next_forget(db, err);
	return rc < 0 ? rc : next_begin(db, err);
}

/* I4: before it, what these days come to is derived by what was in force then. */
static int days_note(sqlite3 *db, int64_t at_us, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "UPDATE arrival SET first_us = min(first_us, ?1), last_us ="
			    " max(last_us, ?1) WHERE day IN (SELECT day FROM change_day)",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, at_us);
		rc = db_run(stmt, err);
	}
	sqlite3_finalize(stmt);
	return rc < 0 ? rc : db_exec(db, "DELETE FROM change_day", err);
}

static int put_in_force(struct change *change, sqlite3 *db, struct row *row, struct err *err)
{
	char detail[CHANGE_DETAIL_MAX] = "";
	int64_t at_us = 0;
	bool settling = false;
	size_t n = 0;
	int rc = event_time(db, EVENT_NOW, &at_us, err);
	if (rc == 0)
		rc = act(change, db, &row->form, &n, detail, err);
	if (rc == 0)
		rc = quarantine_switch(db, at_us, &settling, err);
	if (rc == 0)
		rc = days_note(db, at_us, err);
	if (rc == 0)
		rc = next_switch(db, err);
	if (rc == 0)
		rc = note(db, &row->form, row->form.note ? row->form.note : detail, at_us, 0,
			  settling, err);
	row->rows = (int64_t)n;
	row->stage = CHANGE_SETTLING;
	return rc;
}

/* The last of it, in one transaction with the step that left nothing stale. */
static int change_switch(struct change *change, sqlite3 *db, struct row *row, struct err *err)
{
	char warning[DAMAGED_DAYS_TEXT_MAX > STRAY_SENTENCE_MAX ? DAMAGED_DAYS_TEXT_MAX
								: STRAY_SENTENCE_MAX] = "";
	const struct damaged_days *damaged = steps_damaged(change->steps);
	size_t astray = 0;
	int rc = 0;
	if (damaged->n > 0)
		damaged_days_text(damaged, warning);
	else if (row->form.kind == CHANGE_UNITS)
		rc = strays_tell(change->after->offices, change->after->units,
				 civil_day(civil_now_us()), &astray, warning, err);
	if (rc == 0)
		rc = put_in_force(change, db, row, err);
	row->text = warning;
	if (rc == 0)
		rc = row_write(db, row, err);
	if (rc == 0)
		log_info("change: in force kind=\"%s\" work=%" PRId64 " held=%" PRId64
			 " seconds=%.1f",
			 change_word(row->form.kind), row->done, row->held,
			 (double)row->spent_us / 1e6);
	change_forget(change);
	return rc;
}

static int64_t clock_us(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Stale is what comes in meanwhile: each round takes more of it, until it is all. */
#define ROUNDS 8u

static int derive(struct change *change, sqlite3 *db, struct row *row, uint64_t budget,
		  int64_t limit_us, struct err *err)
{
	uint64_t work = 0;
	int64_t began_us = clock_us();
	steps_begin(change->steps);
	int rc = 1;
	if (row->stage == CHANGE_DAYS) {
		rc = steps_days(change->steps, &row->place, budget, limit_us, &work, err);
		if (rc == 0)
			row->stage = CHANGE_STALE;
		rc = rc < 0 ? rc : 1;
	} else {
		unsigned more = 1u << (change->rounds++ / ROUNDS > 3 ? 3 : change->rounds / ROUNDS);
		rc = steps_stale(change->steps, budget * more, limit_us * more, &work, err);
	}
	if (rc < 0)
		return rc;
	row->done += (int64_t)work;
	row->spent_us += clock_us() - began_us;
	row->held += (int64_t)(steps_held(change->steps) - change->held);
	change->held = steps_held(change->steps);
	return rc == 0 ? change_switch(change, db, row, err) : row_write(db, row, err);
}

/* The event of the act; 0: it is not there. */
static int act_find(sqlite3 *db, int64_t *ret_event, struct err *err)
{
	return db_number(db,
			 "SELECT coalesce((SELECT id FROM event WHERE at_us = (" QUARANTINE_SWITCHED
			 ") ORDER BY id LIMIT 1), 0)",
			 ret_event, err);
}

/* What it holds, into quarantine and the ledger: its event comes with the commit, and takes as long
 * again. */
static int holds_settle(sqlite3 *db, const struct row *row, uint64_t budget, int64_t limit_us,
			struct err *err)
{
	int64_t end_us = limit_us > 0 ? clock_us() + limit_us / 2 : INT64_MAX, act = 0;
	uint64_t rows = budget / HOLD_WORK + 1, done = 0;
	bool left = true;
	int rc = act_find(db, &act, err);
	while (rc == 0 && left && done < rows && (done == 0 || clock_us() < end_us)) {
		unsigned some = rows - done < HOLD_ROWS ? (unsigned)(rows - done) : HOLD_ROWS;
		rc = quarantine_settle(db, some, &left, err);
		done += some;
	}
	return rc < 0 ? rc : note(db, &row->form, NULL, 0, act, left, err);
}

static int settle(sqlite3 *db, struct row *row, uint64_t budget, int64_t limit_us, struct err *err)
{
	unsigned left = 0;
	bool holds = false;
	int rc = quarantine_is_settling(db, &holds, err);
	if (rc == 0 && holds)
		return holds_settle(db, row, budget, limit_us, err);
	if (rc == 0)
		rc = next_settle(db, (unsigned)(budget / SETTLE_WORK) + 1, &left, err);
	if (rc < 0 || left > 0)
		return rc;
	row->stage = CHANGE_OVER;
	return row_write(db, row, err);
}

/* What was done of the step is undone, and the change ends. */
static int give_up(struct change *change, sqlite3 *db, struct row *row, const struct err *why,
		   struct err *err)
{
	change_forget(change);
	log_warn("change: given up kind=\"%s\" error=%d cause=\"%s\"", change_word(row->form.kind),
		 why->code, why->text);
	return abandon(db, row, why->code, why->text, err);
}

/* --- of a release --- */

enum phase { PHASE_LIST, PHASE_RELEASE };

static int release_on(sqlite3 *db, const struct reference *reference, struct row *row,
		      uint64_t budget, int64_t limit_us, struct err *err)
{
	char damaged[DAMAGED_DAYS_TEXT_MAX] = "";
	struct release_counts counts;
	uint64_t work = 0;
	int64_t began_us = clock_us();
	bool lists = row->place.phase == PHASE_LIST;
	int rc = lists ? release_list(db, reference, &row->form.release, row->upto,
				      &row->place.office, budget, limit_us, &work, err)
		       : release_step(db, reference, &row->form.release, budget, limit_us, &work,
				      damaged, err);
	if (rc == 0 && lists)
		row->place.phase = PHASE_RELEASE;
	else if (rc == 0)
		row->stage = CHANGE_OVER;
	if (rc >= 0)
		rc = release_counts_read(db, &counts, err);
	if (rc < 0)
		return rc;
	row->done += (int64_t)work;
	row->spent_us += clock_us() - began_us;
	row->rows = (int64_t)counts.released;
	row->held = (int64_t)counts.kept;
	if (*damaged && !*row->text)
		row->text = damaged;
	return row_write(db, row, err);
}

static int step(struct change *change, sqlite3 *db, const struct reference *reference,
		struct row *row, uint64_t budget, int64_t limit_us, struct err *err)
{
	struct err why = { 0 };
	const struct row before = *row;
	int rc;
	if (row->form.kind == CHANGE_RELEASE)
		return release_on(db, reference, row, budget, limit_us, err);
	if (row->stage == CHANGE_SETTLING)
		return settle(db, row, budget, limit_us, err);
	rc = db_exec(db, "SAVEPOINT step", err);
	if (rc < 0)
		return rc;
	change->refused = false;
	rc = begin_again(db, row, &why);
	if (rc == 0)
		rc = prepare(change, db, row, reference->version, &why);
	if (rc == 0)
		rc = derive(change, db, row, budget, limit_us, &why);
	if (rc == 0)
		return db_exec(db, "RELEASE step", err);
	if (!change->refused)
		return err_set(err, rc, "%s", why.text);
	*row = before;
	return db_undo(db, "step", &why, err) < 0 ? err->code : give_up(change, db, row, &why, err);
}

int change_step(struct change *change, sqlite3 *db, const struct reference *reference,
		uint64_t budget, int64_t limit_us, struct err *err)
{
	struct row row;
	int rc = row_read(db, &row, err);
	bool over = rc != 1 || row.stage == CHANGE_OVER;
	if (over)
		change_forget(change);
	else
		rc = step(change, db, reference, &row, budget, limit_us, err);
	sqlite3_finalize(row.stmt);
	return rc < 0 ? rc : !over && row.stage != CHANGE_OVER;
}
