/* The period that a line of a table is of, put together from where it stands: one column, or one
 * each for year, quarter, month, week or day. */
#pragma once

#include "common/base/err.h"
#include "common/text/csv_reader.h"
#include "import/columns.h"

#define ROW_PERIOD_MAX 256u

struct row_period {
	char text[ROW_PERIOD_MAX];   /* for period_from_words(); "": the line names none */
	const struct column *column; /* where it stands, or its finest part; NULL: there is none */
	const char *cell;            /* what stands there */
};

/** Of @row. @across: also of this column, whose name is a period or lacks the year alone; or NULL.
 * -EINVAL when a part is missing or contradicts another; @ret_period's column and cell are where.
 */
int row_period_read(const struct columns *columns, const struct csv_row *row,
		    const struct column *across, struct row_period *ret_period, struct err *err);
