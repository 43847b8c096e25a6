/* What the files of xlsx share, and nobody else includes: xlsx.c knows which parts there are,
 * xlsx_strings.c and xlsx_styles.c read what cells point to, xlsx_sheet.c a sheet. */
#pragma once

#include "common/base/blob.h"
#include "excel/number_format.h"
#include "excel/package.h"
#include "excel/row_cells.h"
#include "excel/string_list.h"
#include "excel/xlsx.h"

#define XLSX_STYLES_MAX 65536u

struct xlsx_styles {
	struct blob formats; /* owned; a byte, enum format, for each style of a cell */
};

struct xlsx {
	struct package *package;
	bool since_1904;
	struct string_list strings;
	struct xlsx_styles styles;
	struct row_cells row;
};

int xlsx_strings_read(struct xlsx *xlsx, const char *part, struct fault *fault);
int xlsx_styles_read(struct xlsx *xlsx, const char *part, struct fault *fault);
enum format xlsx_format(const struct xlsx *xlsx, size_t style);
/** Its cells, after cells_sheet(). */
int xlsx_sheet_read(struct xlsx *xlsx, const char *part, struct fault *fault);
