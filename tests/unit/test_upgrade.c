/* Vintages (tests/upgrade/write.py) opened by today's schema. What they answer, and that they go on
 * taking figures, is tests/system/test_upgrade.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/blob.h"
#include "common/model/civil.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/reference.h"
#include "rollup/fold.h"
#include "rollup/rebuild.h"
#include "schema/schema.h"
#include "spool/repair.h"
#include "spool/spool.h"
#include "support/fault.h"
#include "support/scratch.h"
#include "support/testbed.h"
#include "verify/verify.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define VINTAGES     SOURCE_DIR "/tests/upgrade"
#define VINTAGES_MAX 100

enum kind { PROVINCE, OFFICE };
static const char *const names[] = { [PROVINCE] = "province", [OFFICE] = "office" };

struct fixture {
	char folder[SCRATCH_MAX], path[96], fresh[96];
	char vintages[VINTAGES_MAX][64];
	size_t n;
	struct err err;
};

/* --- the two kinds of database, opened as their daemons do --- */

static int open_and_close(enum kind kind, const char *path, struct err *err)
{
	static const struct spool_limits limits = { .bytes_max = 64 << 20, .keep_days = 35 };
	struct spool *spool = NULL;
	sqlite3 *db = NULL;
	int rc = kind == PROVINCE ? schema_open(path, false, &db, err)
				  : spool_open(path, &limits, &spool, NULL, err);
	db_close(db);
	spool_close(spool);
	return rc;
}

static sqlite3 *raw(const char *path)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static int64_t number(const char *path, const char *sql)
{
	sqlite3 *db = raw(path);
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	db_close(db);
	return number;
}

/* Every table and index as it was made, runs of white space as one blank. The caller frees. */
static char *schema_text(const char *path)
{
	sqlite3 *db = raw(path);
	sqlite3_stmt *stmt = NULL;
	struct blob text = { 0 };
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT sql FROM sqlite_schema WHERE sql NOT NULL"
					    " ORDER BY type, name",
					    -1, &stmt, NULL),
			 SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		for (const char *at = (const char *)sqlite3_column_text(stmt, 0); *at; at++)
			if (*at != ' ' || at[1] != ' ')
				assert_int_equal(blob_append(&text, at, 1), 0);
		assert_int_equal(blob_append(&text, "\n", 1), 0);
	}
	assert_int_equal(blob_append(&text, "", 1), 0);
	sqlite3_finalize(stmt);
	db_close(db);
	return (char *)text.data;
}

static void assert_schema(const char *path, const char *expected)
{
	char *text = schema_text(path);
	assert_string_equal(text, expected);
	free(text);
}

/* --- vintages --- */

static int load(const struct fixture *f, const char *vintage, enum kind kind)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	char path[PATH_MAX], *message = NULL;
	static char sql[1 << 20];
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof(path), VINTAGES "/%s/%s.sql", vintage, names[kind]);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t n = fread(sql, 1, sizeof(sql) - 1, file);
	assert_true(feof(file));
	assert_int_equal(fclose(file), 0);
	sql[n] = '\0';
	sqlite3 *db = raw(f->path);
	if (kind == PROVINCE)
		assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL), 0);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", path, message);
	db_close(db);
	return (int)number(f->path, "PRAGMA user_version");
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	assert_int_equal(civil_set_zone("Asia/Ho_Chi_Minh", &f->err), 0);
	scratch_make(true, f->folder);
	(void)snprintf(f->path, sizeof(f->path), "%s/vintage.db", f->folder);
	(void)snprintf(f->fresh, sizeof(f->fresh), "%s/fresh.db", f->folder);
	DIR *dir = opendir(VINTAGES);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		if (strncmp(entry->d_name, "province", 8) == 0 && f->n < VINTAGES_MAX)
			(void)snprintf(f->vintages[f->n++], sizeof(f->vintages[0]), "%.60s",
				       entry->d_name);
	closedir(dir);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	scratch_remove(f->folder);
	free(f);
	return 0;
}

