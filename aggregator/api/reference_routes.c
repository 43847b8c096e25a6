/* /v1/units, /v1/successors, /v1/catalogue, /v1/indicators: PUT takes an edition as CSV and answers
 * {"changed": n}; GET gives back what is in force. */
#include "audit.h"
#include "call.h"
#include "csv_table.h"
#include "follow.h"
#include "log.h"

#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

/* Units and catalogue decide whether a figure counts, and for what: the books follow in the same
 * transaction, by a reference that has the change. */
static int follow(sqlite3 *db, const struct reference *before, const char *what,
		  struct damaged_days *ret_damaged, struct err *err)
{
	uint64_t began_ns = uv_hrtime();
	struct reference *after = NULL;
	struct followed followed = { 0 };
	int rc = reference_load(db, &after, err);

	if (rc == 0)
		rc = books_follow(db, before, after, &followed, err);
	if (rc == 0)
		log_info("api: the books follow the %s office_days=%" PRIu64 " held=%" PRIu64
			 " whole=%s seconds=%.1f",
			 what, followed.office_days, followed.held, followed.whole ? "yes" : "no",
			 (double)(uv_hrtime() - began_ns) / 1e9);
	if (rc == 0)
		*ret_damaged = followed.damaged;
	reference_close(after);
	return rc;
}

/* @before: by which figures counted so far; NULL: they count as they do. */
static int changed(struct call *call, sqlite3 *db, const char *what, size_t n,
		   const struct reference *before, struct err *err)
{
	struct damaged_days damaged = { 0 };
	char detail[64];
	int rc = 0;

	(void)snprintf(detail, sizeof(detail), "changed=%zu bytes=%zu", n, call->body_len);
	if (n > 0)
		rc = audit_note(db, call->who, what, detail, err);
	if (rc == 0 && n > 0 && before)
		rc = follow(db, before, what, &damaged, err);
	return rc == 0 ? call_answer_damaged(call, "changed", n, &damaged, err) : rc;
}

static int units_put(struct call *call, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	size_t n = 0;
	int rc = units_import(db, call->body, call->body_len, &n, err);

	return rc < 0 ? rc : changed(call, db, "units import", n, reference, err);
}

static int successors_put(struct call *call, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	size_t n = 0;
	int rc = successors_import(db, call->body, call->body_len, &n, err);

	(void)reference;
	return rc < 0 ? rc : changed(call, db, "successors import", n, NULL, err);
}

static int catalogue_put(struct call *call, sqlite3 *db, const struct reference *reference,
			 struct err *err)
{
	bool differs = false;
	int rc = catalogue_import(db, call->body, call->body_len, &differs, err);

	return rc < 0 ? rc : changed(call, db, "catalogue import", differs, reference, err);
}

static int indicators_put(struct call *call, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	bool differs = false;
	int rc = indicators_import(db, call->body, call->body_len, &differs, err);

	(void)reference;
	return rc < 0 ? rc : changed(call, db, "indicators import", differs, NULL, err);
}

static void add_unit(struct table *table, const struct unit *unit)
{
	char from[DAY_TEXT_MAX], to[DAY_TEXT_MAX];

	table_row(table);
	table_text(table, unit->code);
	table_text(table, unit->name);
	table_text(table, unit->level);
	table_text(table, unit->parent);
	table_text(table, day_format(unit->valid_from, from));
	table_text(table, unit->valid_to == UNIT_OPEN ? NULL : day_format(unit->valid_to, to));
}

static int units_get(struct call *call, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	static const char *const columns[] = { "code",   "name",       "level",
					       "parent", "valid_from", "valid_to" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));

	(void)db;
	if (!table)
		return err_memory(err);
	for (size_t i = 0; i < reference->units->n; i++)
		add_unit(table, &reference->units->list[i]);
	return call_answer_table(call, table, err);
}

static int successors_get(struct call *call, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	static const char *const columns[] = { "effective_on", "old_code", "new_code", "share" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));

	(void)db;
	if (!table)
		return err_memory(err);
	for (size_t i = 0; i < reference->units->n_successors; i++) {
		const struct successor *successor = &reference->units->successors[i];
		char day[DAY_TEXT_MAX];

		table_row(table);
		table_text(table, day_format(successor->effective_on, day));
		table_text(table, successor->old_code);
		table_text(table, successor->new_code);
		table_text(table, successor->share);
	}
	return call_answer_table(call, table, err);
}

/* CSV as it was imported, notes and all; JSON has the same columns. */
static int document_get(struct call *call, sqlite3 *db,
			int (*export)(sqlite3 *db, struct blob *out, struct err *err),
			struct err *err)
{
	struct blob csv = { 0 };
	struct table *table = NULL;
	int rc = export(db, &csv, err);

	if (rc == 0 && call->wants_csv)
		call_answer_csv(call, &csv);
	else if (rc == 0)
		rc = csv_table((const char *)csv.data, csv.len, &table, err);
	blob_free(&csv);
	return table ? call_answer_table(call, table, err) : rc;
}

static int catalogue_get(struct call *call, sqlite3 *db, const struct reference *reference,
			 struct err *err)
{
	(void)reference;
	return document_get(call, db, catalogue_export, err);
}

static int indicators_get(struct call *call, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	(void)reference;
	return document_get(call, db, indicators_export, err);
}

const struct action reference_actions[] = {
	{ "GET", "/v1/units", NULL, NULL, CALL_READ, NULL, units_get, NULL },
	{ "PUT", "/v1/units", NULL, NULL, CALL_WRITE, NULL, units_put, NULL },
	{ "GET", "/v1/successors", NULL, NULL, CALL_READ, NULL, successors_get, NULL },
	{ "PUT", "/v1/successors", NULL, NULL, CALL_WRITE, NULL, successors_put, NULL },
	{ "GET", "/v1/catalogue", NULL, NULL, CALL_READ, NULL, catalogue_get, NULL },
	{ "PUT", "/v1/catalogue", NULL, NULL, CALL_WRITE, NULL, catalogue_put, NULL },
	{ "GET", "/v1/indicators", NULL, NULL, CALL_READ, NULL, indicators_get, NULL },
	{ "PUT", "/v1/indicators", NULL, NULL, CALL_WRITE, NULL, indicators_put, NULL },
};
const size_t n_reference_actions = sizeof(reference_actions) / sizeof(reference_actions[0]);
