#include "support/consumer.h"

#include "common/sys/db.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char tables[] =
	"CREATE TABLE IF NOT EXISTS mark(position INTEGER NOT NULL, epoch INTEGER NOT NULL);"
	"CREATE TABLE IF NOT EXISTS figure(entry INTEGER, run INTEGER, point INTEGER,"
	"  office_id INTEGER, metric TEXT, labels TEXT, calendar TEXT, period TEXT, value TEXT,"
	"  PRIMARY KEY(entry, run, point)) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS figure_of ON"
	"  figure(office_id, metric, labels, calendar, period, entry);"
	"CREATE TABLE IF NOT EXISTS quarantine(journal, run, point, verdict, observations,"
	"  released_us, held_us);"
	"CREATE INDEX IF NOT EXISTS quarantine_of ON quarantine(journal, run);"
	"CREATE VIEW IF NOT EXISTS counting AS SELECT * FROM figure f WHERE NOT EXISTS("
	"  SELECT 1 FROM quarantine q WHERE q.journal = f.entry AND q.run = f.run"
	"  AND q.released_us IS NULL AND (q.point = -1 OR"
	"  f.point BETWEEN q.point AND q.point + q.observations - 1));"
	"CREATE VIEW IF NOT EXISTS standing AS SELECT office_id, metric, labels, calendar, period,"
	"  value FROM counting c WHERE value IS NOT NULL AND NOT EXISTS(SELECT 1 FROM counting d"
	"  WHERE d.office_id = c.office_id AND d.metric = c.metric AND d.labels = c.labels"
	"  AND d.calendar = c.calendar AND d.period = c.period"
	"  AND (d.entry, d.run) > (c.entry, c.run));";

static int failed(struct consumer *c, struct err *err)
{
	return db_err(err, c->db, "consumer");
}

static int mark_read(struct consumer *c, struct err *err)
{
	c->position = c->epoch = 0;
	int rc = db_number(c->db, "SELECT position FROM mark", &c->position, err);
	return rc == 0 ? db_number(c->db, "SELECT epoch FROM mark", &c->epoch, err) : rc;
}

