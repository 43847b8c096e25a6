/* Each row: the header first; then its labels and period, then a figure or, in wide form, several.
 * A figure is written as programs write it, judged, and kept until there are enough to record. */
#include "import.h"

#include "arena.h"
#include "cell.h"
#include "columns.h"
#include "i18n.h"
#include "labels.h"
#include "period_words.h"
#include "survey.h"
#include "utf8.h"
#include "viet.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK          2000u              /* figures in one transaction */
#define CHUNK_TEXT_MAX (8u * 1024 * 1024) /* their texts */
#define PIECE          65536u             /* bytes at once of a file that is in memory */

struct place { /* of an entry in its file */
	unsigned line;
	const char *column; /* the header's, or "" */
};

struct import {
	const struct import_config *config;
	struct dialect dialect;
	struct dialect_reader *reader;
	struct columns columns; /* empty before the header */
	struct entry entries[CHUNK];
	struct place places[CHUNK];
	size_t n_entries;
	struct arena *arena; /* texts of the entries */
	struct import_result result;
};

struct cell { /* where a figure stands */
	unsigned line;
	const char *column, *value; /* as the file has them */
};

static void complain(struct import *import, const struct cell *cell, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(struct import *import, const struct cell *cell, const char *format, ...)
{
	char why[ERR_TEXT_MAX / 2];
	va_list args;
	if (import->config->noting)
		return;
	va_start(args, format);
	(void)utf8_vprint(why, sizeof(why), _(format), args); /* its length; cut is fine */
	va_end(args);
	struct import_complaint complaint = {
		.line = cell->line, .column = cell->column, .value = cell->value, .why = why
	};
	import->config->on_complaint(import->config->context, &complaint);
	import->result.rejected++;
}

/* --- figures --- */

/* Of entries of which one is refused after all (the agent's catalogue or clock is another by now)
 * the others are handed in: by halves, so that each costs some ten calls. */
static int hand_in_some(struct import *import, size_t from, size_t n, struct err *err)
{
	int rc =
		import->config->on_entries(import->config->context, import->entries + from, n, err);
	if (rc == 0)
		import->result.figures += n;
	if (rc != -EINVAL)
		return rc;
	if (n == 1) {
		struct cell cell = { import->places[from].line, import->places[from].column, "" };
		complain(import, &cell, "%s", err->text);
		*err = (struct err){ 0 }; /* that is told */
		return 0;
	}
	rc = hand_in_some(import, from, n / 2, err);
	return rc < 0 ? rc : hand_in_some(import, from + n / 2, n - n / 2, err);
}

static int hand_in(struct import *import, struct err *err)
{
	if (import->n_entries == 0)
		return 0;
	int rc = hand_in_some(import, 0, import->n_entries, err);
	if (rc < 0)
		return rc;
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

static int add_entry(struct import *import, const struct cell *cell, const struct entry *entry,
		     struct err *err)
{
	struct entry kept = { .metric = keep(import, entry->metric),
			      .value = entry->value ? keep(import, entry->value) : NULL,
			      .period = entry->period ? keep(import, entry->period) : NULL,
			      .labels = keep(import, entry->labels) };
	if (!kept.metric || !kept.labels || (entry->value && !kept.value) ||
	    (entry->period && !kept.period))
		return err_memory(err);
	import->places[import->n_entries] = (struct place){ cell->line, cell->column };
	import->entries[import->n_entries++] = kept;
	return import->n_entries == CHUNK ? hand_in(import, err) : 0;
}

/* It is good for itself; is it beside the others of its file? */
static int take_judged(struct import *import, const struct cell *cell, const struct entry *entry,
		       const struct observation *obs, struct err *err)
{
	struct handin *handin = import->config->handin;
	unsigned other = 0;
	struct err why;
	if (import->config->noting)
		return handin_note(handin, obs, cell->line, err);
	enum handin_verdict verdict =
		handin ? handin_ask(handin, obs, cell->line, &other) : HANDIN_FINE;
	if (verdict == HANDIN_AGAIN)
		return 0;
	if (verdict == HANDIN_FINE)
		return add_entry(import, cell, entry, err);
	(void)handin_refuse(verdict, true, other, &why);
	err_wrap(&why, "%s", entry->metric);
	complain(import, cell, "%s", why.text);
	return 0;
}

/* Judged here, so that the complaint knows its line. */
static int take_figure(struct import *import, const struct cell *cell, const struct metric *metric,
		       struct entry entry, struct err *err)
{
	char plain[NUMERAL_MAX], period[PERIOD_TEXT_MAX];
	struct observation obs;
	struct err why;
	int rc = 0;
	entry.value = cell->value;
	if (metric) {
		rc = cell_read(cell->value, import->dialect.mark, metric->decimals, plain,
			       &entry.value, &why);
		if (rc < 0)
			err_wrap(&why, "%s", metric->name);
		entry.typed = cell->value;
		entry.point = cell_point(import->dialect.mark);
	}
	if (rc == 0 && entry.period && metric) {
		rc = period_from_words(entry.period, metric->period, import->dialect.month_first,
				       period, &why);
		entry.period = period;
	}
	if (rc == 0)
		rc = entry_judge(import->config->catalogue, &entry, import->config->now_us, &obs,
				 &why);
	if (rc == 0)
		return take_judged(import, cell, &entry, &obs, err);
	complain(import, cell, "%s", why.text);
	return 0;
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

static const char *field(const struct csv_row *row, size_t i)
{
	return i < row->n ? row->fields[i] : ""; /* spreadsheets leave out empty cells at the end */
}

static int row_labels(const struct import *import, const struct csv_row *row,
		      char text[LABELS_TEXT_MAX], struct err *why)
{
	struct label labels[LABELS_MAX + 1];
	char written[LABELS_TEXT_MAX] = "";
	size_t n = 0;
	for (size_t i = 0; i < import->columns.n && n <= LABELS_MAX; i++) {
		const struct heading *heading = &import->columns.list[i].heading;
		const char *cell = field(row, i);
		if (heading->role == ROLE_DIMENSION && *cell)
			labels[n++] = (struct label){ heading->dimension, cell };
		if (heading->role != ROLE_LABELS)
			continue;
		if (strlen(cell) >= sizeof(written))
			return err_set(why, -EINVAL, "labels: the text is too long");
		memcpy(written, cell, strlen(cell) + 1);
		n = split_labels(written, labels, n, LABELS_MAX + 1);
	}
	int rc = labels_canonical(labels, n, text, why);
	if (rc == 0)
		(void)viet_compose(text, text, LABELS_TEXT_MAX); /* one series, however a letter is
								  typed; it does not grow */
	return rc;
}

/* The column of @role and the cell under it; NULL when there is none. */
static const struct column *find_column(const struct import *import, const struct csv_row *row,
					enum role role, const char **ret_cell)
{
	for (size_t i = 0; i < import->columns.n; i++)
		if (import->columns.list[i].heading.role == role) {
			*ret_cell = field(row, i);
			return &import->columns.list[i];
		}
	return NULL;
}

static int take_long(struct import *import, const struct csv_row *row, struct entry entry,
		     struct err *err)
{
	const char *name = "", *value = "";
	const struct column *column = find_column(import, row, ROLE_VALUE, &value);
	struct cell cell = { .line = row->line, .column = "", .value = value };
	(void)find_column(import, row, ROLE_METRIC, &name); /* the header has both */
	const struct heading *heading = headings_find(import->config->headings, name);
	const struct metric *metric =
		heading && heading->role == ROLE_FIGURES ? heading->metric : NULL;
	entry.metric = metric ? metric->name : name;
	if (heading && heading->role == ROLE_AMBIGUOUS)
		complain(import, &cell,
			 "'%s': several metrics have this label; use the metric's name, like %s",
			 name, heading->metric->name);
	else if (*value)
		return take_figure(import, &cell, metric, entry, err);
	else {
		cell.column = column->name;
		complain(import, &cell, "is empty; write a number, or remove the line");
	}
	return 0;
}

/* Dimensions that a metric of the line lacks are those of its neighbours. */
static int take_wide(struct import *import, const struct csv_row *row, struct entry entry,
		     struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < import->columns.n && rc == 0; i++) {
		const struct column *column = &import->columns.list[i];
		struct cell cell = { row->line, column->name, field(row, i) };
		if (column->heading.role != ROLE_FIGURES || !*cell.value)
			continue;
		entry.metric = column->heading.metric->name;
		rc = take_figure(import, &cell, column->heading.metric, entry, err);
	}
	return rc;
}

static bool is_empty(const struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++)
		if (*row->fields[i])
			return false;
	return true;
}

/* May every cell stand where it stands? */
static bool check_cells(struct import *import, const struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++) {
		struct cell cell = { row->line, "", row->fields[i] };
		if (!*cell.value ||
		    (i < import->columns.n && import->columns.list[i].heading.role != ROLE_NONE))
			continue;
		complain(import, &cell,
			 "it stands in column %zu, which has no name in the header; name the "
			 "column, or empty the cell",
			 i + 1);
		return false;
	}
	return true;
}

