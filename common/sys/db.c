#include "common/sys/db.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUSY_WAIT_MS                                                                               \
	5000 /* a reader of the WAL meets a lock only while another one recovers it                \
	      */

void db_save_memory(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0); /* too late is only larger */
}

int db_code(int sqlite_code)
{
	if (sqlite_code == SQLITE_IOERR_NOMEM)
		return -ENOMEM;
	switch (sqlite_code & 0xff) { /* extended codes keep the primary one in the low byte */
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT: /* what is asked for was looked at before: the disk contradicts it
				 */
		return -EUCLEAN;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_INTERRUPT:
		return -EINTR;
	default:
		return -EIO;
	}
}

static _Thread_local struct {
	int (*is_over)(void *context);
	void *context;
} time_limit;

void db_time_limit(int (*is_over)(void *context), void *context)
{
	time_limit.is_over = is_over;
	time_limit.context = context;
}

int db_time_left(struct err *err)
{
	if (time_limit.is_over && time_limit.is_over(time_limit.context))
		return err_set(err, -EINTR, "this takes too long");
	return 0;
}

static const char *code_text(int sqlite_code, const char *sqlite_text)
{
	switch (sqlite_code & 0xff) {
	case SQLITE_FULL:
		return N_("disk is full");
	case SQLITE_NOMEM:
		return N_("out of memory");
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return N_("is in use by another process");
	case SQLITE_CORRUPT:
		return N_("the file is damaged; restore it from a backup");
	case SQLITE_NOTADB:
		return N_("the file is not a database");
	case SQLITE_INTERRUPT:
		return N_("took too long and was stopped");
	default:
		return sqlite_text;
	}
}

static int code_err(struct err *err, int sqlite_code, const char *sqlite_text, const char *what)
{
	return err_set(err, db_code(sqlite_code), "%s: %s", _(what),
		       _(code_text(sqlite_code, sqlite_text)));
}

int db_err(struct err *err, sqlite3 *db, const char *what)
{
	int code = sqlite3_extended_errcode(db);
	if (db_code(code) == 0)
		code = SQLITE_INTERNAL; /* whoever asks has seen something fail */
	return code_err(err, code, sqlite3_errmsg(db), what);
}

void db_wait(sqlite3 *db, bool wait)
{
	(void)sqlite3_busy_timeout(db, wait ? BUSY_WAIT_MS : 0); /* fails on no live connection */
}

int db_exec(sqlite3 *db, const char *sql, struct err *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_err(err, db, "database");
	return 0;
}

int db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret_stmt, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
		return db_err(err, db, "prepare a statement");
	*ret_stmt = stmt;
	return 0;
}

int db_step(sqlite3_stmt *stmt, struct err *err)
{
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return db_err(err, sqlite3_db_handle(stmt),
			      sqlite3_stmt_readonly(stmt) ? "read the database"
							  : N_("write the database"));
	}
}

int db_run(sqlite3_stmt *stmt, struct err *err)
{
	int rc = db_step(stmt, err);
	assert(rc != 1);                    /* for statements without rows */
	(void)sqlite3_reset(stmt);          /* repeats step's error, which err has */
	(void)sqlite3_clear_bindings(stmt); /* always SQLITE_OK */
	return rc;
}

int db_begin(sqlite3 *db, struct err *err)
{
	return db_exec(db, "BEGIN IMMEDIATE", err);
}

void db_rollback(sqlite3 *db)
{
	if (!sqlite3_get_autocommit(db))
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* if the disk fails here,
		the journal is rolled back by whoever opens the file next */
}

int db_undo(sqlite3 *db, const char *name, const struct err *why, struct err *err)
{
	char sql[96];
	struct err undone;
	(void)snprintf(sql, sizeof(sql), "ROLLBACK TO %s; RELEASE %s", name, name); /* fits */
	return db_exec(db, sql, &undone) < 0 ? err_set(err, why->code, "%s", why->text) : 0;
}

