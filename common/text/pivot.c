#include "common/text/pivot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What tells rows apart, in the order that they are sorted by. */
enum key {
	KEY_METRIC,
	KEY_PERIOD,
	KEY_TOTAL,
	KEY_PLACE, /* of rows that somebody put in order: kind, label and area as one */
	KEY_LABEL,
	KEY_KIND,
	KEY_AREA,
	KEY_FROM,
	KEYS
};

static const char *const key_names[KEYS] = { "metric", "period", "row",  "row",
					     "label",  "row",    "area", "valid_from" };

struct making {
	const struct table *table;
	size_t columns[KEYS]; /* of the table; PIVOT_NONE: it has none */
	size_t *order[KEYS];  /* owned [rows]: where the row's metric or label stands; NULL: by text
			       */
	bool across[KEYS];    /* is the key one of columns? */
	bool given;           /* the rows were put in order */
};

static const char *key_text(const struct making *making, enum key key, size_t row)
{
	size_t column = making->columns[key];
	return column == PIVOT_NONE ? NULL : table_cell(making->table, row, column);
}

static int compare_texts(const char *a, const char *b)
{
	if (!a || !b) /* none stands last */
		return (a == NULL) - (b == NULL);
	return strcmp(a, b);
}

/* A part before the rest, and totals, which stand behind all labels. Where nothing says so, the
 * rest has no area. */
static int kind_of(const struct making *making, enum key key, size_t row)
{
	const char *kind = key_text(making, KEY_KIND, row);
	bool total = kind && strncmp(kind, "total", 5) == 0;
	return key == KEY_TOTAL ? total : !key_text(making, KEY_AREA, row);
}

static int compare_key(const struct making *making, enum key key, size_t a, size_t b)
{
	const char *text = key_text(making, key, a), *other = key_text(making, key, b);
	if (key == KEY_PLACE && !making->order[key])
		return 0;
	if (making->order[key] && key == KEY_PLACE)
		text = other = "";
	if (key == KEY_KIND || key == KEY_TOTAL)
		return kind_of(making, key, a) - kind_of(making, key, b);
	if (making->order[key] && text && other) {
		size_t x = making->order[key][a], y = making->order[key][b];
		return x < y ? -1 : x > y;
	}
	return compare_texts(text, other);
}

/* By the keys that are columns, or by those that are not. */
static int compare(const struct making *making, bool across, size_t a, size_t b)
{
	int order = 0;
	for (enum key key = 0; key < KEYS && order == 0; key++)
		if (making->across[key] == across)
			order = compare_key(making, key, a, b);
	return order;
}

struct sorting { /* what qsort_r compares by */
	const struct making *making;
	bool across;
};

static int by_keys(const void *a, const void *b, void *context)
{
	const struct sorting *sorting = context;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = compare(sorting->making, sorting->across, x, y);
	return order ? order : x < y ? -1 : x > y; /* the first of equals stands for them */
}

/* Metrics and labels stand as they come in the long rows: that is an order which somebody chose.
 * There are few of them. */
static int order_make(struct making *making, enum key key)
{
	size_t n = table_rows(making->table), known = 0;
	size_t *order = malloc((n + 1) * sizeof(*order)),
	       *firsts = malloc((n + 1) * sizeof(*firsts));
	making->order[key] = order;
	for (size_t row = 0; order && firsts && row < n; row++) {
		size_t i = row > 0 ? order[row - 1] : 0; /* mostly as the one before */
		const char *text = key_text(making, key, row);
		if (i >= known || compare_texts(key_text(making, key, firsts[i]), text) != 0)
			for (i = 0; i < known &&
				    compare_texts(key_text(making, key, firsts[i]), text) != 0;)
				i++;
		if (i == known)
			firsts[known++] = row;
		order[row] = i;
	}
	free(firsts);
	return order && firsts ? 0 : -ENOMEM;
}

/* --- rows that somebody put in order --- */

struct numbering { /* what qsort_r compares by */
	const struct making *making;
	const enum key *keys; /* [n] */
	size_t n;
};

static int compare_some(const struct numbering *numbering, size_t a, size_t b)
{
	int order = 0;
	for (size_t i = 0; i < numbering->n && order == 0; i++)
		order = compare_key(numbering->making, numbering->keys[i], a, b);
	return order;
}

