/* 1. Events that may tell of the name are found by SQL, in their bodies' text, newest first: most
 *    bodies are never read as JSON;
 * 2. of the rows that one changed, those of the name are told column by column. A catalogue is
 *    compared with the one before it, row by row. */
#include "query/history.h"

#include "common/base/names.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/csv_table.h"
#include "schema/account.h"
#include "schema/event.h"
#include "schema/event_kinds.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FINGERPRINT_LEN 8u /* bytes of a public key that are shown */
#define ROW_MAX         256u

struct history {
	sqlite3 *db;
	const struct history_form *form;
	const struct office *office; /* of that code; NULL: there is none */
	bool metric;                 /* there is one of that name */
	const struct reference *reference;
	struct table *table;
	sqlite3_stmt *account, *kind, *origin;
	struct event event;       /* at hand */
	const char *act, *stored; /* its words and kind; of one that goes on, the first one's */
	char at[INSTANT_TEXT_MAX];
	size_t of_event; /* rows told of it */
	int64_t held;    /* observations of the office, more than before */
};

static void change_put(struct history *h, const char *of, const char *row, const char *column,
		       const char *was, const char *became, const char *detail)
{
	struct table *table = h->table;
	table_row(table);
	table_int(table, h->event.id);
	table_text(table, h->at);
	table_text(table, h->event.who);
	account_put(h->account, h->event.who, table);
	table_text(table, h->act);
	table_text(table, h->stored);
	table_text(table, of);
	table_text(table, row);
	table_text(table, column);
	table_text(table, was);
	table_text(table, became);
	table_text(table, detail);
	h->of_event++;
}

/* --- rows of the register --- */

enum cell { CELL_TEXT, CELL_DAY, CELL_INSTANT, CELL_KEY, CELL_STATE };

/* How people read a cell. Those that are not here are texts. */
static const struct {
	const char *table, *column;
	enum cell cell;
} cells[] = {
	{ "unit", "valid_from", CELL_DAY },           { "unit", "valid_to", CELL_DAY },
	{ "successor", "effective_on", CELL_DAY },    { "assignment", "from_day", CELL_DAY },
	{ "office_key", "public_key", CELL_KEY },     { "office_key", "state", CELL_STATE },
	{ "office_key", "created_us", CELL_INSTANT }, { "office_key", "changed_us", CELL_INSTANT },
	{ "office_key", "expires_us", CELL_INSTANT }, { "closing", "closed_us", CELL_INSTANT },
};

/* Tables whose rows are told column by column, with the columns that name a row or an office
 * already. */
static const struct told {
	const char *table, *silent;
} told[] = {
	{ "unit", "id" },
	{ "successor", "effective_on old_code new_code" },
	{ "office", "id code" },
	{ "assignment", "office from_day" },
	{ "office_key", "id office" },
	{ "closing", "metric calendar grain number who" },
};

static enum cell cell_of(const char *table, const char *column)
{
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		if (strcmp(cells[i].table, table) == 0 && strcmp(cells[i].column, column) == 0)
			return cells[i].cell;
	return CELL_TEXT;
}

/* A row of a change: its columns and values. @values may be JSON's null. */
struct side {
	const json_t *columns, *values;
};

static const json_t *value_of(const struct side *side, const char *column)
{
	size_t i;
	json_t *name;
	json_array_foreach((json_t *)side->columns, i, name)
		if (json_is_string(name) && strcmp(json_string_value(name), column) == 0)
			return json_array_get(side->values, i);
	return NULL;
}

static const char *text_of(const struct side *side, const char *column)
{
	const char *text = json_string_value(value_of(side, column));
	return text ? text : "";
}

static int64_t number_of(const struct side *side, const char *column)
{
	return json_integer_value(value_of(side, column)); /* 0 for what is none */
}

static bool is_there(const struct side *side)
{
	return json_is_array(side->values);
}

/* A value as it is shown, mostly in @text; NULL: nothing. */
static const char *value_show(const json_t *value, enum cell cell, char text[ROW_MAX])
{
	static const char *const states[] = { "none", "invited", "active", "none", "revoked" };
	const char *hex = json_string_value(json_object_get(value, "hex"));
	const char *bytes = json_string_value(json_object_get(value, "text"));
	json_int_t number = json_integer_value(value);
	if (cell == CELL_KEY && hex) {
		(void)snprintf(text, ROW_MAX, "%.*s", (int)(2 * FINGERPRINT_LEN), hex);
		return text;
	}
	if (cell == CELL_KEY && bytes)
		return sodium_bin2hex(text, ROW_MAX, (const unsigned char *)bytes,
				      strnlen(bytes, FINGERPRINT_LEN));
	if (!json_is_integer(value))
		return json_string_value(value);
	if (cell == CELL_DAY && number >= DAY_MIN && number <= DAY_MAX)
		return day_format((int32_t)number, text);
	if (cell == CELL_INSTANT)
		return civil_format(number, text);
	if (cell == CELL_STATE && number >= 0 &&
	    number < (json_int_t)(sizeof(states) / sizeof(states[0])))
		return states[number];
	(void)snprintf(text, ROW_MAX, "%lld", (long long)number);
	return text;
}

