/* The columns of a catalogue file: how the cell of each becomes its part of a metric. For
 * catalogue.c alone. */
#pragma once

#include "common/base/err.h"
#include "common/model/metric.h"

#define METRIC_COLUMNS 18u

struct metric_column {
	const char *name;
	/** 0; -EINVAL with what is wrong and what would do; -ENOMEM. What it allocates is the
	 * metric's.
	 */
	int (*read)(struct metric *metric, const char *cell, struct err *err);
	bool optional;
	/* It only says what something is called. It was a note once, so a catalogue in force may
	 * have anything in it: a name that is wrong is none there. */
	bool only_names;
};

/** In the order in which cells must be read, whatever the file's: min and max need the decimals. */
extern const struct metric_column metric_columns[METRIC_COLUMNS];
