#include "registry/offices.h"

#include "common/base/array.h"
#include "common/base/search.h"
#include "common/base/utf8.h"
#include "common/text/near_name.h"
#include "common/text/viet.h"
#include "registry/column.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int row_note(struct offices *offices, int64_t office, int rc, const struct err *err)
{
	struct err note = { 0 };
	if (rc != -EUCLEAN)
		return rc;
	(void)err_set(&note, rc, "%s (row of office %lld)", err->text, (long long)office);
	register_damage_note(&offices->damage, note.text);
	return 0;
}

/* Its figures are taken all the same, and held. */
static int office_unnamed(struct office *office, struct err *err)
{
	char code[32];
	(void)snprintf(code, sizeof(code), "?%lld", (long long)office->id); /* fits */
	office->damaged = true;
	if (office->code && *office->code)
		return 0;
	free(office->code);
	return (office->code = strdup(code)) ? 0 : err_memory(err);
}

static int office_append(struct offices *offices, sqlite3_stmt *stmt, struct err *err)
{
	struct office *list = array_room(offices->list, offices->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	offices->list = list;
	struct office *office = &list[offices->n++];
	*office = (struct office){ .id = sqlite3_column_int64(stmt, 0) };
	struct db_row row = { stmt, err, 0 };
	office->code = column_text(&row, 1);
	office->name = column_text(&row, 2);
	int rc = row_note(offices, office->id, row.rc, err);
	return rc == 0 && row.rc < 0 ? office_unnamed(office, err) : rc;
}

static int assignment_append(struct offices *offices, sqlite3_stmt *stmt, struct err *err)
{
	/* A row without an office cannot be: the schema's foreign key forbids it. */
	struct office *office =
		(struct office *)offices_by_id(offices, sqlite3_column_int64(stmt, 0));
	if (!office)
		return row_note(offices, sqlite3_column_int64(stmt, 0),
				err_set(err, -EUCLEAN,
					"it is damaged: a row of 'assignment' is of no office"),
				err);
	struct assignment *list =
		array_room(office->assignments, office->n_assignments, sizeof(*list));
	if (!list)
		return err_memory(err);
	office->assignments = list;
	struct assignment *assignment = &list[office->n_assignments];
	struct db_row row = { stmt, err, 0 };
	*assignment = (struct assignment){
		.from_day = (int32_t)db_row_int(&row, 1, DAY_MIN, DAY_MAX),
		.unit_code = column_text_or_null(&row, 2),
	};
	if (row.rc == 0) {
		office->n_assignments++;
	} else {
		free(assignment->unit_code);
		office->damaged = true; /* an older one would count for it */
	}
	return row_note(offices, office->id, row.rc, err);
}

static int rows_load(struct offices *offices, sqlite3 *db, const char *sql,
		     int (*append)(struct offices *, sqlite3_stmt *, struct err *), struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, sql, &stmt, err);
	while (rc == 0 && (rc = db_step(stmt, err)) == 1)
		rc = append(offices, stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	if (rc != -EUCLEAN)
		return rc;
	register_damage_note(&offices->damage, err->text); /* those behind it cannot be read */
	for (size_t i = 0; i < offices->n; i++)
		offices->list[i].damaged = true;
	return 0;
}

static int by_code_order(const void *a, const void *b)
{
	const struct office *left = *(struct office *const *)a, *right = *(struct office *const *)b;
	return strcmp(left->code, right->code);
}

static int codes_index(struct offices *offices, struct err *err)
{
	offices->by_code = calloc(offices->n + 1, sizeof(*offices->by_code)); /* + 1: never NULL */
	if (!offices->by_code)
		return err_memory(err);
	for (size_t i = 0; i < offices->n; i++)
		offices->by_code[i] = &offices->list[i];
	qsort(offices->by_code, offices->n, sizeof(*offices->by_code), by_code_order);
	return 0;
}

static void assignments_index(struct offices *offices, const struct units *units)
{
	for (size_t i = 0; i < offices->n; i++)
		for (size_t k = 0; k < offices->list[i].n_assignments; k++) {
			struct assignment *assignment = &offices->list[i].assignments[k];
			if (assignment->unit_code)
				units_range(units, assignment->unit_code, &assignment->units_first,
					    &assignment->units_end);
		}
}

static int everything_load(struct offices *offices, sqlite3 *db, const struct units *units,
			   struct err *err)
{
	int rc = rows_load(offices, db, "SELECT id, code, name FROM office ORDER BY id",
			   office_append, err);
	if (rc == 0)
		rc = rows_load(offices, db,
			       "SELECT office, from_day, unit_code FROM assignment "
			       "ORDER BY office, from_day",
			       assignment_append, err);
	if (rc == 0)
		assignments_index(offices, units);
	return rc == 0 ? codes_index(offices, err) : rc;
}

int offices_load(sqlite3 *db, const struct units *units, struct offices **ret_offices,
		 struct err *err)
{
	struct offices *offices = calloc(1, sizeof(*offices));
	if (!offices)
		return err_memory(err);
	int rc = everything_load(offices, db, units, err);
	if (rc < 0) {
		offices_close(offices);
		(void)err_wrap(err, "load the offices");
		return rc;
	}
	*ret_offices = offices;
	return 0;
}

void offices_close(struct offices *offices)
{
	if (!offices)
		return;
	for (size_t i = 0; i < offices->n; i++) {
		struct office *office = &offices->list[i];
		for (size_t k = 0; k < office->n_assignments; k++)
			free(office->assignments[k].unit_code);
		free(office->assignments);
		free(office->code);
		free(office->name);
	}
	free(offices->list);
	free(offices->by_code);
	free(offices);
}

const struct office *offices_by_id(const struct offices *offices, int64_t id)
{
	size_t at = search_first(i, offices->n, offices->list[i].id < id);
	return at < offices->n && offices->list[at].id == id ? &offices->list[at] : NULL;
}

const struct office *offices_by_code(const struct offices *offices, const char *code)
{
	struct office *const *by_code = offices->by_code;
	size_t at = search_first(i, offices->n, strcmp(by_code[i]->code, code) < 0);
	return at < offices->n && strcmp(by_code[at]->code, code) == 0 ? by_code[at] : NULL;
}

const struct assignment *office_assignment(const struct office *office, int32_t day)
{
	for (size_t i = office->n_assignments; i-- > 0;) /* a few moves in an office's life */
		if (office->assignments[i].from_day <= day)
			return &office->assignments[i];
	return NULL;
}

#define NAMED_SHOWN 10u /* offices of a sentence */

/* The only one that is called @text; NULL: none is, or several, and then @err says which. */
static const struct office *office_named(const struct offices *offices, const char *text,
					 struct err *err)
{
	char wanted[VIET_KEY_MAX], key[VIET_KEY_MAX], shown[EXCERPT_MAX], said[1024] = "";
	const struct office *found = NULL;
	size_t n = 0, len = 0;
	*err = (struct err){ 0 };
	if (!viet_key(text, wanted) || !*wanted)
		return NULL;
	for (size_t i = 0; i < offices->n; i++) {
		const struct office *office = offices->by_code[i];
		if (!office->name || !viet_key(office->name, key) || strcmp(key, wanted) != 0)
			continue;
		found = office;
		if (n++ < NAMED_SHOWN)
			len += utf8_print(said + len, sizeof(said) - len, "%s%s", n > 1 ? ", " : "",
					  office->code); /* cut is fine */
	}
	if (n < 2)
		return found;
	(void)err_set(err, -ENOENT,
		      "'%s' are several offices; give the code of the one that is meant: %s%s",
		      utf8_excerpt(text, strlen(text), shown), said,
		      n > NAMED_SHOWN ? ", ..." : "");
	return NULL;
}

const struct office *offices_expect(const struct offices *offices, const char *code,
				    struct err *err)
{
	char shown[EXCERPT_MAX];
	const struct office *found = offices_by_code(offices, code), *best = NULL;
	struct near_name near;
	if (found || (found = office_named(offices, code, err)))
		return found;
	if (err->code != 0)
		return NULL;
	near_name_begin(&near, code);
	for (size_t i = 0; i < offices->n; i++)
		if (near_name_try(&near, offices->list[i].code) ||
		    near_name_try(&near, offices->list[i].name))
			best = &offices->list[i];
	utf8_excerpt(code, strlen(code), shown);
	if (best)
		err_set(err, -ENOENT, "there is no office '%s'; did you mean '%s' (%s)?", shown,
			best->code, best->name);
	else
		err_set(err, -ENOENT, "there is no office '%s'; `lantoa office list` shows them",
			shown);
	return NULL;
}

const struct unit *office_unit(const struct office *office, const struct units *units, int32_t day)
{
	const struct assignment *assignment = office_assignment(office, day);
	return assignment
		       ? units_of_range(units, assignment->units_first, assignment->units_end, day)
		       : NULL;
}

bool office_is_doubtful(const struct office *office, const struct units *units, int32_t day)
{
	if (office->damaged || units->damage.n == 0)
		return office->damaged;
	const struct assignment *assignment = office_assignment(office, day);
	if (!assignment || !assignment->unit_code)
		return false;
	/* what is above is named by what is below: where one is not there, it is the damaged one */
	const struct unit *unit = office_unit(office, units, day);
	for (unsigned depth = 0; unit && unit->parent && depth <= UNITS_DEPTH_MAX; depth++)
		unit = units_parent(units, unit, day);
	return unit == NULL;
}