/* The code of an office that a row names by its id; "" when it is not there. */
static const char *office_code(const struct history *h, const struct side *side)
{
	const struct office *office =
		offices_by_id(h->reference->offices, number_of(side, "office"));
	return office ? office->code : "";
}

static bool is_of_office(const struct history *h, const struct side *side, const char *column)
{
	return h->office && number_of(side, column) == h->office->id;
}

/* Is a row of @table one of the name's? */
static bool concerns(const struct history *h, const char *table, const struct side *side)
{
	const char *name = h->form->name;
	if (strcmp(table, "unit") == 0 || strcmp(table, "office") == 0)
		return strcmp(text_of(side, "code"), name) == 0;
	if (strcmp(table, "successor") == 0)
		return strcmp(text_of(side, "old_code"), name) == 0 ||
		       strcmp(text_of(side, "new_code"), name) == 0;
	if (strcmp(table, "assignment") == 0)
		return is_of_office(h, side, "office") ||
		       strcmp(text_of(side, "unit_code"), name) == 0;
	if (strcmp(table, "office_key") == 0)
		return is_of_office(h, side, "office");
	return h->metric && (strcmp(text_of(side, "metric"), name) == 0 ||
			     !*text_of(side, "metric")); /* closed for all */
}

/* Which row it is, in words that need no language. */
static void row_name(const struct history *h, const char *table, const struct side *side,
		     char text[ROW_MAX])
{
	char day[DAY_TEXT_MAX], period[PERIOD_TEXT_MAX];
	struct period closed = { (enum calendar)number_of(side, "calendar"),
				 (enum grain)number_of(side, "grain"),
				 (int32_t)number_of(side, "number") };
	if (strcmp(table, "unit") == 0) /* what is cut is fine, here and below */
		(void)utf8_print(text, ROW_MAX, "%s %s", text_of(side, "code"),
				 day_format((int32_t)number_of(side, "valid_from"), day));
	else if (strcmp(table, "successor") == 0)
		(void)utf8_print(text, ROW_MAX, "%s > %s %s", text_of(side, "old_code"),
				 text_of(side, "new_code"),
				 day_format((int32_t)number_of(side, "effective_on"), day));
	else if (strcmp(table, "assignment") == 0)
		(void)utf8_print(text, ROW_MAX, "%s %s", office_code(h, side),
				 day_format((int32_t)number_of(side, "from_day"), day));
	else if (strcmp(table, "office_key") == 0)
		(void)utf8_print(text, ROW_MAX, "%s #%" PRId64, office_code(h, side),
				 number_of(side, "id"));
	else if (strcmp(table, "closing") == 0 && closed.grain >= GRAIN_DAY &&
		 closed.grain < GRAIN_COUNT)
		(void)utf8_print(text, ROW_MAX, "%s %s", period_format(closed, period),
				 calendar_name(closed.calendar));
	else
		(void)utf8_print(text, ROW_MAX, "%s", text_of(side, "code"));
}

static const char *told_as(const char *table)
{
	return strcmp(table, "office_key") == 0 ? "key" : table;
}

static void change_tell(struct history *h, const struct told *of, const struct side *was,
			const struct side *is)
{
	const struct side *there = is_there(is) ? is : was;
	char row[ROW_MAX], before[ROW_MAX], after[ROW_MAX];
	bool any = false;
	size_t i;
	json_t *column;
	row_name(h, of->table, there, row);
	json_array_foreach((json_t *)was->columns, i, column) {
		const char *name = json_string_value(column);
		const json_t *left = json_array_get(was->values, i),
			     *right = json_array_get(is->values, i);
		bool same = left && right ? json_equal((json_t *)left, (json_t *)right)
					  : json_is_null(left ? left : right);
		if (!name || same || names_find(of->silent, name, strlen(name)) >= 0)
			continue;
		enum cell cell = cell_of(of->table, name);
		change_put(h, told_as(of->table), row, name, value_show(left, cell, before),
			   value_show(right, cell, after), NULL);
		any = true;
	}
	if (!any) /* all of it is in its name */
		change_put(h, told_as(of->table), row, NULL, is_there(was) ? row : NULL,
			   is_there(is) ? row : NULL, NULL);
}

