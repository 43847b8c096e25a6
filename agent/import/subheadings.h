/* A second line of names below the header, where a merged cell stands above several columns: "Năm
 * 2025" over "Tháng 4" and "Tháng 5". It is taken where nothing else can be meant: a period that
 * lacks its year, below one that has it and holds it. */
#pragma once

#include "common/base/err.h"
#include "common/text/csv_reader.h"
#include "import/columns.h"

#include <stdbool.h>

/**
 * @row is the first one below the header, which @columns were read from.
 *
 * @ret_taken  it was such a line, and @columns have its names and periods now
 *
 * -EINVAL when it is one in part; -ENOMEM.
 */
int subheadings_read(struct columns *columns, const struct csv_row *row, bool *ret_taken,
		     struct err *err);

/** The columns' periods are of @year, which a title names, where none of them has a year of its
 * own, nor a column for it. Returns 1 when that is so, 0 when nothing was done; -ENOMEM. */
int subheadings_year(struct columns *columns, unsigned year, struct err *err);
