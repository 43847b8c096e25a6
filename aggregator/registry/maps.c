#include "registry/maps.h"

#include "common/base/array.h"
#include "common/base/hash.h"
#include "common/base/utf8.h"
#include "registry/code.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS "valid_from, kind, level, width, height, frame, cells"

static const char *const names[] = { [MAP_TILES] = "tiles", [MAP_BORDERS] = "borders" };

const char *map_kind_name(enum map_kind kind)
{
	return names[kind];
}

int map_kind_parse(const char *name, enum map_kind *ret_kind, struct err *err)
{
	char excerpt[EXCERPT_MAX];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0) {
			*ret_kind = (enum map_kind)i;
			return 0;
		}
	return err_set(err, -EINVAL, "a map is of tiles or borders, not '%s'",
		       utf8_excerpt(name, strlen(name), excerpt));
}

void map_free(struct map *map)
{
	free(map->level);
	free(map->frame);
	free(map->text);
	free(map->cells);
	*map = (struct map){ 0 };
}

/* --- cells --- */

static int cells_wrong(size_t line, struct err *err)
{
	return err_set(err, -EINVAL, "cell %zu cannot be", line);
}

/* A number below @end, all of @text. */
static bool number_read(const char **text, unsigned end, unsigned *ret)
{
	const char *at = *text;
	unsigned number = 0;

	if (*at < '0' || *at > '9')
		return false;
	while (*at >= '0' && *at <= '9' && number < end)
		number = number * 10 + (unsigned)(*at++ - '0');
	*text = at;
	*ret = number;
	return number < end;
}

static bool tile_read(const struct map *map, struct map_cell *cell)
{
	const char *at = cell->place;

	return number_read(&at, map->width, &cell->col) && *at++ == ' ' &&
	       number_read(&at, map->height, &cell->row) && *at == '\0';
}

/* What may stand in the attribute of an SVG path: of borders.c. */
static bool is_path(const char *text)
{
	return *text == 'M' && text[strspn(text, "Mlz -0123456789")] == '\0';
}

static int cell_order(const void *left, const void *right)
{
	const struct map_cell *l = left, *r = right;

	return strcmp(l->code, r->code);
}

int map_cells_read(struct map *map, const char *lines, size_t len, struct err *err)
{
	free(map->text);
	free(map->cells);
	map->cells = NULL;
	map->n = 0;
	map->text = strndup(lines, len);
	if (!map->text)
		return err_memory(err);
	for (char *rest = map->text, *line; (line = strsep(&rest, "\n")) && *line;) {
		struct map_cell *cells = array_room(map->cells, map->n, sizeof(*cells));
		char *place = strchr(line, ' ');

		if (!cells)
			return err_memory(err);
		map->cells = cells;
		if (!place || map->n == MAP_CELLS_MAX)
			return cells_wrong(map->n + 1, err);
		*place++ = '\0';
		cells[map->n] = (struct map_cell){ .code = line, .place = place };
		if (!code_valid(line) ||
		    !(map->kind == MAP_TILES ? tile_read(map, &cells[map->n]) : is_path(place)))
			return cells_wrong(map->n + 1, err);
		map->n++;
	}
	if (map->n == 0)
		return err_set(err, -EINVAL, "there is no cell in it");
	qsort(map->cells, map->n, sizeof(*map->cells), cell_order);
	for (size_t i = 1; i < map->n; i++)
		if (strcmp(map->cells[i - 1].code, map->cells[i].code) == 0)
			return cells_wrong(i + 1, err);
	return 0;
}

/* As map_cells_read() reads them. -ENOMEM. */
static int cells_write(const struct map *map, struct blob *out)
{
	int rc = 0;

	for (size_t i = 0; i < map->n && rc == 0; i++) {
		const struct map_cell *cell = &map->cells[i];

		rc = blob_append(out, cell->code, strlen(cell->code));
		if (rc == 0)
			rc = blob_append(out, " ", 1);
		if (rc == 0)
			rc = blob_append(out, cell->place, strlen(cell->place));
		if (rc == 0)
			rc = blob_append(out, "\n", 1);
	}
	return rc;
}