/* --- the promises --- */

static int version_of_today(struct fixture *f, enum kind kind)
{
	(void)unlink(f->fresh);
	assert_int_equal(open_and_close(kind, f->fresh, &f->err), 0);
	return (int)number(f->fresh, "PRAGMA user_version");
}

/* Fails when a schema has risen: run tests/upgrade/write.py, and keep what it writes. */
static void every_version_has_a_vintage(void **state)
{
	struct fixture *f = *state;
	for (enum kind kind = PROVINCE; kind <= OFFICE; kind++) {
		bool there[VINTAGES_MAX] = { false };
		int today = version_of_today(f, kind);
		for (size_t i = 0; i < f->n; i++)
			there[load(f, f->vintages[i], kind)] = true;
		for (int version = 1; version <= today; version++)
			if (!there[version])
				fail_msg("no vintage in tests/upgrade has %s version %d: run "
					 "tests/upgrade/write.py, and keep what it writes",
					 names[kind], version);
	}
}

static void a_vintage_comes_to_the_schema_of_a_fresh_file(void **state)
{
	struct fixture *f = *state;
	for (enum kind kind = PROVINCE; kind <= OFFICE; kind++) {
		int today = version_of_today(f, kind);
		char *fresh = schema_text(f->fresh);
		for (size_t i = 0; i < f->n; i++) {
			(void)load(f, f->vintages[i], kind);
			if (open_and_close(kind, f->path, &f->err) < 0)
				fail_msg("%s: %s", f->vintages[i], f->err.text);
			assert_schema(f->path, fresh);
			assert_int_equal(number(f->path, "PRAGMA user_version"), today);
		}
		free(fresh);
	}
}

static void a_store_of_a_vintage_is_right(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < f->n; i++) {
		sqlite3 *db = NULL;
		struct reference *reference = NULL;
		struct table *differences = NULL;
		bool due = false;
		int version = load(f, f->vintages[i], PROVINCE);
		assert_int_equal(schema_open(f->path, false, &db, &f->err), 0);
		assert_int_equal(rebuild_due(db, &due, &f->err), 0);
		assert_int_equal(due, version < 4);
		if (due)
			assert_int_equal(rebuild_store(db, &f->err), 0);
		assert_int_equal(rebuild_due(db, &due, &f->err), 0);
		assert_false(due); /* once is enough */
		assert_int_equal(number(f->path, "SELECT count(*) FROM fact WHERE name = "
						 "'rollups_due'"),
				 0);
		assert_int_equal(reference_load(db, &reference, &f->err), 0);
		struct verify_counts counts;
		assert_int_equal(verify_run(db, reference, &counts, &differences, &f->err), 0);
		assert_int_equal(counts.differences, 0);
		assert_true(counts.observations > 15);
		table_close(differences);
		reference_close(reference);
		db_close(db);
	}
}

