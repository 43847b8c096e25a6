#include "registry/tokens.h"

#include "common/base/array.h"
#include "common/base/utf8.h"
#include "common/model/civil.h"
#include "common/text/near_name.h"
#include "schema/event.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_US   INT64_C(3600000000)
#define HOURS_MAX (24u * 36600u) /* a hundred years */

static void hash_of(const char *text, size_t len, uint8_t hash[TOKEN_HASH_LEN])
{
	(void)crypto_generichash(hash, TOKEN_HASH_LEN, (const unsigned char *)text, len, NULL,
				 0); /* fails for other lengths alone */
}

/* --- the list --- */

static int token_read(sqlite3_stmt *stmt, struct token *ret_token, struct err *err)
{
	struct db_row row = { stmt, err, 0 };
	const char *name = db_row_text(&row, 1);
	struct token token = {
		.id = db_row_int(&row, 0, 1, INT64_MAX),
		.role = role_of_word(db_row_text(&row, 2)),
		.office = db_row_int(&row, 3, 0, INT64_MAX),
		.created_us = db_row_int(&row, 5, INT64_MIN, INT64_MAX),
		.expires_us = db_row_int(&row, 6, 0, INT64_MAX),
		.revoked = sqlite3_column_type(stmt, 7) != SQLITE_NULL,
		.used_us = sqlite3_column_int64(stmt, 8), /* at worst it is told wrong */
	};
	if (row.rc == 0 && token.role == ROLE_NONE)
		return db_row_refuse(&row, 2);
	if (row.rc == 0 && !code_valid(name))
		return db_row_refuse(&row, 1);
	db_row_bytes(&row, 4, token.hash, sizeof(token.hash));
	if (row.rc < 0)
		return row.rc;
	(void)snprintf(token.name, sizeof(token.name), "%s", name); /* fits: a code */
	const char *office = (const char *)sqlite3_column_text(stmt, 9);
	if (office && code_valid(office)) /* else nobody's page opens to it (I11) */
		(void)snprintf(token.office_code, sizeof(token.office_code), "%s", office);
	token.kept_us = token.used_us;
	*ret_token = token;
	return 0;
}

