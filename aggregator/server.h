/* The aggregator, wired: store, roster, gate, intake, api and watchdog on one loop. */
#pragma once

#include "config.h"
#include "err.h"

#include <uv.h>

struct server;

/** Open and start everything; the gate and the api answer when it returns 0. @config outlives the
 * server. */
int server_start(uv_loop_t *loop, const struct config *config, struct server **ret_server,
		 struct err *err);
/** Take nothing more, finish what is in flight, close every handle and free the server; the loop
 * then ends by itself. */
void server_stop(struct server *server);
