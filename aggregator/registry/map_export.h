/* A map as a file that map_import.h reads as the same map. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "registry/maps.h"
#include "registry/units.h"

/**
 * Write @map: tiles as CSV (code,name,col,row), borders as GeoJSON.
 *
 * Borders are as they were drawn: points of the map's grid, in degrees. What was simplified away
 * when they were imported cannot be had back. The collection has the grid as a member
 * (geojson.h), by which they are taken point by point when they are imported again; without it, or
 * with other points, they are drawn anew. An outer ring runs counterclockwise (RFC 7946).
 *
 * @units  whose names of the map's day are told, which no import reads
 * -EUCLEAN: what is kept of the map is damaged; -ENOMEM.
 */
int map_export(const struct map *map, const struct units *units, struct blob *out, struct err *err);