static void table_tell(struct history *h, const struct told *of, const json_t *columns,
		       const json_t *changes)
{
	size_t i;
	json_t *change;
	json_array_foreach((json_t *)changes, i, change) {
		struct side was = { columns, json_array_get(change, 0) },
			    is = { columns, json_array_get(change, 1) };
		if ((is_there(&was) && concerns(h, of->table, &was)) ||
		    (is_there(&is) && concerns(h, of->table, &is)))
			change_tell(h, of, &was, &is);
	}
}

/* --- catalogue and indicators --- */

static size_t column_find(const struct table *table, const char *name)
{
	size_t i = 0;
	while (table && i < table_columns(table) && strcmp(table_column(table, i), name) != 0)
		i++;
	return i;
}

static const char *cell(const struct table *table, size_t row, const char *column)
{
	size_t at = column_find(table, column);
	const char *text = table && row < table_rows(table) && at < table_columns(table)
				   ? table_cell(table, row, at)
				   : NULL;
	return text ? text : "";
}

/* The row of the name with the same target year, which indicators have; table_rows() when there is
 * none. */
static size_t row_like(const struct table *table, const char *name, const char *year)
{
	size_t row = 0;
	while (table && row < table_rows(table) &&
	       (strcmp(cell(table, row, "name"), name) != 0 ||
		strcmp(cell(table, row, "target_year"), year) != 0))
		row++;
	return row;
}

/* The cells of @after's row that differ from @before's; either row may not be there. */
static void document_row(struct history *h, const char *of, const char *row,
			 const struct table *before, size_t was, const struct table *after,
			 size_t is, const struct table *columns)
{
	for (size_t i = 0; i < table_columns(columns); i++) {
		const char *name = table_column(columns, i);
		const char *left = cell(before, was, name), *right = cell(after, is, name);
		bool new = columns == before &&column_find(after, name) < table_columns(after);
		if (strcmp(left, right) != 0 && !new)
			change_put(h, of, row, name, *left ? left : NULL, *right ? right : NULL,
				   NULL);
	}
}

static void document_side(struct history *h, const char *of, const struct table *before,
			  const struct table *after, bool gone)
{
	const struct table *from = gone ? before : after;
	for (size_t i = 0; from && i < table_rows(from); i++) {
		const char *year = cell(from, i, "target_year");
		char row[ROW_MAX];
		if (strcmp(cell(from, i, "name"), h->form->name) != 0)
			continue;
		size_t other = row_like(gone ? after : before, h->form->name, year);
		(void)utf8_print(row, sizeof(row), "%s%s%s", h->form->name, *year ? " " : "", year);
		if (gone && after && other < table_rows(after)) /* told from the other side, but */
			document_row(h, of, row, before, i, after, other, before);
		else if (gone)
			document_row(h, of, row, before, i, NULL, 0, before);
		else
			document_row(h, of, row, before, other, after, i, after);
	}
}

static int document_read(const char *csv, size_t len, struct table **ret, struct err *err)
{
	return csv && len > 0 ? csv_table(csv, len, ret, err) : 0;
}

/* Those that stood before the row with @id; NULL: none did. */
static int document_before(struct history *h, const char *table, int64_t id, struct table **ret,
			   struct err *err)
{
	bool catalogue = strcmp(table, "catalogue") == 0;
	sqlite3_stmt *stmt = NULL;
	size_t len;
	int rc = db_prepare(h->db,
			    catalogue ? "SELECT csv FROM catalogue WHERE id < ? ORDER BY id DESC"
					" LIMIT 1"
				      : "SELECT csv FROM indicators WHERE id < ? ORDER BY id DESC"
					" LIMIT 1",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, id);
		rc = db_step(stmt, err);
	}
	if (rc == 1) {
		struct db_row row = { stmt, err, 0 };
		const char *csv = db_row_blob(&row, 0, &len);
		rc = row.rc < 0 ? row.rc : document_read(csv, len, ret, err);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

/* When events began, several editions may have stood in the table: the last one counted. */
static int is_last(struct history *h, const char *table, int64_t id, bool *ret_last,
		   struct err *err)
{
	bool catalogue = strcmp(table, "catalogue") == 0;
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(h->db,
			    catalogue ? "SELECT max(id) FROM catalogue WHERE imported_us <= ?"
				      : "SELECT max(id) FROM indicators WHERE imported_us <= ?",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, h->event.at_us);
		rc = db_step(stmt, err);
	}
	if (rc == 1)
		*ret_last = sqlite3_column_int64(stmt, 0) == id;
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc < 0 ? rc : 0;
}

