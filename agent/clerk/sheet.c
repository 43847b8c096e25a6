#include "clerk/sheet.h"

#include "clerk/grid.h"
#include "common/base/array.h"
#include "common/base/i18n.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRESH_FIRST 2u   /* rows for new labels while none are known */
#define FRESH_MAX   100u /* of one metric, in a form that was sent */
/* Rows of a form that has the parts of a further metric listed: some 300 KB of page. */
#define SHEET_LISTED_MAX 600u

/* --- rows --- */

static struct sheet_row *add_row(struct sheet *sheet, const struct metric *metric, size_t at)
{
	struct sheet_row *rows = array_room(sheet->rows, sheet->n, sizeof(*rows));
	if (!rows)
		return NULL;
	sheet->rows = rows;
	struct sheet_row *row = &sheet->rows[at];
	memmove(row + 1, row, (sheet->n++ - at) * sizeof(*row));
	*row = (struct sheet_row){ .metric = metric };
	for (size_t i = 0; i < METRIC_DIMENSIONS_MAX; i++)
		row->dimensions[i] = "";
	return row;
}

static bool wanted(const struct sheet *sheet, const struct metric *metric)
{
	return metric->calendar == sheet->period.calendar &&
	       metric->period == sheet->period.grain && due_metric(metric, sheet->values->level);
}

/* @figure is of the row's series. */
static void know(struct sheet *sheet, struct sheet_row *row, const struct value *value)
{
	int32_t back = sheet->period.number - value->period.number;
	if (back == 0)
		row->now = value;
	if (back == 1)
		row->before = value;
	if (back > 0 && !value->withdrawn) /* Rule 5.4 */
		history_add(&row->history, value->value_e);
}

static int add_known(struct sheet *sheet, const struct metric *metric)
{
	struct sheet_row *row = NULL;
	for (size_t i = 0; i < sheet->values->n; i++) {
		const struct value *value = &sheet->values->list[i];
		if (value->metric != metric)
			continue;
		if (!row || strcmp(row->labels, value->labels) != 0) {
			row = add_row(sheet, metric, sheet->n);
			if (!row)
				return -ENOMEM;
			(void)snprintf(row->labels, sizeof(row->labels), "%s", value->labels);
		}
		know(sheet, row, value);
	}
	return 0;
}

static int add_fresh(struct sheet *sheet, const struct metric *metric, unsigned nth)
{
	struct sheet_row *row = add_row(sheet, metric, sheet->n);
	if (!row)
		return -ENOMEM;
	row->fresh = true;
	row->nth = nth;
	return 0;
}

/* The row of a series from @first on; one that is not there is made. NULL: out of memory. */
static struct sheet_row *row_with(struct sheet *sheet, size_t first, const struct metric *metric,
				  const char *labels)
{
	for (size_t i = first; i < sheet->n; i++)
		if (!sheet->rows[i].fresh && strcmp(sheet->rows[i].labels, labels) == 0)
			return &sheet->rows[i];
	struct sheet_row *row = add_row(sheet, metric, sheet->n);
	if (row)
		(void)snprintf(row->labels, sizeof(row->labels), "%s", labels); /* fits */
	return row;
}

static bool holds(const struct sheet_row *row)
{
	return row->now && !row->now->withdrawn; /* Rule 5.4 */
}

/* A row for each part, as long as the page has room for such. */
static int add_parts(struct sheet *sheet, const struct metric *metric, size_t first,
		     size_t *ret_parts)
{
	const struct dimensions *dimensions = sheet->catalogue->dimensions;
	int32_t day = period_first_day(sheet->period);
	size_t parts = grid_parts(dimensions, metric, day);
	if (sheet->n + parts > SHEET_LISTED_MAX)
		parts = 0;
	for (size_t i = 0; i < parts; i++) {
		char labels[LABELS_TEXT_MAX];
		if (!grid_labels(dimensions, metric, day, i, labels))
			continue;
		struct sheet_row *row = row_with(sheet, first, metric, labels);
		if (!row)
			return -ENOMEM;
		row->listed = true;
		row->place = (unsigned)i + 1;
	}
	*ret_parts = parts;
	return 0;
}

/* What nobody may report any more has a row only while it is recorded. The whole has none beside
 * parts of it that are recorded, so that nobody writes the sum there (rules of the figures, 5). */
