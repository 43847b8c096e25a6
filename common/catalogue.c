#include "catalogue.h"
#include "complaints.h"
#include "csv_reader.h"
#include "labels.h"
#include "utf8.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX     63u    /* bytes of a level's name */
#define TEXT_MAX     256u   /* bytes of a label or unit of measure */
#define CARRY_MAX    10000u /* own periods; a query looks so far back */
#define DUE_DAYS_MAX 3660u  /* ten years */

static const char *const kind_names[] = { "flow", "stock", "ratio" };
static const char *const agg_names[] = { "sum", "last", "mean", "min", "max" };

const char *kind_name(enum metric_kind kind)
{
	return kind_names[kind];
}

const char *agg_name(enum agg agg)
{
	return agg_names[agg];
}

/* Cells. Each reader turns one cell into its part of a metric, and says in @err what is wrong. */

static int read_text(const char *cell, size_t max, char **ret_text, struct err *err)
{
	size_t len = strlen(cell);
	if (len > max)
		return err_set(err, -EINVAL, "%zu bytes are too long; the limit is %zu", len, max);
	if (!utf8_printable(cell, len))
		return err_set(err, -EINVAL,
			       "there is a line break or another control character; "
			       "take it out");
	*ret_text = strdup(cell);
	return *ret_text ? 0 : err_memory(err);
}

static int read_word(const char *cell, size_t max, char **ret_text, struct err *err)
{
	if (*cell == '\0')
		return err_set(err, -EINVAL, "it is empty; fill it in");
	return read_text(cell, max, ret_text, err);
}

/* a-z, 0-9 and _ in parts joined by '.': what a formula can be told from and a shell leaves alone
 */
static bool name_valid(const char *name)
{
	bool begins = true; /* a part */
	if (strlen(name) >= METRIC_NAME_MAX)
		return false;
	for (; *name != '\0'; name++) {
		bool letter = *name >= 'a' && *name <= 'z';
		if (begins ? !letter
			   : !letter && *name != '_' && *name != '.' &&
				     !(*name >= '0' && *name <= '9'))
			return false;
		begins = *name == '.';
	}
	return !begins;
}

static int read_name(struct metric *metric, const char *cell, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (!name_valid(cell))
		return err_set(err, -EINVAL,
			       "'%s' is not a name; write at most %u of a-z, 0-9, _ and '.', each "
			       "part beginning with a letter",
			       utf8_excerpt(cell, strlen(cell), shown), METRIC_NAME_MAX - 1);
	return read_word(cell, METRIC_NAME_MAX - 1, &metric->name, err);
}

static int read_label_vi(struct metric *metric, const char *cell, struct err *err)
{
	return read_text(cell, TEXT_MAX, &metric->label_vi, err);
}

static int read_label_en(struct metric *metric, const char *cell, struct err *err)
{
	return read_text(cell, TEXT_MAX, &metric->label_en, err);
}

static int read_unit(struct metric *metric, const char *cell, struct err *err)
{
	return read_text(cell, TEXT_MAX, &metric->unit, err);
}

static int read_level(struct metric *metric, const char *cell, struct err *err)
{
	return read_word(cell, WORD_MAX, &metric->level, err);
}

static int read_kind(struct metric *metric, const char *cell, struct err *err)
{
	char shown[EXCERPT_MAX];
	for (unsigned k = KIND_FLOW; k <= KIND_RATIO; k++)
		if (strcmp(cell, kind_names[k]) == 0) {
			metric->kind = (enum metric_kind)k;
			return 0;
		}
	return err_set(err, -EINVAL, "'%s' is not a kind; use flow, stock or ratio",
		       utf8_excerpt(cell, strlen(cell), shown));
}

static bool agg_from_name(const char *name, enum agg *ret_agg)
{
	for (unsigned a = AGG_SUM; a <= AGG_MAX; a++)
		if (strcmp(name, agg_names[a]) == 0) {
			*ret_agg = (enum agg)a;
			return true;
		}
	return false;
}

static int read_time_agg(struct metric *metric, const char *cell, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (agg_from_name(cell, &metric->time_agg))
		return 0;
	return err_set(err, -EINVAL,
		       "'%s' does not add figures over time; use sum, last, mean, min or max",
		       utf8_excerpt(cell, strlen(cell), shown));
}

static int read_area_agg(struct metric *metric, const char *cell, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (agg_from_name(cell, &metric->area_agg) && metric->area_agg != AGG_LAST)
		return 0;
	return err_set(err, -EINVAL,
		       "'%s' does not add figures over an area; use sum, mean, min or max",
		       utf8_excerpt(cell, strlen(cell), shown));
}

static int read_period(struct metric *metric, const char *cell, struct err *err)
{
	return grain_from_name(cell, &metric->period, err);
}

static int read_calendar(struct metric *metric, const char *cell, struct err *err)
{
	return *cell == '\0' ? 0 : calendar_from_name(cell, &metric->calendar, err);
}

