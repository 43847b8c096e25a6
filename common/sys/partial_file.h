/* A file on its way to its name: PATH.partial while it is written, then renamed. One left behind by
 * who was killed goes; one that somebody writes is his, and stays: whoever took it away would give
 * its name to a half. The lock that tells them apart is that of the descriptor (flock(2)), so hold
 * it until the file has its name. */
#pragma once

#include "common/base/err.h"

#include <sys/types.h>

/** Create @partial, of what will be @path, empty and nobody else's. The caller closes *ret_fd.
 * -EBUSY: somebody writes it just now; else what the system says of its folder. On error there is
 * nothing of ours, and @partial is not to be removed. */
int partial_file_open(const char *partial, const char *path, mode_t mode, int *ret_fd,
		      struct err *err);