static bool stays(const struct sheet *sheet, const struct sheet_row *row, bool divided)
{
	const struct metric *metric = row->metric;
	if (holds(row) || row->fresh)
		return true;
	if (*row->labels)
		return dimensions_hold(sheet->catalogue->dimensions, row->labels,
				       period_first_day(sheet->period));
	return metric->n_dimensions == 0 || (metric->undivided != UNDIVIDED_REFUSED &&
					     !(metric->undivided == UNDIVIDED_EITHER && divided));
}

static int by_place(const void *a, const void *b)
{
	const struct sheet_row *x = a, *y = b;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->fresh ? (x->nth > y->nth) - (x->nth < y->nth) : strcmp(x->labels, y->labels);
}

static void arrange(struct sheet *sheet, const struct metric *metric, size_t first, size_t parts)
{
	size_t n = first;
	bool divided = false;
	for (size_t i = first; i < sheet->n; i++)
		divided |= *sheet->rows[i].labels && holds(&sheet->rows[i]);
	for (size_t i = first; i < sheet->n; i++) {
		struct sheet_row *row = &sheet->rows[i];
		if (!stays(sheet, row, divided))
			continue;
		if (row->fresh)
			row->place = UINT_MAX;
		else if (*row->labels && !row->listed)
			row->place = (unsigned)parts + 1;
		else if (!*row->labels && metric->undivided == UNDIVIDED_REST)
			row->place = (unsigned)parts + 2;
		sheet->rows[n++] = *row;
	}
	sheet->n = n;
	qsort(sheet->rows + first, n - first, sizeof(*sheet->rows), by_place);
}

static int add_metric(struct sheet *sheet, const struct metric *metric)
{
	size_t first = sheet->n, parts = 0;
	int rc = add_known(sheet, metric);
	bool known = sheet->n > first;
	if (rc == 0)
		rc = add_parts(sheet, metric, first, &parts);
	if (rc == 0 && (!known || parts > 0)) /* free text: who divides it goes on so */
		rc = row_with(sheet, first, metric, "") ? 0 : -ENOMEM;
	unsigned fresh = metric->n_dimensions == 0 || parts > 0 ? 0 : known ? 1 : FRESH_FIRST;
	for (unsigned i = 0; i < fresh && rc == 0; i++)
		rc = add_fresh(sheet, metric, i);
	if (rc < 0)
		return rc;
	arrange(sheet, metric, first, parts);
	bool recorded = false;
	for (size_t i = first; i < sheet->n; i++)
		recorded |= holds(&sheet->rows[i]);
	due_count(&sheet->due, metric, recorded);
	return 0;
}

static int too_many(struct err *err)
{
	return err_set(err, -E2BIG,
		       "there are more figures than this page can show; hand them in as a file");
}

int sheet_open(const struct catalogue *catalogue, const struct values *values, struct period period,
	       struct sheet *ret_sheet, struct err *err)
{
	struct sheet sheet = { .catalogue = catalogue,
			       .values = values,
			       .period = period,
			       .due = { .period = period } };
	int rc = 0;
	for (size_t i = 0; i < catalogue->n && rc == 0; i++)
		if (wanted(&sheet, &catalogue->metrics[i]))
			rc = add_metric(&sheet, &catalogue->metrics[i]);
	if (rc < 0)
		(void)err_memory(err);
	else if (sheet.n == 0)
		rc = err_set(err, -ENOENT,
			     "the catalogue has nothing that this office reports for such a "
			     "period");
	else if (sheet.n > SHEET_ROWS_MAX)
		rc = too_many(err);
	if (rc < 0)
		sheet_close(&sheet);
	else
		*ret_sheet = sheet;
	return rc;
}

void sheet_close(struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->n; i++) {
		free(sheet->rows[i].message);
		free(sheet->rows[i].said);
	}
	for (size_t i = 0; i < sheet->n_strange; i++)
		free(sheet->strange[i]);
	free(sheet->strange);
	free(sheet->rows);
	*sheet = (struct sheet){ 0 };
}

/* --- names of fields --- */

const char *sheet_name(const struct sheet_row *row, char kind, const char *dimension,
		       char name[SHEET_NAME_MAX])
{
	if (!row->fresh)
		(void)snprintf(name, SHEET_NAME_MAX, "%c:%s:%s", kind, row->metric->name,
			       row->labels); /* fits */
	else
		(void)snprintf(name, SHEET_NAME_MAX, "%c:%s:+%u%s%s", kind, row->metric->name,
			       row->nth, dimension ? ":" : "", dimension ? dimension : "");
	return name;
}

