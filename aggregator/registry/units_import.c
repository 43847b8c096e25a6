#include "registry/units_import.h"

#include "common/base/array.h"
#include "common/base/utf8.h"
#include "common/text/import_sheet.h"
#include "registry/code.h"
#include "registry/units.h"
#include "schema/reference_version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An edition is the table of units as a file gives it: read, judged as a whole, and then merged
 * into the stored one, so that only what changed is written and ids stay. */

#define NAME_LEN_MAX  200u
#define LEVEL_LEN_MAX 32u

enum column { CODE, NAME, LEVEL, PARENT, VALID_FROM, VALID_TO, COLUMNS };
static const char *const columns[COLUMNS] = { "code",   "name",       "level",
					      "parent", "valid_from", "valid_to" };

struct units_import {
	struct units *units; /* the good rows; a unit's id is its line until it is written */
	char **doubtful;     /* owned [n]: codes of bad rows, about which nothing more is said */
	size_t n_doubtful;
};

/* --- rows --- */

static bool text_check(struct import_sheet *sheet, enum column column, size_t len_max)
{
	const char *text = import_sheet_field(sheet, column);
	size_t len = strlen(text);
	char excerpt[EXCERPT_MAX];
	if (len >= 1 && len <= len_max && utf8_printable(text, len))
		return true;
	import_sheet_diagnose(sheet, "%s: '%s' is not valid; it must be 1 to %zu bytes of text",
			      columns[column], utf8_excerpt(text, len, excerpt), len_max);
	return false;
}

static bool code_check(struct import_sheet *sheet, enum column column)
{
	const char *code = import_sheet_field(sheet, column);
	char excerpt[EXCERPT_MAX];
	if (code_valid(code))
		return true;
	import_sheet_diagnose(sheet,
			      "%s: '%s' is not valid; it must be 1 to 32 of A-Z a-z 0-9 . _ -",
			      columns[column], utf8_excerpt(code, strlen(code), excerpt));
	return false;
}

static bool level_check(struct import_sheet *sheet)
{
	if (!text_check(sheet, LEVEL, LEVEL_LEN_MAX))
		return false;
	if (strcmp(import_sheet_field(sheet, LEVEL), "office") != 0)
		return true;
	import_sheet_diagnose(sheet, "level: 'office' is what queries call the reporting sites; "
				     "give the level another name");
	return false;
}

static bool day_check(struct import_sheet *sheet, enum column column, int32_t *ret_day)
{
	struct err why = { 0 };
	if (day_parse(import_sheet_field(sheet, column), ret_day, &why) == 0)
		return true;
	import_sheet_diagnose(sheet, "%s: %s", columns[column], why.text);
	return false;
}

static bool days_check(struct import_sheet *sheet, struct unit *unit)
{
	unit->valid_to = UNIT_OPEN;
	bool good = day_check(sheet, VALID_FROM, &unit->valid_from);
	if (import_sheet_field(sheet, VALID_TO)[0] != '\0')
		good = day_check(sheet, VALID_TO, &unit->valid_to) && good;
	if (good && unit->valid_to <= unit->valid_from) {
		import_sheet_diagnose(
			sheet, "valid_to must be after valid_from: it is the first day on which "
			       "the unit is no longer in force");
		return false;
	}
	return good;
}

/* Every check is made, so that a row with two faults shows both. */
static bool row_check(struct import_sheet *sheet, struct unit *unit)
{
	bool good = code_check(sheet, CODE);
	good = text_check(sheet, NAME, NAME_LEN_MAX) && good;
	good = level_check(sheet) && good;
	if (import_sheet_field(sheet, PARENT)[0] != '\0')
		good = code_check(sheet, PARENT) && good;
	return days_check(sheet, unit) && good;
}

static int doubt(struct units_import *import, const char *code, struct err *err)
{
	char **doubtful = array_room(import->doubtful, import->n_doubtful, sizeof(*doubtful));
	if (!doubtful)
		return err_memory(err);
	import->doubtful = doubtful;
	char *copy = strdup(code);
	if (!copy)
		return err_memory(err);
	doubtful[import->n_doubtful++] = copy;
	return 0;
}

static bool is_doubtful(const struct units_import *import, const char *code)
{
	for (size_t i = 0; i < import->n_doubtful; i++)
		if (strcmp(import->doubtful[i], code) == 0)
			return true;
	return false;
}

