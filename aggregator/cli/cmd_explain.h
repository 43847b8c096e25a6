/* lantoa explain: a total walked down. */
#pragma once

#include "cli/command.h"
#include "common/base/err.h"

/** For people as a text in steps, of 80 columns where names let it; else the rows as they are. */
int cmd_explain_run(const struct order *order, struct err *err);
