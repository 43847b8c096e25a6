#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/sys/db.h"
#include "support/fault.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TAG 0x54455354

static const char *const steps[] = { "CREATE TABLE a(x)", "CREATE TABLE b(x)",
				     "CREATE TABLE b(x)" };
/* Version 1, 2, and one whose third step fails. */
static const struct db_schema schemas[] = {
	{ .application_id = TAG, .n = 1, .steps = steps },
	{ .application_id = TAG, .n = 2, .steps = steps },
	{ .application_id = TAG, .n = 3, .steps = steps },
};
static const struct db_schema schema = { .application_id = TAG };
static const struct db_schema others = { .application_id = TAG + 1 };

struct fixture {
	char folder[64], path[96];
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	if (!f)
		return -1;
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/lantoa-db-XXXXXX");
	if (!mkdtemp(f->folder))
		return -1;
	(void)snprintf(f->path, sizeof(f->path), "%s/test.db", f->folder);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char path[128];
		(void)snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		(void)unlink(path);
	}
	int rc = rmdir(f->folder);
	free(f);
	return rc;
}

static sqlite3 *opened(struct fixture *f, enum db_mode mode)
{
	sqlite3 *db = NULL;
	if (db_open(f->path, mode, &schema, &db, &f->err) < 0)
		fail_msg("%s", f->err.text);
	return db;
}

static int64_t number(struct fixture *f, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(db_prepare(db, sql, &stmt, &f->err), 0);
	assert_int_equal(db_step(stmt, &f->err), 1);
	int64_t number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return number;
}

static void assert_mode(struct fixture *f, sqlite3 *db, const char *expected)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(db_prepare(db, "PRAGMA journal_mode", &stmt, &f->err), 0);
	assert_int_equal(db_step(stmt, &f->err), 1);
	assert_string_equal((const char *)sqlite3_column_text(stmt, 0), expected);
	sqlite3_finalize(stmt);
}

static void a_wal_writer_syncs_each_commit_and_checkpoints_only_when_told(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = opened(f, DB_WRITER_WAL);
	assert_mode(f, db, "wal");
	assert_int_equal(number(f, db, "PRAGMA synchronous"), 2);
	assert_int_equal(number(f, db, "PRAGMA wal_autocheckpoint"), 0);
	assert_int_equal(number(f, db, "PRAGMA foreign_keys"), 1);
	assert_int_equal(number(f, db, "PRAGMA trusted_schema"), 0);
	assert_int_equal(number(f, db, "PRAGMA cell_size_check"), 1);
	assert_int_equal(number(f, db, "PRAGMA application_id"), TAG);
	db_close(db);
}

static void a_private_file_refuses_a_second_opener(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = opened(f, DB_WRITER_ROLLBACK), *second = NULL;
	assert_mode(f, db, "persist");
	assert_int_equal(number(f, db, "PRAGMA synchronous"), 2);
	assert_int_equal(db_open(f->path, DB_WRITER_ROLLBACK, &schema, &second, &f->err), -EBUSY);
	assert_non_null(strstr(f->err.text, "is in use by another process"));
	assert_null(second);
	db_close(db);
	db_close(opened(f, DB_WRITER_ROLLBACK));
}

