/* What a backup is: a copy of the province's database with one table more, "backup", that says what
 * it is and holds the secret half of the province's key. So the one file is all that a new machine
 * needs, and whoever has it can be the province. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "registry/key_list.h"
#include "schema/chain.h"

#include <stdint.h>

#define BACKUP_VERSION_MAX 32u

struct backup_label {
	int64_t made_us;
	char version[BACKUP_VERSION_MAX]; /* of the program that made it */
	struct ledger_head head;          /* where its ledger ends */
	uint8_t secret_key[KEY_LEN];      /* whoever holds a label wipes it */
};

/** Remove the file and what SQLite puts beside it. Not there is fine; what cannot go stays. */
void backup_file_remove(const char *path);
/** Make a copy (schema_open_copy) a backup: one file, with no log beside it, that carries @label.
 */
int backup_file_seal(sqlite3 *db, const struct backup_label *label, struct err *err);
/**
 * Are its pages sound, and is its ledger, link by link, the one that the label tells the end of?
 * @ret_label may be NULL. -EINVAL: it is no backup; -EUCLEAN: it is damaged. Reads all of it, and
 * stops with -EINTR when sqlite3_interrupt() is called.
 */
int backup_file_check(sqlite3 *db, struct backup_label *ret_label, struct err *err);
/** Make it a database again: the label goes, and no trace of the key is left. It has another epoch
 * (schema/epoch.h): who followed the ledger beyond the backup begins anew. */
int backup_file_unseal(sqlite3 *db, struct err *err);
