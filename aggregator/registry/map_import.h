/* A map read from a file, and held against the units of its day. */
#pragma once

#include "common/base/err.h"
#include "registry/maps.h"
#include "registry/units.h"

#include <stddef.h>

/** "the latest": the structure in which the last of the file's units came into force. */
#define MAP_DAY_LATEST INT32_MIN

/** Units that the map does not show, in a sentence. */
#define MAP_WARNING_MAX 1024u

struct map_day { /* which units a file is of */
	const struct units *units;
	int32_t day;       /* given, or MAP_DAY_LATEST */
	int32_t from;      /* found: the day on which the last of them came into force */
	const char *level; /* found; lent by the units */
};

/**
 * Find the day of @codes[@n]: all are units in force on one day, of one level.
 *
 * @day has units and day, and gets the rest. -EINVAL names the codes that nothing is called, with
 * those that may be meant, or that are not of that day. Returns 0.
 */
int map_day_find(struct map_day *day, const char *const codes[], size_t n, struct err *err);

/** The units of that day and level of which no cell of @map is: "" where there are none, else a
 * sentence that names the first. */
void map_missing(const struct map_day *day, const struct map *map, char ret[MAP_WARNING_MAX]);

/** Read @csv, of columns code, col and row: a tile each, from 0 at the top left. -EINVAL, with a
 * diagnostic for each line that is wrong; -ENOMEM. @ret_map is the caller's to free. */
int map_tiles_read(const char *csv, size_t len, struct map_day *day, struct map *ret_map,
		   struct err *err);
/** Read @json (geojson.h) and draw it (borders.h), unless it was drawn before and exported
 * (map_export.h): then it is that map again. -EINVAL, -E2BIG, -ENOMEM. */
int map_borders_read(const char *json, size_t len, struct map_day *day, struct map *ret_map,
		     struct err *err);
