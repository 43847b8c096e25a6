/* The aggregator, wired: store, key list, gate, intake, api and watchdog on one loop. */
#pragma once

#include "common/base/err.h"
#include "server/config.h"

#include <uv.h>

struct server;

/** Open and start everything; the gate and the api answer when it returns 0. @config outlives the
 * server. */
int server_start(uv_loop_t *loop, struct config *config, struct server **ret_server,
		 struct err *err);
/** systemd and the log hear it: SIGTERM no longer kills. */
void server_tell_ready(const struct server *server);
/** Read the configuration again (@config_path as of config_read()). When it is good, what needs no
 * restart holds from here on; either way log and systemd hear what came of it. */
void server_reload(struct server *server, const char *config_path);
/** Take nothing more, finish what is in flight, close every handle and free the server; the loop
 * then ends by itself. */
void server_stop(struct server *server);