int db_commit(sqlite3 *db, struct err *err)
{
	int rc = db_exec(db, "COMMIT", err);
	if (rc < 0)
		db_rollback(db);
	return rc;
}

int db_number(sqlite3 *db, const char *sql, int64_t *ret_number, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, sql, &stmt, err);
	if (rc < 0)
		return rc;
	rc = db_step(stmt, err);
	if (rc > 0)
		*ret_number = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt); /* repeats step's error */
	return rc < 0 ? rc : 0;
}

static int check_by(sqlite3 *db, const char *pragma, struct err *err)
{
	sqlite3_stmt *check = NULL;
	int rc = db_prepare(db, pragma, &check, err);
	if (rc == 0)
		rc = db_step(check, err);
	const char *found = rc == 1 ? (const char *)sqlite3_column_text(check, 0) : NULL;
	if (rc == 1 && !found)
		rc = err_memory(err);
	else if (rc == 1 && strcmp(found, "ok") != 0)
		rc = err_set(err, -EUCLEAN, "%s", found);
	(void)sqlite3_finalize(check); /* repeats the error that step told */
	return rc < 0 ? rc : 0;
}

int db_check(sqlite3 *db, struct err *err)
{
	return check_by(db, "PRAGMA quick_check(1)", err);
}

int db_check_whole(sqlite3 *db, struct err *err)
{
	return check_by(db, "PRAGMA integrity_check(1)", err);
}

/* --- what a row says --- */

int db_row_refuse(struct db_row *row, int column)
{
	const char *table = sqlite3_column_table_name(row->stmt, column);
	const char *name = sqlite3_column_origin_name(row->stmt, column);
	if (row->rc == 0)
		row->rc = err_set(row->err, -EUCLEAN,
				  "it is damaged: '%s' of a row of '%s' is not what can have been "
				  "written there",
				  name ? name : sqlite3_column_name(row->stmt, column),
				  table ? table : "-");
	return row->rc;
}

const char *db_row_text(struct db_row *row, int column)
{
	if (sqlite3_column_type(row->stmt, column) != SQLITE_TEXT) {
		(void)db_row_refuse(row, column);
		return "";
	}
	const char *text = (const char *)sqlite3_column_text(row->stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(row->stmt, column);
	if (!text) {
		row->rc = row->rc < 0 ? row->rc : err_memory(row->err);
		return "";
	}
	if (strlen(text) == len && utf8_valid(text, len))
		return text;
	(void)db_row_refuse(row, column);
	return "";
}

const char *db_row_text_or_null(struct db_row *row, int column)
{
	bool none = sqlite3_column_type(row->stmt, column) == SQLITE_NULL;
	return none ? NULL : db_row_text(row, column);
}

int64_t db_row_int(struct db_row *row, int column, int64_t low, int64_t high)
{
	int64_t number = sqlite3_column_int64(row->stmt, column);
	if (sqlite3_column_type(row->stmt, column) == SQLITE_INTEGER && number >= low &&
	    number <= high)
		return number;
	(void)db_row_refuse(row, column);
	return low;
}

const void *db_row_blob(struct db_row *row, int column, size_t *ret_len)
{
	const void *blob = sqlite3_column_blob(row->stmt, column);
	bool is_blob = sqlite3_column_type(row->stmt, column) == SQLITE_BLOB;
	*ret_len = is_blob && blob ? (size_t)sqlite3_column_bytes(row->stmt, column) : 0;
	if (!is_blob)
		(void)db_row_refuse(row, column);
	else if (!blob && sqlite3_errcode(sqlite3_db_handle(row->stmt)) == SQLITE_NOMEM)
		row->rc = row->rc < 0 ? row->rc : err_memory(row->err);
	return *ret_len > 0 ? blob : "";
}

void db_row_bytes(struct db_row *row, int column, void *ret, size_t len)
{
	size_t found;
	const void *blob = db_row_blob(row, column, &found);
	memset(ret, 0, len);
	if (found == len)
		memcpy(ret, blob, len);
	else
		(void)db_row_refuse(row, column);
}

/* SQLite would make the file readable for everyone that the umask lets, and does not make its name
 * durable. Only a file that was not there is opened here: closing any other would drop the locks
 * that SQLite holds on it in this process. */
static int file_create(const char *path, struct err *err)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0)
		return err_system(err, -errno, "create it");
	(void)close(fd); /* nothing was written */
	char folder[PATH_MAX];
	if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
		return err_system(err, -ENAMETOOLONG, "create it");
	fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) < 0 ? err_system(err, -errno, "sync its folder") : 0;
	if (fd >= 0)
		(void)close(fd); /* opened for reading */
	return rc;
}

