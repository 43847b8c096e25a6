/* A row of figures, in each of the three forms that agent/import/import.h names. */
#pragma once

#include "common/base/err.h"
#include "common/text/csv_reader.h"
#include "import/reading.h"

/** @unit: what it says of its unit of measure (agent/import/row_unit.h). What is refused is told.
 * Returns as figure_take(). */
int row_figures_take(struct reading *reading, const struct csv_row *row, const char *unit,
		     struct err *err);
