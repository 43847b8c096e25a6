#include "export/xlsx.h"

#include "common/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *temporary_folder(void)
{
	const char *given = getenv("TMPDIR");

	return given && *given ? given : "/tmp";
}

/* The one place that knows libxlsxwriter's codes. */
static int failed(lxw_error code, struct err *err)
{
	if (code == LXW_ERROR_MEMORY_MALLOC_FAILED)
		return err_memory(err);
	if (code == LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED)
		return err_set(err, -E2BIG,
			       "a text of the answer is longer than a cell of a workbook takes; "
			       "choose csv");
	return err_set(err, -EIO, "the workbook cannot be written: %s", lxw_strerror(code));
}

int xlsx_open(struct xlsx *xlsx, struct err *err)
{
	lxw_workbook_options options = { .constant_memory = LXW_TRUE,
					 .tmpdir = (char *)(uintptr_t)temporary_folder(),
					 .use_zip64 = LXW_FALSE };
	int fd, len = snprintf(xlsx->path, sizeof(xlsx->path), "%s/lantoa-XXXXXX",
			       temporary_folder());

	if (len < 0 || (size_t)len >= sizeof(xlsx->path)) {
		*xlsx->path = '\0';
		return err_system(err, -ENAMETOOLONG, temporary_folder());
	}
	fd = mkostemp(xlsx->path, O_CLOEXEC);
	if (fd < 0) {
		*xlsx->path = '\0';
		return err_system(err, -errno, temporary_folder());
	}
	(void)close(fd); /* nothing was written: the library opens it by its name */
	xlsx->book = workbook_new_opt(xlsx->path, &options);
	if (!xlsx->book)
		return err_memory(err);
	xlsx->header = workbook_add_format(xlsx->book);
	xlsx->wrap = workbook_add_format(xlsx->book);
	if (!xlsx->header || !xlsx->wrap)
		return err_memory(err);
	format_set_bold(xlsx->header);
	format_set_text_wrap(xlsx->header);
	format_set_align(xlsx->header, LXW_ALIGN_VERTICAL_TOP);
	format_set_bottom(xlsx->header, LXW_BORDER_THIN);
	format_set_text_wrap(xlsx->wrap);
	format_set_align(xlsx->wrap, LXW_ALIGN_VERTICAL_TOP);
	return 0;
}

int xlsx_sheet(struct xlsx *xlsx, const char *name, lxw_worksheet **ret_sheet, struct err *err)
{
	lxw_worksheet *sheet = workbook_add_worksheet(xlsx->book, name);

	if (!sheet)
		return err_set(err, -EIO, "the workbook cannot be written: sheet '%s'", name);
	/* Codes are digits, and texts: no green triangle in each cell. */
	(void)worksheet_ignore_errors(sheet, LXW_IGNORE_NUMBER_STORED_AS_TEXT, "A1:XFD1048576");
	worksheet_set_landscape(sheet);
	worksheet_set_paper(sheet, 9); /* A4 */
	worksheet_fit_to_pages(sheet, 1, 0);
	worksheet_repeat_rows(sheet, 0, 0);
	*ret_sheet = sheet;
	return 0;
}

/* "_x0041_" in a cell is an A to Excel; so its '_' has to be written as "_x005F_", which the
 * library does not do. */
static bool is_escape(const char *text)
{
	return text[0] == '_' && text[1] == 'x' &&
	       strspn(text + 2, "0123456789ABCDEFabcdef") >= 4 && text[6] == '_';
}

static int write_text(lxw_worksheet *sheet, size_t row, size_t column, const char *text,
		      lxw_format *format, struct err *err)
{
	lxw_error code =
		worksheet_write_string(sheet, (lxw_row_t)row, (lxw_col_t)column, text, format);

	return code == LXW_NO_ERROR ? 0 : failed(code, err);
}