/* As after a power cut at one operation of the disk or the next. */
static void migrate_and_die(const struct fixture *f, enum kind kind, unsigned after)
{
	pid_t pid = fork();
	if (pid == 0) {
		struct err err;
		fault_arm_at(FAULT_DISK | FAULT_STAYS, after);
		int rc = open_and_close(kind, f->path, &err);
		_exit(rc == 0 && !fault_disarm() ? 0 : 1);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
}

/* What a migration that was stopped left: whole, and at one of the steps between; which. */
static int assert_usable(struct fixture *f, enum kind kind, int from, const char *old)
{
	char *fresh = schema_text(f->fresh);
	int version = (int)number(f->path, "PRAGMA user_version");
	int today = (int)number(f->fresh, "PRAGMA user_version");
	assert_in_range(version, from, today);
	if (version == from || version == today)
		assert_schema(f->path, version == from ? old : fresh);
	assert_int_equal(open_and_close(kind, f->path, &f->err), 0);
	assert_int_equal(number(f->path, "PRAGMA user_version"), today);
	assert_schema(f->path, fresh);
	free(fresh);
	return version;
}

/* By an operation that fails, as @doors say, and if @dies by a power cut there; anywhere before the
 * next version is reached: from there on it is that one's vintage which is stopped. */
static void interrupted(struct fixture *f, enum kind kind, const char *vintage, unsigned doors,
			bool dies)
{
	(void)version_of_today(f, kind);
	int today = (int)number(f->fresh, "PRAGMA user_version");
	bool on = true;
	for (unsigned after = 0; on; after++) {
		int from = load(f, vintage, kind);
		char *old = schema_text(f->path);
		fault_arm_at(doors, after);
		int rc = open_and_close(kind, f->path, &f->err);
		bool fired = fault_disarm();
		assert_true(fired || rc == 0);
		int reached = assert_usable(f, kind, from, old);
		if (dies) {
			(void)load(f, vintage, kind);
			migrate_and_die(f, kind, after);
			reached = assert_usable(f, kind, from, old);
		}
		free(old);
		on = fired && (reached == from || reached == today);
	}
}

static void a_migration_that_is_stopped_anywhere_leaves_a_version_that_works(void **state)
{
	struct fixture *f = *state;
	for (enum kind kind = PROVINCE; kind <= OFFICE; kind++) {
		bool done[64] = { false }; /* by version: the steps from there are the same */
		for (size_t i = 0; i < f->n; i++) {
			int version = load(f, f->vintages[i], kind);
			assert_in_range(version, 0, 63);
			if (done[version])
				continue;
			done[version] = true;
			interrupted(f, kind, f->vintages[i], FAULT_DISK, true);
			interrupted(f, kind, f->vintages[i], FAULT_FULL | FAULT_STAYS, false);
		}
	}
}

/* --- an office's values: a row each until version 2, chunks of them since --- */

#define OF_ROWS "province2-office2"

static int add_value(void *context, const struct observation *obs)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "%s %s %d.%u %d %u %lld %d\n", obs->metric,
			 obs->labels, (int)obs->period.grain, obs->decimals,
			 (int)period_first_day(obs->period), (unsigned)period_nth(obs->period),
			 (long long)obs->value_e, (int)obs->withdrawn);
	return blob_append(context, line, (size_t)n);
}

static char *values_of(struct spool *spool, struct err *err)
{
	struct blob text = { 0 };
	assert_int_equal(spool_each_current(spool, add_value, &text, err), 0);
	assert_int_equal(blob_append(&text, "", 1), 0);
	return (char *)text.data;
}

static char *values_of_rows(const char *path)
{
	sqlite3 *db = raw(path);
	sqlite3_stmt *walk = NULL;
	struct blob text = { 0 };
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT format('%s %s %d.%d %d %d %lld %d', metric,"
					    " labels, shape & 15, shape >> 4 & 15, day, nth,"
					    " value_e, withdrawn) FROM current"
					    " JOIN series ON id = series"
					    " ORDER BY metric, labels, day, nth",
					    -1, &walk, NULL),
			 SQLITE_OK);
	while (sqlite3_step(walk) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(walk, 0);
		assert_int_equal(blob_append(&text, line, strlen(line)), 0);
		assert_int_equal(blob_append(&text, "\n", 1), 0);
	}
	assert_int_equal(blob_append(&text, "", 1), 0);
	sqlite3_finalize(walk);
	db_close(db);
	return (char *)text.data;
}

