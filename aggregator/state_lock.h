/* One daemon per state folder. SQLite would let two processes write in turns, but a second one that
 * checkpoints can corrupt the log (see store.h), and each would count without the other. */
#pragma once

#include "err.h"

/** Hold @path until the descriptor is closed or the process ends, however it ends. The file stays.
 * -EBUSY: another process holds it. */
int state_lock_take(const char *path, int *ret_fd, struct err *err);
