/* Offices: reporting sites with keys of their own, assigned to one unit at a time, by date (I8). */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "registry/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assignment {
	int32_t from_day;
	char *unit_code;               /* owned; NULL: assigned to none from then on */
	size_t units_first, units_end; /* offices.c: which rows of the units bear that code */
};

struct office {
	int64_t id;
	char *code, *name;              /* owned by the set */
	struct assignment *assignments; /* owned [n], ascending */
	size_t n_assignments;
	bool damaged; /* a row of it is: nobody knows where it belongs. Its code may be "?" and its
			 id */
};

struct offices {
	struct office *list; /* owned [n], sorted by id */
	size_t n;
	struct office **by_code; /* owned [n], offices.c: sorted by code */
	struct register_damage damage;
};

/** @units: those that office_unit() will be asked about. Rows that cannot be are noted, as
 * units_load() does. */
int offices_load(sqlite3 *db, const struct units *units, struct offices **ret_offices,
		 struct err *err);
void offices_close(struct offices *offices); /* NULL is fine */
const struct office *offices_by_id(const struct offices *offices, int64_t id);
const struct office *offices_by_code(const struct offices *offices, const char *code);
/** The one of @code, or the only one that is called so (by the key of common/text/viet.h), else
 * NULL and @err: -ENOENT, with those that are called so, where they are several, or with the office
 * that was meant, by a code or a name that is near, where there is one. */
const struct office *offices_expect(const struct offices *offices, const char *code,
				    struct err *err);
/** The unit it reports for on @day; NULL when it is assigned to none, or to one not in force. */
const struct unit *office_unit(const struct office *office, const struct units *units, int32_t day);
/** What is said of it on @day; NULL: nothing yet. */
const struct assignment *office_assignment(const struct office *office, int32_t day);
/** Are rows damaged that say which units it reports for on @day, or may they be? */
bool office_is_doubtful(const struct office *office, const struct units *units, int32_t day);