struct parsed_name {
	char kind;
	const struct metric *metric;
	const char *labels; /* of a known series; NULL: fresh */
	unsigned nth;
	const char *dimension;
};

/* "+0", "+0:sector" */
static bool parse_fresh(const char *text, struct parsed_name *parsed)
{
	char *end;
	unsigned long nth = strtoul(text + 1, &end, 10);
	if (end == text + 1 || nth >= FRESH_MAX || (*end != '\0' && *end != ':'))
		return false;
	parsed->nth = (unsigned)nth;
	parsed->dimension = *end == ':' ? end + 1 : NULL;
	return true;
}

/* False for what is no field of a row, or of a metric that the sheet does not have. */
static bool parse_name(const struct sheet *sheet, const char *name, struct parsed_name *parsed)
{
	char metric[METRIC_NAME_MAX];
	const char *colon = name[0] != '\0' && name[1] == ':' ? strchr(name + 2, ':') : NULL;
	size_t len = colon ? (size_t)(colon - name - 2) : 0;
	if (!colon || len == 0 || len >= sizeof(metric))
		return false;
	memcpy(metric, name + 2, len);
	metric[len] = '\0';
	*parsed = (struct parsed_name){ .kind = name[0],
					.metric = catalogue_find(sheet->catalogue, metric) };
	if (!parsed->metric || !wanted(sheet, parsed->metric))
		return false;
	if (colon[1] == '+')
		return parsed->metric->n_dimensions > 0 && parse_fresh(colon + 1, parsed);
	parsed->labels = colon + 1;
	return labels_valid(parsed->labels);
}

/* --- what was typed --- */

/* The row that a field's name means; one that is not there comes behind the last of its metric. */
static struct sheet_row *row_of(struct sheet *sheet, const struct parsed_name *parsed)
{
	for (size_t i = 0; i < sheet->n; i++) {
		struct sheet_row *row = &sheet->rows[i];
		if (row->metric == parsed->metric && row->fresh == !parsed->labels &&
		    (row->fresh ? row->nth == parsed->nth
				: strcmp(row->labels, parsed->labels) == 0))
			return row;
	}
	size_t at = sheet->n;
	while (at > 0 && sheet->rows[at - 1].metric != parsed->metric)
		at--;
	struct sheet_row *row = add_row(sheet, parsed->metric, at);
	if (!row)
		return NULL;
	row->fresh = !parsed->labels;
	row->nth = parsed->nth;
	(void)snprintf(row->labels, sizeof(row->labels), "%s",
		       parsed->labels ? parsed->labels : ""); /* valid ones fit */
	return row;
}

/* @format is translated already. */
static int add_strange(struct sheet *sheet, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int add_strange(struct sheet *sheet, const char *format, ...)
{
	char text[512];
	va_list args;
	char **strange = array_room(sheet->strange, sheet->n_strange, sizeof(*strange));
	if (!strange)
		return -ENOMEM;
	sheet->strange = strange;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args); /* cut is fine */
	va_end(args);
	strange[sheet->n_strange] = strdup(text);
	return strange[sheet->n_strange] ? (sheet->n_strange++, 0) : -ENOMEM;
}

/* No browser sends a field twice; of two values of what does, neither is taken in silence. */
static int put_typed(struct sheet *sheet, struct sheet_row *row, const char *value)
{
	const char *before = row->typed;
	row->typed = value;
	if (!before || strcmp(before, value) == 0)
		return 0;
	return add_strange(sheet, _("%s was sent twice, as '%s' and as '%s'; send the right one"),
			   wording_metric(row->metric), before, value);
}

static int take(struct sheet *sheet, const struct parsed_name *parsed, const char *value)
{
	struct sheet_row *row = row_of(sheet, parsed);
	if (!row)
		return -ENOMEM;
	switch (parsed->kind) {
	case 'v':
		return put_typed(sheet, row, value);
	case 'o':
		row->was = value;
		break;
	case 'w':
		row->withdraw = true;
		break;
	case 'y':
		row->confirmed = value;
		break;
	case 'n':
		row->note = value;
		break;
	case 'm':
		row->note_was = value;
		break;
	case 'd':
		for (size_t i = 0; parsed->dimension && i < row->metric->n_dimensions; i++)
			if (strcmp(row->metric->dimensions[i], parsed->dimension) == 0)
				row->dimensions[i] = value;
		break;
	}
	return 0;
}

