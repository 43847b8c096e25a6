/* The maps of the province, each of the units of one day: a grid of tiles of one size, or their
 * borders as drawn lines. A map says where a unit stands on a screen, and no more: no figure
 * depends on one.
 *
 * A map stands from the day on which the last of its units came into force, and until there is a
 * later one. Whoever asks for a day gets the latest of then or before; borders before tiles of the
 * same day. For a day before all of them there is the earliest, and tiles before borders: a tile
 * can be divided among the units that became the one it stands for. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/units.h"

#include <stddef.h>
#include <stdint.h>

enum map_kind { MAP_TILES, MAP_BORDERS };
#define MAP_KINDS_BOTH   (-1) /* for those who look for either */

#define MAP_CELLS_MAX    4096u
#define MAP_TILES_SIDE   64u           /* columns, and rows, of a grid of tiles at most */
#define MAP_BORDERS_SIDE 4096u         /* points, likewise, of the grid that borders are drawn on */
#define MAP_BYTES_MAX    (512u * 1024) /* of the cells as they are kept */

struct map_cell {
	const char *code;  /* of the unit, on the map's day */
	const char *place; /* tiles: "COLUMN ROW"; borders: an SVG path */
	unsigned col, row; /* of a tile, from 0, at the top left */
};

struct map {
	enum map_kind kind;
	int32_t valid_from;     /* a day */
	char *level;            /* owned: of all its units */
	unsigned width, height; /* tiles: columns and rows; borders: points of the grid */
	char *frame;            /* owned: where on Earth the grid lies; "": not known */
	char *text;             /* owned: what the cells' texts lie in */
	struct map_cell *cells; /* owned [n], sorted by code */
	size_t n;
};

const char *map_kind_name(enum map_kind kind); /* "tiles", "borders" */
/** -EINVAL: it is neither. */
int map_kind_parse(const char *name, enum map_kind *ret_kind, struct err *err);

void map_free(struct map *map); /* zeroes are fine, and left */

/** The cells as they are kept: a line "CODE PLACE" each. @map has the other members; what it had of
 * cells goes. -EINVAL when they cannot be; -ENOMEM. */
int map_cells_read(struct map *map, const char *lines, size_t len, struct err *err);

/** Keep @map in the place of the one of its day and kind. @ret_changed false: it is there already,
 * just so. Appends no event. */
int map_put(sqlite3 *db, const struct map *map, bool *ret_changed, struct err *err);
/** Take it away. -ENOENT, with what there is. Appends no event. */
int map_remove(sqlite3 *db, int32_t valid_from, enum map_kind kind, struct err *err);

/** The map for @day (see above) of @kind, or MAP_KINDS_BOTH. 1; 0: there is none. -EUCLEAN: a disk
 * damaged it. */
int map_find(sqlite3 *db, int32_t day, int kind, struct map *ret_map, struct err *err);

/** The very one that map_remove() would take away. -ENOENT, with what there is; -EUCLEAN. */
int map_of(sqlite3 *db, int32_t valid_from, enum map_kind kind, struct map *ret_map,
	   struct err *err);

/** All maps, the latest first: valid_from map level units size edition. The caller closes. */
int maps_list(sqlite3 *db, struct table **ret_table, struct err *err);
/** The cells of all maps: valid_from map code name place. The caller closes. */
int maps_cells(sqlite3 *db, const struct units *units, struct table **ret_table, struct err *err);
