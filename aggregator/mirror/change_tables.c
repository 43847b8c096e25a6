#include "mirror/change_tables.h"

#include <string.h>

#define CLOSE(table, keys)                                                                         \
	"UPDATE lantoa." table " t SET known_to = $2::bigint"                                      \
	" FROM jsonb_populate_recordset(NULL::lantoa." table ", $3::jsonb) g"                      \
	" WHERE t.province = $1 AND t.known_to IS NULL AND " keys
#define ADD(table)                                                                                 \
	"INSERT INTO lantoa." table " SELECT * FROM jsonb_populate_recordset(NULL::lantoa." table  \
	", $1::jsonb)"

static const struct change_table tables[] = {
	{ .name = "unit",
	  .columns = { { "id", VALUE_PLAIN, true },
		       { "code", VALUE_PLAIN, false },
		       { "name", VALUE_PLAIN, false },
		       { "level", VALUE_PLAIN, false },
		       { "parent", VALUE_PLAIN, false },
		       { "valid_from", VALUE_DAY, false },
		       { "valid_to", VALUE_DAY, false } },
	  .close = CLOSE("unit", "t.id = g.id"),
	  .add = ADD("unit") },
	{ .name = "successor",
	  .columns = { { "effective_on", VALUE_DAY, true },
		       { "old_code", VALUE_PLAIN, true },
		       { "new_code", VALUE_PLAIN, true },
		       { "share", VALUE_PLAIN, false } },
	  .close = CLOSE("successor", "t.effective_on = g.effective_on AND t.old_code = g.old_code"
				      " AND t.new_code = g.new_code"),
	  .add = ADD("successor") },
	{ .name = "office",
	  .columns = { { "id", VALUE_PLAIN, true },
		       { "code", VALUE_PLAIN, false },
		       { "name", VALUE_PLAIN, false } },
	  .close = CLOSE("office", "t.id = g.id"),
	  .add = ADD("office") },
	{ .name = "assignment",
	  .columns = { { "office", VALUE_PLAIN, true },
		       { "from_day", VALUE_DAY, true },
		       { "unit_code", VALUE_PLAIN, false } },
	  .close = CLOSE("assignment", "t.office = g.office AND t.from_day = g.from_day"),
	  .add = ADD("assignment") },
	{ .name = "closing",
	  .columns = { { "metric", VALUE_PLAIN, true },
		       { "calendar", VALUE_CALENDAR, true },
		       { "grain", VALUE_GRAIN, true },
		       { "number", VALUE_PLAIN, true },
		       { "closed_us", VALUE_PLAIN, false },
		       { "who", VALUE_PLAIN, false } },
	  .close = CLOSE("closing", "t.metric = g.metric AND t.calendar = g.calendar"
				    " AND t.grain = g.grain AND t.number = g.number"),
	  .add = ADD("closing") },
	{ .name = "excuse",
	  .columns = { { "id", VALUE_PLAIN, true },
		       { "office", VALUE_PLAIN, false },
		       { "metric", VALUE_PLAIN, false },
		       { "form", VALUE_PLAIN, false },
		       { "calendar", VALUE_PLAIN, false },
		       { "period", VALUE_PLAIN, false },
		       { "until", VALUE_PLAIN, false },
		       { "reason", VALUE_PLAIN, false },
		       { "who", VALUE_PLAIN, false },
		       { "at_us", VALUE_PLAIN, false },
		       { "ended_us", VALUE_PLAIN, false } },
	  .close = CLOSE("excuse", "t.id = g.id"),
	  .add = ADD("excuse") },
	{ .name = "quarantine",
	  .columns = { { "journal", VALUE_PLAIN, true },
		       { "run", VALUE_PLAIN, true },
		       { "point", VALUE_PLAIN, true },
		       { "verdict", VALUE_VERDICT, false },
		       { "observations", VALUE_PLAIN, false },
		       { "released_us", VALUE_PLAIN, false },
		       { "held_us", VALUE_PLAIN, false } },
	  .close = CLOSE("quarantine", "t.journal = g.journal AND t.run = g.run"
				       " AND t.point = g.point"),
	  .add = ADD("quarantine") },
};

const struct change_table *change_table_find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(tables[i].name, name) == 0)
			return &tables[i];
	return NULL;
}

bool change_table_is_file(const char *name)
{
	static const char *const files[] = { "catalogue", "indicators", "dimensions", "rules",
					     "days_off" };
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(files[i], name) == 0)
			return true;
	return false;
}
