/* The labels of a line: what stands under its dimensions, and under "labels". */
#pragma once

#include "common/base/err.h"
#include "common/model/labels.h"
#include "common/text/csv_reader.h"
#include "import/columns.h"

struct row_labels {
	char text[LABELS_TEXT_MAX];  /* canonical; "" for none */
	const struct column *column; /* where the first one stands; NULL: there is none */
	const struct column *merged; /* of a dimension: empty, below a cell that was not */
};

/** Of @row, noting in @columns which of them have had labels. -EINVAL with what is wrong, and
 * @ret_cell is where. */
int row_labels_read(struct columns *columns, const struct csv_row *row,
		    struct row_labels *ret_labels, struct place *ret_cell, struct err *err);
