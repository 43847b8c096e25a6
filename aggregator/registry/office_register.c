#include "registry/office_register.h"

#include "common/base/array.h"
#include "common/base/utf8.h"
#include "common/text/import_sheet.h"
#include "registry/code.h"
#include "registry/offices.h"
#include "registry/unit_names.h"
#include "schema/event.h"
#include "schema/reference_version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LEN_MAX 200u

struct entry { /* an office that is to be; texts borrowed or owned, see there */
	const char *code, *name, *unit_code;
	int32_t from_day;
};

/* What entries are judged by: all as stored. */
struct register_view {
	struct units *units;
	struct offices *offices;
};

static int view_open(struct register_view *view, sqlite3 *db, struct err *err)
{
	int rc = units_load(db, &view->units, err);
	if (rc == 0)
		rc = offices_load(db, view->units, &view->offices, err);
	if (rc == 0)
		rc = register_damage_refuse(&view->units->damage, err);
	return rc < 0 ? rc : register_damage_refuse(&view->offices->damage, err);
}

static void view_close(struct register_view *view)
{
	units_close(view->units);
	offices_close(view->offices);
}

static int unit_check(const struct register_view *view, const char *code, int32_t from_day,
		      struct err *err)
{
	char excerpt[EXCERPT_MAX], day[DAY_TEXT_MAX];
	size_t first, end;
	if (units_find(view->units, code, from_day))
		return 0;
	(void)err_set(err, -EINVAL,
		      "unit '%s' is not in force on %s; import the units or mend code and day",
		      utf8_excerpt(code, strlen(code), excerpt), day_format(from_day, day));
	units_range(view->units, code, &first, &end);
	return first == end ? units_hint(view->units, code, err) : err->code;
}

static int name_check(const char *name, struct err *err)
{
	char excerpt[EXCERPT_MAX];
	size_t len = strlen(name);
	if (len == 0 || len > NAME_LEN_MAX || utf8_plain(name, len) < len)
		return err_set(err, -EINVAL,
			       "name: '%s' is not valid; it must be 1 to %u bytes of text",
			       utf8_excerpt(name, len, excerpt), NAME_LEN_MAX);
	return 0;
}

static int entry_check(const struct register_view *view, const struct entry *entry, struct err *err)
{
	char excerpt[EXCERPT_MAX];
	if (!code_valid(entry->code))
		return err_set(err, -EINVAL,
			       "code: '%s' is not valid; it must be 1 to 32 of A-Z a-z 0-9 . _ -",
			       utf8_excerpt(entry->code, strlen(entry->code), excerpt));
	int rc = name_check(entry->name, err);
	if (rc < 0)
		return rc;
	if (offices_by_code(view->offices, entry->code))
		return err_set(err, -EEXIST, "there is an office '%s' already; choose another code",
			       entry->code);
	return unit_check(view, entry->unit_code, entry->from_day, err);
}

/* What watches these tables makes a statement long to prepare: it is prepared once for all rows. */
struct writing {
	sqlite3 *db;
	sqlite3_stmt *office, *assignment; /* owned */
	const char *who;
};

#define ASSIGNMENT_PUT                                                                             \
	"INSERT INTO assignment(office, from_day, unit_code) VALUES(?, ?, ?)"                      \
	" ON CONFLICT DO UPDATE SET unit_code = excluded.unit_code"

static int writing_open(struct writing *writing, sqlite3 *db, const char *who, struct err *err)
{
	*writing = (struct writing){ .db = db, .who = who };
	int rc = db_prepare(db, "INSERT INTO office(code, name) VALUES(?, ?)", &writing->office,
			    err);
	return rc == 0 ? db_prepare(db, ASSIGNMENT_PUT, &writing->assignment, err) : rc;
}

static void writing_close(struct writing *writing)
{
	(void)sqlite3_finalize(writing->office); /* repeat the errors that run told */
	(void)sqlite3_finalize(writing->assignment);
}

static int office_insert(const struct writing *writing, const struct entry *entry, int64_t *ret_id,
			 struct err *err)
{
	sqlite3_bind_text(writing->office, 1, entry->code, -1, SQLITE_STATIC);
	sqlite3_bind_text(writing->office, 2, entry->name, -1, SQLITE_STATIC);
	int rc = db_run(writing->office, err);
	if (rc == 0)
		*ret_id = sqlite3_last_insert_rowid(writing->db);
	return rc;
}

static int assignment_run(sqlite3_stmt *put, int64_t office, int32_t from_day,
			  const char *unit_code, struct err *err)
{
	sqlite3_bind_int64(put, 1, office);
	sqlite3_bind_int(put, 2, from_day);
	sqlite3_bind_text(put, 3, unit_code, -1, SQLITE_STATIC); /* NULL binds an SQL NULL */
	return db_run(put, err);
}