/* --- rows --- */

static int row_read(sqlite3_stmt *stmt, struct map *ret_map, struct err *err)
{
	struct db_row row = { stmt, err, 0 };
	struct map map = { .valid_from = (int32_t)db_row_int(&row, 0, INT32_MIN, INT32_MAX) };
	struct err why;

	if (map_kind_parse(db_row_text(&row, 1), &map.kind, &why) < 0)
		(void)db_row_refuse(&row, 1);
	const int64_t most = map.kind == MAP_TILES ? MAP_TILES_SIDE : MAP_BORDERS_SIDE;
	map.width = (unsigned)db_row_int(&row, 3, 1, most);
	map.height = (unsigned)db_row_int(&row, 4, 1, most);
	map.level = strdup(db_row_text(&row, 2));
	map.frame = strdup(db_row_text(&row, 5));
	const char *cells = db_row_text(&row, 6);
	int rc = row.rc;
	if (rc == 0)
		rc = map.level && map.frame ? map_cells_read(&map, cells, strlen(cells), &why)
					    : err_memory(err);
	if (rc == -EINVAL)
		rc = db_row_refuse(&row, 6);
	if (rc < 0) {
		map_free(&map);
		return rc == -ENOMEM ? err_memory(err) : rc;
	}
	*ret_map = map;
	return 0;
}

/* Bind the key, 1 and 2. */
static void key_bind(sqlite3_stmt *stmt, int32_t valid_from, enum map_kind kind)
{
	sqlite3_bind_int(stmt, 1, valid_from);
	sqlite3_bind_text(stmt, 2, map_kind_name(kind), -1, SQLITE_STATIC);
}

static void map_bind(sqlite3_stmt *stmt, const struct map *map, const struct blob *cells)
{
	key_bind(stmt, map->valid_from, map->kind);
	sqlite3_bind_text(stmt, 3, map->level, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 4, map->width);
	sqlite3_bind_int64(stmt, 5, map->height);
	sqlite3_bind_text(stmt, 6, map->frame, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 7, (const char *)cells->data, (int)cells->len, SQLITE_STATIC);
}

int map_put(sqlite3 *db, const struct map *map, bool *ret_changed, struct err *err)
{
	sqlite3_stmt *same = NULL, *put = NULL;
	struct blob cells = { 0 };
	int rc = cells_write(map, &cells) < 0 ? err_memory(err) : 0;
	if (rc == 0)
		rc = db_prepare(db,
				"SELECT 1 FROM map WHERE valid_from = ? AND kind = ? AND level = ?"
				" AND width = ? AND height = ? AND frame = ? AND cells = ?",
				&same, err);
	if (rc == 0) {
		map_bind(same, map, &cells);
		rc = db_step(same, err);
	}
	bool there = rc == 1;
	if (rc == 0)
		rc = db_prepare(db,
				"INSERT INTO map(" COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?)"
				" ON CONFLICT DO UPDATE SET level = excluded.level,"
				" width = excluded.width, height = excluded.height,"
				" frame = excluded.frame, cells = excluded.cells",
				&put, err);
	if (rc == 0) {
		map_bind(put, map, &cells);
		rc = db_run(put, err);
	}
	(void)sqlite3_finalize(same); /* these repeat an error told before */
	(void)sqlite3_finalize(put);
	blob_free(&cells);
	if (rc < 0)
		return rc;
	*ret_changed = !there;
	return 0;
}

static int none_there(int32_t valid_from, enum map_kind kind, struct err *err)
{
	char day[DAY_TEXT_MAX];

	return err_set(err, -ENOENT,
		       "there is no map of %s that stands from %s on; `lantoa map list` lists "
		       "those that there are",
		       map_kind_name(kind), day_format(valid_from, day));
}

