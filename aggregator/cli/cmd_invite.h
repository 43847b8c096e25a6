/* Offices come in by invitation: one file for each, CODE.invitation, which only its owner may read
 * and which is handed over like a password. No invitation is printed. */
#pragma once

#include "cli/command.h"
#include "common/base/err.h"

/** lantoa office import FILE --invite FOLDER, as command.run. Adds the offices of the file, all or
 * none, and invites those that never were. Whoever is enrolled, invited or revoked stays so:
 * invitations that are on their way to an office go on working. After a failure half way the same
 * command does the rest. */
int cmd_invite_import(const struct order *order, struct err *err);

/** lantoa office invite CODE --into FOLDER, as command.run. */
int cmd_invite_one(const struct order *order, struct err *err);