int consumer_open(const char *path, struct consumer *ret_consumer, struct err *err)
{
	struct consumer c = { 0 };
	if (sqlite3_open(path, &c.db) != SQLITE_OK) {
		int rc = failed(&c, err);
		sqlite3_close(c.db);
		return rc;
	}
	int rc = db_exec(c.db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL", err);
	if (rc == 0)
		rc = db_exec(c.db, tables, err);
	if (rc == 0)
		rc = mark_read(&c, err);
	*ret_consumer = c;
	return rc;
}

void consumer_close(struct consumer *consumer)
{
	sqlite3_close(consumer->db);
}

int consumer_begin_anew(struct consumer *c, struct err *err)
{
	sqlite3_stmt *names = NULL;
	char drops[4096] = "DELETE FROM figure; DELETE FROM quarantine; DELETE FROM mark;";
	int rc = db_prepare(c->db,
			    "SELECT name FROM sqlite_master WHERE type = 'table'"
			    " AND name NOT IN ('mark', 'figure', 'quarantine')",
			    &names, err);
	while (rc == 0 && (rc = db_step(names, err)) == 1) {
		size_t len = strlen(drops);
		(void)snprintf(drops + len, sizeof(drops) - len, "DROP TABLE \"%s\";",
			       (const char *)sqlite3_column_text(names, 0));
		rc = 0;
	}
	sqlite3_finalize(names);
	if (rc == 0)
		rc = db_begin(c->db, err);
	if (rc == 0)
		rc = db_exec(c->db, drops, err);
	if (rc == 0)
		rc = db_commit(c->db, err);
	else
		db_rollback(c->db);
	return rc == 0 ? mark_read(c, err) : rc;
}

static void bind(sqlite3_stmt *stmt, int at, const json_t *value)
{
	char *dump;
	if (json_is_integer(value))
		sqlite3_bind_int64(stmt, at, json_integer_value(value));
	else if (json_is_string(value))
		sqlite3_bind_text(stmt, at, json_string_value(value), -1, SQLITE_TRANSIENT);
	else if (json_is_object(value) && (dump = json_dumps(value, JSON_COMPACT)))
		sqlite3_bind_text(stmt, at, dump, -1, free); /* a blob: as the event has it */
	else
		sqlite3_bind_null(stmt, at);
}

/* "INSERT INTO t VALUES(?,...)", or "DELETE FROM t WHERE a IS ? AND ...". */
static int row_run(struct consumer *c, const char *table, const json_t *columns, bool insert,
		   const json_t *row, struct err *err)
{
	char sql[2048];
	size_t n = json_array_size(columns), len = 0;
	len = (size_t)snprintf(sql, sizeof(sql),
			       insert ? "INSERT INTO \"%s\"(" : "DELETE FROM \"%s\" WHERE ", table);
	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(sql + len, sizeof(sql) - len,
					insert ? "%s\"%s\"" : "%s\"%s\" IS ?",
					i == 0   ? ""
					: insert ? ", "
						 : " AND ",
					json_string_value(json_array_get(columns, i)));
	if (insert) {
		len += (size_t)snprintf(sql + len, sizeof(sql) - len, ") VALUES(");
		for (size_t i = 0; i < n; i++)
			len += (size_t)snprintf(sql + len, sizeof(sql) - len, i ? ", ?" : "?");
		len += (size_t)snprintf(sql + len, sizeof(sql) - len, ")");
	}
	sqlite3_stmt *stmt = NULL;
	if (len >= sizeof(sql) || sqlite3_prepare_v2(c->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return failed(c, err);
	for (size_t i = 0; i < n; i++)
		bind(stmt, (int)i + 1, json_array_get(row, i));
	int rc = db_run(stmt, err);
	sqlite3_finalize(stmt);
	if (rc == 0 && sqlite3_changes(c->db) != 1)
		rc = err_set(err, -EBADMSG, "a change of %s names a row that is not there: %s",
			     table, sql);
	return rc;
}

static int table_take(struct consumer *c, const char *table, const json_t *rows, struct err *err)
{
	const json_t *columns = json_object_get(rows, "columns"),
		     *changes = json_object_get(rows, "changes");
	char sql[2048];
	int len = snprintf(sql, sizeof(sql), "CREATE TABLE IF NOT EXISTS \"%s\"(", table);
	for (size_t i = 0; i < json_array_size(columns); i++)
		len += snprintf(sql + len, sizeof(sql) - (size_t)len, i ? ", \"%s\"" : "\"%s\"",
				json_string_value(json_array_get(columns, i)));
	(void)snprintf(sql + len, sizeof(sql) - (size_t)len, ")");
	int rc = db_exec(c->db, sql, err);
	for (size_t i = 0; i < json_array_size(changes) && rc == 0; i++) {
		const json_t *change = json_array_get(changes, i);
		const json_t *was = json_array_get(change, 0), *is = json_array_get(change, 1);
		if (json_is_array(was))
			rc = row_run(c, table, columns, false, was, err);
		if (rc == 0 && json_is_array(is))
			rc = row_run(c, table, columns, true, is, err);
	}
	return rc;
}

static int event_take(struct consumer *c, const struct changes_item *change, struct err *err)
{
	const char *table;
	json_t *rows;
	int rc = 0;
	json_object_foreach(json_object_get(change->event.body, "rows"), table, rows) {
		if (rc == 0)
			rc = table_take(c, table, rows, err);
	}
	return rc;
}

/* Verdicts are numbers in the table, and words in the stream. */
static int verdict_number(const char *word)
{
	static const char *const words[] = {
		"ok",          "unknown_metric", "wrong_period", "wrong_labels",
		"too_precise", "out_of_range",   "future",       "not_in_force",
		"closed",      "damaged",        "older_copy",
	};
	for (int i = 0; i < (int)(sizeof(words) / sizeof(words[0])); i++)
		if (word && strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static int holds_take(struct consumer *c, const struct changes_item *change, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	size_t i;
	json_t *hold;
	int rc = db_prepare(c->db, "INSERT INTO quarantine VALUES(?, ?, ?, ?, ?, NULL, NULL)",
			    &stmt, err);
	json_array_foreach((json_t *)change->batch.holds, i, hold) {
		sqlite3_bind_int64(stmt, 1, change->batch.entry);
		bind(stmt, 2, json_array_get(hold, 0));
		bind(stmt, 3, json_array_get(hold, 1));
		sqlite3_bind_int(stmt, 4,
				 verdict_number(json_string_value(json_array_get(hold, 3))));
		bind(stmt, 5, json_array_get(hold, 2));
		rc = rc == 0 ? db_run(stmt, err) : rc;
	}
	sqlite3_finalize(stmt);
	return rc;
}

static int batch_take(struct consumer *c, const struct changes_item *change, struct err *err)
{
	struct changes_figure figure = { 0 };
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(c->db, "INSERT INTO figure VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", &stmt,
			    err);
	while (rc == 0 && (rc = changes_figure_next(change, &figure, err)) == 1) {
		sqlite3_bind_int64(stmt, 1, change->batch.entry);
		sqlite3_bind_int64(stmt, 2, (int64_t)figure.run);
		sqlite3_bind_int64(stmt, 3, (int64_t)figure.point);
		sqlite3_bind_int64(stmt, 4, change->batch.office_id);
		sqlite3_bind_text(stmt, 5, figure.metric, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 6, figure.labels, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 7, figure.calendar, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 8, figure.period, -1, SQLITE_STATIC);
		if (figure.value)
			sqlite3_bind_text(stmt, 9, figure.value, -1, SQLITE_STATIC);
		rc = db_run(stmt, err);
	}
	sqlite3_finalize(stmt);
	return rc == 0 ? holds_take(c, change, err) : rc;
}

static int page_take(struct consumer *c, const struct changes_page *page, struct err *err)
{
	char sql[160];
	int rc = 0;
	for (size_t i = 0; i < page->n && rc == 0; i++) {
		struct changes_item change;
		rc = changes_item_read(page, i, &change, err);
		if (rc == 0 && change.kind == CHANGES_DAMAGED)
			rc = err_set(err, -EUCLEAN, "%s", change.why);
		if (rc == 0)
			rc = (change.kind == CHANGES_BATCH ? batch_take : event_take)(c, &change,
										      err);
	}
	(void)snprintf(sql, sizeof(sql), "DELETE FROM mark; INSERT INTO mark VALUES(%lld, %lld)",
		       (long long)page->position, (long long)page->epoch);
	return rc == 0 ? db_exec(c->db, sql, err) : rc;
}

int consumer_take(struct consumer *c, const struct changes_page *page, struct err *err)
{
	int rc = db_begin(c->db, err);
	if (rc == 0)
		rc = page_take(c, page, err);
	if (rc == 0)
		rc = db_commit(c->db, err);
	else
		db_rollback(c->db);
	if (rc == 0) {
		c->position = page->position;
		c->epoch = page->epoch;
	}
	return rc;
}
