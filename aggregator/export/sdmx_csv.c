/* SDMX-CSV data messages, 2.0 and 2.1 (github.com/sdmx-twg/sdmx-csv, data-message): one dataflow of
 * all figures, whose dimensions are FREQ, REF_AREA, INDICATOR, one for each dimension of the
 * catalogue and TIME_PERIOD. A figure that is missing is NaN, never 0 and never left out, and
 * OBS_STATUS says why. ACTION is R, replace: what is answered is all that there is. */
#include "common/base/i18n.h"
#include "export/sdmx_columns.h"
#include "export/sdmx_words.h"
#include "export/states.h"
#include "export/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIMENSIONS_MAX 64u

struct dimension {
	char key[64], called[128], id[SDMX_ID_MAX];
	char fixed[SDMX_ID_MAX]; /* of the question's label filter, as an identifier; "": none */
	bool is_row;             /* each row says its own */
};

struct sdmx {
	struct writer writer;
	struct dimension list[DIMENSIONS_MAX];
	size_t n;
	char freq;
	bool began; /* a field of the line at hand was written */
	/* columns of the answer; COLUMN_NONE: it has none */
	size_t area, name, from, period, value, state, metric, label, label_name, kind;
};

/* --- fields --- */

static int comma(struct sdmx *sdmx, struct err *err)
{
	bool began = sdmx->began;

	sdmx->began = true;
	return began ? sink_put(sdmx->writer.sink, ",", 1, err) : 0;
}

static int put(struct sdmx *sdmx, const char *text, struct err *err)
{
	int rc = comma(sdmx, err);

	return rc == 0 ? sink_field(sdmx->writer.sink, text, ',', err) : rc;
}

/* A header, or a code, with its name as the choice has it. Without a name it stays alone. */
static int put_named(struct sdmx *sdmx, const char *id, const char *name, struct err *err)
{
	int rc;

	if (sdmx->writer.choice->labels == EXPORT_BOTH && name) {
		rc = comma(sdmx, err);
		return rc == 0 ? sink_quoted(sdmx->writer.sink, id, ": ", name, err) : rc;
	}
	rc = put(sdmx, id, err);
	if (rc == 0 && sdmx->writer.choice->labels == EXPORT_NAME)
		rc = put(sdmx, name, err);
	return rc;
}

/* A component that has no codes: a value alone, though its column of names is there. */
static int put_value(struct sdmx *sdmx, const char *text, struct err *err)
{
	int rc = put(sdmx, text, err);

	if (rc == 0 && sdmx->writer.choice->labels == EXPORT_NAME)
		rc = put(sdmx, NULL, err);
	return rc;
}

static int line_end(struct sdmx *sdmx, struct err *err)
{
	sdmx->began = false;
	return sink_text(sdmx->writer.sink, "\r\n", err);
}

static int put_structure(struct sdmx *sdmx, const char *type, const char *id, const char *name,
			 const char *action, bool header, struct err *err)
{
	enum export_labels labels = sdmx->writer.choice->labels;
	int rc = put(sdmx, type, err);

	if (rc == 0 && labels == EXPORT_BOTH && !header)
		rc = put_named(sdmx, id, name, err);
	else if (rc == 0)
		rc = put(sdmx, id, err);
	if (rc == 0 && labels == EXPORT_NAME)
		rc = put(sdmx, name, err);
	return rc == 0 ? put(sdmx, action, err) : rc;
}

static int put_header(struct sdmx *sdmx, struct err *err)
{
	bool own = false; /* the catalogue's dimensions were written */
	unsigned keys = sdmx->writer.choice->keys;
	int rc = put_structure(sdmx, "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", true,
			       err);

	if (rc == 0 && (keys & EXPORT_SERIES_KEY))
		rc = put(sdmx, "SERIES_KEY", err);
	if (rc == 0 && (keys & EXPORT_OBS_KEY))
		rc = put(sdmx, "OBS_KEY", err);
	for (size_t i = 0; i < n_sdmx_columns && rc == 0; i++) {
		const struct sdmx_column *column = &sdmx_columns[i];

		for (size_t k = 0; column->role != SDMX_DIMENSION && !own && k < sdmx->n && rc == 0;
		     k++)
			rc = put_named(sdmx, sdmx->list[k].id, sdmx->list[k].called, err);
		own = own || column->role != SDMX_DIMENSION;
		if (rc == 0)
			rc = put_named(sdmx, column->id, _(column->called), err);
	}
	return rc == 0 ? line_end(sdmx, err) : rc;
}

