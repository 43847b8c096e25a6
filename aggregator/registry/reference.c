#include "registry/reference.h"

#include "common/model/rule_metrics.h"
#include "common/text/csv_reader.h"
#include "common/text/near_name.h"
#include "registry/delivery.h"
#include "schema/event.h"
#include "schema/reference_version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char catalogue_empty[] =
	"name,label_vi,label_en,unit,kind,time_agg,area_agg,period,dimensions,decimals,carry,"
	"level,due_days,min,max\n";
static const char indicators_empty[] =
	"name,label_vi,label_en,formula,unit,target_year,target_value\n";
static const char dimensions_empty[] = "dimension,code,label_vi,label_en,valid_from,valid_to\n";
static const char days_off_empty[] = "from,to,kind,name_vi,name_en\n";
static const char rules_empty[] = "name,left,op,right,severity,label_vi,label_en,from\n";

/* A document is one of the tables that keep every edition as the CSV it came as; the last row
 * is in force. Older ones stay, so that it can be seen what was asked for when. */
struct document {
	const char *empty, *select, *insert;
};

static const struct document catalogue_document = {
	.empty = catalogue_empty,
	.select = "SELECT csv FROM catalogue ORDER BY id DESC LIMIT 1",
	.insert = "INSERT INTO catalogue(imported_us, csv) VALUES(?, ?)",
};
static const struct document indicators_document = {
	.empty = indicators_empty,
	.select = "SELECT csv FROM indicators ORDER BY id DESC LIMIT 1",
	.insert = "INSERT INTO indicators(imported_us, csv) VALUES(?, ?)",
};

static const struct document dimensions_document = {
	.empty = dimensions_empty,
	.select = "SELECT csv FROM dimensions ORDER BY id DESC LIMIT 1",
	.insert = "INSERT INTO dimensions(imported_us, csv) VALUES(?, ?)",
};
static const struct document rules_document = {
	.empty = rules_empty,
	.select = "SELECT csv FROM rules ORDER BY id DESC LIMIT 1",
	.insert = "INSERT INTO rules(imported_us, csv) VALUES(?, ?)",
};

static const struct document days_off_document = {
	.empty = days_off_empty,
	.select = "SELECT csv FROM days_off ORDER BY id DESC LIMIT 1",
	.insert = "INSERT INTO days_off(imported_us, csv) VALUES(?, ?)",
};

