#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/arcs.h"
#include "registry/borders.h"
#include "registry/geojson.h"
#include "registry/map_export.h"
#include "support/seeds.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a made-up country: SIDE x SIDE units with crooked borders, some with another inside --- */

#define SIDE  7u
#define PARTS 24u     /* stretches of a border */
#define CELL  1000000 /* parts of a degree */
#define WEST  1060000000
#define SOUTH 100000000

struct country {
	struct spot corners[SIDE + 1][SIDE + 1];
	struct spot borders[2][SIDE + 1][SIDE + 1][PARTS + 1]; /* to the east; to the south */
	struct shapes shapes;
};

static void border_make(struct dice *dice, struct spot from, struct spot to, struct spot ret[])
{
	for (int i = 0; i <= (int)PARTS; i++) {
		int near = i < (int)PARTS - i ? i : (int)PARTS - i;
		int64_t most = near == 0 ? 0 : CELL * 12 / 100 * near / ((int)PARTS / 2);

		ret[i].x = (int32_t)(from.x + (int64_t)(to.x - from.x) * i / (int)PARTS);
		ret[i].y = (int32_t)(from.y + (int64_t)(to.y - from.y) * i / (int)PARTS);
		if (abs(to.x - from.x) > abs(to.y - from.y))
			ret[i].y += (int32_t)dice_between(dice, -most, most);
		else
			ret[i].x += (int32_t)dice_between(dice, -most, most);
	}
}

/* All but its end, either way. */
static void border_add(struct shapes *shapes, const struct spot border[], bool back)
{
	for (unsigned i = 0; i < PARTS; i++)
		assert_int_equal(shapes_add_spot(shapes, border[back ? PARTS - i : i]), 0);
}

static void square_add(struct shapes *shapes, struct spot at, int32_t side, unsigned start,
		       bool back)
{
	const struct spot spots[4] = { { at.x, at.y },
				       { at.x + side, at.y },
				       { at.x + side, at.y + side },
				       { at.x, at.y + side } };

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(shapes_add_spot(shapes, spots[(start + (back ? 4 - i : i)) % 4]),
				 0);
}

static void unit_add(struct dice *dice, struct country *c, unsigned x, unsigned y)
{
	bool enclave = dice_below(dice, 6) == 0;
	struct shapes *shapes = &c->shapes;
	struct spot middle = { WEST + CELL * (int32_t)x + CELL * 45 / 100,
			       SOUTH + CELL * (int32_t)y + CELL * 45 / 100 };
	char code[16];

	(void)snprintf(code, sizeof(code), "%02u.%02u", x, y);
	assert_int_equal(shapes_add(shapes, code), 0);
	assert_int_equal(shapes_add_ring(shapes, false), 0);
	border_add(shapes, c->borders[0][y][x], false);
	border_add(shapes, c->borders[1][y][x + 1], false);
	border_add(shapes, c->borders[0][y + 1][x], true);
	border_add(shapes, c->borders[1][y][x], true);
	if (!enclave)
		return;
	assert_int_equal(shapes_add_ring(shapes, true), 0);
	square_add(shapes, middle, CELL / 10, (unsigned)dice_below(dice, 4), true);
	strcat(code, ".in");
	assert_int_equal(shapes_add(shapes, code), 0);
	assert_int_equal(shapes_add_ring(shapes, false), 0);
	square_add(shapes, middle, CELL / 10, (unsigned)dice_below(dice, 4), false);
}

static struct country *country_make(struct dice *dice)
{
	struct country *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	for (unsigned y = 0; y <= SIDE; y++)
		for (unsigned x = 0; x <= SIDE; x++)
			c->corners[y][x] = (struct spot){
				WEST + CELL * (int32_t)x +
					(int32_t)dice_between(dice, -CELL / 8, CELL / 8),
				SOUTH + CELL * (int32_t)y +
					(int32_t)dice_between(dice, -CELL / 8, CELL / 8),
			};
	for (unsigned y = 0; y <= SIDE; y++)
		for (unsigned x = 0; x <= SIDE; x++) {
			if (x < SIDE)
				border_make(dice, c->corners[y][x], c->corners[y][x + 1],
					    c->borders[0][y][x]);
			if (y < SIDE)
				border_make(dice, c->corners[y][x], c->corners[y + 1][x],
					    c->borders[1][y][x]);
		}
	for (unsigned y = 0; y < SIDE; y++)
		for (unsigned x = 0; x < SIDE; x++)
			unit_add(dice, c, x, y);
	return c;
}

