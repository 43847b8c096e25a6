#include "support/tampering.h"

#include "common/sys/db.h"
#include "schema/event.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static sqlite3_stmt *prepared(struct testbed *testbed, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	if (db_prepare(testbed->db, sql, &stmt, &testbed->err) < 0)
		fail_msg("%s: %s", testbed->err.text, sql);
	return stmt;
}

static const char *text_of(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);
	return text ? text : "";
}

static void columns_read(struct testbed *testbed, struct tampered_table *table)
{
	sqlite3_stmt *rows =
		prepared(testbed, "SELECT name, type, \"notnull\" = 0 AND pk = 0, pk > 0,"
				  " pk > 0 AND pk = max(pk) OVER (), EXISTS(SELECT 1 FROM"
				  " pragma_index_list(?1) l, pragma_index_info(l.name) i"
				  " WHERE l.\"unique\" AND i.name = c.name)"
				  " FROM pragma_table_info(?1) c ORDER BY cid");
	sqlite3_bind_text(rows, 1, table->name, -1, SQLITE_STATIC);
	while (db_step(rows, &testbed->err) == 1) {
		assert_true(table->n < TAMPERING_COLUMNS_MAX);
		table->columns[table->n++] =
			(struct tampered_column){ .name = sqlite3_mprintf("%s", text_of(rows, 0)),
						  .type = sqlite3_mprintf("%s", text_of(rows, 1)),
						  .nullable = sqlite3_column_int(rows, 2) != 0,
						  .key = sqlite3_column_int(rows, 3) != 0,
						  .last_key = sqlite3_column_int(rows, 4) != 0,
						  .unique = sqlite3_column_int(rows, 5) != 0 };
	}
	sqlite3_finalize(rows);
	rows = prepared(testbed, "SELECT group_concat(name, ', ') FROM (SELECT name FROM"
				 " pragma_table_info(?) WHERE pk > 0 ORDER BY pk)");
	sqlite3_bind_text(rows, 1, table->name, -1, SQLITE_STATIC);
	assert_int_equal(db_step(rows, &testbed->err), 1);
	table->key = sqlite3_mprintf("%s", text_of(rows, 0));
	assert_string_not_equal(table->key, ""); /* each row can be named */
	sqlite3_finalize(rows);
}

void tampered_content(struct testbed *testbed, const struct tampered_table *table,
		      uint8_t ret[CHAIN_LEN])
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, CHAIN_LEN);
	char *sql = sqlite3_mprintf("SELECT * FROM %s%s ORDER BY %s", table->name,
				    strcmp(table->name, "fact") == 0
					    ? " WHERE name <> 'reference_version'"
				    : strcmp(table->name, "change_under_way") == 0 ? " WHERE 0"
										   : "",
				    table->key);
	sqlite3_stmt *rows = prepared(testbed, sql);
	while (db_step(rows, &testbed->err) == 1)
		for (int i = 0; i < sqlite3_column_count(rows); i++) {
			int cell[2] = { sqlite3_column_type(rows, i) };
			const void *bytes = cell[0] == SQLITE_BLOB ? sqlite3_column_blob(rows, i)
								   : sqlite3_column_text(rows, i);
			cell[1] = sqlite3_column_bytes(rows, i);
			crypto_generichash_update(&state, (const uint8_t *)cell, sizeof(cell));
			crypto_generichash_update(&state, bytes, (unsigned long long)cell[1]);
		}
	sqlite3_finalize(rows);
	sqlite3_free(sql);
	crypto_generichash_final(&state, ret, CHAIN_LEN);
}

