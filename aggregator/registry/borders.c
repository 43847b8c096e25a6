#include "registry/borders.h"

#include "common/base/utf8.h"
#include "registry/arcs.h"
#include "registry/geojson.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_ROOM 16u
#define NUMBER_MOST 100000 /* of a path; no map has so many points */
/* Points of the grid, from one try to the next: each leaves about a third out. */
static const unsigned tolerances[] = { 0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64 };
#define N_TOLERANCES (sizeof(tolerances) / sizeof(tolerances[0]))

void borders_free(struct borders *borders)
{
	blob_free(&borders->lines);
	*borders = (struct borders){ 0 };
}

/* --- the grid --- */

struct bounds {
	int32_t west, east, south, north;
};

static struct bounds bounds_of(const struct shapes *shapes)
{
	struct bounds b = { INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN };

	for (size_t i = 0; i < shapes->n_spots; i++) {
		const struct spot spot = shapes->spots[i];

		b.west = spot.x < b.west ? spot.x : b.west;
		b.east = spot.x > b.east ? spot.x : b.east;
		b.south = spot.y < b.south ? spot.y : b.south;
		b.north = spot.y > b.north ? spot.y : b.north;
	}
	return b;
}

/* Half a step is rounded away from 0; both are not negative. */
static int32_t steps(int64_t distance, int32_t step)
{
	return (int32_t)((distance + step / 2) / step);
}

void borders_project(struct shapes *shapes, struct borders *ret_borders)
{
	const double pi = 3.14159265358979323846;
	const struct bounds b = bounds_of(shapes);
	int64_t wide = (int64_t)b.east - b.west, high = (int64_t)b.north - b.south;
	double middle = ((double)b.north + b.south) / 2 / GEOJSON_DEGREE * pi / 180;
	double narrow = fmax(cos(middle), 0.01); /* a pole has no east */
	double longer = fmax((double)wide * narrow, (double)high);
	double step = ceil(fmax(longer / (BORDERS_SIDE - 1), 1));

	ret_borders->west = b.west;
	ret_borders->north = b.north;
	ret_borders->step_y = (int32_t)step;
	ret_borders->step_x = (int32_t)ceil(step / narrow);
	ret_borders->width = (unsigned)steps(wide, ret_borders->step_x) + 1;
	ret_borders->height = (unsigned)steps(high, ret_borders->step_y) + 1;
	for (size_t i = 0; i < shapes->n_spots; i++) {
		struct spot *spot = &shapes->spots[i];

		*spot = (struct spot){
			steps((int64_t)spot->x - b.west, ret_borders->step_x),
			steps((int64_t)b.north - spot->y, ret_borders->step_y),
		};
	}
}

/* On the grid, points fall together, and what was narrower than a step goes there and back. */
static void ring_clean(struct spot spots[], struct ring *ring)
{
	struct spot *list = spots + ring->first;
	size_t n = 0;

	for (size_t i = 0; i < ring->n; i++) {
		if (n > 0 && spot_same(list[n - 1], list[i]))
			continue;
		if (n > 1 && spot_same(list[n - 2], list[i]))
			n--;
		else
			list[n++] = list[i];
	}
	/* The same where its end meets its beginning. */
	size_t start = 0;
	for (bool more = true; more && n - start > 1;) {
		more = true;
		if (spot_same(list[start], list[n - 1]))
			n--;
		else if (n - start > 2 && spot_same(list[start], list[n - 2]))
			n -= 2; /* the last was a spike on the first */
		else if (n - start > 2 && spot_same(list[start + 1], list[n - 1]))
			start++;
		else
			more = false;
	}
	ring->first += start;
	ring->n = n - start;
}

/* --- what is too small --- */

/* A ring that nobody shares and that is smaller than what is left out elsewhere is a speck; a unit
 * keeps its largest. */
static void specks_drop(const struct shapes *shapes, struct arcs *arcs, unsigned tolerance,
			struct spot room[])
{
	int64_t speck = 2 * (int64_t)tolerance * tolerance;

	for (size_t i = 0; i < shapes->n; i++) {
		const struct shape *shape = &shapes->list[i];
		int64_t largest = 0;

		for (int pass = 0; pass < 2; pass++)
			for (size_t r = shape->first; r < shape->first + shape->n; r++) {
				struct arc_ring *ring = &arcs->rings[r];
				int64_t area2 = llabs(spots_area2(room, arcs_ring(arcs, r, room)));
				bool alone = ring->n == 1 &&
					     arcs->list[arcs->uses[ring->first].arc].uses == 1;

				if (pass == 0)
					largest = area2 > largest ? area2 : largest;
				else if (area2 == 0 ||
					 (alone && area2 <= speck && area2 < largest)) {
					ring->dropped = true;
					if (alone)
						arcs->list[arcs->uses[ring->first].arc].uses = 0;
				}
			}
	}
}

