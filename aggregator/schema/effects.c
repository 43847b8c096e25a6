#include "schema/effects.h"

#include "common/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct ledger_table ledger_tables[] = {
	{ "unit", MOVES_REFERENCE, false },
	{ "successor", MOVES_REFERENCE, false },
	{ "catalogue", MOVES_REFERENCE, false },
	{ "indicators", MOVES_REFERENCE, false },
	{ "dimensions", MOVES_REFERENCE, false },
	{ "rules", MOVES_REFERENCE, false },
	{ "days_off", MOVES_REFERENCE, false },
	{ "office", MOVES_REFERENCE, false },
	{ "assignment", MOVES_REFERENCE, false },
	{ "closing", MOVES_REFERENCE, false },
	{ "excuse", MOVES_REFERENCE, false },
	{ "office_key", 0, false },
	{ "publication", 0, false },
	{ "message", 0, false },
	{ "token", 0, false },
	{ "hand", 0, false },
	{ "map", 0, false },
	{ "quarantine", MOVES_QUARANTINE, false },
	{ "quarantine_past", MOVES_QUARANTINE, false },
	{ "arrival", 0, true },
};
const size_t n_ledger_tables = sizeof(ledger_tables) / sizeof(ledger_tables[0]);

/* --- watching --- */

/* {key: "00ff..."}; NULL: out of memory. */
static json_t *hex_object(const char *key, const char *bytes, size_t len)
{
	char *hex = malloc(2 * len + 1);
	json_t *object = NULL;
	if (hex)
		object = json_pack(
			"{s:s}", key,
			sodium_bin2hex(hex, 2 * len + 1, (const unsigned char *)bytes, len));
	free(hex);
	return object;
}

/* @value, which goes. */
static void json_result(sqlite3_context *context, json_t *value)
{
	char *dump = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	json_decref(value);
	if (dump)
		sqlite3_result_text(context, dump, -1, free);
	else
		sqlite3_result_error_nomem(context);
}

/* effect_blob(x): a blob as JSON. effect_text(x): a text; of what a disk damaged, its bytes. */
static void on_value(sqlite3_context *context, int n, sqlite3_value **values)
{
	const bool *is_text = sqlite3_user_data(context);
	const char *bytes = sqlite3_value_blob(values[0]);
	size_t len = (size_t)sqlite3_value_bytes(values[0]);
	(void)n; /* SQLite sees to it */
	if (sqlite3_value_type(values[0]) == SQLITE_NULL) {
		sqlite3_result_text(context, "null", -1, SQLITE_STATIC);
		return;
	}
	json_t *text = len == 0 ? json_string("")
		       : memchr(bytes, '\0', len) == NULL && utf8_valid(bytes, len)
			       ? json_stringn(bytes, len)
			       : NULL;
	if (*is_text) {
		json_result(context, text ? text : hex_object("damaged", bytes, len));
	} else if (text && len > 0) {
		json_result(context, json_pack("{s:o}", "text", text));
	} else {
		json_decref(text);
		json_result(context, hex_object("hex", bytes, len));
	}
}

struct effects {
	bool paused;
};

#define EFFECTS_POINTER "struct effects **"

/* effects_paused(): are they? With a pointer that effects_of() binds: where that is known. */
static void on_paused(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct effects *effects = sqlite3_user_data(context);
	struct effects **ret = n == 1 ? sqlite3_value_pointer(values[0], EFFECTS_POINTER) : NULL;
	if (ret)
		*ret = effects;
	sqlite3_result_int(context, effects->paused);
}

