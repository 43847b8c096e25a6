/* Borders as they are drawn: outlines brought onto a grid of whole numbers and simplified, so that
 * neighbours never part.
 *
 * 1. Degrees become points of a grid, by the plain projection (equirectangular, true at the middle
 *    latitude): x runs east and y south, and the longer side has BORDERS_SIDE points.
 * 2. Rings are cut into arcs where borders meet: a point is a junction unless all rings that pass
 *    it come from and go to the same two points. What two neighbours share is one arc.
 * 3. Each arc is simplified once (Douglas and Peucker 1973), by the least tolerance with which all
 *    is as short as wanted.
 * 4. Arcs that then cross or lie on others, or leave a ring without area, are given back points
 *    until they do no more, as far as they did not before.
 *
 * A path is SVG's: "M12 7l3-4 2 0z", a ring each, in whole numbers; what is not in an odd number of
 * rings is outside (fill-rule evenodd). An outer ring comes before its holes, and turns the other
 * way. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "registry/shapes.h"

#include <stddef.h>
#include <stdint.h>

#define BORDERS_SIDE  1600u  /* points: 75 m each on a province of 120 km */
#define BORDERS_BYTES 30000u /* that all paths should take together */

struct borders {
	unsigned width, height; /* points of the grid */
	/* The point 0 0, and a step to the next, in parts of a degree (geojson.h). */
	int32_t west, north, step_x, step_y;
	unsigned tolerance; /* by which it was simplified, in points of the grid */
	struct blob lines;  /* owned: "CODE PATH\n" each: map_cells_read() */
};

/**
 * Make @ret_borders of @shapes, whose spots are in parts of a degree and then of the grid.
 *
 * @bytes  that are wanted; where junctions alone take more, it becomes longer
 * -EINVAL: a unit is smaller than a step of the grid; -ENOMEM.
 */
int borders_make(struct shapes *shapes, size_t bytes, struct borders *ret_borders, struct err *err);
/** The same of @shapes that were drawn before and lie on the grid that their file names: they are
 * taken as they are, point by point. 1; 0: they do not, or a ring of them has no area, and @shapes
 * are as they were; -ENOMEM. */
int borders_take(struct shapes *shapes, struct borders *ret_borders, struct err *err);
void borders_free(struct borders *borders); /* zeroes are fine */

/** Add the rings of a path that was made here to the last one of @shapes, on the grid. -EINVAL: it
 * is no such path; -ENOMEM. */
int borders_path_read(const char *path, struct shapes *shapes, struct err *err);

/** Bring all spots onto the grid: what borders_make() does first. Of @ret_borders the lines are
 * left out. */
void borders_project(struct shapes *shapes, struct borders *ret_borders);
