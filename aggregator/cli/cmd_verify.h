/* lantoa verify: begin it at the aggregator, show how far it is, then what it found. */
#pragma once

#include "cli/command.h"
#include "cli/watch.h"
#include "common/base/err.h"

#include <stdint.h>

/** As command.run: 1 when there are differences left. On a terminal a bar on standard error grows
 * meanwhile. */
int cmd_verify_run(const struct order *order, struct err *err);

/** "days       [#########...........]  12 of 365, 0 differences", in the reader's
 * language. */
void cmd_verify_line(const char *stage, uint64_t done, uint64_t all, uint64_t differences,
		     char ret_line[WATCH_LINE_MAX]);
