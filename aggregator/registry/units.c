#include "registry/units.h"

#include "common/base/array.h"
#include "common/base/search.h"
#include "registry/column.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int unit_read(struct unit *unit, struct db_row *row)
{
	bool open = sqlite3_column_type(row->stmt, 6) == SQLITE_NULL;
	*unit = (struct unit){
		.id = sqlite3_column_int64(row->stmt, 0),
		.code = column_text(row, 1),
		.name = column_text(row, 2),
		.level = column_text(row, 3),
		.parent = column_text_or_null(row, 4),
		.valid_from = (int32_t)db_row_int(row, 5, DAY_MIN, DAY_MAX),
		.valid_to = open ? UNIT_OPEN : (int32_t)db_row_int(row, 6, DAY_MIN, DAY_MAX),
	};
	return row->rc;
}

static int successor_read(struct successor *successor, struct db_row *row)
{
	*successor = (struct successor){
		.effective_on = (int32_t)db_row_int(row, 0, DAY_MIN, DAY_MAX),
		.old_code = column_text(row, 1),
		.new_code = column_text(row, 2),
		.share = column_text_or_null(row, 3),
	};
	return row->rc;
}

static void unit_free(struct unit *unit)
{
	free(unit->code);
	free(unit->name);
	free(unit->level);
	free(unit->parent);
}

static void successor_free(struct successor *successor)
{
	free(successor->old_code);
	free(successor->new_code);
	free(successor->share);
}

/* A row that cannot be is left out. */
static int row_note(struct units *units, int64_t row, int rc, const struct err *err)
{
	struct err note = { 0 };
	if (rc != -EUCLEAN)
		return rc;
	(void)err_set(&note, rc, "%s (row %lld)", err->text, (long long)row);
	register_damage_note(&units->damage, note.text);
	return 0;
}

