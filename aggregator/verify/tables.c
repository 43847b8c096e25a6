/* Two lists of rows in the order of their keys, merged. Rows that differ are kept by their keys,
 * as a table that is read cannot be changed; then all of them go, and those of the ledger come. */
#include "verify/tables.h"

#include "common/base/hash.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "journal/quarantine.h"
#include "schema/effects.h"
#include "schema/event.h"
#include "schema/reference_version.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 11u
#define KEY_MAX     5u
#define US_MAX      INT64_C(100000000000000000) /* some 3,000 years: an instant that can be told */

/* How a column is told: i number, t text, b bytes, d day, u instant, o office, x id of a spool. */
struct derived {
	const char *table;
	size_t n_key, n_named; /* its first columns: the key, and what says which row it is */
	const char *kinds;
	const char *columns[COLUMNS_MAX];
	const char *where; /* which rows count; NULL: all */
};

/* In an order in which mending one mends none before it: the last two are kept by
 * triggers of quarantine. */
static const struct derived tables[] = {
	{ "unit",
	  1,
	  2,
	  "itttt"
	  "dd",
	  { "id", "code", "name", "level", "parent", "valid_from", "valid_to" },
	  NULL },
	{ "successor", 3, 3, "dttt", { "effective_on", "old_code", "new_code", "share" }, NULL },
	{ "catalogue", 1, 1, "iub", { "id", "imported_us", "csv" }, NULL },
	{ "indicators", 1, 1, "iub", { "id", "imported_us", "csv" }, NULL },
	{ "dimensions", 1, 1, "iub", { "id", "imported_us", "csv" }, NULL },
	{ "rules", 1, 1, "iub", { "id", "imported_us", "csv" }, NULL },
	{ "days_off", 1, 1, "iub", { "id", "imported_us", "csv" }, NULL },
	{ "office", 1, 2, "itt", { "id", "code", "name" }, NULL },
	{ "assignment", 2, 2, "odt", { "office", "from_day", "unit_code" }, NULL },
	{ "closing",
	  4,
	  4,
	  "tiiiut",
	  { "metric", "calendar", "grain", "number", "closed_us", "who" },
	  NULL },
	{ "excuse",
	  1,
	  2,
	  "iotttttt"
	  "tuu",
	  { "id", "office", "metric", "form", "calendar", "period", "until", "reason", "who",
	    "at_us", "ended_us" },
	  NULL },
	{ "office_key",
	  1,
	  2,
	  "iobiuuu",
	  { "id", "office", "public_key", "state", "created_us", "changed_us", "expires_us" },
	  NULL },
	{ "publication",
	  1,
	  1,
	  "tiiidu"
	  "ibt",
	  { "name", "calendar", "grain", "number", "structure", "known_us", "position", "chain",
	    "who" },
	  NULL },
	{ "message",
	  1,
	  2,
	  "iiuttttt",
	  { "id", "office", "at_us", "who", "text", "metric", "labels", "period" },
	  NULL },
	{ "token",
	  1,
	  2,
	  "ittobuuu",
	  { "id", "name", "role", "office", "hash", "created_us", "expires_us", "revoked_us" },
	  NULL },
	{ "map",
	  2,
	  2,
	  "dttiitt",
	  { "valid_from", "kind", "level", "width", "height", "frame", "cells" },
	  NULL },
	{ "hand", 1, 2, "iox", { "id", "office", "spool_id" }, NULL },
	{ "series", 1, 1, "ittt", { "id", "metric", "labels", "key" }, NULL },
	{ "spool",
	  1,
	  3,
	  "ioxiubxii",
	  { "id", "office", "spool_id", "upto", "last_received_us", "upto_digest", "from_spool",
	    "from_seq", "set_back" },
	  NULL },
	{ "finished",
	  4,
	  4,
	  "dioi"
	  "tui",
	  { "day", "shape", "office", "entry", "author", "at_us", "undone" },
	  NULL },
	{ "author", 2, 2, "oti", { "office", "name", "entry" }, NULL },
	{ "declared", 2, 2, "iiii", { "spool", "number", "series", "shape" }, NULL },
	{ "strand", 2, 2, "doii", { "day", "office", "entry", "observations" }, NULL },
	{ "arrival", 1, 1, "duu", { "day", "first_us", "last_us" }, NULL },
	{ "quarantine",
	  3,
	  3,
	  "iiiiiuu",
	  { "journal", "run", "point", "verdict", "observations", "released_us", "held_us" },
	  NULL },
	{ "quarantine_past",
	  4,
	  4,
	  "iiiuiiuu",
	  { "journal", "run", "point", "again_us", "verdict", "observations", "held_us",
	    "released_us" },
	  NULL },
	{ "fact", 1, 1, "tu", { "name", "value" }, "name = '" QUARANTINE_NEXT_FACT "'" },
	{ "held", 1, 1, "oii", { "office", "n", "observations" }, "n <> 0 OR observations <> 0" },
	{ "office_quarantine",
	  5,
	  5,
	  "oiiii",
	  { "office", "released_us", "journal", "run", "point" },
	  NULL },
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

struct comparing { /* one table */
	const struct tables_form *form;
	const struct derived *of;
	size_t n;                  /* columns */
	sqlite3_stmt *found, *due; /* what stands, and what the ledger says */
	sqlite3_stmt *differ;      /* keeps a key */
	sqlite3_stmt *before;      /* of strand: what came before the events */
	uint64_t rows;             /* that differ */
};

/* --- in words --- */

/* NULL: there is none, or nobody knows. */
static const struct office *office_of(const struct tables_form *form, int64_t id)
{
	return form->reference ? offices_by_id(form->reference->offices, id) : NULL;
}

static void value_write(const struct comparing *c, sqlite3_stmt *row, size_t column, char *text,
			size_t size)
{
	char kind = c->of->kinds[column], day[DAY_TEXT_MAX], instant[INSTANT_TEXT_MAX],
	     excerpt[EXCERPT_MAX];
	int at = (int)column, type = sqlite3_column_type(row, at);
	int64_t number = sqlite3_column_int64(row, at);
	int len = sqlite3_column_bytes(row, at);
	if (type == SQLITE_NULL)
		(void)snprintf(text, size, "-"); /* these and the next fit, or are cut */
	else if (type == SQLITE_BLOB)
		(void)snprintf(text, size, _("%d bytes of hash %08x"), len,
			       hash_bytes(HASH_START, sqlite3_column_blob(row, at), (size_t)len));
	else if (type != SQLITE_INTEGER || kind == 't')
		(void)snprintf(text, size, "%s",
			       utf8_excerpt((const char *)sqlite3_column_text(row, at), (size_t)len,
					    excerpt));
	else if (kind == 'd' && number >= DAY_MIN && number <= DAY_MAX)
		(void)snprintf(text, size, "%s", day_format((int32_t)number, day));
	else if (kind == 'u' && number > -US_MAX && number < US_MAX)
		(void)snprintf(text, size, "%s (%" PRId64 ")", civil_format(number, instant),
			       number);
	else if (kind == 'x')
		(void)snprintf(text, size, "%016" PRIx64, (uint64_t)number);
	else
		(void)snprintf(text, size, "%" PRId64, number);
	const struct office *office =
		kind == 'o' && type == SQLITE_INTEGER ? office_of(c->form, number) : NULL;
	if (office)
		(void)snprintf(text, size, "%s", office->code);
}

static bool cells_equal(sqlite3_stmt *a, sqlite3_stmt *b, int column);

/* "column=value ..." of columns from @from to @to - 1; with @other those that differ from its. */
static struct words row_words(const struct comparing *c, sqlite3_stmt *row, size_t from, size_t to,
			      sqlite3_stmt *other)
{
	struct words words = { "" };
	size_t len = 0;
	for (size_t i = from; i < to && len < sizeof(words.text) - 1; i++) {
		char value[128];
		if (other && cells_equal(row, other, (int)i))
			continue;
		value_write(c, row, i, value, sizeof(value));
		len += utf8_print(words.text + len, sizeof(words.text) - len, "%s%s %s",
				  len ? ", " : "", c->of->columns[i], value);
	}
	return words;
}

/* --- comparing --- */

static int rank(sqlite3_stmt *row, int column)
{
	static const int ranks[] = { [SQLITE_NULL] = 0,
				     [SQLITE_INTEGER] = 1,
				     [SQLITE_FLOAT] = 1,
				     [SQLITE_TEXT] = 2,
				     [SQLITE_BLOB] = 3 };
	return ranks[sqlite3_column_type(row, column)];
}

/* As SQLite orders them. */
static int cell_compare(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	int x = rank(a, column), y = rank(b, column);
	if (x != y || x == 0)
		return x - y;
	if (x == 1) {
		int64_t i = sqlite3_column_int64(a, column), k = sqlite3_column_int64(b, column);
		double p = sqlite3_column_double(a, column), q = sqlite3_column_double(b, column);
		return i != k ? (i < k ? -1 : 1) : (p > q) - (p < q);
	}
	const void *at = sqlite3_column_blob(a, column), *to = sqlite3_column_blob(b, column);
	int m = sqlite3_column_bytes(a, column), n = sqlite3_column_bytes(b, column);
	int order = m > 0 && n > 0 ? memcmp(at, to, (size_t)(m < n ? m : n)) : 0;
	return order ? order : (m > n) - (m < n);
}

static bool cells_equal(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
	return sqlite3_column_type(a, column) == sqlite3_column_type(b, column) &&
	       cell_compare(a, b, column) == 0;
}

static int keys_compare(const struct comparing *c)
{
	int order = 0;
	for (size_t i = 0; i < c->of->n_key && order == 0; i++)
		order = cell_compare(c->found, c->due, (int)i);
	return order;
}

/* Of entries that are older than the events, programs of then may have counted some alone, and what
 * cannot be read any more cannot be counted. */
static int observations_fit(struct comparing *c, bool *ret, struct err *err)
{
	int64_t found = sqlite3_column_int64(c->found, 3), due = sqlite3_column_int64(c->due, 3);
	sqlite3_bind_value(c->before, 1, sqlite3_column_value(c->due, 0));
	sqlite3_bind_value(c->before, 2, sqlite3_column_value(c->due, 1));
	int rc = db_step(c->before, err);
	int64_t before = rc == 1 ? sqlite3_column_int64(c->before, 0) : 0;
	*ret = before < 0 || (found <= due && found >= due - before);
	sqlite3_reset(c->before);
	return rc < 0 ? rc : 0;
}

static int rows_equal(struct comparing *c, bool *ret, struct err *err)
{
	bool equal = true;
	int rc = 0;
	for (size_t i = 0; i < c->n && equal && rc == 0; i++) {
		equal = cells_equal(c->found, c->due, (int)i);
		if (!equal && c->before && i == 3)
			rc = observations_fit(c, &equal, err);
	}
	*ret = equal;
	return rc;
}

/* Was told of by tables_end_check(). */
static bool is_cut(const struct comparing *c, bool found, bool due)
{
	return strcmp(c->of->table, "spool") == 0 && found &&
	       sqlite3_column_int64(c->found, 3) > (due ? sqlite3_column_int64(c->due, 3) : 0);
}

/* Of the two rows at hand those that are @found and @due. */
static int differ(struct comparing *c, bool found, bool due, struct err *err)
{
	sqlite3_stmt *row = found ? c->found : c->due;
	struct words where = row_words(c, row, 0, c->of->n_named, NULL);
	size_t from = found && due ? c->of->n_key : c->of->n_named;
	struct words is =
		found ? row_words(c, c->found, from, c->n, due ? c->due : NULL) : words("nothing");
	struct words is_due =
		due ? row_words(c, c->due, from, c->n, found ? c->found : NULL) : words("nothing");
	if (!is_cut(c, found, due))
		verify_differs(c->form->report, c->of->table, where, is, is_due);
	c->rows++;
	for (size_t i = 0; i < c->of->n_key; i++)
		sqlite3_bind_value(c->differ, (int)i + 1, sqlite3_column_value(row, (int)i));
	return c->form->report->mending ? db_run(c->differ, err) : 0;
}

static int table_compare(struct comparing *c, struct err *err)
{
	int found = db_step(c->found, err);
	int due = found < 0 ? found : db_step(c->due, err);
	int rc = due < 0 ? due : 0;
	while (rc == 0 && (found == 1 || due == 1)) {
		int order = due != 1 ? -1 : found != 1 ? 1 : keys_compare(c);
		bool equal = false;
		if (order == 0)
			rc = rows_equal(c, &equal, err);
		if (rc == 0 && !equal)
			rc = differ(c, order <= 0, order >= 0, err);
		if (rc == 0 && order <= 0 && (found = db_step(c->found, err)) < 0)
			rc = found;
		if (rc == 0 && order >= 0 && (due = db_step(c->due, err)) < 0)
			rc = due;
	}
	return rc;
}

/* --- statements --- */

static void columns_write(const struct comparing *c, size_t n, const char *between,
			  const char *behind, sqlite3_str *sql)
{
	for (size_t i = 0; i < n; i++)
		sqlite3_str_appendf(sql, "%s%s%s", i ? between : "", c->of->columns[i], behind);
}

static int prepare(sqlite3 *db, sqlite3_str *sql, sqlite3_stmt **ret, struct err *err)
{
	char *text = sqlite3_str_finish(sql);
	int rc = text ? db_prepare(db, text, ret, err) : err_memory(err);
	sqlite3_free(text);
	return rc;
}

/* All rows, in the order of their keys; or with @one that of a key. */
static int select_prepare(const struct comparing *c, sqlite3 *db, bool one, sqlite3_stmt **ret,
			  struct err *err)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	sqlite3_str_appendall(sql, "SELECT ");
	columns_write(c, c->n, ", ", "", sql);
	sqlite3_str_appendf(sql, " FROM %s", c->of->table);
	if (one || c->of->where)
		sqlite3_str_appendf(sql, " WHERE %s", one ? "" : c->of->where);
	if (one)
		columns_write(c, c->of->n_key, " AND ", " = ?", sql);
	sqlite3_str_appendall(sql, " ORDER BY ");
	columns_write(c, c->of->n_key, ", ", "", sql);
	return prepare(db, sql, ret, err);
}

