#include "registry/map_import.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/near.h"
#include "common/base/utf8.h"
#include "common/text/import_sheet.h"
#include "common/text/near_name.h"
#include "registry/borders.h"
#include "registry/code.h"
#include "registry/geojson.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMED_MAX  8u /* that a sentence names */
#define FAULT_ROOM 512u

/* --- of which day it is --- */

struct faults { /* of codes, in one sentence */
	char text[NAMED_MAX * FAULT_ROOM];
	size_t n;
};

/* @format is translated here. */
static void fault_add(struct faults *faults, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void fault_add(struct faults *faults, const char *format, ...)
{
	size_t len = strlen(faults->text);
	va_list args;

	if (faults->n++ >= NAMED_MAX)
		return;
	len += utf8_print(faults->text + len, sizeof(faults->text) - len, "%s",
			  len ? "; " : ""); /* fits */
	va_start(args, format);
	(void)utf8_vprint(faults->text + len, sizeof(faults->text) - len, _(format),
			  args); /* fits */
	va_end(args);
}

static int faults_tell(const struct faults *faults, struct err *err)
{
	if (faults->n == 0)
		return 0;
	if (faults->n > NAMED_MAX)
		return err_set(err, -EINVAL, "%s; and %zu more", faults->text,
			       faults->n - NAMED_MAX);
	return err_set(err, -EINVAL, "%s", faults->text);
}

/* Which unit may be meant by @code: one that is called so, as maps often have it, or whose code is
 * nearest. NULL: none. */
static const struct unit *unit_near(const struct map_day *day, const char *code)
{
	const struct unit *called = NULL, *nearest = NULL;
	size_t least = near_limit(code);
	struct near_name near;

	near_name_begin(&near, code);
	for (size_t i = 0; i < day->units->n; i++) {
		const struct unit *unit = &day->units->list[i];
		bool of_day = day->day == MAP_DAY_LATEST
				      ? unit->valid_to == UNIT_OPEN
				      : unit->valid_from <= day->day && day->day < unit->valid_to;
		size_t distance = of_day ? near_distance(code, unit->code) : SIZE_MAX;

		if (of_day && near_name_try(&near, unit->name))
			called = unit;
		if (distance < least) {
			least = distance;
			nearest = unit;
		}
	}
	return called ? called : nearest;
}

/* The unit @code of the day wanted; NULL: none. */
static const struct unit *unit_of(const struct map_day *day, const char *code)
{
	size_t first, end;

	if (day->day != MAP_DAY_LATEST)
		return units_find(day->units, code, day->day);
	units_range(day->units, code, &first, &end);
	return end > first ? &day->units->list[end - 1] : NULL;
}

static void unknown_tell(const struct map_day *day, const char *code, struct faults *faults)
{
	const struct unit *near = unit_near(day, code);
	char shown[EXCERPT_MAX], text[DAY_TEXT_MAX];
	size_t first, end;

	utf8_excerpt(code, strlen(code), shown);
	units_range(day->units, code, &first, &end);
	if (end > first)
		fault_add(faults, N_("unit '%s' is not in force on %s"), shown,
			  day_format(day->day, text));
	else if (near)
		fault_add(faults, N_("no unit has the code '%s'; '%s' (%s) may be meant"), shown,
			  near->code, near->name);
	else
		fault_add(faults, N_("no unit has the code '%s'"), shown);
}

/* All of them must be in force on the day on which the last of them began. */
static void together_check(struct map_day *day, const char *const codes[], size_t n,
			   struct faults *faults)
{
	for (size_t i = 0; i < n; i++) {
		const struct unit *unit = units_find(day->units, codes[i], day->from);
		char text[DAY_TEXT_MAX];

		if (!unit)
			fault_add(faults,
				  N_("unit '%s' is not in force on %s, when another of them "
				     "begins"),
				  codes[i], day_format(day->from, text));
		else if (day->level && strcmp(unit->level, day->level) != 0)
			fault_add(faults, N_("'%s' is of level %s, and those before of level %s"),
				  codes[i], unit->level, day->level);
		else
			day->level = unit->level;
	}
}

int map_day_find(struct map_day *day, const char *const codes[], size_t n, struct err *err)
{
	struct faults faults = { 0 };

	day->from = INT32_MIN;
	day->level = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct unit *unit = unit_of(day, codes[i]);

		if (!unit)
			unknown_tell(day, codes[i], &faults);
		else if (unit->valid_from > day->from)
			day->from = unit->valid_from;
	}
	if (faults.n == 0)
		together_check(day, codes, n, &faults);
	return faults_tell(&faults, err);
}

