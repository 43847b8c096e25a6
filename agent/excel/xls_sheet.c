/* Records of a sheet stand in any order: cells are gathered, put in order, and written. */
#include "excel/little_endian.h"
#include "excel/number_text.h"
#include "excel/xls_internal.h"

#include "common/base/array.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX    65536u
#define COLUMNS_MAX 256u
#define CELLS_OLD   1000000u /* of a sheet: 24 MB */

struct xls_cell {
	uint32_t row; /* from 0, as the column */
	uint16_t column;
	uint8_t kind;   /* enum cell_kind; CELL_NUMBER is what its style makes of it */
	uint8_t format; /* of a number */
	uint32_t nth;   /* as the record stands: of two for one cell the later one counts */
	union {
		double number;
		struct {
			uint32_t at, len; /* in @texts */
		} text;
		uint32_t shared; /* CELL_TEXT with len SHARED */
	};
	bool is_shared;
};

struct sheet {
	struct xls *xls;
	struct xls_cell *cells; /* owned [n] */
	size_t n, room;
	struct blob texts; /* owned */
	uint8_t hidden[ROWS_MAX / 8];
	size_t waiting; /* for its text in the next record: a formula's cell, from 1; or 0 */
};

/* --- cells --- */

/* A cell at the beginning of @data, which is its row, its column and its style. NULL: told. */
static struct xls_cell *add(struct sheet *sheet, const uint8_t *data, enum cell_kind kind,
			    struct fault *fault)
{
	size_t style = le16(data + 4);
	if (le16(data + 2) >= COLUMNS_MAX) {
		(void)fault_set(fault, FAULT_DAMAGED, NULL);
		return NULL;
	}
	if (sheet->n == CELLS_OLD) { /* I10 */
		(void)fault_set(fault, FAULT_LARGE, "> 1,000,000 cells in a sheet");
		return NULL;
	}
	if (ARRAY_RESERVE(sheet->cells, sheet->room, sheet->n + 1) < 0) {
		(void)fault_set(fault, FAULT_MEMORY, NULL);
		return NULL;
	}
	const struct blob *formats = &sheet->xls->formats;
	sheet->cells[sheet->n] = (struct xls_cell){
		.row = le16(data),
		.column = le16(data + 2),
		.kind = (uint8_t)kind,
		.format = style < formats->len ? formats->data[style] : FORMAT_NUMBER,
		.nth = (uint32_t)sheet->n,
	};
	return &sheet->cells[sheet->n++];
}

static int add_number(struct sheet *sheet, const uint8_t *data, double number, struct fault *fault)
{
	struct xls_cell *cell = add(sheet, data, CELL_NUMBER, fault);
	if (cell)
		cell->number = number;
	return cell ? 0 : -1;
}

static int set_text(struct sheet *sheet, struct xls_cell *cell, const char *text, size_t len,
		    struct fault *fault)
{
	len = len < CELLS_TEXT_MAX ? len : CELLS_TEXT_MAX;
	if (sheet->texts.len + len > STRING_LIST_BYTES_MAX) /* I10 */
		return fault_set(fault, FAULT_LARGE, "> 32 MiB of text");
	cell->text.at = (uint32_t)sheet->texts.len;
	cell->text.len = (uint32_t)len;
	return blob_append(&sheet->texts, text, len) < 0 ? fault_set(fault, FAULT_MEMORY, NULL) : 0;
}

static int add_text(struct sheet *sheet, const uint8_t *data, enum cell_kind kind, const char *text,
		    size_t len, struct fault *fault)
{
	struct xls_cell *cell = add(sheet, data, kind, fault);
	return cell ? set_text(sheet, cell, text, len, fault) : -1;
}

/* [MS-XLS] 2.5.122: an integer or the upper half of a double, perhaps a hundred times as large. */
static double rk_number(uint32_t rk)
{
	uint64_t bits = (uint64_t)(rk & ~3u) << 32;
	double number;
	memcpy(&number, &bits, sizeof(number));
	if (rk & 2)
		number = (double)((int32_t)rk >> 2);
	return rk & 1 ? number / 100 : number;
}

static int add_multiple(struct sheet *sheet, const struct record *record, struct fault *fault)
{
	uint8_t cell[6];
	if (record->len < 6)
		return fault_set(fault, FAULT_DAMAGED, NULL);
	size_t n = (record->len - 6) / 6;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *at = record->data + 4 + 6 * i;
		unsigned column = le16(record->data + 2) + (unsigned)i;
		memcpy(cell, record->data, 2);
		cell[2] = (uint8_t)column;
		cell[3] = (uint8_t)(column >> 8);
		memcpy(cell + 4, at, 2);
		if (add_number(sheet, cell, rk_number(le32(at + 2)), fault) < 0)
			return -1;
	}
	return 0;
}

