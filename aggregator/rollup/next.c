#include "rollup/next.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

/* The fact's value is a number, of the day up to which all are frozen, or "settling". */
#define FACT "rollup_next"

int next_prepare(sqlite3 *db, sqlite3_stmt **ret_stmt, struct err *err)
{
	return db_prepare(db, "SELECT value FROM fact WHERE name = '" FACT "'", ret_stmt, err);
}

/* A value that a disk damaged is as good as none: a change begins again then, and pages that were
 * in force are made from the journal by who verifies. */
int next_read_with(sqlite3_stmt *stmt, struct next *ret_next, struct err *err)
{
	struct next next = { NEXT_NONE, INT32_MIN };
	int rc = db_step(stmt, err);
	if (rc == 1 && sqlite3_column_type(stmt, 0) == SQLITE_TEXT) {
		next.state = NEXT_SETTLING;
	} else if (rc == 1 && sqlite3_column_type(stmt, 0) == SQLITE_INTEGER) {
		next.state = NEXT_DERIVING;
		next.frozen = sqlite3_column_int(stmt, 0);
	}
	sqlite3_reset(stmt);
	if (rc < 0)
		return rc;
	*ret_next = next;
	return 0;
}

int next_read(sqlite3 *db, struct next *ret_next, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = next_prepare(db, &stmt, err);
	if (rc == 0)
		rc = next_read_with(stmt, ret_next, err);
	sqlite3_finalize(stmt);
	return rc;
}

int next_in_force(sqlite3 *db, const char **ret_name, struct err *err)
{
	struct next next;
	int rc = next_read(db, &next, err);
	if (rc == 0)
		*ret_name = next.state == NEXT_SETTLING ? "rollup_with_next" : "rollup";
	return rc;
}

int next_forget(sqlite3 *db, struct err *err)
{
	return db_exec(db,
		       "DELETE FROM rollup_next; DELETE FROM stale;"
		       "DELETE FROM fact WHERE name = '" FACT "'",
		       err);
}

int next_begin(sqlite3 *db, struct err *err)
{
	char sql[96];
	struct next next;
	int rc = next_read(db, &next, err);
	if (rc == 0 && next.state != NEXT_NONE)
		rc = err_set(err, -EBUSY, "another change is under way");
	if (rc == 0)
		rc = next_forget(db, err);
	(void)snprintf(sql, sizeof(sql), "INSERT INTO fact VALUES('" FACT "', %d)",
		       INT32_MIN); /* fits */
	return rc < 0 ? rc : db_exec(db, sql, err);
}

/* -EINVAL unless it is deriving. */
static int read_deriving(sqlite3 *db, struct next *ret_next, struct err *err)
{
	int rc = next_read(db, ret_next, err);
	if (rc == 0 && ret_next->state != NEXT_DERIVING)
		rc = err_set(err, -EINVAL, "no change is under way");
	return rc;
}

int next_freeze(sqlite3 *db, int32_t day, struct err *err)
{
	char sql[96];
	struct next next;
	int rc = read_deriving(db, &next, err);
	if (rc < 0 || day <= next.frozen)
		return rc;
	(void)snprintf(sql, sizeof(sql), "UPDATE fact SET value = %d WHERE name = '" FACT "'",
		       day); /* fits */
	return db_exec(db, sql, err);
}

int next_abandon(sqlite3 *db, struct err *err)
{
	struct next next;
	int rc = read_deriving(db, &next, err);
	return rc < 0 ? rc : next_forget(db, err);
}

/* --- what is stale --- */

int next_stale(sqlite3 *db, struct office_day *ret, struct err *err)
{
	sqlite3_stmt *first = NULL;
	int rc = db_prepare(db, "SELECT day, office FROM stale ORDER BY day, office LIMIT 1",
			    &first, err);
	if (rc == 0)
		rc = db_step(first, err);
	if (rc == 1)
		*ret = (struct office_day){ sqlite3_column_int(first, 0),
					    sqlite3_column_int64(first, 1) };
	sqlite3_finalize(first);
	return rc;
}

int next_n_stale(sqlite3 *db, int64_t *ret_n, struct err *err)
{
	return db_number(db, "SELECT count(*) FROM stale", ret_n, err);
}

static int run_of_day(sqlite3 *db, const char *sql, const struct office_day *office_day,
		      struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, sql, &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int(stmt, 1, office_day->day);
		sqlite3_bind_int64(stmt, 2, office_day->office);
		rc = db_run(stmt, err);
	}
	sqlite3_finalize(stmt);
	return rc;
}

int next_fresh(sqlite3 *db, const struct office_day *office_day, struct err *err)
{
	return run_of_day(db, "DELETE FROM stale WHERE day = ? AND office = ?", office_day, err);
}

