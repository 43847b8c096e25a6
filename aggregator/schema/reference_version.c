#include "schema/reference_version.h"

#include <errno.h>

int reference_version(sqlite3 *db, int64_t *ret_version, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT value FROM fact WHERE name = 'reference_version'", &stmt,
			    err);
	if (rc == 0)
		rc = db_step(stmt, err);
	if (rc == 1)
		*ret_version = sqlite3_column_int64(stmt, 0);
	else if (rc == 0)
		rc = err_set(err, -EUCLEAN, "the database lacks its reference version");
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc < 0 ? rc : 0;
}

int reference_changed(sqlite3 *db, struct err *err)
{
	return db_exec(db, "UPDATE fact SET value = value + 1 WHERE name = 'reference_version'",
		       err);
}