static int by_some(const void *a, const void *b, void *context)
{
	return compare_some(context, *(const size_t *)a, *(const size_t *)b);
}

/* The rows of the newest period of the first metric, which come first; and then all. */
static bool is_newest(const struct making *making, size_t row, size_t last)
{
	return compare_texts(key_text(making, KEY_METRIC, row),
			     key_text(making, KEY_METRIC, last)) == 0 &&
	       compare_texts(key_text(making, KEY_PERIOD, row),
			     key_text(making, KEY_PERIOD, last)) == 0;
}

/* The last row of the first metric. */
static size_t newest_row(const struct making *making)
{
	size_t row = table_rows(making->table);
	while (row-- > 1)
		if (compare_texts(key_text(making, KEY_METRIC, row),
				  key_text(making, KEY_METRIC, 0)) == 0)
			return row;
	return 0;
}

/* What tells rows apart by @keys [n] is numbered as it comes: with @newest_first, from the newest
 * period on. The parts come before the rest. */
static int number_given(struct making *making, enum key key, const enum key keys[], size_t n_keys,
			bool newest_first)
{
	size_t n = table_rows(making->table), last = n > 0 ? newest_row(making) : 0, next = 0;
	struct numbering numbering = { making, keys, n_keys };
	size_t *sorted = malloc((n + 1) * sizeof(*sorted)),
	       *group = malloc((n + 1) * sizeof(*group)),
	       *number = malloc((n + 1) * sizeof(*number)),
	       *order = malloc((n + 1) * sizeof(*order));
	for (size_t row = 0; sorted && row < n; row++)
		sorted[row] = row;
	if (sorted && group && number && order) {
		qsort_r(sorted, n, sizeof(*sorted), by_some, &numbering);
		for (size_t i = 0, groups = 0; i < n; i++) {
			groups += i > 0 && compare_some(&numbering, sorted[i - 1], sorted[i]) != 0;
			group[sorted[i]] = groups;
			number[groups] = PIVOT_NONE;
		}
		for (int pass = newest_first ? 0 : 1; pass < 2; pass++)
			for (size_t row = 0; row < n; row++)
				if (number[group[row]] == PIVOT_NONE &&
				    (pass == 1 || is_newest(making, row, last)))
					number[group[row]] = next++;
		for (size_t row = 0; row < n; row++)
			order[row] = number[group[row]] +
				     (newest_first && kind_of(making, KEY_KIND, row) ? n : 0);
	}
	making->order[key] = order;
	int rc = sorted && group && number && order ? 0 : -ENOMEM;
	free(sorted);
	free(group);
	free(number);
	return rc;
}

static int orders_make(struct making *making)
{
	static const enum key place[] = { KEY_TOTAL, KEY_LABEL, KEY_KIND, KEY_AREA, KEY_FROM },
			      period[] = { KEY_PERIOD };
	int rc = order_make(making, KEY_METRIC) < 0 || order_make(making, KEY_LABEL) < 0 ? -ENOMEM
											 : 0;
	if (rc == 0 && making->given)
		rc = number_given(making, KEY_PLACE, place, sizeof(place) / sizeof(place[0]), true);
	if (rc == 0 && making->given && !making->across[KEY_PERIOD])
		rc = number_given(making, KEY_PERIOD, period, 1, false);
	return rc;
}

/* @ret_number [rows]: which of the @ret_n groups each long row is of; @ret_first [n]: the first of
 * each. */
static int group(const struct making *making, bool across, size_t **ret_first, size_t *ret_n,
		 size_t *number)
{
	size_t n = table_rows(making->table);
	size_t *sorted = malloc((n + 1) * sizeof(*sorted));
	struct sorting sorting = { making, across };
	if (!sorted)
		return -ENOMEM;
	for (size_t row = 0; row < n; row++)
		sorted[row] = row;
	qsort_r(sorted, n, sizeof(*sorted), by_keys, &sorting);
	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		size_t row = sorted[i];
		if (i == 0 || compare(making, across, sorted[*ret_n - 1], row) != 0)
			sorted[(*ret_n)++] = row;
		number[row] = *ret_n - 1;
	}
	*ret_first = sorted;
	return 0;
}