static int unit_append(struct units *units, sqlite3_stmt *stmt, struct err *err)
{
	struct unit *list = array_room(units->list, units->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	units->list = list;
	struct db_row row = { stmt, err, 0 };
	if (unit_read(&list[units->n], &row) == 0)
		units->n++;
	else
		unit_free(&list[units->n]);
	return row_note(units, sqlite3_column_int64(stmt, 0), row.rc, err);
}

static int successor_append(struct units *units, sqlite3_stmt *stmt, struct err *err)
{
	struct successor *list = array_room(units->successors, units->n_successors, sizeof(*list));
	if (!list)
		return err_memory(err);
	units->successors = list;
	struct db_row row = { stmt, err, 0 };
	if (successor_read(&list[units->n_successors], &row) == 0)
		units->n_successors++;
	else
		successor_free(&list[units->n_successors]);
	/* it has no number of its own: behind so many that are sound */
	return row_note(units, (int64_t)units->n_successors + (row.rc < 0), row.rc, err);
}

static int rows_load(struct units *units, sqlite3 *db, const char *sql,
		     int (*append)(struct units *, sqlite3_stmt *, struct err *), struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, sql, &stmt, err);
	while (rc == 0 && (rc = db_step(stmt, err)) == 1)
		rc = append(units, stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	if (rc != -EUCLEAN)
		return rc;
	register_damage_note(&units->damage, err->text); /* those behind it cannot be read */
	return 0;
}

/** The first row whose (code, valid_from) is above (@code, @day). */
static size_t row_after(const struct units *units, const char *code, int32_t day)
{
	int order;
	return search_first(i, units->n,
			    (order = strcmp(units->list[i].code, code)) < 0 ||
				    (order == 0 && units->list[i].valid_from <= day));
}

void units_range(const struct units *units, const char *code, size_t *ret_first, size_t *ret_end)
{
	*ret_first = row_after(units, code, INT32_MIN);
	*ret_end = row_after(units, code, INT32_MAX);
}

/* Is (@day, @code) below (@on, @wanted), or, where @behind, not above it? */
static bool row_is_before(int32_t day, const char *code, int32_t on, const char *wanted,
			  bool behind)
{
	return day != on ? day < on : strcmp(code, wanted) < (int)behind;
}

/* The first successor of @code on @on; or, where @behind, the first that comes after these. */
static size_t successor_at(const struct units *units, const char *code, int32_t on, bool behind)
{
	const struct successor *list = units->successors;
	return search_first(
		i, units->n_successors,
		row_is_before(list[i].effective_on, list[i].old_code, on, code, behind));
}

static size_t predecessor_at(const struct units *units, const char *code, int32_t on, bool behind)
{
	struct successor *const *list = units->by_heir;
	return search_first(
		i, units->n_successors,
		row_is_before(list[i]->effective_on, list[i]->new_code, on, code, behind));
}

void units_successors(const struct units *units, const char *old_code, int32_t on,
		      size_t *ret_first, size_t *ret_end)
{
	*ret_first = successor_at(units, old_code, on, false);
	*ret_end = successor_at(units, old_code, on, true);
}

void units_predecessors(const struct units *units, const char *new_code, int32_t on,
			size_t *ret_first, size_t *ret_end)
{
	*ret_first = predecessor_at(units, new_code, on, false);
	*ret_end = predecessor_at(units, new_code, on, true);
}

int32_t units_next_reform(const struct units *units, int32_t day)
{
	const struct successor *list = units->successors;
	size_t at = search_first(i, units->n_successors, list[i].effective_on <= day);
	return at < units->n_successors ? list[at].effective_on : UNIT_OPEN;
}

int32_t units_last_reform(const struct units *units, int32_t day)
{
	const struct successor *list = units->successors;
	size_t at = search_first(i, units->n_successors, list[i].effective_on < day);
	return at > 0 ? list[at - 1].effective_on : INT32_MIN;
}

/* By id at last, so that two rows of one day come in a known order. */
static int list_order(const void *a, const void *b)
{
	const struct unit *left = a, *right = b;
	int order = strcmp(left->code, right->code);
	if (order == 0)
		order = (left->valid_from > right->valid_from) -
			(left->valid_from < right->valid_from);
	return order ? order : (left->id > right->id) - (left->id < right->id);
}

static int by_id_order(const void *a, const void *b)
{
	const struct unit *left = *(struct unit *const *)a, *right = *(struct unit *const *)b;
	return (left->id > right->id) - (left->id < right->id);
}

static int successor_order(const void *a, const void *b)
{
	const struct successor *left = a, *right = b;
	int order = (left->effective_on > right->effective_on) -
		    (left->effective_on < right->effective_on);
	if (order == 0)
		order = strcmp(left->old_code, right->old_code);
	return order ? order : strcmp(left->new_code, right->new_code);
}

static int by_heir_order(const void *a, const void *b)
{
	const struct successor *left = *(struct successor *const *)a,
			       *right = *(struct successor *const *)b;
	int order = (left->effective_on > right->effective_on) -
		    (left->effective_on < right->effective_on);
	if (order == 0)
		order = strcmp(left->new_code, right->new_code);
	return order ? order : strcmp(left->old_code, right->old_code);
}

static int successors_index(struct units *units, struct err *err)
{
	if (units->n_successors > 0) /* read in order, unless a disk changed it */
		qsort(units->successors, units->n_successors, sizeof(*units->successors),
		      successor_order);
	free(units->by_heir);
	units->by_heir = calloc(units->n_successors + 1, sizeof(*units->by_heir));
	if (!units->by_heir)
		return err_memory(err);
	for (size_t i = 0; i < units->n_successors; i++)
		units->by_heir[i] = &units->successors[i];
	qsort(units->by_heir, units->n_successors, sizeof(*units->by_heir), by_heir_order);
	return 0;
}

int units_index(struct units *units, struct err *err)
{
	if (units->n > 0) /* no list: NULL, which qsort does not take */
		qsort(units->list, units->n, sizeof(*units->list), list_order);
	if (successors_index(units, err) < 0)
		return err->code;
	free(units->by_id);
	units->by_id = calloc(units->n + 1, sizeof(*units->by_id)); /* + 1: none is no NULL */
	if (!units->by_id)
		return err_memory(err);
	for (size_t i = 0; i < units->n; i++)
		units->by_id[i] = &units->list[i];
	qsort(units->by_id, units->n, sizeof(*units->by_id), by_id_order);
	/* Rows of one code lie together, so a unit's parent is found in a range known beforehand.
	 */
	for (size_t i = 0; i < units->n; i++) {
		struct unit *unit = &units->list[i];
		if (unit->parent)
			units_range(units, unit->parent, &unit->parents_first, &unit->parents_end);
	}
	return 0;
}

/* Who walks up from @unit on @day for long enough is in a ring: a unit of it; NULL: there is none.
 */
static const struct unit *ring_above(const struct units *units, const struct unit *unit,
				     int32_t day)
{
	for (unsigned depth = 0; unit && depth <= UNITS_DEPTH_MAX; depth++)
		unit = units_parent(units, unit, day);
	return unit;
}

/* A unit that lies in itself or in a ring on @ret_day; NULL: none does. A ring stands whole on the
 * day on which the last of its rows is found by its code: it begins, or a row of that code ends
 * that began before it. */
static const struct unit *ring_find(const struct units *units, int32_t *ret_day)
{
	const struct unit *list = units->list, *found = NULL;
	for (size_t i = 0; i < units->n && !found; i++)
		for (size_t k = i + 1;
		     k-- > 0 && !found && strcmp(list[k].code, list[i].code) == 0;) {
			bool hides = k < i && list[k].valid_to > list[i].valid_from;
			*ret_day = hides ? list[k].valid_to : list[i].valid_from;
			if (k == i || hides)
				found = ring_above(units, &list[i], *ret_day);
		}
	return found;
}

/* An import refuses rings (units_import.c), and who walks upwards trusts in it: so a row of a
 * disk's is left out, until there are none. */
static int rings_break(struct units *units, struct err *err)
{
	const struct unit *found;
	int32_t on;
	int rc = 0;
	while (rc == 0 && (found = ring_find(units, &on))) {
		struct unit *unit = &units->list[found - units->list];
		struct err note = { 0 };
		char day[DAY_TEXT_MAX];
		(void)err_set(
			&note, -EUCLEAN,
			"it is damaged: unit '%s' lies in itself or in a ring on %s (row %lld "
			"of 'unit')",
			unit->code, day_format(on, day), (long long)unit->id);
		register_damage_note(&units->damage, note.text);
		unit_free(unit);
		memmove(unit, unit + 1,
			(size_t)(&units->list[units->n] - unit - 1) * sizeof(*unit));
		units->n--;
		rc = units_index(units, err);
	}
	return rc;
}

static int everything_load(struct units *units, sqlite3 *db, struct err *err)
{
	int rc = rows_load(units, db,
			   "SELECT id, code, name, level, parent, valid_from, valid_to FROM unit",
			   unit_append, err);
	if (rc == 0)
		rc = rows_load(units, db,
			       "SELECT effective_on, old_code, new_code, share FROM successor "
			       "ORDER BY effective_on, old_code, new_code",
			       successor_append, err);
	if (rc == 0)
		rc = units_index(units, err);
	return rc == 0 ? rings_break(units, err) : rc;
}

int units_load(sqlite3 *db, struct units **ret_units, struct err *err)
{
	struct units *units = calloc(1, sizeof(*units));
	if (!units)
		return err_memory(err);
	int rc = everything_load(units, db, err);
	if (rc < 0) {
		units_close(units);
		(void)err_wrap(err, "load the units");
		return rc;
	}
	*ret_units = units;
	return 0;
}

void units_close(struct units *units)
{
	if (!units)
		return;
	for (size_t i = 0; i < units->n; i++) {
		unit_free(&units->list[i]);
	}
	for (size_t i = 0; i < units->n_successors; i++) {
		successor_free(&units->successors[i]);
	}
	free(units->list);
	free(units->successors);
	free(units->by_heir);
	free(units->by_id);
	free(units);
}

const struct unit *units_find(const struct units *units, const char *code, int32_t day)
{
	size_t after = row_after(units, code, day);
	if (after == 0)
		return NULL;
	const struct unit *unit = &units->list[after - 1]; /* the last that began by then */
	return day < unit->valid_to && strcmp(unit->code, code) == 0 ? unit : NULL;
}

const struct unit *units_by_id(const struct units *units, int64_t id)
{
	const struct unit wanted = { .id = id }, *key = &wanted;
	struct unit **found =
		bsearch(&key, units->by_id, units->n, sizeof(*units->by_id), by_id_order);
	return found ? *found : NULL;
}

const struct unit *units_of_range(const struct units *units, size_t first, size_t end, int32_t day)
{
	for (size_t i = first; i < end; i++) {
		const struct unit *unit = &units->list[i];
		if (unit->valid_from <= day && day < unit->valid_to)
			return unit;
	}
	return NULL;
}

const struct unit *units_parent(const struct units *units, const struct unit *unit, int32_t day)
{
	return units_of_range(units, unit->parents_first, unit->parents_end, day);
}

const struct unit *units_at_level(const struct units *units, const struct unit *unit,
				  const char *level, int32_t day)
{
	/* The import refuses deeper trees; a damaged table must not send us round forever. */
	for (unsigned depth = 0; unit && depth <= UNITS_DEPTH_MAX; depth++) {
		if (strcmp(unit->level, level) == 0)
			return unit;
		unit = units_parent(units, unit, day);
	}
	return NULL;
}
