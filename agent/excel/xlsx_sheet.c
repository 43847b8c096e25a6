/* A sheet is read twice: merged cells are told behind all others, and are known first. */
#include "excel/number_text.h"
#include "excel/xlsx_internal.h"

#include <stdlib.h>
#include <string.h>

#define FORMULA_MAX 120u /* bytes of one that are told */

enum inside { INSIDE_NONE, INSIDE_VALUE, INSIDE_FORMULA, INSIDE_TEXT };

struct sheet {
	struct xlsx *xlsx;
	uint32_t row, column; /* that are read; 0: none yet */
	bool in_row, in_cell, hidden;
	enum inside inside;
	unsigned phonetic; /* how deep in <rPh> */
	/* of the cell */
	char type[12];
	size_t style;
	bool has_formula, has_value;
	struct blob value, formula;
};

/* --- where a cell stands --- */

/* "AB12", or the column alone; 0 for what is none. Returns what stands behind the letters. */
static const char *read_column(const char *text, uint32_t *ret_column)
{
	uint32_t column = 0;
	for (; *text == '$'; text++)
		;
	for (; ((*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z')) &&
	       column <= CELLS_COLUMN_MAX;
	     text++)
		column = column * 26 + (uint32_t)((*text | 0x20) - 'a') + 1;
	*ret_column = column <= CELLS_COLUMN_MAX ? column : 0;
	return text;
}

/* From 1 to @max; 0 for what is no such number. */
static uint32_t read_number(const char *text, uint32_t max)
{
	char *end;
	if (!text || *text < '0' || *text > '9')
		return 0;
	unsigned long n = strtoul(text, &end, 10);
	return (*end && *end != ':') || n > max ? 0 : (uint32_t)n;
}

static bool is_true(const char *text)
{
	return text && (strcmp(text, "1") == 0 || strcmp(text, "true") == 0);
}

/* --- merged cells --- */

static int on_merge(void *context, const char *name, const char *const *attributes,
		    struct fault *fault)
{
	struct sheet *sheet = context;
	const char *ref = strcmp(name, "mergeCell") == 0 ? xml_attribute(attributes, "ref") : NULL;
	uint32_t first_column, last_column;
	if (!ref)
		return 0;
	const char *first = read_column(ref, &first_column);
	const char *colon = strchr(first, ':');
	if (!colon)
		return 0; /* of one cell */
	const char *last = read_column(colon + 1, &last_column);
	uint32_t from = read_number(first, CELLS_ROW_MAX), upto = read_number(last, CELLS_ROW_MAX);
	if (first_column == 0 || from == 0)
		return 0; /* what is no range joins nothing */
	return row_cells_merge(&sheet->xlsx->row, from, upto, first_column, fault);
}

/* --- a cell --- */

static int add(struct sheet *sheet, enum cell_kind kind, const char *text, size_t len,
	       struct fault *fault)
{
	return row_cells_add(&sheet->xlsx->row, sheet->column, kind, text, len, fault);
}

static int add_number(struct sheet *sheet, const char *text, struct fault *fault)
{
	char plain[NUMBER_TEXT_MAX], date[SERIAL_TEXT_MAX];
	enum format format = xlsx_format(sheet->xlsx, sheet->style);
	if (!number_text(text, plain))
		return fault_set(fault, FAULT_DAMAGED, NULL);
	if (format >= FORMAT_DATE &&
	    serial_text(strtod(text, NULL), sheet->xlsx->since_1904, format, date))
		return add(sheet, CELL_DATE, date, strlen(date), fault);
	return add(sheet, format == FORMAT_PERCENT ? CELL_PERCENT : CELL_NUMBER, plain,
		   strlen(plain), fault);
}

static int add_shared(struct sheet *sheet, const char *text, struct fault *fault)
{
	size_t len = 0;
	char *end;
	unsigned long i = strtoul(text, &end, 10);
	const char *string = *text >= '0' && *text <= '9' && !*end
				     ? string_list_get(&sheet->xlsx->strings, i, &len)
				     : NULL;
	return string ? add(sheet, CELL_TEXT, string, len, fault)
		      : fault_set(fault, FAULT_DAMAGED, NULL);
}

static int add_formula(struct sheet *sheet, struct fault *fault)
{
	size_t len = sheet->formula.len < FORMULA_MAX ? sheet->formula.len : FORMULA_MAX;
	char text[FORMULA_MAX + 1] = "=";
	if (len > 0)
		memcpy(text + 1, sheet->formula.data, len);
	return add(sheet, CELL_FORMULA, text, len + 1, fault);
}

static int end_cell(struct sheet *sheet, struct fault *fault)
{
	const char *type = sheet->type;
	if (blob_append(&sheet->value, "", 1) < 0)
		return fault_set(fault, FAULT_MEMORY, NULL);
	char *text = (char *)sheet->value.data;
	size_t len = strlen(text);
	if (sheet->has_formula && (!sheet->has_value || (len == 0 && strcmp(type, "str") != 0)))
		return add_formula(sheet, fault);
	if (len == 0)
		return 0;
	if (strcmp(type, "s") == 0)
		return add_shared(sheet, text, fault);
	if (strcmp(type, "b") == 0)
		return is_true(text) ? add(sheet, CELL_TEXT, "TRUE", 4, fault)
				     : add(sheet, CELL_TEXT, "FALSE", 5, fault);
	if (strcmp(type, "e") == 0)
		return add(sheet, CELL_ERROR, text, len, fault);
	if (strcmp(type, "d") == 0)
		return add(sheet, CELL_DATE, text, len, fault);
	if (strcmp(type, "str") == 0 || strcmp(type, "inlineStr") == 0)
		return add(sheet, CELL_TEXT, text, string_unescape(text, len), fault);
	return add_number(sheet, text, fault);
}

/* --- elements --- */

static int begin_row(struct sheet *sheet, const char *const *attributes, struct fault *fault)
{
	const char *number = xml_attribute(attributes, "r");
	uint32_t row = number ? read_number(number, CELLS_ROW_MAX) : sheet->row + 1;
	if (row <= sheet->row || row > CELLS_ROW_MAX || sheet->in_row)
		return fault_set(fault, FAULT_DAMAGED, NULL);
	sheet->row = row;
	sheet->column = 0;
	sheet->hidden = is_true(xml_attribute(attributes, "hidden"));
	sheet->in_row = true;
	return 0;
}

static int begin_cell(struct sheet *sheet, const char *const *attributes, struct fault *fault)
{
	const char *ref = xml_attribute(attributes, "r"), *type = xml_attribute(attributes, "t");
	const char *style = xml_attribute(attributes, "s");
	uint32_t column = sheet->column + 1;
	if (ref)
		(void)read_column(ref, &column); /* 0: told below */
	if (column <= sheet->column || column > CELLS_COLUMN_MAX || !sheet->in_row ||
	    sheet->in_cell || (type && strlen(type) >= sizeof(sheet->type)))
		return fault_set(fault, FAULT_DAMAGED, NULL);
	sheet->column = column;
	strcpy(sheet->type, type ? type : "n"); /* fits */
	sheet->style = style ? strtoul(style, NULL, 10) : 0;
	sheet->has_formula = sheet->has_value = false;
	sheet->value.len = sheet->formula.len = 0;
	sheet->in_cell = true;
	return 0;
}

static int on_start(void *context, const char *name, const char *const *attributes,
		    struct fault *fault)
{
	struct sheet *sheet = context;
	if (strcmp(name, "row") == 0)
		return begin_row(sheet, attributes, fault);
	if (strcmp(name, "c") == 0)
		return begin_cell(sheet, attributes, fault);
	if (strcmp(name, "col") == 0 && is_true(xml_attribute(attributes, "hidden"))) {
		uint32_t first = read_number(xml_attribute(attributes, "min"), CELLS_COLUMN_MAX);
		uint32_t last = read_number(xml_attribute(attributes, "max"), CELLS_COLUMN_MAX);
		if (first > 0 && last >= first)
			cells_hidden_columns(sheet->xlsx->row.out, first, last);
	}
	if (!sheet->in_cell)
		return 0;
	sheet->phonetic += strcmp(name, "rPh") == 0;
	if (strcmp(name, "v") == 0) {
		sheet->inside = INSIDE_VALUE;
		sheet->has_value = true;
	} else if (strcmp(name, "f") == 0) {
		sheet->inside = INSIDE_FORMULA;
		sheet->has_formula = true;
	} else if (strcmp(name, "t") == 0) {
		sheet->inside = INSIDE_TEXT;
		sheet->has_value = true;
	}
	return 0;
}

static int on_end(void *context, const char *name, struct fault *fault)
{
	struct sheet *sheet = context;
	int rc = 0;
	sheet->inside = INSIDE_NONE;
	sheet->phonetic -= sheet->phonetic > 0 && strcmp(name, "rPh") == 0;
	if (strcmp(name, "c") == 0 && sheet->in_cell) {
		rc = end_cell(sheet, fault);
		sheet->in_cell = false;
	} else if (strcmp(name, "row") == 0) {
		rc = row_cells_write(&sheet->xlsx->row, sheet->row, sheet->hidden, fault);
		sheet->in_row = false;
	}
	return rc;
}

static int on_text(void *context, const char *text, size_t len, struct fault *fault)
{
	struct sheet *sheet = context;
	struct blob *to = sheet->inside == INSIDE_FORMULA ? &sheet->formula : &sheet->value;
	if (sheet->inside == INSIDE_NONE || sheet->phonetic > 0)
		return 0;
	if (to->len + len > CELLS_TEXT_MAX) /* no figure and no name is as long */
		len = CELLS_TEXT_MAX - to->len;
	return len > 0 && blob_append(to, text, len) < 0 ? fault_set(fault, FAULT_MEMORY, NULL) : 0;
}

int xlsx_sheet_read(struct xlsx *xlsx, const char *part, struct fault *fault)
{
	struct sheet sheet = { .xlsx = xlsx };
	struct xml_events merges = { on_merge, NULL, NULL, &sheet };
	struct xml_events cells = { on_start, on_end, on_text, &sheet };
	row_cells_begin_sheet(&xlsx->row);
	int rc = package_parse(xlsx->package, part, &merges, fault);
	if (rc == 0)
		rc = package_parse(xlsx->package, part, &cells, fault);
	blob_free(&sheet.value);
	blob_free(&sheet.formula);
	return rc;
}
