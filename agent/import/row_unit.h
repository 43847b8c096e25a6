/* The unit of measure that a table names for a line's figures: in the line's own cell, or for all
 * of them in lines around. */
#pragma once

#include "common/text/csv_reader.h"
#include "import/columns.h"
#include "import/measure.h"

struct row_unit {               /* all 0 before the first row */
	char said[MEASURE_MAX]; /* by the last row that says one */
};

/** What @row says, every row of the table being shown: "" for nothing. An empty cell may be merged
 * with that above, whose unit counts where a figure would be wrong by it; "nt" and its like always
 * mean that above. Valid until the next row. */
const char *row_unit_read(struct row_unit *unit, const struct columns *columns,
			  const struct csv_row *row);

/** Are all of @units (struct dialect) what @metric is counted in? Else @ret_unit is the first that
 * is not. */
bool row_unit_fits_lines(const char *units, const struct metric *metric,
			 char ret_unit[MEASURE_MAX]);
