/* Figures from CSV, as offices have them in spreadsheets.
 *
 * Long form: columns metric, value, and optionally period, labels ("app=VNeID;sector=land"), and
 * one column per dimension; one figure a line.
 * Wide form: a column period (or none: the current one), one column per metric, and one per
 * dimension; an empty cell is no figure, "-" withdraws one.
 * Columns of metrics are headed by the metric's name or its Vietnamese or English label.
 *
 * A line that is refused is told with file, line, column, why and what to do; the good ones are
 * kept. They are handed in by thousands, so big files need little memory beyond themselves. */
#pragma once

#include "catalogue.h"
#include "entry.h"
#include "err.h"

#include <stddef.h>
#include <stdint.h>

struct import_config {
	const char *name; /* of the file, for complaints */
	const struct catalogue *catalogue;
	int64_t now_us;
	/** Record a handful; all or none. */
	int (*on_entries)(void *context, const struct entry entries[], size_t n, struct err *err);
	/** One complaint: "FILE:LINE: column: why". */
	void (*on_complaint)(void *context, const char *text);
	void *context;
};

struct import_result {
	size_t figures;  /* recorded */
	size_t rejected; /* figures or whole lines that were not */
};

/**
 * @csv[@len]. Returns 0 also when lines were rejected. -EINVAL when the file cannot be read as CSV
 * or its header makes no sense; or what on_entries returned: then what was handed in before is
 * recorded, as @ret_result tells (written in any case).
 */
int import_csv(const struct import_config *config, const char *csv, size_t len,
	       struct import_result *ret_result, struct err *err);
