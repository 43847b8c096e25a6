#include "query/arrange.h"

#include "common/base/decimal.h"
#include "common/base/names.h"
#include "common/text/near_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE SIZE_MAX

/* --- as it was asked --- */

static int refuse_sort(const char *sort, struct err *err)
{
	return err_set(
		err, -EINVAL,
		"sort: '%s' is not a COLUMN, COLUMN:desc or METRIC:COLUMN:desc of the answer",
		sort);
}

/* The last word behind a ':' is cut off @text. NULL: there is none. */
static char *cut_last(char *text)
{
	char *colon = strrchr(text, ':');

	if (colon)
		*colon++ = '\0';
	return colon;
}

static int read_sort(const char *sort, struct arrangement *to, struct err *err)
{
	char text[ARRANGE_SORT_MAX];
	bool dash = *sort == '-';
	char *last, *column;

	if (strlen(sort) >= sizeof(text) - sizeof(":desc"))
		return refuse_sort("...", err);
	strcpy(text, sort + dash);
	to->falls = dash;
	last = strrchr(text, ':');
	if (last && (strcmp(last, ":desc") == 0 || strcmp(last, ":asc") == 0)) {
		if (dash)
			return refuse_sort(sort, err);
		to->falls = strcmp(last, ":desc") == 0;
		*last = '\0';
	}
	column = cut_last(text);
	if (!*text || (column && (!*column || strchr(text, ':'))))
		return refuse_sort(sort, err);
	strcpy(to->column, column ? column : text);
	strcpy(to->metric, column ? text : "");
	return 0;
}

static int read_top(const char *top, struct arrangement *to, struct err *err)
{
	size_t len = strspn(top, "0123456789");

	to->top = len > 0 && len < 10 && !top[len] ? strtoul(top, NULL, 10) : 0;
	if (to->top == 0 || to->top > ARRANGE_TOP_MAX)
		return err_set(err, -EINVAL, "top: must be a number from 1 to %u, not '%s'",
			       ARRANGE_TOP_MAX, top);
	return 0;
}

int arrange_read(const char *sort, const char *top, const char *usual,
		 struct arrangement *ret_arrangement, struct err *err)
{
	struct arrangement arrangement = { .top = SIZE_MAX };
	int rc = top ? read_top(top, &arrangement, err) : 0;

	if (rc == 0 && (sort || top))
		rc = read_sort(sort ? sort : usual, &arrangement, err);
	if (rc == 0)
		*ret_arrangement = arrangement;
	return rc;
}

bool arrange_wanted(const struct arrangement *arrangement)
{
	return *arrangement->column;
}

/* --- does the answer have it? --- */

static int refuse_column(const struct table *table, const char *wanted, struct err *err)
{
	const char *best = NULL;
	char columns[640] = "";
	struct near_name near;

	near_name_begin(&near, wanted);
	for (size_t i = 0; i < table_columns(table); i++) {
		size_t at = strlen(columns);

		if (near_name_try(&near, table_column(table, i)))
			best = table_column(table, i);
		(void)snprintf(columns + at, sizeof(columns) - at, "%s%s", at ? ", " : "",
			       table_column(table, i)); /* cut is fine */
	}
	if (best)
		return err_set(err, -EINVAL,
			       "sort: the answer has no column '%s'; did you mean '%s'?", wanted,
			       best);
	return err_set(err, -EINVAL, "sort: the answer has no column '%s'; it has %s", wanted,
		       columns);
}

/* One of several names, parted by commas. */
static bool is_named(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = names; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (strncmp(at, name, len) == 0 && (at[len] == ',' || !at[len]))
			return true;
	return false;
}

int arrange_check(struct arrangement *arrangement, const struct table *table, const char *names,
		  struct err *err)
{
	if (table_find(table, arrangement->column) == TABLE_NO_COLUMN && !*arrangement->metric &&
	    is_named(names, arrangement->column)) {
		strcpy(arrangement->metric, arrangement->column);
		strcpy(arrangement->column, "value");
	}
	if (*arrangement->metric && !is_named(names, arrangement->metric))
		return err_set(err, -EINVAL, "sort: '%s' is none of the names that are asked for",
			       arrangement->metric);
	if (table_find(table, arrangement->column) == TABLE_NO_COLUMN)
		return refuse_column(table, arrangement->column, err);
	stpcpy(stpcpy(stpcpy(stpcpy(arrangement->sort, arrangement->metric),
			     *arrangement->metric ? ":" : ""),
		      arrangement->column),
	       arrangement->falls ? ":desc" : "");
	return 0;
}

/* --- in order --- */

/* What tells rows of one period apart, and of rows that are periods. */
static const char *const place_columns[] = { "form", "level",      "office",
					     "area", "valid_from", "label" };
