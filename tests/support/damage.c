#include "support/damage.h"

#include <inttypes.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGE     4096u
#define CPU_S    60u  /* of one case, which takes half a second: an endless loop ends it */
#define SECONDS  900u /* likewise, of one that sleeps, on a machine that is busy */
#define FAILURES 20u  /* that are named */
/* One case in so many looks for leaks when it ends: that costs most of it. */
#define LEAKS_ALL 16u

uint8_t *damage_read(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	long len = ftell(file);
	assert_true(len > 0);
	rewind(file);
	uint8_t *data = malloc((size_t)len);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, (size_t)len, file), len);
	assert_int_equal(fclose(file), 0);
	*ret_len = (size_t)len;
	return data;
}

void damage_write(const char *path, const uint8_t *data, size_t len)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* --- bytes --- */

void damage_bytes(struct dice *dice, uint8_t *data, size_t len)
{
	size_t pages = len / PAGE;
	uint8_t *page = data + PAGE * dice_below(dice, pages);
	size_t at = dice_below(dice, PAGE), n = dice_below(dice, 16) + 1;
	n = at + n > PAGE ? PAGE - at : n;
	switch (dice_below(dice, 6)) {
	case 0: /* a sector of zeros */
		memset(page + at / 512 * 512, 0, 512);
		break;
	case 1: /* a page that went to another's place */
		memmove(page, data + PAGE * dice_below(dice, pages), PAGE);
		break;
	case 2: /* the head of a page: its kind, its cells */
		page[dice_below(dice, 12)] = (uint8_t)dice_next(dice);
		break;
	case 3:
		for (size_t i = 0; i < n; i++)
			page[at + i] = (uint8_t)dice_next(dice);
		break;
	default: /* bits, here and there */
		for (size_t i = 0; i < n; i++)
			data[dice_below(dice, pages * PAGE)] ^=
				(uint8_t)(1u << dice_below(dice, 8));
	}
}

void damage_words(struct dice *dice, uint8_t *data, size_t len, const char *const words[], size_t n)
{
	const char *word = words[dice_below(dice, n)], *other = words[dice_below(dice, n)];
	size_t word_len = strlen(word), found = 0;
	assert_int_equal(strlen(other), word_len);
	/* each place is as likely to be the one */
	uint8_t *place = NULL;
	for (size_t at = 0; at + word_len <= len; at++)
		if (memcmp(data + at, word, word_len) == 0 && dice_below(dice, ++found) == 0)
			place = data + at;
	if (place)
		memcpy(place, other, word_len);
}

/* --- cells --- */

