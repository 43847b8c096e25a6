#include "excel/row_cells.h"

#include "common/base/array.h"

#include <stdlib.h>
#include <string.h>

void row_cells_begin_sheet(struct row_cells *row)
{
	for (size_t i = 0; i < row->n_merged; i++)
		free(row->merged[i].text);
	row->n_merged = 0;
	row->n = row->texts.len = 0;
}

void row_cells_free(struct row_cells *row)
{
	row_cells_begin_sheet(row);
	free(row->merged);
	free(row->list);
	blob_free(&row->texts);
}

int row_cells_merge(struct row_cells *row, uint32_t first, uint32_t last, uint32_t column,
		    struct fault *fault)
{
	if (last <= first || row->n_merged == MERGED_MAX)
		return 0;
	if (!row->merged && !(row->merged = calloc(MERGED_MAX, sizeof(*row->merged))))
		return fault_set(fault, FAULT_MEMORY, NULL);
	row->merged[row->n_merged++] =
		(struct merged){ .first = first, .last = last, .column = column };
	return 0;
}

int row_cells_add(struct row_cells *row, uint32_t column, enum cell_kind kind, const char *text,
		  size_t len, struct fault *fault)
{
	if (len == 0)
		return 0;
	if (++row->total > CELLS_MAX) /* I10 */
		return fault_set(fault, FAULT_LARGE, "> 2,000,000 cells");
	if (ARRAY_RESERVE(row->list, row->room, row->n + 1) < 0)
		return fault_set(fault, FAULT_MEMORY, NULL);
	len = len < CELLS_TEXT_MAX ? len : CELLS_TEXT_MAX;
	row->list[row->n++] = (struct row_cell){ column, kind, row->texts.len, len };
	return blob_append(&row->texts, text, len) < 0 ? fault_set(fault, FAULT_MEMORY, NULL) : 0;
}

static const struct row_cell *find(const struct row_cells *row, uint32_t column)
{
	for (size_t i = 0; i < row->n; i++)
		if (row->list[i].column == column)
			return &row->list[i];
	return NULL;
}

static int by_column(const void *a, const void *b)
{
	const struct row_cell *x = a, *y = b;
	return (x->column > y->column) - (x->column < y->column);
}

/* Of merged cells that begin in this row the text is kept; those that began above reach into it,
 * when it has cells of its own. */
static int reach(struct row_cells *row, uint32_t number, struct fault *fault)
{
	size_t own = row->n;
	for (size_t i = 0; i < row->n_merged; i++) {
		struct merged *merged = &row->merged[i];
		const struct row_cell *cell =
			merged->first == number ? find(row, merged->column) : NULL;
		if (cell) {
			merged->text = strndup((const char *)row->texts.data + cell->at, cell->len);
			if (!merged->text)
				return fault_set(fault, FAULT_MEMORY, NULL);
		} else if (merged->first < number && number <= merged->last && merged->text &&
			   own > 0 && !find(row, merged->column) &&
			   row_cells_add(row, merged->column, CELL_MERGED, merged->text,
					 strlen(merged->text), fault) < 0) {
			return -1;
		}
	}
	if (row->n > own)
		qsort(row->list, row->n, sizeof(*row->list), by_column);
	return 0;
}

int row_cells_write(struct row_cells *row, uint32_t number, bool hidden, struct fault *fault)
{
	int rc = reach(row, number, fault);
	if (row->n > 0)
		cells_row(row->out, number, hidden);
	for (size_t i = 0; i < row->n && rc == 0; i++)
		cells_cell(row->out, row->list[i].column, row->list[i].kind,
			   (const char *)row->texts.data + row->list[i].at, row->list[i].len);
	row->n = row->texts.len = 0;
	return rc;
}