void tampering_open(struct tampering *ret_tampering, struct testbed *testbed)
{
	struct tampering *t = ret_tampering;
	*t = (struct tampering){ .testbed = testbed };
	testbed_exec(testbed, "PRAGMA foreign_keys=OFF");
	sqlite3_stmt *tables = prepared(t->testbed, "SELECT name FROM sqlite_schema WHERE type ="
						    " 'table' AND name NOT LIKE 'sqlite_%'"
						    " ORDER BY name");
	while (db_step(tables, &t->testbed->err) == 1) {
		assert_true(t->n < TAMPERING_TABLES_MAX);
		struct tampered_table *table = &t->tables[t->n++];
		table->name = sqlite3_mprintf("%s", text_of(tables, 0));
		columns_read(t->testbed, table);
		char *sql = sqlite3_mprintf("SELECT count(*) FROM %s", table->name);
		table->rows = testbed_number(t->testbed, sql);
		sqlite3_free(sql);
		tampered_content(t->testbed, table, table->content);
	}
	sqlite3_finalize(tables);
}

void tampering_close(struct tampering *tampering)
{
	struct tampering *t = tampering;
	for (size_t i = 0; i < t->n; i++) {
		for (size_t k = 0; k < t->tables[i].n; k++) {
			sqlite3_free(t->tables[i].columns[k].name);
			sqlite3_free(t->tables[i].columns[k].type);
		}
		sqlite3_free(t->tables[i].name);
		sqlite3_free(t->tables[i].key);
	}
}

/* --- a case --- */

bool tamper_begin(struct testbed *testbed, const char *sql)
{
	testbed_exec(testbed, "BEGIN");
	int64_t before = testbed_number(testbed, "SELECT total_changes()");
	testbed_pause(testbed, true);
	int code = sqlite3_exec(testbed->db, sql, NULL, NULL, NULL);
	if (code != SQLITE_OK && (code & 0xff) != SQLITE_CONSTRAINT)
		fail_msg("%s: %s", sqlite3_errmsg(testbed->db), sql);
	testbed_pause(testbed, false);
	if (code == SQLITE_OK && testbed_number(testbed, "SELECT total_changes()") > before)
		return true;
	testbed_exec(testbed, "ROLLBACK");
	return false;
}

void tamper_end(struct testbed *testbed)
{
	testbed_exec(testbed, "ROLLBACK");
}

/* --- cases --- */

