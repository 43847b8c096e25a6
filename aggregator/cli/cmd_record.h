/* lantoa record: a figure by telephone. */
#pragma once

#include "cli/command.h"
#include "common/base/err.h"

/** Each figure with what was there before; drawn as a table, a sentence after it. */
int cmd_record_run(const struct order *order, struct err *err);