static int take_row(struct import *import, const struct csv_row *row, struct err *err)
{
	char labels[LABELS_TEXT_MAX];
	struct err why;
	struct cell line = { row->line, "", "" };
	struct entry entry = { .labels = labels };
	if (is_empty(row) || !check_cells(import, row))
		return 0;
	if (row_labels(import, row, labels, &why) < 0) {
		complain(import, &line, "%s", why.text);
		return 0;
	}
	const struct column *period = find_column(import, row, ROLE_PERIOD, &entry.period);
	if (period && !*entry.period && import->config->periods_needed) {
		line.column = period->name;
		complain(import, &line, "is empty; write the period of the line's figures");
		return 0;
	}
	if (period && !*entry.period)
		entry.period = NULL;
	return import->columns.wide ? take_wide(import, row, entry, err)
				    : take_long(import, row, entry, err);
}

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct import *import = context;
	const char *ignored;
	if (import->columns.n > 0)
		return take_row(import, row, err);
	int rc = columns_read(import->config->headings, row, &import->columns, err);
	if (rc == 0 && import->config->periods_needed &&
	    !find_column(import, row, ROLE_PERIOD, &ignored))
		return err_set(err, -EINVAL,
			       "line %u: the header has no column for the period; add one called "
			       "Kỳ or period, and fill it in",
			       row->line);
	return rc;
}

