/* lantoa top: what the province does at this moment, drawn anew each second. */
#pragma once

#include "cli/command.h"

/* 1. What came up to now is asked: /v1/metrics with every frame, and who needs a call
 *    (/v1/offices/heard) every ten seconds, since that looks at every office's reports.
 * 2. The frame is drawn on the terminal's other screen, in one piece.
 * 3. Keys and signals are waited for until the next one is due: q and Ctrl-C end it.
 *
 * Whatever ends or stops it (SIGTERM, SIGHUP, Ctrl-Z), the terminal is first as it was. An
 * aggregator that does not answer is told in the frame, and asked again. */
int cmd_top_run(const struct order *order, struct err *err);
