#include "registry/geojson.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "registry/maps.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_ROOM 256u /* longer is no unit's code */

struct reader {
	struct shapes shapes;
	size_t feature; /* from 1 */
};

/* Before any of it is read: how deep it is, and about how many positions it has. */
static int bounds_check(const char *json, size_t len, struct err *err)
{
	size_t depth = 0, brackets = 0;
	bool text = false;

	for (size_t i = 0; i < len; i++) {
		if (text && json[i] == '\\')
			i++;
		else if (json[i] == '"')
			text = !text;
		else if (!text && (json[i] == '[' || json[i] == '{')) {
			depth++;
			brackets += json[i] == '[';
		} else if (!text && (json[i] == ']' || json[i] == '}') && depth > 0)
			depth--;
		if (depth > GEOJSON_DEPTH_MAX)
			return err_set(err, -EINVAL, "it is not GeoJSON: over %u brackets deep",
				       GEOJSON_DEPTH_MAX);
		if (brackets > GEOJSON_POSITION_MAX + GEOJSON_POSITION_MAX / 4)
			return err_set(err, -E2BIG,
				       "its borders have over %u points, more than a map needs",
				       GEOJSON_POSITION_MAX);
	}
	return 0;
}

static int feature_wrong(const struct reader *reader, const char *what, struct err *err)
{
	return err_set(err, -EINVAL, "feature %zu: %s", reader->feature, _(what));
}

/* --- positions --- */

/* A number of degrees in parts; false: it is none, or beyond @most. */
static bool degrees_read(const json_t *number, int most, int32_t *ret)
{
	double degrees = json_number_value(number); /* 0 for what is none */

	if (!json_is_number(number) || !(fabs(degrees) <= most))
		return false;
	*ret = (int32_t)lround(degrees * GEOJSON_DEGREE);
	return true;
}

static int position_read(const struct reader *reader, const json_t *position, struct spot *ret,
			 struct err *err)
{
	if (!json_is_array(position) || json_array_size(position) < 2)
		return feature_wrong(reader, N_("a position is an array of longitude and latitude"),
				     err);
	if (!degrees_read(json_array_get(position, 0), 180, &ret->x) ||
	    !degrees_read(json_array_get(position, 1), 90, &ret->y))
		return feature_wrong(reader,
				     N_("a position is not on Earth: it must be degrees of "
					"longitude and latitude (WGS 84), in this order"),
				     err);
	return 0;
}

static int ring_read(struct reader *reader, const json_t *ring, bool hole, struct err *err)
{
	size_t n = json_array_size(ring); /* 0 for what is none */
	struct spot first = { 0 }, spot = { 0 };

	if (n < 4)
		return feature_wrong(reader, N_("a ring is an array of at least four positions"),
				     err);
	if (reader->shapes.n_spots + n > GEOJSON_POSITION_MAX)
		return err_set(err, -E2BIG,
			       "its borders have over %u points, more than a map needs",
			       GEOJSON_POSITION_MAX);
	if (shapes_add_ring(&reader->shapes, hole) < 0)
		return err_memory(err);
	for (size_t i = 0; i < n; i++) {
		int rc = position_read(reader, json_array_get(ring, i), &spot, err);

		if (rc < 0)
			return rc;
		if (i == 0)
			first = spot;
		if (i + 1 < n && shapes_add_spot(&reader->shapes, spot) < 0)
			return err_memory(err);
	}
	return spot_same(first, spot)
		       ? 0
		       : feature_wrong(reader, N_("a ring must end where it begins"), err);
}

static int polygon_read(struct reader *reader, const json_t *polygon, struct err *err)
{
	const json_t *ring;
	size_t i;
	int rc = 0;

	if (json_array_size(polygon) == 0)
		return feature_wrong(reader, N_("a polygon is an array of rings"), err);
	json_array_foreach((json_t *)polygon, i, ring) {
		rc = ring_read(reader, ring, i > 0, err);
		if (rc < 0)
			break;
	}
	return rc;
}

/* --- features --- */

static int geometry_read(struct reader *reader, const json_t *geometry, struct err *err)
{
	const char *type = json_string_value(json_object_get(geometry, "type"));
	const json_t *coordinates = json_object_get(geometry, "coordinates"), *polygon;
	size_t i;
	int rc = 0;

	if (type && strcmp(type, "Polygon") == 0)
		return polygon_read(reader, coordinates, err);
	if (!type || strcmp(type, "MultiPolygon") != 0)
		return feature_wrong(reader, N_("its geometry must be a Polygon or a MultiPolygon"),
				     err);
	if (json_array_size(coordinates) == 0)
		return feature_wrong(reader, N_("a MultiPolygon is an array of polygons"), err);
	json_array_foreach((json_t *)coordinates, i, polygon) {
		rc = polygon_read(reader, polygon, err);
		if (rc < 0)
			break;
	}
	return rc;
}

