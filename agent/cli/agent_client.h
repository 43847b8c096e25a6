/* A small HTTP/1.1 client over a unix socket, for the agent's own commands: one request, one
 * answer, connection closed. libcurl could do it, but daemon and commands are one program, and the
 * pages that libcurl and its libraries dirty when they are loaded would cost the daemon its memory
 * aim. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"

#include <stddef.h>

/**
 * Ask @method @path with @body (may be NULL) of the server on the unix socket @socket_path; the
 * answer's body is appended to @out.
 *
 * Returns the HTTP status; -ECONNREFUSED or -ENOENT when nobody listens there; -EPROTO for an
 * answer that is not HTTP; -ETIMEDOUT; -EMSGSIZE over 64 MiB.
 */
int agent_client_ask(const char *socket_path, const char *method, const char *path,
		     const void *body, size_t len, struct blob *out, struct err *err);
