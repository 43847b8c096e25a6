#include "registry/arcs.h"

#include "common/base/array.h"
#include "common/base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void arcs_free(struct arcs *arcs)
{
	free(arcs->list);
	free(arcs->spots);
	free(arcs->kept);
	free(arcs->uses);
	free(arcs->rings);
	*arcs = (struct arcs){ 0 };
}

/* --- junctions --- */

struct crossing {                   /* a point that rings pass */
	struct spot at, one, other; /* and where they come from and go to, in either order */
	bool junction;
};

struct crossings {
	struct crossing *list; /* owned [n] */
	size_t n;
	struct hash_index index;
};

static uint32_t spot_hash(struct spot spot)
{
	return hash_bytes(HASH_START, &spot, sizeof(spot));
}

static struct crossing *crossing_find(const struct crossings *crossings, struct spot at,
				      uint32_t **ret_slot)
{
	uint32_t *slot = hash_slot(&crossings->index, spot_hash(at));

	while (*slot && !spot_same(crossings->list[*slot - 1].at, at))
		slot = hash_slot_next(&crossings->index, slot);
	*ret_slot = slot;
	return *slot ? &crossings->list[*slot - 1] : NULL;
}

static void pass_note(struct crossings *crossings, struct spot at, struct spot from, struct spot to)
{
	uint32_t *slot;
	struct crossing *known = crossing_find(crossings, at, &slot);

	if (!known) {
		crossings->list[crossings->n++] = (struct crossing){ at, from, to, false };
		*slot = (uint32_t)crossings->n;
		return;
	}
	bool same = (spot_same(known->one, from) && spot_same(known->other, to)) ||
		    (spot_same(known->one, to) && spot_same(known->other, from));
	known->junction = known->junction || !same;
}

static int crossings_find(const struct shapes *shapes, struct crossings *ret)
{
	struct crossings crossings = { .list = malloc((shapes->n_spots + 1) * sizeof(*ret->list)) };

	if (!crossings.list || hash_index_make(&crossings.index, shapes->n_spots + 1) < 0) {
		free(crossings.list);
		return -ENOMEM;
	}
	for (size_t i = 0; i < shapes->n_rings; i++) {
		const struct ring *ring = &shapes->rings[i];
		const struct spot *spots = shapes->spots + ring->first;

		for (size_t k = 0; k < ring->n; k++)
			pass_note(&crossings, spots[k], spots[k ? k - 1 : ring->n - 1],
				  spots[k + 1 < ring->n ? k + 1 : 0]);
	}
	*ret = crossings;
	return 0;
}

static bool is_junction(const struct crossings *crossings, struct spot at)
{
	uint32_t *slot;
	const struct crossing *known = crossing_find(crossings, at, &slot);

	return known && known->junction;
}

/* --- arcs --- */

static bool spot_before(struct spot a, struct spot b)
{
	return a.x != b.x ? a.x < b.x : a.y < b.y;
}

/* Both ways round, which comes first? An arc is kept that way. */
static bool is_back(const struct spot spots[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!spot_same(spots[i], spots[n - 1 - i]))
			return spot_before(spots[n - 1 - i], spots[i]);
	return false;
}

static void spots_turn(struct spot spots[], size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct spot spot = spots[i];

		spots[i] = spots[n - 1 - i];
		spots[n - 1 - i] = spot;
	}
}

