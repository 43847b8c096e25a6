/* 1. The metric's series, each with its labels, and which offices declared it.
 * 2. Their figures, period by period, from the pages of the units that have none above.
 * 3. What waits of them in quarantine.
 * 4. For each dimension, the series that have the same label are added up in a row. */
#include "query/label_list.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/search.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/model/labels.h"
#include "common/model/near_metric.h"
#include "query/label_groups.h"
#include "query/source.h"
#include "query/waiting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct tally { /* of a series, or of all with one label */
	int64_t figures, waiting, offices;
	int32_t first, last; /* numbers of the buckets; last < first: none */
};

struct labelled {
	char *labels; /* owned */
	struct tally tally;
	size_t row; /* that it is told in, of the dimension at hand */
};

struct sender {    /* an office declared the series */
	size_t at; /* place of the series, or a row, */
	int64_t office;
};

struct label_list {
	sqlite3 *db;
	const struct reference *reference;
	const struct metric *metric;
	struct plan plan;
	struct series_list series; /* owned; the same order as of */
	struct labelled *of;       /* owned [series.n] */
	struct sender *senders;    /* owned [n_senders] */
	size_t n_senders;
	struct nodes roots; /* owned: of the day at hand */
	int32_t bucket;
	struct table *table; /* owned */
};

static const struct tally nothing = { .first = INT32_MAX, .last = INT32_MIN };

/* --- 1. series --- */

static int series_add(struct label_list *l, sqlite3_stmt *stmt, struct err *err)
{
	struct db_row row = { stmt, err, 0 };
	const char *labels = db_row_text(&row, 1);
	if (row.rc < 0)
		return row.rc;
	uint32_t *list = array_room(l->series.list, l->series.n, sizeof(*list));
	l->series.list = list ? list : l->series.list;
	struct labelled *of = list ? array_room(l->of, l->series.n, sizeof(*of)) : NULL;
	if (!of)
		return err_memory(err);
	l->of = of;
	of[l->series.n] = (struct labelled){ .labels = strdup(labels), .tally = nothing };
	list[l->series.n] = (uint32_t)sqlite3_column_int64(stmt, 0);
	return of[l->series.n].labels ? (l->series.n++, 0) : err_memory(err);
}

static int series_read(struct label_list *l, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(l->db, "SELECT id, labels FROM series WHERE metric = ? ORDER BY id",
			    &rows, err);
	if (rc == 0)
		sqlite3_bind_text(rows, 1, l->metric->name, -1, SQLITE_STATIC);
	while (rc == 0 && (rc = db_step(rows, err)) == 1)
		rc = series_add(l, rows, err);
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc;
}

static size_t place_of(const struct label_list *l, uint32_t series)
{
	size_t at = search_first(i, l->series.n, l->series.list[i] < series);
	return at < l->series.n && l->series.list[at] == series ? at : SIZE_MAX;
}

static int senders_read(struct label_list *l, struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(
		l->db,
		"SELECT d.series, p.office FROM declared d JOIN spool p ON p.id = d.spool"
		" WHERE d.series IN (SELECT id FROM series WHERE metric = ?)",
		&rows, err);
	if (rc == 0)
		sqlite3_bind_text(rows, 1, l->metric->name, -1, SQLITE_STATIC);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		size_t at = place_of(l, (uint32_t)sqlite3_column_int64(rows, 0));
		struct sender *list = array_room(l->senders, l->n_senders, sizeof(*list));
		rc = list ? 0 : err_memory(err);
		if (!list)
			break;
		l->senders = list;
		list[l->n_senders] = (struct sender){ at, sqlite3_column_int64(rows, 1) };
		l->n_senders += at != SIZE_MAX;
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc;
}

/* --- 2. figures --- */

static int on_page(void *context, int64_t node, const struct page *page, struct err *err)
{
	struct label_list *l = context;
	(void)node;
	(void)err;
	for (size_t i = 0; i < page->n; i++) {
		const struct entry *entry = &page->entries[i];
		size_t at = place_of(l, entry->series);
		if (at == SIZE_MAX || entry->acc.n == 0)
			continue;
		struct tally *of = &l->of[at].tally;
		of->figures += entry->acc.n;
		of->first = l->bucket < of->first ? l->bucket : of->first;
		of->last = l->bucket;
	}
	return 0;
}