int import_open(const struct import_config *config, const struct dialect *dialect,
		struct import **ret_import, struct err *err)
{
	struct import *import = calloc(1, sizeof(*import));
	if (!import)
		return err_memory(err);
	import->config = config;
	import->dialect = *dialect;
	import->arena = arena_open(CHUNK_TEXT_MAX);
	int rc = import->arena ? 0 : err_memory(err);
	if (rc == 0)
		rc = dialect_reader_open(dialect, on_row, import, &import->reader, err);
	if (rc < 0)
		import_close(import);
	else
		*ret_import = import;
	return rc;
}

int import_feed(struct import *import, const void *bytes, size_t len, struct err *err)
{
	return dialect_reader_feed(import->reader, bytes, len, err);
}

int import_end(struct import *import, struct err *err)
{
	int rc = dialect_reader_end(import->reader, err);
	return rc < 0 ? rc : hand_in(import, err);
}

struct import_result import_result(const struct import *import)
{
	return import->result;
}

void import_close(struct import *import)
{
	if (!import)
		return;
	dialect_reader_close(import->reader);
	columns_free(&import->columns);
	arena_close(import->arena);
	free(import);
}

/* --- a file in memory --- */

static int survey_text(const struct headings *headings, const char *csv, size_t len,
		       struct dialect *ret_dialect, struct err *err)
{
	struct survey *survey;
	int rc = survey_open(headings, &survey, err);
	if (rc < 0)
		return rc;
	for (size_t at = 0; at < len && rc == 0; at += PIECE)
		rc = survey_feed(survey, csv + at, len - at < PIECE ? len - at : PIECE, err);
	if (rc == 0)
		rc = survey_end(survey, ret_dialect, err);
	survey_close(survey);
	return rc;
}

static int import_text(const struct import_config *config, const struct dialect *dialect,
		       const char *csv, size_t len, struct import_result *ret_result,
		       struct err *err)
{
	struct import *import;
	int rc = import_open(config, dialect, &import, err);
	if (rc < 0)
		return rc;
	for (size_t at = 0; at < len && rc == 0; at += PIECE)
		rc = import_feed(import, csv + at, len - at < PIECE ? len - at : PIECE, err);
	if (rc == 0)
		rc = import_end(import, err);
	*ret_result = import_result(import);
	import_close(import);
	return rc;
}

int import_csv(const struct import_config *config, const char *name, const char *csv, size_t len,
	       struct import_result *ret_result, struct err *err)
{
	struct import_config own = *config;
	struct headings *headings = NULL;
	struct dialect dialect;
	*ret_result = (struct import_result){ 0 };
	int rc = headings_open(config->catalogue, &headings, err);
	if (rc == 0)
		rc = survey_text(headings, csv, len, &dialect, err);
	own.headings = headings;
	own.noting = true;
	if (rc == 0 && !(own.handin = handin_open()))
		rc = err_memory(err);
	if (rc == 0)
		rc = import_text(&own, &dialect, csv, len, ret_result, err);
	own.noting = false;
	if (rc == 0)
		rc = import_text(&own, &dialect, csv, len, ret_result, err);
	handin_close(own.handin);
	headings_close(headings);
	return rc < 0 ? err_wrap(err, "%s", name) : 0;
}