/* In place of the one of that day, if there is one. @unit_code NULL: to no unit. */
static int assignment_put(sqlite3 *db, int64_t office, int32_t from_day, const char *unit_code,
			  struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, ASSIGNMENT_PUT, &stmt, err);
	if (rc == 0)
		rc = assignment_run(stmt, office, from_day, unit_code, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc;
}

static int entry_write(const struct writing *writing, const struct entry *entry, int64_t *ret_id,
		       struct err *err)
{
	char detail[512], day[DAY_TEXT_MAX];
	(void)snprintf(detail, sizeof(detail), "code=%s unit=%s from=%s", entry->code,
		       entry->unit_code,
		       day_format(entry->from_day, day)); /* fits: bounded codes */
	int64_t id = 0;
	int rc = office_insert(writing, entry, &id, err);
	if (rc == 0)
		rc = assignment_run(writing->assignment, id, entry->from_day, entry->unit_code,
				    err);
	if (rc == 0)
		rc = event_append(writing->db,
				  &(struct event_form){ .who = writing->who,
							.kind = "office add",
							.detail = detail },
				  NULL, err);
	if (rc == 0)
		*ret_id = id;
	return rc;
}

int office_add(sqlite3 *db, const char *code, const char *name, const char *unit_code,
	       int32_t from_day, const char *who, int64_t *ret_id, struct err *err)
{
	struct entry entry = { code, name, unit_code, from_day };
	struct register_view view = { 0 };
	struct writing writing = { 0 };
	int64_t id = 0;
	int rc = view_open(&view, db, err);
	if (rc == 0)
		rc = entry_check(&view, &entry, err);
	view_close(&view);
	if (rc == 0)
		rc = writing_open(&writing, db, who, err);
	if (rc == 0)
		rc = entry_write(&writing, &entry, &id, err);
	writing_close(&writing);
	if (rc == 0)
		rc = reference_changed(db, err);
	if (rc == 0)
		*ret_id = id;
	return rc;
}

/* --- moving --- */

struct move {
	const struct office *office; /* of the view */
	bool same;                   /* that day says so already */
};

static int move_find(const struct register_view *view, const char *code, const char *unit_code,
		     int32_t from_day, struct move *ret_move, struct err *err)
{
	struct move move = { offices_expect(view->offices, code, err), false };
	if (!move.office)
		return -ENOENT;
	for (size_t i = move.office->n_assignments; i-- > 0;) {
		const struct assignment *assignment = &move.office->assignments[i];
		if (assignment->from_day == from_day)
			move.same = unit_code && assignment->unit_code
					    ? strcmp(unit_code, assignment->unit_code) == 0
					    : unit_code == assignment->unit_code;
	}
	*ret_move = move;
	return unit_code ? unit_check(view, unit_code, from_day, err) : 0;
}

static int move_write(sqlite3 *db, const struct move *move, const char *unit_code, int32_t from_day,
		      char ret_detail[OFFICE_MOVE_DETAIL_MAX], struct err *err)
{
	char day[DAY_TEXT_MAX];
	(void)snprintf(ret_detail, OFFICE_MOVE_DETAIL_MAX, "code=%s unit=%s from=%s",
		       move->office->code, unit_code ? unit_code : "-",
		       day_format(from_day, day)); /* fits: bounded codes */
	int rc = assignment_put(db, move->office->id, from_day, unit_code, err);
	return rc == 0 ? reference_changed(db, err) : rc;
}

int office_reassign(sqlite3 *db, const char *code, const char *unit_code, int32_t from_day,
		    char ret_detail[OFFICE_MOVE_DETAIL_MAX], bool *ret_changed, struct err *err)
{
	struct register_view view = { 0 };
	struct move move = { 0 };
	int rc = view_open(&view, db, err);
	if (rc == 0)
		rc = move_find(&view, code, unit_code, from_day, &move, err);
	if (rc == 0 && !move.same)
		rc = move_write(db, &move, unit_code, from_day, ret_detail, err);
	view_close(&view);
	if (rc < 0)
		return rc;
	*ret_changed = !move.same;
	return 0;
}

/* --- it ends --- */