int map_of(sqlite3 *db, int32_t valid_from, enum map_kind kind, struct map *ret_map,
	   struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT " COLUMNS " FROM map WHERE valid_from = ? AND kind = ?",
			    &stmt, err);

	if (rc == 0) {
		key_bind(stmt, valid_from, kind);
		rc = db_step(stmt, err);
	}
	if (rc == 1)
		rc = row_read(stmt, ret_map, err);
	else if (rc == 0)
		rc = none_there(valid_from, kind, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

int map_remove(sqlite3 *db, int32_t valid_from, enum map_kind kind, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "DELETE FROM map WHERE valid_from = ? AND kind = ?", &stmt, err);

	if (rc == 0) {
		key_bind(stmt, valid_from, kind);
		rc = db_run(stmt, err);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc == 0 && sqlite3_changes(db) == 0 ? none_there(valid_from, kind, err) : rc;
}

int map_find(sqlite3 *db, int32_t day, int kind, struct map *ret_map, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "SELECT " COLUMNS " FROM map WHERE ?2 IS NULL OR kind = ?2"
			    " ORDER BY valid_from > ?1, abs(valid_from - ?1),"
			    " (kind = 'borders') = (valid_from > ?1) LIMIT 1",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int(stmt, 1, day);
		if (kind != MAP_KINDS_BOTH) /* unbound is NULL */
			sqlite3_bind_text(stmt, 2, map_kind_name((enum map_kind)kind), -1,
					  SQLITE_STATIC);
		rc = db_step(stmt, err);
	}
	if (rc == 1 && (rc = row_read(stmt, ret_map, err)) == 0)
		rc = 1;
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

/* --- looking --- */

/* @put of every map, the latest first. */
static int each(sqlite3 *db, struct table *table, const struct units *units,
		void (*put)(struct table *table, const struct units *units, const struct map *map),
		struct err *err)
{
	sqlite3_stmt *rows = NULL;
	int rc = db_prepare(db, "SELECT " COLUMNS " FROM map ORDER BY valid_from DESC, kind", &rows,
			    err);

	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		struct map map = { 0 };

		rc = row_read(rows, &map, err);
		if (rc == 0)
			put(table, units, &map);
		map_free(&map);
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	return rc == 0 && table_failed(table) ? err_memory(err) : rc;
}

static void map_show(struct table *table, const struct units *units, const struct map *map)
{
	char day[DAY_TEXT_MAX], edition[9];
	size_t bytes = 0;
	uint32_t hash = hash_text(HASH_START, map->frame);

	(void)units;
	for (size_t i = 0; i < map->n; i++) {
		const struct map_cell *cell = &map->cells[i];

		bytes += strlen(cell->code) + strlen(cell->place) + 2;
		hash = hash_text(hash_text(hash, cell->code), cell->place);
	}
	(void)snprintf(edition, sizeof(edition), "%08" PRIx32, hash); /* fits */
	table_row(table);
	table_text(table, day_format(map->valid_from, day));
	table_text(table, map_kind_name(map->kind));
	table_text(table, map->level);
	table_int(table, (int64_t)map->n);
	table_int(table, (int64_t)bytes);
	table_text(table, edition);
}

int maps_list(sqlite3 *db, struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "valid_from", "map",  "level",
					       "units",      "size", "edition" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	int rc = table ? each(db, table, NULL, map_show, err) : err_memory(err);

	if (rc == 0)
		*ret_table = table;
	else
		table_close(table);
	return rc;
}

static void cells_show(struct table *table, const struct units *units, const struct map *map)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct map_cell *cell = &map->cells[i];
		const struct unit *unit = units_find(units, cell->code, map->valid_from);
		char day[DAY_TEXT_MAX];

		table_row(table);
		table_text(table, day_format(map->valid_from, day));
		table_text(table, map_kind_name(map->kind));
		table_text(table, cell->code);
		table_text(table, unit ? unit->name : NULL);
		table_text(table, cell->place);
	}
}

int maps_cells(sqlite3 *db, const struct units *units, struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "valid_from", "map", "code", "name", "place" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	int rc = table ? each(db, table, units, cells_show, err) : err_memory(err);

	if (rc == 0)
		*ret_table = table;
	else
		table_close(table);
	return rc;
}
