#include "schema/account.h"

#include "common/base/utf8.h"
#include "common/model/civil.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#define USER "unix:uid="

/* A user of this machine may be named before having done anything. */
static bool is_user(const char *account)
{
	const char *number = account + strlen(USER);
	return strncmp(account, USER, strlen(USER)) == 0 && *number && strlen(number) <= 10 &&
	       strspn(number, "0123456789") == strlen(number);
}

static int account_check(sqlite3 *db, const char *account, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	char excerpt[EXCERPT_MAX];
	if (is_user(account))
		return 0;
	int rc = db_prepare(db,
			    "SELECT 1 FROM event WHERE who = ?1 UNION ALL"
			    " SELECT 1 FROM author WHERE name = ?1 UNION ALL"
			    " SELECT 1 FROM account WHERE account = ?1 LIMIT 1",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
		rc = db_step(stmt, err);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	if (rc == 0)
		return err_set(err, -ENOENT,
			       "no account '%s' did anything; `lantoa account list` shows those "
			       "that did, and a user of this machine is unix:uid=NUMBER",
			       utf8_excerpt(account, strlen(account), excerpt));
	return rc < 0 ? rc : 0;
}

static bool is_shown(const char *shown)
{
	size_t len = strlen(shown);
	if (len > ACCOUNT_SHOWN_MAX || !utf8_valid(shown, len))
		return false;
	for (const char *at = shown; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	return true;
}

int account_name(sqlite3 *db, const char *account, const char *shown, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	if (!is_shown(shown))
		return err_set(err, -EINVAL,
			       "a shown name is one line of text, of at most %u bytes",
			       ACCOUNT_SHOWN_MAX);
	int rc = account_check(db, account, err);
	if (rc == 0)
		rc = db_prepare(db,
				*shown ? "INSERT OR REPLACE INTO account VALUES(?1, ?2)"
				       : "DELETE FROM account WHERE account = ?1",
				&stmt, err);
	if (rc == 0) {
		sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
		if (*shown)
			sqlite3_bind_text(stmt, 2, shown, -1, SQLITE_STATIC);
		rc = db_run(stmt, err);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc;
}

static bool login_find(uid_t uid, char ret_login[ACCOUNT_SHOWN_MAX + 1])
{
	struct passwd room, *user = NULL;
	char texts[1024];
	FILE *file = fopen("/etc/passwd", "re");
	while (file && fgetpwent_r(file, &room, texts, sizeof(texts), &user) == 0 &&
	       user->pw_uid != uid)
		user = NULL;
	bool found = user && *user->pw_name && strlen(user->pw_name) <= ACCOUNT_SHOWN_MAX;
	if (found)
		memcpy(ret_login, user->pw_name, strlen(user->pw_name) + 1);
	if (file)
		(void)fclose(file); /* opened for reading */
	return found;
}

void account_meet(sqlite3 *db, const char *account, uid_t uid)
{
	struct err ignored; /* a name is missing, and whoever likes gives it: account_name() */
	sqlite3_stmt *stmt = NULL;
	char login[ACCOUNT_SHOWN_MAX + 1];
	int rc = account_prepare(db, &stmt, &ignored);
	if (rc == 0) {
		sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
		rc = db_step(stmt, &ignored);
	}
	(void)sqlite3_finalize(stmt);
	if (rc == 0 && login_find(uid, login))
		(void)account_name(db, account, login, &ignored);
}

static void account_add(struct table *table, sqlite3_stmt *stmt)
{
	struct err ignored; /* what a disk damaged is shown as nothing */
	struct db_row row = { stmt, &ignored, 0 };
	char at[INSTANT_TEXT_MAX];
	table_row(table);
	table_text(table, db_row_text(&row, 0));
	table_text(table, db_row_text_or_null(&row, 1));
	table_int(table, sqlite3_column_int64(stmt, 2));
	table_text(table, sqlite3_column_type(stmt, 3) == SQLITE_NULL
				  ? NULL
				  : civil_format(sqlite3_column_int64(stmt, 3), at));
}

int account_list(sqlite3 *db, struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "account", "shown_name", "acts", "last_act" };
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	sqlite3_stmt *rows = NULL;
	int rc =
		table ? db_prepare(db,
				   "SELECT who, max(shown), sum(n), max(at_us) FROM"
				   " (SELECT who, NULL AS shown, count(*) AS n, max(at_us) AS at_us"
				   "  FROM event GROUP BY who"
				   "  UNION ALL SELECT DISTINCT name, NULL, 0, NULL FROM author"
				   "  UNION ALL SELECT account, shown, 0, NULL FROM account)"
				   " GROUP BY who ORDER BY who",
				   &rows, err)
		      : err_memory(err);
	while (rc == 0 && (rc = db_step(rows, err)) == 1) {
		account_add(table, rows);
		rc = 0;
	}
	(void)sqlite3_finalize(rows); /* repeats the error that step told */
	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	if (rc == 0)
		*ret_table = table;
	else
		table_close(table);
	return rc;
}

int account_prepare(sqlite3 *db, sqlite3_stmt **ret_stmt, struct err *err)
{
	return db_prepare(db, "SELECT shown FROM account WHERE account = ?1", ret_stmt, err);
}

void account_put(sqlite3_stmt *stmt, const char *account, struct table *table)
{
	struct err ignored;
	struct db_row row = { stmt, &ignored, 0 };
	sqlite3_bind_text(stmt, 1, account, -1, SQLITE_STATIC);
	const char *shown = db_step(stmt, &ignored) == 1 ? db_row_text(&row, 0) : NULL;
	table_text(table, row.rc == 0 ? shown : NULL);
	(void)sqlite3_reset(stmt); /* repeats the error that step told */
}
