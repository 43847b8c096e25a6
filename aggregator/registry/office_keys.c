#include "registry/office_keys.h"

#include "common/model/civil.h"
#include "common/model/invitation.h"
#include "common/text/near_name.h"
#include "registry/code.h"
#include "registry/offices.h"
#include "schema/event.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* The life of a key is in its state: an invitation is INVITED until it is SPENT, an office's own
 * key ACTIVE; both can be REVOKED, and nothing comes back from that. No row is ever deleted, so a
 * key that was known once is never taken for new.
 *
 * CURVE's keys are crypto_box's (libzmq makes them with the same call), here as 32 bytes. */

#define DAY_US INT64_C(86400000000)

static_assert(crypto_box_PUBLICKEYBYTES == KEY_LEN && crypto_box_SECRETKEYBYTES == KEY_LEN,
	      "CURVE keys are crypto_box keys");

/* As offices_expect() does, whose table nobody needs here. */
static int code_refuse(sqlite3 *db, const char *code, struct err *err)
{
	char best[OFFICE_CODE_MAX] = "", name[256] = "";
	sqlite3_stmt *stmt = NULL;
	struct near_name near;
	int rc = db_prepare(db, "SELECT code, name FROM office", &stmt, err);
	near_name_begin(&near, code);
	while (rc >= 0 && (rc = db_step(stmt, err)) == 1) {
		const char *own = (const char *)sqlite3_column_text(stmt, 0);
		const char *called = (const char *)sqlite3_column_text(stmt, 1);
		if (!near_name_try(&near, own) && !near_name_try(&near, called))
			continue;
		(void)snprintf(best, sizeof(best), "%s", own ? own : ""); /* cut is fine */
		(void)snprintf(name, sizeof(name), "%s", called ? called : "");
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	if (rc < 0)
		return rc;
	return *best ? err_set(err, -ENOENT, "there is no office '%s'; did you mean '%s' (%s)?",
			       code, best, name)
		     : err_set(err, -ENOENT,
			       "there is no office '%s'; `lantoa office list` shows them", code);
}

static int office_id(sqlite3 *db, const char *code, int64_t *ret_id, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT id FROM office WHERE code = ?", &stmt, err);
	if (rc == 0) {
		sqlite3_bind_text(stmt, 1, code, -1, SQLITE_STATIC);
		rc = db_step(stmt, err);
	}
	if (rc == 1)
		*ret_id = sqlite3_column_int64(stmt, 0);
	else if (rc == 0)
		rc = code_refuse(db, code, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc < 0 ? rc : 0;
}

static int key_insert(sqlite3 *db, struct listed_key *key, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "INSERT INTO office_key(office, public_key, state, created_us, "
			    "changed_us, expires_us) VALUES(?1, ?2, ?3, ?4, ?4, nullif(?5, 0))",
			    &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, key->office);
	sqlite3_bind_blob(stmt, 2, key->public_key, KEY_LEN, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 3, (int)key->state);
	sqlite3_bind_int64(stmt, 4, civil_now_us());
	sqlite3_bind_int64(stmt, 5, key->expires_us);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	if (rc == 0)
		key->id = sqlite3_last_insert_rowid(db);
	return rc;
}

/* All keys of @office in state @from become @to. */
static int keys_move(sqlite3 *db, int64_t office, enum key_state from, enum key_state to,
		     size_t *ret_moved, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "UPDATE office_key SET state = ?, changed_us = ? "
			    "WHERE office = ? AND state = ?",
			    &stmt, err);
	if (rc < 0)
		return rc;
	sqlite3_bind_int(stmt, 1, (int)to);
	sqlite3_bind_int64(stmt, 2, civil_now_us());
	sqlite3_bind_int64(stmt, 3, office);
	sqlite3_bind_int(stmt, 4, (int)from);
	rc = db_run(stmt, err);
	(void)sqlite3_finalize(stmt); /* repeats the error that run told */
	if (rc == 0)
		*ret_moved = (size_t)sqlite3_changes(db);
	return rc;
}

