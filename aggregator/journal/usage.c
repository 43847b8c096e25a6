#include "journal/usage.h"

int usage_prepare(sqlite3 *db, sqlite3_stmt **ret_reader, struct err *err)
{
	/* Numbers of series have no gaps: declarations.c. A damaged one, or a damaged count, makes
	 * at the most one spool seem full, or nothing held: 'lantoa verify' names it. */
	return db_prepare(db,
			  "SELECT count(*), coalesce(sum(max(0, min(65536, (SELECT max(number) + 1"
			  " FROM declared WHERE spool = s.id)))), 0),"
			  " max(0, coalesce((SELECT n FROM held WHERE office = ?1), 0))"
			  " FROM spool s WHERE s.office = ?1",
			  ret_reader, err);
}

int usage_read(sqlite3_stmt *row, int64_t office, struct usage *ret_usage, struct err *err)
{
	sqlite3_bind_int64(row, 1, office);
	int rc = db_step(row, err);
	if (rc == 1)
		*ret_usage = (struct usage){ .spools = (uint64_t)sqlite3_column_int64(row, 0),
					     .series = (uint64_t)sqlite3_column_int64(row, 1),
					     .held = (uint64_t)sqlite3_column_int64(row, 2) };
	sqlite3_reset(row);
	return rc < 0 ? rc : 0;
}