void map_missing(const struct map_day *day, const struct map *map, char ret[MAP_WARNING_MAX])
{
	char names[MAP_WARNING_MAX / 2] = "";
	size_t n = 0, len = 0;

	for (size_t i = 0; i < day->units->n; i++) {
		const struct unit *unit = &day->units->list[i];
		size_t k = 0;

		if (unit->valid_from > day->from || day->from >= unit->valid_to ||
		    strcmp(unit->level, day->level) != 0)
			continue;
		while (k < map->n && strcmp(map->cells[k].code, unit->code) != 0)
			k++;
		if (k < map->n)
			continue;
		if (n++ < NAMED_MAX)
			len += utf8_print(names + len, sizeof(names) - len, "%s%s (%s)",
					  len ? ", " : "", unit->code, unit->name);
	}
	*ret = '\0';
	if (n > 0)
		(void)utf8_print(ret, MAP_WARNING_MAX,
				 _("units without a place on this map: %zu (%s%s)"), n, names,
				 n > NAMED_MAX ? ", ..." : ""); /* or cut */
}

/* --- tiles --- */

enum column { CODE, COL, ROW, COLUMNS };
static const char *const columns[COLUMNS] = { "code", "col", "row" };

struct tiles {
	struct map map;
	unsigned *lines; /* owned [n] */
	unsigned char taken[MAP_TILES_SIDE][MAP_TILES_SIDE];
};

static bool side_read(struct import_sheet *sheet, enum column column, unsigned *ret)
{
	const char *text = import_sheet_field(sheet, column);
	size_t digits = strspn(text, "0123456789");
	unsigned long number =
		digits && digits < 4 && !text[digits] ? strtoul(text, NULL, 10) : MAP_TILES_SIDE;
	char excerpt[EXCERPT_MAX];

	*ret = (unsigned)number;
	if (number < MAP_TILES_SIDE)
		return true;
	import_sheet_diagnose(sheet, "%s: '%s' is not valid; it must be a number from 0 to %u",
			      columns[column], utf8_excerpt(text, strlen(text), excerpt),
			      MAP_TILES_SIDE - 1);
	return false;
}

static bool tile_check(struct import_sheet *sheet, struct tiles *tiles, struct map_cell *cell)
{
	const char *code = import_sheet_field(sheet, CODE);
	bool good = side_read(sheet, COL, &cell->col);
	char excerpt[EXCERPT_MAX];

	good = side_read(sheet, ROW, &cell->row) && good;
	if (!code_valid(code)) {
		import_sheet_diagnose(
			sheet, "code: '%s' is not valid; it must be 1 to 32 of A-Z a-z 0-9 . _ -",
			utf8_excerpt(code, strlen(code), excerpt));
		return false;
	}
	for (size_t i = 0; i < tiles->map.n; i++)
		if (strcmp(tiles->map.cells[i].code, code) == 0) {
			import_sheet_diagnose(sheet, "'%s' has a tile already, in line %u", code,
					      tiles->lines[i]);
			return false;
		}
	if (good && tiles->taken[cell->row][cell->col]++) {
		import_sheet_diagnose(sheet, "there is a tile already at column %u, row %u",
				      cell->col, cell->row);
		return false;
	}
	return good;
}

static int on_tile(struct import_sheet *sheet, struct err *err)
{
	struct tiles *tiles = sheet->context;
	struct map *map = &tiles->map;
	struct map_cell *cells = array_room(map->cells, map->n, sizeof(*cells));
	struct map_cell cell = { 0 };

	if (cells)
		map->cells = cells;
	unsigned *lines = array_room(tiles->lines, map->n, sizeof(*lines));
	if (lines)
		tiles->lines = lines;
	if (!cells || !lines)
		return err_memory(err);
	if (!tile_check(sheet, tiles, &cell))
		return 0;
	cell.code = strdup(import_sheet_field(sheet, CODE)); /* until they are kept as lines */
	if (!cell.code)
		return err_memory(err);
	cells[map->n] = cell;
	lines[map->n++] = sheet->row->line;
	if (cell.col >= map->width)
		map->width = cell.col + 1;
	if (cell.row >= map->height)
		map->height = cell.row + 1;
	return 0;
}

