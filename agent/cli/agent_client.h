/* A small HTTP/1.1 client over a unix socket, for the agent's own commands. A connection carries
 * one request and its answer, and is closed. libcurl could do it, but daemon and commands are one
 * program, and the pages that libcurl and its libraries dirty when they are loaded would cost the
 * daemon its memory aim. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"

#include <stddef.h>

/** A connection to the server on the unix socket @socket_path, for one question. -ECONNREFUSED or
 * -ENOENT: nobody listens there. */
int agent_client_connect(const char *socket_path, int *ret_fd, struct err *err);

/**
 * Ask @method @path with @body (may be NULL) over the connection @fd, which is closed in any case;
 * the answer's body is appended to @out.
 *
 * Returns the HTTP status; -EPROTO for an answer that is not HTTP; -ETIMEDOUT; -EMSGSIZE over 64
 * MiB.
 */
int agent_client_ask(int fd, const char *method, const char *path, const void *body, size_t len,
		     struct blob *out, struct err *err);
