/* Answers that go into a file, or out in another form than the aggregator writes (export/export.h):
 * piece by piece, as they come. */
#pragma once

#include "cli/command.h"
#include "feed/client.h"

#include <stdbool.h>

/** Is this order one of these? */
bool exporting_wanted(const struct order *order);
/** Ask for rows as @request says, and write them as @order wants. A file (--output) is there once
 * it is whole; of what breaks off on its way to the output the sentence says so. */
int exporting_run(const struct order *order, struct request *request, struct err *err);