static int tiles_keep(const struct tiles *tiles, const struct map_day *day, struct map *ret_map,
		      struct err *err)
{
	struct map map = { .kind = MAP_TILES,
			   .valid_from = day->from,
			   .level = strdup(day->level),
			   .frame = strdup(""),
			   .width = tiles->map.width,
			   .height = tiles->map.height };
	struct blob lines = { 0 };
	int rc = map.level && map.frame ? 0 : err_memory(err);

	for (size_t i = 0; i < tiles->map.n && rc == 0; i++) {
		const struct map_cell *cell = &tiles->map.cells[i];
		char line[CODE_LEN_MAX + 32];
		int len = snprintf(line, sizeof(line), "%s %u %u\n", cell->code, cell->col,
				   cell->row); /* fits */

		rc = blob_append(&lines, line, (size_t)len) < 0 ? err_memory(err) : 0;
	}
	if (rc == 0)
		rc = map_cells_read(&map, (const char *)lines.data, lines.len, err);
	blob_free(&lines);
	if (rc == 0)
		*ret_map = map;
	else
		map_free(&map);
	return rc;
}

static int tiles_day(const struct tiles *tiles, struct map_day *day, struct err *err)
{
	const char **codes = calloc(tiles->map.n, sizeof(*codes));

	if (!codes)
		return err_memory(err);
	for (size_t i = 0; i < tiles->map.n; i++)
		codes[i] = tiles->map.cells[i].code;
	int rc = map_day_find(day, codes, tiles->map.n, err);
	free(codes);
	return rc;
}

int map_tiles_read(const char *csv, size_t len, struct map_day *day, struct map *ret_map,
		   struct err *err)
{
	struct tiles tiles = { 0 };
	struct import_sheet sheet = {
		.columns = columns, .n_columns = COLUMNS, .on_row = on_tile, .context = &tiles
	};
	int rc = import_sheet_read(&sheet, csv, len, err);

	if (rc == 0)
		rc = diagnostics_tell(&sheet.diagnostics, err);
	if (rc == 0 && tiles.map.n == 0)
		rc = err_set(err, -EINVAL, "there is no tile in it");
	if (rc == 0)
		rc = tiles_day(&tiles, day, err);
	if (rc == 0)
		rc = tiles_keep(&tiles, day, ret_map, err);
	for (size_t i = 0; i < tiles.map.n; i++)
		free((char *)tiles.map.cells[i].code);
	map_free(&tiles.map);
	free(tiles.lines);
	return rc;
}

/* --- borders --- */

static int borders_day(const struct shapes *shapes, struct map_day *day, struct err *err)
{
	const char **codes = calloc(shapes->n, sizeof(*codes));

	if (!codes)
		return err_memory(err);
	for (size_t i = 0; i < shapes->n; i++)
		codes[i] = shapes->list[i].code;
	int rc = map_day_find(day, codes, shapes->n, err);
	free(codes);
	return rc;
}

static int borders_keep(const struct borders *borders, const struct map_day *day,
			struct map *ret_map, struct err *err)
{
	char frame[64];

	(void)snprintf(frame, sizeof(frame), "%d %d %d %d", borders->west, borders->north,
		       borders->step_x, borders->step_y); /* fits */
	struct map map = { .kind = MAP_BORDERS,
			   .valid_from = day->from,
			   .level = strdup(day->level),
			   .frame = strdup(frame),
			   .width = borders->width,
			   .height = borders->height };
	int rc = map.level && map.frame ? 0 : err_memory(err);

	if (rc == 0 && borders->lines.len > MAP_BYTES_MAX)
		rc = err_set(err, -E2BIG, "drawn, its borders take over %u bytes", MAP_BYTES_MAX);
	if (rc == 0)
		rc = map_cells_read(&map, (const char *)borders->lines.data, borders->lines.len,
				    err);
	if (rc == 0)
		*ret_map = map;
	else
		map_free(&map);
	return rc;
}

int map_borders_read(const char *json, size_t len, struct map_day *day, struct map *ret_map,
		     struct err *err)
{
	struct shapes shapes = { 0 };
	struct borders borders = { 0 };
	int rc = geojson_read(json, len, &shapes, err);

	if (rc == 0)
		rc = borders_day(&shapes, day, err);
	if (rc == 0)
		rc = borders_take(&shapes, &borders, err);
	if (rc == 0)
		rc = borders_make(&shapes, BORDERS_BYTES, &borders, err);
	if (rc >= 0)
		rc = borders_keep(&borders, day, ret_map, err);
	borders_free(&borders);
	shapes_free(&shapes);
	return rc;
}