/* --- dimensions --- */

/* "app=Application;sector" of the head. */
static int read_dimensions(struct sdmx *sdmx, const char *text, struct err *err)
{
	while (text && *text) {
		size_t len = strcspn(text, ";"), key = strcspn(text, "=;");
		struct dimension *one = &sdmx->list[sdmx->n];

		if (sdmx->n == DIMENSIONS_MAX || key == 0 || key >= sizeof(one->key))
			return err_set(err, -E2BIG,
				       "sdmx-csv takes %u dimensions of all metrics together, and "
				       "there are more",
				       DIMENSIONS_MAX);
		(void)snprintf(one->key, sizeof(one->key), "%.*s", (int)key, text);
		(void)snprintf(one->called, sizeof(one->called), "%.*s",
			       key < len ? (int)(len - key - 1) : (int)key,
			       key < len ? text + key + 1 : text);
		(void)sdmx_dimension(text, key, one->id);
		sdmx->n++;
		text += len + (text[len] == ';');
	}
	return 0;
}

static struct dimension *dimension_find(struct sdmx *sdmx, const char *key, size_t len)
{
	for (size_t i = 0; i < sdmx->n; i++)
		if (strlen(sdmx->list[i].key) == len && strncmp(sdmx->list[i].key, key, len) == 0)
			return &sdmx->list[i];
	return NULL;
}

/* "app=VNeID;sector=land": what the question held fast. */
static void read_filter(struct sdmx *sdmx, const char *text)
{
	while (text && *text) {
		size_t len = strcspn(text, ";"), key = strcspn(text, "=;");
		struct dimension *one = dimension_find(sdmx, text, key);
		char value[128];

		if (one && key < len && len - key - 1 < sizeof(value)) {
			(void)snprintf(value, sizeof(value), "%.*s", (int)(len - key - 1),
				       text + key + 1);
			(void)sdmx_id(value, one->fixed);
		}
		text += len + (text[len] == ';');
	}
}

static int understand(struct sdmx *sdmx, struct err *err)
{
	const struct head *head = sdmx->writer.head;
	const char *by_label = head_text(head, "query", "by_label");
	const char *dimensions = head_text(head, "query", "dimensions");
	struct dimension *one;
	size_t len = dimensions ? strlen(dimensions) : 0;
	int rc;

	if (len > 3 && strcmp(dimensions + len - 3, "...") == 0)
		return err_set(err, -E2BIG, "there are too many dimensions for sdmx-csv");
	rc = read_dimensions(sdmx, dimensions, err);
	read_filter(sdmx, head_text(head, "query", "labels"));
	one = rc == 0 && by_label ? dimension_find(sdmx, by_label, strlen(by_label)) : NULL;
	if (one)
		one->is_row = true;
	sdmx->freq = sdmx_freq(head_text(head, "query", "per"));
	return rc;
}

/* --- rows --- */

static const char *cell(const char *const cells[], size_t column)
{
	return column == COLUMN_NONE ? NULL : cells[column];
}

/* What the head says of the row's metric: @key of the question, or where that has several names in
 * an object @object. */
static const char *of_metric(const struct sdmx *sdmx, const char *const cells[], const char *key,
			     const char *object)
{
	const char *metric = cell(cells, sdmx->metric);

	return metric ? head_text(sdmx->writer.head, object, metric)
		      : head_text(sdmx->writer.head, "query", key);
}