static int add_error(struct sheet *sheet, const uint8_t *data, uint8_t code, struct fault *fault)
{
	static const struct {
		uint8_t code;
		const char *text;
	} errors[] = { { 0x00, "#NULL!" }, { 0x07, "#DIV/0!" }, { 0x0f, "#VALUE!" },
		       { 0x17, "#REF!" },  { 0x1d, "#NAME?" },  { 0x24, "#NUM!" } };
	const char *text = "#N/A";
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		text = errors[i].code == code ? errors[i].text : text;
	return add_text(sheet, data, CELL_ERROR, text, strlen(text), fault);
}

static int add_bool(struct sheet *sheet, const uint8_t *data, bool value, struct fault *fault)
{
	const char *text = value ? "TRUE" : "FALSE";
	return add_text(sheet, data, CELL_TEXT, text, strlen(text), fault);
}

static int add_formula(struct sheet *sheet, const uint8_t *data, struct fault *fault)
{
	const uint8_t *result = data + 6;
	if (le16(result + 6) != 0xffff)
		return add_number(sheet, data, le_double(result), fault);
	if (result[0] == 1)
		return add_bool(sheet, data, result[2], fault);
	if (result[0] == 2)
		return add_error(sheet, data, result[2], fault);
	if (result[0] == 3)
		return 0; /* an empty text */
	if (add_text(sheet, data, CELL_FORMULA, "=", 1, fault) < 0)
		return -1;
	sheet->waiting = sheet->n;
	return 0;
}

/* --- records --- */

static int take_label(struct sheet *sheet, const struct record *record, struct fault *fault)
{
	size_t len = 0;
	const char *text = xls_text(sheet->xls, record, 6, 2, &len, fault);
	return text ? add_text(sheet, record->data, CELL_TEXT, text, len, fault) : -1;
}

static int take_shared(struct sheet *sheet, const struct record *record, struct fault *fault)
{
	size_t len, i = le32(record->data + 6);
	if (!string_list_get(&sheet->xls->strings, i, &len))
		return fault_set(fault, FAULT_DAMAGED, NULL);
	struct xls_cell *cell = add(sheet, record->data, CELL_TEXT, fault);
	if (!cell)
		return -1;
	cell->is_shared = true;
	cell->shared = (uint32_t)i;
	return 0;
}

/* What the formula before came to. */
static int take_string(struct sheet *sheet, const struct record *record, struct fault *fault)
{
	size_t len = 0;
	if (sheet->waiting == 0 || sheet->waiting != sheet->n)
		return 0;
	const char *text = xls_text(sheet->xls, record, 0, 2, &len, fault);
	struct xls_cell *cell = &sheet->cells[sheet->waiting - 1];
	sheet->waiting = 0;
	cell->kind = CELL_TEXT;
	return text ? set_text(sheet, cell, text, len, fault) : -1;
}

static int take_merged(struct sheet *sheet, const struct record *record, struct fault *fault)
{
	size_t n = le16(record->data);
	for (size_t i = 0; i < n && 2 + 8 * (i + 1) <= record->len; i++) {
		const uint8_t *at = record->data + 2 + 8 * i;
		if (row_cells_merge(&sheet->xls->row, le16(at) + 1u, le16(at + 2) + 1u,
				    le16(at + 4) + 1u, fault) < 0)
			return -1;
	}
	return 0;
}

static int take_columns(struct sheet *sheet, const struct record *record)
{
	unsigned first = le16(record->data) + 1u, last = le16(record->data + 2) + 1u;
	last = last < COLUMNS_MAX ? last : COLUMNS_MAX;
	if (le16(record->data + 8) & 1 && first <= last)
		cells_hidden_columns(sheet->xls->row.out, first, last);
	return 0;
}

