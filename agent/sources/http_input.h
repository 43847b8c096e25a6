/* HTTP/JSON over TCP on a loopback port, for programs that cannot use the unix socket: POST
 * /v1/observations and GET /v1/catalogue of agent_api.h, to who shows the token (token.h). */
#pragma once

#include "record/input.h"

/* A row of input_kinds[]. */
bool http_input_wanted(const struct settings *settings);
int http_input_start(const struct input_host *host, const struct settings *settings,
		     void **ret_input, struct err *err);
void http_input_stop(void *input, void (*on_stopped)(void *context), void *context);
void http_input_look(const void *input, struct input_look *ret_look);