/* The code of dimension @one in this row, and what it is called. */
static const char *code_of(const struct sdmx *sdmx, const struct dimension *one,
			   const char *const cells[], char id[SDMX_ID_MAX], const char **ret_name)
{
	const char *label = cell(cells, sdmx->label);
	const char *kind = cell(cells, sdmx->kind);
	bool whole = kind && strncmp(kind, "total", 5) == 0; /* one of all labels */

	*ret_name = NULL;
	if (one->is_row && !whole) {
		*ret_name = cell(cells, sdmx->label_name);
		return label ? sdmx_id(label, id) : SDMX_UNKNOWN;
	}
	if (*one->fixed)
		return one->fixed;
	*ret_name = _("Total");
	return SDMX_TOTAL;
}

struct key {
	char area[SDMX_ID_MAX], indicator[SDMX_ID_MAX], period[SDMX_ID_MAX];
	const char *name; /* of the metric */
};

static int put_keys(struct sdmx *sdmx, const struct key *key, const char *const cells[],
		    struct err *err)
{
	char series[8192], id[SDMX_ID_MAX];
	unsigned keys = sdmx->writer.choice->keys;
	size_t len = (size_t)snprintf(series, sizeof(series), "%c.%s.%s", sdmx->freq, key->area,
				      key->indicator);
	int rc = 0;

	for (size_t i = 0; i < sdmx->n && len < sizeof(series) - SDMX_ID_MAX - 2; i++) {
		const char *name;

		len += (size_t)snprintf(series + len, sizeof(series) - len, ".%s",
					code_of(sdmx, &sdmx->list[i], cells, id, &name));
	}
	if (keys & EXPORT_SERIES_KEY)
		rc = put(sdmx, series, err);
	if (rc == 0 && (keys & EXPORT_OBS_KEY)) {
		(void)snprintf(series + len, sizeof(series) - len, ".%s", key->period);
		rc = put(sdmx, series, err);
	}
	return rc;
}

static int put_dimensions(struct sdmx *sdmx, const struct key *key, const char *const cells[],
			  struct err *err)
{
	const char freq[2] = { sdmx->freq, '\0' };
	const char *name = cell(cells, sdmx->name);
	char id[SDMX_ID_MAX];
	int rc = put_named(sdmx, freq, sdmx_freq_called(sdmx->freq), err);

	if (rc == 0)
		rc = put_named(sdmx, key->area, name ? name : _("in none of the units shown"), err);
	if (rc == 0)
		rc = put_named(sdmx, key->indicator, key->name, err);
	for (size_t i = 0; i < sdmx->n && rc == 0; i++) {
		const char *code = code_of(sdmx, &sdmx->list[i], cells, id, &name);

		rc = put_named(sdmx, code, name, err);
	}
	return rc == 0 ? put_value(sdmx, key->period, err) : rc;
}

/* The value, and what there is to say of it. */
static int put_measure(struct sdmx *sdmx, const char *const cells[], struct err *err)
{
	const struct head *head = sdmx->writer.head;
	const char *value = cell(cells, sdmx->value), *word = cell(cells, sdmx->state);
	const struct state_words *state = word ? state_words_find(word) : NULL;
	const char *decimals = of_metric(sdmx, cells, "decimals", "decimals");
	char own[16], status[2] = { state ? state->obs_status : '\0', '\0' };
	int rc;

	(void)snprintf(own, sizeof(own), "%u", value ? number_decimals(value) : 0);

	if (!state || state->has_value != (value != NULL) || (value && !number_is(value)))
		return err_set(err, -EBADMSG,
			       "the answer is damaged: a figure and its state do not fit");
	rc = put_value(sdmx, value ? value : "NaN", err);
	if (rc == 0)
		rc = put_named(sdmx, status, _(state->called), err);
	if (rc == 0)
		rc = put_value(sdmx, of_metric(sdmx, cells, "unit", "units"), err);
	if (rc == 0)
		rc = put_value(sdmx, decimals ? decimals : own, err);
	return rc == 0 ? put_value(sdmx, head_text(head, "query", "structure"), err) : rc;
}