static int comparing_open(struct comparing *c, struct err *err)
{
	while (c->n < COLUMNS_MAX && c->of->columns[c->n])
		c->n++;
	int rc = db_prepare(c->form->replay, "INSERT INTO differs VALUES(?, ?, ?, ?, ?)",
			    &c->differ, err); /* of a shorter key the rest is NULL */
	if (rc == 0)
		rc = select_prepare(c, c->form->db, false, &c->found, err);
	if (rc == 0)
		rc = select_prepare(c, c->form->replay, false, &c->due, err);
	if (rc == 0 && strcmp(c->of->table, "strand") == 0)
		rc = db_prepare(c->form->replay,
				"SELECT observations FROM strand_before WHERE day = ? AND office = "
				"?",
				&c->before, err);
	return rc;
}

static void comparing_close(struct comparing *c)
{
	sqlite3_finalize(c->found);
	sqlite3_finalize(c->due);
	sqlite3_finalize(c->differ);
	sqlite3_finalize(c->before);
}

/* --- mending --- */

static int rows_remove(const struct comparing *c, sqlite3_stmt *keys, struct err *err)
{
	sqlite3_str *sql = sqlite3_str_new(c->form->db);
	sqlite3_stmt *remove = NULL;
	sqlite3_str_appendf(sql, "DELETE FROM %s WHERE ", c->of->table);
	columns_write(c, c->of->n_key, " AND ", " = ?", sql);
	int rc = prepare(c->form->db, sql, &remove, err);
	while (rc == 0 && (rc = db_step(keys, err)) == 1) {
		for (size_t i = 0; i < c->of->n_key; i++)
			sqlite3_bind_value(remove, (int)i + 1, sqlite3_column_value(keys, (int)i));
		rc = db_run(remove, err);
	}
	sqlite3_finalize(remove);
	return rc;
}