static void must(sqlite3 *db, int rc, const char *sql)
{
	if (rc != SQLITE_OK && rc != SQLITE_DONE)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static void run(sqlite3 *db, const char *sql)
{
	must(db, sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

/* Row @nth of a query of one column, as text; the caller frees with sqlite3_free. */
static char *pick(sqlite3 *db, struct dice *dice, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	char *counted = sqlite3_mprintf("SELECT count(*) FROM (%s)", sql), *text = NULL;
	must(db, sqlite3_prepare_v2(db, counted, -1, &stmt, NULL), counted);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	uint64_t n = (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_free(counted);
	if (n == 0)
		return NULL;
	char *one = sqlite3_mprintf("%s LIMIT 1 OFFSET %llu", sql, dice_below(dice, n));
	must(db, sqlite3_prepare_v2(db, one, -1, &stmt, NULL), one);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		text = sqlite3_mprintf("%s", sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_free(one);
	return text;
}

/* What a cell becomes, as SQL; %1$s is the column. */
static const char *const values[] = {
	"NULL",
	"''",
	"x''",
	"0",
	"-1",
	"1",
	"16",
	"255",
	"2147483647",
	"2147483648",
	"-2147483649",
	"9223372036854775807",
	"-9223372036854775807 - 1",
	"1e308",
	"'text'",
	"CAST(x'ff' AS TEXT)",
	"CAST(x'41001b5b324a' AS TEXT)",
	"hex(zeroblob(3000))",
	"zeroblob(3000)",
	"%1$s + 1",
	"-%1$s",
	"%1$s * 1000003",
	"CAST(substr(%1$s, 1, length(%1$s) / 2) AS BLOB)",
	"CAST(substr(%1$s, 2) AS BLOB)",
	"CAST(%1$s || x'00' AS BLOB)",
	"CAST(%1$s AS TEXT)",
};
#define VALUES (sizeof(values) / sizeof(values[0]))

static void cell_damage(sqlite3 *db, struct dice *dice)
{
	char *table = pick(db, dice,
			   "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE"
			   " 'sqlite%' ORDER BY name");
	char *columns =
		sqlite3_mprintf("SELECT name FROM pragma_table_info('%q') ORDER BY cid", table);
	char *column = pick(db, dice, columns);
	char *keys = sqlite3_mprintf("SELECT group_concat(name, ', ') FROM"
				     " pragma_table_info('%q') WHERE pk > 0",
				     table);
	char *key = pick(db, dice, keys);
	char value[256], update[1024];
	const char *format = values[dice_below(dice, VALUES)];
	size_t len = 0;
	for (const char *at = format; *at; at++) {
		bool named = strncmp(at, "%1$s", 4) == 0;
		len += (size_t)snprintf(value + len, sizeof(value) - len, "%s",
					named ? column : (char[]){ *at, '\0' });
		at += named ? 3 : 0;
	}
	int64_t rows = 0;
	sqlite3_stmt *stmt = NULL;
	(void)snprintf(update, sizeof(update), "SELECT count(*) FROM %s", table);
	must(db, sqlite3_prepare_v2(db, update, -1, &stmt, NULL), update);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		rows = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	uint64_t nth = rows > 0 ? dice_below(dice, (uint64_t)rows) : 0;
	(void)snprintf(
		update, sizeof(update),
		"UPDATE OR IGNORE %s SET %s = %s WHERE (%s) IN (SELECT %s FROM %s ORDER BY %s"
		" LIMIT 1 OFFSET %" PRIu64 ")",
		table, column, value, key, key, table, key, nth);
	/* keys of what has no rowid do not let themselves be NULL: those stay */
	(void)sqlite3_exec(db, update, NULL, NULL, NULL);
	sqlite3_free(table);
	sqlite3_free(columns);
	sqlite3_free(column);
	sqlite3_free(keys);
	sqlite3_free(key);
}

void damage_cells(struct dice *dice, const char *path)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	run(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;"
		"PRAGMA writable_schema = ON;"
		"CREATE TEMP TABLE kept AS SELECT rowid AS id, sql FROM sqlite_schema;"
		"UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT, ', ''), 'STRICT', '')"
		" WHERE type = 'table';"
		"UPDATE sqlite_schema SET sql = replace(sql, ') ,', ')') WHERE type = 'table';"
		"UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE type = 'table';"
		"PRAGMA writable_schema = RESET;");
	for (size_t n = dice_below(dice, 3) + 1; n > 0; n--)
		cell_damage(db, dice);
	run(db, "PRAGMA writable_schema = ON;"
		"UPDATE sqlite_schema AS s SET sql = (SELECT kept.sql FROM kept WHERE kept.id ="
		" s.rowid);"
		"PRAGMA writable_schema = OFF;");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* --- case by case --- */

struct trial {
	void (*prepare)(struct dice *dice, void *context);
	void (*use)(struct dice *dice, void *context);
	void *context;
	uint64_t failed, tried;
};

static void trial_run(struct dice *dice, void *context)
{
	struct trial *trial = context;
	trial->prepare(dice, trial->context);
	(void)fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		const struct rlimit cpu = { CPU_S, CPU_S };
		(void)setrlimit(RLIMIT_CPU, &cpu);
		(void)alarm(SECONDS);
		trial->use(dice, trial->context);
		(void)fflush(NULL);
		if (trial->tried % LEAKS_ALL == 0)
			exit(0);
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	trial->tried++;
	if (status == 0)
		return;
	if (trial->failed++ < FAILURES)
		print_message("failed with LANTOA_SEED=%" PRIu64 ": %s %d\n", seed_running(),
			      WIFSIGNALED(status) ? "signal" : "status",
			      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

void damage_try(uint64_t n, void (*prepare)(struct dice *dice, void *context),
		void (*use)(struct dice *dice, void *context), void *context)
{
	struct trial trial = { .prepare = prepare, .use = use, .context = context };
	for_all_seeds(n, trial_run, &trial);
	print_message("%" PRIu64 " damaged files, %" PRIu64 " failures\n", trial.tried,
		      trial.failed);
	assert_int_equal(trial.failed, 0);
}
