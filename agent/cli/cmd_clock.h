/* lantoa-agent clock: what time this machine believes it is, and figures that wait to be dated. */
#pragma once

#include "cli/agent_commands.h"

int clock_command(struct command_context *context, int argc, char *argv[], struct err *err);
