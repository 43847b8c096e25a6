/* lantoa changes: the ledger, line by line. */
#pragma once

#include "cli/command.h"
#include "common/base/err.h"

/** A line of JSON for each entry and event behind --after. Without --wait it ends where the ledger
 * does; with it, once nothing came for so many seconds. */
int cmd_changes_run(const struct order *order, struct err *err);
