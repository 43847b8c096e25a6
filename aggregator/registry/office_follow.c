#include "registry/office_follow.h"

#include "common/base/array.h"
#include "common/base/utf8.h"
#include "schema/reference_version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where @unit went on the day @on: the one, or what there is to choose from. */
static void heir_find(const struct units *units, const struct unit *unit, int32_t on,
		      struct office_follower *follower)
{
	size_t first, end, len = 0;
	units_successors(units, unit->code, on, &first, &end);
	for (size_t i = first; i < end; i++) {
		const struct successor *successor = &units->successors[i];
		const struct unit *heir = units_find(units, successor->new_code, on);
		bool whole = successor->share && strcmp(successor->share, "1") == 0;
		follower->becomes = end - first == 1 && whole ? heir : NULL;
		len += utf8_print(follower->choice + len, FOLLOW_CHOICE_MAX - len, "%s%s%s%s",
				  i > first ? "; " : "", successor->new_code, heir ? " " : "",
				  heir ? heir->name : ""); /* cut is fine */
	}
}

int office_followers_find(const struct offices *offices, const struct units *units, int32_t on,
			  struct office_followers *ret, struct err *err)
{
	*ret = (struct office_followers){ 0 };
	for (size_t i = 0; i < offices->n; i++) {
		const struct office *office = &offices->list[i];
		const struct assignment *assignment = office_assignment(office, on);
		const struct unit *was = assignment && assignment->unit_code
						 ? units_of_range(units, assignment->units_first,
								  assignment->units_end, on - 1)
						 : NULL;
		if (!was || was->valid_to != on || office_unit(office, units, on))
			continue;
		struct office_follower *list = array_room(ret->list, ret->n, sizeof(*list));
		if (!list) {
			free(ret->list);
			*ret = (struct office_followers){ 0 };
			return err_memory(err);
		}
		ret->list = list;
		list[ret->n] = (struct office_follower){ .office = office, .was = was };
		heir_find(units, was, on, &list[ret->n]);
		ret->certain += list[ret->n++].becomes != NULL;
	}
	return 0;
}

/* One statement for all: with the triggers of the events, to prepare it takes 0.2 ms, and they are
 * thousands. */
static int moves_write(sqlite3 *db, const struct office_followers *all, int32_t on, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "INSERT INTO assignment(office, from_day, unit_code) VALUES(?, ?, ?)"
			    " ON CONFLICT DO UPDATE SET unit_code = excluded.unit_code",
			    &stmt, err);
	for (size_t i = 0; i < all->n && rc == 0; i++) {
		if (!all->list[i].becomes)
			continue;
		sqlite3_reset(stmt);
		sqlite3_bind_int64(stmt, 1, all->list[i].office->id);
		sqlite3_bind_int(stmt, 2, on);
		sqlite3_bind_text(stmt, 3, all->list[i].becomes->code, -1, SQLITE_STATIC);
		rc = db_run(stmt, err);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc == 0 && all->certain > 0 ? reference_changed(db, err) : rc;
}

int office_follow(sqlite3 *db, int32_t on, size_t *ret_n, char ret_detail[OFFICE_FOLLOW_DETAIL_MAX],
		  struct err *err)
{
	struct units *units = NULL;
	struct offices *offices = NULL;
	struct office_followers all = { 0 };
	char day[DAY_TEXT_MAX];
	int rc = units_load(db, &units, err);
	if (rc == 0)
		rc = offices_load(db, units, &offices, err);
	if (rc == 0)
		rc = register_damage_refuse(&units->damage, err);
	if (rc == 0)
		rc = register_damage_refuse(&offices->damage, err);
	if (rc == 0)
		rc = office_followers_find(offices, units, on, &all, err);
	if (rc == 0)
		rc = moves_write(db, &all, on, err);
	if (rc == 0) {
		*ret_n = all.certain;
		(void)snprintf(ret_detail, OFFICE_FOLLOW_DETAIL_MAX,
			       "on=%s offices=%zu by_hand=%zu", day_format(on, day), all.certain,
			       all.n - all.certain); /* fits */
	}
	free(all.list);
	offices_close(offices);
	units_close(units);
	return rc;
}