static const char *settings(enum db_mode mode)
{
	switch (mode) {
	case DB_WRITER_WAL:
		return "PRAGMA locking_mode=NORMAL; PRAGMA journal_mode=WAL;"
		       "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;";
	case DB_WRITER_ROLLBACK:
		return "PRAGMA journal_mode=PERSIST; PRAGMA synchronous=FULL;";
	case DB_READER:
		break;
	}
	return "PRAGMA wal_autocheckpoint=0; PRAGMA query_only=ON;";
}

/* An empty file is ours to take; any other must carry the tag. */
static int tag_check(sqlite3 *db, enum db_mode mode, int32_t application_id, struct err *err)
{
	int64_t found = 0, objects = 0;
	int rc = db_number(db, "PRAGMA application_id", &found, err);
	if (rc == 0)
		rc = db_number(db, "SELECT count(*) FROM sqlite_schema", &objects, err);
	if (rc < 0 || found == application_id)
		return rc;
	if (found != 0 || objects != 0 || mode == DB_READER)
		return err_set(err, -EINVAL,
			       "the file belongs to another program; give another path");
	char sql[64];
	(void)snprintf(sql, sizeof(sql), "PRAGMA application_id=%d", application_id); /* fits */
	return db_exec(db, sql, err);
}

/* The program's version that brought the schema up; "" when it cannot be known. */
static void writer_read(sqlite3 *db, const struct db_schema *schema, char *ret_version, size_t size)
{
	sqlite3_stmt *stmt = NULL;
	struct err ignored; /* a later version may keep it elsewhere */
	*ret_version = '\0';
	if (!schema->writer || db_prepare(db, schema->writer, &stmt, &ignored) < 0)
		return;
	if (db_step(stmt, &ignored) == 1 && sqlite3_column_text(stmt, 0))
		(void)snprintf(ret_version, size, "%s", (const char *)sqlite3_column_text(stmt, 0));
	(void)sqlite3_finalize(stmt); /* nothing was written */
}

static int version_check(sqlite3 *db, const struct db_schema *schema, struct err *err)
{
	char writer[32];
	int64_t version = 0;
	int rc = db_number(db, "PRAGMA user_version", &version, err);
	if (rc < 0 || (version >= 0 && version <= schema->n))
		return rc;
	writer_read(db, schema, writer, sizeof(writer));
	if (!*writer)
		return err_set(err, -EINVAL,
			       "it was written by a newer version than this one (%s); install the "
			       "newer version again, or restore a backup from before the upgrade",
			       LANTOA_VERSION);
	return err_set(err, -EINVAL,
		       "it was written by version %s, which is newer than this one (%s); install "
		       "version %s again, or restore a backup from before the upgrade",
		       writer, LANTOA_VERSION, writer);
}

