/* /v1/map: GET answers the map for the borders of a day, as it is drawn. /v1/maps: GET lists the
 * maps that there are; PUT takes one over, tiles as CSV or borders as GeoJSON, with the arguments
 * of importing.h; GET .../file gives one back as such a file; POST .../remove takes one away. */
#include "api/call.h"
#include "api/importing.h"
#include "common/model/civil.h"
#include "registry/map_export.h"
#include "registry/map_import.h"
#include "registry/map_view.h"
#include "registry/maps.h"
#include "schema/event.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int kind_read(const char *text, int *ret_kind, struct err *err)
{
	enum map_kind kind;
	int rc = text ? map_kind_parse(text, &kind, err) : 0;

	if (rc == 0)
		*ret_kind = text ? (int)kind : MAP_KINDS_BOTH;
	return rc;
}

/* --- looking --- */

static int map_get(struct call *call, sqlite3 *db, const struct reference *reference,
		   struct err *err)
{
	const char *structure = http_arg(call->request, "structure");
	int32_t day = civil_day(civil_now_us());
	struct table *table = NULL;
	int kind = MAP_KINDS_BOTH;
	int rc = structure ? day_parse(structure, &day, err) : 0;

	if (rc == 0)
		rc = kind_read(http_arg(call->request, "kind"), &kind, err);
	if (rc == 0)
		rc = map_view(db, reference->units, day, kind, &table, err);
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int maps_get(struct call *call, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	struct table *table = NULL;
	int rc = maps_list(db, &table, err);

	(void)reference;
	return rc == 0 ? call_answer_table(call, table, err) : rc;
}

static int which_map(const struct call *call, enum map_kind *ret_kind, int32_t *ret_day,
		     struct err *err)
{
	const char *kind = http_arg(call->request, "kind");
	const char *from = http_arg(call->request, "valid_from");
	int rc;

	if (!kind)
		return err_set(err, -EINVAL, "kind: must be tiles or borders");
	if (!from)
		return err_set(err, -EINVAL,
			       "valid_from: must be the day on which the map begins to hold, as "
			       "`lantoa map list` has it");
	rc = map_kind_parse(kind, ret_kind, err);
	return rc == 0 ? day_parse(from, ret_day, err) : rc;
}

static int file_get(struct call *call, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	enum map_kind kind = MAP_TILES;
	struct map map = { 0 };
	struct blob file = { 0 };
	int32_t day = 0;
	int rc = which_map(call, &kind, &day, err);

	if (rc == 0)
		rc = map_of(db, day, kind, &map, err);
	if (rc == 0)
		rc = map_export(&map, reference->units, &file, err);
	if (rc == 0)
		call_answer_csv(call, &file);
	if (rc == 0 && kind == MAP_BORDERS)
		call->answer_type = "application/geo+json";
	blob_free(&file);
	map_free(&map);
	return rc;
}

/* --- changing --- */

static int maps_prepare(struct call *call, struct err *err)
{
	size_t i = 0;

	while (i < call->body_len && call->body[i] && strchr(" \t\r\n", call->body[i]))
		i++;
	call->body_is_json = i < call->body_len && call->body[i] == '{';
	return importing_prepare(call, err);
}

static int file_read(struct call *call, struct map_day *day, struct map *ret_map, struct err *err)
{
	if (call->body_is_json)
		return map_borders_read(call->body, call->body_len, day, ret_map, err);
	return map_tiles_read(call->body, call->body_len, day, ret_map, err);
}

static int import_map(struct call *call, sqlite3 *db, size_t *ret_n, struct err *err)
{
	const char *structure = http_arg(call->request, "structure");
	struct map_day day = { .day = MAP_DAY_LATEST };
	struct units *units = NULL;
	struct map map = { 0 };
	bool changed = false;
	int rc = structure ? day_parse(structure, &day.day, err) : 0;

	if (rc == 0)
		rc = units_load(db, &units, err);
	day.units = units;
	if (rc == 0)
		rc = file_read(call, &day, &map, err);
	if (rc == 0)
		rc = map_put(db, &map, &changed, err);
	if (rc == 0)
		map_missing(&day, &map, call->warning);
	if (rc == 0)
		*ret_n = changed ? map.n : 0;
	map_free(&map);
	units_close(units);
	return rc;
}

static int cells_table(sqlite3 *db, const struct reference *reference, struct table **ret_table,
		       struct err *err)
{
	return maps_cells(db, reference->units, ret_table, err);
}

static int maps_put(struct call *call, sqlite3 *db, const struct reference *reference,
		    struct err *err)
{
	static const struct importing importing = { .what = "map import",
						    .answer = "units",
						    .keys = "valid_from map code",
						    .import = import_map,
						    .table = cells_table };

	return importing_run(call, db, reference, &importing, err);
}

static int remove_post(struct call *call, sqlite3 *db, const struct reference *reference,
		       struct err *err)
{
	const char *from = NULL, *name = NULL;
	enum map_kind kind;
	int32_t day = 0;
	char detail[64], text[DAY_TEXT_MAX];
	int rc = call_field_needed(call, "valid_from", &from, err);

	(void)reference;
	if (rc == 0)
		rc = call_field_needed(call, "kind", &name, err);
	if (rc == 0)
		rc = day_parse(from, &day, err);
	if (rc == 0)
		rc = map_kind_parse(name, &kind, err);
	if (rc == 0)
		rc = map_remove(db, day, kind, err);
	if (rc < 0)
		return rc;
	(void)snprintf(detail, sizeof(detail), "valid_from=%s kind=%s", day_format(day, text),
		       map_kind_name(kind)); /* fits */
	rc = event_append(db,
			  &(struct event_form){
				  .who = call->caller.who, .kind = "map remove", .detail = detail },
			  NULL, err);
	return rc == 0 ? call_answer_number(call, "removed", 1, err) : rc;
}

const struct action map_actions[] = {
	{ ROLE_VIEWER, "GET", "/v1/map", "structure kind", NULL, CALL_READ, NULL, map_get, NULL,
	  "Which units stand where on the map, under the borders of a day.",
	  "area area_name cell cell_name part parts col row:i outline", NULL },
	{ ROLE_VIEWER, "GET", "/v1/maps", NULL, NULL, CALL_READ, NULL, maps_get, NULL,
	  "Which maps there are.", "valid_from! map! level! units! size! edition!", NULL },
	{ ROLE_VIEWER, "GET", "/v1/maps/file", "kind valid_from", NULL, CALL_READ, NULL, file_get,
	  NULL, "A map as a file that can be taken over again: tiles as CSV, borders as GeoJSON.",
	  "map", "kind valid_from" },
	{ ROLE_ADMIN, "PUT", "/v1/maps", "structure " IMPORT_ARGUMENTS, NULL, CALL_WRITE,
	  maps_prepare, maps_put, NULL, "Take over a map.",
	  "=units =warning? | change! row! column was becomes figures offices", NULL },
	{ ROLE_ADMIN, "POST", "/v1/maps/remove", NULL, "valid_from kind", CALL_WRITE, NULL,
	  remove_post, NULL, "Take a map away.", "=removed", "valid_from kind" },
};
const size_t n_map_actions = sizeof(map_actions) / sizeof(map_actions[0]);
