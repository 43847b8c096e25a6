#include "sources/datagram.h"

#include "common/sys/unix_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLAGS (SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC)

static int refused(struct err *err, int code)
{
	if (code == -EADDRINUSE)
		return err_set(err, code,
			       "another program has it; stop that one, or choose another");
	return err_system(err, code, "bind");
}

int datagram_open_udp(const struct http_address *address, int *ret_fd,
		      char ret_text[HTTP_ADDRESS_MAX], struct err *err)
{
	struct http_address bound = *address;
	int fd = socket(address->socket.any.sa_family, FLAGS, 0);
	if (fd < 0 || bind(fd, &address->socket.any, address->len) < 0 ||
	    getsockname(fd, &bound.socket.any, &bound.len) < 0) {
		int rc = -errno;
		if (fd >= 0)
			(void)close(fd); /* nothing was read from it */
		return refused(err, rc);
	}
	(void)http_address_format(&bound, ret_text);
	*ret_fd = fd;
	return 0;
}

int datagram_open_unix(const char *path, unsigned mode, int *ret_fd, struct err *err)
{
	int rc = unix_socket_bind(path, SOCK_DGRAM, mode, ret_fd);
	if (rc == -ENAMETOOLONG)
		return err_set(err, rc, "the path is too long for a socket");
	return rc < 0 ? refused(err, rc) : 0;
}
