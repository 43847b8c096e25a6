/* The cells of one row, gathered and written (workbook/cells.h), and how far merged cells reach
 * down: what both kinds of workbook share. */
#pragma once

#include "common/base/blob.h"
#include "excel/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MERGED_MAX 5000u    /* those that reach over several rows; of more nobody sees where */
#define CELLS_MAX  2000000u /* of a workbook */

struct merged {                       /* a cell that reaches over several rows */
	uint32_t first, last, column; /* rows, and its first column; from 1 */
	char *text; /* owned; what stands in it, once that was met; NULL: nothing */
};

struct row_cells {
	FILE *out;             /* outlives it */
	struct merged *merged; /* owned [n_merged] */
	size_t n_merged;
	struct row_cell {
		uint32_t column;
		enum cell_kind kind;
		size_t at, len; /* in @texts */
	} * list;               /* owned [n] */
	size_t n, room;
	struct blob texts; /* owned */
	size_t total;      /* cells of the workbook so far */
};

/** Forget the sheet: the merged cells. */
void row_cells_begin_sheet(struct row_cells *row);
/** Cells from row @first to @last, beginning in @column, are one. -1: there is no memory. */
int row_cells_merge(struct row_cells *row, uint32_t first, uint32_t last, uint32_t column,
		    struct fault *fault);
/** One cell more of the row, to the right of those before; an empty text is none. -1: there are too
 * many, or there is no memory. */
int row_cells_add(struct row_cells *row, uint32_t column, enum cell_kind kind, const char *text,
		  size_t len, struct fault *fault);
/** Write row @number, when it has cells, and begin another. -1: there is no memory. */
int row_cells_write(struct row_cells *row, uint32_t number, bool hidden, struct fault *fault);
void row_cells_free(struct row_cells *row);