static int unit_append(struct units_import *import, struct import_sheet *sheet, struct unit row,
		       struct err *err)
{
	struct units *units = import->units;
	struct unit *list = array_room(units->list, units->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	units->list = list;
	const char *parent = import_sheet_field(sheet, PARENT);
	row.id = sheet->row->line;
	row.code = strdup(import_sheet_field(sheet, CODE));
	row.name = strdup(import_sheet_field(sheet, NAME));
	row.level = strdup(import_sheet_field(sheet, LEVEL));
	row.parent = *parent ? strdup(parent) : NULL;
	list[units->n++] = row; /* owned from here on, whatever is missing */
	bool whole = row.code && row.name && row.level && (row.parent || !*parent);
	return whole ? 0 : err_memory(err);
}

static int on_row(struct import_sheet *sheet, struct err *err)
{
	struct unit row = { 0 };
	if (row_check(sheet, &row))
		return unit_append(sheet->context, sheet, row, err);
	return doubt(sheet->context, import_sheet_field(sheet, CODE), err);
}

/* --- the whole --- */

/* Rows of a code are sorted by their first day; @last is the one of them that lasts longest. */
static int overlaps_check(struct units_import *import, struct diagnostics *diagnostics,
			  struct err *err)
{
	const struct unit *last = NULL;
	int rc = 0;
	for (size_t i = 0; i < import->units->n && rc == 0; i++) {
		const struct unit *unit = &import->units->list[i];
		if (last && strcmp(last->code, unit->code) == 0 &&
		    unit->valid_from < last->valid_to) {
			bool later = unit->id > last->id;
			char day[DAY_TEXT_MAX];
			diagnostics_add(
				diagnostics, (unsigned)(later ? unit->id : last->id),
				"'%s' is two units on %s, with line %u; mend the dates of one",
				unit->code, day_format(unit->valid_from, day),
				(unsigned)(later ? last->id : unit->id));
			rc = doubt(import, unit->code, err);
		}
		if (!last || strcmp(last->code, unit->code) != 0 || last->valid_to < unit->valid_to)
			last = unit;
	}
	return rc;
}

/* From row to row of the parent's code: together they must cover the child's life. */
static void parent_check(const struct units_import *import, const struct unit *unit,
			 struct diagnostics *diagnostics)
{
	for (int32_t day = unit->valid_from; day < unit->valid_to;) {
		const struct unit *parent = units_parent(import->units, unit, day);
		if (!parent) {
			char text[DAY_TEXT_MAX];
			diagnostics_add(diagnostics, (unsigned)unit->id,
					"parent '%s' is not in force on %s; import its row or mend "
					"the dates",
					unit->parent, day_format(day, text));
			return;
		}
		day = parent->valid_to;
	}
}

/* A ring stands whole on the day its youngest row begins, so looking at each row's first day finds
 * every ring. */
static void ring_check(const struct units_import *import, const struct unit *unit,
		       struct diagnostics *diagnostics)
{
	const struct unit *above = unit;
	char day[DAY_TEXT_MAX];
	for (unsigned depth = 0; above; depth++) {
		above = units_parent(import->units, above, unit->valid_from);
		if (above == unit) {
			diagnostics_add(
				diagnostics, (unsigned)unit->id,
				"'%s' lies in itself on %s, by its parent '%s'; give one of "
				"them another parent",
				unit->code, day_format(unit->valid_from, day), unit->parent);
			return;
		}
		if (above && depth == UNITS_DEPTH_MAX) {
			diagnostics_add(diagnostics, (unsigned)unit->id,
					"'%s' lies under more than %u units on %s, or under a ring",
					unit->code, UNITS_DEPTH_MAX,
					day_format(unit->valid_from, day));
			return;
		}
	}
}

static int whole_check(struct units_import *import, struct diagnostics *diagnostics,
		       struct err *err)
{
	int rc = units_index(import->units, err);
	if (rc == 0)
		rc = overlaps_check(import, diagnostics, err);
	for (size_t i = 0; i < import->units->n && rc == 0; i++) {
		const struct unit *unit = &import->units->list[i];
		if (!unit->parent || is_doubtful(import, unit->parent))
			continue;
		parent_check(import, unit, diagnostics);
		ring_check(import, unit, diagnostics);
	}
	return rc;
}

static int import_read(struct units_import *import, const char *csv, size_t len, struct err *err)
{
	struct import_sheet sheet = {
		.columns = columns, .n_columns = COLUMNS, .on_row = on_row, .context = import
	};
	int rc = import_sheet_read(&sheet, csv, len, err);
	if (rc == 0)
		rc = whole_check(import, &sheet.diagnostics, err);
	if (rc == 0)
		rc = diagnostics_tell(&sheet.diagnostics, err);
	if (rc == 0 && import->units->n == 0)
		rc = err_set(err, -EINVAL, "there is no unit in it; an edition holds all units");
	return rc;
}

/* --- into the table --- */

struct writer {
	sqlite3_stmt *insert, *update, *remove;
	size_t changed;
};

static int writer_open(struct writer *writer, sqlite3 *db, struct err *err)
{
	int rc = db_prepare(db,
			    "INSERT INTO unit(name, level, parent, valid_to, code, valid_from) "
			    "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
			    &writer->insert, err);
	if (rc == 0)
		rc = db_prepare(db,
				"UPDATE unit SET name = ?1, level = ?2, parent = ?3, valid_to = ?4 "
				"WHERE code = ?5 AND valid_from = ?6",
				&writer->update, err);
	if (rc == 0)
		rc = db_prepare(db, "DELETE FROM unit WHERE id = ?", &writer->remove, err);
	return rc;
}

static int unit_put(struct writer *writer, sqlite3_stmt *stmt, const struct unit *unit,
		    struct err *err)
{
	sqlite3_bind_text(stmt, 1, unit->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, unit->level, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, unit->parent, -1, SQLITE_STATIC); /* NULL binds NULL */
	if (unit->valid_to != UNIT_OPEN)
		sqlite3_bind_int(stmt, 4, unit->valid_to); /* unbound is NULL */
	sqlite3_bind_text(stmt, 5, unit->code, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 6, unit->valid_from);
	writer->changed++;
	return db_run(stmt, err);
}

static int key_order(const struct unit *left, const struct unit *right)
{
	int order = strcmp(left->code, right->code);
	return order ? order
		     : (left->valid_from > right->valid_from) -
			       (left->valid_from < right->valid_from);
}

static bool unit_same(const struct unit *left, const struct unit *right)
{
	bool same_parent = left->parent && right->parent ? strcmp(left->parent, right->parent) == 0
							 : left->parent == right->parent;
	return same_parent && left->valid_to == right->valid_to &&
	       strcmp(left->name, right->name) == 0 && strcmp(left->level, right->level) == 0;
}

/* Both are sorted by (code, valid_from): walk them side by side. */
static int tables_merge(struct writer *writer, const struct units *old, const struct units *new,
			struct err *err)
{
	int rc = 0;
	for (size_t i = 0, k = 0; (i < old->n || k < new->n) && rc == 0;) {
		int order = i == old->n   ? 1
			    : k == new->n ? -1
					  : key_order(&old->list[i], &new->list[k]);
		if (order < 0) {
			sqlite3_bind_int64(writer->remove, 1, old->list[i].id);
			writer->changed++;
			rc = db_run(writer->remove, err);
		} else if (order > 0) {
			rc = unit_put(writer, writer->insert, &new->list[k], err);
		} else if (!unit_same(&old->list[i], &new->list[k])) {
			rc = unit_put(writer, writer->update, &new->list[k], err);
		}
		i += order <= 0;
		k += order >= 0;
	}
	return rc;
}

static int import_write(const struct units_import *import, sqlite3 *db, size_t *ret_changed,
			struct err *err)
{
	struct units *stored = NULL;
	struct writer writer = { 0 };
	int rc = units_load(db, &stored, err);
	if (rc == 0)
		rc = register_damage_refuse(&stored->damage, err);
	if (rc == 0)
		rc = writer_open(&writer, db, err);
	if (rc == 0)
		rc = tables_merge(&writer, stored, import->units, err);
	(void)sqlite3_finalize(writer.insert); /* these repeat an error told before */
	(void)sqlite3_finalize(writer.update);
	(void)sqlite3_finalize(writer.remove);
	units_close(stored);
	if (rc == 0 && writer.changed > 0)
		rc = reference_changed(db, err);
	if (rc == 0)
		*ret_changed = writer.changed;
	return rc;
}

int units_import(sqlite3 *db, const char *csv, size_t len, size_t *ret_changed, struct err *err)
{
	struct units_import import = { .units = calloc(1, sizeof(struct units)) };
	if (!import.units)
		return err_memory(err);
	int rc = csv_plain(csv, len, err);
	if (rc == 0)
		rc = import_read(&import, csv, len, err);
	if (rc == 0)
		rc = import_write(&import, db, ret_changed, err);
	units_close(import.units);
	for (size_t i = 0; i < import.n_doubtful; i++)
		free(import.doubtful[i]);
	free(import.doubtful);
	return rc;
}
