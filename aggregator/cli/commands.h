/* What lantoa can do: one row per command. A new command is a row here and, when none of the
 * functions fits, one more of them. */
#pragma once

#include "cli/command.h"

extern const struct command commands[];
extern const size_t n_commands;