static void country_close(struct country *c)
{
	shapes_free(&c->shapes);
	free(c);
}

/* --- what was drawn, read by hand --- */

struct drawn_ring {
	struct spot *spots; /* owned [n] */
	size_t n;
};

struct drawn {
	struct drawn_unit {
		char code[40];
		struct drawn_ring rings[8];
		size_t n;
	} units[2 * SIDE * SIDE];
	size_t n;
};

static const char *path_read(const char *at, struct drawn_unit *unit)
{
	while (*at == 'M') {
		struct drawn_ring *ring = &unit->rings[unit->n++];
		struct spot spot = { 0 };
		char *end;

		assert_true(unit->n <= 8);
		ring->spots = calloc(4096, sizeof(*ring->spots));
		assert_non_null(ring->spots);
		spot.x = (int32_t)strtol(at + 1, &end, 10);
		spot.y = (int32_t)strtol(end, &end, 10);
		ring->spots[ring->n++] = spot;
		assert_int_equal(*end, 'l');
		for (at = end + 1; *at != 'z'; at = end) {
			assert_true(ring->n < 4096);
			spot.x += (int32_t)strtol(at, &end, 10);
			assert_true(end > at);
			spot.y += (int32_t)strtol(end, &end, 10);
			ring->spots[ring->n++] = spot;
		}
		at++;
	}
	return at;
}

static struct drawn *drawn_read(const struct borders *borders)
{
	struct drawn *drawn = calloc(1, sizeof(*drawn));
	char *lines = strndup((const char *)borders->lines.data, borders->lines.len);

	assert_non_null(drawn);
	assert_non_null(lines);
	for (const char *at = lines; *at; at++) {
		struct drawn_unit *unit = &drawn->units[drawn->n++];
		size_t len = strcspn(at, " ");

		assert_true(len < sizeof(unit->code));
		memcpy(unit->code, at, len);
		at = path_read(at + len + 1, unit);
		assert_int_equal(*at, '\n');
	}
	free(lines);
	return drawn;
}

static void drawn_close(struct drawn *drawn)
{
	for (size_t i = 0; i < drawn->n; i++)
		for (size_t k = 0; k < drawn->units[i].n; k++)
			free(drawn->units[i].rings[k].spots);
	free(drawn);
}

/* --- laws --- */

struct edge {
	struct spot from, to;
};

static int edge_order(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct edge));
}

static size_t edges_list(const struct drawn *drawn, struct edge list[], size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < drawn->n; i++)
		for (size_t k = 0; k < drawn->units[i].n; k++) {
			const struct drawn_ring *ring = &drawn->units[i].rings[k];

			for (size_t j = 0; j < ring->n; j++) {
				struct spot a = ring->spots[j],
					    b = ring->spots[j + 1 < ring->n ? j + 1 : 0];
				bool turn = a.x > b.x || (a.x == b.x && a.y > b.y);

				assert_true(n < room);
				list[n++] = turn ? (struct edge){ b, a } : (struct edge){ a, b };
			}
		}
	qsort(list, n, sizeof(*list), edge_order);
	return n;
}

/* Each stretch is in the rings of two neighbours, or of one on the country's edge; and none meets
 * another but at its ends. */
static void neighbours_share_their_borders(const struct drawn *drawn, size_t *ret_outer)
{
	static struct edge edges[200000];
	size_t n = edges_list(drawn, edges, sizeof(edges) / sizeof(edges[0])), single = 0,
	       kinds = 0;

	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && edge_order(&edges[i], &edges[end]) == 0;)
			end++;
		assert_true(end - i <= 2);
		single += end - i == 1;
		edges[kinds++] = edges[i];
	}
	for (size_t i = 0; i < kinds; i++)
		for (size_t k = i + 1; k < kinds; k++)
			if (spots_conflict(edges[i].from, edges[i].to, edges[k].from, edges[k].to))
				fail_msg("%d %d to %d %d meets %d %d to %d %d", edges[i].from.x,
					 edges[i].from.y, edges[i].to.x, edges[i].to.y,
					 edges[k].from.x, edges[k].from.y, edges[k].to.x,
					 edges[k].to.y);
	*ret_outer = single;
}

