/* Questions to an aggregator's HTTP interface on its unix socket; blocks until answered. */
#pragma once

#include "common/base/err.h"

#include <jansson.h>
#include <stddef.h>

struct api_client;

int api_client_open(const char *socket, struct api_client **ret_client, struct err *err);
void api_client_close(struct api_client *client); /* NULL is fine */

/**
 * @method "GET", "PUT" or "POST"; @path with its query, as it goes on the line; @type of the body
 * ("text/csv", "application/json"; NULL: no body). @ret_answer: what came, to be json_decref'd by
 * the caller. Any status but 2xx is -EPROTO, with what the server said.
 */
int api_client_ask(struct api_client *client, const char *method, const char *path,
		   const char *type, const char *body, json_t **ret_answer, struct err *err);
