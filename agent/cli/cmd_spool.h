/* lantoa-agent spool: what is kept on this machine. */
#pragma once

#include "cli/agent_commands.h"

int cmd_spool(struct command_context *context, int argc, char *argv[], struct err *err);
