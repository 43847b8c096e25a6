#include "alert/alert_store.h"

#include "common/base/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS "kind, subject, since_us, fired_us, n, whole"

/* False: the row says nothing that this version knows. */
static bool row_read(sqlite3_stmt *stmt, struct alert_row *ret)
{
	struct err damaged;
	struct db_row at = { .stmt = stmt, .err = &damaged };
	struct alert_row row = {
		.number = db_row_int(&at, 0, 1, INT64_MAX),
		.at_us = db_row_int(&at, 1, INT64_MIN, INT64_MAX),
		.what = (int)db_row_int(&at, 2, ALERT_FIRED, ALERT_RESOLVED),
		.alert = { .kind = alert_kind_find(db_row_text(&at, 3)),
			   .state = ALERT_FIRING,
			   .since_us = db_row_int(&at, 5, INT64_MIN, INT64_MAX),
			   .fired_us = db_row_int(&at, 6, INT64_MIN, INT64_MAX),
			   .n = db_row_int(&at, 7, INT64_MIN, INT64_MAX),
			   .all = db_row_int(&at, 8, INT64_MIN, INT64_MAX) },
	};
	const char *subject = db_row_text(&at, 4);
	if (at.rc < 0 || row.alert.kind == ALERT_KINDS || strlen(subject) >= ALERT_SUBJECT_MAX)
		return false;
	memcpy(row.alert.subject, subject, strlen(subject) + 1);
	*ret = row;
	return true;
}

static int rows_put(sqlite3_stmt *rows,
		    int (*put)(void *context, const struct alert_row *row, struct err *err),
		    void *context, struct err *err)
{
	struct alert_row row;
	int rc = 0;
	while (rc == 0 && (rc = db_step(rows, err)) == 1)
		rc = row_read(rows, &row) ? put(context, &row, err) : 0;
	return rc;
}

int alert_store_ask(sqlite3 *db, const struct alert_question *question,
		    int (*put)(void *context, const struct alert_row *row, struct err *err),
		    void *context, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc;
	if (question->after >= 0)
		rc = db_prepare(db,
				"SELECT id, at_us, what, " COLUMNS
				" FROM alert_change WHERE id > ?1"
				" ORDER BY id LIMIT ?2",
				&rows, err);
	else if (question->since_us >= 0)
		rc = db_prepare(db,
				"SELECT id, at_us, what, " COLUMNS " FROM alert_change"
				" WHERE at_us >= ?1 ORDER BY id DESC LIMIT ?2",
				&rows, err);
	else
		rc = db_prepare(db,
				"SELECT number, fired_us, 1, " COLUMNS " FROM alert"
				" ORDER BY kind, subject",
				&rows, err);
	if (rc == 0 && sqlite3_bind_parameter_count(rows) > 0) {
		sqlite3_bind_int64(rows, 1,
				   question->after >= 0 ? question->after : question->since_us);
		sqlite3_bind_int64(rows, 2, question->most);
	}
	if (rc == 0)
		rc = rows_put(rows, put, context, err);
	sqlite3_finalize(rows);
	return rc;
}

