#include "import.h"

#include "arena.h"
#include "csv_reader.h"
#include "i18n.h"
#include "labels.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK          2000u              /* figures in one transaction */
#define CHUNK_TEXT_MAX (8u * 1024 * 1024) /* their texts */

enum role { ROLE_PERIOD, ROLE_METRIC, ROLE_VALUE, ROLE_LABELS, ROLE_DIMENSION, ROLE_FIGURES };

struct column {
	enum role role;
	char *name;                  /* owned; as the header has it */
	const struct metric *metric; /* of ROLE_FIGURES */
};

struct import {
	const struct import_config *config;
	struct column *columns; /* owned [n] */
	size_t n_columns;
	bool wide;
	struct entry entries[CHUNK];
	size_t n_entries;
	struct arena *arena; /* texts of the entries */
	struct import_result result;
};

static void complain(struct import *import, unsigned line, const char *column, const char *format,
		     ...) __attribute__((format(printf, 4, 5)));

static void complain(struct import *import, unsigned line, const char *column, const char *format,
		     ...)
{
	char why[ERR_TEXT_MAX / 2], text[ERR_TEXT_MAX];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), _(format), args); /* cut is fine, as below */
	va_end(args);
	(void)snprintf(text, sizeof(text), "%s:%u: %.80s%s%s", import->config->name, line, column,
		       *column ? ": " : "", why);
	import->config->on_complaint(import->config->context, text);
	import->result.rejected++;
}

/* --- the header --- */

static bool is_any(const char *text, const char *const names[])
{
	for (size_t i = 0; names[i]; i++)
		if (strcmp(text, names[i]) == 0)
			return true;
	return false;
}

static bool is_dimension(const struct catalogue *catalogue, const char *text)
{
	for (size_t m = 0; m < catalogue->n; m++)
		for (size_t d = 0; d < catalogue->metrics[m].n_dimensions; d++)
			if (strcmp(catalogue->metrics[m].dimensions[d], text) == 0)
				return true;
	return false;
}

static int column_role(const struct catalogue *catalogue, const char *text, struct column *column)
{
	static const char *const period[] = { "period", "kỳ", "Kỳ", "Kỳ báo cáo", NULL };
	static const char *const metric[] = { "metric", "chỉ tiêu", "Chỉ tiêu", NULL };
	static const char *const value[] = { "value", "giá trị", "Giá trị", NULL };
	static const char *const labels[] = { "labels", "nhãn", "Nhãn", NULL };
	column->metric = entry_metric(catalogue, text);
	if (column->metric)
		column->role = ROLE_FIGURES;
	else if (is_any(text, period))
		column->role = ROLE_PERIOD;
	else if (is_any(text, metric))
		column->role = ROLE_METRIC;
	else if (is_any(text, value))
		column->role = ROLE_VALUE;
	else if (is_any(text, labels))
		column->role = ROLE_LABELS;
	else if (is_dimension(catalogue, text))
		column->role = ROLE_DIMENSION;
	else
		return -EINVAL;
	return 0;
}

static size_t count_role(const struct import *import, enum role role)
{
	size_t n = 0;
	for (size_t i = 0; i < import->n_columns; i++)
		n += import->columns[i].role == role;
	return n;
}

static int check_header(struct import *import, struct err *err)
{
	size_t metrics = count_role(import, ROLE_METRIC), values = count_role(import, ROLE_VALUE);
	import->wide = count_role(import, ROLE_FIGURES) > 0;
	if (import->wide && (metrics > 0 || values > 0))
		return err_set(err, -EINVAL,
			       "columns metric and value do not go together with a column per "
			       "metric; use one form or the other");
	if (!import->wide && (metrics != 1 || values != 1))
		return err_set(err, -EINVAL,
			       "needs columns metric and value, or a column per metric");
	if (count_role(import, ROLE_PERIOD) > 1 || count_role(import, ROLE_LABELS) > 1)
		return err_set(err, -EINVAL, "has a column twice; remove one");
	return 0;
}

static int on_header(void *context, const struct csv_row *row, struct err *err)
{
	struct import *import = context;
	import->columns = calloc(row->n, sizeof(*import->columns));
	if (!import->columns)
		return err_memory(err);
	for (size_t i = 0; i < row->n; i++) {
		struct column *column = &import->columns[import->n_columns++];
		column->name = strdup(row->fields[i]);
		if (!column->name)
			return err_memory(err);
		if (column_role(import->config->catalogue, row->fields[i], column) < 0)
			return err_set(err, -EINVAL,
				       "line %u: column '%.80s' is neither period, metric, value "
				       "and labels, nor a metric or a dimension of the catalogue; "
				       "rename or remove it",
				       row->line, row->fields[i]);
	}
	int rc = check_header(import, err);
	return rc < 0 ? err_wrap(err, "line %u: the header", row->line) : 0;
}

/* --- figures --- */

static int hand_in(struct import *import, struct err *err)
{
	if (import->n_entries == 0)
		return 0;
	int rc = import->config->on_entries(import->config->context, import->entries,
					    import->n_entries, err);
	if (rc < 0)
		return rc;
	import->result.figures += import->n_entries;
	import->n_entries = 0;
	arena_reset(import->arena);
	return 0;
}

/* The entry outlives the row it came from. */
static const char *keep(struct import *import, const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = arena_alloc_raw(import->arena, len);
	return copy ? memcpy(copy, text, len) : NULL;
}