static int add_dimension(struct metric *metric, const char *text, size_t len, struct err *err)
{
	char key[LABELS_TEXT_MAX], judged[LABELS_TEXT_MAX], shown[EXCERPT_MAX];
	if (len >= sizeof(key))
		return err_set(err, -EINVAL, "'%s' is too long", utf8_excerpt(text, len, shown));
	memcpy(key, text, len);
	key[len] = '\0';
	int rc = labels_canonical(&(struct label){ key, "x" }, 1, judged, err);
	if (rc != 0)
		return rc;
	for (size_t i = 0; i < metric->n_dimensions; i++)
		if (strcmp(metric->dimensions[i], key) == 0)
			return err_set(err, -EINVAL, "'%s' is given twice; give it once", key);
	if (metric->n_dimensions == METRIC_DIMENSIONS_MAX)
		return err_set(err, -EINVAL, "there are more than %u dimensions; take some out",
			       METRIC_DIMENSIONS_MAX);
	char *copy = strdup(key);
	if (!copy)
		return err_memory(err);
	metric->dimensions[metric->n_dimensions++] = copy;
	return 0;
}

static int read_dimensions(struct metric *metric, const char *cell, struct err *err)
{
	static const char between[] = "; ";
	for (cell += strspn(cell, between); *cell != '\0'; cell += strspn(cell, between)) {
		size_t len = strcspn(cell, between);
		int rc = add_dimension(metric, cell, len, err);
		if (rc != 0)
			return rc;
		cell += len;
	}
	return 0;
}

/* A whole number from 0 to @max; an empty cell is 0. */
static int read_count(const char *cell, uint32_t max, uint32_t *ret_count, struct err *err)
{
	char shown[EXCERPT_MAX];
	int64_t value = 0;
	if (*cell != '\0' && (decimal_parse(cell, strlen(cell), 0, &value, NULL) != 0 ||
			      value < 0 || value > (int64_t)max))
		return err_set(err, -EINVAL, "'%s' is not a whole number from 0 to %u",
			       utf8_excerpt(cell, strlen(cell), shown), max);
	*ret_count = (uint32_t)value;
	return 0;
}

static int read_decimals(struct metric *metric, const char *cell, struct err *err)
{
	uint32_t decimals;
	int rc = read_count(cell, DECIMALS_MAX, &decimals, err);
	if (rc == 0)
		metric->decimals = decimals;
	return rc;
}

static int read_carry(struct metric *metric, const char *cell, struct err *err)
{
	return read_count(cell, CARRY_MAX, &metric->carry, err);
}

static int read_due_days(struct metric *metric, const char *cell, struct err *err)
{
	return read_count(cell, DUE_DAYS_MAX, &metric->due_days, err);
}

static int read_min(struct metric *metric, const char *cell, struct err *err)
{
	metric->has_min = *cell != '\0';
	return metric->has_min
		       ? decimal_parse(cell, strlen(cell), metric->decimals, &metric->min_e, err)
		       : 0;
}

static int read_max(struct metric *metric, const char *cell, struct err *err)
{
	metric->has_max = *cell != '\0';
	return metric->has_max
		       ? decimal_parse(cell, strlen(cell), metric->decimals, &metric->max_e, err)
		       : 0;
}

/* In the order cells are read, whatever the file's: min and max need the decimals. */
static const struct column {
	const char *name;
	int (*read)(struct metric *metric, const char *cell, struct err *err);
	bool optional;
} columns[] = {
	{ "name", read_name, false },         { "label_vi", read_label_vi, false },
	{ "label_en", read_label_en, false }, { "unit", read_unit, false },
	{ "kind", read_kind, false },         { "time_agg", read_time_agg, false },
	{ "area_agg", read_area_agg, false }, { "period", read_period, false },
	{ "calendar", read_calendar, true },  { "dimensions", read_dimensions, false },
	{ "decimals", read_decimals, false }, { "carry", read_carry, false },
	{ "level", read_level, false },       { "due_days", read_due_days, false },
	{ "min", read_min, false },           { "max", read_max, false },
};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define ABSENT    SIZE_MAX

struct reading {
	struct catalogue *catalogue;
	size_t room;
	unsigned *lines;      /* owned [room]: where each metric stands */
	size_t at[N_COLUMNS]; /* the field of each column, or ABSENT */
	size_t n_fields;      /* of the header */
	struct complaints complaints;
};

static void metric_free(struct metric *metric)
{
	free(metric->name);
	free(metric->label_vi);
	free(metric->label_en);
	free(metric->unit);
	free(metric->level);
	for (size_t i = 0; i < metric->n_dimensions; i++)
		free(metric->dimensions[i]);
}

/* The header. */

