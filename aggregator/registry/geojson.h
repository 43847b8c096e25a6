/* Outlines of units as GeoJSON has them: RFC 7946, a FeatureCollection of Polygons and
 * MultiPolygons. */
#pragma once

#include "common/base/err.h"
#include "registry/shapes.h"

#include <stddef.h>

#define GEOJSON_DEPTH_MAX    16u      /* brackets in one another; a MultiPolygon's spot has 8 */
#define GEOJSON_POSITION_MAX 200000u  /* of all rings */
#define GEOJSON_DEGREE       10000000 /* spots are in these parts of a degree, about a centimetre */

/**
 * Read @json[@len]: a shape for each feature, whose id or, without one, whose property "code" is
 * the unit's code, as a text or a whole number. x is the longitude, y the latitude.
 *
 * -EINVAL, with the feature's number, for what is no such collection, has no or a repeated code,
 * another kind of geometry, a ring that is not closed or has fewer than four positions, or a
 * position that is not on Earth; -E2BIG: over the limits; -ENOMEM. What else a feature has is not
 * looked at; of the collection a member "grid" is: [west, north, step_x, step_y, width, height] of
 * whole numbers, as map_export.h writes it. One that cannot be is as none. @ret_shapes is the
 * caller's to free.
 */
int geojson_read(const char *json, size_t len, struct shapes *ret_shapes, struct err *err);
