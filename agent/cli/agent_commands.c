#include "cli/agent_commands.h"

#include <errno.h>
#include <stdlib.h>

int command_usage(struct err *err, const char *sentence)
{
	err_set(err, -EINVAL, "%s", sentence);
	return EXIT_USAGE;
}

int command_exit(int rc)
{
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