/* The last @n spots of @arcs are an arc of the last ring: known already, or a new one. */
static int arc_keep(struct arcs *arcs, struct hash_index *index, size_t n)
{
	size_t first = arcs->n_spots - n;
	struct spot *spots = arcs->spots + first;
	bool back = is_back(spots, n);

	if (back)
		spots_turn(spots, n);
	uint32_t *slot = hash_slot(index, hash_bytes(HASH_START, spots, n * sizeof(*spots)));
	while (*slot &&
	       (arcs->list[*slot - 1].n != n ||
		memcmp(arcs->spots + arcs->list[*slot - 1].first, spots, n * sizeof(*spots)) != 0))
		slot = hash_slot_next(index, slot);
	if (*slot) {
		arcs->n_spots = first;
	} else {
		if (ARRAY_RESERVE(arcs->list, arcs->room, arcs->n + 1) < 0)
			return -ENOMEM;
		arcs->list[arcs->n++] = (struct arc){ .first = first, .n = n };
		*slot = (uint32_t)arcs->n;
	}
	if (ARRAY_RESERVE(arcs->uses, arcs->uses_room, arcs->n_uses + 1) < 0)
		return -ENOMEM;
	arcs->list[*slot - 1].uses++;
	arcs->uses[arcs->n_uses++] = (struct arc_use){ *slot - 1, back };
	return 0;
}

static int ring_cut(struct arcs *arcs, struct hash_index *index, const struct crossings *crossings,
		    const struct spot spots[], size_t n)
{
	size_t start = 0, len = 0;

	/* It begins at a junction; one that has none, at its first point of all. */
	while (start < n && !is_junction(crossings, spots[start]))
		start++;
	if (start == n) {
		start = 0;
		for (size_t i = 1; i < n; i++)
			if (spot_before(spots[i], spots[start]))
				start = i;
	}
	for (size_t i = 0; i <= n; i++) {
		const struct spot spot = spots[(start + i) % n];

		/* The end of an arc is the beginning of the next, which has it anew. */
		for (int twice = 0; twice < 2; twice++) {
			if (ARRAY_RESERVE(arcs->spots, arcs->spots_room, arcs->n_spots + 1) < 0)
				return -ENOMEM;
			arcs->spots[arcs->n_spots++] = spot;
			len++;
			bool ends = len > 1 && (i == n || is_junction(crossings, spot));
			if (!ends)
				break;
			if (arc_keep(arcs, index, len) < 0)
				return -ENOMEM;
			len = 0;
			if (i == n)
				break;
		}
	}
	return 0;
}

int arcs_cut(const struct shapes *shapes, struct arcs *ret_arcs)
{
	struct crossings crossings;
	struct hash_index index = { 0 };
	struct arcs arcs = { .rings = calloc(shapes->n_rings + 1, sizeof(*arcs.rings)),
			     .n_rings = shapes->n_rings };
	int rc = crossings_find(shapes, &crossings);

	if (rc == 0 && (!arcs.rings || hash_index_make(&index, shapes->n_spots + 1) < 0))
		rc = -ENOMEM;
	for (size_t i = 0; i < shapes->n_rings && rc == 0; i++) {
		const struct ring *ring = &shapes->rings[i];

		arcs.rings[i].first = arcs.n_uses;
		arcs.rings[i].dropped = ring->n < 3;
		if (ring->n >= 3)
			rc = ring_cut(&arcs, &index, &crossings, shapes->spots + ring->first,
				      ring->n);
		arcs.rings[i].n = arcs.n_uses - arcs.rings[i].first;
	}
	if (rc == 0 && !(arcs.kept = calloc(arcs.n_spots + 1, sizeof(*arcs.kept))))
		rc = -ENOMEM;
	free(crossings.list);
	hash_index_deinit(&crossings.index);
	hash_index_deinit(&index);
	if (rc == 0)
		*ret_arcs = arcs;
	else
		arcs_free(&arcs);
	return rc;
}

/* --- fewer points --- */

/* Twice the area of the triangle: positive on one side of a to b. */
static int64_t turn(struct spot a, struct spot b, struct spot c)
{
	return (int64_t)(b.x - a.x) * (c.y - a.y) - (int64_t)(b.y - a.y) * (c.x - a.x);
}

static int64_t square(struct spot a, struct spot b)
{
	return (int64_t)(b.x - a.x) * (b.x - a.x) + (int64_t)(b.y - a.y) * (b.y - a.y);
}

