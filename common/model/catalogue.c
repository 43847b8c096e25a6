#include "common/model/catalogue.h"
#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/model/document.h"
#include "common/model/metric_columns.h"
#include "common/text/csv_reader.h"
#include "common/text/diagnostics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ABSENT SIZE_MAX

struct reading {
	struct catalogue *catalogue;
	unsigned *lines;           /* owned: where each metric stands */
	size_t at[METRIC_COLUMNS]; /* the field of each column, or ABSENT */
	size_t n_fields;           /* of the header */
	bool is_new;               /* it is to be imported: what is wrong with a name counts */
	struct diagnostics diagnostics;
};

static void metric_free(struct metric *metric)
{
	free(metric->name);
	free(metric->label_vi);
	free(metric->label_en);
	free(metric->unit);
	free(metric->unit_vi);
	free(metric->section_vi);
	free(metric->section_en);
	free(metric->level);
	for (size_t i = 0; i < metric->n_dimensions; i++) {
		free(metric->dimensions[i]);
		free(metric->dimensions_vi[i]);
	}
}

/* Is a catalogue refused for what is wrong with column @c? */
static bool matters(const struct reading *r, size_t c)
{
	return r->is_new || !metric_columns[c].was_note;
}

/* The header. */

static int on_header(void *context, const struct csv_row *row, struct err *err)
{
	struct reading *r = context;
	r->n_fields = csv_row_filled(row);
	for (size_t c = 0; c < METRIC_COLUMNS; c++) {
		r->at[c] = ABSENT;
		for (size_t i = 0; i < row->n; i++) {
			if (strcmp(row->fields[i], metric_columns[c].name) != 0)
				continue;
			if (r->at[c] != ABSENT && !matters(r, c))
				break; /* the first one holds */
			if (r->at[c] != ABSENT)
				diagnostics_add(&r->diagnostics, row->line,
						"the column '%s' is there twice; take one out",
						metric_columns[c].name);
			r->at[c] = i;
		}
		if (r->at[c] == ABSENT && !metric_columns[c].optional)
			diagnostics_add(&r->diagnostics, row->line,
					"the column '%s' is missing; add it",
					metric_columns[c].name);
	}
	return diagnostics_tell(&r->diagnostics, err); /* rows mean nothing without their columns */
}

/* Rows. */

/* What the cells say together. NULL: nothing against it. */
static const char *contradiction(const struct metric *metric)
{
	if (metric->carry > 0 && metric->time_agg != AGG_LAST)
		return "carry: only figures with time_agg last are carried; write 0";
	if (metric->carry > 0 && metric->period == GRAIN_MINUTE)
		return "carry: figures of a minute are not carried; write 0, or report hours";
	if (metric->kind == KIND_RATIO && metric->time_agg == AGG_SUM)
		return "time_agg: a ratio does not add up; use last, mean, min or max";
	if (metric->kind == KIND_RATIO && metric->area_agg == AGG_SUM)
		return "area_agg: a ratio does not add up; use mean, min or max";
	if (metric->has_min && metric->has_max && metric->min_e > metric->max_e)
		return "max: it is below min; no value could be taken";
	return NULL;
}

/* -EINVAL when diagnostics were made, -ENOMEM. */
static int read_metric(struct reading *r, const struct csv_row *row, struct metric *metric,
		       struct err *err)
{
	int rc = 0;
	for (size_t c = 0; c < METRIC_COLUMNS; c++) {
		struct err cell_err = { 0 };
		if (r->at[c] == ABSENT)
			continue;
		int cell_rc = metric_columns[c].read(metric, row->fields[r->at[c]], &cell_err);
		if (cell_rc == -ENOMEM)
			return err_memory(err);
		if (cell_rc == 0 || !matters(r, c))
			continue;
		diagnostics_add(&r->diagnostics, row->line, "%s: %s", metric_columns[c].name,
				cell_err.text);
		rc = -EINVAL;
		if (strcmp(metric_columns[c].name, "decimals") == 0)
			break; /* min and max cannot be judged */
	}
	const char *against = rc == 0 ? contradiction(metric) : NULL;
	if (against)
		diagnostics_add(&r->diagnostics, row->line, "%s", _(against));
	return against ? -EINVAL : rc;
}

static int reserve_metric(struct reading *r, struct err *err)
{
	struct catalogue *catalogue = r->catalogue;
	struct metric *metrics = array_room(catalogue->metrics, catalogue->n, sizeof(*metrics));
	if (metrics)
		catalogue->metrics = metrics;
	unsigned *lines = array_room(r->lines, catalogue->n, sizeof(*lines));
	if (lines)
		r->lines = lines;
	return metrics && lines ? 0 : err_memory(err);
}

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct reading *r = context;
	struct catalogue *catalogue = r->catalogue;
	if (row->n < r->n_fields || csv_row_filled(row) > r->n_fields) {
		diagnostics_add(&r->diagnostics, row->line,
				"there are %zu fields and the header has %zu; a text with commas "
				"needs quotes",
				row->n, r->n_fields);
		return 0;
	}
	if (catalogue->n == CATALOGUE_METRICS_MAX)
		return err_set(err, -EINVAL, "line %u: there are more than %u metrics", row->line,
			       CATALOGUE_METRICS_MAX);
	int rc = reserve_metric(r, err);
	if (rc != 0)
		return rc;
	struct metric metric = { 0 };
	rc = read_metric(r, row, &metric, err);
	if (rc != 0) {
		metric_free(&metric);
		return rc == -EINVAL ? 0 : rc; /* told at the end, with the others */
	}
	r->lines[catalogue->n] = row->line;
	catalogue->metrics[catalogue->n++] = metric;
	return 0;
}

