/* Whole days played again, beside the commits: all of them (fold_rebuild, fold_renew), or those of
 * an office that moved (fold_move). */
#include "above.h"
#include "fold_parts.h"

/* --- everything --- */

static int rebuild_days(struct fold *fold, sqlite3_stmt *days, struct err *err)
{
	int rc;
	while ((rc = db_step(days, err)) == 1) {
		const struct office *office =
			offices_by_id(fold->reference->offices, sqlite3_column_int64(days, 1));
		if (!office)
			continue;
		rc = fold_play(fold, office, sqlite3_column_int(days, 0), NULL, 0, err);
		if (rc == 0)
			rc = fold_settle(fold, err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

int fold_rebuild(sqlite3 *db, const struct reference *reference, struct err *err)
{
	struct declarations *declarations = declarations_open(db, err);
	if (!declarations)
		return err->code;
	declarations_forget(declarations, reference->catalogue);
	struct fold *fold = fold_open(db, declarations, err);
	sqlite3_stmt *days = NULL;
	int rc = fold ? db_exec(db, "DELETE FROM rollup", err) : err->code;
	if (rc == 0)
		rc = db_prepare(db, "SELECT day, office FROM strand ORDER BY day, office", &days,
				err);
	if (rc == 0) {
		fold_begin(fold, reference);
		rc = rebuild_days(fold, days, err);
	}
	sqlite3_finalize(days);
	fold_close(fold);
	declarations_close(declarations);
	return rc;
}

static int renew(sqlite3 *db, struct err *err)
{
	struct reference *reference = NULL;
	int rc = reference_load(db, &reference, err);
	if (rc == 0)
		rc = fold_rebuild(db, reference, err);
	if (rc == 0)
		rc = db_exec(db, "DELETE FROM fact WHERE name = 'rollups_due'", err);
	reference_close(reference);
	return rc;
}

int fold_renew_due(sqlite3 *db, bool *ret_due, struct err *err)
{
	int64_t due = 0;
	int rc = db_number(db, "SELECT count(*) FROM fact WHERE name = 'rollups_due'", &due, err);
	*ret_due = due > 0;
	return rc;
}

int fold_renew(sqlite3 *db, struct err *err)
{
	int rc = db_begin(db, err);
	if (rc < 0)
		return rc;
	rc = renew(db, err);
	if (rc == 0)
		rc = db_commit(db, err);
	else
		db_rollback(db);
	return rc < 0 ? err_wrap(err, "make the rollups anew") : 0;
}

/* --- an office that moved --- */

struct moving {                   /* what the office has stays as it is: the units alone change */
	struct above there, here; /* the units before and after, */
	const struct office *from, *to; /* and the office */
	int32_t day;
	const struct replay_series *series; /* at hand */
};

static int move_acc(void *context, struct page_key key, const struct acc *acc, struct err *err)
{
	static const struct acc none;
	struct moving *moving = context;
	struct change change = { key, moving->series->series, moving->series->metric, acc, &none };
	int rc = above_follow(&moving->there, moving->from, moving->day, &change, err);
	change.before = &none;
	change.after = acc;
	return rc < 0 ? rc : above_follow(&moving->here, moving->to, moving->day, &change, err);
}

static int move_series(void *context, const struct replay_series *series, struct err *err)
{
	struct moving *moving = context;
	moving->series = series;
	return cursor_each(series, moving->day, move_acc, moving, err);
}

static int move_day(struct fold *fold, const struct reference *before, int64_t id, int32_t day,
		    struct err *err)
{
	struct moving moving = {
		.there = { .pages = fold->pages, .reference = before, .extremes = &fold->extremes },
		.here = { .pages = fold->pages,
			  .reference = fold->reference,
			  .extremes = &fold->extremes },
		.from = offices_by_id(before->offices, id),
		.to = offices_by_id(fold->reference->offices, id),
		.day = day,
	};
	int rc = replay_each(fold->replay, id, day, NULL, 0, move_series, &moving, err);
	return rc < 0 ? rc : fold_settle(fold, err);
}

static int move_days(struct fold *fold, const struct reference *before, int64_t id, int32_t first,
		     int32_t end, struct err *err)
{
	sqlite3_stmt *days;
	int rc = db_prepare(fold->db,
			    "SELECT day FROM strand WHERE office = ? AND day >= ? AND day < ?"
			    " ORDER BY day",
			    &days, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(days, 1, id);
	sqlite3_bind_int(days, 2, first);
	sqlite3_bind_int(days, 3, end);
	while ((rc = db_step(days, err)) == 1) {
		rc = move_day(fold, before, id, sqlite3_column_int(days, 0), err);
		if (rc < 0)
			break;
	}
	sqlite3_finalize(days);
	return rc;
}

int fold_move(sqlite3 *db, const struct reference *before, const struct reference *after,
	      int64_t office, int32_t from, int32_t end, struct err *err)
{
	struct declarations *declarations = declarations_open(db, err);
	if (!declarations)
		return err->code;
	declarations_forget(declarations, after->catalogue);
	struct fold *fold = fold_open(db, declarations, err);
	int rc = fold ? 0 : err->code;
	if (rc == 0) {
		fold_begin(fold, after);
		rc = move_days(fold, before, office, from, end, err);
	}
	fold_close(fold);
	declarations_close(declarations);
	return rc;
}
