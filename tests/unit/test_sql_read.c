#include "sources/sql_read.h"
#include "support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char folder[SCRATCH_MAX], path[SCRATCH_MAX + 8];
	sqlite3 *office; /* the office's own program */
	char *text;      /* the answer */
	size_t len;
	struct err err;
};

static void change(struct fixture *f, const char *sql)
{
	if (sqlite3_exec(f->office, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(f->office));
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/a.db", f->folder);
	assert_int_equal(sqlite3_open(f->path, &f->office), SQLITE_OK);
	change(f, "CREATE TABLE t (day TEXT, sector TEXT, n NUMERIC);"
		  "INSERT INTO t VALUES ('2025-06-30', 'land', 12), ('2025-06-30', 'đất \"đai\"', "
		  "2.5),"
		  "('2025-06-29', NULL, NULL)");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	sqlite3_close(f->office);
	scratch_remove(f->folder);
	free(f->text);
	free(f);
	return 0;
}

static int ask(struct fixture *f, const char *query)
{
	free(f->text);
	f->text = NULL;
	FILE *out = open_memstream(&f->text, &f->len);
	assert_non_null(out);
	int rc = sql_read(f->path, query, out, &f->err);
	fclose(out);
	return rc;
}

static void assert_answer(struct fixture *f, const char *query, const char *text)
{
	if (ask(f, query) != 0)
		fail_msg("%s: %s", query, f->err.text);
	assert_string_equal(f->text, text);
}

static void a_row_is_a_figure_or_a_column_is(void **state)
{
	struct fixture *f = *state;
	assert_answer(f,
		      "SELECT 'd' AS metric, n AS value, day AS period, sector FROM t ORDER BY n",
		      "d=2.5 period=2025-06-30 \"sector=đất \\\"đai\\\"\"\n"
		      "d=12 period=2025-06-30 sector=land\n");
	assert_answer(
		f, "SELECT sum(n) AS \"a.b\", count(*) AS c, max(day) AS period, NULL AS d FROM t;",
		"a.b=14.5 period=2025-06-30\nc=3 period=2025-06-30\n");
	assert_answer(f, "SELECT 'd' AS metric, sum(n) AS value FROM t WHERE day < '2000'", "");
	assert_answer(f, "SELECT 12.0 AS a, 0.1 + 0.2 AS b", "a=12\nb=0.3\n");
	assert_answer(f,
		      "SELECT upper(substr('abc', 2)) AS a, coalesce(NULL, round(2.25, 1)) AS b, "
		      "strftime('%Y', '2025-06-30') AS c, iif(1 < 2, 7, 8) AS d, "
		      "SUM(n) FILTER (WHERE sector LIKE 'l%') AS e, group_concat(n) AS f FROM t",
		      "a=BC\nb=2.3\nc=2025\nd=7\ne=12\nf=12,2.5\n");
}

static void it_can_do_nothing_but_read(void **state)
{
	static const char *const queries[] = {
		"DELETE FROM t",
		"INSERT INTO t VALUES (1, 2, 3) RETURNING 1 AS a",
		"CREATE TABLE u (a)",
		"PRAGMA user_version",
		"ATTACH '/tmp/other.db' AS other",
		"SELECT load_extension('/tmp/x.so')",
		"SELECT Load_Extension('/tmp/x.so')",
		"SELECT readfile('/etc/passwd') AS a",
		"SELECT randomblob(1000000000) AS a",
		"SELECT fts3_tokenizer('simple') AS a",
		"SELECT sqlite_version() AS a",
		"SELECT 'm' AS metric, 1 AS value, 'a' || char(0) || 'b' AS desk",
		"SELECT 'm' || char(0) AS metric, 1 AS value",
		"SELECT 1 AS a; DELETE FROM t",
		"EXPLAIN SELECT 1",
		"BEGIN",
		"VACUUM",
		"SELECT 1 AS metric",
		"SELECT 1 AS value, 2 AS a",
		"SELECT nothing FROM nowhere",
		"SELECT 'a' || char(10) AS b",
		"",
		";",
		"-- nothing",
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		int rc = ask(f, queries[i]);
		if (rc != -EINVAL)
			fail_msg("'%s': %d %s", queries[i], rc, rc ? f->err.text : "");
		assert_memory_equal(f->err.text, f->path, strlen(f->path));
	}
	assert_answer(f, "SELECT count(*) AS a FROM t", "a=3\n");
}

static void a_file_that_is_not_there_is_not_made(void **state)
{
	struct fixture *f = *state;
	(void)snprintf(f->path, sizeof(f->path), "%s/b.db", f->folder);
	assert_int_equal(ask(f, "SELECT 1 AS a"), -ENOENT);
	assert_int_equal(access(f->path, F_OK), -1);
	int fd = open(f->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "this is not a database, not at all", 31), 31);
	close(fd);
	assert_int_equal(ask(f, "SELECT a FROM b"), -EUCLEAN);
	unlink(f->path);
}

static void what_was_committed_is_read_beside_a_writer_in_wal_mode(void **state)
{
	struct fixture *f = *state;
	change(f, "PRAGMA journal_mode=WAL; INSERT INTO t VALUES ('x', 'y', 1);"
		  "BEGIN IMMEDIATE; DELETE FROM t");
	assert_answer(f, "SELECT count(*) AS a FROM t", "a=4\n");
	change(f, "ROLLBACK");
}

static void an_answer_without_end_has_one(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(ask(f, "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) "
				"SELECT n AS a FROM c"),
			 -E2BIG);
	assert_int_equal(ask(f, "SELECT printf('%100000000s', 'x') AS a"), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_row_is_a_figure_or_a_column_is),
		TEST(it_can_do_nothing_but_read),
		TEST(a_file_that_is_not_there_is_not_made),
		TEST(what_was_committed_is_read_beside_a_writer_in_wal_mode),
		TEST(an_answer_without_end_has_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
