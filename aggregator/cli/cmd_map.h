/* lantoa map import FILE, and what else is done with maps. */
#pragma once

#include "cli/command.h"
#include "common/base/err.h"

int cmd_map_import_run(const struct order *order, struct err *err);
int cmd_map_export_run(const struct order *order, struct err *err);
int cmd_map_remove_run(const struct order *order, struct err *err);
