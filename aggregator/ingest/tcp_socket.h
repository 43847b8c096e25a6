/* What the kernel knows of a TCP socket of this process that libzmq owns, and what it does to it
 * for us. A file of its own, because the kernel's header and the C library's say different things
 * of the same names. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A number of this one socket, whatever its descriptor; 0: @fd is none. */
uint64_t tcp_socket_cookie(int fd);
/** Bytes that came in, read or not, and bytes that went out, each counted once, since it was
 * connected. false: @fd is no TCP socket. */
bool tcp_socket_bytes(int fd, uint64_t *ret_in, uint64_t *ret_out);

struct tcp_peer {
	uint8_t site[8]; /* the address; of IPv6 the first half, which a site has to itself */
	char text[INET6_ADDRSTRLEN]; /* "unknown" when it is gone already */
};
void tcp_socket_peer(int fd, struct tcp_peer *ret_peer);

/* What cutting needs, had beforehand: it must go where no descriptor can be had any more, for that
 * is when it is needed most. */
struct tcp_shears {
	int held; /* becomes the socket that is cut, while it is */
	int idle; /* what it is otherwise */
};
/** -EMFILE or another errno: then there is nothing to close. */
int tcp_shears_open(struct tcp_shears *ret_shears);
void tcp_shears_close(struct tcp_shears *shears);

/** End the connection of @fd, both ways and at once, if it still is the socket with @cookie; its
 * owner finds it closed by the peer; when it closes it too, the peer is reset. What else has the
 * number by now is let alone. */
void tcp_socket_cut(int fd, uint64_t cookie, const struct tcp_shears *shears,
		    struct tcp_peer *ret_peer);
/** Let nobody connect to the listening @fd any more, or again: the kernel drops what would open a
 * connection, and the peer's tries again after a second, and later. Those that are connected go
 * on. 0 or a negative errno. */
int tcp_socket_deafen(int fd, bool deaf);