static int rows_put(const struct comparing *c, sqlite3_stmt *keys, struct err *err)
{
	sqlite3_stmt *insert = NULL, *due = NULL;
	sqlite3_str *sql = sqlite3_str_new(c->form->db);
	sqlite3_str_appendf(sql, "INSERT INTO %s(", c->of->table);
	columns_write(c, c->n, ", ", "", sql);
	sqlite3_str_appendall(sql, ") VALUES(?");
	for (size_t i = 1; i < c->n; i++)
		sqlite3_str_appendall(sql, ", ?");
	sqlite3_str_appendall(sql, ")");
	int rc = prepare(c->form->db, sql, &insert, err);
	if (rc == 0)
		rc = select_prepare(c, c->form->replay, true, &due, err);
	while (rc == 0 && (rc = db_step(keys, err)) == 1) {
		for (size_t i = 0; i < c->of->n_key; i++)
			sqlite3_bind_value(due, (int)i + 1, sqlite3_column_value(keys, (int)i));
		rc = db_step(due, err);
		for (size_t i = 0; rc == 1 && i < c->n; i++)
			sqlite3_bind_value(insert, (int)i + 1, sqlite3_column_value(due, (int)i));
		if (rc == 1)
			rc = db_run(insert, err);
		sqlite3_reset(due);
	}
	sqlite3_finalize(insert);
	sqlite3_finalize(due);
	return rc;
}

