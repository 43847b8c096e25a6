/* The register of offices as operators change it: inside the caller's transaction, and noted in the
 * audit as done by @who. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** -EEXIST when the code is taken; -EINVAL for a bad code ([A-Za-z0-9._-], 1 to 32), an empty name,
 * or a unit that is not in force on @from_day. */
int office_add(sqlite3 *db, const char *code, const char *name, const char *unit_code,
	       int32_t from_day, const char *who, int64_t *ret_id, struct err *err);
#define OFFICE_MOVE_DETAIL_MAX 256u
/**
 * From @from_day on, until its next assignment, the office reports for @unit_code, or for none when
 * that is NULL; what was said of that same day before is replaced. -ENOENT: no such office;
 * -EINVAL: the unit is not in force on that day.
 * @ret_changed false: it was so already, and nothing was done. Where something was, the caller has
 * the figures go along (ledger_follow), and then appends the event of all of it; @ret_detail is
 * what that is to say.
 */
int office_reassign(sqlite3 *db, const char *code, const char *unit_code, int32_t from_day,
		    char ret_detail[OFFICE_MOVE_DETAIL_MAX], bool *ret_changed, struct err *err);
/** The office ends: from the day @on it reports for no unit, and owes nothing. What it reports of
 * days before counts as ever, also when it comes late, so its key stays until it is revoked. What
 * the caller has to do is as above. -ENOENT: no such office; -EINVAL: it did not report for a unit
 * before, or is to report for one later. @ret_changed false: it ended that day already. */
int office_end(sqlite3 *db, const char *code, int32_t on, char ret_detail[OFFICE_MOVE_DETAIL_MAX],
	       bool *ret_changed, struct err *err);
/** From now on the office is called @name; before, as before. -ENOENT: there is none; -EINVAL: no
 * such name. @ret_changed false: it is called so already. */
int office_rename(sqlite3 *db, const char *code, const char *name, const char *who,
		  bool *ret_changed, struct err *err);
/** CSV code,name,unit,from: all or nothing, every bad row named. It adds: an office that is there
 * already stays as it is if its row says what the register says (it may have moved since), and is
 * a bad row otherwise, as is a code that is twice in the file. @ret_added: how many are new. */
int offices_import(sqlite3 *db, const char *csv, size_t len, const char *who, size_t *ret_added,
		   struct err *err);
