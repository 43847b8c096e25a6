#include "schema/epoch.h"

#include <errno.h>

int epoch_read(sqlite3 *db, int64_t *ret_epoch, struct err *err)
{
	int64_t epoch = 0;
	int rc = db_number(db, "SELECT value FROM fact WHERE name = 'epoch'", &epoch, err);
	if (rc == 0 && epoch <= 0)
		rc = err_set(err, -EUCLEAN, "the database lacks its epoch");
	if (rc == 0)
		*ret_epoch = epoch;
	return rc;
}

int epoch_renew(sqlite3 *db, struct err *err)
{
	return db_exec(db,
		       "UPDATE fact SET value = max(value + 1,"
		       " unixepoch() * 1000000 + abs(random() % 1000000)) WHERE name = 'epoch'",
		       err);
}