static const char *const period_columns[] = { "period", "area", "valid_from" };

#define IDENTITY_MAX 6u

enum kind { PART, REST, TOTAL, TOTAL_REST };

struct row {
	size_t number; /* in the table */
	size_t block;  /* of which run of one metric and period it is */
	size_t place;  /* of its kind, parts first; of other rows NOWHERE */
	enum kind kind;
};

struct place {
	size_t number;    /* as rows are numbered with it */
	size_t first;     /* of the rows that are it, */
	size_t deciding;  /* and the one that decides; NOWHERE: it has none there */
	const char *text; /* what it is put in order by; NULL: nothing */
};

struct arranging {
	const struct arrangement *how;
	const struct table *table;
	size_t identity[IDENTITY_MAX]; /* [n_identity]: columns */
	size_t n_identity;
	size_t metric, period, kind, area, office, column; /* columns */
	struct row *rows;                                  /* owned [n] */
	size_t n;
	struct place *places; /* owned [n_places] */
	size_t n_places;
	size_t *rank; /* owned [n_places]: where each place stands */
	bool numbers; /* the column holds numbers and nothing else */
};

static const char *cell(const struct arranging *arranging, size_t row, size_t column)
{
	return column == TABLE_NO_COLUMN ? NULL : table_cell(arranging->table, row, column);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static enum kind kind_of(const struct arranging *arranging, size_t row)
{
	const char *kind = cell(arranging, row, arranging->kind);

	if (kind)
		return strcmp(kind, "part") == 0    ? PART
		       : strcmp(kind, "rest") == 0  ? REST
		       : strcmp(kind, "total") == 0 ? TOTAL
						    : TOTAL_REST;
	/* An answer about who is missing has offices, and no rest. */
	return cell(arranging, row, arranging->area) || arranging->office != TABLE_NO_COLUMN ? PART
											     : REST;
}

static int compare_identity(const struct arranging *arranging, size_t a, size_t b)
{
	for (size_t i = 0; i < arranging->n_identity; i++) {
		const char *x = cell(arranging, a, arranging->identity[i]),
			   *y = cell(arranging, b, arranging->identity[i]);
		int order = x && y ? strcmp(x, y) : (y != NULL) - (x != NULL);

		if (order != 0)
			return order;
	}
	return 0;
}

static int by_identity(const void *a, const void *b, void *context)
{
	size_t x = ((const struct row *)a)->number, y = ((const struct row *)b)->number;
	int order = compare_identity(context, x, y);

	return order ? order : x < y ? -1 : x > y;
}

static void find_columns(struct arranging *arranging)
{
	const struct table *table = arranging->table;
	const char *const *names = arranging->how->periods ? period_columns : place_columns;
	size_t n = arranging->how->periods ? sizeof(period_columns) / sizeof(period_columns[0])
					   : sizeof(place_columns) / sizeof(place_columns[0]);

	for (size_t i = 0; i < n; i++)
		arranging->identity[arranging->n_identity++] = table_find(table, names[i]);
	arranging->metric = table_find(table, "metric");
	arranging->period = table_find(table, "period");
	arranging->kind = table_find(table, "row");
	arranging->area = table_find(table, "area");
	arranging->office = table_find(table, "office");
	arranging->column = table_find(table, arranging->how->column);
}

/* Rows of one metric and period stand together, or where periods are put in order, of one metric.
 */
static void find_blocks(struct arranging *arranging)
{
	bool periods = arranging->how->periods;

	arranging->numbers = true;
	for (size_t row = 0; row < arranging->n; row++) {
		struct row *one = &arranging->rows[row];
		const char *text = cell(arranging, row, arranging->column);
		bool same = row > 0 &&
			    same_text(cell(arranging, row - 1, arranging->metric),
				      cell(arranging, row, arranging->metric)) &&
			    (periods || same_text(cell(arranging, row - 1, arranging->period),
						  cell(arranging, row, arranging->period)));

		*one = (struct row){ .number = row,
				     .block = row == 0 ? 0 : one[-1].block + !same,
				     .place = NOWHERE,
				     .kind = kind_of(arranging, row) };
		arranging->numbers &= !text || decimal_is_text(text);
	}
}

/* The block that decides: the newest of the metric; NOWHERE: there is none. */
static size_t deciding_block(const struct arranging *arranging)
{
	const char *metric = *arranging->how->metric ? arranging->how->metric
						     : cell(arranging, 0, arranging->metric);

	for (size_t row = arranging->n; row-- > 0;)
		if (same_text(cell(arranging, row, arranging->metric), metric))
			return arranging->rows[row].block;
	return NOWHERE;
}

/* Parts get the number of their place: the rows are sorted by what they are, and back. */
static int find_places(struct arranging *arranging)
{
	struct row *sorted = malloc((arranging->n + 1) * sizeof(*sorted));
	size_t deciding = arranging->n > 0 ? deciding_block(arranging) : NOWHERE, n = 0;

	arranging->places = malloc((arranging->n + 1) * sizeof(*arranging->places));
	if (!sorted || !arranging->places) {
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < arranging->n; i++)
		if (arranging->rows[i].kind == PART)
			sorted[n++] = arranging->rows[i];
	qsort_r(sorted, n, sizeof(*sorted), by_identity, arranging);
	for (size_t i = 0; i < n; i++) {
		struct place *place = &arranging->places[arranging->n_places];

		if (i > 0 &&
		    compare_identity(arranging, sorted[i - 1].number, sorted[i].number) == 0)
			place--;
		else
			*place = (struct place){ .number = arranging->n_places++,
						 .first = sorted[i].number,
						 .deciding = NOWHERE };
		arranging->rows[sorted[i].number].place = place->number;
		if (sorted[i].block == deciding && place->deciding == NOWHERE) {
			place->deciding = sorted[i].number;
			place->text = cell(arranging, sorted[i].number, arranging->column);
		}
	}
	free(sorted);
	return 0;
}

/* What has nothing to be compared by stands last, either way. */
static int by_value(const void *a, const void *b, void *context)
{
	const struct arranging *arranging = context;
	const struct place *x = a, *y = b;
	int order = 0;

	if (!x->text || !y->text)
		order = (y->text != NULL) - (x->text != NULL);
	else if (arranging->numbers)
		order = decimal_compare_texts(x->text, y->text);
	else
		order = strcmp(x->text, y->text);
	if (order != 0)
		return x->text && y->text && arranging->how->falls ? -order : order;
	if (x->deciding != y->deciding)
		return x->deciding < y->deciding ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static int rank_places(struct arranging *arranging)
{
	qsort_r(arranging->places, arranging->n_places, sizeof(*arranging->places), by_value,
		arranging);
	arranging->rank = malloc((arranging->n_places + 1) * sizeof(*arranging->rank));
	if (!arranging->rank)
		return -ENOMEM;
	for (size_t i = 0; i < arranging->n_places; i++)
		arranging->rank[arranging->places[i].number] = i;
	return 0;
}

static int by_rank(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* The rows that stay, in their order; @ret_n: how many. */
static int choose(struct arranging *arranging, size_t **ret_rows, size_t *ret_n)
{
	size_t *rows = malloc((arranging->n + 1) * sizeof(*rows)), n = 0;

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < arranging->n; i++)
		if (arranging->rows[i].place != NOWHERE)
			arranging->rows[i].place = arranging->rank[arranging->rows[i].place];
	qsort(arranging->rows, arranging->n, sizeof(*arranging->rows), by_rank);
	for (size_t i = 0; i < arranging->n; i++)
		if (arranging->rows[i].place == NOWHERE ||
		    arranging->rows[i].place < arranging->how->top)
			rows[n++] = arranging->rows[i].number;
	*ret_rows = rows;
	*ret_n = n;
	return 0;
}

static void put_head(const struct arranging *arranging, struct table *table, size_t n)
{
	const struct arrangement *how = arranging->how;
	char number[24];

	table_head(table, "query", "sort", how->sort);
	if (how->top == SIZE_MAX)
		return;
	(void)snprintf(number, sizeof(number), "%zu", how->top); /* fits */
	table_head(table, "query", "top", number);
	(void)snprintf(number, sizeof(number), "%zu", arranging->n_places);
	table_head(table, "query", "top_of", number);
	(void)snprintf(number, sizeof(number), "%zu", arranging->n - n);
	table_head(table, "query", "left_out_rows", number);
}

int arrange(struct table *table, const struct arrangement *arrangement, struct err *err)
{
	struct arranging arranging = { .how = arrangement, .table = table, .n = table_rows(table) };
	size_t *rows = NULL, n = 0;
	int rc;

	if (!arrange_wanted(arrangement))
		return 0;
	arranging.rows = malloc((arranging.n + 1) * sizeof(*arranging.rows));
	find_columns(&arranging);
	if (arranging.rows)
		find_blocks(&arranging);
	rc = arranging.rows ? find_places(&arranging) : -ENOMEM;
	if (rc == 0)
		rc = rank_places(&arranging);
	if (rc == 0)
		rc = choose(&arranging, &rows, &n);
	if (rc == 0)
		rc = table_arrange(table, rows, n);
	if (rc == 0)
		put_head(&arranging, table, n);
	free(rows);
	free(arranging.rank);
	free(arranging.places);
	free(arranging.rows);
	return rc < 0 ? err_memory(err) : 0;
}