/* What was ordered for later would bring it back. */
static int end_check(const struct office *office, int32_t from_day, struct err *err)
{
	char day[DAY_TEXT_MAX], on[DAY_TEXT_MAX];
	const struct assignment *last = office_assignment(office, from_day - 1);
	if (!last || !last->unit_code)
		return err_set(err, -EINVAL,
			       "office '%s' reports for no unit before %s: there is nothing to end",
			       office->code, day_format(from_day, on));
	for (size_t i = 0; i < office->n_assignments; i++) {
		const struct assignment *later = &office->assignments[i];
		if (later->from_day > from_day && later->unit_code)
			return err_set(
				err, -EINVAL,
				"office '%s' is to report for unit '%s' from %s on, which is "
				"after %s; let it move to none then, and end it: lantoa "
				"office move %s --unit - --from %s",
				office->code, later->unit_code, day_format(later->from_day, day),
				day_format(from_day, on), office->code, day);
	}
	return 0;
}

int office_end(sqlite3 *db, const char *code, int32_t on, char ret_detail[OFFICE_MOVE_DETAIL_MAX],
	       bool *ret_changed, struct err *err)
{
	struct register_view view = { 0 };
	const struct office *office = NULL;
	struct move move = { 0 };
	char day[DAY_TEXT_MAX];
	int rc = view_open(&view, db, err);
	if (rc == 0 && !(office = offices_expect(view.offices, code, err)))
		rc = -ENOENT;
	if (rc == 0)
		rc = move_find(&view, office->code, NULL, on, &move, err);
	if (rc == 0 && !move.same)
		rc = end_check(office, on, err);
	if (rc == 0 && !move.same)
		rc = move_write(db, &move, NULL, on, ret_detail, err);
	if (rc == 0 && !move.same)
		(void)snprintf(ret_detail, OFFICE_MOVE_DETAIL_MAX, "code=%s on=%s", office->code,
			       day_format(on, day)); /* fits: bounded codes */
	view_close(&view);
	if (rc == 0)
		*ret_changed = !move.same;
	return rc;
}

/* --- another name --- */

static int name_write(sqlite3 *db, const struct office *office, const char *name, const char *who,
		      struct err *err)
{
	char detail[512];
	sqlite3_stmt *stmt = NULL;
	(void)snprintf(detail, sizeof(detail), "code=%s was=%s name=%s", office->code, office->name,
		       name); /* fits: bounded names and codes */
	int rc = db_prepare(db, "UPDATE office SET name = ? WHERE id = ?", &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, office->id);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	const struct event_form form = { .who = who, .kind = "office rename", .detail = detail };
	if (rc == 0)
		rc = event_append(db, &form, NULL, err);
	return rc < 0 ? rc : reference_changed(db, err);
}

int office_rename(sqlite3 *db, const char *code, const char *name, const char *who,
		  bool *ret_changed, struct err *err)
{
	struct register_view view = { 0 };
	bool same = false;
	int rc = name_check(name, err);
	if (rc == 0)
		rc = view_open(&view, db, err);
	const struct office *office = rc == 0 ? offices_expect(view.offices, code, err) : NULL;
	if (rc == 0 && !office)
		rc = -ENOENT;
	if (rc == 0)
		same = strcmp(office->name, name) == 0;
	if (rc == 0 && !same)
		rc = name_write(db, office, name, who, err);
	view_close(&view);
	if (rc == 0)
		*ret_changed = !same;
	return rc;
}

/* --- a file of them --- */

enum column { CODE, NAME, UNIT, FROM, COLUMNS };
static const char *const columns[COLUMNS] = { "code", "name", "unit", "from" };

struct line {
	unsigned number;
	struct entry entry; /* its texts are owned here */
	bool known;         /* registered already, just so */
};

struct reading {
	struct register_view view;
	struct line *lines; /* owned [n]: the good ones */
	size_t n;
};

static bool was_assigned(const struct office *office, const char *unit_code, int32_t from_day)
{
	for (size_t i = 0; i < office->n_assignments; i++) {
		const struct assignment *assignment = &office->assignments[i];
		if (assignment->from_day == from_day && assignment->unit_code &&
		    strcmp(assignment->unit_code, unit_code) == 0)
			return true;
	}
	return false;
}

/* Does the row say of @office what the register says? It may have moved since. */
static bool known_check(struct import_sheet *sheet, const struct office *office,
			const struct entry *entry)
{
	char excerpt[EXCERPT_MAX], day[DAY_TEXT_MAX];
	if (strcmp(office->name, entry->name) != 0) {
		import_sheet_diagnose(
			sheet,
			"name: there is an office '%s' already, called '%s'; write its name "
			"so, or give this one another code",
			office->code, office->name);
		return false;
	}
	if (was_assigned(office, entry->unit_code, entry->from_day))
		return true;
	import_sheet_diagnose(
		sheet,
		"unit: there is an office '%s' already, but not for unit '%s' from %s on; `lantoa "
		"office show CODE` tells for which, `lantoa office move CODE --unit UNIT` moves it",
		office->code, utf8_excerpt(entry->unit_code, strlen(entry->unit_code), excerpt),
		day_format(entry->from_day, day));
	return false;
}

