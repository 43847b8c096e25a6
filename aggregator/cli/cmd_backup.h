/* lantoa backup: have the aggregator make one, show how far it is, fetch it. */
#pragma once

#include "cli/command.h"
#include "cli/watch.h"
#include "common/base/err.h"

#include <stdint.h>

/** As command.run. */
int cmd_backup_run(const struct order *order, struct err *err);

/** "copy       [#########...........]  12 of 365", in the reader's language. */
void cmd_backup_line(const char *stage, uint64_t done, uint64_t all, char ret_line[WATCH_LINE_MAX]);