/* @text has escapes, @n of them. */
static int write_escaped(lxw_worksheet *sheet, size_t row, size_t column, const char *text,
			 size_t n, lxw_format *format, struct err *err)
{
	static const char mark[] = "_x005F";
	char *escaped = malloc(strlen(text) + n * strlen(mark) + 1), *to = escaped;
	int rc;

	if (!escaped)
		return err_memory(err);
	for (; *text; text++) {
		if (is_escape(text)) {
			memcpy(to, mark, strlen(mark));
			to += strlen(mark);
		}
		*to++ = *text;
	}
	*to = '\0';
	rc = write_text(sheet, row, column, escaped, format, err);
	free(escaped);
	return rc;
}

int xlsx_text(lxw_worksheet *sheet, size_t row, size_t column, const char *text, lxw_format *format,
	      struct err *err)
{
	size_t n = 0;

	if (!text)
		return 0;
	for (const char *at = strstr(text, "_x"); at; at = strstr(at + 1, "_x"))
		n += is_escape(at);
	return n > 0 ? write_escaped(sheet, row, column, text, n, format, err)
		     : write_text(sheet, row, column, text, format, err);
}

static lxw_format *number_format(struct xlsx *xlsx, unsigned decimals, bool provisional)
{
	lxw_format **format = &xlsx->numbers[provisional][decimals];
	char text[32] = "#,##0";

	if (*format)
		return *format;
	*format = workbook_add_format(xlsx->book);
	if (!*format)
		return NULL;
	if (decimals > 0)
		(void)snprintf(text, sizeof(text), "#,##0.%.*s", (int)decimals, "000000000000");
	format_set_num_format(*format, text);
	if (provisional)
		format_set_italic(*format);
	return *format;
}

int xlsx_number(struct xlsx *xlsx, lxw_worksheet *sheet, size_t row, size_t column,
		const char *digits, unsigned decimals, bool provisional, struct err *err)
{
	unsigned own;
	lxw_format *format;
	lxw_error code;

	if (!digits)
		return 0;
	if (!number_is(digits) || !number_is_exact(digits)) {
		xlsx->n_long += number_is(digits);
		return xlsx_text(sheet, row, column, digits, NULL, err);
	}
	own = number_decimals(digits);
	if (own > decimals)
		decimals = own;
	format = number_format(xlsx, decimals < XLSX_DECIMALS_MAX ? decimals : XLSX_DECIMALS_MAX,
			       provisional);
	code = worksheet_write_number(sheet, (lxw_row_t)row, (lxw_col_t)column,
				      strtod(digits, NULL), format);
	return code == LXW_NO_ERROR ? 0 : failed(code, err);
}

void xlsx_frame(lxw_worksheet *sheet, size_t n_rows, size_t n_columns, size_t first_columns)
{
	worksheet_freeze_panes(sheet, 1, (lxw_col_t)first_columns);
	if (n_columns > 0)
		(void)worksheet_autofilter(sheet, 0, 0, (lxw_row_t)n_rows,
					   (lxw_col_t)(n_columns - 1)); /* it lies in the sheet */
}

static int read_all(const char *path,
		    int (*piece)(void *context, const void *data, size_t len, struct err *err),
		    void *context, struct err *err)
{
	static const size_t at_once = 65536;
	char *bytes = malloc(at_once);
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	ssize_t n;

	if (!bytes || fd < 0)
		rc = bytes ? err_system(err, -errno, path) : err_memory(err);
	while (rc == 0 && (n = read(fd, bytes, at_once)) != 0)
		rc = n < 0 ? err_system(err, -errno, path) : piece(context, bytes, (size_t)n, err);
	if (fd >= 0)
		(void)close(fd); /* it was only read */
	free(bytes);
	return rc;
}

int xlsx_finish(struct xlsx *xlsx,
		int (*piece)(void *context, const void *data, size_t len, struct err *err),
		void *context, struct err *err)
{
	lxw_error code = workbook_close(xlsx->book);

	xlsx->book = NULL; /* it is freed, whatever became of it */
	return code == LXW_NO_ERROR ? read_all(xlsx->path, piece, context, err) : failed(code, err);
}

void xlsx_close(struct xlsx *xlsx)
{
	if (xlsx->book)
		(void)workbook_close(xlsx->book); /* there is no other way to free it */
	xlsx->book = NULL;
	if (*xlsx->path)
		(void)unlink(xlsx->path); /* nobody has use for it */
	*xlsx->path = '\0';
}