/* A figure that was typed for a metric that left the catalogue meanwhile is not passed over. */
static int note_strange(struct sheet *sheet, const struct field *field)
{
	if (strncmp(field->name, "v:", 2) != 0 || *field->value == '\0')
		return 0;
	return add_strange(sheet,
			   _("'%s' is no longer on this form, so %s was not recorded: the province "
			     "has changed its catalogue"),
			   field->name + 2, field->value);
}

int sheet_take(struct sheet *sheet, const struct field fields[], size_t n, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct parsed_name parsed;
		if (parse_name(sheet, fields[i].name, &parsed))
			rc = take(sheet, &parsed, fields[i].value);
		else
			rc = note_strange(sheet, &fields[i]);
		if (sheet->n > SHEET_ROWS_MAX)
			return too_many(err);
	}
	return rc < 0 ? err_memory(err) : 0;
}

/* --- what it comes to --- */

bool sheet_value(const struct sheet_row *row, int64_t *ret_value_e)
{
	if (row->withdraw || (row->message && !row->warned) || (!row->changed && !holds(row)))
		return false;
	*ret_value_e = row->changed ? row->value_e : row->now->value_e;
	return true;
}

size_t sheet_metric_end(const struct sheet *sheet, size_t i)
{
	const struct metric *metric = sheet->rows[i].metric;
	while (i < sheet->n && sheet->rows[i].metric == metric)
		i++;
	return i;
}

/* Under one heading; where the catalogue has none, names of metrics are in parts: team.count,
 * team.members. */
static bool same_section(const struct metric *a, const struct metric *b)
{
	const char *x = wording_section(a), *y = wording_section(b);
	if (x || y)
		return x && y && strcmp(x, y) == 0;
	size_t len = strcspn(a->name, ".");
	return strncmp(a->name, b->name, len) == 0 && (b->name[len] == '.' || b->name[len] == '\0');
}

size_t sheet_section_end(const struct sheet *sheet, size_t i)
{
	const struct metric *metric = sheet->rows[i].metric;
	while (i < sheet->n && same_section(metric, sheet->rows[i].metric))
		i = sheet_metric_end(sheet, i);
	return i;
}

unsigned sheet_progress(const struct sheet *sheet, size_t i, size_t end, unsigned *ret_done)
{
	unsigned n = 0;
	*ret_done = 0;
	while (i < end) {
		size_t next = sheet_metric_end(sheet, i);
		bool done = false;
		for (; i < next; i++)
			done |= sheet_value(&sheet->rows[i], &(int64_t){ 0 });
		*ret_done += done;
		n++;
	}
	return n;
}

bool sheet_total(const struct sheet *sheet, size_t i, size_t end, bool before, int64_t *ret_e)
{
	int64_t sum = 0, value_e;
	bool any = false;
	for (; i < end; i++) {
		const struct sheet_row *row = &sheet->rows[i];
		bool is = before ? row->before && !row->before->withdrawn
				 : sheet_value(row, &value_e);
		if (is && before)
			value_e = row->before->value_e;
		if (is && __builtin_add_overflow(sum, value_e, &sum))
			return false;
		any |= is;
	}
	*ret_e = sum;
	return any;
}

const char *sheet_held(const struct sheet_row *row, char text[WORDING_MAX])
{
	*text = '\0';
	if (row->now && !row->now->withdrawn)
		(void)wording_typed(row->now->value_e, row->metric->decimals, text);
	return text;
}

const char *sheet_note(const struct sheet_row *row)
{
	return row->now && row->now->note ? row->now->note : "";
}

/* --- what is recorded --- */

int sheet_entries(const struct sheet *sheet, const char *period, const char *author,
		  struct entry **ret_entries, size_t *ret_n, struct err *err)
{
	struct entry *entries = calloc(sheet->n_changed + 1, sizeof(*entries));
	size_t n = 0;
	if (!entries)
		return err_memory(err);
	for (size_t i = 0; i < sheet->n; i++) {
		const struct sheet_row *row = &sheet->rows[i];
		if (row->changed)
			entries[n++] = (struct entry){ .metric = row->metric->name,
						       .value = row->withdraw ? NULL : row->value,
						       .period = period,
						       .labels = row->labels,
						       .author = author,
						       .note = row->said };
	}
	*ret_entries = entries;
	*ret_n = n;
	return 0;
}