/* How far @spot is from the stretch, squared, times the stretch's length squared where that is not
 * 0: all of a few points' distances have one measure. */
static int64_t distance(struct spot from, struct spot to, struct spot spot)
{
	int64_t length = square(from, to), across = turn(from, to, spot);
	int64_t along = (int64_t)(to.x - from.x) * (spot.x - from.x) +
			(int64_t)(to.y - from.y) * (spot.y - from.y);

	if (length == 0)
		return square(from, spot);
	if (along < 0)
		return square(from, spot) * length;
	if (along > length)
		return square(to, spot) * length;
	return across * across;
}

struct span {
	size_t first, last;
};

/* @stack has room for as many as the arc has spots. */
static void arc_simplify(struct arcs *arcs, struct arc *arc, int64_t tolerance, struct span stack[])
{
	const struct spot *spots = arcs->spots + arc->first;
	bool *kept = arcs->kept + arc->first;
	size_t n = 1;

	arc->tolerance = tolerance;
	memset(kept, 0, arc->n * sizeof(*kept));
	kept[0] = kept[arc->n - 1] = true;
	stack[0] = (struct span){ 0, arc->n - 1 };
	while (n > 0) {
		const struct span span = stack[--n];
		const struct spot from = spots[span.first], to = spots[span.last];
		int64_t length = square(from, to), most = -1;
		size_t farthest = 0;

		for (size_t i = span.first + 1; i < span.last; i++) {
			int64_t far = distance(from, to, spots[i]);

			if (far > most) {
				most = far;
				farthest = i;
			}
		}
		if (most <= tolerance * (length ? length : 1))
			continue;
		kept[farthest] = true;
		stack[n++] = (struct span){ span.first, farthest };
		stack[n++] = (struct span){ farthest, span.last };
	}
}

static struct span *stack_make(const struct arcs *arcs)
{
	return malloc((arcs->n_spots + 2) * sizeof(struct span));
}

int arcs_simplify(struct arcs *arcs, unsigned tolerance)
{
	struct span *stack = stack_make(arcs);

	if (!stack)
		return -ENOMEM;
	for (size_t i = 0; i < arcs->n; i++)
		arc_simplify(arcs, &arcs->list[i], (int64_t)tolerance * tolerance, stack);
	free(stack);
	return 0;
}

size_t arcs_ring_room(const struct arcs *arcs, size_t ring)
{
	size_t room = 0;

	for (size_t i = 0; i < arcs->rings[ring].n; i++)
		room += arcs->list[arcs->uses[arcs->rings[ring].first + i].arc].n;
	return room;
}

size_t arcs_ring(const struct arcs *arcs, size_t ring, struct spot ret[])
{
	size_t n = 0;

	for (size_t i = 0; i < arcs->rings[ring].n; i++) {
		const struct arc_use *use = &arcs->uses[arcs->rings[ring].first + i];
		const struct arc *arc = &arcs->list[use->arc];

		for (size_t k = 0; k + 1 < arc->n; k++) { /* the last one is the next arc's */
			size_t at = arc->first + (use->back ? arc->n - 1 - k : k);

			if (arcs->kept[at])
				ret[n++] = arcs->spots[at];
		}
	}
	return n;
}

/* --- what must not be --- */

/* Of three points on a line: is @c between @a and @b, which it is none of? */
static bool lies_between(struct spot a, struct spot b, struct spot c)
{
	int64_t along = (int64_t)(b.x - a.x) * (c.x - a.x) + (int64_t)(b.y - a.y) * (c.y - a.y);

	return along > 0 && along < square(a, b);
}

static int sign(int64_t number)
{
	return (number > 0) - (number < 0);
}

/* Two stretches that begin at @from: does one cover the other, or a part of it? */
static bool covers(struct spot from, struct spot a, struct spot b)
{
	return turn(from, a, b) == 0 &&
	       (int64_t)(a.x - from.x) * (b.x - from.x) + (int64_t)(a.y - from.y) * (b.y - from.y) >
		       0;
}