/* The vintage, and two series more: of 5 days' minutes, two of three of them, some sealed. */
static uint64_t load_rows(const struct fixture *f)
{
	assert_int_equal(load(f, OF_ROWS, OFFICE), 2);
	sqlite3 *db = raw(f->path);
	assert_int_equal(
		sqlite3_exec(db,
			     "INSERT INTO series (id, metric, labels, shape) VALUES"
			     " (900, 'probe', '', 0), (901, 'probe', 'a=b', 16);"
			     "WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n"
			     " WHERE i < 14399)"
			     "INSERT INTO current SELECT 900 + i % 2, 20250 + i / 2880,"
			     " i / 2 % 1440, (i % 11 <> 5) * (i * 7919 % 1000 - 500) * i * 2000003,"
			     " i % 11 = 5, i % 4 * (i % 3) FROM n WHERE i % 3 < 2",
			     NULL, NULL, NULL),
		SQLITE_OK);
	db_close(db);
	return (uint64_t)number(f->path, "SELECT count(*) FROM current WHERE seq = 0");
}

static struct spool *open_office(struct fixture *f, const char *path)
{
	static const struct spool_limits limits = { .bytes_max = 64 << 20, .keep_days = 35 };
	struct spool *spool = NULL;
	if (spool_open(path, &limits, &spool, NULL, &f->err) < 0)
		fail_msg("%s", f->err.text);
	return spool;
}

static void every_row_is_a_value_of_a_chunk(void **state)
{
	struct fixture *f = *state;
	struct spool_status status;
	uint64_t unsealed = load_rows(f);
	char *before = values_of_rows(f->path);
	struct spool *spool = open_office(f, f->path);
	char *after = values_of(spool, &f->err);
	assert_string_equal(after, before);
	assert_int_equal(spool_status(spool, &status, &f->err), 0);
	assert_int_equal(status.unsealed, unsealed);
	assert_int_equal(spool_verify(spool, &f->err), 0);
	spool_close(spool);
	free(before);
	free(after);
}

static void a_file_of_rows_can_still_be_repaired_from(void **state)
{
	struct fixture *f = *state;
	struct spool_repaired repaired;
	(void)load_rows(f);
	char *before = values_of_rows(f->path);
	(void)unlink(f->fresh);
	struct spool *spool = open_office(f, f->fresh);
	assert_int_equal(spool_repair(spool, f->path, false, &repaired, &f->err), 0);
	char *after = values_of(spool, &f->err);
	assert_string_equal(after, before);
	assert_int_equal(repaired.taken, number(f->path, "SELECT count(*) FROM current"));
	assert_int_equal(repaired.lost_days + repaired.lost_series + repaired.lost_batches, 0);
	spool_close(spool);
	free(before);
	free(after);
}

static void a_later_version_is_refused_by_its_name_and_left_alone(void **state)
{
	struct fixture *f = *state;
	for (enum kind kind = PROVINCE; kind <= OFFICE; kind++) {
		char raise[64];
		int today = version_of_today(f, kind);
		(void)snprintf(raise, sizeof(raise), "PRAGMA user_version=%d", today + 1);
		sqlite3 *db = raw(f->fresh);
		assert_int_equal(sqlite3_exec(db, raise, NULL, NULL, NULL), SQLITE_OK);
		db_close(db);
		assert_int_equal(open_and_close(kind, f->fresh, &f->err), -EINVAL);
		assert_non_null(strstr(f->err.text, "written by version " LANTOA_VERSION));
		assert_int_equal(number(f->fresh, "PRAGMA user_version"), today + 1);
	}
}

static int install(void **state)
{
	(void)state;
	fault_install();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_version_has_a_vintage),
		TEST(a_vintage_comes_to_the_schema_of_a_fresh_file),
		TEST(a_store_of_a_vintage_is_right),
		TEST(a_migration_that_is_stopped_anywhere_leaves_a_version_that_works),
		TEST(every_row_is_a_value_of_a_chunk),
		TEST(a_file_of_rows_can_still_be_repaired_from),
		TEST(a_later_version_is_refused_by_its_name_and_left_alone),
	};
	return cmocka_run_group_tests_name("upgrade", tests, install, NULL);
}