/* --- paths --- */

static int number_put(struct blob *lines, const char *before, int32_t number)
{
	char text[NUMBER_ROOM];
	int len = snprintf(text, sizeof(text), "%s%" PRId32,
			   number < 0 && *before == ' ' ? "" : before, number); /* fits */

	return blob_append(lines, text, (size_t)len);
}

/* "M12 7l3-4 2 0z", from x to y where @outer, else the other way. */
static int ring_put(const struct spot spots[], size_t n, bool outer, struct blob *lines)
{
	bool back = (spots_area2(spots, n) > 0) != outer;
	struct spot last = spots[0];
	int rc = blob_append(lines, "M", 1);

	if (rc == 0)
		rc = number_put(lines, "", last.x);
	if (rc == 0)
		rc = number_put(lines, " ", last.y);
	for (size_t i = 1; i < n && rc == 0; i++) {
		const struct spot spot = spots[back ? n - i : i];

		rc = number_put(lines, i == 1 ? "l" : " ", spot.x - last.x);
		if (rc == 0)
			rc = number_put(lines, " ", spot.y - last.y);
		last = spot;
	}
	return rc == 0 ? blob_append(lines, "z", 1) : rc;
}

static int shape_put(const struct shapes *shapes, const struct shape *shape,
		     const struct arcs *arcs, struct spot room[], struct blob *lines,
		     struct err *err)
{
	char excerpt[EXCERPT_MAX];
	bool any = false, inside = false; /* of an outer ring that is drawn */
	int rc = blob_append(lines, shape->code, strlen(shape->code));

	if (rc == 0)
		rc = blob_append(lines, " ", 1);
	for (size_t r = shape->first; r < shape->first + shape->n && rc == 0; r++) {
		size_t n = arcs->rings[r].dropped ? 0 : arcs_ring(arcs, r, room);

		if (!shapes->rings[r].hole)
			inside = n >= 3;
		if (n < 3 || !inside)
			continue;
		rc = ring_put(room, n, !shapes->rings[r].hole, lines);
		any = true;
	}
	if (rc == 0)
		rc = blob_append(lines, "\n", 1);
	if (rc < 0)
		return err_memory(err);
	return any ? 0
		   : err_set(err, -EINVAL,
			     "'%s' is too small to be drawn beside the others: smaller than a "
			     "step of a grid of %u",
			     utf8_excerpt(shape->code, strlen(shape->code), excerpt), BORDERS_SIDE);
}

static int paths_put(const struct shapes *shapes, const struct arcs *arcs, struct spot room[],
		     struct blob *lines, struct err *err)
{
	int rc = 0;

	lines->len = 0;
	for (size_t i = 0; i < shapes->n && rc == 0; i++)
		rc = shape_put(shapes, &shapes->list[i], arcs, room, lines, err);
	return rc;
}

/* With one tolerance. */
static int paths_try(const struct shapes *shapes, struct arcs *arcs, unsigned tolerance,
		     struct spot room[], struct blob *lines, struct err *err)
{
	if (arcs_simplify(arcs, 0) < 0)
		return err_memory(err);
	specks_drop(shapes, arcs, tolerance, room); /* by what they are, and not what is left */
	if (tolerance > 0 && arcs_simplify(arcs, tolerance) < 0)
		return err_memory(err);
	if (arcs_settle(arcs) < 0)
		return err_memory(err);
	return paths_put(shapes, arcs, room, lines, err);
}

/* As it comes out of the file; what fell flat on the grid is no ring from the beginning. */
static int paths_make(const struct shapes *shapes, size_t bytes, struct borders *borders,
		      struct err *err)
{
	struct spot *room = malloc((2 * shapes->n_spots + 2) * sizeof(*room));
	int rc = room ? 0 : err_memory(err);

	for (size_t i = 0; i < N_TOLERANCES && rc == 0; i++) {
		struct arcs arcs = { 0 };

		rc = arcs_cut(shapes, &arcs) < 0 ? err_memory(err) : 0;
		if (rc == 0)
			rc = paths_try(shapes, &arcs, tolerances[i], room, &borders->lines, err);
		borders->tolerance = tolerances[i];
		arcs_free(&arcs);
		if (borders->lines.len <= bytes)
			break;
	}
	free(room);
	return rc;
}

int borders_make(struct shapes *shapes, size_t bytes, struct borders *ret_borders, struct err *err)
{
	struct borders borders = { 0 };

	borders_project(shapes, &borders);
	for (size_t i = 0; i < shapes->n_rings; i++)
		ring_clean(shapes->spots, &shapes->rings[i]);
	int rc = paths_make(shapes, bytes, &borders, err);
	if (rc == 0)
		*ret_borders = borders;
	else
		borders_free(&borders);
	return rc;
}

/* --- drawn before --- */

