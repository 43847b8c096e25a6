#include "registry/map_export.h"

#include "common/base/quote.h"
#include "common/text/table.h"
#include "registry/borders.h"
#include "registry/geojson.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *name_of(const struct map *map, const struct units *units, const char *code)
{
	const struct unit *unit = units_find(units, code, map->valid_from);

	return unit ? unit->name : "";
}

static int tiles_export(const struct map *map, const struct units *units, struct blob *out,
			struct err *err)
{
	static const char *const columns[] = { "code", "name", "col", "row" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));

	for (size_t i = 0; table && i < map->n; i++) {
		table_row(table);
		table_text(table, map->cells[i].code);
		table_text(table, name_of(map, units, map->cells[i].code));
		table_int(table, map->cells[i].col);
		table_int(table, map->cells[i].row);
	}
	int rc = table && !table_failed(table) ? table_csv(table, out) : -ENOMEM;
	table_close(table);
	return rc < 0 ? err_memory(err) : 0;
}

/* --- borders --- */

struct writing {
	struct blob *out;
	struct grid grid;
	int rc; /* of what did not fit into memory, looked at in the end */
};

static void put(struct writing *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct writing *to, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(text, sizeof(text), format, args); /* fits: no texts but ours */
	va_end(args);
	if (to->rc == 0)
		to->rc = blob_append(to->out, text, (size_t)len);
}

static void put_text(struct writing *to, const char *text)
{
	if (to->rc == 0)
		to->rc = quote_json(to->out, text, strlen(text));
}

static void put_degrees(struct writing *to, int64_t parts)
{
	put(to, "%s%lld.%07lld", parts < 0 ? "-" : "", llabs(parts) / GEOJSON_DEGREE,
	    llabs(parts) % GEOJSON_DEGREE);
}

/* From the same spot, but the other way: on the grid y runs south. */
static void put_ring(struct writing *to, const struct spot spots[], size_t n)
{
	for (size_t i = 0; i <= n; i++) {
		const struct spot spot = spots[(n - i) % n];

		put(to, i ? ",[" : "[[");
		put_degrees(to, to->grid.west + (int64_t)spot.x * to->grid.step_x);
		put(to, ",");
		put_degrees(to, to->grid.north - (int64_t)spot.y * to->grid.step_y);
		put(to, "]");
	}
	put(to, "]");
}

static void put_rings(struct writing *to, const struct shapes *shapes)
{
	for (size_t r = 0; r < shapes->n_rings; r++) {
		const struct ring *ring = &shapes->rings[r];

		put(to, "%s", ring->hole ? "," : r ? "],[" : "[");
		put_ring(to, shapes->spots + ring->first, ring->n);
	}
	put(to, "]");
}

static int put_cell(struct writing *to, const struct map *map, const struct units *units,
		    const struct map_cell *cell, struct err *err)
{
	struct shapes shapes = { 0 };
	int rc = shapes_add(&shapes, cell->code) < 0 ? err_memory(err)
						     : borders_path_read(cell->place, &shapes, err);

	if (rc == 0) {
		put(to, "{\"type\":\"Feature\",\"id\":");
		put_text(to, cell->code);
		put(to, ",\"properties\":{\"name\":");
		put_text(to, name_of(map, units, cell->code));
		put(to, "},\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":[");
		put_rings(to, &shapes);
		put(to, "]}}");
	}
	shapes_free(&shapes);
	return rc;
}

static int borders_export(const struct map *map, const struct units *units, struct blob *out,
			  struct err *err)
{
	struct writing to = { .out = out, .grid = { .width = map->width, .height = map->height } };
	struct grid *grid = &to.grid;
	int rc = 0;

	if (sscanf(map->frame, "%" SCNd32 " %" SCNd32 " %" SCNd32 " %" SCNd32, &grid->west,
		   &grid->north, &grid->step_x, &grid->step_y) != 4)
		rc = err_set(err, -EINVAL, "where on Earth it lies is not kept");
	put(&to, "{\"type\":\"FeatureCollection\",\"grid\":[%" PRId32 ",%" PRId32, grid->west,
	    grid->north);
	put(&to, ",%" PRId32 ",%" PRId32 ",%u,%u],\"features\":[", grid->step_x, grid->step_y,
	    grid->width, grid->height);
	for (size_t i = 0; i < map->n && rc == 0; i++) {
		put(&to, "%s", i ? ",\n" : "\n");
		rc = put_cell(&to, map, units, &map->cells[i], err);
	}
	put(&to, "]}\n");
	if (rc == -EINVAL)
		rc = err->code =
			-EUCLEAN; /* what was taken once is damaged, and nobody's mistake */
	return rc == 0 && to.rc < 0 ? err_memory(err) : rc;
}

int map_export(const struct map *map, const struct units *units, struct blob *out, struct err *err)
{
	return map->kind == MAP_TILES ? tiles_export(map, units, out, err)
				      : borders_export(map, units, out, err);
}
