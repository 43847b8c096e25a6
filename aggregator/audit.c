#include "audit.h"

#include "civil.h"

int audit_note(sqlite3 *db, const char *who, const char *what, const char *detail, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "INSERT INTO audit(at_us, who, what, detail) VALUES(?, ?, ?, ?)",
			    &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, civil_now_us());
	sqlite3_bind_text(stmt, 2, who, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, what, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 4, detail, -1, SQLITE_STATIC);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	if (rc < 0)
		(void)err_wrap(err, "note '%s' in the audit", what);
	return rc;
}