/* All go before one comes: two may have changed places. */
static int rows_mend(const struct comparing *c, struct err *err)
{
	sqlite3_stmt *keys = NULL;
	int rc = db_prepare(c->form->replay, "SELECT k0, k1, k2, k3, k4 FROM differs", &keys, err);
	if (rc == 0)
		rc = rows_remove(c, keys, err);
	if (rc == 0) {
		sqlite3_reset(keys);
		rc = rows_put(c, keys, err);
	}
	sqlite3_finalize(keys);
	return rc < 0 ? rc : db_exec(c->form->replay, "DELETE FROM differs", err);
}

/* --- the journal: what its rows say beside what is chained --- */

static struct words number_words(const char *name, sqlite3_stmt *row, int column)
{
	return sqlite3_column_type(row, column) == SQLITE_NULL
		       ? words("nothing")
		       : words("%s %" PRId64, name, (int64_t)sqlite3_column_int64(row, column));
}

static int entry_differs(const struct tables_form *form, sqlite3_stmt *row, sqlite3_stmt *mend,
			 struct err *err)
{
	static const struct {
		const char *what, *name;
	} columns[] = { { "journal", "day" }, { "strand", "back" }, { "journal", "spool" } };
	struct words where = words("journal entry %" PRId64, (int64_t)sqlite3_column_int64(row, 0));
	for (int i = 0; i < 3; i++)
		if (sqlite3_column_int64(row, 1 + i) != sqlite3_column_int64(row, 4 + i) ||
		    sqlite3_column_type(row, 1 + i) != sqlite3_column_type(row, 4 + i))
			verify_differs(form->report, columns[i].what, where,
				       number_words(columns[i].name, row, 4 + i),
				       number_words(columns[i].name, row, 1 + i));
	for (int i = 0; i < 4; i++)
		sqlite3_bind_value(mend, 1 + i, sqlite3_column_value(row, i));
	return form->report->mending ? db_run(mend, err) : 0;
}