static int add_entry(struct import *import, const struct entry *entry, struct err *err)
{
	struct entry kept = { .metric = keep(import, entry->metric),
			      .value = entry->value ? keep(import, entry->value) : NULL,
			      .period = entry->period ? keep(import, entry->period) : NULL,
			      .labels = keep(import, entry->labels) };
	if (!kept.metric || !kept.labels || (entry->value && !kept.value) ||
	    (entry->period && !kept.period))
		return err_memory(err);
	import->entries[import->n_entries++] = kept;
	return import->n_entries == CHUNK ? hand_in(import, err) : 0;
}

/* Judged here, so that the complaint knows its line. */
static int take_figure(struct import *import, unsigned line, const char *column, struct entry entry,
		       struct err *err)
{
	struct observation obs;
	struct err why;
	if (entry.value && strcmp(entry.value, "-") == 0)
		entry.value = NULL;
	if (entry_judge(import->config->catalogue, &entry, import->config->now_us, &obs, &why) <
	    0) {
		complain(import, line, column, "%s", why.text);
		return 0;
	}
	return add_entry(import, &entry, err);
}

/* "a=b;c=d" as people write it, in any order. */
static size_t split_labels(char *text, struct label labels[], size_t n, size_t most)
{
	char *rest;
	for (char *pair = strtok_r(text, ";", &rest); pair && n < most;
	     pair = strtok_r(NULL, ";", &rest)) {
		char *equals = strchr(pair, '=');
		if (equals)
			*equals = '\0';
		pair += strspn(pair, " ");
		labels[n++] = (struct label){ pair, equals ? equals + 1 : "" };
	}
	return n;
}

static const struct column *column_of(const struct import *import, size_t i)
{
	return &import->columns[i];
}

static int row_labels(struct import *import, const struct csv_row *row, char text[LABELS_TEXT_MAX],
		      struct err *why)
{
	struct label labels[LABELS_MAX + 1];
	char written[LABELS_TEXT_MAX] = "";
	size_t n = 0;
	for (size_t i = 0; i < row->n && n <= LABELS_MAX; i++) {
		const struct column *column = column_of(import, i);
		if (column->role == ROLE_DIMENSION && *row->fields[i])
			labels[n++] = (struct label){ column->name, row->fields[i] };
		if (column->role != ROLE_LABELS)
			continue;
		if (strlen(row->fields[i]) >= sizeof(written))
			return err_set(why, -EINVAL, "labels: the text is too long");
		memcpy(written, row->fields[i], strlen(row->fields[i]) + 1);
		n = split_labels(written, labels, n, LABELS_MAX + 1);
	}
	return labels_canonical(labels, n, text, why);
}

static const char *row_field(const struct import *import, const struct csv_row *row, enum role role)
{
	for (size_t i = 0; i < row->n; i++)
		if (column_of(import, i)->role == role)
			return row->fields[i];
	return NULL;
}

static int take_long(struct import *import, const struct csv_row *row, struct entry entry,
		     struct err *err)
{
	entry.value = row_field(import, row, ROLE_VALUE);
	const char *name = row_field(import, row, ROLE_METRIC);
	const struct metric *metric = entry_metric(import->config->catalogue, name);
	entry.metric = metric ? metric->name : name;
	if (!*entry.value) {
		complain(import, row->line, "value", "is empty; give a number, or - to withdraw");
		return 0;
	}
	return take_figure(import, row->line, "", entry, err);
}

/* Dimensions that a metric of the line lacks are those of its neighbours. */
static int take_wide(struct import *import, const struct csv_row *row, struct entry entry,
		     struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < row->n && rc == 0; i++) {
		const struct column *column = column_of(import, i);
		if (column->role != ROLE_FIGURES || !*row->fields[i])
			continue;
		entry.metric = column->metric->name;
		entry.value = row->fields[i];
		rc = take_figure(import, row->line, column->name, entry, err);
	}
	return rc;
}

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct import *import = context;
	char labels[LABELS_TEXT_MAX];
	struct err why;
	if (row->n != import->n_columns) {
		complain(import, row->line, "", "has %zu fields, the header has %zu; mend the line",
			 row->n, import->n_columns);
		return 0;
	}
	if (row_labels(import, row, labels, &why) < 0) {
		complain(import, row->line, "labels", "%s", why.text);
		return 0;
	}
	struct entry entry = { .period = row_field(import, row, ROLE_PERIOD), .labels = labels };
	if (entry.period && !*entry.period)
		entry.period = NULL;
	return import->wide ? take_wide(import, row, entry, err)
			    : take_long(import, row, entry, err);
}

int import_csv(const struct import_config *config, const char *csv, size_t len,
	       struct import_result *ret_result, struct err *err)
{
	*ret_result = (struct import_result){ 0 };
	struct import *import = calloc(1, sizeof(*import));
	if (!import)
		return err_memory(err);
	import->config = config;
	import->arena = arena_open(CHUNK_TEXT_MAX);
	int rc = import->arena ? 0 : err_memory(err);
	if (rc == 0)
		rc = csv_read(csv, len, on_header, on_row, import, err);
	if (rc == 0 ||
	    rc == -EINVAL) { /* a broken line ends the reading; what came before counts */
		struct err handing;
		int handed = hand_in(import, &handing);
		if (handed < 0 && rc == 0)
			rc = err_set(err, handed, "%s", handing.text);
	}
	*ret_result = import->result;
	for (size_t i = 0; i < import->n_columns; i++)
		free(import->columns[i].name);
	free(import->columns);
	arena_close(import->arena);
	free(import);
	return rc < 0 ? err_wrap(err, "%s", config->name) : 0;
}
