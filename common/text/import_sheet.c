#include "common/text/import_sheet.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int header_lacks(const struct import_sheet *sheet, size_t column, struct err *err)
{
	char all[512] = "";
	size_t len = 0;
	for (size_t i = 0; i < sheet->n_columns && len < sizeof(all); i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i ? "," : "",
					sheet->columns[i]);
	return err_set(err, -EINVAL, "line 1: there is no column '%s'; the header must be %s",
		       sheet->columns[column], all);
}

static int on_header(void *context, const struct csv_row *row, struct err *err)
{
	struct import_sheet *sheet = context;
	sheet->n_fields = csv_row_filled(row);
	for (size_t i = 0; i < sheet->n_columns; i++) {
		size_t at = 0;
		while (at < row->n && strcmp(row->fields[at], sheet->columns[i]) != 0)
			at++;
		if (at == row->n)
			return header_lacks(sheet, i, err);
		sheet->at[i] = at;
		for (at++; at < row->n; at++)
			if (strcmp(row->fields[at], sheet->columns[i]) == 0)
				return err_set(err, -EINVAL,
					       "line 1: the column '%s' is there twice",
					       sheet->columns[i]);
	}
	return 0;
}

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct import_sheet *sheet = context;
	if (row->n < sheet->n_fields || csv_row_filled(row) > sheet->n_fields) {
		diagnostics_add(
			&sheet->diagnostics, row->line,
			"%zu fields where the header has %zu; quote a field that holds a comma",
			row->n, sheet->n_fields);
		return 0;
	}
	sheet->row = row;
	return sheet->on_row(sheet, err);
}

int import_sheet_read(struct import_sheet *sheet, const char *csv, size_t len, struct err *err)
{
	assert(sheet->n_columns <= IMPORT_SHEET_COLUMNS_MAX);
	return csv_read(csv, len, on_header, on_row, sheet, err);
}

const char *import_sheet_field(const struct import_sheet *sheet, size_t column)
{
	return sheet->row->fields[sheet->at[column]];
}
