#include "excel/marked_copy.h"

#include "common/base/array.h"
#include "common/base/blob.h"
#include "common/base/utf8.h"
#include "excel/book_out.h"
#include "workbook/cells.h"
#include "workbook/marks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MARKS_BYTES_MAX (4u * 1024 * 1024)
/* The library holds them in memory, some 200 bytes each: a way that does not has no comments. */
#define COPY_CELLS_MAX 200000u
#define COMMENT_MAX    6000u /* bytes; Excel takes 32767 */

struct copy {
	lxw_workbook *workbook;
	lxw_worksheet *sheet;
	lxw_format *filled[3], *percent; /* by fill_of() */
	struct mark *marks;              /* owned [n], by sheet, row and column */
	size_t n;
	size_t from, upto; /* those of the sheet */
	unsigned row;
	size_t cells; /* so far */
	char *name;   /* owned; of the sheet */
};

/* --- marks --- */

static int by_place(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;
	int sheets = strcmp(x->sheet, y->sheet);
	if (sheets != 0)
		return sheets;
	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return (x->column > y->column) - (x->column < y->column);
}

static size_t fill_of(enum mark_kind kind)
{
	return kind == MARK_ERROR ? 0 : kind == MARK_WARNING ? 1 : 2;
}

/* What is told of the cell, or of its whole row: its fill; NULL for nothing. */
static lxw_format *fill_at(const struct copy *copy, unsigned row, unsigned column)
{
	size_t fill = 3;
	for (size_t i = copy->from; i < copy->upto; i++) {
		const struct mark *mark = &copy->marks[i];
		bool here = mark->row == row && (mark->column == column || mark->column == 0);
		if (here && fill_of(mark->kind) < fill)
			fill = fill_of(mark->kind);
	}
	return fill < 3 ? copy->filled[fill] : NULL;
}

/* A comment for each place that is marked, with all that is told of it. What is told of a row
 * stands at its first column, and what is told of the sheet in its corner. */
static void add_comments(const struct copy *copy)
{
	char text[COMMENT_MAX];
	char author[] = "lantoa-agent";
	lxw_comment_options options = { .x_scale = 3, .y_scale = 2, .author = author };
	for (size_t i = copy->from; i < copy->upto;) {
		unsigned row = copy->marks[i].row > 0 ? copy->marks[i].row : 1;
		unsigned column = copy->marks[i].column > 0 ? copy->marks[i].column : 1;
		size_t len = 0;
		for (; i < copy->upto; i++) {
			const struct mark *mark = &copy->marks[i];
			if ((mark->row > 0 ? mark->row : 1) != row ||
			    (mark->column > 0 ? mark->column : 1) != column)
				break;
			len += utf8_print(text + len, sizeof(text) - len, "%s%s",
					  len > 0 ? "\n" : "", mark->text);
		}
		(void)worksheet_write_comment_opt(copy->sheet, row - 1, (lxw_col_t)(column - 1),
						  text, &options); /* one less is told */
	}
}

/* --- cells --- */

static void end_sheet(struct copy *copy)
{
	if (!copy->sheet)
		return;
	add_comments(copy);
	free(copy->name);
	copy->name = NULL;
}

static int on_sheet(void *context, const char *name, bool hidden, struct err *err)
{
	struct copy *copy = context;
	end_sheet(copy);
	bool good = workbook_validate_sheet_name(copy->workbook, name) == LXW_NO_ERROR;
	copy->sheet = workbook_add_worksheet(copy->workbook, good ? name : NULL);
	copy->name = strdup(name);
	if (!copy->sheet || !copy->name)
		return err_memory(err);
	if (hidden)
		worksheet_hide(copy->sheet);
	(void)worksheet_set_column(copy->sheet, 0, 255, 18, NULL); /* these numbers are good */
	for (copy->from = 0; copy->from < copy->n; copy->from++)
		if (strcmp(copy->marks[copy->from].sheet, name) == 0)
			break;
	for (copy->upto = copy->from; copy->upto < copy->n; copy->upto++)
		if (strcmp(copy->marks[copy->upto].sheet, name) != 0)
			break;
	return 0;
}

static int on_hidden_columns(void *context, unsigned first, unsigned last, struct err *err)
{
	(void)context;
	(void)first;
	(void)last;
	(void)err;
	return 0; /* shown: something in them may be marked */
}

static int on_row(void *context, unsigned row, bool hidden, struct err *err)
{
	struct copy *copy = context;
	(void)hidden;
	(void)err;
	copy->row = row;
	return 0;
}

static int on_cell(void *context, unsigned column, enum cell_kind kind, const char *text,
		   struct err *err)
{
	struct copy *copy = context;
	if (++copy->cells > COPY_CELLS_MAX)            /* I10 */
		return err_set(err, -EFBIG, "%s", ""); /* nobody hears it */
	lxw_row_t row = copy->row - 1;
	lxw_col_t at = (lxw_col_t)(column - 1);
	lxw_format *format = fill_at(copy, copy->row, column);
	bool number = kind == CELL_NUMBER || kind == CELL_PERCENT;
	if (kind == CELL_MERGED)
		text = "";
	if (!format && kind == CELL_PERCENT)
		format = copy->percent;
	if (number)
		(void)worksheet_write_number(copy->sheet, row, at, strtod(text, NULL), format);
	else if (*text)
		(void)worksheet_write_string(copy->sheet, row, at, text, format);
	else if (format)
		(void)worksheet_write_blank(copy->sheet, row, at, format);
	return 0;
}

static int on_end(void *context, struct err *err)
{
	(void)err;
	end_sheet(context);
	return 0;
}

/* --- the whole --- */

static int read_cells(struct copy *copy, FILE *cells)
{
	char text[16384];
	struct err err;
	struct cells_events events = { on_sheet, on_hidden_columns, on_row, on_cell, on_end, copy };
	struct cells_reader *reader = cells_reader_open(&events);
	int rc = reader ? 0 : -ENOMEM;
	for (size_t n; rc == 0 && (n = fread(text, 1, sizeof(text), cells)) > 0;)
		rc = cells_reader_feed(reader, text, n, &err);
	if (rc == 0)
		rc = cells_reader_end(reader, &err);
	cells_reader_close(reader);
	return rc;
}

int marked_copy(FILE *cells, FILE *marks, FILE *out)
{
	static const lxw_color_t colors[] = { 0xffc7ce, 0xffeb9c, 0xe0e0e0 };
	struct blob text = { 0 };
	struct copy copy = { 0 };
	struct book_out book;
	int rc = book_out_open(&book);
	if (rc == 0)
		rc = book_in_read(marks, MARKS_BYTES_MAX, &text);
	if (rc == 0)
		rc = marks_read((char *)text.data, text.len, &copy.marks, &copy.n);
	if (copy.n > 0)
		qsort(copy.marks, copy.n, sizeof(*copy.marks), by_place);
	copy.workbook = book.workbook;
	for (size_t i = 0; i < 3 && rc == 0; i++) {
		copy.filled[i] = workbook_add_format(copy.workbook);
		format_set_bg_color(copy.filled[i], colors[i]);
	}
	if (rc == 0) {
		copy.percent = workbook_add_format(copy.workbook);
		format_set_num_format(copy.percent, "0.##%");
		rc = read_cells(&copy, cells);
	}
	rc = book_out_close(&book, rc < 0, out);
	free(copy.name);
	free(copy.marks);
	blob_free(&text);
	return rc;
}
