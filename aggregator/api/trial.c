#include "api/trial.h"

int trial_prepare(struct call *call, struct err *err)
{
	return call_flag(call, "dry_run", &call->dry_run, err);
}

int trial_begin(sqlite3 *db, struct err *err)
{
	return db_exec(db, "SAVEPOINT trial", err);
}

int trial_end(sqlite3 *db, int rc, struct err *err)
{
	struct err undone;

	/* What went wrong first is what the operator hears. */
	if (db_exec(db, "ROLLBACK TO trial; RELEASE trial", &undone) < 0 && rc == 0)
		rc = err_set(err, undone.code, "%s", undone.text);
	return rc;
}