static bool row_check(struct import_sheet *sheet, struct entry *ret_entry, bool *ret_known)
{
	const struct reading *reading = sheet->context;
	struct err why = { 0 };
	struct entry entry = { import_sheet_field(sheet, CODE), import_sheet_field(sheet, NAME),
			       import_sheet_field(sheet, UNIT), 0 };
	if (day_parse(import_sheet_field(sheet, FROM), &entry.from_day, &why) < 0) {
		import_sheet_diagnose(sheet, "from: %s", why.text);
		return false;
	}
	const struct office *office = offices_by_code(reading->view.offices, entry.code);
	if (office && !known_check(sheet, office, &entry))
		return false;
	if (!office && entry_check(&reading->view, &entry, &why) < 0) {
		import_sheet_diagnose(sheet, "%s", why.text);
		return false;
	}
	*ret_entry = entry;
	*ret_known = office != NULL;
	return true;
}

static int on_row(struct import_sheet *sheet, struct err *err)
{
	struct reading *reading = sheet->context;
	struct line line = { .number = sheet->row->line };
	if (!row_check(sheet, &line.entry, &line.known))
		return 0;
	struct line *lines = array_room(reading->lines, reading->n, sizeof(*lines));
	if (!lines)
		return err_memory(err);
	reading->lines = lines;
	line.entry.code = strdup(line.entry.code);
	line.entry.name = strdup(line.entry.name);
	line.entry.unit_code = strdup(line.entry.unit_code);
	lines[reading->n++] = line; /* owned from here on, whatever is missing */
	bool whole = line.entry.code && line.entry.name && line.entry.unit_code;
	return whole ? 0 : err_memory(err);
}

static int code_order(const void *a, const void *b)
{
	const struct line *left = a, *right = b;
	int order = strcmp(left->entry.code, right->entry.code);
	return order ? order : (left->number > right->number) - (left->number < right->number);
}

static int number_order(const void *a, const void *b)
{
	const struct line *left = a, *right = b;
	return (left->number > right->number) - (left->number < right->number);
}

static void twins_check(struct reading *reading, struct diagnostics *diagnostics)
{
	if (reading->n == 0)
		return;
	qsort(reading->lines, reading->n, sizeof(*reading->lines), code_order);
	for (size_t i = 1; i < reading->n; i++) {
		const struct line *line = &reading->lines[i];
		if (strcmp(line[-1].entry.code, line->entry.code) == 0)
			diagnostics_add(diagnostics, line->number,
					"code: '%s' is that of line %u too; give it another",
					line->entry.code, line[-1].number);
	}
	/* Ids shall follow the file: that is how people will list them. */
	qsort(reading->lines, reading->n, sizeof(*reading->lines), number_order);
}

static int file_read(struct reading *reading, const char *csv, size_t len, struct err *err)
{
	struct import_sheet sheet = {
		.columns = columns, .n_columns = COLUMNS, .on_row = on_row, .context = reading
	};
	int rc = import_sheet_read(&sheet, csv, len, err);
	if (rc < 0)
		return rc;
	twins_check(reading, &sheet.diagnostics);
	return diagnostics_tell(&sheet.diagnostics, err);
}

static int file_write(const struct reading *reading, sqlite3 *db, const char *who,
		      size_t *ret_added, struct err *err)
{
	struct writing writing;
	int64_t id = 0;
	size_t added = 0;
	int rc = writing_open(&writing, db, who, err);
	for (size_t i = 0; i < reading->n && rc == 0; i++) {
		if (reading->lines[i].known)
			continue;
		rc = entry_write(&writing, &reading->lines[i].entry, &id, err);
		added++;
	}
	writing_close(&writing);
	if (rc == 0 && added > 0)
		rc = reference_changed(db, err);
	if (rc == 0)
		*ret_added = added;
	return rc;
}

static void reading_free(struct reading *reading)
{
	for (size_t i = 0; i < reading->n; i++) {
		free((char *)reading->lines[i].entry.code);
		free((char *)reading->lines[i].entry.name);
		free((char *)reading->lines[i].entry.unit_code);
	}
	free(reading->lines);
	view_close(&reading->view);
}

int offices_import(sqlite3 *db, const char *csv, size_t len, const char *who, size_t *ret_added,
		   struct err *err)
{
	struct reading reading = { 0 };
	int rc = csv_plain(csv, len, err);
	if (rc == 0)
		rc = view_open(&reading.view, db, err);
	if (rc == 0)
		rc = file_read(&reading, csv, len, err);
	if (rc == 0)
		rc = file_write(&reading, db, who, ret_added, err);
	reading_free(&reading);
	return rc;
}