static int entries_compare(const struct tables_form *form, uint64_t *ret_rows, struct err *err)
{
	sqlite3_stmt *rows = NULL, *mend = NULL;
	int rc = db_prepare(form->replay,
			    "SELECT id, day, back, spool, is_day, is_back, is_spool FROM"
			    " entry_differs ORDER BY id",
			    &rows, err);
	if (rc == 0)
		rc = db_prepare(form->db,
				"UPDATE journal SET day = ?2, back = ?3, spool = ?4 WHERE id = ?1",
				&mend, err);
	*ret_rows = 0;
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		rc = entry_differs(form, rows, mend, err);
		++*ret_rows;
	}
	sqlite3_finalize(rows);
	sqlite3_finalize(mend);
	return rc;
}

/* --- all of them --- */

int tables_end_check(const struct tables_form *form, struct err *err)
{
	sqlite3_stmt *found = NULL, *due = NULL;
	int rc = db_prepare(form->db, "SELECT office, spool_id, upto, id FROM spool WHERE upto > 0",
			    &found, err);
	if (rc == 0)
		rc = db_prepare(form->replay, "SELECT upto FROM spool WHERE id = ?", &due, err);
	while (rc == 0 && (rc = db_step(found, err)) == 1) {
		const struct office *office = office_of(form, sqlite3_column_int64(found, 0));
		sqlite3_bind_int64(due, 1, sqlite3_column_int64(found, 3));
		rc = db_step(due, err);
		int64_t upto = rc == 1 ? sqlite3_column_int64(due, 0) : 0;
		if (rc >= 0 && sqlite3_column_int64(found, 2) > upto)
			verify_damaged(form->report, "sequence",
				       words("office %s, spool %016" PRIx64,
					     office ? office->code : "?",
					     (uint64_t)sqlite3_column_int64(found, 1)),
				       words("batches up to %" PRId64, upto),
				       words("batches up to %" PRId64,
					     (int64_t)sqlite3_column_int64(found, 2)));
		sqlite3_reset(due);
		rc = rc < 0 ? rc : 0;
	}
	sqlite3_finalize(found);
	sqlite3_finalize(due);
	return rc;
}