int tokens_read(sqlite3 *db, struct token_list *ret_tokens, size_t *ret_damaged, struct err *err)
{
	struct token_list tokens = { 0 };
	sqlite3_stmt *stmt = NULL;
	size_t damaged = 0;
	struct err why;
	int rc = db_prepare(
		db,
		"SELECT t.id, t.name, t.role, t.office, t.hash, t.created_us, t.expires_us,"
		" t.revoked_us, coalesce(u.used_us, 0),"
		" coalesce((SELECT code FROM office WHERE id = t.office), '') FROM token t"
		" LEFT JOIN token_use u ON u.token = t.id ORDER BY t.id",
		&stmt, err);
	while (rc == 0 && (rc = db_step(stmt, err)) == 1) {
		struct token *list = array_room(tokens.list, tokens.n, sizeof(*list));
		rc = list ? 0 : err_memory(err);
		if (!list)
			break;
		tokens.list = list;
		if (token_read(stmt, &list[tokens.n], &why) == 0)
			tokens.n++;
		else
			damaged++;
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	if (rc < 0) {
		token_list_free(&tokens);
		return rc;
	}
	if (damaged > 0)
		*err = why;
	*ret_tokens = tokens;
	*ret_damaged = damaged;
	return 0;
}

void token_list_free(struct token_list *tokens)
{
	free(tokens->list);
	*tokens = (struct token_list){ 0 };
}

int token_list_copy(const struct token_list *tokens, struct token_list *ret_copy)
{
	struct token *list = malloc(tokens->n > 0 ? tokens->n * sizeof(*list) : 1);
	if (!list)
		return -ENOMEM;
	if (tokens->n > 0)
		memcpy(list, tokens->list, tokens->n * sizeof(*list));
	*ret_copy = (struct token_list){ list, tokens->n };
	return 0;
}

static struct token *by_id(const struct token_list *tokens, int64_t id)
{
	for (size_t i = 0; i < tokens->n; i++)
		if (tokens->list[i].id == id)
			return &tokens->list[i];
	return NULL;
}

void token_list_replace(struct token_list *tokens, struct token_list *fresh)
{
	for (size_t i = 0; i < fresh->n; i++) {
		const struct token *before = by_id(tokens, fresh->list[i].id);
		if (before && before->used_us > fresh->list[i].used_us)
			fresh->list[i].used_us = before->used_us;
	}
	token_list_free(tokens);
	*tokens = *fresh;
	*fresh = (struct token_list){ 0 };
}

static enum token_verdict verdict_on(const struct token *token, int64_t now_us)
{
	if (token->revoked)
		return TOKEN_REVOKED;
	return token->expires_us != 0 && token->expires_us <= now_us ? TOKEN_EXPIRED : TOKEN_GOOD;
}

enum token_verdict token_list_judge(const struct token_list *tokens, const char *text,
				    int64_t now_us, const struct token **ret_token)
{
	uint8_t hash[TOKEN_HASH_LEN];
	*ret_token = NULL;
	hash_of(text, strlen(text), hash);
	for (size_t i = 0; i < tokens->n; i++)
		if (sodium_memcmp(tokens->list[i].hash, hash, sizeof(hash)) == 0)
			*ret_token = &tokens->list[i];
	return *ret_token ? verdict_on(*ret_token, now_us) : TOKEN_UNKNOWN;
}

void token_list_use(struct token_list *tokens, int64_t id, int64_t now_us)
{
	struct token *token = by_id(tokens, id);
	if (token && token->used_us < now_us)
		token->used_us = now_us;
}

void token_list_kept(struct token_list *tokens, const struct token_list *copy)
{
	for (size_t i = 0; i < copy->n; i++) {
		struct token *token = by_id(tokens, copy->list[i].id);
		if (token)
			token->kept_us = copy->list[i].used_us;
	}
}

/* --- acts --- */

/* "90d", "12h": hours; 0: it is none. */
static uint64_t hours_of(const char *text)
{
	char *end = NULL;
	unsigned long n = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
	unsigned each = end && strcmp(end, "d") == 0 ? 24 : end && strcmp(end, "h") == 0 ? 1 : 0;
	return n <= HOURS_MAX ? (uint64_t)n * each : HOURS_MAX + 1;
}

static int end_of(const char *expires, int64_t now_us, int64_t *ret_us, struct err *err)
{
	uint64_t hours = expires ? hours_of(expires) : 24 * TOKEN_DAYS_USUAL;
	char excerpt[EXCERPT_MAX];
	int64_t at_us = 0;
	struct err ignored;
	if (expires && strcmp(expires, "never") == 0)
		at_us = 0;
	else if (hours > 0 && hours <= HOURS_MAX)
		at_us = now_us + (int64_t)hours * HOUR_US;
	else if (hours > 0 || civil_parse(expires, &at_us, &ignored) < 0)
		return err_set(err, -EINVAL,
			       "'%s' does not say until when the token is valid; write a day, "
			       "2027-06-30, or for how long, 90d or 12h, or never",
			       utf8_excerpt(expires, strlen(expires), excerpt));
	else if (at_us <= now_us)
		return err_set(err, -EINVAL, "'%s' is over already; give a later day",
			       utf8_excerpt(expires, strlen(expires), excerpt));
	*ret_us = at_us;
	return 0;
}

/* Which office the token is for, 0: none. */
static int office_of(const struct offices *offices, const struct token_form *form,
		     int64_t *ret_office, struct err *err)
{
	bool clerk = role_of_word(form->role) == ROLE_CLERK;
	const struct office *office = NULL;
	if (clerk && !form->office)
		return err_set(err, -EINVAL, "a clerk is of an office: add --office CODE");
	if (!clerk && form->office)
		return err_set(err, -EINVAL, "only a clerk is of an office; leave --office out");
	if (form->office && !(office = offices_expect(offices, form->office, err)))
		return -ENOENT;
	*ret_office = office ? office->id : 0;
	return 0;
}

/* Is there room, and is the name new? */
static int check_others(sqlite3 *db, const char *name, int64_t now_us, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "SELECT coalesce(sum(name = ?1), 0), coalesce(sum(revoked_us IS NULL"
			    " AND (expires_us = 0 OR expires_us > ?2)), 0) FROM token",
			    &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, now_us);
	rc = db_step(stmt, err);
	bool there = rc == 1 && sqlite3_column_int64(stmt, 0) > 0;
	bool full = rc == 1 && sqlite3_column_int64(stmt, 1) >= TOKENS_MAX;
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	if (there)
		return err_set(err, -EEXIST,
			       "there is, or was, a token '%s', and the audit knows it by that "
			       "name; choose another name",
			       name);
	if (full)
		return err_set(err, -E2BIG,
			       "%u tokens are valid already, and there cannot be more; revoke some "
			       "that nobody uses: `lantoa token list`",
			       TOKENS_MAX);
	return rc < 0 ? rc : 0;
}