/* A spot as a point of the grid; false: it is on none. */
static bool point_of(const struct grid *grid, struct spot spot, struct spot *ret)
{
	int64_t east = (int64_t)spot.x - grid->west, south = (int64_t)grid->north - spot.y;

	if (east < 0 || east % grid->step_x != 0 || east / grid->step_x >= grid->width ||
	    south < 0 || south % grid->step_y != 0 || south / grid->step_y >= grid->height)
		return false;
	*ret = (struct spot){ (int32_t)(east / grid->step_x), (int32_t)(south / grid->step_y) };
	return true;
}

static bool rings_do(const struct shapes *shapes, const struct spot points[])
{
	for (size_t r = 0; r < shapes->n_rings; r++) {
		const struct ring *ring = &shapes->rings[r];

		if (ring->n < 3 || spots_area2(points + ring->first, ring->n) == 0)
			return false;
	}
	return true;
}

static int shape_keep(const struct shapes *shapes, const struct shape *shape, struct blob *lines)
{
	int rc = blob_append(lines, shape->code, strlen(shape->code));

	if (rc == 0)
		rc = blob_append(lines, " ", 1);
	for (size_t r = shape->first; r < shape->first + shape->n && rc == 0; r++) {
		const struct ring *ring = &shapes->rings[r];

		rc = ring_put(shapes->spots + ring->first, ring->n, !ring->hole, lines);
	}
	return rc == 0 ? blob_append(lines, "\n", 1) : rc;
}

static int shapes_keep(const struct shapes *shapes, struct blob *lines)
{
	int rc = 0;

	for (size_t i = 0; i < shapes->n && rc == 0; i++)
		rc = shape_keep(shapes, &shapes->list[i], lines);
	return rc;
}

int borders_take(struct shapes *shapes, struct borders *ret_borders, struct err *err)
{
	const struct grid *grid = &shapes->grid;
	struct borders borders = { .west = grid->west,
				   .north = grid->north,
				   .step_x = grid->step_x,
				   .step_y = grid->step_y,
				   .width = grid->width,
				   .height = grid->height };
	struct spot *points = malloc((shapes->n_spots + 1) * sizeof(*points));
	bool fits = grid->width > 0;

	if (!points)
		return err_memory(err);
	for (size_t i = 0; i < shapes->n_spots && fits; i++)
		fits = point_of(grid, shapes->spots[i], &points[i]);
	fits = fits && rings_do(shapes, points);
	if (fits)
		memcpy(shapes->spots, points, shapes->n_spots * sizeof(*points));
	free(points);
	if (!fits)
		return 0;
	if (shapes_keep(shapes, &borders.lines) < 0) {
		borders_free(&borders);
		return err_memory(err);
	}
	*ret_borders = borders;
	return 1;
}

/* --- a path, read again --- */

/* Two numbers of a path, with a blank or a sign between them. */
static bool pair_read(const char **at, struct spot *ret)
{
	int32_t *const numbers[] = { &ret->x, &ret->y };

	for (size_t i = 0; i < 2; i++) {
		char *end = NULL;
		long number = strtol(*at, &end, 10);

		if (end == *at || labs(number) > NUMBER_MOST)
			return false;
		*numbers[i] = (int32_t)number;
		*at = end;
	}
	return true;
}

/* Behind its M, up to its z. An outer ring turns from x to y. */
static int ring_take(const char **at, struct shapes *shapes)
{
	size_t first = shapes->n_spots;
	struct spot spot = { 0 }, step;

	if (!pair_read(at, &spot) || *(*at)++ != 'l')
		return -EINVAL;
	int rc = shapes_add_ring(shapes, false);
	if (rc == 0)
		rc = shapes_add_spot(shapes, spot);
	while (rc == 0 && **at != 'z') {
		if (!pair_read(at, &step))
			return -EINVAL;
		spot = (struct spot){ spot.x + step.x, spot.y + step.y };
		if (abs(spot.x) > NUMBER_MOST || abs(spot.y) > NUMBER_MOST)
			return -EINVAL;
		rc = shapes_add_spot(shapes, spot);
	}
	if (rc < 0)
		return rc;
	shapes->rings[shapes->n_rings - 1].hole =
		spots_area2(shapes->spots + first, shapes->n_spots - first) < 0;
	*at += 1; /* the z */
	return 0;
}

int borders_path_read(const char *path, struct shapes *shapes, struct err *err)
{
	size_t before = shapes->n_rings;
	int rc = 0;

	while (rc == 0 && *path == 'M') {
		path++;
		rc = ring_take(&path, shapes);
	}
	if (rc == -ENOMEM)
		return err_memory(err);
	if (rc < 0 || *path || shapes->n_rings == before || shapes->rings[before].hole)
		return err_set(err, -EINVAL, "its outline is not valid");
	return 0;
}