/* Is a row of this area one of the file's? Then the file begins at the latest. */
static int enter(struct sdmx *sdmx, const char *area, bool *ret_in, struct err *err)
{
	struct export_window *window = sdmx->writer.choice->window;

	*ret_in = true;
	if (!window)
		return 0;
	*ret_in = window->left > 0 && (window->area ? strcmp(window->area, area) == 0
						    : strcmp(SDMX_UNKNOWN, area) != 0);
	if (*ret_in && window->skip > 0) {
		window->skip--;
		*ret_in = false;
	}
	if (!*ret_in)
		return 0;
	if (window->left != UINT64_MAX)
		window->left--;
	return window->written++ == 0 ? put_header(sdmx, err) : 0;
}

static int row(struct writer *writer, const char *const cells[], struct err *err)
{
	struct sdmx *sdmx = (struct sdmx *)writer;
	const char *metric = cell(cells, sdmx->metric);
	struct key key;
	bool in;
	int rc = sdmx_period(cell(cells, sdmx->period),
			     head_text(writer->head, "query", "calendar"), key.period, err);

	if (!metric)
		metric = head_text(writer->head, "query", "name");
	key.name = of_metric(sdmx, cells, "title", "titles");
	(void)sdmx_indicator(metric ? metric : "", key.indicator);
	(void)sdmx_area(cell(cells, sdmx->area), cell(cells, sdmx->from), key.area);
	if (rc == 0)
		rc = enter(sdmx, key.area, &in, err);
	if (rc == 0 && !in)
		return 0;
	if (rc == 0)
		rc = put_structure(sdmx, "dataflow", SDMX_ID, _("Activity figures"), "R", false,
				   err);
	if (rc == 0)
		rc = put_keys(sdmx, &key, cells, err);
	if (rc == 0)
		rc = put_dimensions(sdmx, &key, cells, err);
	if (rc == 0)
		rc = put_measure(sdmx, cells, err);
	for (size_t i = 0; i < n_sdmx_columns && rc == 0; i++)
		if (sdmx_columns[i].column)
			rc = put_value(
				sdmx,
				cell(cells, columns_find(writer->columns, sdmx_columns[i].column)),
				err);
	if (rc == 0)
		rc = line_end(sdmx, err);
	/* Behind the last row that may be written nobody needs to read on. */
	return rc == 0 && writer->choice->window && writer->choice->window->left == 0
		       ? sink_flush(writer->sink, err)
		       : rc;
}

static int begin(struct writer *writer, struct err *err)
{
	struct sdmx *sdmx = (struct sdmx *)writer;
	const struct columns *columns = writer->columns;
	int rc = understand(sdmx, err);

	sdmx->area = columns_find(columns, "area");
	sdmx->name = columns_find(columns, "name");
	sdmx->from = columns_find(columns, "valid_from");
	sdmx->period = columns_find(columns, "period");
	sdmx->value = columns_find(columns, "value");
	sdmx->state = columns_find(columns, "state");
	sdmx->metric = columns_find(columns, "metric");
	sdmx->label = columns_find(columns, "label");
	sdmx->label_name = columns_find(columns, "label_name");
	sdmx->kind = columns_find(columns, "row");
	if (rc == 0 && (sdmx->area == COLUMN_NONE || sdmx->period == COLUMN_NONE ||
			sdmx->value == COLUMN_NONE || sdmx->state == COLUMN_NONE || !sdmx->freq))
		return err_set(err, -EINVAL,
			       "sdmx-csv is for figures: for what lantoa query answers, without "
			       "--revisions");
	return rc == 0 && !writer->choice->window ? put_header(sdmx, err) : rc;
}

static int finish(struct writer *writer, struct err *err)
{
	(void)writer;
	(void)err;
	return 0;
}

const struct writer_kind writer_sdmx_csv = {
	.size = sizeof(struct sdmx), .begin = begin, .row = row, .finish = finish
};
