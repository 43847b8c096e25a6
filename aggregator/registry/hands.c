#include "registry/hands.h"

#include <errno.h>
#include <sodium.h>

int hand_find(sqlite3 *db, int64_t office, uint64_t *ret_spool_id, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT spool_id FROM hand WHERE office = ?", &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, office);
	rc = db_step(stmt, err);
	if (rc == 1)
		*ret_spool_id = (uint64_t)sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

/* 1: the office's machines have a spool of that id. */
static int is_taken(sqlite3 *db, int64_t office, uint64_t spool_id, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc =
		db_prepare(db, "SELECT 1 FROM spool WHERE office = ? AND spool_id = ?", &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, office);
	sqlite3_bind_int64(stmt, 2, (int64_t)spool_id);
	rc = db_step(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

int hand_make(sqlite3 *db, int64_t office, uint64_t *ret_spool_id, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	uint64_t id = 0;
	int rc = 1;
	while (rc == 1) {
		randombytes_buf(&id, sizeof(id));
		rc = id == 0 ? 1 : is_taken(db, office, id, err);
	}
	if (rc == 0)
		rc = db_prepare(db, "INSERT INTO hand(office, spool_id) VALUES(?, ?)", &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, office);
	sqlite3_bind_int64(stmt, 2, (int64_t)id);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	if (rc == 0)
		*ret_spool_id = id;
	return rc;
}