int effects_of(sqlite3 *db, struct effects **ret_effects, struct err *err)
{
	struct effects *effects = NULL;
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT effects_paused(?)", &stmt, err);
	if (rc == 0) {
		sqlite3_bind_pointer(stmt, 1, &effects, EFFECTS_POINTER, NULL);
		rc = db_step(stmt, err);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	if (rc < 0)
		return rc;
	assert(effects);
	*ret_effects = effects;
	return 0;
}

void effects_pause(struct effects *effects, bool pause)
{
	if (effects)
		effects->paused = pause;
}

/* Append "new.id,json(effect_blob(new.csv)),...": the table's columns in @row, which is new, old or
 * the table itself. */
static int columns_write(sqlite3 *db, const char *table, const char *row, sqlite3_str *sql,
			 struct err *err)
{
	sqlite3_stmt *columns = NULL;
	int rc = db_prepare(db, "SELECT name, type FROM pragma_table_info(?) ORDER BY cid",
			    &columns, err);
	if (rc == 0)
		sqlite3_bind_text(columns, 1, table, -1, SQLITE_STATIC);
	for (bool first = true; rc == 0 && (rc = db_step(columns, err)) == 1; first = false) {
		struct db_row cells = { columns, err, 0 };
		const char *name = db_row_text(&cells, 0);
		const char *type = db_row_text(&cells, 1);
		sqlite3_str_appendall(sql, first ? "" : ",");
		if (strcmp(type, "INTEGER") != 0)
			sqlite3_str_appendf(sql, "json(effect_%s(%s.%s))",
					    strcmp(type, "BLOB") == 0 ? "blob" : "text", row, name);
		else /* a disk can put anything there, and json_array() takes no blob */
			sqlite3_str_appendf(sql,
					    "iif(typeof(%s.%s) IN ('integer', 'null'), %s.%s,"
					    " json(effect_text(%s.%s)))",
					    row, name, row, name, row, name);
		rc = cells.rc;
	}
	(void)sqlite3_finalize(columns); /* repeats the error that step told */
	return rc;
}

/* "json_array(...)", or NULL where there is no such row. */
static int row_write(sqlite3 *db, const char *table, const char *row, sqlite3_str *sql,
		     struct err *err)
{
	if (!row) {
		sqlite3_str_appendall(sql, "NULL");
		return 0;
	}
	sqlite3_str_appendall(sql, "json_array(");
	int rc = columns_write(db, table, row, sql, err);
	sqlite3_str_appendall(sql, ")");
	return rc;
}

/* Run what was written, unless @rc says why it is not whole. */
static int written_run(sqlite3 *db, sqlite3_str *sql, int rc, struct err *err)
{
	char *text = sqlite3_str_finish(sql);
	if (rc == 0)
		rc = text ? db_exec(db, text, err) : err_memory(err);
	sqlite3_free(text);
	return rc;
}

static int trigger_make(sqlite3 *db, size_t table, const char *what, const char *was,
			const char *is, struct err *err)
{
	const char *name = ledger_tables[table].name;
	sqlite3_str *sql = sqlite3_str_new(db);
	sqlite3_str_appendf(sql,
			    "CREATE TEMP TRIGGER effect_%s_%s AFTER %s ON main.%s"
			    " WHEN NOT effects_paused() BEGIN"
			    " INSERT INTO effect(of, was, becomes) SELECT %d, w, b FROM (SELECT ",
			    name, what, what, name, (int)table);
	int rc = row_write(db, name, was, sql, err);
	sqlite3_str_appendall(sql, " AS w,");
	if (rc == 0)
		rc = row_write(db, name, is, sql, err);
	sqlite3_str_appendall(sql, " AS b) WHERE w IS NOT b; END");
	return written_run(db, sql, rc, err);
}

static int triggers_make(sqlite3 *db, size_t table, struct err *err)
{
	/* nobody deletes a day; OR IGNORE would give way to what the outer statement says */
	if (ledger_tables[table].days)
		return db_exec(db,
			       "CREATE TEMP TRIGGER effect_day_new AFTER INSERT ON main.arrival"
			       " WHEN NOT effects_paused() BEGIN"
			       " INSERT INTO effect_day SELECT new.day WHERE new.day NOT IN "
			       "effect_day; END;"
			       "CREATE TEMP TRIGGER effect_day_again AFTER UPDATE ON main.arrival"
			       " WHEN NOT effects_paused() BEGIN"
			       " INSERT INTO effect_day SELECT new.day WHERE new.day NOT IN "
			       "effect_day; END",
			       err);
	int rc = trigger_make(db, table, "INSERT", NULL, "new", err);
	if (rc == 0)
		rc = trigger_make(db, table, "UPDATE", "old", "new", err);
	return rc < 0 ? rc : trigger_make(db, table, "DELETE", "old", NULL, err);
}

int effects_watch(sqlite3 *db, struct err *err)
{
	static const int pure = SQLITE_UTF8 | SQLITE_INNOCUOUS;
	static bool blob = false, text = true;
	int64_t watched = 0;
	if (db_number(db, "SELECT count(*) FROM temp.sqlite_schema WHERE name = 'effect'", &watched,
		      err) < 0 ||
	    watched > 0)
		return watched > 0 ? 0 : err->code;
	struct effects *effects = calloc(1, sizeof(*effects));
	if (!effects)
		return err_memory(err);
	if (sqlite3_create_function_v2(db, "effects_paused", -1, pure, effects, on_paused, NULL,
				       NULL, free) != SQLITE_OK ||
	    sqlite3_create_function_v2(db, "effect_blob", 1, pure | SQLITE_DETERMINISTIC, &blob,
				       on_value, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_create_function_v2(db, "effect_text", 1, pure | SQLITE_DETERMINISTIC, &text,
				       on_value, NULL, NULL, NULL) != SQLITE_OK)
		return db_err(err, db, "watch what changes");
	/* recursive: a row that another replaces is dropped, which is to be taken down too */
	int rc = db_exec(db,
			 "PRAGMA recursive_triggers=ON;"
			 "CREATE TEMP TABLE effect(id INTEGER PRIMARY KEY, of INTEGER NOT NULL,"
			 " was TEXT, becomes TEXT);"
			 "CREATE TEMP TABLE effect_day(day INTEGER PRIMARY KEY)",
			 err);
	for (size_t i = 0; i < n_ledger_tables && rc == 0; i++)
		rc = triggers_make(db, i, err);
	return rc < 0 ? err_wrap(err, "watch what changes") : 0;
}

int effects_any(sqlite3 *db, bool *ret_any, struct err *err)
{
	int64_t any = 0;
	int rc = db_number(db, "SELECT EXISTS(SELECT 1 FROM temp.effect)", &any, err);
	*ret_any = any != 0;
	return rc;
}

int effects_note_all(sqlite3 *db, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < n_ledger_tables && rc == 0; i++) {
		const char *name = ledger_tables[i].name;
		sqlite3_str *sql = sqlite3_str_new(db);
		sqlite3_str_appendf(sql, "INSERT INTO effect(of, becomes) SELECT %d,", (int)i);
		rc = row_write(db, name, name, sql, err);
		sqlite3_str_appendf(sql, " FROM main.%s", name);
		rc = written_run(db, sql, rc, err);
	}
	return rc;
}

/* --- taking --- */

static int text_append(struct blob *text, const char *more, struct err *err)
{
	return blob_append(text, more, strlen(more)) < 0 ? err_memory(err) : 0;
}

/* A row that was changed: "[was,is]". Both are texts of JSON already, and nobody takes them apart:
 * a switch may hold a million rows. */
static int effect_add(sqlite3_stmt *row, struct blob *changes, struct err *err)
{
	int rc = text_append(changes, changes->len > 0 ? ",[" : "[", err);
	for (int column = 2; column <= 3 && rc == 0; column++) {
		const char *side = (const char *)sqlite3_column_text(row, column);
		bool none = sqlite3_column_type(row, column) == SQLITE_NULL;
		rc = none || side ? text_append(changes, none ? "null" : side, err)
				  : err_memory(err);
		if (rc == 0)
			rc = text_append(changes, column == 2 ? "," : "]", err);
	}
	return rc;
}

/* "name":{"changes":[...],"columns":[...]} */
static int table_write(sqlite3 *db, const char *name, const struct blob *changes, struct blob *text,
		       struct err *err)
{
	sqlite3_stmt *columns = NULL;
	int rc = db_prepare(db,
			    "SELECT '\"' || ?1 || '\":{\"changes\":[',"
			    " '],\"columns\":' || json_group_array(name) || '}' FROM"
			    " (SELECT name FROM pragma_table_info(?1) ORDER BY cid)",
			    &columns, err);
	if (rc == 0)
		sqlite3_bind_text(columns, 1, name, -1, SQLITE_STATIC);
	if (rc == 0)
		rc = db_step(columns, err);
	if (rc == 1)
		rc = text_append(text, (const char *)sqlite3_column_text(columns, 0), err);
	if (rc == 0 && blob_append(text, changes->data, changes->len) < 0)
		rc = err_memory(err);
	if (rc == 0)
		rc = text_append(text, (const char *)sqlite3_column_text(columns, 1), err);
	(void)sqlite3_finalize(columns); /* repeats the error that step told */
	return rc;
}

/* {"assignment":...,"office":...}: in the order of their names. */
static int tables_write(sqlite3 *db, const struct blob changes[], struct blob *text,
			struct err *err)
{
	const char *last = "";
	int rc = text_append(text, "{", err);
	while (rc == 0) {
		size_t next = n_ledger_tables;
		for (size_t i = 0; i < n_ledger_tables; i++)
			if (changes[i].len > 0 && strcmp(ledger_tables[i].name, last) > 0 &&
			    (next == n_ledger_tables ||
			     strcmp(ledger_tables[i].name, ledger_tables[next].name) < 0))
				next = i;
		if (next == n_ledger_tables)
			break;
		if (*last)
			rc = text_append(text, ",", err);
		last = ledger_tables[next].name;
		if (rc == 0)
			rc = table_write(db, last, &changes[next], text, err);
	}
	return rc < 0 ? rc : text_append(text, "}", err);
}

static int taken_forget(sqlite3 *db, int64_t last, struct err *err)
{
	sqlite3_stmt *forget = NULL;
	int rc = db_prepare(db, "DELETE FROM temp.effect WHERE id <= ?", &forget, err);
	if (rc == 0) {
		sqlite3_bind_int64(forget, 1, last);
		rc = db_run(forget, err);
	}
	(void)sqlite3_finalize(forget); /* repeats the error that run told */
	return rc;
}

/* Of @changes, a text for each table. */
static int changes_take(sqlite3 *db, size_t bytes, struct blob changes[], int64_t *ret_moves,
			struct err *err)
{
	sqlite3_stmt *effects = NULL;
	int64_t last = 0, moves = 0;
	size_t taken = 0;
	int rc = db_prepare(db, "SELECT id, of, was, becomes FROM temp.effect ORDER BY id",
			    &effects, err);
	while (rc == 0 && taken < bytes && (rc = db_step(effects, err)) == 1) {
		size_t of = (size_t)sqlite3_column_int64(effects, 1);
		size_t before = changes[of].len;
		last = sqlite3_column_int64(effects, 0);
		moves |= ledger_tables[of].moves;
		rc = effect_add(effects, &changes[of], err);
		taken += changes[of].len - before;
	}
	(void)sqlite3_finalize(effects); /* repeats the error that step told */
	if (rc < 0)
		return rc;
	*ret_moves = moves;
	return last > 0 ? taken_forget(db, last, err) : 0;
}

int effects_take(sqlite3 *db, size_t bytes, struct blob *ret, int64_t *ret_moves, struct err *err)
{
	struct blob *changes = calloc(n_ledger_tables, sizeof(*changes)), text = { 0 };
	int64_t moves = 0;
	bool any = false;
	int rc = changes ? changes_take(db, bytes, changes, &moves, err) : err_memory(err);
	for (size_t i = 0; changes && i < n_ledger_tables; i++)
		any |= changes[i].len > 0;
	if (rc == 0 && any)
		rc = tables_write(db, changes, &text, err);
	for (size_t i = 0; changes && i < n_ledger_tables; i++)
		blob_free(&changes[i]);
	free(changes);
	if (rc < 0) {
		blob_free(&text);
		return rc;
	}
	*ret = text;
	*ret_moves = moves;
	return 0;
}

static int range_append(json_t *ranges, int64_t first, int64_t last, struct err *err)
{
	return json_array_append_new(ranges,
				     json_pack("[I,I]", (json_int_t)first, (json_int_t)last)) < 0
		       ? err_memory(err)
		       : 0;
}

int effects_take_days(sqlite3 *db, json_t **ret, struct err *err)
{
	sqlite3_stmt *days = NULL;
	json_t *ranges = json_array();
	int64_t first = 0, last = 0;
	bool any = false;
	int rc = ranges ? db_prepare(db, "SELECT day FROM temp.effect_day ORDER BY day", &days, err)
			: err_memory(err);
	while (rc == 0 && (rc = db_step(days, err)) == 1) {
		int64_t day = sqlite3_column_int64(days, 0);
		rc = any && day != last + 1 ? range_append(ranges, first, last, err) : 0;
		if (!any || day != last + 1)
			first = day;
		last = day;
		any = true;
	}
	(void)sqlite3_finalize(days); /* repeats the error that step told */
	if (rc == 0 && any)
		rc = range_append(ranges, first, last, err);
	if (rc == 0 && any)
		rc = db_exec(db, "DELETE FROM temp.effect_day", err);
	if (rc < 0 || !any) {
		json_decref(ranges);
		ranges = NULL;
	}
	if (rc == 0)
		*ret = ranges;
	return rc;
}

/* --- putting --- */

struct putting { /* rows of one table */
	sqlite3_stmt *insert, *remove;
	const json_t *columns;
	size_t key[8], n_key; /* columns of the primary key */
};

static const struct ledger_table *table_find(const char *name)
{
	for (size_t i = 0; i < n_ledger_tables; i++)
		if (strcmp(ledger_tables[i].name, name) == 0)
			return &ledger_tables[i];
	return NULL;
}

static int unfit(const char *table, struct err *err)
{
	return err_set(err, -EUCLEAN, "its rows of %s do not fit what is there", table);
}

/* What can be text of a statement: names as our schema has them. */
static bool is_name(const char *text)
{
	return text && *text && strspn(text, "abcdefghijklmnopqrstuvwxyz_") == strlen(text);
}

/* Which of @columns is called @name; their number when none is. */
static size_t column_find(const json_t *columns, const char *name)
{
	size_t i = 0;
	while (i < json_array_size(columns) &&
	       strcmp(json_string_value(json_array_get(columns, i)), name) != 0)
		i++;
	return i;
}

static int key_find(struct putting *p, sqlite3 *db, const char *table, struct err *err)
{
	sqlite3_stmt *names = NULL;
	int rc = db_prepare(db, "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk",
			    &names, err);
	if (rc == 0)
		sqlite3_bind_text(names, 1, table, -1, SQLITE_STATIC);
	while (rc == 0 && (rc = db_step(names, err)) == 1) {
		size_t at = column_find(p->columns, (const char *)sqlite3_column_text(names, 0));
		bool fits = at < json_array_size(p->columns) &&
			    p->n_key < sizeof(p->key) / sizeof(p->key[0]);
		rc = fits ? 0 : unfit(table, err);
		if (fits)
			p->key[p->n_key++] = at;
	}
	(void)sqlite3_finalize(names); /* repeats the error that step told */
	return rc;
}

static int statement_make(sqlite3 *db, sqlite3_str *sql, sqlite3_stmt **ret, struct err *err)
{
	char *text = sqlite3_str_finish(sql);
	int rc = text ? db_prepare(db, text, ret, err) : err_memory(err);
	sqlite3_free(text);
	return rc;
}

static int statements_make(struct putting *p, sqlite3 *db, const char *table, struct err *err)
{
	sqlite3_str *insert = sqlite3_str_new(db), *remove = sqlite3_str_new(db);
	size_t n = json_array_size(p->columns);
	sqlite3_str_appendf(insert, "INSERT INTO %s(", table);
	for (size_t i = 0; i < n; i++)
		sqlite3_str_appendf(insert, "%s%s", i ? "," : "",
				    json_string_value(json_array_get(p->columns, i)));
	sqlite3_str_appendall(insert, ") VALUES(");
	for (size_t i = 0; i < n; i++)
		sqlite3_str_appendall(insert, i ? ",?" : "?");
	sqlite3_str_appendall(insert, ")");
	sqlite3_str_appendf(remove, "DELETE FROM %s WHERE ", table);
	for (size_t i = 0; i < p->n_key; i++)
		sqlite3_str_appendf(remove, "%s%s = ?", i ? " AND " : "",
				    json_string_value(json_array_get(p->columns, p->key[i])));
	int rc = statement_make(db, insert, &p->insert, err);
	struct err other;
	int removes = statement_make(db, remove, &p->remove, rc == 0 ? err : &other);
	return rc < 0 ? rc : removes;
}

static int putting_open(struct putting *p, sqlite3 *db, const char *table, const json_t *columns,
			struct err *err)
{
	size_t i;
	json_t *column;
	p->columns = columns;
	json_array_foreach((json_t *)columns, i, column)
		if (!is_name(json_string_value(column)))
			return unfit(table, err);
	int rc = key_find(p, db, table, err);
	if (rc == 0 && p->n_key == 0)
		rc = unfit(table, err);
	return rc < 0 ? rc : statements_make(p, db, table, err);
}

/* A blob, or a text that is damaged. */
static int bytes_bind(sqlite3_stmt *stmt, int at, const json_t *value)
{
	const char *text = json_string_value(json_object_get(value, "text"));
	const char *damaged = json_string_value(json_object_get(value, "damaged"));
	const char *hex = damaged ? damaged : json_string_value(json_object_get(value, "hex"));
	if (text)
		return sqlite3_bind_blob64(stmt, at, text, strlen(text), SQLITE_TRANSIENT);
	size_t len = hex ? strlen(hex) : 1;
	unsigned char *bytes = len % 2 == 0 ? malloc(len / 2 + 1) : NULL;
	if (!bytes)
		return SQLITE_MISMATCH;
	size_t got = 0;
	if (sodium_hex2bin(bytes, len / 2, hex, len, NULL, &got, NULL) < 0 || got != len / 2) {
		free(bytes);
		return SQLITE_MISMATCH;
	}
	return damaged ? sqlite3_bind_text64(stmt, at, (char *)bytes, got, free, SQLITE_UTF8)
		       : sqlite3_bind_blob64(stmt, at, bytes, got, free);
}

static int value_bind(sqlite3_stmt *stmt, int at, const json_t *value)
{
	if (json_is_integer(value))
		return sqlite3_bind_int64(stmt, at, json_integer_value(value));
	if (json_is_string(value))
		return sqlite3_bind_text(stmt, at, json_string_value(value),
					 (int)json_string_length(value), SQLITE_TRANSIENT);
	if (json_is_object(value))
		return bytes_bind(stmt, at, value);
	return json_is_null(value) ? sqlite3_bind_null(stmt, at) : SQLITE_MISMATCH;
}

/* Whoever takes a row away, or puts one in the place of another, names one that is there. */
static int change_put(struct putting *p, sqlite3 *db, const char *table, const json_t *change,
		      struct err *err)
{
	const json_t *was = json_array_get(change, 0), *is = json_array_get(change, 1);
	size_t n = json_array_size(p->columns);
	int code = SQLITE_OK, rc = 0;
	if (json_is_array(was)) {
		for (size_t i = 0; i < p->n_key && code == SQLITE_OK; i++)
			code = value_bind(p->remove, (int)i + 1, json_array_get(was, p->key[i]));
		rc = code == SQLITE_OK ? db_run(p->remove, err) : unfit(table, err);
		if (rc == 0 && sqlite3_changes(db) != 1)
			rc = unfit(table, err);
	}
	if (rc < 0 || !json_is_array(is))
		return rc < 0 || json_is_null(is) ? rc : unfit(table, err);
	if (json_array_size(is) != n)
		return unfit(table, err);
	for (size_t i = 0; i < n && code == SQLITE_OK; i++)
		code = value_bind(p->insert, (int)i + 1, json_array_get(is, i));
	return code == SQLITE_OK ? db_run(p->insert, err) : unfit(table, err);
}

static int table_put(sqlite3 *db, const char *table, const json_t *rows, struct err *err)
{
	struct putting p = { 0 };
	size_t i;
	json_t *change;
	int rc = putting_open(&p, db, table, json_object_get(rows, "columns"), err);
	json_array_foreach(json_object_get(rows, "changes"), i, change) {
		if (rc < 0)
			break;
		rc = change_put(&p, db, table, change, err);
	}
	sqlite3_finalize(p.insert); /* these repeat an error told before */
	sqlite3_finalize(p.remove);
	return rc;
}

int effects_put(sqlite3 *db, const json_t *rows, int moves, struct err *err)
{
	const char *name;
	json_t *table;
	json_object_foreach((json_t *)rows, name, table) {
		const struct ledger_table *known = table_find(name);
		int rc = !known ? err_set(err, -EUCLEAN,
					  "it changes '%s', which this version does not know: a "
					  "later one wrote it",
					  name)
			 : moves == 0 || (known->moves & moves) != 0
				 ? table_put(db, name, table, err)
				 : 0;
		if (rc < 0)
			return rc;
	}
	return 0;
}