const char *tampered_key(struct testbed *testbed, const struct tamper_case *tampered,
			 char ret[TAMPERED_KEY_MAX])
{
	const struct tampered_table *table = tampered->table;
	char *sql = sqlite3_mprintf("SELECT %s FROM %s ORDER BY %s LIMIT 1 OFFSET %lld", table->key,
				    table->name, table->key, (long long)tampered->row);
	sqlite3_stmt *stmt = prepared(testbed, sql);
	assert_int_equal(db_step(stmt, &testbed->err), 1);
	(void)snprintf(ret, TAMPERED_KEY_MAX, "%.63s", text_of(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_free(sql);
	return ret;
}

/* "(a, b) = (SELECT a, b ...)": the row of that number. */
static char *row_where(const struct tampered_table *table, int64_t row)
{
	return sqlite3_mprintf("(%s) = (SELECT %s FROM %s ORDER BY %s LIMIT 1 OFFSET %lld)",
			       table->key, table->key, table->name, table->key, (long long)row);
}

/* One more, one letter or one byte another, something where nothing was. */
static char *changed_value(const struct tampered_column *column, int by)
{
	const char *c = column->name;
	const char *fresh = strcmp(column->type, "TEXT") == 0   ? "'x'"
			    : strcmp(column->type, "BLOB") == 0 ? "x'61'"
								: "1";
	return sqlite3_mprintf(
		"CASE typeof(%s) WHEN 'integer' THEN %s + (%d) WHEN 'text' THEN iif(%s = '',"
		" 'x', substr(%s, 1, length(%s) - 1) || iif(substr(%s, -1) = 'x', 'y', 'x'))"
		" WHEN 'blob' THEN iif(length(%s) = 0, x'61', CAST(substr(%s, 1, length(%s)"
		" / 2) || iif(substr(%s, length(%s) / 2 + 1, 1) = x'61', x'62', x'61') ||"
		" substr(%s, length(%s) / 2 + 2) AS BLOB)) ELSE %s END",
		c, c, by, c, c, c, c, c, c, c, c, c, c, c, fresh);
}

/* Tries @sql, which goes. */
static bool tried(struct tamper_case *tampered, on_tamper *on, void *context, const char *how,
		  char *sql)
{
	tampered->how = how;
	tampered->sql = sql;
	bool taken = on(context, tampered);
	sqlite3_free(sql);
	return taken;
}

static void cell_cases(struct tamper_case *tampered, on_tamper *on, void *context)
{
	static const int by[] = { 1, -1, 1000003 };
	const struct tampered_table *table = tampered->table;
	char *where = row_where(table, tampered->row);
	for (size_t i = 0; i < table->n; i++) {
		const struct tampered_column *column = &table->columns[i];
		bool taken = false;
		tampered->column = column->name;
		for (size_t k = 0; k < sizeof(by) / sizeof(by[0]) && !taken; k++) {
			char *value = changed_value(column, by[k]);
			taken = tried(tampered, on, context, "changed",
				      sqlite3_mprintf("UPDATE %s SET %s = %s WHERE %s", table->name,
						      column->name, value, where));
			sqlite3_free(value);
		}
		if (column->nullable)
			(void)tried(tampered, on, context, "taken away",
				    sqlite3_mprintf("UPDATE %s SET %s = NULL WHERE %s AND %s IS NOT"
						    " NULL",
						    table->name, column->name, where,
						    column->name));
	}
	tampered->column = NULL;
	sqlite3_free(where);
}

/* A copy of the row, of another key; and where that is not enough for it to be another, of other
 * texts. */
static void added_case(struct tamper_case *tampered, on_tamper *on, void *context)
{
	const struct tampered_table *table = tampered->table;
	bool taken = false;
	for (unsigned deep = 0; deep < 2 && !taken; deep++) {
		sqlite3_str *sql = sqlite3_str_new(NULL);
		char *where = row_where(table, tampered->row);
		sqlite3_str_appendf(sql, "INSERT INTO %s SELECT", table->name);
		for (size_t i = 0; i < table->n; i++) {
			const struct tampered_column *column = &table->columns[i];
			bool other = column->last_key || (deep && column->unique);
			char *value = other ? changed_value(column, 1000003)
					    : sqlite3_mprintf("%s", column->name);
			sqlite3_str_appendf(sql, "%s %s", i ? "," : "", value);
			sqlite3_free(value);
		}
		sqlite3_str_appendf(sql, " FROM %s WHERE %s", table->name, where);
		taken = tried(tampered, on, context, "copied", sqlite3_str_finish(sql));
		sqlite3_free(where);
	}
}

/* What the first and the last row say besides their keys, exchanged: by way of a third table. */
static void swapped_case(struct tamper_case *tampered, on_tamper *on, void *context)
{
	const struct tampered_table *table = tampered->table;
	size_t n_keys = 0;
	for (size_t i = 0; i < table->n; i++)
		n_keys += table->columns[i].key;
	if (table->rows < 2 || n_keys == table->n) /* it says nothing besides its keys */
		return;
	char *first = row_where(table, 0), *last = row_where(table, table->rows - 1);
	sqlite3_str *sql = sqlite3_str_new(NULL);
	sqlite3_str_appendf(sql,
			    "CREATE TEMP TABLE pair AS SELECT * FROM %s WHERE %s OR %s;"
			    "DELETE FROM %s WHERE (%s) IN (SELECT %s FROM pair);"
			    "INSERT INTO %s SELECT",
			    table->name, first, last, table->name, table->key, table->key,
			    table->name);
	for (size_t i = 0; i < table->n; i++)
		sqlite3_str_appendf(sql, "%s %s.%s", i ? "," : "",
				    table->columns[i].key ? "k" : "v", table->columns[i].name);
	sqlite3_str_appendall(
		sql, " FROM pair k, pair v WHERE k.rowid <> v.rowid; DROP TABLE temp.pair");
	tampered->row = table->rows - 1;
	(void)tried(tampered, on, context, "exchanged with the first", sqlite3_str_finish(sql));
	sqlite3_free(first);
	sqlite3_free(last);
}

static void row_cases(struct tamper_case *tampered, on_tamper *on, void *context)
{
	char *where = row_where(tampered->table, tampered->row);
	(void)tried(tampered, on, context, "deleted",
		    sqlite3_mprintf("DELETE FROM %s WHERE %s", tampered->table->name, where));
	sqlite3_free(where);
	added_case(tampered, on, context);
}

void each_tamper_case(const struct tampered_table *table, on_tamper *on, void *context)
{
	struct tamper_case tampered = { .table = table };
	for (int64_t row = 0; row < table->rows; row++) {
		if (table->rows > 6 && row != 0 && row != table->rows / 2 && row != table->rows - 1)
			continue;
		tampered.row = row;
		cell_cases(&tampered, on, context);
		row_cases(&tampered, on, context);
	}
	swapped_case(&tampered, on, context);
}

/* --- links --- */

static void link_put(struct testbed *testbed, const char *table, int64_t id,
		     const uint8_t chain[CHAIN_LEN])
{
	char *sql = sqlite3_mprintf("UPDATE %s SET chain = ? WHERE id = ?", table);
	sqlite3_stmt *put = prepared(testbed, sql);
	sqlite3_bind_blob(put, 1, chain, CHAIN_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(put, 2, id);
	assert_int_equal(db_run(put, &testbed->err), 0);
	sqlite3_finalize(put);
	sqlite3_free(sql);
}

static void event_relink(struct testbed *testbed, sqlite3_stmt *row, uint8_t chain[CHAIN_LEN])
{
	const struct chain_event event = { sqlite3_column_int64(row, 0),
					   sqlite3_column_int64(row, 1),
					   sqlite3_column_int64(row, 2),
					   sqlite3_column_int64(row, 3),
					   text_of(row, 4),
					   text_of(row, 5),
					   text_of(row, 6),
					   text_of(row, 7) };
	chain_event(chain, &event);
	link_put(testbed, "event", event.id, chain);
}

static void entry_relink(struct testbed *testbed, sqlite3_stmt *row, int64_t of_before,
			 uint8_t chain[CHAIN_LEN])
{
	const struct chain_entry entry = { .office = sqlite3_column_int64(row, 1),
					   .spool_id = (uint64_t)sqlite3_column_int64(row, 2),
					   .seq = (uint64_t)sqlite3_column_int64(row, 3),
					   .received_us = sqlite3_column_int64(row, 4),
					   .held = sqlite3_column_blob(row, 5),
					   .held_len = (size_t)sqlite3_column_bytes(row, 5),
					   .payload = sqlite3_column_blob(row, 6),
					   .len = (size_t)sqlite3_column_bytes(row, 6) };
	if (sqlite3_column_int64(row, 0) <= of_before)
		chain_entry_of_before(chain, &entry);
	else
		chain_entry(chain, &entry);
	link_put(testbed, "journal", sqlite3_column_int64(row, 0), chain);
}

void ledger_relink(struct testbed *testbed, int64_t of_before)
{
	uint8_t chain[CHAIN_LEN] = { 0 };
	struct err *err = &testbed->err;
	sqlite3_stmt *entries = prepared(
		testbed,
		"SELECT j.id, j.office, s.spool_id, j.seq, j.received_us, j.held, j.payload"
		" FROM journal j LEFT JOIN spool s ON s.id = j.spool ORDER BY j.id");
	sqlite3_stmt *events =
		prepared(testbed, "SELECT " EVENT_COLUMNS " FROM event ORDER BY after_journal, id");
	int more_events = db_step(events, err), more_entries = db_step(entries, err);
	while (more_events == 1 || more_entries == 1) {
		if (more_entries != 1 ||
		    (more_events == 1 &&
		     sqlite3_column_int64(events, 1) < sqlite3_column_int64(entries, 0))) {
			event_relink(testbed, events, chain);
			more_events = db_step(events, err);
		} else {
			entry_relink(testbed, entries, of_before, chain);
			more_entries = db_step(entries, err);
		}
	}
	sqlite3_finalize(entries);
	sqlite3_finalize(events);
}