/* @taker gets the text in force; it is valid during the call. */
static int document_load(sqlite3 *db, const struct document *document,
			 int (*taker)(const char *csv, size_t len, void *context, struct err *err),
			 void *context, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, document->select, &stmt, err);
	if (rc == 0)
		rc = db_step(stmt, err);
	if (rc == 0) {
		rc = taker(document->empty, strlen(document->empty), context, err);
	} else if (rc == 1) {
		const void *csv = sqlite3_column_blob(stmt, 0); /* NULL when it has no bytes */
		rc = taker(csv ? csv : "", (size_t)sqlite3_column_bytes(stmt, 0), context, err);
		if (rc == -EINVAL) /* what was taken then is damaged, and nobody's mistake */
			rc = err->code = -EUCLEAN;
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

static int document_store(sqlite3 *db, const struct document *document, const char *csv, size_t len,
			  struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int64_t at_us = 0; /* as its event will be: never before what is in the ledger */
	int rc = event_time(db, EVENT_NOW, &at_us, err);
	if (rc == 0)
		rc = db_prepare(db, document->insert, &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, at_us);
	sqlite3_bind_blob64(stmt, 2, csv, len, SQLITE_STATIC);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc;
}

static int catalogue_take(const char *csv, size_t len, void *context, struct err *err)
{
	struct catalogue **catalogue = context;
	return catalogue_read(csv, len, catalogue, err);
}

static int indicators_take(const char *csv, size_t len, void *context, struct err *err)
{
	/* Judged against the catalogue when imported: what was taken then is taken now. */
	struct indicators **indicators = context;
	return indicators_read(csv, len, NULL, indicators, err);
}

static int dimensions_take(const char *csv, size_t len, void *context, struct err *err)
{
	struct dimensions **dimensions = context;
	return dimensions_read(csv, len, dimensions, err);
}

static int rules_take(const char *csv, size_t len, void *context, struct err *err)
{
	struct rules **rules = context;
	return rules_read(csv, len, rules, err);
}

static int days_off_take(const char *csv, size_t len, void *context, struct err *err)
{
	struct days_off **days_off = context;
	return days_off_read(csv, len, days_off, err);
}

static int dimensions_load(sqlite3 *db, struct catalogue *catalogue, struct err *err)
{
	struct dimensions *dimensions = NULL;
	int rc = document_load(db, &dimensions_document, dimensions_take, &dimensions, err);
	if (rc < 0)
		return err_wrap(err, "load the code lists of the dimensions");
	catalogue_use_dimensions(catalogue, dimensions);
	return 0;
}

static int rules_load(sqlite3 *db, struct catalogue *catalogue, struct err *err)
{
	struct rules *rules = NULL;
	int rc = document_load(db, &rules_document, rules_take, &rules, err);
	if (rc < 0)
		return err_wrap(err, "load the rules");
	catalogue_use_rules(catalogue, rules);
	return 0;
}

static int days_off_load(sqlite3 *db, struct catalogue *catalogue, struct err *err)
{
	struct days_off *days_off = NULL;
	int rc = document_load(db, &days_off_document, days_off_take, &days_off, err);
	if (rc < 0)
		return err_wrap(err, "load the days off");
	catalogue_use_days_off(catalogue, days_off);
	return 0;
}

/* With the code lists, the rules and the days off. */
static int catalogue_load(sqlite3 *db, struct catalogue **ret_catalogue, struct err *err)
{
	struct catalogue *catalogue = NULL;
	int rc = document_load(db, &catalogue_document, catalogue_take, &catalogue, err);
	if (rc < 0)
		return err_wrap(err, "load the catalogue");
	rc = dimensions_load(db, catalogue, err);
	if (rc == 0)
		rc = rules_load(db, catalogue, err);
	if (rc == 0)
		rc = days_off_load(db, catalogue, err);
	if (rc < 0)
		catalogue_close(catalogue);
	else
		*ret_catalogue = catalogue;
	return rc;
}

static int indicators_load(sqlite3 *db, struct indicators **ret_indicators, struct err *err)
{
	int rc = document_load(db, &indicators_document, indicators_take, ret_indicators, err);
	if (rc < 0)
		(void)err_wrap(err, "load the indicators");
	return rc;
}

static int everything_load(struct reference *reference, sqlite3 *db, struct err *err)
{
	int rc = reference_version(db, &reference->version, err);
	if (rc == 0)
		rc = units_load(db, &reference->units, err);
	if (rc == 0)
		rc = offices_load(db, reference->units, &reference->offices, err);
	if (rc == 0)
		rc = catalogue_load(db, &reference->catalogue, err);
	if (rc == 0)
		rc = indicators_load(db, &reference->indicators, err);
	if (rc == 0)
		rc = closings_load(db, &reference->closings, err);
	if (rc == 0)
		rc = excuses_load(db, &reference->excuses, err);
	return rc;
}

int reference_load(sqlite3 *db, struct reference **ret_reference, struct err *err)
{
	struct reference *reference = calloc(1, sizeof(*reference));
	if (!reference)
		return err_memory(err);
	int rc = (reference->past = calloc(1, sizeof(*reference->past)))
			 ? everything_load(reference, db, err)
			 : err_memory(err);
	if (rc < 0) {
		reference_close(reference);
		return rc;
	}
	*ret_reference = reference;
	return 0;
}

int reference_sound(const struct reference *reference, struct err *err)
{
	int rc = register_damage_refuse(&reference->units->damage, err);
	return rc < 0 ? rc : register_damage_refuse(&reference->offices->damage, err);
}

void reference_close(struct reference *reference)
{
	if (!reference)
		return;
	units_close(reference->units);
	offices_close(reference->offices);
	catalogue_close(reference->catalogue);
	indicators_close(reference->indicators);
	closings_close(reference->closings);
	excuses_close(reference->excuses);
	for (size_t i = 0; reference->past && i < REFERENCES_KEPT; i++)
		reference_close(reference->past->list[i].reference);
	free(reference->past);
	free(reference);
}

int reference_refresh(sqlite3 *db, struct reference **reference, struct err *err)
{
	int64_t version = 0;
	int rc = reference_version(db, &version, err);
	if (rc < 0 || (*reference && (*reference)->version == version))
		return rc;
	struct reference *fresh = NULL;
	rc = reference_load(db, &fresh, err);
	if (rc < 0)
		return rc;
	reference_close(*reference);
	*reference = fresh;
	return 0;
}

struct text {
	const char *csv;
	size_t len;
};

static int text_compare(const char *csv, size_t len, void *context, struct err *err)
{
	(void)err;
	const struct text *text = context;
	return text->len == len && memcmp(text->csv, csv, len) == 0;
}

/* Store the text unless it is the one in force. */
static int document_import(sqlite3 *db, const struct document *document, const char *csv,
			   size_t len, bool *ret_changed, struct err *err)
{
	struct text text = { csv, len };
	int rc = document_load(db, document, text_compare, &text, err);
	if (rc < 0)
		return rc;
	bool same = rc == 1;
	rc = same ? 0 : document_store(db, document, csv, len, err);
	if (rc == 0 && !same)
		rc = reference_changed(db, err);
	if (rc == 0)
		*ret_changed = !same;
	return rc;
}

/* An indicator must lose neither a metric under its feet nor its name. */
static int indicator_suits(const struct indicator *indicator, const struct catalogue *catalogue,
			   struct err *err)
{
	const char *const *names = NULL;
	size_t n = formula_operands(indicator->formula, &names);
	if (catalogue_find(catalogue, indicator->name))
		return err_set(err, -EINVAL,
			       "'%s' is the name of an indicator; choose another, or import "
			       "indicators without it first",
			       indicator->name);
	for (size_t i = 0; i < n; i++)
		if (!catalogue_find(catalogue, names[i]))
			return err_set(err, -EINVAL,
				       "indicator '%s' needs the metric '%s'; keep it, or import "
				       "indicators without it first",
				       indicator->name, names[i]);
	return 0;
}

static int indicators_suit(sqlite3 *db, const struct catalogue *catalogue, struct err *err)
{
	struct indicators *indicators = NULL;
	int rc = indicators_load(db, &indicators, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < indicators->n && rc == 0; i++)
		rc = indicator_suits(&indicators->list[i], catalogue, err);
	indicators_close(indicators);
	return rc;
}

int catalogue_import(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err)
{
	struct catalogue *catalogue = NULL;
	int rc = csv_plain(csv, len, err);
	if (rc == 0)
		rc = catalogue_read_new(csv, len, &catalogue, err);
	if (rc < 0)
		return rc;
	rc = dimensions_load(db, catalogue, err);
	if (rc == 0)
		rc = rules_load(db, catalogue, err);
	if (rc == 0 && rules_suit(catalogue->rules, catalogue, err) < 0)
		rc = err_wrap(err, "the rules in force (lantoa rules export)");
	if (rc == 0)
		rc = days_off_load(db, catalogue, err);
	if (rc == 0)
		rc = delivery_check(catalogue, err);
	if (rc == 0)
		rc = indicators_suit(db, catalogue, err);
	if (rc == 0)
		rc = document_import(db, &catalogue_document, csv, len, ret_changed, err);
	catalogue_close(catalogue);
	return rc;
}

/* I13: a list that no metric is divided by would judge nothing. */
static int list_suits(const struct catalogue *catalogue, const char *dimension, struct err *err)
{
	const char *best = NULL;
	struct near_name near;
	near_name_begin(&near, dimension);
	for (size_t i = 0; i < catalogue->n; i++)
		for (size_t j = 0; j < catalogue->metrics[i].n_dimensions; j++) {
			const char *other = catalogue->metrics[i].dimensions[j];
			if (strcmp(dimension, other) == 0)
				return 0;
			if (near_name_try(&near, other))
				best = other;
		}
	return best ? err_set(err, -EINVAL,
			      "no metric of the catalogue has the dimension '%s'; did you mean "
			      "'%s'?",
			      dimension, best)
		    : err_set(err, -EINVAL,
			      "no metric of the catalogue has the dimension '%s'; import a "
			      "catalogue with it first, or leave the list out",
			      dimension);
}

int dimensions_import(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err)
{
	struct catalogue *catalogue = NULL;
	struct dimensions *dimensions = NULL;
	int rc = csv_plain(csv, len, err);
	if (rc == 0)
		rc = catalogue_load(db, &catalogue, err);
	if (rc < 0)
		return rc;
	rc = dimensions_read(csv, len, &dimensions, err);
	for (size_t i = 0; rc == 0 && i < dimensions->n; i++)
		rc = list_suits(catalogue, dimensions->lists[i].dimension, err);
	if (rc == 0) {
		catalogue_use_dimensions(catalogue, dimensions);
		rc = delivery_check(catalogue, err);
	} else {
		dimensions_close(dimensions);
	}
	if (rc == 0)
		rc = document_import(db, &dimensions_document, csv, len, ret_changed, err);
	catalogue_close(catalogue);
	return rc;
}

int rules_import(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err)
{
	struct catalogue *catalogue = NULL;
	struct rules *rules = NULL;
	int rc = csv_plain(csv, len, err);
	if (rc == 0)
		rc = catalogue_load(db, &catalogue, err);
	if (rc == 0)
		rc = rules_read(csv, len, &rules, err);
	if (rc == 0)
		rc = rules_suit(rules, catalogue, err);
	if (rc == 0) {
		catalogue_use_rules(catalogue, rules);
		rc = delivery_check(catalogue, err);
	} else {
		rules_close(rules);
	}
	if (rc == 0)
		rc = document_import(db, &rules_document, csv, len, ret_changed, err);
	catalogue_close(catalogue);
	return rc;
}

int days_off_import(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err)
{
	struct catalogue *catalogue = NULL;
	struct days_off *days_off = NULL;
	int rc = csv_plain(csv, len, err);
	if (rc == 0)
		rc = catalogue_load(db, &catalogue, err);
	if (rc < 0)
		return rc;
	rc = days_off_read(csv, len, &days_off, err);
	if (rc == 0) {
		catalogue_use_days_off(catalogue, days_off);
		rc = delivery_check(catalogue, err);
	}
	if (rc == 0)
		rc = document_import(db, &days_off_document, csv, len, ret_changed, err);
	catalogue_close(catalogue);
	return rc;
}

int indicators_import(sqlite3 *db, const char *csv, size_t len, bool *ret_changed, struct err *err)
{
	struct catalogue *catalogue = NULL;
	struct indicators *indicators = NULL;
	int rc = csv_plain(csv, len, err);
	if (rc == 0)
		rc = catalogue_load(db, &catalogue, err);
	if (rc < 0)
		return rc;
	rc = indicators_read(csv, len, catalogue, &indicators, err);
	if (rc == 0)
		rc = document_import(db, &indicators_document, csv, len, ret_changed, err);
	indicators_close(indicators);
	catalogue_close(catalogue);
	return rc;
}

static int text_append(const char *csv, size_t len, void *context, struct err *err)
{
	return blob_append(context, csv, len) < 0 ? err_memory(err) : 0;
}

int catalogue_export(sqlite3 *db, struct blob *out, struct err *err)
{
	return document_load(db, &catalogue_document, text_append, out, err);
}

int indicators_export(sqlite3 *db, struct blob *out, struct err *err)
{
	return document_load(db, &indicators_document, text_append, out, err);
}

int dimensions_export(sqlite3 *db, struct blob *out, struct err *err)
{
	return document_load(db, &dimensions_document, text_append, out, err);
}

int rules_export(sqlite3 *db, struct blob *out, struct err *err)
{
	return document_load(db, &rules_document, text_append, out, err);
}

int days_off_export(sqlite3 *db, struct blob *out, struct err *err)
{
	return document_load(db, &days_off_document, text_append, out, err);
}
