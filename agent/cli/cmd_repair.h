/* lantoa-agent spool repair: what a damaged spool still holds, into the one that was begun anew. */
#pragma once

#include "cli/agent_commands.h"

int cmd_repair(struct command_context *context, int argc, char *argv[], struct err *err);