static int key_note(sqlite3 *db, const char *who, const char *what, const char *code, int64_t key,
		    struct err *err)
{
	char detail[128];
	(void)snprintf(detail, sizeof(detail), "code=%s key=%lld", code, (long long)key); /* fits */
	return event_append(db, &(struct event_form){ .who = who, .kind = what, .detail = detail },
			    NULL, err);
}

int office_invite(sqlite3 *db, const char *code, uint32_t days, const char *who,
		  struct listed_key *ret_key, uint8_t ret_secret[KEY_LEN], struct err *err)
{
	struct listed_key key = { .state = KEY_INVITED,
				  .expires_us = civil_now_us() + days * DAY_US };
	uint8_t secret[KEY_LEN];
	size_t revoked = 0;
	int rc = office_id(db, code, &key.office, err);
	if (rc == 0 && sodium_init() < 0)
		rc = err_set(err, -EIO, "libsodium found no source of randomness");
	if (rc == 0) {
		(void)crypto_box_keypair(key.public_key, secret); /* always 0 */
		rc = keys_move(db, key.office, KEY_INVITED, KEY_REVOKED, &revoked, err);
	}
	if (rc == 0)
		rc = key_insert(db, &key, err);
	if (rc == 0)
		rc = key_note(db, who, "office invite", code, key.id, err);
	if (rc == 0) {
		*ret_key = key;
		memcpy(ret_secret, secret, KEY_LEN);
	}
	sodium_memzero(secret, sizeof(secret));
	return rc;
}

/* An expired one is told so: it came in before it expired, and asks only now. */
static int invitation_in_time(int64_t expires_us, struct err *err)
{
	char when[INSTANT_TEXT_MAX] = "";
	if (expires_us == 0 || civil_now_us() < expires_us)
		return 0;
	(void)civil_format(expires_us, when); /* "" beyond the calendar */
	return err_set(err, -EACCES,
		       "the invitation was valid until %s; ask the province for a new one (`lantoa "
		       "office invite CODE`)",
		       when);
}

/* The office whose open invitation it is, and the office's code. */
static int invitation_open(sqlite3 *db, int64_t id, int64_t *ret_office, char ret_code[64],
			   struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db,
			    "SELECT office.id, office.code, office_key.expires_us FROM office_key "
			    "JOIN office ON office.id = office_key.office "
			    "WHERE office_key.id = ? AND office_key.state = ?",
			    &stmt, err);
	if (rc == 0) {
		sqlite3_bind_int64(stmt, 1, id);
		sqlite3_bind_int(stmt, 2, KEY_INVITED);
		rc = db_step(stmt, err);
	}
	if (rc == 1) {
		struct db_row row = { stmt, err, 0 };
		*ret_office = sqlite3_column_int64(stmt, 0);
		(void)snprintf(ret_code, 64, "%s", db_row_text(&row, 1));
		rc = row.rc < 0 ? row.rc : invitation_in_time(sqlite3_column_int64(stmt, 2), err);
	} else if (rc == 0) {
		rc = err_set(err, -EACCES,
			     "the invitation was used or revoked; ask the province for a new one "
			     "(`lantoa office invite CODE`)");
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc < 0 ? rc : 0;
}

static int key_unknown(sqlite3 *db, const uint8_t public_key[KEY_LEN], struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = db_prepare(db, "SELECT 1 FROM office_key WHERE public_key = ?", &stmt, err);
	if (rc == 0) {
		sqlite3_bind_blob(stmt, 1, public_key, KEY_LEN, SQLITE_STATIC);
		rc = db_step(stmt, err);
	}
	if (rc == 1)
		rc = err_set(err, -EEXIST,
			     "this key is known already; enrol again, which makes a new one");
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	return rc;
}