static int by_node(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static int roots_find(struct label_list *l, int32_t day, struct err *err)
{
	const struct units *units = l->reference->units;
	int rc = 0;
	l->roots.n = 0;
	for (size_t i = 0; i < units->n && rc == 0; i++) {
		const struct unit *unit = &units->list[i];
		if (unit->valid_from <= day && day < unit->valid_to &&
		    !units_parent(units, unit, day))
			rc = nodes_add(&l->roots, -unit->id, err);
	}
	if (l->roots.n > 1)
		qsort(l->roots.list, l->roots.n, sizeof(*l->roots.list), by_node);
	return rc;
}

static int bucket_read(struct label_list *l, struct source *source, struct err *err)
{
	struct slices slices = slices_of(&l->plan, l->metric, plan_bucket(&l->plan, l->bucket));
	int rc = db_time_left(err);
	for (int32_t number = slices.first; number <= slices.last && rc == 0; number++) {
		struct slice slice = slice_at(&slices, number);
		rc = roots_find(l, slice.day, err);
		if (rc == 0)
			rc = source_each(source, &slice, &l->roots, on_page, l, err);
	}
	return rc;
}

static int figures_read(struct label_list *l, struct err *err)
{
	struct source *source = source_open(l->db, l->reference, &l->plan, err);
	int rc = source ? 0 : err->code;
	if (source)
		source_want(source, &l->series);
	for (l->bucket = l->plan.first; l->bucket <= l->plan.last && rc == 0; l->bucket++)
		rc = bucket_read(l, source, err);
	source_close(source);
	return rc;
}

/* --- 3. what waits --- */

static int waiting_add(struct label_list *l, struct err *err)
{
	struct declarations *declarations = declarations_open(l->db, err);
	struct waiting waiting = { 0 };
	if (!declarations)
		return err->code;
	declarations_forget(declarations, l->reference->catalogue);
	int rc = waiting_read(l->db, l->reference, &l->plan, declarations, &waiting, err);
	for (size_t i = 0; i < waiting.n; i++) {
		size_t at = place_of(l, waiting.list[i].series);
		if (at != SIZE_MAX)
			l->of[at].tally.waiting += waiting.list[i].n;
	}
	free(waiting.list);
	declarations_close(declarations);
	return rc;
}

/* --- 4. rows --- */

struct told {        /* a row that is being made */
	char *label; /* owned; NULL: none */
	struct meaning meaning;
	bool is_code; /* and not a name of one */
	struct tally tally;
};

struct rows_of { /* a dimension */
	struct label_list *l;
	const char *dimension;
	size_t len;
	struct told *list; /* owned [n]; the first is that of no label */
	size_t n;
};

static int row_add(struct rows_of *rows, const char *label, const struct meaning *meaning,
		   bool is_code, struct err *err)
{
	struct told *list = array_room(rows->list, rows->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	rows->list = list;
	list[rows->n] = (struct told){ .label = label ? strdup(label) : NULL,
				       .meaning = *meaning,
				       .is_code = is_code,
				       .tally = nothing };
	return !label || list[rows->n].label ? (rows->n++, 0) : err_memory(err);
}

/* The row of a label: a code's, or that of its spelling, which is made. */
static int row_of(struct rows_of *rows, const char *value, size_t len, size_t *ret_row,
		  struct err *err)
{
	const struct dimensions *dimensions = rows->l->reference->catalogue->dimensions;
	struct meaning meaning;
	char label[LABELS_TEXT_MAX];
	memcpy(label, value, len);
	label[len] = '\0';
	label_mean(dimensions, rows->dimension, rows->len, value, len, &meaning);
	bool is_code = meaning.code && code_is(meaning.code, label);
	for (size_t i = 1; i < rows->n; i++) {
		const struct told *told = &rows->list[i];
		if (is_code ? told->is_code && strcmp(told->meaning.text, meaning.text) == 0
			    : strcmp(told->label, label) == 0) {
			*ret_row = i;
			return 0;
		}
	}
	*ret_row = rows->n;
	return row_add(rows, is_code ? meaning.code->code : label, &meaning, is_code, err);
}

static int series_tell(struct rows_of *rows, struct labelled *of, struct err *err)
{
	const char *cursor = of->labels, *key, *value;
	size_t key_len, value_len;
	int rc = 0;
	of->row = 0;
	while (rc == 0 && labels_next(&cursor, &key, &key_len, &value, &value_len))
		if (key_len == rows->len && memcmp(key, rows->dimension, key_len) == 0)
			rc = row_of(rows, value, value_len, &of->row, err);
	if (rc < 0)
		return rc;
	struct tally *sum = &rows->list[of->row].tally;
	const struct tally *one = &of->tally;
	sum->figures += one->figures;
	sum->waiting += one->waiting;
	sum->first = one->first < sum->first ? one->first : sum->first;
	sum->last = one->last > sum->last ? one->last : sum->last;
	return 0;
}

static int by_row(const void *a, const void *b)
{
	const struct sender *x = a, *y = b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->office < y->office ? -1 : x->office > y->office;
}

/* An office counts once in a row, however many series of it are told there. */
static int offices_count(struct rows_of *rows, struct err *err)
{
	const struct label_list *l = rows->l;
	struct sender *list = malloc((l->n_senders + 1) * sizeof(*list));
	if (!list)
		return err_memory(err);
	for (size_t i = 0; i < l->n_senders; i++)
		list[i] = (struct sender){ l->of[l->senders[i].at].row, l->senders[i].office };
	qsort(list, l->n_senders, sizeof(*list), by_row);
	for (size_t i = 0; i < l->n_senders; i++)
		if (i == 0 || by_row(&list[i - 1], &list[i]) != 0)
			rows->list[list[i].at].tally.offices++;
	free(list);
	return 0;
}

static int by_label(const void *a, const void *b)
{
	const struct told *x = a, *y = b;
	return strcmp(x->label, y->label);
}

static const char *state_of(const struct code_list *list, const struct told *told)
{
	int32_t today = civil_day(civil_now_us());
	const struct code *code;
	if (!told->label)
		return N_("not classified");
	if (!list)
		return N_("free text");
	if (told->is_code)
		return code_list_find(list, told->label, today, &code) == CODE_FOUND
			       ? N_("in the list")
			       : N_("in the list, not for today");
	return told->meaning.code ? N_("a name of a code") : N_("not in the list");
}

static void put_bucket(struct table *table, const struct label_list *l, int32_t number, bool any)
{
	char text[PERIOD_TEXT_MAX];
	table_text(table, any ? period_format(plan_bucket(&l->plan, number), text) : NULL);
}

static void put_told(const struct rows_of *rows, const struct code_list *list,
		     const struct told *told)
{
	const struct label_list *l = rows->l;
	const struct tally *tally = &told->tally;
	const struct code *code = told->meaning.code;
	bool any = tally->first <= tally->last;
	table_row(l->table);
	table_text(l->table, rows->dimension);
	table_text(l->table, told->label);
	table_text(l->table, told->is_code ? code_name(code) : NULL);
	table_text(l->table, _(state_of(list, told)));
	table_text(l->table, code && !told->is_code ? code->code : NULL);
	table_int(l->table, tally->figures);
	table_int(l->table, tally->waiting);
	table_int(l->table, tally->offices);
	put_bucket(l->table, l, tally->first, any);
	put_bucket(l->table, l, tally->last, any);
}

/* The row of no label stands first, and is told last. */
static int dimension_tell(struct rows_of *rows, struct err *err)
{
	static const struct meaning none = { 0 };
	struct label_list *l = rows->l;
	const struct code_list *list =
		dimensions_list(l->reference->catalogue->dimensions, rows->dimension, rows->len);
	int rc = row_add(rows, NULL, &none, false, err);
	size_t row;
	for (size_t i = 0; list && i < list->n && rc == 0; i++)
		rc = row_of(rows, list->codes[i].code, strlen(list->codes[i].code), &row, err);
	size_t n_codes = rows->n;
	for (size_t i = 0; i < l->series.n && rc == 0; i++)
		rc = series_tell(rows, &l->of[i], err);
	if (rc == 0)
		rc = offices_count(rows, err);
	if (rc < 0)
		return rc;
	if (rows->n > n_codes)
		qsort(rows->list + n_codes, rows->n - n_codes, sizeof(*rows->list), by_label);
	for (size_t i = 1; i < rows->n; i++)
		put_told(rows, list, &rows->list[i]);
	if (rows->list[0].tally.offices > 0)
		put_told(rows, list, &rows->list[0]);
	return 0;
}

static int dimensions_tell_all(struct label_list *l, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < l->metric->n_dimensions && rc == 0; i++) {
		const char *dimension = l->metric->dimensions[i];
		struct rows_of rows = { .l = l, .dimension = dimension, .len = strlen(dimension) };
		rc = dimension_tell(&rows, err);
		for (size_t k = 0; k < rows.n; k++)
			free(rows.list[k].label);
		free(rows.list);
	}
	return rc;
}

/* --- all of it --- */

static int metric_find(struct label_list *l, const char *name, struct err *err)
{
	char shown[EXCERPT_MAX];
	utf8_excerpt(name, strlen(name), shown);
	l->metric = catalogue_find(l->reference->catalogue, name);
	if (!l->metric && catalogue_did_you_mean(l->reference->catalogue, name, err))
		return -EINVAL;
	if (!l->metric)
		return err_set(err, -EINVAL,
			       "there is no metric '%s'; 'lantoa catalogue export' names them",
			       shown);
	return l->metric->n_dimensions > 0
		       ? 0
		       : err_set(err, -EINVAL, "%s is not divided, so it has no labels", shown);
}

/* All the time of which anything came. */
static int plan_all(struct label_list *l, struct err *err)
{
	const struct metric *metric = l->metric;
	enum grain per = metric->period < GRAIN_DAY ? GRAIN_DAY : metric->period;
	sqlite3_stmt *days = NULL;
	l->plan = (struct plan){ .metrics = { metric },
				 .n_metrics = 1,
				 .calendar = metric->calendar,
				 .per = per,
				 .first = 0,
				 .last = -1,
				 .labels = "",
				 .known_us = INT64_MAX,
				 .begun = INT64_MAX,
				 .over = INT64_MAX };
	int rc = db_prepare(l->db,
			    "SELECT (SELECT min(day) FROM arrival), (SELECT max(day) FROM arrival)",
			    &days, err);
	if (rc == 0 && (rc = db_step(days, err)) == 1) {
		if (sqlite3_column_type(days, 0) == SQLITE_INTEGER) {
			struct db_row row = { days, err, 0 };
			int32_t first = (int32_t)db_row_int(&row, 0, DAY_MIN, DAY_MAX),
				last = (int32_t)db_row_int(&row, 1, DAY_MIN, DAY_MAX);
			rc = row.rc;
			l->plan.first = period_of_day(metric->calendar, per, first).number;
			l->plan.last = period_of_day(metric->calendar, per, last).number;
		} else {
			rc = 0;
		}
	}
	(void)sqlite3_finalize(days); /* repeats the error that step told */
	return rc;
}

static int table_make(struct label_list *l, struct err *err)
{
	static const char *const columns[] = { "dimension", "label",   "name",    "state", "means",
					       "figures",   "waiting", "offices", "first", "last" };
	l->table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	if (!l->table)
		return err_memory(err);
	int rc = dimensions_tell_all(l, err);
	return rc == 0 && table_failed(l->table) ? err_memory(err) : rc;
}

int label_list_run(sqlite3 *db, const struct reference *reference, const char *name,
		   struct table **ret_table, struct err *err)
{
	struct label_list l = { .db = db, .reference = reference };
	int rc = metric_find(&l, name, err);
	if (rc == 0)
		rc = plan_all(&l, err);
	if (rc == 0)
		rc = series_read(&l, err);
	if (rc == 0)
		rc = senders_read(&l, err);
	if (rc == 0)
		rc = figures_read(&l, err);
	if (rc == 0)
		rc = waiting_add(&l, err);
	if (rc == 0)
		rc = table_make(&l, err);
	for (size_t i = 0; i < l.series.n; i++)
		free(l.of[i].labels);
	free(l.of);
	free(l.series.list);
	free(l.senders);
	free(l.roots.list);
	if (rc < 0) {
		table_close(l.table);
		return rc;
	}
	*ret_table = l.table;
	return 0;
}
