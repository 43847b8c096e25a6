/* The agent as a daemon: spool, uplink and API on one loop, until SIGTERM or SIGINT. */
#pragma once

#include "common/base/err.h"
#include "office/settings.h"

/** @settings are in force, and change with each reload; @source: what SIGHUP reads again. Returns 0
 * after a clean stop. */
int run(struct settings *settings, const struct settings_source *source, struct err *err);
