/* Rows of figures in long form, as a question gives them (one figure each, with columns area,
 * period, value, due, reported and so on), seen as a wide table: a row for each place, a column for
 * each period, each metric, or each of both.
 *
 * A cell is the number of the long row that stands there, and no more: whoever draws it, writes it
 * to a sheet or to a page takes of that row what it shows, and says where it is not whole. Nothing
 * is added up, and nothing is left out: every long row is in one cell. */
#pragma once

#include "common/base/err.h"
#include "common/text/table.h"

#include <stdbool.h>
#include <stddef.h>

#define PIVOT_NONE      SIZE_MAX  /* a cell without a figure: there was no such row */
#define PIVOT_CELLS_MAX 20000000u /* with the empty ones */

enum pivot_across { /* what the columns are; the rest tells the rows apart */
		    PIVOT_PERIODS,
		    PIVOT_METRICS,
		    PIVOT_BOTH, /* metric by metric, the periods of each */
};

struct pivot {
	const struct table *table; /* lent: the long rows */
	size_t n_rows, n_columns;
	size_t *rows;    /* owned [n_rows]: a long row of each: its words stand there. By what kind
			    of row it is (part, rest, total), metric, period, label, place */
	size_t *columns; /* owned [n_columns]: a long row of each; metrics in the order of the long
			    rows, periods ascending */
	size_t *cells;   /* owned [n_rows][n_columns] */
};

/** -EINVAL: @table has no columns area, period and value, or two rows of one place, period and
 * metric; -E2BIG: over PIVOT_CELLS_MAX; -ENOMEM. @table outlives it. */
int pivot_make(const struct table *table, enum pivot_across across, struct pivot *ret_pivot,
	       struct err *err);
/** The same of long rows that somebody put in order: places stand as they do in the newest period
 * of the first metric, and what is not there behind them; periods, where they are rows, as they
 * come. The rest and totals are last all the same. */
int pivot_make_given(const struct table *table, enum pivot_across across, struct pivot *ret_pivot,
		     struct err *err);
void pivot_free(struct pivot *pivot);

/** The long row in that cell. */
size_t pivot_cell(const struct pivot *pivot, size_t row, size_t column);
/** The text in column @name of long row @row; NULL: null, there is no such column, or no row. */
const char *pivot_text(const struct pivot *pivot, size_t row, const char *name);
/** Is all in the figure of long row @row that was due, and its period over? Otherwise it is marked
 * wherever it is shown. */
bool pivot_is_whole(const struct pivot *pivot, size_t row);