static int note(json_t *mended, const char *table, uint64_t rows, struct err *err)
{
	return rows > 0 && json_object_set_new(mended, table, json_integer((json_int_t)rows)) < 0
		       ? err_memory(err)
		       : 0;
}

static int all_compare(const struct tables_form *form, json_t *mended, struct err *err)
{
	uint64_t rows;
	int rc = entries_compare(form, &rows, err);
	if (rc == 0)
		rc = note(mended, "journal", rows, err);
	for (size_t i = 0; i < TABLES && rc == 0; i++) {
		struct comparing c = { .form = form, .of = &tables[i] };
		rc = comparing_open(&c, err);
		if (rc == 0)
			rc = table_compare(&c, err);
		if (rc == 0 && form->report->mending && c.rows > 0)
			rc = rows_mend(&c, err);
		if (rc == 0)
			rc = note(mended, c.of->table, c.rows, err);
		comparing_close(&c);
	}
	return rc;
}

static int event_put(const struct tables_form *form, json_t *mended, struct err *err)
{
	char detail[WORDS_MAX] = "";
	const char *table;
	json_t *rows, *more = json_pack("{s:O}", "mended", mended);
	size_t len = 0;
	json_object_foreach(mended, table, rows)
		len += utf8_print(detail + len, sizeof(detail) - len, "%s%s=%" JSON_INTEGER_FORMAT,
				  len ? " " : "", table, json_integer_value(rows));
	int rc = more ? event_append(form->db,
				     &(struct event_form){ .who = form->report->repairer,
							   .kind = "verify repair",
							   .detail = detail,
							   .note = true,
							   .more = more },
				     NULL, err)
		      : err_memory(err);
	json_decref(more);
	return rc;
}

/* What it changes derives, and is in the ledger already: no event has its rows. Rows name others
 * which are put later. */
static int all_mend(const struct tables_form *form, json_t *mended, struct err *err)
{
	struct effects *effects;
	int rc = effects_of(form->db, &effects, err);
	if (rc == 0)
		rc = db_exec(form->db, "PRAGMA defer_foreign_keys=ON", err);
	if (rc < 0)
		return rc;
	effects_pause(effects, true);
	rc = all_compare(form, mended, err);
	effects_pause(effects, false);
	if (rc < 0 || json_object_size(mended) == 0)
		return rc;
	rc = reference_changed(form->db, err); /* whoever remembers rows reads them anew */
	return rc < 0 ? rc : event_put(form, mended, err);
}

int tables_compare(const struct tables_form *form, struct err *err)
{
	json_t *mended = json_object();
	int rc = !mended                 ? err_memory(err)
		 : form->report->mending ? all_mend(form, mended, err)
					 : all_compare(form, mended, err);
	json_decref(mended);
	return rc;
}
