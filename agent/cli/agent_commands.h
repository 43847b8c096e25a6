/* The commands of lantoa-agent. Each gets its own arguments (argv[0] is its name), prints what
 * people asked for on stdout, and says what went wrong in one sentence. */
#pragma once

#include "common/base/err.h"
#include "office/settings.h"

#define EXIT_USAGE 2

struct command_context {
	struct settings settings;
	const char *config_path; /* NULL: the usual place */
	struct err config_err;   /* what is wrong with it, for status alone; code 0: nothing */
};

struct command {
	const char *name, *arguments, *help; /* help is marked for translation */
	/** Exit status; @err is told by main() when it is set (code not 0). */
	int (*run)(struct command_context *context, int argc, char *argv[], struct err *err);
};

/** Ends with a row without a name. */
extern const struct command agent_commands[];
/** Likewise those that the agent itself runs, and that take neither configuration nor zone: context
 * is empty, and they have no arguments and help to be shown. */
extern const struct command agent_bare_commands[];
