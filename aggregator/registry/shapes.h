/* Outlines of units, as rings of spots on a grid of whole numbers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spot {
	int32_t x, y;
};

struct ring {
	size_t first, n; /* of the spots; the first one is not repeated at the end */
	bool hole;       /* in the ring before it that is none */
};

struct shape {
	char *code;      /* owned */
	size_t first, n; /* of the rings, */
};

/* Points of whole numbers on Earth: the point 0 0, and a step to the next, in parts of a degree
 * (geojson.h). x runs east and y south. */
struct grid {
	int32_t west, north, step_x, step_y;
	unsigned width, height; /* points */
};

struct shapes {
	struct shape *list; /* owned [n] */
	size_t n, room;
	struct ring *rings; /* owned [n_rings] */
	size_t n_rings, rings_room;
	struct spot *spots; /* owned [n_spots] */
	size_t n_spots, spots_room;
	struct grid grid; /* that their file says all spots are on; width 0: it says nothing */
};

/** Each adds one behind the last: a unit, a ring of it, a spot of that. -ENOMEM. */
int shapes_add(struct shapes *shapes, const char *code);
int shapes_add_ring(struct shapes *shapes, bool hole);
int shapes_add_spot(struct shapes *shapes, struct spot spot);
void shapes_free(struct shapes *shapes); /* zeroes are fine, and left */

static inline bool spot_same(struct spot a, struct spot b)
{
	return a.x == b.x && a.y == b.y;
}

/** Twice the area of a ring, by the shoelace formula: positive when it turns from x to y. */
int64_t spots_area2(const struct spot spots[], size_t n);