static int fill(struct pivot *pivot, const size_t row_of[], const size_t column_of[],
		struct err *err)
{
	size_t n = table_rows(pivot->table);
	if (pivot->n_columns > 0 && pivot->n_rows > PIVOT_CELLS_MAX / pivot->n_columns)
		return err_set(err, -E2BIG,
			       "the table would have more than %u cells; ask for less "
			       "at once",
			       PIVOT_CELLS_MAX);
	size_t cells = pivot->n_rows * pivot->n_columns;
	pivot->cells = malloc((cells + 1) * sizeof(*pivot->cells));
	if (!pivot->cells)
		return err_memory(err);
	for (size_t i = 0; i < cells; i++)
		pivot->cells[i] = PIVOT_NONE;
	for (size_t row = 0; row < n; row++) {
		size_t *cell = &pivot->cells[row_of[row] * pivot->n_columns + column_of[row]];
		if (*cell != PIVOT_NONE)
			return err_set(err, -EINVAL,
				       "the rows %zu and %zu are of one place, period and metric",
				       *cell + 1, row + 1);
		*cell = row;
	}
	return 0;
}

static int make(const struct table *table, enum pivot_across across, bool given,
		struct pivot *ret_pivot, struct err *err)
{
	struct making making = { .table = table, .given = given };
	struct pivot pivot = { .table = table };
	size_t n = table_rows(table);
	size_t *row_of = malloc((n + 1) * sizeof(*row_of)),
	       *column_of = malloc((n + 1) * sizeof(*column_of));
	for (enum key key = 0; key < KEYS; key++)
		making.columns[key] = table_find(table, key_names[key]);
	making.across[KEY_PERIOD] = across != PIVOT_METRICS;
	making.across[KEY_METRIC] = across != PIVOT_PERIODS;
	int rc = row_of && column_of ? 0 : err_memory(err);
	if (rc == 0 &&
	    (making.columns[KEY_AREA] == PIVOT_NONE || making.columns[KEY_PERIOD] == PIVOT_NONE ||
	     table_find(table, "value") == TABLE_NO_COLUMN))
		rc = err_set(err, -EINVAL, "the rows are not figures");
	if (rc == 0 && (orders_make(&making) < 0 ||
			group(&making, false, &pivot.rows, &pivot.n_rows, row_of) < 0 ||
			group(&making, true, &pivot.columns, &pivot.n_columns, column_of) < 0))
		rc = err_memory(err);
	if (rc == 0)
		rc = fill(&pivot, row_of, column_of, err);
	for (enum key key = 0; key < KEYS; key++)
		free(making.order[key]);
	free(row_of);
	free(column_of);
	if (rc < 0)
		pivot_free(&pivot);
	else
		*ret_pivot = pivot;
	return rc;
}

int pivot_make(const struct table *table, enum pivot_across across, struct pivot *ret_pivot,
	       struct err *err)
{
	return make(table, across, false, ret_pivot, err);
}

int pivot_make_given(const struct table *table, enum pivot_across across, struct pivot *ret_pivot,
		     struct err *err)
{
	return make(table, across, true, ret_pivot, err);
}

void pivot_free(struct pivot *pivot)
{
	free(pivot->rows);
	free(pivot->columns);
	free(pivot->cells);
	*pivot = (struct pivot){ 0 };
}

size_t pivot_cell(const struct pivot *pivot, size_t row, size_t column)
{
	return pivot->cells[row * pivot->n_columns + column];
}

const char *pivot_text(const struct pivot *pivot, size_t row, const char *name)
{
	size_t column = row == PIVOT_NONE ? PIVOT_NONE : table_find(pivot->table, name);
	return column == PIVOT_NONE ? NULL : table_cell(pivot->table, row, column);
}

bool pivot_is_whole(const struct pivot *pivot, size_t row)
{
	const char *due = pivot_text(pivot, row, "due"),
		   *reported = pivot_text(pivot, row, "reported");
	return !pivot_text(pivot, row, "until") && due && reported && strcmp(due, reported) == 0;
}
