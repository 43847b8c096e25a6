#include "sources/sql_read.h"

#include "common/base/utf8.h"
#include "common/sys/db.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define HEAP_MAX (64 * 1024 * 1024) /* a question that needs more is the wrong one */

struct asked {
	sqlite3_stmt *stmt;
	FILE *out;
	bool denied;                /* it wanted more than to read */
	char function[EXCERPT_MAX]; /* that it wanted to call, and is not listed */
	bool wide;
	int metric, value, period; /* columns; -1: there is none */
};

/* What a question for figures needs: counting, and picking texts and days apart. A function that
 * SQLite or the system's build of it brings along besides, now or later (load_extension, readfile,
 * edit, fts3_tokenizer), is not for it. Each name stands between blanks. */
static const char functions[] =
	" -> ->> abs avg ceil ceiling char coalesce concat concat_ws count cume_dist"
	" current_date current_time current_timestamp date datetime dense_rank first_value"
	" floor format glob group_concat hex ifnull iif instr json json_array"
	" json_array_length json_extract json_group_array json_group_object json_object"
	" json_quote json_type json_valid julianday lag last_value lead length like likelihood"
	" likely lower ltrim max min mod nth_value ntile nullif octet_length percent_rank pow"
	" power printf quote rank replace round row_number rtrim sign sqrt strftime string_agg"
	" substr substring sum time timediff total trim trunc typeof unicode unixepoch"
	" unlikely upper"
	" ";

static bool is_listed(const char *function)
{
	char word[EXCERPT_MAX];
	size_t len = utf8_print(word, sizeof(word), " %s ", function);
	return len == strlen(function) + 2 && strcasestr(functions, word);
}

/* Reading tables, calling functions of the list, and what WITH RECURSIVE asks; nothing else. */
static int authorize(void *context, int action, const char *a, const char *b, const char *database,
		     const char *trigger)
{
	struct asked *asked = context;
	(void)a;
	(void)database;
	(void)trigger;
	if (action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE)
		return SQLITE_OK;
	if (action == SQLITE_FUNCTION && is_listed(b))
		return SQLITE_OK;
	if (action == SQLITE_FUNCTION)
		(void)utf8_print(asked->function, sizeof(asked->function), "%s",
				 b); /* cut is fine */
	asked->denied = true;        /* SQLite has several codes for it */
	return SQLITE_DENY;
}

static int open_file(const char *path, sqlite3 **ret_db, struct err *err)
{
	sqlite3 *db = NULL;
	if (access(path, R_OK) < 0)
		return err_system(err, -errno, "read");
	(void)sqlite3_hard_heap_limit64(HEAP_MAX); /* its answer is the limit before */
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(db, SQL_BUSY_MS) != SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK) {
		(void)db_err(err, db, "open");
		(void)sqlite3_close(db); /* nothing is prepared */
		return err->code;
	}
	*ret_db = db;
	return 0;
}

static int prepare(sqlite3 *db, const char *query, struct asked *asked, struct err *err)
{
	const char *tail = NULL;
	sqlite3_stmt *stmt = NULL;
	(void)sqlite3_set_authorizer(db, authorize, asked); /* cannot fail */
	int code = sqlite3_prepare_v2(db, query, -1, &stmt, &tail);
	if (*asked->function)
		return err_set(err, -EINVAL,
			       "the query: the function '%s' is not for it; agent.conf(5) lists "
			       "those that are",
			       asked->function);
	if (asked->denied)
		return err_set(err, -EINVAL, "the query: it may only read this file's tables");
	if (code == SQLITE_CANTOPEN)
		return err_set(
			err, -ENOENT,
			"cannot be read: it is in WAL mode, no program has it open, and this "
			"user may not write its folder");
	if (code == SQLITE_ERROR)
		return err_set(err, -EINVAL, "the query: %s", sqlite3_errmsg(db));
	if (code != SQLITE_OK)
		return db_err(err, db, "the query");
	bool more = tail[strspn(tail, " \t\r\n;")] != '\0';
	if (!stmt || more || !sqlite3_stmt_readonly(stmt) || sqlite3_stmt_isexplain(stmt) ||
	    sqlite3_column_count(stmt) == 0) {
		(void)sqlite3_finalize(stmt); /* it never ran */
		return err_set(err, -EINVAL, "the query must be one SELECT");
	}
	asked->stmt = stmt;
	return 0;
}

/* --- columns --- */

static int find_column(sqlite3_stmt *stmt, const char *name)
{
	for (int i = 0; i < sqlite3_column_count(stmt); i++)
		if (strcmp(sqlite3_column_name(stmt, i), name) == 0)
			return i;
	return -1;
}