static int open_in_child(struct fixture *f)
{
	pid_t pid = fork();
	if (pid == 0) {
		sqlite3 *db = NULL;
		_exit(-db_open(f->path, DB_WRITER_ROLLBACK, &schema, &db, &f->err));
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void a_private_file_refuses_a_second_process_after_commits_too(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = opened(f, DB_WRITER_ROLLBACK);
	assert_int_equal(open_in_child(f), -EBUSY);
	assert_int_equal(db_exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", &f->err), 0);
	assert_int_equal(open_in_child(f), -EBUSY);
	assert_int_equal(number(f, db, "SELECT count(*) FROM t"), 1);
	db_close(db);
}

static void a_reader_reads_and_cannot_write(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = opened(f, DB_WRITER_WAL);
	assert_int_equal(db_exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES(7)", &f->err), 0);
	sqlite3 *reader = opened(f, DB_READER);
	assert_int_equal(number(f, reader, "SELECT x FROM t"), 7);
	assert_int_equal(db_exec(reader, "DELETE FROM t", &f->err), -EROFS);
	assert_int_equal(number(f, reader, "PRAGMA wal_autocheckpoint"), 0);
	db_close(reader);
	db_close(db);
}

static void a_file_of_another_program_is_refused_and_left_as_it_is(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = opened(f, DB_WRITER_ROLLBACK), *other = NULL;
	assert_int_equal(db_exec(db, "CREATE TABLE t(x)", &f->err), 0);
	db_close(db);
	assert_int_equal(db_open(f->path, DB_WRITER_WAL, &others, &other, &f->err), -EINVAL);
	assert_int_equal(db_open(f->path, DB_READER, &others, &other, &f->err), -EINVAL);
	assert_null(other);
	db = opened(f, DB_WRITER_ROLLBACK);
	assert_int_equal(number(f, db, "PRAGMA application_id"), TAG);
	db_close(db);
}

static void every_file_is_for_its_owner_alone(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = opened(f, DB_WRITER_WAL);
	assert_int_equal(db_exec(db, "CREATE TABLE t(x)", &f->err), 0);
	static const char *const ends[] = { "", "-wal", "-shm" };
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char path[128];
		(void)snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		struct stat st;
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	db_close(db);
}

static void write_file(struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void what_is_no_database_is_told_apart_from_what_is_missing(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = NULL;
	assert_int_equal(db_open(f->path, DB_READER, &schema, &db, &f->err), -ENOENT);
	write_file(f, "name,label\n");
	assert_int_equal(db_open(f->path, DB_WRITER_WAL, &schema, &db, &f->err), -EUCLEAN);
	assert_int_equal(db_open(f->path, DB_WRITER_ROLLBACK, &schema, &db, &f->err), -EUCLEAN);
	assert_int_equal(db_open("/nowhere/at/all.db", DB_WRITER_WAL, &schema, &db, &f->err),
			 -ENOENT);
	assert_null(db);
}

static void migration_goes_step_by_step_and_never_half(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = opened(f, DB_WRITER_ROLLBACK);
	assert_int_equal(db_migrate(db, &schemas[0], &f->err), 0);
	assert_int_equal(number(f, db, "PRAGMA user_version"), 1);
	assert_true(db_migrate(db, &schemas[2], &f->err) < 0);
	assert_int_equal(number(f, db, "PRAGMA user_version"), 2);
	assert_int_equal(db_migrate(db, &schemas[1], &f->err), 0);
	db_close(db);
}

static size_t read_file(const char *path, char bytes[static 1 << 16])
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t n = fread(bytes, 1, 1 << 16, file);
	assert_int_equal(fclose(file), 0);
	return n;
}

/* Whichever way this version would keep its journal, and whatever the newer one did. */
static void a_newer_file_is_refused_by_the_name_of_who_wrote_it_and_left_as_it_is(void **state)
{
	static char before[1 << 16], after[1 << 16];
	static const struct db_schema older = {
		.application_id = TAG, .n = 1, .steps = steps, .writer = "SELECT x FROM b"
	};
	static const enum db_mode modes[] = { DB_WRITER_WAL, DB_WRITER_ROLLBACK, DB_READER };
	struct fixture *f = *state;
	sqlite3 *db = opened(f, DB_WRITER_WAL);
	assert_int_equal(db_migrate(db, &schemas[1], &f->err), 0);
	assert_int_equal(db_exec(db, "INSERT INTO b VALUES('9.8')", &f->err), 0);
	db_close(db);
	size_t n = read_file(f->path, before);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(db_open(f->path, modes[i], &older, &db, &f->err), -EINVAL);
		assert_non_null(strstr(f->err.text, "written by version 9.8, which is newer"));
		assert_non_null(strstr(f->err.text, "install version 9.8 again"));
		assert_int_equal(db_open(f->path, modes[i], &schemas[0], &db, &f->err), -EINVAL);
		assert_non_null(strstr(f->err.text, "written by a newer version"));
		assert_int_equal(read_file(f->path, after), n);
		assert_memory_equal(before, after, n);
	}
}

static void statements_run_again_and_constraints_have_a_code(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = opened(f, DB_WRITER_ROLLBACK);
	assert_int_equal(db_exec(db, "CREATE TABLE t(x UNIQUE)", &f->err), 0);
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(db_prepare(db, "INSERT INTO t VALUES(?)", &stmt, &f->err), 0);
	assert_int_equal(db_begin(db, &f->err), 0);
	assert_int_equal(sqlite3_bind_int(stmt, 1, 5), SQLITE_OK);
	assert_int_equal(db_run(stmt, &f->err), 0);
	assert_int_equal(sqlite3_bind_int(stmt, 1, 5), SQLITE_OK);
	assert_int_equal(db_run(stmt, &f->err), -EUCLEAN);
	assert_int_equal(db_run(stmt, &f->err), 0); /* bindings were cleared: a null */
	assert_int_equal(db_commit(db, &f->err), 0);
	assert_int_equal(number(f, db, "SELECT count(*) FROM t"), 2);
	assert_int_equal(db_begin(db, &f->err), 0);
	assert_int_equal(db_run(stmt, &f->err), 0);
	db_rollback(db);
	db_rollback(db);
	assert_int_equal(number(f, db, "SELECT count(*) FROM t"), 2);
	sqlite3_finalize(stmt);
	db_close(db);
}

/* What a statement was refused for is heard, and not that there is nothing left to undo. */
static void what_went_wrong_first_is_heard(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = opened(f, DB_WRITER_ROLLBACK);
	const struct err why = { .code = -ENOSPC, .text = "the cause" };
	assert_int_equal(db_exec(db, "CREATE TABLE t(x)", &f->err), 0);
	assert_int_equal(db_exec(db,
				 "BEGIN; INSERT INTO t VALUES(1); SAVEPOINT part;"
				 "INSERT INTO t VALUES(2)",
				 &f->err),
			 0);
	assert_int_equal(db_undo(db, "part", &why, &f->err), 0);
	assert_int_equal(number(f, db, "SELECT count(*) FROM t"), 1);
	assert_int_equal(db_exec(db, "SAVEPOINT part; ROLLBACK", &f->err), 0);
	assert_int_equal(db_undo(db, "part", &why, &f->err), -ENOSPC);
	assert_string_equal(f->err.text, "the cause");
	db_close(db);
}

/* ---- a disk that fails ---- */

static int transfer(sqlite3 *db, struct err *err)
{
	int rc = db_begin(db, err);
	if (rc < 0)
		return rc;
	rc = db_exec(db, "INSERT INTO t SELECT x + 1 FROM t", err);
	if (rc == 0)
		return db_commit(db, err);
	db_rollback(db);
	return rc;
}

/* Fail the first disk operation of a transaction, then the second, ... until one gets through. */
static void commit_is_all_or_nothing(struct fixture *f, enum db_mode mode, unsigned doors)
{
	sqlite3 *db = opened(f, mode);
	assert_int_equal(db_exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", &f->err), 0);
	bool fired = true;
	for (unsigned after = 0; fired; after++) {
		fault_arm_at(doors, after);
		int rc = transfer(db, &f->err);
		fired = fault_disarm();
		assert_true(fired ? rc == -EIO || rc == -ENOSPC : rc == 0);
		db_close(db); /* what counts is what the next one finds */
		db = opened(f, mode);
		int64_t n = number(f, db, "SELECT count(*) FROM t");
		assert_true(fired ? n == 1 || n == 2 : n == 2);
		if (n == 2 && fired) /* the error came after the point of no return: allowed */
			assert_int_equal(db_exec(db, "DELETE FROM t WHERE x = 2", &f->err), 0);
	}
	db_close(db);
}

static void a_commit_survives_any_failed_disk_operation(void **state)
{
	commit_is_all_or_nothing(*state, DB_WRITER_ROLLBACK, FAULT_DISK);
}

static void a_commit_survives_a_disk_that_stays_broken(void **state)
{
	commit_is_all_or_nothing(*state, DB_WRITER_ROLLBACK, FAULT_DISK | FAULT_STAYS);
}

static void a_wal_commit_survives_any_failed_disk_operation(void **state)
{
	commit_is_all_or_nothing(*state, DB_WRITER_WAL, FAULT_DISK);
}

static void a_full_disk_is_told_as_such_and_forgotten_when_there_is_room(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db = opened(f, DB_WRITER_WAL);
	assert_int_equal(db_exec(db, "CREATE TABLE t(x); INSERT INTO t VALUES(1)", &f->err), 0);
	fault_arm_at(FAULT_FULL | FAULT_STAYS, 0);
	assert_int_equal(transfer(db, &f->err), -ENOSPC);
	assert_non_null(strstr(f->err.text, "disk is full"));
	assert_true(fault_disarm());
	assert_int_equal(transfer(db, &f->err), 0);
	assert_int_equal(number(f, db, "SELECT count(*) FROM t"), 2);
	db_close(db);
}

static void opening_on_a_failing_disk_leaves_nothing_open(void **state)
{
	struct fixture *f = *state;
	bool fired = true;
	for (unsigned after = 0; fired; after++) {
		sqlite3 *db = NULL;
		fault_arm(after);
		int rc = db_open(f->path, DB_WRITER_ROLLBACK, &schema, &db, &f->err);
		fired = fault_disarm();
		assert_true(fired || rc == 0);
		assert_true((rc == 0) == (db != NULL));
		db_close(db);
	}
}

static int install(void **state)
{
	(void)state;
	fault_install();
	return 0;
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_wal_writer_syncs_each_commit_and_checkpoints_only_when_told),
		test(a_private_file_refuses_a_second_opener),
		test(a_private_file_refuses_a_second_process_after_commits_too),
		test(a_reader_reads_and_cannot_write),
		test(a_file_of_another_program_is_refused_and_left_as_it_is),
		test(every_file_is_for_its_owner_alone),
		test(what_is_no_database_is_told_apart_from_what_is_missing),
		test(migration_goes_step_by_step_and_never_half),
		test(a_newer_file_is_refused_by_the_name_of_who_wrote_it_and_left_as_it_is),
		test(statements_run_again_and_constraints_have_a_code),
		test(a_commit_survives_any_failed_disk_operation),
		test(a_commit_survives_a_disk_that_stays_broken),
		test(a_wal_commit_survives_any_failed_disk_operation),
		test(a_full_disk_is_told_as_such_and_forgotten_when_there_is_room),
		test(opening_on_a_failing_disk_leaves_nothing_open),
		test(what_went_wrong_first_is_heard),
	};
	return cmocka_run_group_tests(tests, install, NULL);
}
