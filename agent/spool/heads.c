/* The ledger's heads that the province told, the last of each day: so that an office can say what
 * the ledger was. Where the province was set back to an earlier state, what it told before proves
 * what was lost, and what it tells from then on proves what came instead: of that day both stay
 * (spool_head_follows()).
 *
 * A day's first, and the first after such a break, is written at once; what follows it goes into
 * the file with whatever is written next (an ack, as a rule), so that an agent to which nothing
 * happens writes once a day. After a kill the day's head may be an earlier one of that day. */
#include "spool/spool_internal.h"

#include <errno.h>
#include <string.h>

bool spool_head_follows(const struct spool_head *was, const struct spool_head *is)
{
	if (was->day != is->day || (was->epoch != is->epoch && was->epoch != 0))
		return false;
	return is->position > was->position ||
	       (is->position == was->position &&
		memcmp(is->chain, was->chain, sizeof(is->chain)) == 0);
}

/* The statement, with its head; NULL: @err says why. */
static sqlite3_stmt *of_head(struct spool *spool, enum spool_statement sql,
			     const struct spool_head *head, struct err *err)
{
	sqlite3_stmt *stmt = spool_statement(spool, sql, err);
	int64_t numbers[] = { head->day, (int64_t)head->epoch, (int64_t)head->position };
	if (stmt && (spool_bind(stmt, 3, numbers) != SQLITE_OK ||
		     sqlite3_bind_blob(stmt, 4, head->chain, sizeof(head->chain), SQLITE_STATIC) !=
			     SQLITE_OK)) {
		(void)db_err(err, spool->db, "bind");
		return NULL;
	}
	return stmt;
}

/* Inside a transaction. */
int spool_keep_head(struct spool *spool, struct err *err)
{
	static const enum spool_statement steps[] = { SQL_HEAD_DROP, SQL_HEAD_ADD };
	if (!spool->head_due)
		return 0;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		sqlite3_stmt *stmt = of_head(spool, steps[i], &spool->head, err);
		int rc = stmt ? db_run(stmt, err) : err->code;
		if (rc < 0)
			return rc;
	}
	return spool_run(spool, SQL_HEAD_TRIM, 1, (int64_t[]){ SPOOL_HEADS_MAX }, err);
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
	int rc = 0;
	if (spool->head_due && !spool_head_follows(&spool->head, head))
		rc = write_head(spool, err); /* the last of the day, or the ledger, before */
	if (rc < 0)
		return rc;
	spool->head = *head;
	spool->head_due = true;
	sqlite3_stmt *before = of_head(spool, SQL_HEAD_BEFORE, head, err);
	if (!before)
		return err->code;
	rc = db_step(before, err);
	(void)sqlite3_reset(before); /* repeats the step's error, already told */
	return rc == 0 ? write_head(spool, err) : rc < 0 ? rc : 0;
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
		head.epoch = (uint64_t)db_row_int(&row, 3, 0, INT64_MAX);
		/* what is newer than the file's */
		if (spool->head_due && db_row_int(&row, 4, 0, 1) &&
		    spool_head_follows(&head, &spool->head))
			head = spool->head;
		rc = row.rc < 0 ? row.rc : on_head(context, &head);
	}
	(void)sqlite3_reset(walk); /* repeats the step's error, already told */
	return rc;
}
