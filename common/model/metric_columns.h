/* The columns of a catalogue file: how the cell of each becomes its part of a metric. For
 * catalogue.c alone. */
#pragma once

#include "common/base/err.h"
#include "common/model/metric.h"

#define METRIC_COLUMNS 21u

struct metric_column {
	const char *name;
	/** 0; -EINVAL with what is wrong and what would do; -ENOMEM. What it allocates is the
	 * metric's.
	 */
	int (*read)(struct metric *metric, const char *cell, struct err *err);
	bool optional;
	/* It was a note once, so a catalogue in force may have anything in it, and nobody does
	 * without one because of that: what is wrong there is as if it were empty. */
	bool was_note;
};

/** In the order in which cells must be read, whatever the file's: min and max need the decimals. */
extern const struct metric_column metric_columns[METRIC_COLUMNS];