static int token_put(sqlite3 *db, const struct token_form *form, const struct token *token,
		     struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "INSERT INTO token(name, role, office, hash, created_us, expires_us,"
			    " revoked_us) VALUES(?, ?, ?, ?, ?, ?, NULL)",
			    &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_text(stmt, 1, form->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, form->role, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 3, token->office);
	sqlite3_bind_blob(stmt, 4, token->hash, sizeof(token->hash), SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 5, token->created_us);
	sqlite3_bind_int64(stmt, 6, token->expires_us);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc;
}

int token_add(sqlite3 *db, const struct offices *offices, const struct token_form *form,
	      int64_t now_us, char ret_text[TOKEN_TEXT_MAX], int64_t *ret_us, struct err *err)
{
	uint8_t bytes[TOKEN_HASH_LEN];
	char excerpt[EXCERPT_MAX], detail[160], until[INSTANT_TEXT_MAX];
	struct token token = { 0 };
	if (!code_valid(form->name))
		return err_set(
			err, -EINVAL,
			"'%s' is not a name for a token; use 1 to %u letters, digits and .-_",
			utf8_excerpt(form->name, strlen(form->name), excerpt), CODE_LEN_MAX);
	if (role_of_word(form->role) == ROLE_NONE) {
		(void)err_set(err, -EINVAL,
			      "there is no role '%s'; there are viewer, operator, admin and clerk",
			      utf8_excerpt(form->role, strlen(form->role), excerpt));
		return near_words_hint(err, "viewer operator admin clerk", form->role);
	}
	int rc = office_of(offices, form, &token.office, err);
	if (rc == 0)
		rc = end_of(form->expires, now_us, &token.expires_us, err);
	if (rc == 0)
		rc = check_others(db, form->name, now_us, err);
	if (rc == 0)
		rc = event_time(db, EVENT_NOW, &token.created_us, err);
	if (rc < 0)
		return rc;
	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2base64(ret_text, TOKEN_TEXT_MAX, bytes, sizeof(bytes),
				sodium_base64_VARIANT_URLSAFE_NO_PADDING); /* the text */
	sodium_memzero(bytes, sizeof(bytes));
	hash_of(ret_text, strlen(ret_text), token.hash);
	rc = token_put(db, form, &token, err);
	(void)snprintf(detail, sizeof(detail), "token=%s role=%s office=%s expires=%s", form->name,
		       form->role, form->office ? form->office : "-",
		       token.expires_us ? civil_format(token.expires_us, until)
					: "never"); /* fits */
	if (rc == 0)
		rc = event_append(db,
				  &(struct event_form){ .who = form->who,
							.kind = "token add",
							.detail = detail,
							.at_us = token.created_us },
				  NULL, err);
	*ret_us = token.expires_us;
	return rc;
}

/* There is none called @name; which may have been meant, of those that can still be revoked (I13).
 */
