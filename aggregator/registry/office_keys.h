/* Keys of offices: invited, enrolled, revoked, and read into the list of those that may enter. What
 * writes does so inside the caller's transaction, and notes it in the audit as done by @who.
 *
 * Each of the first three may change other keys of the office too: once the transaction is
 * committed, the key list must get them all (key_feed.h). */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "registry/key_list.h"

#include <stddef.h>
#include <stdint.h>

/** A fresh one-time key for the office; earlier unspent invitations of it are revoked. @ret_key:
 * the new row; @ret_secret: 32 bytes for the invitation line, kept nowhere. It is good for @days: a
 * line that was lost on its way must not lie about as a key for ever. -ENOENT: no such office. */
int office_invite(sqlite3 *db, const char *code, uint32_t days, const char *who,
		  struct listed_key *ret_key, uint8_t ret_secret[KEY_LEN], struct err *err);
/** Spend invitation @invitation_id for @public_key, which becomes the office's active key; its
 * earlier active keys are revoked. -EACCES: the invitation is not open, or has expired; -EEXIST:
 * the key is known already; -EINVAL: it can be nobody's (key_is_public()). */
int office_enrol(sqlite3 *db, int64_t invitation_id, const uint8_t public_key[KEY_LEN],
		 struct listed_key *ret_key, struct err *err);
/** Revoke all keys and open invitations. @ret_revoked: how many. -ENOENT. */
int office_revoke(sqlite3 *db, const char *code, const char *who, size_t *ret_revoked,
		  struct err *err);

/** What office_key_read() reads, of office_key k and office o. */
#define OFFICE_KEY_COLUMNS "k.id, k.office, k.state, k.public_key, o.code, k.expires_us"
/** A key as a row of those columns has it. -EUCLEAN when it cannot be one. */
int office_key_read(sqlite3_stmt *row, struct listed_key *ret_key, struct err *err);
/** Fill a key list with every key in the table. One that is damaged is passed over, as it concerns
 * its office alone. @ret_damaged: how many those were; err tells of the last. */
int offices_fill_key_list(sqlite3 *db, struct key_list *key_list, size_t *ret_damaged,
			  struct err *err);
