/* 1. Events that may tell of the name are found by SQL, in their bodies' text, newest first: most
 *    bodies are never read as JSON;
 * 2. of the rows that one changed, those of the name are told: history_register.c,
 *    history_editions.c, history_holds.c. */
#include "query/history_internal.h"

#include "common/base/names.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/near_name.h"
#include "registry/unit_names.h"
#include "schema/account.h"
#include "schema/event_kinds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void history_put(struct history *h, const char *of, const char *row, const char *column,
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

static int rows_tell(struct history *h, const json_t *rows, struct err *err)
{
	const struct history_touch *touch = h->form->touch;
	history_register(h, rows);
	if (touch && h->event.at_us < touch->since_us)
		return 0;
	int rc = history_editions(h, rows, err);
	return rc == 0 && !touch ? history_holds(h, rows, err) : rc;
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

/* Of an event that goes on from another, kind and time are the other's: what a change holds comes
 * some moments after it, and is held since then. */
static int kind_find(struct history *h, const json_t *body, struct err *err)
{
	struct db_row row = { h->kind, err, 0 };
	h->stored = h->event.kind;
	if (strcmp(h->event.kind, EVENT_CONTINUED) == 0) {
		sqlite3_bind_int64(h->kind, 1, json_integer_value(json_object_get(body, "of")));
		if (db_step(h->kind, err) == 1) {
			h->stored = db_row_text(&row, 0);
			(void)civil_format(db_row_int(&row, 1, INT64_MIN, INT64_MAX), h->at);
		}
	}
	h->act = event_kind_words(h->stored);
	return row.rc;
}

static int event_tell(struct history *h, struct err *err)
{
	if (h->form->touch && strcmp(h->event.kind, EVENT_OPENING) == 0)
		return 0; /* nobody did it */
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
	if (rc == 0 && h->of_event == 0 && !h->form->touch &&
	    detail_tells(h->event.detail, h->form->name))
		history_put(h, NULL, NULL, NULL, NULL, NULL, h->event.detail);
	(void)sqlite3_reset(h->kind); /* until here its text was used */
	json_decref(body);
	return rc;
}

/* When the event was that is to be gone on from. */
static int before_find(struct history *h, int64_t *ret_us, struct err *err)
{
	sqlite3_stmt *at = NULL;
	if (!h->form->before)
		return 0;
	int rc = db_prepare(h->db, "SELECT at_us FROM event WHERE id = ?", &at, err);
	if (rc == 0) {
		sqlite3_bind_int64(at, 1, h->form->before);
		rc = db_step(at, err);
	}
	if (rc == 1)
		*ret_us = sqlite3_column_int64(at, 0);
	(void)sqlite3_finalize(at); /* repeats the error that step told */
	return rc < 0 ? rc : 0;
}

static int events_tell(struct history *h, struct err *err)
{
	char next[24];
	int64_t last = 0, before_us = INT64_MAX;
	bool more = false;
	const struct history_touch *touch = h->form->touch;
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(h->db,
			    "SELECT " EVENT_COLUMNS " FROM event WHERE id < ?1 AND at_us <= ?5 AND"
			    " (instr(body, ?2) OR instr(detail, ?2)"
			    " OR (?3 AND (instr(body, '\"assignment\":') OR"
			    "  instr(body, '\"office_key\":') OR instr(body, '\"quarantine\":')))"
			    " OR (?4 AND (instr(body, '\"closing\":') OR"
			    "  instr(body, '\"quarantine\":')))) ORDER BY id DESC",
			    &rows, err);
	if (rc < 0)
		return rc;
	rc = before_find(h, &before_us, err);
	if (rc == 0 && !touch)
		rc = history_finished_open(h, before_us, err);
	if (rc < 0) {
		(void)sqlite3_finalize(rows); /* it was not stepped */
		return rc;
	}
	sqlite3_bind_int64(rows, 1, h->form->before ? h->form->before : INT64_MAX);
	sqlite3_bind_text(rows, 2, h->form->name, -1, SQLITE_STATIC);
	sqlite3_bind_int(rows, 3, h->office != NULL);
	sqlite3_bind_int(rows, 4, h->counted);
	sqlite3_bind_int64(rows, 5, touch ? touch->until_us : INT64_MAX);
	while ((rc = db_step(rows, err)) == 1) {
		if (table_rows(h->table) >= h->form->most && last > 0) {
			(void)snprintf(next, sizeof(next), "%" PRId64, last); /* fits */
			table_head(h->table, "history", "next", next);
			more = true;
			rc = 0;
			break;
		}
		rc = event_read(rows, &h->event, err);
		if (rc == 0)
			rc = history_finished(h, h->event.at_us, err);
		if (rc == 0)
			rc = event_tell(h, err);
		if (rc < 0)
			break;
		last = h->event.id;
	}
	if (rc == 0 && !more)
		rc = history_finished(h, INT64_MIN, err);
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

/* The code of the only unit that is or was called @text, or office that is; @text itself where
 * there is none, or where there are several (-EINVAL and @err). */
static const char *name_meant(const struct reference *reference, const char *text, struct err *err)
{
	const struct office *office;
	const char *code = text;
	if (is_unit(reference, text) || offices_by_code(reference->offices, text) ||
	    catalogue_find(reference->catalogue, text) ||
	    indicators_find(reference->indicators, text) ||
	    units_named(reference->units, text, DAY_MIN, DAY_MAX, &code, err) != -ENOENT)
		return code;
	office = offices_expect(reference->offices, text, err);
	return office ? office->code : text;
}

struct meant { /* whatever is nearest */
	struct near_name near;
	const char *code;
};

static void meant_try(struct meant *meant, const char *code, const char *name)
{
	if (near_name_try(&meant->near, code) || near_name_try(&meant->near, name))
		meant->code = code;
}

/* Nothing was ever called so. */
static int refuse(const struct reference *reference, const char *name, struct err *err)
{
	char excerpt[EXCERPT_MAX];
	struct meant meant = { .code = "" };
	near_name_begin(&meant.near, name);
	for (size_t i = 0; i < reference->units->n; i++)
		meant_try(&meant, reference->units->list[i].code, reference->units->list[i].name);
	for (size_t i = 0; i < reference->offices->n; i++)
		meant_try(&meant, reference->offices->list[i].code,
			  reference->offices->list[i].name);
	for (size_t i = 0; i < reference->catalogue->n; i++)
		meant_try(&meant, reference->catalogue->metrics[i].name,
			  metric_called(&reference->catalogue->metrics[i]));
	for (size_t i = 0; i < reference->indicators->n; i++)
		meant_try(&meant, reference->indicators->list[i].name,
			  reference->indicators->list[i].label_vi);
	(void)err_set(err, -ENOENT,
		      "there is no unit, office, metric or indicator '%s', nor was there "
		      "one; `lantoa units export`, `lantoa office list`, `lantoa catalogue "
		      "export` and `lantoa indicators export` have those that there are",
		      utf8_excerpt(name, strlen(name), excerpt));
	return *meant.code ? near_words_hint(err, meant.code, meant.code) : -ENOENT;
}

static int history_tell(struct history *h, struct err *err)
{
	const char *name = h->form->name;
	int rc = account_prepare(h->db, &h->account, err);
	if (rc == 0)
		rc = db_prepare(h->db, "SELECT kind, at_us FROM event WHERE id = ?", &h->kind, err);
	if (rc == 0 && !(h->declarations = declarations_open(h->db, err)))
		rc = err->code;
	if (rc == 0) {
		declarations_forget(h->declarations, h->reference->catalogue);
		rc = held_entry_open(h->db, h->declarations, &h->held, err);
	}
	if (rc == 0)
		rc = events_tell(h, err);
	if (rc == 0 && table_failed(h->table))
		rc = err_memory(err);
	if (rc == 0 && !h->form->touch && table_rows(h->table) == 0 && !h->office && !h->counted &&
	    !is_unit(h->reference, name))
		rc = h->why.code == -EINVAL ? err_set(err, -ENOENT, "%s", h->why.text)
					    : refuse(h->reference, name, err);
	return rc;
}

int history_run(sqlite3 *db, const struct reference *reference, const struct history_form *form,
		struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "event",  "at",   "who",    "shown_name",
					       "act",    "what", "record", "row",
					       "column", "was",  "became", "detail" };
	struct err why = { 0 };
	const char *name = name_meant(reference, form->name, &why);
	const struct history_form meant = { name, form->most, form->before, form->touch };
	struct history h = { .db = db,
			     .form = &meant,
			     .why = why,
			     .office = offices_by_code(reference->offices, name),
			     .metric = catalogue_find(reference->catalogue, name),
			     .reference = reference,
			     .table = table_open(columns, sizeof(columns) / sizeof(columns[0])) };
	h.counted = h.metric || indicators_find(reference->indicators, name);
	int rc = h.table ? 0 : err_memory(err);
	if (rc == 0) {
		table_head(h.table, "history", "name", name);
		if (name != form->name)
			table_head(h.table, "history", "asked", form->name);
		rc = history_tell(&h, err);
	}
	(void)sqlite3_finalize(h.account); /* these repeat an error told before */
	(void)sqlite3_finalize(h.kind);
	(void)sqlite3_finalize(h.finished);
	held_entry_close(&h.held);
	declarations_close(h.declarations);
	if (rc < 0) {
		table_close(h.table);
		return rc;
	}
	*ret_table = h.table;
	return 0;
}