static int list_put(void *context, const struct alert_row *row, struct err *err)
{
	struct alert_list *alerts = context;
	struct alert *list = array_room(alerts->list, alerts->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	alerts->list = list;
	alerts->list[alerts->n++] = row->alert;
	return 0;
}

static int by_order(const void *a, const void *b)
{
	const struct alert *x = a, *y = b;
	return alert_order(x->kind, x->subject, y->kind, y->subject);
}

int alert_store_load(sqlite3 *db, struct alert_list *ret_alerts, struct err *err)
{
	struct alert_list alerts = { 0 };
	int rc = alert_store_ask(db, &(struct alert_question){ .after = -1, .since_us = -1 },
				 list_put, &alerts, err);
	if (rc < 0) {
		alert_list_free(&alerts);
		return rc;
	}
	if (alerts.n > 1)
		qsort(alerts.list, alerts.n, sizeof(*alerts.list), by_order);
	*ret_alerts = alerts;
	return 0;
}

int alert_store_ends(sqlite3 *db, int64_t *ret_last, int64_t *ret_oldest, struct err *err)
{
	int64_t last = 0, oldest = 0;
	int rc = db_number(db, "SELECT id FROM alert_change ORDER BY id DESC LIMIT 1", &last, err);
	if (rc == 0)
		rc = db_number(db, "SELECT id FROM alert_change ORDER BY id LIMIT 1", &oldest, err);
	if (rc == 0) {
		*ret_last = last;
		*ret_oldest = oldest;
	}
	return rc;
}

struct keeping {
	sqlite3_stmt *log, *fires, *over;
};

static void bind(sqlite3_stmt *stmt, int at, const struct alert *alert)
{
	sqlite3_bind_text(stmt, at, alert_kind_word(alert->kind), -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, at + 1, alert->subject, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, at + 2, alert->since_us);
	sqlite3_bind_int64(stmt, at + 3, alert->fired_us);
	sqlite3_bind_int64(stmt, at + 4, alert->n);
	sqlite3_bind_int64(stmt, at + 5, alert->all);
}

static int keep_one(struct keeping *keeping, int64_t number, const struct alert_change *change,
		    struct err *err)
{
	const struct alert *alert = &change->alert;
	sqlite3_bind_int64(keeping->log, 1, number);
	sqlite3_bind_int64(keeping->log, 2, change->at_us);
	sqlite3_bind_int(keeping->log, 3, (int)change->what);
	bind(keeping->log, 4, alert);
	int rc = db_run(keeping->log, err);
	if (rc < 0)
		return rc;
	if (change->what == ALERT_FIRED) {
		sqlite3_bind_int64(keeping->fires, 1, number);
		bind(keeping->fires, 2, alert);
		return db_run(keeping->fires, err);
	}
	sqlite3_bind_text(keeping->over, 1, alert_kind_word(alert->kind), -1, SQLITE_STATIC);
	sqlite3_bind_text(keeping->over, 2, alert->subject, -1, SQLITE_STATIC);
	return db_run(keeping->over, err);
}

static int forget_old(sqlite3 *db, int64_t last, struct err *err)
{
	sqlite3_stmt *forget = NULL;
	int rc = db_prepare(db, "DELETE FROM alert_change WHERE id <= ?1", &forget, err);
	if (rc == 0) {
		sqlite3_bind_int64(forget, 1, last - ALERT_KEPT);
		rc = db_run(forget, err);
	}
	sqlite3_finalize(forget);
	return rc;
}

int alert_store_keep(sqlite3 *db, const struct alert_change_list *changes, int64_t *ret_last,
		     struct err *err)
{
	struct keeping keeping = { 0 };
	int64_t last = 0, oldest;
	int rc = alert_store_ends(db, &last, &oldest, err);
	if (rc == 0)
		rc = db_prepare(db,
				"INSERT INTO alert_change(id, at_us, what, " COLUMNS ") VALUES"
				"(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
				&keeping.log, err);
	if (rc == 0)
		rc = db_prepare(db,
				"INSERT OR REPLACE INTO alert(number, " COLUMNS ") VALUES"
				"(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
				&keeping.fires, err);
	if (rc == 0)
		rc = db_prepare(db, "DELETE FROM alert WHERE kind = ?1 AND subject = ?2",
				&keeping.over, err);
	for (size_t i = 0; i < changes->n && rc == 0; i++)
		rc = keep_one(&keeping, ++last, &changes->list[i], err);
	sqlite3_finalize(keeping.log);
	sqlite3_finalize(keeping.fires);
	sqlite3_finalize(keeping.over);
	if (rc == 0)
		rc = forget_old(db, last, err);
	if (rc == 0)
		*ret_last = last;
	return rc;
}