static int take_record(struct sheet *sheet, const struct record *record, struct fault *fault)
{
	static const struct {
		uint16_t id, least; /* bytes that it has at least */
	} lengths[] = { { RECORD_FORMULA, 20 },  { RECORD_NUMBER, 14 }, { RECORD_LABEL, 8 },
			{ RECORD_RSTRING, 8 },   { RECORD_BOOLERR, 8 }, { RECORD_RK, 10 },
			{ RECORD_LABELSST, 10 }, { RECORD_ROW, 16 },    { RECORD_MERGECELLS, 2 },
			{ RECORD_COLINFO, 10 } };
	const uint8_t *data = record->data;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		if (lengths[i].id == record->id && record->len < lengths[i].least)
			return fault_set(fault, FAULT_DAMAGED, NULL);
	switch (record->id) {
	case RECORD_FORMULA:
		return add_formula(sheet, data, fault);
	case RECORD_NUMBER:
		return add_number(sheet, data, le_double(data + 6), fault);
	case RECORD_RK:
		return add_number(sheet, data, rk_number(le32(data + 6)), fault);
	case RECORD_MULRK:
		return add_multiple(sheet, record, fault);
	case RECORD_LABEL:
	case RECORD_RSTRING:
		return take_label(sheet, record, fault);
	case RECORD_LABELSST:
		return take_shared(sheet, record, fault);
	case RECORD_STRING:
		return take_string(sheet, record, fault);
	case RECORD_BOOLERR:
		return data[7] ? add_error(sheet, data, data[6], fault)
			       : add_bool(sheet, data, data[6], fault);
	case RECORD_ROW:
		if (data[12] & 0x20)
			sheet->hidden[le16(data) / 8] |= (uint8_t)(1u << le16(data) % 8);
		return 0;
	case RECORD_MERGECELLS:
		return take_merged(sheet, record, fault);
	case RECORD_COLINFO:
		return take_columns(sheet, record);
	default:
		return 0;
	}
}

/* --- writing --- */

static int by_place(const void *a, const void *b)
{
	const struct xls_cell *x = a, *y = b;
	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return x->nth < y->nth ? -1 : 1;
}

static int write_number(struct sheet *sheet, const struct xls_cell *cell, struct fault *fault)
{
	char text[NUMBER_TEXT_MAX], date[SERIAL_TEXT_MAX];
	enum format format = (enum format)cell->format;
	struct row_cells *row = &sheet->xls->row;
	if (!number_text_of(cell->number, text))
		return fault_set(fault, FAULT_DAMAGED, NULL);
	if (format >= FORMAT_DATE &&
	    serial_text(cell->number, sheet->xls->since_1904, format, date))
		return row_cells_add(row, cell->column + 1u, CELL_DATE, date, strlen(date), fault);
	return row_cells_add(row, cell->column + 1u,
			     format == FORMAT_PERCENT ? CELL_PERCENT : CELL_NUMBER, text,
			     strlen(text), fault);
}

static int write_cell(struct sheet *sheet, const struct xls_cell *cell, struct fault *fault)
{
	size_t len = cell->text.len;
	const char *text = (const char *)sheet->texts.data;
	if (cell->kind == CELL_NUMBER)
		return write_number(sheet, cell, fault);
	if (cell->is_shared)
		text = string_list_get(&sheet->xls->strings, cell->shared, &len);
	else if (text)
		text += cell->text.at;
	return len == 0 ? 0
			: row_cells_add(&sheet->xls->row, cell->column + 1u,
					(enum cell_kind)cell->kind, text, len, fault);
}

static int write_cells(struct sheet *sheet, struct fault *fault)
{
	int rc = 0;
	if (sheet->n > 0)
		qsort(sheet->cells, sheet->n, sizeof(*sheet->cells), by_place);
	for (size_t i = 0; i < sheet->n && rc == 0; i++) {
		const struct xls_cell *cell = &sheet->cells[i], *next = cell + 1;
		bool last = i + 1 == sheet->n;
		if (last || next->row != cell->row || next->column != cell->column)
			rc = write_cell(sheet, cell, fault);
		if (rc == 0 && (last || next->row != cell->row))
			rc = row_cells_write(&sheet->xls->row, cell->row + 1,
					     sheet->hidden[cell->row / 8] >> cell->row % 8 & 1,
					     fault);
	}
	return rc;
}

int xls_sheet_read(struct xls *xls, size_t at, struct fault *fault)
{
	struct sheet *sheet = calloc(1, sizeof(*sheet));
	struct record record;
	unsigned depth = 0; /* a chart within the sheet has its own beginning and end */
	int rc = sheet ? 0 : fault_set(fault, FAULT_MEMORY, NULL);
	if (rc == 0)
		sheet->xls = xls;
	row_cells_begin_sheet(&xls->row);
	do {
		if (rc == 0 && !xls_record(xls, at, &record))
			rc = fault_set(fault, FAULT_DAMAGED, NULL);
		if (rc < 0)
			break;
		if (record.id == RECORD_BOF)
			depth++;
		else if (record.id == RECORD_EOF && depth > 0)
			depth--;
		else if (depth == 1)
			rc = take_record(sheet, &record, fault);
		else if (depth == 0)
			rc = fault_set(fault, FAULT_DAMAGED, NULL);
		at = record.next;
	} while (depth > 0);
	if (rc == 0)
		rc = write_cells(sheet, fault);
	if (sheet) {
		free(sheet->cells);
		blob_free(&sheet->texts);
	}
	free(sheet);
	return rc;
}
