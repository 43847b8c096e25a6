/* Units and their successors. A code does not identify a unit; (code, day) does. Immutable once
 * loaded. */
#pragma once

#include "common/base/err.h"
#include "common/model/period.h"
#include "common/sys/db.h"
#include "registry/register_damage.h"

#include <stddef.h>
#include <stdint.h>

#define UNIT_OPEN       INT32_MAX /* valid_to of a unit still in force */
#define UNITS_DEPTH_MAX 16u       /* units above one another */

struct unit {
	int64_t id;
	char *code, *name, *level;         /* owned by the set */
	char *parent;                      /* a code, read on the day asked; NULL: a root */
	int32_t valid_from, valid_to;      /* days; valid_to excluded */
	size_t parents_first, parents_end; /* units.c: which rows of the list bear parent's code */
};

struct successor {
	int32_t effective_on;
	char *old_code, *new_code; /* read on the day before, and on the day */
	char *share;               /* "1", or NULL: divided, proportions unknown */
};

struct units {
	struct unit *list; /* owned [n], sorted by (code, valid_from) */
	size_t n;
	struct successor *successors; /* owned, sorted by (effective_on, old_code, new_code) */
	size_t n_successors;
	struct successor **by_heir;    /* owned, units.c: by (effective_on, new_code, old_code) */
	struct unit **by_id;           /* owned [n], units.c: sorted by id */
	struct register_damage damage; /* rows that were left out */
};

/** Load both tables. Rows that cannot be, and a unit that lies in itself, are left out and noted: a
 * walk upwards ends. Whoever would write what was loaded must refuse that first. -ENOMEM or the
 * database's error. */
int units_load(sqlite3 *db, struct units **ret_units, struct err *err);
void units_close(struct units *units); /* NULL is fine */
/** Sort lists that were filled by hand (an edition before it is stored) and build what the
 * functions below go by. units_load has done it. -ENOMEM. */
int units_index(struct units *units, struct err *err);

/** The unit of @code in force on @day; NULL when there is none. */
const struct unit *units_find(const struct units *units, const char *code, int32_t day);
/** Which rows of the list bear @code, by the day each began: @ret_first to @ret_end - 1. */
void units_range(const struct units *units, const char *code, size_t *ret_first, size_t *ret_end);
/** The one of those rows that is in force on @day; NULL when none is. */
const struct unit *units_of_range(const struct units *units, size_t first, size_t end, int32_t day);
const struct unit *units_by_id(const struct units *units, int64_t id);
/** The rows that say what became of @old_code on the day @on: @ret_first to @ret_end - 1 of the
 * successors, by their new codes. */
void units_successors(const struct units *units, const char *old_code, int32_t on,
		      size_t *ret_first, size_t *ret_end);
/** Likewise the rows that say what became @new_code, of by_heir, by their old codes. */
void units_predecessors(const struct units *units, const char *new_code, int32_t on,
			size_t *ret_first, size_t *ret_end);
/** The first day after @day on which there are rows of any unit; UNIT_OPEN: there are none. */
int32_t units_next_reform(const struct units *units, int32_t day);
/** The last one before @day; INT32_MIN. */
int32_t units_last_reform(const struct units *units, int32_t day);
/** The unit above @unit on @day; NULL at a root. */
const struct unit *units_parent(const struct units *units, const struct unit *unit, int32_t day);
/** @unit itself or the unit above it, on @day, that has @level; NULL when there is none. */
const struct unit *units_at_level(const struct units *units, const struct unit *unit,
				  const char *level, int32_t day);
