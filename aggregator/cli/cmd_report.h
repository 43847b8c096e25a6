/* lantoa report FILE.pdf */
#pragma once

#include "cli/command.h"
#include "common/base/err.h"

int cmd_report_run(const struct order *order, struct err *err);
