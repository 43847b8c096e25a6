/* Sockets that have a file. */
#pragma once

#include <sys/un.h>

/** The address of @path. Returns 0; -ENAMETOOLONG, as it has a byte less than sun_path. */
int unix_socket_address(const char *path, struct sockaddr_un *ret_address);

/**
 * A socket of @type (SOCK_STREAM or SOCK_DGRAM), not blocking and closed on exec, bound to @path,
 * whose file has @mode and never had more. A socket that is there and that nobody has any more, as
 * kill -9 leaves it, is replaced.
 *
 * Returns 0; -ENAMETOOLONG; -EADDRINUSE when a process has it, or it is another kind of file;
 * another errno of the system's.
 */
int unix_socket_bind(const char *path, int type, unsigned mode, int *ret_fd);
