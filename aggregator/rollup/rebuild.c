#include "rollup/rebuild.h"

/* Every day played again, beside the commits. (Those that a changed reference touches: follow.c.)
 */
#include "journal/damaged_days.h"
#include "rollup/fold_internal.h"
#include "rollup/next.h"

/* --- everything --- */

static int rebuild_days(struct fold *fold, sqlite3_stmt *days, rebuild_on_bad *on_bad,
			void *context, struct err *err)
{
	int rc;
	while ((rc = db_step(days, err)) == 1) {
		int32_t day = sqlite3_column_int(days, 0);
		const struct office *office =
			offices_by_id(fold->reference->offices, sqlite3_column_int64(days, 1));
		if (!office)
			continue;
		rc = fold_play(fold, office, day, NULL, 0, err);
		if (rc == 0)
			rc = fold_settle(fold, err);
		if (is_damage(rc) && on_bad) {
			fold_drop(fold); /* what was played of it */
			rc = on_bad(context, office->id, day, err);
		}
		if (rc < 0)
			return rc;
	}
	return rc;
}

int rebuild_pages(sqlite3 *db, const struct reference *reference, rebuild_on_bad *on_bad,
		  void *context, struct err *err)
{
	struct declarations *declarations = declarations_open(db, err);
	if (!declarations)
		return err->code;
	declarations_forget(declarations, reference->catalogue);
	struct fold *fold = fold_open(db, declarations, err);
	sqlite3_stmt *days = NULL;
	int rc = fold ? db_exec(db, "DELETE FROM rollup", err) : err->code;
	if (rc == 0)
		rc = next_forget(db, err);
	if (rc == 0)
		rc = db_prepare(db, "SELECT day, office FROM strand ORDER BY day, office", &days,
				err);
	if (rc == 0) {
		fold_begin(fold, reference);
		rc = rebuild_days(fold, days, on_bad, context, err);
	}
	sqlite3_finalize(days);
	fold_close(fold);
	declarations_close(declarations);
	return rc;
}

/* What a version before could count and this one cannot read must not keep it from starting. */
struct rebuilding {
	sqlite3 *db;
	const struct reference *reference;
	struct damaged_days damaged;
};

static int on_bad(void *context, int64_t office, int32_t day, struct err *err)
{
	struct rebuilding *rebuilding = context;
	struct err why = *err;
	return damaged_days_add(&rebuilding->damaged, rebuilding->db, rebuilding->reference, office,
				day, 0, &why, err);
}

static int rebuild(sqlite3 *db, struct err *err)
{
	struct reference *reference = NULL;
	int rc = reference_load(db, &reference, err);
	struct rebuilding rebuilding = { .db = db, .reference = reference };
	if (rc == 0)
		rc = reference_sound(reference, err);
	if (rc == 0)
		rc = rebuild_pages(db, reference, on_bad, &rebuilding, err);
	if (rc == 0)
		rc = db_exec(db, "DELETE FROM fact WHERE name = 'rollups_due'", err);
	reference_close(reference);
	return rc;
}

int rebuild_due(sqlite3 *db, bool *ret_due, struct err *err)
{
	int64_t due = 0;
	int rc = db_number(db, "SELECT count(*) FROM fact WHERE name = 'rollups_due'", &due, err);
	*ret_due = due > 0;
	return rc;
}

int rebuild_store(sqlite3 *db, struct err *err)
{
	int rc = db_begin(db, err);
	if (rc < 0)
		return rc;
	rc = rebuild(db, err);
	if (rc == 0)
		rc = db_commit(db, err);
	else
		db_rollback(db);
	return rc < 0 ? err_wrap(err, "rebuild the rollups") : 0;
}
