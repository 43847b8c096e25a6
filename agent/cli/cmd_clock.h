/* lantoa-agent clock: what time this machine believes it is, and figures that wait to be dated. */
#pragma once

#include "cli/agent_commands.h"

int cmd_clock(struct command_context *context, int argc, char *argv[], struct err *err);
