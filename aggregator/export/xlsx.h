/* A workbook while it is written: sheets, the ways cells look, and what becomes of an error of
 * libxlsxwriter. Private to export/. */
#pragma once

#include "export/columns.h"

#include <stdbool.h>
#include <stdint.h>
#include <xlsxwriter.h>

#define XLSX_DECIMALS_MAX 12u
#define XLSX_ROWS_MAX     1048575u /* of a sheet, but for its header */
#define XLSX_COLUMNS_MAX  16384u

struct xlsx {
	lxw_workbook *book; /* owned; NULL: closed */
	lxw_format *header, *wrap;
	lxw_format *numbers[2][XLSX_DECIMALS_MAX + 1]; /* [provisional][decimals]; NULL: not yet */
	char path[4096];                               /* of the file, which goes with close() */
	uint64_t n_long; /* numbers that stand as text, for a double has not all their digits */
};

/** A workbook in a temporary file, whose rows are written in their order and not kept. */
int xlsx_open(struct xlsx *xlsx, struct err *err);
/** A sheet called @name, which is translated: at most 31 characters, none of []:*?/\ */
int xlsx_sheet(struct xlsx *xlsx, const char *name, lxw_worksheet **ret_sheet, struct err *err);
/** Cells. NULL is nothing. A number keeps each of its digits, or is a text; it is shown with
 * @decimals, or as many as it has. -E2BIG: a text is
 * longer than a cell takes. */
int xlsx_text(lxw_worksheet *sheet, size_t row, size_t column, const char *text, lxw_format *format,
	      struct err *err);
int xlsx_number(struct xlsx *xlsx, lxw_worksheet *sheet, size_t row, size_t column,
		const char *digits, unsigned decimals, bool provisional, struct err *err);
/** The header is frozen, @first_columns likewise; filters over @n_columns and @n_rows. */
void xlsx_frame(lxw_worksheet *sheet, size_t n_rows, size_t n_columns, size_t first_columns);
/** Write all into the file and read it, piece by piece. */
int xlsx_finish(struct xlsx *xlsx,
		int (*piece)(void *context, const void *data, size_t len, struct err *err),
		void *context, struct err *err);
void xlsx_close(struct xlsx *xlsx); /* copes with any state that is zeroed */
