/* /v1/units, /v1/successors, /v1/catalogue, /v1/indicators, /v1/dimensions: PUT takes an edition as
 * CSV and answers {"changed": n}, with the arguments of importing.h; GET gives back what is in
 * force. */
#include "api/call.h"
#include "api/importing.h"
#include "common/text/csv_table.h"
#include "registry/successors.h"
#include "registry/units_import.h"

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

static int units_table(sqlite3 *db, const struct reference *reference, struct table **ret_table,
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
	*ret_table = table;
	return 0;
}

static int successors_table(sqlite3 *db, const struct reference *reference,
			    struct table **ret_table, struct err *err)
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
	*ret_table = table;
	return 0;
}

static int document_table(sqlite3 *db,
			  int (*export)(sqlite3 *db, struct blob *out, struct err *err),
			  struct table **ret_table, struct err *err)
{
	struct blob csv = { 0 };
	int rc = export(db, &csv, err);

	if (rc == 0)
		rc = csv_table((const char *)csv.data, csv.len, ret_table, err);
	blob_free(&csv);
	return rc;
}

static int catalogue_table(sqlite3 *db, const struct reference *reference, struct table **ret_table,
			   struct err *err)
{
	(void)reference;
	return document_table(db, catalogue_export, ret_table, err);
}

static int indicators_table(sqlite3 *db, const struct reference *reference,
			    struct table **ret_table, struct err *err)
{
	(void)reference;
	return document_table(db, indicators_export, ret_table, err);
}

static int dimensions_table(sqlite3 *db, const struct reference *reference,
			    struct table **ret_table, struct err *err)
{
	(void)reference;
	return document_table(db, dimensions_export, ret_table, err);
}

/* --- PUT --- */

static int import_units(struct call *call, sqlite3 *db, size_t *ret_n, struct err *err)
{
	return units_import(db, call->body, call->body_len, ret_n, err);
}

static int import_successors(struct call *call, sqlite3 *db, size_t *ret_n, struct err *err)
{
	return successors_import(db, call->body, call->body_len, ret_n, err);
}

static int import_catalogue(struct call *call, sqlite3 *db, size_t *ret_n, struct err *err)
{
	bool differs = false;
	int rc = catalogue_import(db, call->body, call->body_len, &differs, err);

	*ret_n = differs;
	return rc;
}

static int import_indicators(struct call *call, sqlite3 *db, size_t *ret_n, struct err *err)
{
	bool differs = false;
	int rc = indicators_import(db, call->body, call->body_len, &differs, err);

	*ret_n = differs;
	return rc;
}

static int import_dimensions(struct call *call, sqlite3 *db, size_t *ret_n, struct err *err)
{
	bool differs = false;
	int rc = dimensions_import(db, call->body, call->body_len, &differs, err);

	*ret_n = differs;
	return rc;
}

static int units_put(struct call *call, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	static const enum change_kind kind = CHANGE_UNITS;
	static const struct importing importing = { .what = "units import",
						    .answer = "changed",
						    .keys = "code valid_from",
						    .import = import_units,
						    .table = units_table,
						    .decides = &kind };

	return importing_run(call, db, reference, &importing, err);
}

static int successors_put(struct call *call, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	static const struct importing importing = { .what = "successors import",
						    .answer = "changed",
						    .keys = "effective_on old_code new_code",
						    .import = import_successors,
						    .table = successors_table };

	return importing_run(call, db, reference, &importing, err);
}

static int catalogue_put(struct call *call, sqlite3 *db, const struct reference *reference,
			 struct err *err)
{
	static const enum change_kind kind = CHANGE_CATALOGUE;
	static const struct importing importing = { .what = "catalogue import",
						    .answer = "changed",
						    .keys = "name",
						    .import = import_catalogue,
						    .table = catalogue_table,
						    .decides = &kind };

	return importing_run(call, db, reference, &importing, err);
}

static int indicators_put(struct call *call, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	static const struct importing importing = { .what = "indicators import",
						    .answer = "changed",
						    .keys = "name",
						    .import = import_indicators,
						    .table = indicators_table };

	return importing_run(call, db, reference, &importing, err);
}

/* It decides about what comes from now on alone: no page follows. */
static int dimensions_put(struct call *call, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	static const struct importing importing = { .what = "dimensions import",
						    .answer = "changed",
						    .keys = "dimension code valid_from",
						    .import = import_dimensions,
						    .table = dimensions_table };

	return importing_run(call, db, reference, &importing, err);
}

/* --- GET --- */

static int table_get(struct call *call, int rc, struct table *table, struct err *err)
{
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int units_get(struct call *call, sqlite3 *db, const struct reference *reference,
		     struct err *err)
{
	struct table *table = NULL;
	int rc = units_table(db, reference, &table, err);

	return table_get(call, rc, table, err);
}

static int successors_get(struct call *call, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	struct table *table = NULL;
	int rc = successors_table(db, reference, &table, err);

	return table_get(call, rc, table, err);
}

/* CSV as it was imported, notes and all; JSON has the same columns. */
static int document_get(struct call *call, sqlite3 *db,
			int (*export)(sqlite3 *db, struct blob *out, struct err *err),
			struct err *err)
{
	struct blob csv = { 0 };
	struct table *table = NULL;
	int rc = call->wants_csv ? export(db, &csv, err) : document_table(db, export, &table, err);

	if (!call->wants_csv)
		return table_get(call, rc, table, err);
	if (rc == 0)
		call_answer_csv(call, &csv);
	blob_free(&csv);
	return rc;
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

static int dimensions_get(struct call *call, sqlite3 *db, const struct reference *reference,
			  struct err *err)
{
	(void)reference;
	return document_get(call, db, dimensions_export, err);
}

const struct action reference_actions[] = {
	{ "GET", "/v1/units", NULL, NULL, CALL_READ, NULL, units_get, NULL },
	{ "PUT", "/v1/units", IMPORT_ARGUMENTS, NULL, CALL_WRITE, importing_prepare, units_put,
	  change_committed },
	{ "GET", "/v1/successors", NULL, NULL, CALL_READ, NULL, successors_get, NULL },
	{ "PUT", "/v1/successors", IMPORT_ARGUMENTS, NULL, CALL_WRITE, importing_prepare,
	  successors_put, NULL },
	{ "GET", "/v1/catalogue", NULL, NULL, CALL_READ, NULL, catalogue_get, NULL },
	{ "PUT", "/v1/catalogue", IMPORT_ARGUMENTS, NULL, CALL_WRITE, importing_prepare,
	  catalogue_put, change_committed },
	{ "GET", "/v1/indicators", NULL, NULL, CALL_READ, NULL, indicators_get, NULL },
	{ "PUT", "/v1/indicators", IMPORT_ARGUMENTS, NULL, CALL_WRITE, importing_prepare,
	  indicators_put, NULL },
	{ "GET", "/v1/dimensions", NULL, NULL, CALL_READ, NULL, dimensions_get, NULL },
	{ "PUT", "/v1/dimensions", IMPORT_ARGUMENTS, NULL, CALL_WRITE, importing_prepare,
	  dimensions_put, NULL },
};
const size_t n_reference_actions = sizeof(reference_actions) / sizeof(reference_actions[0]);
