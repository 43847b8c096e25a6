#include "excel/blank_form.h"

#include "excel/book_out.h"
#include "workbook/blank.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LISTS_SHEET  "lists"
#define MESSAGE_MAX  255u /* characters; Excel's, of an error; 32 of its title */
#define DECIMALS_MAX 9u

struct blank {
	lxw_workbook *workbook;
	lxw_worksheet *sheet, *lists;
	lxw_format *title, *plain, *bold, *head, *open_text;
	lxw_format *number[DECIMALS_MAX + 1], *open[DECIMALS_MAX + 1]; /* by decimals */
	lxw_row_t row;                                                 /* the next one */
	lxw_col_t column, n_columns;
	const char *heads[BLANK_COLUMNS_MAX];
	size_t list_lens[BLANK_LISTS_MAX];
	size_t n_lists;
	char *error_title, *error; /* of the text */
	bool headed;
};

/* The next field of a line; "" at its end. */
static char *take(char **rest)
{
	char *field = *rest ? strsep(rest, "\t") : NULL;
	static char none[1];
	return field ? field : none;
}

static lxw_format *format_new(const struct blank *blank, bool wrap, bool locked)
{
	lxw_format *format = workbook_add_format(blank->workbook);
	format_set_border(format, LXW_BORDER_THIN);
	format_set_border_color(format, 0xd3dde0);
	format_set_align(format, LXW_ALIGN_VERTICAL_CENTER);
	if (wrap)
		format_set_text_wrap(format);
	if (!locked) {
		format_set_unlocked(format);
		format_set_bg_color(format, 0xfffbe6);
	}
	return format;
}

static void formats(struct blank *blank)
{
	static const char *const shown[DECIMALS_MAX + 1] = {
		"#,##0",       "#,##0.0",      "#,##0.00",      "#,##0.000",      "#,##0.0000",
		"#,##0.00000", "#,##0.000000", "#,##0.0000000", "#,##0.00000000", "#,##0.000000000"
	};
	blank->title = workbook_add_format(blank->workbook);
	format_set_bold(blank->title);
	format_set_font_size(blank->title, 14);
	blank->plain = format_new(blank, true, true);
	blank->bold = format_new(blank, true, true);
	format_set_bold(blank->bold);
	blank->head = format_new(blank, true, true);
	format_set_bold(blank->head);
	format_set_bg_color(blank->head, 0xe9eff0);
	blank->open_text = format_new(blank, false, false);
	for (size_t i = 0; i <= DECIMALS_MAX; i++) {
		blank->number[i] = format_new(blank, false, true);
		blank->open[i] = format_new(blank, false, false);
		format_set_num_format(blank->number[i], shown[i]);
		format_set_num_format(blank->open[i], shown[i]);
	}
}

/* --- lines --- */

static void on_list(struct blank *blank, char *rest)
{
	if (blank->n_lists == BLANK_LISTS_MAX)
		return;
	if (!blank->lists && (blank->lists = workbook_add_worksheet(blank->workbook, LISTS_SHEET)))
		worksheet_hide(blank->lists);
	size_t n = 0;
	while (rest && blank->lists)
		(void)worksheet_write_string(blank->lists, (lxw_row_t)n++,
					     (lxw_col_t)blank->n_lists, take(&rest), NULL);
	blank->list_lens[blank->n_lists++] = n;
}

static void on_column(struct blank *blank, char *rest)
{
	if (blank->n_columns == BLANK_COLUMNS_MAX)
		return;
	lxw_row_col_options hidden = { .hidden = LXW_TRUE };
	const char *key = take(&rest);
	double width = strtod(take(&rest), NULL);
	bool is_hidden = *take(&rest) == 'h';
	lxw_col_t at = blank->n_columns++;
	blank->heads[at] = take(&rest);
	(void)worksheet_set_column_opt(blank->sheet, at, at, width > 0 ? width : 12, NULL,
				       is_hidden ? &hidden : NULL);
	/* Below the line that people read, which is made when all of them are known. */
	(void)worksheet_write_string(blank->sheet, blank->row + 1, at, key, blank->plain);
}

static void on_first_row(struct blank *blank)
{
	lxw_row_col_options hidden = { .hidden = LXW_TRUE };
	for (lxw_col_t i = 0; i < blank->n_columns; i++)
		(void)worksheet_write_string(blank->sheet, blank->row, i, blank->heads[i],
					     blank->head);
	(void)worksheet_set_row_opt(blank->sheet, blank->row + 1, LXW_DEF_ROW_HEIGHT, NULL,
				    &hidden);
	worksheet_freeze_panes(blank->sheet, blank->row + 2, 0);
	worksheet_repeat_rows(blank->sheet, blank->row, blank->row + 1);
	blank->row += 1;
	blank->headed = true;
}

