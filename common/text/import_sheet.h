/* A CSV table read by the names of its columns, with the diagnostics about its rows. */
#pragma once

#include "common/base/err.h"
#include "common/text/csv_reader.h"
#include "common/text/diagnostics.h"

#include <stddef.h>

#define IMPORT_SHEET_COLUMNS_MAX 16u

struct import_sheet {
	const char *const *columns; /* [n]: their names; all must be there, others are ignored */
	size_t n_columns;
	/** One row with as many fields as the header, beside empty ones at the end. 0 to go on,
	 * diagnostics or not; a negative errno ends the reading (-ENOMEM). */
	int (*on_row)(struct import_sheet *sheet, struct err *err);
	void *context;

	struct diagnostics diagnostics;
	const struct csv_row *row; /* during on_row */
	size_t at[IMPORT_SHEET_COLUMNS_MAX], n_fields;
};

/** A diagnostic about the current row. */
#define import_sheet_diagnose(sheet, ...)                                                          \
	diagnostics_add(&(sheet)->diagnostics, (sheet)->row->line, __VA_ARGS__)

/** Read it all. Rows may have diagnostics afterwards; the caller adds its own and tells them.
 * -EINVAL: no CSV, or no such columns; or what on_row returned. */
int import_sheet_read(struct import_sheet *sheet, const char *csv, size_t len, struct err *err);
/** The field of columns[@column] in the current row. */
const char *import_sheet_field(const struct import_sheet *sheet, size_t column);