static int code_find(const struct reader *reader, const json_t *feature, char ret[CODE_ROOM],
		     struct err *err)
{
	const json_t *code = json_object_get(feature, "id");

	if (!code)
		code = json_object_get(json_object_get(feature, "properties"), "code");
	if (json_is_integer(code))
		(void)snprintf(ret, CODE_ROOM, "%" JSON_INTEGER_FORMAT,
			       json_integer_value(code)); /* fits */
	else if (json_is_string(code) && json_string_length(code) < CODE_ROOM &&
		 json_string_length(code) > 0)
		strcpy(ret, json_string_value(code));
	else
		return feature_wrong(
			reader,
			N_("the unit's code is missing: it is the id or the property \"code\""),
			err);
	return 0;
}

static int feature_read(struct reader *reader, const json_t *feature, struct err *err)
{
	const char *type = json_string_value(json_object_get(feature, "type"));
	char code[CODE_ROOM], excerpt[EXCERPT_MAX];
	int rc = type && strcmp(type, "Feature") == 0
			 ? code_find(reader, feature, code, err)
			 : feature_wrong(reader, N_("it is not a Feature"), err);

	for (size_t i = 0; i < reader->shapes.n && rc == 0; i++)
		if (strcmp(reader->shapes.list[i].code, code) == 0)
			rc = err_set(err, -EINVAL,
				     "feature %zu: '%s' was there before, as feature %zu; all "
				     "parts of a unit are one "
				     "MultiPolygon",
				     reader->feature, utf8_excerpt(code, strlen(code), excerpt),
				     i + 1);
	if (rc == 0 && shapes_add(&reader->shapes, code) < 0)
		rc = err_memory(err);
	return rc == 0 ? geometry_read(reader, json_object_get(feature, "geometry"), err) : rc;
}

static bool grid_number(const json_t *grid, size_t i, int64_t least, int64_t most, int64_t *ret)
{
	const json_t *number = json_array_get(grid, i);

	*ret = json_integer_value(number);
	return json_is_integer(number) && *ret >= least && *ret <= most;
}

static void grid_read(struct reader *reader, const json_t *grid)
{
	int64_t west, north, step_x, step_y, width, height;

	if (json_array_size(grid) == 6 &&
	    grid_number(grid, 0, -180ll * GEOJSON_DEGREE, 180ll * GEOJSON_DEGREE, &west) &&
	    grid_number(grid, 1, -90ll * GEOJSON_DEGREE, 90ll * GEOJSON_DEGREE, &north) &&
	    grid_number(grid, 2, 1, INT32_MAX, &step_x) &&
	    grid_number(grid, 3, 1, INT32_MAX, &step_y) &&
	    grid_number(grid, 4, 1, MAP_BORDERS_SIDE, &width) &&
	    grid_number(grid, 5, 1, MAP_BORDERS_SIDE, &height))
		reader->shapes.grid =
			(struct grid){ (int32_t)west,   (int32_t)north,  (int32_t)step_x,
				       (int32_t)step_y, (unsigned)width, (unsigned)height };
}

static int collection_read(struct reader *reader, const json_t *json, struct err *err)
{
	const char *type = json_string_value(json_object_get(json, "type"));
	const json_t *features = json_object_get(json, "features"), *feature;
	size_t i;
	int rc = 0;

	if (!type || strcmp(type, "FeatureCollection") != 0 || !json_is_array(features))
		return err_set(err, -EINVAL,
			       "it is not a FeatureCollection as GeoJSON (RFC 7946) has them");
	if (json_array_size(features) == 0)
		return err_set(err, -EINVAL, "there is no feature in it");
	if (json_array_size(features) > MAP_CELLS_MAX)
		return err_set(err, -E2BIG, "it has over %u features", MAP_CELLS_MAX);
	grid_read(reader, json_object_get(json, "grid"));
	json_array_foreach((json_t *)features, i, feature) {
		reader->feature = i + 1;
		rc = feature_read(reader, feature, err);
		if (rc < 0)
			break;
	}
	return rc;
}

int geojson_read(const char *json, size_t len, struct shapes *ret_shapes, struct err *err)
{
	struct reader reader = { 0 };
	json_error_t why;
	char shown[EXCERPT_MAX];
	int rc = bounds_check(json, len, err);

	if (rc < 0)
		return rc;
	json_t *whole = json_loadb(json, len, JSON_REJECT_DUPLICATES, &why);
	if (!whole)
		return json_error_code(&why) == json_error_out_of_memory
			       ? err_memory(err)
			       : err_set(err, -EINVAL, "it is not JSON: line %d: %s", why.line,
					 utf8_excerpt(why.text, strlen(why.text), shown));
	rc = collection_read(&reader, whole, err);
	json_decref(whole);
	if (rc == 0)
		*ret_shapes = reader.shapes;
	else
		shapes_free(&reader.shapes);
	return rc;
}
