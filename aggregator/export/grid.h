/* Figures laid side by side: a line for each place (and label), a column for each period (and
 * metric), as people read them. Holds all values in memory, each once. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The texts that a line, or a column, is known by; NULL: null. */
#define GRID_LINE   5u /* area, valid_from, name, label, label_name */
#define GRID_COLUMN 2u /* period, metric */

struct grid_cell {
	uint32_t line, column;
	size_t value; /* in texts; 0: there is none */
	const void *mark;
};

struct grid_axis {
	size_t *texts; /* owned [n * width]: in grid.texts; 0: null */
	size_t n, width;
	struct hash_index index;
};

struct grid {
	struct blob texts; /* owned; the first byte is nobody's */
	struct grid_axis lines, columns, labels;
	struct grid_cell *cells; /* owned [n] */
	size_t n, room;
};

/** -ENOMEM. */
int grid_init(struct grid *grid, struct err *err);
void grid_deinit(struct grid *grid); /* copes with any state that is zeroed */
/** A figure: @value NULL: it is missing; @mark comes back as it is. -ENOMEM. */
int grid_add(struct grid *grid, const char *const line[GRID_LINE],
	     const char *const column[GRID_COLUMN], const char *value, const void *mark,
	     struct err *err);
/** When all are in: lines in the order they are shown, by label as they came, then by area and
 * valid_from, what is in no unit last; then cells by line and column. -ENOMEM. */
int grid_sort(struct grid *grid, struct err *err);
/** Text @i of line or column @at; NULL: null. */
const char *grid_text(const struct grid *grid, const struct grid_axis *axis, size_t at, size_t i);
const char *grid_value(const struct grid *grid, const struct grid_cell *cell);
