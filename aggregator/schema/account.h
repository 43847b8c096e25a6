/* Accounts: who did what. The ledger knows accounts alone ("unix:uid=1000", "http"), and for ever.
 * Which person an account is stands beside it, in no chain, no event and no replay: it is personal
 * data, which may be changed and deleted at any time. */
#pragma once

#include "common/sys/db.h"
#include "common/text/table.h"

#include <sys/types.h>

#define ACCOUNT_SHOWN_MAX 100u /* bytes */

/** From now on @account is shown as @shown; "": its name is deleted. -ENOENT with a sentence that
 * says what there is: no account of that name did anything yet, or typed a figure at an
 * office, nor is it a user's of this machine; -EINVAL: @shown is too long, or no text. In a
 * transaction of the caller. */
int account_name(sqlite3 *db, const char *account, const char *shown, struct err *err);

/** @account, that user @uid of this machine has, acts: unless it has a shown name, it is shown by
 * the user's login name from now on. That is looked up in /etc/passwd and nowhere else, as the
 * writer must not wait for a directory in the network. Whatever fails here is passed over: it must
 * keep no act from being done. In a transaction of the caller. */
void account_meet(sqlite3 *db, const char *account, uid_t uid);

/** All that did anything, typed figures, or have a name: account, shown_name, acts (how many
 * events), last_act. */
int account_list(sqlite3 *db, struct table **ret_table, struct err *err);

/** Prepare the question for the shown name of an account, ?1. */
int account_prepare(sqlite3 *db, sqlite3_stmt **ret_stmt, struct err *err);
/** Put the shown name of @account into the row of @table; null where it has none, or a disk damaged
 * it. */
void account_put(sqlite3_stmt *stmt, const char *account, struct table *table);
