/* A province put back from a backup (backup_file.h), on the same machine or a new one. */
#pragma once

#include "common/base/err.h"
#include "server/config.h"

#include <stdio.h>

/**
 * Put the backup @file into the configuration's state folder, as its owner when we are root, and
 * tell @out what it was and what is to be done now. The folder gets nothing before the file is
 * checked, and lantoa.db last of all: what was cut short can be begun again.
 *
 * -EEXIST: the folder has a database, or another key than the backup's; -EBUSY: an aggregator works
 * there; -ENOENT: there is no such file or folder; errors of backup_file_check; those of the disk.
 */
int restore_run(const struct config *config, const char *file, FILE *out, struct err *err);