static int64_t unit_area2(const struct drawn_unit *unit)
{
	int64_t area2 = 0;

	for (size_t k = 0; k < unit->n; k++)
		area2 += spots_area2(unit->rings[k].spots, unit->rings[k].n);
	return area2;
}

static double unit_length(const struct drawn_unit *unit)
{
	double length = 0;

	for (size_t k = 0; k < unit->n; k++)
		for (size_t j = 0; j < unit->rings[k].n; j++) {
			struct spot a = unit->rings[k].spots[j];
			struct spot b = unit->rings[k].spots[j + 1 < unit->rings[k].n ? j + 1 : 0];

			length += hypot(a.x - b.x, a.y - b.y);
		}
	return length;
}

static void rings_are_valid(const struct drawn *drawn)
{
	for (size_t i = 0; i < drawn->n; i++)
		for (size_t k = 0; k < drawn->units[i].n; k++) {
			const struct drawn_ring *ring = &drawn->units[i].rings[k];
			int64_t area2 = spots_area2(ring->spots, ring->n);

			assert_true(ring->n >= 3);
			assert_true(k == 0 ? area2 > 0 : area2 < 0); /* here each has one outer */
		}
}

/* Drawn with all points, and with few. */
static void simplified_borders_neither_part_nor_cross(struct dice *dice, void *context)
{
	unsigned *most = context;
	struct country *c = country_make(dice);
	struct borders fine = { 0 }, coarse = { 0 };
	struct shapes again = { 0 };
	struct err err = { 0 };
	size_t outer = 0, outer_fine = 0, wanted = 4000 + dice_below(dice, 10000);

	for (size_t i = 0; i < c->shapes.n; i++) { /* it changes what it is given */
		assert_int_equal(shapes_add(&again, c->shapes.list[i].code), 0);
		for (size_t r = c->shapes.list[i].first;
		     r < c->shapes.list[i].first + c->shapes.list[i].n; r++) {
			const struct ring *ring = &c->shapes.rings[r];

			assert_int_equal(shapes_add_ring(&again, ring->hole), 0);
			for (size_t k = 0; k < ring->n; k++)
				assert_int_equal(
					shapes_add_spot(&again, c->shapes.spots[ring->first + k]),
					0);
		}
	}
	(void)borders_make(&c->shapes, SIZE_MAX, &fine, &err);
	assert_string_equal(err.text, "");
	(void)borders_make(&again, wanted, &coarse, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(fine.tolerance, 0);
	assert_true(coarse.tolerance > 0);
	assert_true(coarse.lines.len < fine.lines.len);
	*most = coarse.tolerance > *most ? coarse.tolerance : *most;
	struct drawn *was = drawn_read(&fine), *is = drawn_read(&coarse);
	neighbours_share_their_borders(was, &outer_fine);
	neighbours_share_their_borders(is, &outer);
	assert_true(outer >= 4 * SIDE - 4 && outer <= outer_fine);
	rings_are_valid(is);
	assert_int_equal(is->n, was->n);
	for (size_t i = 0; i < is->n; i++) {
		double change =
			fabs((double)(unit_area2(&is->units[i]) - unit_area2(&was->units[i]))) / 2;

		assert_string_equal(is->units[i].code, was->units[i].code);
		assert_int_equal(is->units[i].n, was->units[i].n);
		assert_true(change <= coarse.tolerance * unit_length(&was->units[i]));
	}
	drawn_close(was);
	drawn_close(is);
	borders_free(&fine);
	borders_free(&coarse);
	shapes_free(&again);
	country_close(c);
}

/* --- there and back --- */

/* As it is kept: by code. */
static struct map kept(const struct borders *drawn)
{
	struct map map = { .kind = MAP_BORDERS, .width = drawn->width, .height = drawn->height };
	struct err err = { 0 };
	char frame[64];

	(void)snprintf(frame, sizeof(frame), "%d %d %d %d", drawn->west, drawn->north,
		       drawn->step_x, drawn->step_y);
	map.frame = strdup(frame);
	if (map_cells_read(&map, (const char *)drawn->lines.data, drawn->lines.len, &err) < 0)
		fail_msg("%s: %.*s", err.text, (int)drawn->lines.len,
			 (const char *)drawn->lines.data);
	return map;
}

static char *exported(const struct borders *drawn)
{
	static const struct units none;
	struct map map = kept(drawn);
	struct blob file = { 0 };
	struct err err = { 0 };

	if (map_export(&map, &none, &file, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(blob_append(&file, "", 1), 0);
	map_free(&map);
	return (char *)file.data;
}

static void same_borders(const struct borders *left, const struct borders *right)
{
	struct map was = kept(left), is = kept(right);

	assert_string_equal(was.frame, is.frame);
	assert_int_equal(was.width, is.width);
	assert_int_equal(was.height, is.height);
	assert_int_equal(was.n, is.n);
	for (size_t i = 0; i < was.n; i++) {
		assert_string_equal(was.cells[i].code, is.cells[i].code);
		assert_string_equal(was.cells[i].place, is.cells[i].place);
	}
	map_free(&was);
	map_free(&is);
}

/* 1: it was taken as it was drawn. */
static int taken(const char *json, struct shapes *shapes, struct borders *again)
{
	struct err err = { 0 };

	*shapes = (struct shapes){ 0 };
	*again = (struct borders){ 0 };
	assert_int_equal(geojson_read(json, strlen(json), shapes, &err), 0);
	return borders_take(shapes, again, &err);
}

/* Outer rings run counterclockwise and their holes the other way (RFC 7946), where y is north. */
static void rings_turn_as_geojson_has_it(const struct shapes *shapes)
{
	for (size_t r = 0; r < shapes->n_rings; r++) {
		const struct ring *ring = &shapes->rings[r];
		const struct spot *spots = shapes->spots + ring->first;
		double area2 = 0;

		for (size_t i = 0; i < ring->n; i++) {
			struct spot a = spots[i], b = spots[(i + 1) % ring->n];

			area2 += (double)a.x * b.y - (double)b.x * a.y;
		}
		assert_int_equal(area2 > 0, !ring->hole);
	}
}

static void exported_and_back(struct dice *dice, void *context)
{
	struct country *c = country_make(dice);
	struct borders drawn = { 0 }, again;
	struct shapes shapes, read = { 0 };
	struct err err = { 0 };
	size_t *holes = context;

	assert_int_equal(borders_make(&c->shapes, 20000, &drawn, &err), 0);
	char *json = exported(&drawn);
	assert_int_equal(geojson_read(json, strlen(json), &read, &err), 0);
	rings_turn_as_geojson_has_it(&read);
	for (size_t r = 0; r < read.n_rings; r++)
		*holes += read.rings[r].hole;
	shapes_free(&read);
	assert_int_equal(taken(json, &shapes, &again), 1);
	shapes_free(&shapes);
	same_borders(&again, &drawn);
	borders_free(&again);

	/* Another program leaves the grid out, or moves a point: then it is drawn anew. */
	char *grid = strstr(json, "grid");
	memcpy(grid, "game", 4);
	assert_int_equal(taken(json, &shapes, &again), 0);
	shapes_free(&shapes);
	memcpy(grid, "grid", 4);
	char *point = strstr(strstr(json, "],["), "."); /* the second: the first is the last, too */
	point[7] = point[7] == '9' ? '8' : (char)(point[7] + 1);
	assert_int_equal(taken(json, &shapes, &again), 0);
	assert_true(shapes.spots[0].x > 1000000000); /* as it was read */
	shapes_free(&shapes);
	free(json);
	borders_free(&drawn);
	country_close(c);
}

static void what_was_drawn_is_exported_and_taken_again_as_it_was(void **state)
{
	size_t holes = 0;

	(void)state;
	for_all_seeds(8, exported_and_back, &holes);
	assert_true(seeds_given() || holes > 0);
}

static void what_is_no_path_of_ours_is_told(void **state)
{
	static const char *const paths[] = { "",
					     "M",
					     "M1 2",
					     "M1 2z",
					     "M1 2l",
					     "M1 2l3 4",
					     "M1 2l3 4 5z",
					     "M1 2l3 4 5 6zz",
					     "M1 2l3 4 5 6zM",
					     "M1 2l999999999999 4 5 6z",
					     "M0 0l0 4 4 0z" };

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct shapes shapes = { 0 };
		struct err err = { 0 };

		assert_int_equal(shapes_add(&shapes, "1"), 0);
		assert_int_equal(borders_path_read(paths[i], &shapes, &err), -EINVAL);
		shapes_free(&shapes);
	}
}

static void borders_hold_together_whatever_is_left_out(void **state)
{
	unsigned most = 0;

	(void)state;
	for_all_seeds(12, simplified_borders_neither_part_nor_cross, &most);
	if (!seeds_given())
		assert_true(most >= 8); /* else nothing was shown */
}

/* --- files --- */

#define FEATURE(id, kind, coordinates)                                                             \
	"{\"type\":\"Feature\",\"id\":" id ",\"geometry\":{\"type\":\"" kind                       \
	"\",\"coordinates\":" coordinates "}}"
#define COLLECTION(features) "{\"type\":\"FeatureCollection\",\"features\":[" features "]}"
#define SQUARE               "[[[106,10],[106.5,10],[106.5,10.5],[106,10.5],[106,10]]]"

static void refused(const char *json, int code, const char *why)
{
	struct shapes shapes = { 0 };
	struct err err = { 0 };

	assert_int_equal(geojson_read(json, strlen(json), &shapes, &err), code);
	if (!strstr(err.text, why))
		assert_string_equal(err.text, why);
}

static void what_is_no_geojson_is_refused_with_the_feature_named(void **state)
{
	(void)state;
	refused("", -EINVAL, "it is not JSON: line 1: ");
	refused("{\"type\":\"FeatureCollection\"", -EINVAL, "it is not JSON: line 1: ");
	refused("{}", -EINVAL, "it is not a FeatureCollection");
	refused("[]", -EINVAL, "it is not a FeatureCollection");
	refused("{\"type\":3,\"features\":[]}", -EINVAL, "it is not a FeatureCollection");
	refused("{\"type\":\"FeatureCollection\",\"features\":{}}", -EINVAL,
		"it is not a FeatureCollection");
	refused(COLLECTION(""), -EINVAL, "there is no feature in it");
	refused(COLLECTION("7"), -EINVAL, "feature 1: it is not a Feature");
	refused(COLLECTION(FEATURE("\"A\"", "Polygon", SQUARE) ",{\"type\":\"Feature\"}"), -EINVAL,
		"feature 2: the unit's code is missing: it is the id or the property "
		"\"code\"");
	refused(COLLECTION(FEATURE("1.5", "Polygon", SQUARE)), -EINVAL,
		"feature 1: the unit's code");
	refused(COLLECTION(FEATURE("\"\"", "Polygon", SQUARE)), -EINVAL,
		"feature 1: the unit's code");
	refused(COLLECTION(FEATURE("\"A\"", "Polygon", SQUARE) "," FEATURE("\"A\"", "Polygon",
									   SQUARE)),
		-EINVAL,
		"feature 2: 'A' was there before, as feature 1; all parts of a unit are one "
		"MultiPolygon");
	refused(COLLECTION("{\"type\":\"Feature\",\"id\":1,\"geometry\":null}"), -EINVAL,
		"feature 1: its geometry must be a Polygon or a MultiPolygon");
	refused(COLLECTION(FEATURE("1", "Point", "[106,10]")), -EINVAL,
		"feature 1: its geometry must be a Polygon or a MultiPolygon");
	refused(COLLECTION(FEATURE("1", "Polygon", "[]")), -EINVAL,
		"feature 1: a polygon is an array of rings");
	refused(COLLECTION(FEATURE("1", "Polygon", "{}")), -EINVAL,
		"feature 1: a polygon is an array of rings");
	refused(COLLECTION(FEATURE("1", "MultiPolygon", "[]")), -EINVAL,
		"feature 1: a MultiPolygon is an array of polygons");
	refused(COLLECTION(FEATURE("1", "MultiPolygon", SQUARE)), -EINVAL, "feature 1: ");
	refused(COLLECTION(FEATURE("1", "Polygon", "[[[106,10],[107,10],[106,10]]]")), -EINVAL,
		"feature 1: a ring is an array of at least four positions");
	refused(COLLECTION(FEATURE("1", "Polygon", "[[[106,10],[107,10],[107,11],[106,10.1]]]")),
		-EINVAL, "feature 1: a ring must end where it begins");
	refused(COLLECTION(FEATURE("1", "Polygon", "[[[106,10],[107,10],[107,11],106]]")), -EINVAL,
		"feature 1: a position is an array of longitude and latitude");
	refused(COLLECTION(FEATURE("1", "Polygon", "[[[106],[107,10],[107,11],[106]]]")), -EINVAL,
		"feature 1: a position is an array of longitude and latitude");
}

static void what_is_not_on_earth_is_refused(void **state)
{
	static const char *const numbers[] = { "181",     "-180.5", "1e300", "600000.5",   "null",
					       "\"106\"", "true",   "[106]", "99999999999" };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char json[512];

		(void)snprintf(
			json, sizeof(json),
			COLLECTION(FEATURE("1", "Polygon", "[[[%s,10],[1,1],[2,2],[%s,10]]]")),
			numbers[i], numbers[i]);
		refused(json, -EINVAL, "feature 1: a position is not on Earth");
	}
	refused(COLLECTION(FEATURE("1", "Polygon", "[[[10,106],[1,1],[2,2],[10,106]]]")), -EINVAL,
		"feature 1: a position is not on Earth");
	refused(COLLECTION(FEATURE("1", "Polygon", "[[[NaN,10],[1,1],[2,2],[NaN,10]]]")), -EINVAL,
		"it is not JSON");
	refused(COLLECTION(FEATURE("1", "Polygon", "[[[1e999,10],[1,1],[2,2],[1e999,10]]]")),
		-EINVAL, "it is not JSON");
}

static void what_is_deep_or_huge_is_refused_before_it_is_read(void **state)
{
	size_t len = 3u * 1024 * 1024;
	char *json = malloc(len + 1);

	(void)state;
	assert_non_null(json);
	memset(json, '[', len);
	json[len] = '\0';
	refused(json, -EINVAL, "it is not GeoJSON: over 16 brackets deep");
	for (size_t i = 0; i < len; i++)
		json[i] = "[0],"[i % 4];
	refused(json, -E2BIG, "its borders have over 200000 points, more than a map needs");
	free(json);
	refused("\"[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\"", -EINVAL, "it is not JSON");
}

static void ids_and_codes_and_heights_are_taken(void **state)
{
	static const char json[] = COLLECTION(FEATURE("28249", "Polygon", SQUARE) "," FEATURE(
		"\"28250\"", "MultiPolygon",
		"[[[[106,11,5],[106.5,11,5],[106.25,11.5,5],[106,11,5]]"
		"]]") ",{\"type\":"
		      "\"Feature\","
		      "\"properties\":{\"code\":28251},\"geometry\":{"
		      "\"type\":"
		      "\"Polygon\",\"coordinates\":" SQUARE "}}");
	struct shapes shapes = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(geojson_read(json, strlen(json), &shapes, &err), 0);
	assert_int_equal(shapes.n, 3);
	assert_string_equal(shapes.list[0].code, "28249");
	assert_string_equal(shapes.list[1].code, "28250");
	assert_string_equal(shapes.list[2].code, "28251");
	assert_int_equal(shapes.rings[0].n, 4);
	assert_int_equal(shapes.rings[1].n, 3);
	assert_int_equal(shapes.spots[1].x, 1065000000);
	assert_int_equal(shapes.spots[1].y, 100000000);
	shapes_free(&shapes);
}

/* Two squares of a degree beside each other, a little south of the equator. */
static void a_known_map_is_drawn_so(void **state)
{
	static const char json[] = COLLECTION(
		FEATURE("1", "Polygon", "[[[0,0],[1,0],[1,-1],[0,-1],[0,0]]]") "," FEATURE(
			"2", "Polygon", "[[[1,0],[2,0],[2,-1],[1,-1],[1,0]]]"));
	struct shapes shapes = { 0 };
	struct borders borders = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(geojson_read(json, strlen(json), &shapes, &err), 0);
	assert_int_equal(borders_make(&shapes, BORDERS_BYTES, &borders, &err), 0);
	assert_int_equal(blob_append(&borders.lines, "", 1), 0);
	assert_string_equal((char *)borders.lines.data,
			    "1 M799 0l0 799-799 0 0-799z\n2 M799 0l800 0 0 799-800 0z\n");
	assert_int_equal(borders.width, 1600);
	assert_int_equal(borders.height, 800);
	assert_int_equal(borders.west, 0);
	assert_int_equal(borders.north, 0);
	borders_free(&borders);
	shapes_free(&shapes);
}

static void a_unit_that_cannot_be_seen_is_named(void **state)
{
	static const char json[] = COLLECTION(
		FEATURE("1", "Polygon", "[[[0,0],[1,0],[1,-1],[0,-1],[0,0]]]") "," FEATURE(
			"2", "Polygon", "[[[1,0],[1.0001,0],[1.0001,-0.0001],[1,0]]]"));
	struct shapes shapes = { 0 };
	struct borders borders = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(geojson_read(json, strlen(json), &shapes, &err), 0);
	assert_int_equal(borders_make(&shapes, BORDERS_BYTES, &borders, &err), -EINVAL);
	assert_string_equal(err.text,
			    "'2' is too small to be drawn beside the others: smaller than "
			    "a step of a grid of 1600");
	shapes_free(&shapes);
}

/* As few points as can be: an enclave of 24 points of the grid, and a unit of two specks. */
static void what_is_smaller_than_the_tolerance_is_drawn_all_the_same(void **state)
{
	static const char json[] =
		COLLECTION(FEATURE("1", "Polygon",
				   "[[[0,0],[1,0],[1,-1],[0,-1],[0,0]],"
				   "[[0.5,-0.5],[0.5,-0.51],[0.51,-0.51],[0.51,-0.5],[0.5,"
				   "-0.5]]]") "," FEATURE("2", "Polygon",
							  "[[[0.5,-0.5],[0.51,-0.5],[0.51,"
							  "-0.51],[0.5,-0.51],[0.5,-0.5]]"
							  "]") "," FEATURE("3", "MultiPolygon",
									   "[[[[1.5,0],[1."
									   "52,0],[1.52,-"
									   "0.02],[1.5,0]]"
									   "],"
									   "[[[2,0],[2.01,"
									   "0],[2.01,-0."
									   "01],[2,0]]]"
									   "]"));
	struct shapes shapes = { 0 };
	struct borders borders = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(geojson_read(json, strlen(json), &shapes, &err), 0);
	(void)borders_make(&shapes, 1, &borders, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(borders.tolerance, 64);
	struct drawn *drawn = drawn_read(&borders);
	assert_int_equal(drawn->n, 3);
	assert_int_equal(drawn->units[0].n, 2);
	assert_int_equal(drawn->units[1].n, 1);
	assert_true(unit_area2(&drawn->units[1]) > 0);
	assert_int_equal(drawn->units[2].n, 1); /* the larger of them */
	assert_true(unit_area2(&drawn->units[2]) > 150);
	rings_are_valid(drawn);
	drawn_close(drawn);
	borders_free(&borders);
	shapes_free(&shapes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_map_is_drawn_so),
		cmocka_unit_test(borders_hold_together_whatever_is_left_out),
		cmocka_unit_test(what_was_drawn_is_exported_and_taken_again_as_it_was),
		cmocka_unit_test(what_is_no_path_of_ours_is_told),
		cmocka_unit_test(a_unit_that_cannot_be_seen_is_named),
		cmocka_unit_test(what_is_smaller_than_the_tolerance_is_drawn_all_the_same),
		cmocka_unit_test(what_is_no_geojson_is_refused_with_the_feature_named),
		cmocka_unit_test(what_is_not_on_earth_is_refused),
		cmocka_unit_test(what_is_deep_or_huge_is_refused_before_it_is_read),
		cmocka_unit_test(ids_and_codes_and_heights_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