static int edition_tell(struct history *h, const char *of, const struct side *is, struct err *err)
{
	const json_t *csv = value_of(is, "csv");
	const char *text = json_string_value(json_object_get(csv, "text"));
	struct table *before = NULL, *after = NULL;
	bool opening = strcmp(h->stored, EVENT_OPENING) == 0, tell = true;
	int64_t id = number_of(is, "id");
	int rc = opening ? is_last(h, of, id, &tell, err) : 0;
	if (rc < 0 || !tell || !text)
		return rc;
	rc = document_read(text, strlen(text), &after, err);
	if (rc == 0 && !opening)
		rc = document_before(h, of, id, &before, err);
	if (rc == 0) {
		document_side(h, of, before, after, false);
		document_side(h, of, before, after, true);
	}
	table_close(before);
	table_close(after);
	return rc;
}

static int editions_tell(struct history *h, const char *of, const json_t *columns,
			 const json_t *changes, struct err *err)
{
	size_t i;
	json_t *change;
	int rc = 0;
	json_array_foreach((json_t *)changes, i, change) {
		struct side is = { columns, json_array_get(change, 1) };
		if (rc == 0 && is_there(&is))
			rc = edition_tell(h, of, &is, err);
	}
	return rc;
}

/* --- quarantine --- */

static int64_t held_by(const struct side *side)
{
	bool held = is_there(side) && !json_is_integer(value_of(side, "released_us"));
	return held ? number_of(side, "observations") : 0;
}

static int held_count(struct history *h, const json_t *columns, const json_t *changes,
		      struct err *err)
{
	size_t i;
	json_t *change;
	json_array_foreach((json_t *)changes, i, change) {
		struct side was = { columns, json_array_get(change, 0) },
			    is = { columns, json_array_get(change, 1) };
		sqlite3_bind_int64(h->origin, 1, number_of(is_there(&is) ? &is : &was, "journal"));
		int rc = db_step(h->origin, err);
		bool its = rc == 1 && sqlite3_column_int64(h->origin, 0) == h->office->id;
		(void)sqlite3_reset(h->origin); /* repeats the error that step told */
		if (rc < 0)
			return rc;
		if (its)
			h->held += held_by(&is) - held_by(&was);
	}
	return 0;
}

static void held_tell(struct history *h)
{
	char number[24];
	(void)snprintf(number, sizeof(number), "%" PRId64, h->held < 0 ? -h->held : h->held);
	if (h->held != 0) /* fits */
		change_put(h, "quarantine", h->form->name, h->held < 0 ? "released" : "held", NULL,
			   number, NULL);
}

/* --- events --- */

static int rows_tell(struct history *h, const json_t *rows, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		const json_t *table = json_object_get(rows, told[i].table);
		table_tell(h, &told[i], json_object_get(table, "columns"),
			   json_object_get(table, "changes"));
	}
	static const char *const editions[] = { "catalogue", "indicators" };
	for (size_t i = 0; i < 2 && rc == 0; i++) {
		const json_t *table = json_object_get(rows, editions[i]);
		rc = editions_tell(h, editions[i], json_object_get(table, "columns"),
				   json_object_get(table, "changes"), err);
	}
	const json_t *held = json_object_get(rows, "quarantine");
	if (rc == 0 && h->office && held) {
		h->held = 0;
		rc = held_count(h, json_object_get(held, "columns"),
				json_object_get(held, "changes"), err);
		held_tell(h);
	}
	return rc;
}

/* "code=28249 ..." tells of 28249; a total or a size that happens to be the same does not. */
static bool detail_tells(const char *detail, const char *name)
{
	static const char keys[] = "code office unit metric name";
	size_t len = strlen(name);
	for (const char *at = detail; *at; at += strspn(at, " ")) {
		size_t word = strcspn(at, " "), key = strcspn(at, "=");
		if (key < word && word - key - 1 == len && memcmp(at + key + 1, name, len) == 0 &&
		    names_find(keys, at, key) >= 0)
			return true;
		at += word;
	}
	return false;
}

/* Of an event that goes on from another, the kind is the other's. */
static int kind_find(struct history *h, const json_t *body, struct err *err)
{
	struct db_row row = { h->kind, err, 0 };
	h->stored = h->event.kind;
	if (strcmp(h->event.kind, EVENT_CONTINUED) == 0) {
		sqlite3_bind_int64(h->kind, 1, json_integer_value(json_object_get(body, "of")));
		if (db_step(h->kind, err) == 1)
			h->stored = db_row_text(&row, 0);
	}
	h->act = event_kind_words(h->stored);
	return row.rc;
}