static int no_token(sqlite3 *db, const char *name, struct err *err)
{
	char excerpt[EXCERPT_MAX];
	struct token_list tokens = { 0 };
	struct near_words near;
	size_t damaged;
	int rc = tokens_read(db, &tokens, &damaged, err);
	if (rc < 0)
		return rc;
	near_words_begin(&near, name);
	for (size_t i = 0; i < tokens.n; i++)
		if (!tokens.list[i].revoked)
			near_words_try(&near, tokens.list[i].name);
	(void)err_set(err, -ENOENT, "there is no token '%s'; `lantoa token list` shows them",
		      utf8_excerpt(name, strlen(name), excerpt));
	rc = near_words_add(err, &near);
	token_list_free(&tokens);
	return rc;
}

/* 1: it is there; 0. */
static int was_revoked(sqlite3 *db, const char *name, bool *ret_revoked, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT revoked_us FROM token WHERE name = ?", &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	rc = db_step(stmt, err);
	*ret_revoked = rc == 1 && sqlite3_column_type(stmt, 0) != SQLITE_NULL;
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

static int revoked_put(sqlite3 *db, const char *name, int64_t at_us, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "UPDATE token SET revoked_us = ?2 WHERE name = ?1", &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, at_us);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc;
}

int token_revoke(sqlite3 *db, const char *name, const char *who, struct err *err)
{
	char detail[64];
	int64_t at_us = 0;
	bool revoked = false;
	int rc = was_revoked(db, name, &revoked, err);
	if (rc == 0)
		return no_token(db, name, err);
	if (rc == 1 && revoked)
		return err_set(err, -EEXIST, "the token '%s' was revoked before", name);
	if (rc == 1)
		rc = event_time(db, EVENT_NOW, &at_us, err);
	if (rc == 0)
		rc = revoked_put(db, name, at_us, err);
	if (rc < 0)
		return rc;
	(void)snprintf(detail, sizeof(detail), "token=%s", name); /* fits: it is there */
	return event_append(
		db,
		&(struct event_form){
			.who = who, .kind = "token revoke", .detail = detail, .at_us = at_us },
		NULL, err);
}

/* --- looking --- */

static void instant_put(struct table *table, int64_t at_us)
{
	char text[INSTANT_TEXT_MAX];
	table_text(table, at_us ? civil_format(at_us, text) : NULL);
}

int tokens_table(const struct token_list *tokens, const struct offices *offices, int64_t now_us,
		 struct table **ret_table, struct err *err)
{
	static const char *const columns[] = { "name",    "role",    "office",   "state",
					       "created", "expires", "last_used" };
	static const char *const states[] = {
		[TOKEN_GOOD] = "good", [TOKEN_EXPIRED] = "expired", [TOKEN_REVOKED] = "revoked"
	};
	struct table *table = table_open(columns, sizeof(columns) / sizeof(columns[0]));
	for (size_t i = 0; table && i < tokens->n; i++) {
		const struct token *token = &tokens->list[i];
		const struct office *office =
			token->office ? offices_by_id(offices, token->office) : NULL;
		table_row(table);
		table_text(table, token->name);
		table_text(table, role_word(token->role));
		table_text(table, office ? office->code : NULL);
		table_text(table, states[verdict_on(token, now_us)]);
		instant_put(table, token->created_us);
		instant_put(table, token->expires_us);
		instant_put(table, token->used_us);
	}
	if (!table || table_failed(table)) {
		table_close(table);
		return err_memory(err);
	}
	*ret_table = table;
	return 0;
}

int tokens_keep(sqlite3 *db, const struct token_list *tokens, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "INSERT OR REPLACE INTO token_use(token, used_us) VALUES(?, ?)",
			    &stmt, err);
	for (size_t i = 0; i < tokens->n && rc == 0; i++) {
		const struct token *token = &tokens->list[i];
		if (token->used_us == token->kept_us)
			continue;
		sqlite3_bind_int64(stmt, 1, token->id);
		sqlite3_bind_int64(stmt, 2, token->used_us);
		rc = db_run(stmt, err);
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	return rc;
}
