/* The ledger's heads that the province told, the last of each day: so that an office can say what
 * the ledger was. A day's first is written at once; what comes later on it goes into the file with
 * whatever is written next (an ack, as a rule), so that an agent to which nothing happens writes
 * once a day. After a kill the day's head may be an earlier one of that day. */
#include "spool/spool_internal.h"

#include <errno.h>

/* Inside a transaction. */
int spool_keep_head(struct spool *spool, struct err *err)
{
	const struct spool_head *head = &spool->head;
	if (!spool->head_due)
		return 0;
	int rc = spool_run(spool, SQL_HEAD_DROP_DAY, 1, (int64_t[]){ head->day }, err);
	sqlite3_stmt *add = rc == 0 ? spool_statement(spool, SQL_HEAD_ADD, err) : NULL;
	if (rc == 0 && !add)
		return err->code;
	if (rc == 0 &&
	    (spool_bind(add, 2, (int64_t[]){ head->day, (int64_t)head->position }) != SQLITE_OK ||
	     sqlite3_bind_blob(add, 3, head->chain, sizeof(head->chain), SQLITE_STATIC) !=
		     SQLITE_OK))
		return db_err(err, spool->db, "bind");
	if (rc == 0)
		rc = db_run(add, err);
	if (rc == 0)
		rc = spool_run(spool, SQL_HEAD_TRIM, 1, (int64_t[]){ SPOOL_HEADS_MAX }, err);
	return rc;
}

static int write_head(struct spool *spool, struct err *err)
{
	int rc = db_begin(spool->db, err);
	if (rc == 0)
		rc = spool_commit(spool, err); /* which keeps it */
	if (rc < 0)
		spool_rollback(spool);
	return rc < 0 ? err_wrap(err, "spool '%s': keep the ledger's head", spool->path) : 0;
}

int spool_hear_head(struct spool *spool, const struct spool_head *head, struct err *err)
{
	int64_t there;
	int rc = 0;
	if (spool->head_due && spool->head.day != head->day)
		rc = write_head(spool, err); /* the last of the day before */
	if (rc < 0)
		return rc;
	spool->head = *head;
	spool->head_due = true;
	rc = spool_number(spool, SQL_HEAD_OF_DAY, 1, (int64_t[]){ head->day }, &there, err);
	return rc == -ENODATA ? write_head(spool, err) : rc;
}

int spool_each_head(struct spool *spool, unsigned most,
		    int (*on_head)(void *context, const struct spool_head *head), void *context,
		    struct err *err)
{
	sqlite3_stmt *walk = spool_statement(spool, SQL_HEAD_WALK, err);
	if (!walk)
		return err->code;
	int rc = spool_bind(walk, 1, (int64_t[]){ most }) == SQLITE_OK
			 ? 0
			 : db_err(err, spool->db, "bind");
	while (rc == 0 && (rc = db_step(walk, err)) == 1) {
		struct db_row row = { walk, err, 0 };
		struct spool_head head = { .day = row_day(&row, 0),
					   .position =
						   (uint64_t)db_row_int(&row, 1, 1, INT64_MAX) };
		db_row_bytes(&row, 2, head.chain, sizeof(head.chain));
		/* what is newer than the file's */
		if (spool->head_due && spool->head.day == head.day)
			head = spool->head;
		rc = row.rc < 0 ? row.rc : on_head(context, &head);
	}
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc;
}