/* The whole. */

static int compare_metrics(const void *a, const void *b)
{
	const struct metric *x = *(struct metric *const *)a, *y = *(struct metric *const *)b;
	int order = strcmp(x->name, y->name);
	return order ? order : (x > y) - (x < y); /* twins in the file's order */
}

static int index_names(struct reading *r, struct err *err)
{
	struct catalogue *catalogue = r->catalogue;
	if (catalogue->n == 0)
		return 0;
	catalogue->by_name = calloc(catalogue->n, sizeof(*catalogue->by_name));
	if (!catalogue->by_name)
		return err_memory(err);
	for (size_t i = 0; i < catalogue->n; i++)
		catalogue->by_name[i] = &catalogue->metrics[i];
	qsort(catalogue->by_name, catalogue->n, sizeof(*catalogue->by_name), compare_metrics);
	for (size_t i = 1; i < catalogue->n; i++) {
		const struct metric *a = catalogue->by_name[i - 1], *b = catalogue->by_name[i];
		if (strcmp(a->name, b->name) == 0)
			diagnostics_add(&r->diagnostics, r->lines[b - catalogue->metrics],
					"name: '%s' is on line %u already; take one out", b->name,
					r->lines[a - catalogue->metrics]);
	}
	return 0;
}

static int read_all(struct reading *r, const char *csv, size_t len, struct err *err)
{
	struct err stopped = { 0 };
	int rc = csv_read(csv, len, on_header, on_row, r, &stopped);
	if (rc == 0)
		rc = index_names(r, &stopped);
	if (rc == -ENOMEM)
		return err_memory(err);
	if (rc == 0 || r->n_fields > 0) { /* rows were read: tell what was wrong with them, too */
		int told = diagnostics_tell(&r->diagnostics, err);
		if (told != 0)
			return told;
	}
	if (rc != 0)
		return err_set(err, rc, "%s", stopped.text);
	r->catalogue->csv_len = len;
	return document_keep(csv, len, &r->catalogue->csv, &r->catalogue->version, err);
}

static int read_catalogue(const char *csv, size_t len, bool is_new,
			  struct catalogue **ret_catalogue, struct err *err)
{
	struct reading r = { .catalogue = calloc(1, sizeof(*r.catalogue)), .is_new = is_new };
	if (!r.catalogue)
		return err_memory(err);
	int rc = read_all(&r, csv, len, err);
	free(r.lines);
	if (rc != 0) {
		catalogue_close(r.catalogue);
		return rc;
	}
	*ret_catalogue = r.catalogue;
	return 0;
}

int catalogue_read(const char *csv, size_t len, struct catalogue **ret_catalogue, struct err *err)
{
	return read_catalogue(csv, len, false, ret_catalogue, err);
}

int catalogue_read_new(const char *csv, size_t len, struct catalogue **ret_catalogue,
		       struct err *err)
{
	return read_catalogue(csv, len, true, ret_catalogue, err);
}

struct catalogue *catalogue_share(struct catalogue *catalogue)
{
	catalogue->shares++;
	return catalogue;
}

void catalogue_close(struct catalogue *catalogue)
{
	if (!catalogue)
		return;
	if (catalogue->shares > 0) {
		catalogue->shares--;
		return;
	}
	for (size_t i = 0; i < catalogue->n; i++)
		metric_free(&catalogue->metrics[i]);
	free(catalogue->metrics);
	free(catalogue->by_name);
	free(catalogue->csv);
	dimensions_close(catalogue->dimensions);
	rules_close(catalogue->rules);
	days_off_close(catalogue->days_off);
	free(catalogue);
}

void catalogue_use_dimensions(struct catalogue *catalogue, struct dimensions *dimensions)
{
	dimensions_close(catalogue->dimensions);
	catalogue->dimensions = dimensions;
}

void catalogue_use_rules(struct catalogue *catalogue, struct rules *rules)
{
	rules_close(catalogue->rules);
	catalogue->rules = rules;
}

void catalogue_use_days_off(struct catalogue *catalogue, struct days_off *days_off)
{
	days_off_close(catalogue->days_off);
	catalogue->days_off = days_off;
	for (size_t i = 0; i < catalogue->n; i++)
		catalogue->metrics[i].days_off = days_off && days_off->n > 0 ? days_off : NULL;
}

uint64_t catalogue_stamp(const struct catalogue *catalogue)
{
	/* odd factors: they cannot cancel each other by being alike */
	return catalogue->version +
	       (catalogue->dimensions ? catalogue->dimensions->version * 3 : 0) +
	       (catalogue->rules ? catalogue->rules->version * 5 : 0) +
	       (catalogue->days_off ? catalogue->days_off->version * 7 : 0);
}

static int compare_name(const void *name, const void *metric)
{
	return strcmp(name, (*(struct metric *const *)metric)->name);
}

const struct metric *catalogue_find(const struct catalogue *catalogue, const char *name)
{
	if (catalogue->n == 0)
		return NULL;
	struct metric *const *found = bsearch(name, catalogue->by_name, catalogue->n,
					      sizeof(*catalogue->by_name), compare_name);
	return found ? *found : NULL;
}