static int find_columns(struct asked *asked, struct err *err)
{
	asked->metric = find_column(asked->stmt, "metric");
	asked->value = find_column(asked->stmt, "value");
	asked->period = find_column(asked->stmt, "period");
	asked->wide = asked->metric < 0 && asked->value < 0;
	if (!asked->wide && (asked->metric < 0 || asked->value < 0))
		return err_set(err, -EINVAL,
			       "the query needs columns metric and value, or a column per metric; "
			       "name them with AS");
	return 0;
}

/* --- rows --- */

/* Failures of @out are seen by the caller, who looks at ferror(). */
static void put_quoted(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
}

/* A word as commandline.h reads it. */
static int put_word(FILE *out, const char *name, const char *text, struct err *err)
{
	static const char special[] = " \t\"'\\#";
	char shown[EXCERPT_MAX];
	if (!utf8_printable(text, strlen(text)) || !utf8_printable(name, strlen(name)))
		return err_set(err, -EINVAL, "'%s' is not UTF-8 text without control characters",
			       utf8_excerpt(text, strlen(text), shown));
	const char *quote = strpbrk(name, special) || strpbrk(text, special) ? "\"" : "";
	(void)fputs(quote, out);
	put_quoted(out, name);
	(void)fputc('=', out);
	put_quoted(out, text);
	(void)fputs(quote, out);
	return 0;
}

/* A number of a double as its shortest decimal, if it has one of 15 digits; else as SQLite says. */
static const char *value_text(sqlite3_stmt *stmt, int column, char room[32])
{
	if (sqlite3_column_type(stmt, column) != SQLITE_FLOAT)
		return (const char *)sqlite3_column_text(stmt, column);
	(void)snprintf(room, 32, "%.15g", sqlite3_column_double(stmt, column)); /* fits */
	return room;
}

/* A text of SQLite's may hold a NUL, behind which it would be lost. */
static int check_ends(sqlite3_stmt *stmt, struct err *err)
{
	for (int i = 0; i < sqlite3_column_count(stmt); i++) {
		const unsigned char *text = sqlite3_column_text(stmt, i);
		if (!text && sqlite3_column_type(stmt, i) != SQLITE_NULL)
			return err_memory(err);
		if (text && strlen((const char *)text) != (size_t)sqlite3_column_bytes(stmt, i))
			return err_set(err, -EINVAL, "column %s: the text holds a NUL byte",
				       sqlite3_column_name(stmt, i));
	}
	return 0;
}

static int put_figure(const struct asked *asked, const char *metric, int column, struct err *err)
{
	char room[32];
	const char *value = value_text(asked->stmt, column, room);
	if (!value)
		return 0; /* NULL is no figure */
	int rc = put_word(asked->out, metric, value, err);
	for (int i = 0; i < sqlite3_column_count(asked->stmt) && rc == 0; i++) {
		const char *text = (const char *)sqlite3_column_text(asked->stmt, i);
		bool label = !asked->wide && i != asked->metric && i != asked->value;
		if (!text || (i != asked->period && !label))
			continue;
		(void)fputc(' ', asked->out);
		rc = put_word(asked->out, sqlite3_column_name(asked->stmt, i), text, err);
	}
	(void)fputc('\n', asked->out);
	return rc;
}

static int put_row(const struct asked *asked, struct err *err)
{
	int rc = check_ends(asked->stmt, err);
	if (rc == 0 && !asked->wide) {
		const char *metric = (const char *)sqlite3_column_text(asked->stmt, asked->metric);
		return put_figure(asked, metric ? metric : "", asked->value, err);
	}
	for (int i = 0; i < sqlite3_column_count(asked->stmt) && rc == 0; i++)
		if (i != asked->period)
			rc = put_figure(asked, sqlite3_column_name(asked->stmt, i), i, err);
	return rc;
}

static int put_rows(sqlite3 *db, const struct asked *asked, struct err *err)
{
	int code, rc = 0;
	for (unsigned n = 0; rc == 0 && (code = sqlite3_step(asked->stmt)) != SQLITE_DONE; n++) {
		if (code != SQLITE_ROW)
			return db_err(err, db, "the query");
		if (n == SQL_ROWS_MAX) /* I10 */
			return err_set(err, -E2BIG,
				       "the answer has more than %u rows; ask for fewer",
				       SQL_ROWS_MAX);
		rc = put_row(asked, err);
	}
	return rc;
}

int sql_read(const char *path, const char *query, FILE *out, struct err *err)
{
	sqlite3 *db = NULL;
	struct asked asked = { .out = out };
	int rc = open_file(path, &db, err);
	if (rc < 0)
		return err_wrap(err, "%s", path);
	rc = prepare(db, query, &asked, err);
	if (rc == 0)
		rc = find_columns(&asked, err);
	if (rc == 0)
		rc = put_rows(db, &asked, err);
	(void)sqlite3_finalize(asked.stmt); /* repeats the error, already told */
	(void)sqlite3_close(db);            /* only read */
	return rc < 0 ? err_wrap(err, "%s", path) : 0;
}