/* A refused file stays as it is, to the byte: settings and closing write only into one of ours. */
static int connection_set_up(sqlite3 *db, enum db_mode mode, const struct db_schema *schema,
			     struct err *err)
{
	(void)sqlite3_extended_result_codes(db, 1);   /* fails on no live connection, */
	(void)sqlite3_busy_timeout(db, BUSY_WAIT_MS); /* nor do these two */
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	int rc = db_exec(db,
			 "PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;"
			 "PRAGMA foreign_keys=ON; PRAGMA mmap_size=0;",
			 err);
	if (rc == 0 && mode == DB_WRITER_ROLLBACK) {
		(void)sqlite3_busy_timeout(db, 0); /* its holder keeps it: waiting is no use */
		rc = db_exec(db, "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;", err);
	}
	if (rc == 0)
		rc = tag_check(db, mode, schema->application_id, err);
	if (rc == 0)
		rc = version_check(db, schema, err);
	if (rc == 0)
		rc = db_exec(db, settings(mode), err);
	if (mode != DB_READER && rc == 0)
		(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return rc;
}

int db_open(const char *path, enum db_mode mode, const struct db_schema *schema, sqlite3 **ret_db,
	    struct err *err)
{
	sqlite3 *db = NULL;
	int rc = mode == DB_READER ? 0 : file_create(path, err);
	if (rc < 0)
		return err_wrap(err, "database '%s'", path);
	int flags = mode == DB_READER ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	/* NOMUTEX: a connection is used by one thread at a time, its worker's. */
	int code = sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_CANTOPEN && access(path, F_OK) < 0 && errno == ENOENT)
		rc = err_set(err, -ENOENT, "%s: %s", _("open it"), db ? sqlite3_errmsg(db) : "");
	else if (code != SQLITE_OK)
		rc = code_err(err, code, db ? sqlite3_errmsg(db) : "", "open it");
	else
		rc = connection_set_up(db, mode, schema, err);
	if (rc < 0) {
		db_close(db);
		return err_wrap(err, "database '%s'", path);
	}
	*ret_db = db;
	return 0;
}

int db_open_scratch(sqlite3 **ret_db, struct err *err)
{
	static const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2("", &db, flags, NULL), rc = 0;
	if (code != SQLITE_OK)
		rc = code_err(err, code, db ? sqlite3_errmsg(db) : "", "open it");
	if (rc == 0) {
		(void)sqlite3_extended_result_codes(db, 1); /* fails on no live connection */
		rc = db_exec(db,
			     "PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=OFF;"
			     "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;",
			     err);
	}
	if (rc < 0) {
		db_close(db);
		return err_wrap(err, "a database in memory");
	}
	*ret_db = db;
	return 0;
}

void db_close(sqlite3 *db)
{
	int code = sqlite3_close(db); /* NULL is a no-op there too */
	assert(code == SQLITE_OK);    /* else a statement was left over */
	(void)code;
}

static int writer_keep(sqlite3 *db, const struct db_schema *schema, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	if (!schema->keep_writer)
		return 0;
	int rc = db_prepare(db, schema->keep_writer, &stmt, err);
	if (rc < 0)
		return rc;
	if (sqlite3_bind_text(stmt, 1, LANTOA_VERSION, -1, SQLITE_STATIC) == SQLITE_OK)
		rc = db_run(stmt, err);
	else
		rc = db_err(err, db, "bind");
	(void)sqlite3_finalize(stmt); /* repeats the run's error */
	return rc;
}

static int step_take(sqlite3 *db, const struct db_schema *schema, int from, struct err *err)
{
	char version[64];
	(void)snprintf(version, sizeof(version), "PRAGMA user_version=%d", from + 1); /* fits */
	int rc = db_exec(db, schema->steps[from], err);
	if (rc == 0 && schema->on_step)
		rc = schema->on_step(db, from + 1, err);
	if (rc == 0)
		rc = writer_keep(db, schema, err);
	return rc < 0 ? rc : db_exec(db, version, err);
}

int db_migrate(sqlite3 *db, const struct db_schema *schema, struct err *err)
{
	int64_t version = 0;
	int rc = db_number(db, "PRAGMA user_version", &version, err);
	for (; rc == 0 && version < schema->n; version++) {
		rc = db_begin(db, err);
		if (rc == 0)
			rc = step_take(db, schema, (int)version, err);
		if (rc == 0)
			rc = db_commit(db, err);
		else
			db_rollback(db);
	}
	return rc < 0 ? err_wrap(err, "bring the schema up to date") : 0;
}