int next_mark_day(sqlite3 *db, int32_t day, struct err *err)
{
	const struct office_day whole = { day, NEXT_WHOLE_DAY };
	struct next next;
	int rc = next_read(db, &next, err);
	return rc < 0 || next.state != NEXT_DERIVING || day > next.frozen
		       ? rc
		       : run_of_day(db, "INSERT OR IGNORE INTO stale VALUES(?, ?)", &whole, err);
}

/* --- in force --- */

int next_switch(sqlite3 *db, struct err *err)
{
	struct next next;
	int64_t stale = 0, rows = 0;
	int rc = read_deriving(db, &next, err);
	if (rc == 0)
		rc = next_n_stale(db, &stale, err);
	if (rc == 0 && stale > 0)
		rc = err_set(err, -EBUSY, "figures came that were not derived yet");
	if (rc == 0)
		rc = db_number(db, "SELECT count(*) FROM (SELECT 1 FROM rollup_next LIMIT 1)",
			       &rows, err);
	if (rc < 0 || rows == 0)
		return rc < 0 ? rc : next_forget(db, err);
	return db_exec(db, "UPDATE fact SET value = 'settling' WHERE name = '" FACT "'", err);
}

struct bringing {
	sqlite3_stmt *list, *put, *drop, *done;
	bool any; /* row was brought over; @done is bound to the last one's key */
};

static int bringing_open(struct bringing *bringing, sqlite3 *db, struct err *err)
{
	int rc = db_prepare(db,
			    "SELECT grain, bucket, node, page FROM rollup_next"
			    " ORDER BY grain, bucket, node",
			    &bringing->list, err);
	if (rc == 0)
		rc = db_prepare(db, "INSERT OR REPLACE INTO rollup VALUES(?, ?, ?, ?)",
				&bringing->put, err);
	if (rc == 0)
		rc = db_prepare(db,
				"DELETE FROM rollup WHERE grain = ? AND bucket = ? AND node = ?",
				&bringing->drop, err);
	if (rc == 0) /* at once: one by one takes twice as long */
		rc = db_prepare(db,
				"DELETE FROM rollup_next WHERE (grain, bucket, node) <= (?, ?, ?)",
				&bringing->done, err);
	return rc;
}

static void bringing_close(struct bringing *bringing)
{
	sqlite3_finalize(bringing->list);
	sqlite3_finalize(bringing->put);
	sqlite3_finalize(bringing->drop);
	sqlite3_finalize(bringing->done);
}

static void bind_key(sqlite3_stmt *stmt, sqlite3_stmt *row)
{
	for (int column = 0; column < 3; column++)
		sqlite3_bind_value(stmt, column + 1, sqlite3_column_value(row, column));
}

static int row_bring(struct bringing *bringing, struct err *err)
{
	sqlite3_stmt *row = bringing->list;
	bool page = sqlite3_column_bytes(row, 3) > 0;
	sqlite3_stmt *to = page ? bringing->put : bringing->drop;
	bind_key(to, row);
	if (page)
		sqlite3_bind_value(to, 4, sqlite3_column_value(row, 3));
	bind_key(bringing->done, row);
	bringing->any = true;
	return db_run(to, err);
}

/* The first rows of next, in key order, to where they belong. */
static int bring_over(sqlite3 *db, unsigned rows, struct err *err)
{
	struct bringing bringing = { 0 };
	int rc = bringing_open(&bringing, db, err);
	for (uint64_t cost = 0;
	     cost < rows && rc == 0 && (rc = db_step(bringing.list, err)) == 1;) {
		cost += 1 + (uint64_t)sqlite3_column_bytes(bringing.list, 3) / NEXT_ROW_BYTES;
		rc = row_bring(&bringing, err);
	}
	if (bringing.list)
		sqlite3_reset(bringing.list);
	if (rc == 0 && bringing.any)
		rc = db_run(bringing.done, err);
	bringing_close(&bringing);
	return rc;
}

int next_settle(sqlite3 *db, unsigned rows, unsigned *ret_left, struct err *err)
{
	struct next next;
	int64_t left = 0;
	int rc = next_read(db, &next, err);
	if (rc == 0 && next.state == NEXT_SETTLING) {
		rc = bring_over(db, rows, err);
		if (rc == 0)
			rc = db_number(db,
				       "SELECT count(*) FROM (SELECT 1 FROM rollup_next LIMIT 1)",
				       &left, err);
		if (rc == 0 && left == 0)
			rc = next_forget(db, err);
	}
	if (rc == 0)
		*ret_left = (unsigned)left;
	return rc;
}
