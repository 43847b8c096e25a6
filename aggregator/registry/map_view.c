#include "registry/map_view.h"

#include "common/base/array.h"
#include "registry/lineage.h"
#include "registry/maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stand {                       /* a unit in a cell */
	const struct map_cell *cell; /* NULL: the unit has no place */
	const struct unit *unit;     /* NULL: the cell has none */
};

struct view {
	const struct units *units;
	const struct map *map;
	int32_t day;
	struct stand *stands; /* owned [n] */
	size_t n;
};

static int stand_add(struct view *view, const struct map_cell *cell, const struct unit *unit,
		     struct err *err)
{
	struct stand *stands = array_room(view->stands, view->n, sizeof(*stands));

	if (!stands)
		return err_memory(err);
	view->stands = stands;
	stands[view->n++] = (struct stand){ cell, unit };
	return 0;
}

static int code_order(const void *key, const void *cell)
{
	return strcmp(key, ((const struct map_cell *)cell)->code);
}

/* The cell of the unit @code of the map's day; NULL: it has none. */
static const struct map_cell *cell_find(const struct map *map, const char *code)
{
	return bsearch(code, map->cells, map->n, sizeof(*map->cells), code_order);
}

static int unit_place(struct view *view, const struct unit *unit, struct err *err)
{
	const struct lineage lineage =
		lineage_trace(view->units, unit, view->day, view->map->valid_from);
	const size_t before = view->n;
	int rc = 0;

	for (size_t i = 0; i < lineage.n && lineage.n <= LINEAGE_MAX && rc == 0; i++) {
		const struct map_cell *cell = cell_find(view->map, lineage.units[i]->code);

		if (cell)
			rc = stand_add(view, cell, unit, err);
	}
	return rc == 0 && view->n == before ? stand_add(view, NULL, unit, err) : rc;
}

static int units_place(struct view *view, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < view->units->n && rc == 0; i++) {
		const struct unit *unit = &view->units->list[i];

		if (unit->valid_from <= view->day && view->day < unit->valid_to &&
		    strcmp(unit->level, view->map->level) == 0)
			rc = unit_place(view, unit, err);
	}
	return rc;
}

static int empty_place(struct view *view, struct err *err)
{
	const size_t placed = view->n;
	int rc = 0;

	for (size_t i = 0; i < view->map->n && rc == 0; i++) {
		size_t k = 0;

		while (k < placed && view->stands[k].cell != &view->map->cells[i])
			k++;
		if (k == placed)
			rc = stand_add(view, &view->map->cells[i], NULL, err);
	}
	return rc;
}

/* As one reads: row by row, from left to right; of borders, by code. */
static int stand_order(const void *left, const void *right)
{
	const struct stand *l = left, *r = right;

	if (!l->cell || !r->cell) {
		if (l->cell || r->cell)
			return l->cell ? -1 : 1;
		return strcmp(l->unit->code, r->unit->code);
	}
	if (l->cell->row != r->cell->row)
		return l->cell->row < r->cell->row ? -1 : 1;
	if (l->cell->col != r->cell->col)
		return l->cell->col < r->cell->col ? -1 : 1;
	if (l->cell != r->cell) /* sorted by code */
		return l->cell < r->cell ? -1 : 1;
	return strcmp(l->unit->code, r->unit->code); /* two: neither is NULL */
}

static void stand_show(const struct view *view, size_t i, size_t part, size_t parts,
		       struct table *table)
{
	const struct unit *unit = view->stands[i].unit;
	const struct map_cell *cell = view->stands[i].cell;
	bool tile = cell && view->map->kind == MAP_TILES;
	const struct unit *drawn =
		cell ? units_find(view->units, cell->code, view->map->valid_from) : NULL;

	table_row(table);
	table_text(table, unit ? unit->code : NULL);
	table_text(table, unit ? unit->name : NULL);
	if (!cell)
		return;
	table_text(table, cell->code);
	table_text(table, drawn ? drawn->name : NULL);
	table_int(table, (int64_t)part);
	table_int(table, (int64_t)parts);
	if (tile) {
		table_int(table, cell->col);
		table_int(table, cell->row);
	} else {
		table_null(table);
		table_null(table);
	}
	table_text(table, tile ? NULL : cell->place);
}

static void view_show(const struct view *view, struct table *table)
{
	for (size_t i = 0, end; i < view->n; i = end) {
		const struct map_cell *cell = view->stands[i].cell;

		for (end = i + 1; cell && end < view->n && view->stands[end].cell == cell;)
			end++;
		for (size_t k = i; k < end; k++)
			stand_show(view, k, k - i + 1, end - i, table);
	}
}

static void head_show(const struct map *map, int32_t day, struct table *table)
{
	char text[DAY_TEXT_MAX], number[16];

	table_head(table, "map", "kind", map ? map_kind_name(map->kind) : "none");
	table_head(table, "map", "structure", day_format(day, text));
	if (!map)
		return;
	table_head(table, "map", "valid_from", day_format(map->valid_from, text));
	table_head(table, "map", "level", map->level);
	(void)snprintf(number, sizeof(number), "%u", map->width); /* fits */
	table_head(table, "map", "width", number);
	(void)snprintf(number, sizeof(number), "%u", map->height); /* fits */
	table_head(table, "map", "height", number);
	if (*map->frame)
		table_head(table, "map", "frame", map->frame);
}

static int view_table(const struct units *units, const struct map *map, int32_t day,
		      struct table *table, struct err *err)
{
	struct view view = { .units = units, .map = map, .day = day };
	int rc = units_place(&view, err);

	if (rc == 0)
		rc = empty_place(&view, err);
	if (rc == 0) {
		if (view.n > 0)
			qsort(view.stands, view.n, sizeof(*view.stands), stand_order);
		view_show(&view, table);
	}
	free(view.stands);
	return rc;
}

int map_view(sqlite3 *db, const struct units *units, int32_t day, int kind,
	     struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "area",  "area_name", "cell", "cell_name", "part",
					       "parts", "col",       "row",  "outline" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	struct map map = { 0 };
	int rc = table ? map_find(db, day, kind, &map, err) : err_memory(err);

	if (rc >= 0) {
		bool there = rc == 1;

		head_show(there ? &map : NULL, day, table);
		rc = there ? view_table(units, &map, day, table, err) : 0;
	}
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	map_free(&map);
	if (rc == 0)
		*ret_table = table;
	else
		table_close(table);
	return rc;
}
