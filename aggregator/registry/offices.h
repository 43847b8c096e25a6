/* Offices: reporting sites with keys of their own, assigned to one unit at a time, by date (I8). */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "registry/key_list.h"
#include "registry/units.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assignment {
	int32_t from_day;
	char *unit_code;               /* owned; NULL: assigned to none from then on */
	size_t units_first, units_end; /* offices.c: which rows of the units bear that code */
};

struct office {
	int64_t id;
	char *code, *name;              /* owned by the set */
	struct assignment *assignments; /* owned [n], ascending */
	size_t n_assignments;
	bool damaged; /* a row of it is: nobody knows where it belongs. Its code may be "?" and its
			 id */
};

struct offices {
	struct office *list; /* owned [n], sorted by id */
	size_t n;
	struct office **by_code; /* owned [n], offices.c: sorted by code */
	struct register_damage damage;
};

/** @units: those that office_unit() will be asked about. Rows that cannot be are noted, as
 * units_load() does. */
int offices_load(sqlite3 *db, const struct units *units, struct offices **ret_offices,
		 struct err *err);
void offices_close(struct offices *offices); /* NULL is fine */
const struct office *offices_by_id(const struct offices *offices, int64_t id);
const struct office *offices_by_code(const struct offices *offices, const char *code);
/** The unit it reports for on @day; NULL when it is assigned to none, or to one not in force. */
const struct unit *office_unit(const struct office *office, const struct units *units, int32_t day);
/** What is said of it on @day; NULL: nothing yet. */
const struct assignment *office_assignment(const struct office *office, int32_t day);
/** Are rows damaged that say which units it reports for on @day, or may they be? */
bool office_is_doubtful(const struct office *office, const struct units *units, int32_t day);

/* What follows writes, inside the caller's transaction, and notes it in the audit as done by @who.
 */

/** -EEXIST when the code is taken; -EINVAL for a bad code ([A-Za-z0-9._-], 1 to 32), an empty name,
 * or a unit that is not in force on @from_day. */
int office_add(sqlite3 *db, const char *code, const char *name, const char *unit_code,
	       int32_t from_day, const char *who, int64_t *ret_id, struct err *err);
/**
 * From @from_day on, until its next assignment, the office reports for @unit_code, or for none when
 * that is NULL; what was said of that same day before is replaced. -ENOENT: no such office;
 * -EINVAL: the unit is not in force on that day.
 * @ret_changed false: it was so already, and nothing was done. Where something was, the caller has
 * the figures go along (ledger_follow).
 */
int office_move(sqlite3 *db, const char *code, const char *unit_code, int32_t from_day,
		const char *who, bool *ret_changed, struct err *err);
/** CSV code,name,unit,from: all or nothing, every bad row named. It adds: an office that is there
 * already stays as it is if its row says what the register says (it may have moved since), and is
 * a bad row otherwise, as is a code that is twice in the file. @ret_added: how many are new. */
int offices_import(sqlite3 *db, const char *csv, size_t len, const char *who, size_t *ret_added,
		   struct err *err);

/* Keys. Each of these three may change other keys of the office too: once the transaction is
 * committed, the key list must get them all (key_feed.h). */

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
