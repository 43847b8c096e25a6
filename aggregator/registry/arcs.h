/* Rings cut into arcs where they meet, so that what two share is there once. */
#pragma once

#include "registry/shapes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arc {
	size_t first, n;   /* of the arcs' spots; both ends are in it, of a closed one twice */
	unsigned uses;     /* rings that have it */
	int64_t tolerance; /* squared; with which it was simplified */
	bool conflict;     /* see arcs_settle() */
};

struct arc_use { /* of a ring, in its order */
	size_t arc;
	bool back; /* it goes from the end to the start */
};

struct arcs {
	struct arc *list; /* owned [n] */
	size_t n, room;
	struct spot *spots; /* owned [n_spots] */
	bool *kept;         /* owned [n_spots]: it is left of the simplified arc */
	size_t n_spots, spots_room;
	struct arc_use *uses; /* owned [n_uses] */
	size_t n_uses, uses_room;
	struct arc_ring {        /* of each ring of the shapes */
		size_t first, n; /* uses */
		bool dropped;    /* it has no area, or is a speck */
	} * rings;               /* owned [n_rings] */
	size_t n_rings;
};

/** Cut the rings of @shapes, which stay as they are; in a ring no two spots on end are the same.
 * -ENOMEM. */
int arcs_cut(const struct shapes *shapes, struct arcs *ret_arcs);
void arcs_free(struct arcs *arcs); /* zeroes are fine */

/** Simplify all arcs: what is left out is within @tolerance of what is left. -ENOMEM. */
int arcs_simplify(struct arcs *arcs, unsigned tolerance);
/** Give points back to arcs until none crosses, touches or covers another, or itself, that did not
 * from the beginning, and no ring is without area that had some. -ENOMEM. */
int arcs_settle(struct arcs *arcs);

/** The spots of ring @ring as simplified, into @ret, which has room for those that there were
 * (arcs_ring_room()). How many. */
size_t arcs_ring(const struct arcs *arcs, size_t ring, struct spot ret[]);
size_t arcs_ring_room(const struct arcs *arcs, size_t ring);

/** Do two stretches share more than an end? */
bool spots_conflict(struct spot a, struct spot b, struct spot c, struct spot d);