static int event_tell(struct history *h, struct err *err)
{
	json_t *body = json_loads(h->event.body, 0, NULL);
	if (!body)
		return err_set(err, -EUCLEAN,
			       "event %" PRId64 " cannot be read: its body is no "
			       "object",
			       h->event.id);
	(void)civil_format(h->event.at_us, h->at);
	h->of_event = 0;
	int rc = kind_find(h, body, err);
	if (rc == 0)
		rc = rows_tell(h, json_object_get(body, "rows"), err);
	if (rc == 0 && h->of_event == 0 && detail_tells(h->event.detail, h->form->name))
		change_put(h, NULL, NULL, NULL, NULL, NULL, h->event.detail);
	(void)sqlite3_reset(h->kind); /* until here its text was used */
	json_decref(body);
	return rc;
}

static int events_tell(struct history *h, struct err *err)
{
	char next[24];
	int64_t last = 0;
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(h->db,
			    "SELECT " EVENT_COLUMNS " FROM event WHERE id < ?1 AND"
			    " (instr(body, ?2) OR instr(detail, ?2)"
			    " OR (?3 AND (instr(body, '\"assignment\":') OR"
			    "  instr(body, '\"office_key\":') OR instr(body, '\"quarantine\":')))"
			    " OR (?4 AND instr(body, '\"closing\":'))) ORDER BY id DESC",
			    &rows, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(rows, 1, h->form->before ? h->form->before : INT64_MAX);
	sqlite3_bind_text(rows, 2, h->form->name, -1, SQLITE_STATIC);
	sqlite3_bind_int(rows, 3, h->office != NULL);
	sqlite3_bind_int(rows, 4, h->metric);
	while ((rc = db_step(rows, err)) == 1) {
		if (table_rows(h->table) >= h->form->most && last > 0) {
			(void)snprintf(next, sizeof(next), "%" PRId64, last); /* fits */
			table_head(h->table, "history", "next", next);
			rc = 0;
			break;
		}
		rc = event_read(rows, &h->event, err);
		if (rc == 0)
			rc = event_tell(h, err);
		if (rc < 0)
			break;
		last = h->event.id;
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc;
}

static bool is_unit(const struct reference *reference, const char *name)
{
	for (size_t i = 0; i < reference->units->n; i++)
		if (strcmp(reference->units->list[i].code, name) == 0)
			return true;
	return false;
}

static int history_tell(struct history *h, struct err *err)
{
	char excerpt[EXCERPT_MAX];
	const char *name = h->form->name;
	int rc = account_prepare(h->db, &h->account, err);
	if (rc == 0)
		rc = db_prepare(h->db, "SELECT kind FROM event WHERE id = ?", &h->kind, err);
	if (rc == 0)
		rc = db_prepare(h->db, "SELECT office FROM journal WHERE id = ?", &h->origin, err);
	if (rc == 0)
		rc = events_tell(h, err);
	if (rc == 0 && table_failed(h->table))
		rc = err_memory(err);
	if (rc == 0 && table_rows(h->table) == 0 && !h->office && !h->metric &&
	    !is_unit(h->reference, name))
		rc = err_set(err, -ENOENT,
			     "there is no unit, office, metric or indicator '%s', nor was there "
			     "one; `lantoa units export`, `lantoa office list`, `lantoa catalogue "
			     "export` and `lantoa indicators export` have those that there are",
			     utf8_excerpt(name, strlen(name), excerpt));
	return rc;
}

int history_run(sqlite3 *db, const struct reference *reference, const struct history_form *form,
		struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "event",  "at",   "who",    "shown_name",
					       "act",    "what", "record", "row",
					       "column", "was",  "became", "detail" };
	struct history h = { .db = db,
			     .form = form,
			     .office = offices_by_code(reference->offices, form->name),
			     .metric = catalogue_find(reference->catalogue, form->name) ||
				       indicators_find(reference->indicators, form->name),
			     .reference = reference,
			     .table = table_open(columns, sizeof(columns) / sizeof(columns[0])) };
	int rc = h.table ? 0 : err_memory(err);
	if (rc == 0) {
		table_head(h.table, "history", "name", form->name);
		rc = history_tell(&h, err);
	}
	(void)sqlite3_finalize(h.account); /* these repeat an error told before */
	(void)sqlite3_finalize(h.kind);
	(void)sqlite3_finalize(h.origin);
	if (rc < 0) {
		table_close(h.table);
		return rc;
	}
	*ret_table = h.table;
	return 0;
}
