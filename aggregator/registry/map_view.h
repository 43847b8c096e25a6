/* A map as it is drawn for a day: which units stand where. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/units.h"

#include <stdint.h>

/**
 * The units in force on @day, of the level that the map for that day has (maps.h), in their places.
 *
 * Rows are area area_name cell cell_name part parts col row outline. Where the map is of the same
 * structure each unit has a cell of its own. Otherwise it stands in the cells of those units that
 * it became, or came of (lineage.h): a cell with several has a row for each, and is divided among
 * them evenly: into @parts, of which this is number @part, from 1. A unit that was divided has a
 * row in each of its cells. A cell without any unit has a row without area; a unit without a place
 * one without cell, at the end: nothing is left out.
 *
 * The object "map" before the rows: kind (tiles, borders, or none), structure, valid_from, level,
 * width and height; of borders also frame (borders.h): west, north, step_x and step_y.
 *
 * @kind  as map_find() takes it
 * -EUCLEAN: the map is damaged.
 */
int map_view(sqlite3 *db, const struct units *units, int32_t day, int kind,
	     struct table **ret_table, struct err *err);