int office_enrol(sqlite3 *db, int64_t invitation_id, const uint8_t public_key[KEY_LEN],
		 struct listed_key *ret_key, struct err *err)
{
	struct listed_key key = { .state = KEY_ACTIVE };
	char code[64] = "", who[80];
	size_t moved = 0;
	memcpy(key.public_key, public_key, KEY_LEN);
	int rc = invitation_open(db, invitation_id, &key.office, code, err);
	/* It is not looked at whether the office has its secret: who enrols with a key that is not
	 * his keeps nobody out but himself. But one that is nobody's would spend the invitation in
	 * silence. */
	if (rc == 0 && !key_is_public(public_key))
		rc = err_set(err, -EINVAL,
			     "this is nobody's key; enrol again with the same invitation, which "
			     "makes a new one");
	if (rc == 0)
		rc = key_unknown(db, public_key, err);
	if (rc == 0)
		rc = keys_move(db, key.office, KEY_ACTIVE, KEY_REVOKED, &moved, err);
	if (rc == 0) /* an office has one open invitation at most */
		rc = keys_move(db, key.office, KEY_INVITED, KEY_SPENT, &moved, err);
	if (rc == 0)
		rc = key_insert(db, &key, err);
	(void)snprintf(who, sizeof(who), "office:%s", code); /* fits */
	if (rc == 0)
		rc = key_note(db, who, "office enrol", code, key.id, err);
	if (rc == 0)
		*ret_key = key;
	return rc;
}

int office_revoke(sqlite3 *db, const char *code, const char *who, size_t *ret_revoked,
		  struct err *err)
{
	int64_t office = 0;
	size_t active = 0, invited = 0;
	char detail[128];
	int rc = office_id(db, code, &office, err);
	if (rc == 0)
		rc = keys_move(db, office, KEY_ACTIVE, KEY_REVOKED, &active, err);
	if (rc == 0)
		rc = keys_move(db, office, KEY_INVITED, KEY_REVOKED, &invited, err);
	(void)snprintf(detail, sizeof(detail), "code=%.64s keys=%zu invitations=%zu", code, active,
		       invited); /* fits */
	if (rc == 0)
		rc = event_append(db,
				  &(struct event_form){
					  .who = who, .kind = "office revoke", .detail = detail },
				  NULL, err);
	if (rc == 0)
		*ret_revoked = active + invited;
	return rc;
}

int office_key_read(sqlite3_stmt *stmt, struct listed_key *ret_key, struct err *err)
{
	struct db_row row = { stmt, err, 0 };
	*ret_key = (struct listed_key){
		.id = sqlite3_column_int64(stmt, 0),
		.office = sqlite3_column_int64(stmt, 1),
		.state = (enum key_state)db_row_int(&row, 2, KEY_INVITED, KEY_REVOKED),
	};
	db_row_bytes(&row, 3, ret_key->public_key, KEY_LEN);
	const char *code = db_row_text(&row, 4);
	if (!code_valid(code))
		(void)db_row_refuse(&row, 4);
	if (sqlite3_column_type(stmt, 5) != SQLITE_NULL)
		ret_key->expires_us = db_row_int(&row, 5, 0, INT64_MAX);
	if (row.rc == 0)
		memcpy(ret_key->code, code, strlen(code) + 1); /* fits: code_valid() */
	return row.rc;
}

int offices_fill_key_list(sqlite3 *db, struct key_list *key_list, size_t *ret_damaged,
			  struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	struct listed_key key;
	size_t damaged = 0;
	int rc = db_prepare(db,
			    "SELECT " OFFICE_KEY_COLUMNS " FROM office_key k"
			    " JOIN office o ON o.id = k.office ORDER BY k.id",
			    &stmt, err);
	while (rc == 0 && (rc = db_step(stmt, err)) == 1) {
		rc = office_key_read(stmt, &key, err);
		if (rc == -EUCLEAN) {
			damaged++;
			rc = 0;
		} else if (rc == 0 && key_list_put(key_list, &key) < 0) {
			rc = err_memory(err);
		}
	}
	(void)sqlite3_finalize(stmt); /* repeats the error that step told */
	if (rc == 0)
		*ret_damaged = damaged;
	return rc;
}
