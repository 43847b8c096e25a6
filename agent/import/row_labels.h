/* The labels of a line: what stands under its dimensions, and under "labels". */
#pragma once

#include "common/model/labels.h"
#include "common/text/csv_reader.h"
#include "import/columns.h"
#include "import/reading.h"

#include <stdbool.h>

struct row_labels {
	char text[LABELS_TEXT_MAX];  /* canonical; "" for none */
	const struct column *column; /* where the first one stands; NULL: there is none */
	const struct column *merged; /* of a dimension: empty, below a cell that was not */
};

/** Of @row. False: they are wrong, which is told with the cell. */
bool row_labels_read(struct reading *reading, const struct csv_row *row,
		     struct row_labels *ret_labels);
