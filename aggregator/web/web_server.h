/* lantoa-web put together: the HTTP server that people and programs reach, the one place that asks
 * the aggregator, certificates, guests and browsers. */
#pragma once

#include "common/base/err.h"
#include "web/web_config.h"

#include <uv.h>

struct web;

/** Could it start by @config, as far as its files tell? Those of the certificate are read. */
int web_check(const struct web_config *config, struct err *err);
/** @config outlives it; what a reload changes in it, changes here. */
int web_start(uv_loop_t *loop, struct web_config *config, struct web **ret_web, struct err *err);
void web_tell_ready(const struct web *web);
/** Configuration and certificate anew, each only if it is right; the log tells. */
void web_reload(struct web *web, const char *config_path);
/** Answers that are on their way are cut; the rest closes from the loop. */
void web_stop(struct web *web);