static int on_header(void *context, const struct csv_row *row, struct err *err)
{
	struct reading *r = context;
	r->n_fields = row->n;
	for (size_t c = 0; c < N_COLUMNS; c++) {
		r->at[c] = ABSENT;
		for (size_t i = 0; i < row->n; i++) {
			if (strcmp(row->fields[i], columns[c].name) != 0)
				continue;
			if (r->at[c] != ABSENT)
				complaints_add(&r->complaints, row->line,
					       "the column '%s' is there twice; take one out",
					       columns[c].name);
			r->at[c] = i;
		}
		if (r->at[c] == ABSENT && !columns[c].optional)
			complaints_add(&r->complaints, row->line,
				       "the column '%s' is missing; add it", columns[c].name);
	}
	return complaints_tell(&r->complaints, err); /* rows mean nothing without their columns */
}

/* Rows. */

/* What the cells say together. NULL: nothing against it. */
static const char *contradiction(const struct metric *metric)
{
	if (metric->carry > 0 && metric->time_agg != AGG_LAST)
		return "carry: only figures with time_agg last are carried; write 0";
	if (metric->kind == KIND_RATIO && metric->time_agg == AGG_SUM)
		return "time_agg: a ratio does not add up; use last, mean, min or max";
	if (metric->kind == KIND_RATIO && metric->area_agg == AGG_SUM)
		return "area_agg: a ratio does not add up; use mean, min or max";
	if (metric->has_min && metric->has_max && metric->min_e > metric->max_e)
		return "max: it is below min; no value could be taken";
	return NULL;
}

/* -EINVAL when complaints were made, -ENOMEM. */
static int read_metric(struct reading *r, const struct csv_row *row, struct metric *metric,
		       struct err *err)
{
	int rc = 0;
	for (size_t c = 0; c < N_COLUMNS; c++) {
		struct err cell_err = { 0 };
		if (r->at[c] == ABSENT)
			continue;
		int cell_rc = columns[c].read(metric, row->fields[r->at[c]], &cell_err);
		if (cell_rc == -ENOMEM)
			return err_memory(err);
		if (cell_rc == 0)
			continue;
		complaints_add(&r->complaints, row->line, "%s: %s", columns[c].name, cell_err.text);
		rc = -EINVAL;
		if (columns[c].read == read_decimals)
			break; /* min and max cannot be judged */
	}
	const char *against = rc == 0 ? contradiction(metric) : NULL;
	if (against)
		complaints_add(&r->complaints, row->line, "%s", against);
	return against ? -EINVAL : rc;
}

static int reserve_metric(struct reading *r, struct err *err)
{
	struct catalogue *catalogue = r->catalogue;
	if (catalogue->n < r->room)
		return 0;
	size_t room = r->room ? r->room * 2 : 64;
	struct metric *metrics = realloc(catalogue->metrics, room * sizeof(*metrics));
	if (!metrics)
		return err_memory(err);
	catalogue->metrics = metrics;
	unsigned *lines = realloc(r->lines, room * sizeof(*lines));
	if (!lines)
		return err_memory(err);
	r->lines = lines;
	r->room = room;
	return 0;
}

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct reading *r = context;
	struct catalogue *catalogue = r->catalogue;
	if (row->n != r->n_fields) {
		complaints_add(&r->complaints, row->line,
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
			complaints_add(&r->complaints, r->lines[b - catalogue->metrics],
				       "name: '%s' is on line %u already; take one out", b->name,
				       r->lines[a - catalogue->metrics]);
	}
	return 0;
}

static int keep_text(struct catalogue *catalogue, const char *csv, size_t len, struct err *err)
{
	unsigned char hash[32];
	catalogue->csv = malloc(len + 1);
	if (!catalogue->csv)
		return err_memory(err);
	memcpy(catalogue->csv, csv, len);
	catalogue->csv[len] = '\0';
	catalogue->csv_len = len;
	if (sodium_init() < 0 ||
	    crypto_generichash(hash, sizeof(hash), (const unsigned char *)csv, len, NULL, 0) != 0)
		return err_set(err, -EIO, "libsodium cannot start; see that /dev/urandom is there");
	for (unsigned i = 0; i < 8; i++)
		catalogue->version |= (uint64_t)hash[i] << (8 * i);
	if (catalogue->version == 0)
		catalogue->version = 1; /* 0 means: has none */
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
		int told = complaints_tell(&r->complaints, err);
		if (told != 0)
			return told;
	}
	if (rc != 0)
		return err_set(err, rc, "%s", stopped.text);
	return keep_text(r->catalogue, csv, len, err);
}

int catalogue_read(const char *csv, size_t len, struct catalogue **ret_catalogue, struct err *err)
{
	struct reading r = { .catalogue = calloc(1, sizeof(*r.catalogue)) };
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

void catalogue_close(struct catalogue *catalogue)
{
	if (!catalogue)
		return;
	for (size_t i = 0; i < catalogue->n; i++)
		metric_free(&catalogue->metrics[i]);
	free(catalogue->metrics);
	free(catalogue->by_name);
	free(catalogue->csv);
	free(catalogue);
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
