/* A command that an administrator runs as root on a daemon's folder works as that daemon's user, so
 * that the daemon can read what it leaves there. */
#pragma once

#include "common/base/err.h"

/** As root, become the user and group that own @folder, for good. Does nothing for anybody else,
 * for a folder of root's, or for one that is not there. */
int owner_become(const char *folder, struct err *err);
