/* SQLite, opened the one way we open it, and its errors told in words. */
#pragma once

#include "common/base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum db_mode {
	DB_WRITER_WAL,      /* the one connection that writes and checkpoints; synchronous=FULL; no
			       autocheckpoint */
	DB_WRITER_ROLLBACK, /* a private file: locked for everyone else while it is open;
			       journal_mode=PERSIST, synchronous=FULL: a commit survives a power
			       cut */
	DB_READER,          /* read-only beside a DB_WRITER_WAL; never checkpoints */
};

/* What a file is, and how it came to be so. */
struct db_schema {
	int32_t application_id;   /* tags the file (SQLite's header field) */
	int n;                    /* the version of today */
	const char *const *steps; /* [n]; SQL that leads from user_version i to i + 1 */
	/* SQL that keeps ?1, the program's version that brought the schema up, and that gives it
	 * back; they work from step 1 on. NULL: it is not kept. */
	const char *keep_writer, *writer;
	/* What SQL cannot do of the step that led to @version, in its transaction; NULL: nothing.
	 */
	int (*on_step)(sqlite3 *db, int version, struct err *err);
};

/**
 * Open @path. Creates the file (0600) for writers, whose folder must be there: -ENOENT. -EINVAL,
 * and nothing in the file is changed, when it carries another tag, or a schema that is newer than
 * @schema: the sentence tells who wrote it, and what to do. -EBUSY when another one holds a
 * DB_WRITER_ROLLBACK file, in this process or elsewhere; -EUCLEAN when it is no database or
 * damaged. A connection is for one thread at a time (not necessarily the same).
 */
int db_open(const char *path, enum db_mode mode, const struct db_schema *schema, sqlite3 **ret_db,
	    struct err *err);
/** Open an empty database of the caller's own, in memory; what does not fit the page cache goes to
 * a temporary file. It knows no foreign keys. It goes with db_close(). */
int db_open_scratch(sqlite3 **ret_db, struct err *err);
void db_close(sqlite3 *db); /* NULL is fine; all statements must be finalized (asserted) */

/** Before the first db_open of a process that should stay small: no page cache is set aside (87 KB
 * for each connection), pages are allocated as they are read. */
void db_save_memory(void);

/** Our code for SQLite's: FULL -ENOSPC, NOMEM -ENOMEM, BUSY and LOCKED -EBUSY, CORRUPT, NOTADB and
 * CONSTRAINT -EUCLEAN, READONLY -EROFS, INTERRUPT -EINTR, everything else -EIO. None that says what
 * a caller asked for is not there, or there already: whoever looks for it says so. */
int db_code(int sqlite_code);
/** Set err from the connection's last error: "@what: disk is full". Returns its code. */
int db_err(struct err *err, sqlite3 *db, const char *what);

/** What this thread does from now on has its time: @is_over (NULL: it has none) says when that is
 * up. A progress handler sees to it while SQL runs, and db_time_left() where much is reckoned
 * without any. */
void db_time_limit(int (*is_over)(void *context), void *context);
/** -EINTR once the time is up. */
int db_time_left(struct err *err);

int db_exec(sqlite3 *db, const char *sql, struct err *err);
/** Prepare with SQLITE_PREPARE_PERSISTENT. */
int db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_stmt, struct err *err);
/** Step a statement that yields no rows, reset it and clear its bindings. */
int db_run(sqlite3_stmt *stmt, struct err *err);
/** The integer that @sql asks for: a count, a pragma's value. Not written when there is no row. */
int db_number(sqlite3 *db, const char *sql, int64_t *ret_number, struct err *err);
/** Look over all pages of the database (PRAGMA quick_check): -EUCLEAN with the first fault. */
int db_check(sqlite3 *db, struct err *err);
/** The same, indexes and constraints included (PRAGMA integrity_check), which takes longer. */
int db_check_whole(sqlite3 *db, struct err *err);
/** sqlite3_step: 1 a row, 0 done, negative an error. */
int db_step(sqlite3_stmt *stmt, struct err *err);

/** Shall a statement wait some seconds (the usual) for a lock that another connection holds, or
 * fail at once? */
void db_wait(sqlite3 *db, bool wait);

/* --- what a row says, judged ---
 *
 * A disk can put anything into a cell, whatever the schema forbids: NULL where a text must be, a
 * number that is no day, bytes that are not UTF-8. So cells are read through these. Each gives what
 * stands there or, where that cannot be, something harmless, and keeps the first fault in rc:
 * -EUCLEAN with table and column in the sentence, -ENOMEM. Look at rc when the row is read, before
 * anything is done with it. */
struct db_row {
	sqlite3_stmt *stmt;
	struct err *err;
	int rc;
};

/** A text: UTF-8, without a NUL in it. "" where there is none. As long as SQLite's own is valid. */
const char *db_row_text(struct db_row *row, int column);
/** The same, or NULL for an SQL NULL. */
const char *db_row_text_or_null(struct db_row *row, int column);
/** An integer of @low to @high; @low where it is none. */
int64_t db_row_int(struct db_row *row, int column, int64_t low, int64_t high);
/** A blob; "" and 0 where it is none. */
const void *db_row_blob(struct db_row *row, int column, size_t *ret_len);
/** A blob of just @len bytes into @ret; zeros where it is none. */
void db_row_bytes(struct db_row *row, int column, void *ret, size_t len);
/** Note that the cell cannot be, for reasons that its reader alone knows. Returns row->rc. */
int db_row_refuse(struct db_row *row, int column);

int db_begin(sqlite3 *db, struct err *err);  /* BEGIN IMMEDIATE */
int db_commit(sqlite3 *db, struct err *err); /* on failure the transaction is rolled back */
void db_rollback(sqlite3 *db);               /* fine when none is open */
/** Back to savepoint @name, which goes, because of @why. 0; or where that cannot be, as SQLite
 * ended the whole transaction by itself (a full disk), @why's code, and @err says it: what went
 * wrong first is what people hear. The transaction is to be rolled back then. */
int db_undo(sqlite3 *db, const char *name, const struct err *why, struct err *err);

/** Bring the schema up to today's version, each step in one transaction: stopped halfway, it is
 * that of a step before. */
int db_migrate(sqlite3 *db, const struct db_schema *schema, struct err *err);