static void validate(const struct blank *blank, lxw_col_t at, unsigned decimals, const char *min,
		     const char *max)
{
	lxw_data_validation rule = { .validate = decimals == 0 ? LXW_VALIDATION_TYPE_INTEGER
							       : LXW_VALIDATION_TYPE_DECIMAL,
				     .criteria = LXW_VALIDATION_CRITERIA_BETWEEN,
				     .minimum_number = *min ? strtod(min, NULL) : -1e15,
				     .maximum_number = *max ? strtod(max, NULL) : 1e15,
				     .error_title = blank->error_title,
				     .error_message = blank->error };
	(void)worksheet_data_validation_cell(blank->sheet, blank->row, at, &rule); /* a help */
}

static void choose(const struct blank *blank, lxw_col_t at, size_t list)
{
	char range[64];
	lxw_data_validation rule = { .validate = LXW_VALIDATION_TYPE_LIST_FORMULA };
	if (list == 0 || list > blank->n_lists)
		return;
	(void)snprintf(range, sizeof(range), "=" LISTS_SHEET "!$%c$1:$%c$%zu",
		       (char)('A' + list - 1), (char)('A' + list - 1), blank->list_lens[list - 1]);
	rule.value_formula = range;
	(void)worksheet_data_validation_cell(blank->sheet, blank->row, at, &rule); /* a help */
}

static void on_cell(struct blank *blank, char kind, char *rest)
{
	lxw_col_t at = blank->column++;
	unsigned long decimals = 0, list = 0;
	const char *min = "", *max = "", *text;
	if (kind == 'n' || kind == 'v')
		decimals = strtoul(take(&rest), NULL, 10);
	if (decimals > DECIMALS_MAX)
		decimals = DECIMALS_MAX;
	if (kind == 'v') {
		min = take(&rest);
		max = take(&rest);
	}
	if (kind == 'c')
		list = strtoul(take(&rest), NULL, 10);
	text = take(&rest);
	lxw_format *format = kind == 'n'   ? blank->number[decimals]
			     : kind == 'v' ? blank->open[decimals]
			     : kind == 'c' ? blank->open_text
			     : kind == 'b' ? blank->bold
					   : blank->plain;
	if (!*text)
		(void)worksheet_write_blank(blank->sheet, blank->row, at, format);
	else if (kind == 'n' || kind == 'v')
		(void)worksheet_write_number(blank->sheet, blank->row, at, strtod(text, NULL),
					     format);
	else
		(void)worksheet_write_string(blank->sheet, blank->row, at, text, format);
	if (kind == 'v')
		validate(blank, at, (unsigned)decimals, min, max);
	if (kind == 'c')
		choose(blank, at, list);
}

static void on_line(struct blank *blank, char *line)
{
	char *rest = line;
	char kind = *take(&rest);
	if (kind == 'N' && !blank->sheet) {
		const char *name = take(&rest);
		bool good = workbook_validate_sheet_name(blank->workbook, name) == LXW_NO_ERROR;
		blank->sheet = workbook_add_worksheet(blank->workbook, good ? name : NULL);
	}
	if (!blank->sheet)
		return;
	if (kind == 'T') {
		(void)worksheet_write_string(blank->sheet, blank->row, 3, take(&rest),
					     blank->row == 0 ? blank->title : NULL);
		blank->row++;
	} else if (kind == 'L') {
		on_list(blank, rest);
	} else if (kind == 'H') {
		on_column(blank, rest);
	} else if (kind == 'E') {
		blank->error_title = take(&rest);
		blank->error = take(&rest);
	} else if (kind == 'R') {
		if (!blank->headed)
			on_first_row(blank);
		blank->row++;
		blank->column = 0;
	} else if (kind && blank->headed && blank->column < blank->n_columns) {
		on_cell(blank, kind, rest);
	}
}

/* What is locked can be read, marked and made wider. */
static void lock(const struct blank *blank)
{
	lxw_protection rights = { .format_columns = LXW_TRUE,
				  .format_rows = LXW_TRUE,
				  .no_select_locked_cells = LXW_FALSE };
	worksheet_protect(blank->sheet, NULL, &rights);
	worksheet_set_landscape(blank->sheet);
	worksheet_set_paper(blank->sheet, 9); /* A4 */
	worksheet_fit_to_pages(blank->sheet, 1, 0);
	worksheet_activate(blank->sheet);
}

int blank_form(FILE *text, FILE *out)
{
	struct blank blank = { 0 };
	struct book_out book;
	struct blob bytes = { 0 };
	int rc = book_out_open(&book);
	if (rc == 0)
		rc = book_in_read(text, BLANK_BYTES_MAX, &bytes);
	if (rc == 0 && (bytes.len > BLANK_BYTES_MAX || blob_append(&bytes, "", 1) < 0))
		rc = -1;
	blank.workbook = book.workbook;
	if (rc == 0)
		formats(&blank);
	char *rest = rc == 0 ? (char *)bytes.data : NULL;
	for (char *line; (line = strsep(&rest, "\n"));)
		on_line(&blank, line);
	if (blank.sheet)
		lock(&blank);
	rc = book_out_close(&book, rc < 0 || !blank.sheet, out);
	blob_free(&bytes);
	return rc;
}
