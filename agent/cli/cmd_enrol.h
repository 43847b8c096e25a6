/* lantoa-agent enrol, at the keyboard. */
#pragma once

#include "cli/agent_commands.h"
#include "common/base/err.h"

/** As command.run: enrol with argv[1], and say how the agent is started, or that systemd does so.
 */
int cmd_enrol(struct command_context *context, int argc, char *argv[], struct err *err);
