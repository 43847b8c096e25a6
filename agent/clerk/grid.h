/* The parts of a metric for a period: one for each code in force of its dimension, or for each
 * combination of the codes of several. */
#pragma once

#include "common/model/dimensions.h"
#include "common/model/metric.h"

#include <stddef.h>
#include <stdint.h>

/* More than these nobody looks through: then a row is chosen for each part that there is. */
#define GRID_PARTS_MAX 60u

/** Is @code in force on @day? */
bool grid_in_force(const struct code *code, int32_t day);
/** How many parts @metric has on @day; 0: a dimension is free text or has no code on that day, or
 * there would be more than GRID_PARTS_MAX. */
size_t grid_parts(const struct dimensions *dimensions, const struct metric *metric, int32_t day);
/** The labels of part @nth < grid_parts(), in the order of the lists. False: they are too long for
 * a series, so that nobody can report it. */
bool grid_labels(const struct dimensions *dimensions, const struct metric *metric, int32_t day,
		 size_t nth, char ret_labels[LABELS_TEXT_MAX]);
