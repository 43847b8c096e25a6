/* lantoa export sqlite FILE */
#pragma once

#include "cli/command.h"
#include "common/base/err.h"

int cmd_export_sqlite_run(const struct order *order, struct err *err);
