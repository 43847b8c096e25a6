/* lantoa setup: a province's reference data from the files of one folder, in the right order. */
#pragma once

#include "cli/command.h"
#include "common/base/err.h"

/** As command.run. Without a name it lists what was installed. The files are four imports, so a bad
 * one leaves those before it in; the sentence says which. */
int cmd_setup_run(const struct order *order, struct err *err);
