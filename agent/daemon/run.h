/* The agent as a daemon: spool, uplink and API on one loop, until SIGTERM or SIGINT. */
#pragma once

#include "common/base/err.h"
#include "office/settings.h"

/** @settings are in force, and change with each reload; @config_path: what SIGHUP reads again;
 * NULL: the usual place. Returns 0 after a clean stop. */
int run(struct settings *settings, const char *config_path, struct err *err);
