/* /v1/units, /v1/successors, /v1/catalogue, /v1/indicators, /v1/dimensions, /v1/rules,
 * /v1/calendar: PUT takes an edition as CSV and answers {"changed": n}, with the arguments of
 * importing.h; GET gives back what is in force. */
#include "api/call.h"
#include "api/importing.h"
#include "registry/successors.h"
#include "registry/units_import.h"

#include <string.h>

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

/* --- PUT --- */

static int import_units(struct call *call, sqlite3 *db, size_t *ret_n, struct err *err)
{
	return units_import(db, call->body, call->body_len, ret_n, err);
}

static int import_successors(struct call *call, sqlite3 *db, size_t *ret_n, struct err *err)
{
	return successors_import(db, call->body, call->body_len, ret_n, err);
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

/* --- documents --- */

static const enum change_kind catalogue_kind = CHANGE_CATALOGUE;
static const enum change_kind calendar_kind = CHANGE_CALENDAR;

/* Code lists decide about what comes from now on alone, and rules about what offices take: no page
 * follows. */
static const struct document_route {
	const char *path;
	struct importing importing;
} documents[] = {
	{ "/v1/catalogue",
	  { .what = "catalogue import",
	    .answer = "changed",
	    .keys = "name",
	    .take = catalogue_import,
	    .export = catalogue_export,
	    .decides = &catalogue_kind } },
	{ "/v1/indicators",
	  { .what = "indicators import",
	    .answer = "changed",
	    .keys = "name",
	    .take = indicators_import,
	    .export = indicators_export } },
	{ "/v1/dimensions",
	  { .what = "dimensions import",
	    .answer = "changed",
	    .keys = "dimension code valid_from",
	    .take = dimensions_import,
	    .export = dimensions_export } },
	{ "/v1/calendar",
	  { .what = "calendar import",
	    .answer = "changed",
	    .keys = "from kind",
	    .take = days_off_import,
	    .export = days_off_export,
	    .decides = &calendar_kind } },
	{ "/v1/rules",
	  { .what = "rules import",
	    .answer = "changed",
	    .keys = "name",
	    .take = rules_import,
	    .export = rules_export } },
};

static const struct importing *document_of(const struct call *call)
{
	size_t i = 0;

	while (strcmp(documents[i].path, call->action->path) != 0)
		i++; /* it is there: the actions below */
	return &documents[i].importing;
}

static int document_put(struct call *call, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	return importing_run(call, db, reference, document_of(call), err);
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
static int document_get(struct call *call, sqlite3 *db, const struct reference *reference,
			struct err *err)
{
	const struct importing *document = document_of(call);
	struct blob csv = { 0 };
	struct table *table = NULL;

	if (!call->wants_csv) {
		int rc = importing_table(document, db, reference, &table, err);

		return table_get(call, rc, table, err);
	}
	int rc = document->export(db, &csv, err);
	if (rc == 0)
		call_answer_csv(call, &csv);
	blob_free(&csv);
	return rc;
}

const struct action reference_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/units", NULL, NULL, CALL_READ, NULL, units_get, NULL,
	  "Units, as they are in force.", "code! name! level! parent valid_from! valid_to", NULL },
	{ ROLE_ADMIN, "PUT", "/v1/units", IMPORT_ARGUMENTS, NULL, CALL_WRITE, importing_prepare,
	  units_put, change_committed, "Take over an edition of it.",
	  "=changed =warning? | change! row! column was becomes figures offices", NULL },
	{ ROLE_VIEWER, "GET", "/v1/successors", NULL, NULL, CALL_READ, NULL, successors_get, NULL,
	  "Which units follow which.", "effective_on! old_code! new_code! share", NULL },
	{ ROLE_ADMIN, "PUT", "/v1/successors", IMPORT_ARGUMENTS, NULL, CALL_WRITE,
	  importing_prepare, successors_put, NULL, "Take over an edition of it.",
	  "=changed =warning? | change! row! column was becomes figures offices", NULL },
	{ ROLE_VIEWER, "GET", "/v1/catalogue", NULL, NULL, CALL_READ, NULL, document_get, NULL,
	  "The catalogue of metrics.", "*", NULL },
	{ ROLE_ADMIN, "PUT", "/v1/catalogue", IMPORT_ARGUMENTS, NULL, CALL_WRITE, importing_prepare,
	  document_put, change_committed, "Take over an edition of it.",
	  "=changed =warning? | change! row! column was becomes figures offices", NULL },
	{ ROLE_VIEWER, "GET", "/v1/indicators", NULL, NULL, CALL_READ, NULL, document_get, NULL,
	  "Indicators and their targets.", "*", NULL },
	{ ROLE_ADMIN, "PUT", "/v1/indicators", IMPORT_ARGUMENTS, NULL, CALL_WRITE,
	  importing_prepare, document_put, NULL, "Take over an edition of it.",
	  "=changed =warning? | change! row! column was becomes figures offices", NULL },
	{ ROLE_VIEWER, "GET", "/v1/dimensions", NULL, NULL, CALL_READ, NULL, document_get, NULL,
	  "Code lists of labels.", "*", NULL },
	{ ROLE_ADMIN, "PUT", "/v1/dimensions", IMPORT_ARGUMENTS, NULL, CALL_WRITE,
	  importing_prepare, document_put, NULL, "Take over an edition of it.",
	  "=changed =warning? | change! row! column was becomes figures offices", NULL },
	{ ROLE_VIEWER, "GET", "/v1/rules", NULL, NULL, CALL_READ, NULL, document_get, NULL,
	  "Rules between figures.", "*", NULL },
	{ ROLE_ADMIN, "PUT", "/v1/rules", IMPORT_ARGUMENTS, NULL, CALL_WRITE, importing_prepare,
	  document_put, NULL, "Take over an edition of it.",
	  "=changed =warning? | change! row! column was becomes figures offices", NULL },
	{ ROLE_VIEWER, "GET", "/v1/calendar", NULL, NULL, CALL_READ, NULL, document_get, NULL,
	  "Days off, by which due dates move.", "*", NULL },
	{ ROLE_ADMIN, "PUT", "/v1/calendar", IMPORT_ARGUMENTS, NULL, CALL_WRITE, importing_prepare,
	  document_put, change_committed, "Take over an edition of it.",
	  "=changed =warning? | change! row! column was becomes figures offices", NULL },
};
const size_t n_reference_actions = sizeof(reference_actions) / sizeof(reference_actions[0]);
