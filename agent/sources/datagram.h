/* Sockets that datagrams come in by: on a loopback port, or on a unix socket. */
#pragma once

#include "common/base/err.h"
#include "common/net/http.h"

/** A UDP socket bound to @address. @ret_text says where, with the port that was free. -EADDRINUSE.
 */
int datagram_open_udp(const struct http_address *address, int *ret_fd,
		      char ret_text[HTTP_ADDRESS_MAX], struct err *err);
/** A unix datagram socket bound to @path, with @mode; a stale one is replaced, a live one is
 * -EADDRINUSE, and so is any other file. */
int datagram_open_unix(const char *path, unsigned mode, int *ret_fd, struct err *err);