bool spots_conflict(struct spot a, struct spot b, struct spot c, struct spot d)
{
	if (spot_same(a, c))
		return covers(a, b, d);
	if (spot_same(a, d))
		return covers(a, b, c);
	if (spot_same(b, c))
		return covers(b, a, d);
	if (spot_same(b, d))
		return covers(b, a, c);
	int ac = sign(turn(a, b, c)), ad = sign(turn(a, b, d));
	int ca = sign(turn(c, d, a)), cb = sign(turn(c, d, b));
	if (ac * ad < 0 && ca * cb < 0)
		return true;
	return (ac == 0 && lies_between(a, b, c)) || (ad == 0 && lies_between(a, b, d)) ||
	       (ca == 0 && lies_between(c, d, a)) || (cb == 0 && lies_between(c, d, b));
}

struct stretch {
	struct spot from, to; /* from is not right of to */
	size_t arc;
};

static int stretch_order(const void *left, const void *right)
{
	const struct stretch *l = left, *r = right;

	return (l->from.x > r->from.x) - (l->from.x < r->from.x);
}

static size_t stretches_list(const struct arcs *arcs, struct stretch list[])
{
	size_t n = 0;

	for (size_t i = 0; i < arcs->n; i++) {
		const struct arc *arc = &arcs->list[i];
		struct spot last = arcs->spots[arc->first];

		for (size_t k = 1; k < arc->n && arc->uses > 0; k++) {
			const struct spot spot = arcs->spots[arc->first + k];

			if (!arcs->kept[arc->first + k])
				continue;
			bool right = spot.x >= last.x;
			list[n++] = (struct stretch){ right ? last : spot, right ? spot : last, i };
			last = spot;
		}
	}
	qsort(list, n, sizeof(*list), stretch_order);
	return n;
}

static void conflict_note(struct arcs *arcs, size_t arc)
{
	arcs->list[arc].conflict = true;
}

/* From left to right: a stretch meets those alone that begin before it ends. */
static void conflicts_find(struct arcs *arcs, struct stretch list[])
{
	size_t n = stretches_list(arcs, list);

	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n && list[k].from.x <= list[i].to.x; k++)
			if (spots_conflict(list[i].from, list[i].to, list[k].from, list[k].to)) {
				conflict_note(arcs, list[i].arc);
				conflict_note(arcs, list[k].arc);
			}
}

/* A ring whose arcs became one stretch. */
static void flat_find(struct arcs *arcs, struct spot room[])
{
	for (size_t i = 0; i < arcs->n_rings; i++) {
		const struct arc_ring *ring = &arcs->rings[i];

		if (ring->dropped || spots_area2(room, arcs_ring(arcs, i, room)) != 0)
			continue;
		for (size_t k = 0; k < ring->n; k++)
			conflict_note(arcs, arcs->uses[ring->first + k].arc);
	}
}

/* Did any arc that is in conflict have points to give back? */
static bool conflicts_mend(struct arcs *arcs, struct span stack[])
{
	bool any = false;

	for (size_t i = 0; i < arcs->n; i++) {
		struct arc *arc = &arcs->list[i];

		if (arc->conflict && arc->tolerance > 0) {
			arc_simplify(arcs, arc, arc->tolerance / 4, stack);
			any = true;
		}
		arc->conflict = false;
	}
	return any;
}

int arcs_settle(struct arcs *arcs)
{
	struct span *stack = stack_make(arcs);
	struct stretch *list = malloc((arcs->n_spots + 1) * sizeof(*list));
	struct spot *room = malloc((arcs->n_spots + 1) * sizeof(*room));
	bool whole = stack && list && room;

	for (bool any = whole; any;) {
		conflicts_find(arcs, list);
		flat_find(arcs, room);
		any = conflicts_mend(arcs, stack);
	}
	free(stack);
	free(list);
	free(room);
	return whole ? 0 : -ENOMEM;
}
