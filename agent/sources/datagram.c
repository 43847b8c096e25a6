#include "sources/datagram.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

/* Is there a socket that nobody reads any more, as kill -9 leaves it? */
static bool is_stale(const struct sockaddr_un *address)
{
	struct stat found;
	int fd = socket(AF_UNIX, FLAGS, 0);
	if (fd < 0)
		return false;
	bool stale = lstat(address->sun_path, &found) == 0 && S_ISSOCK(found.st_mode) &&
		     connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
		     errno == ECONNREFUSED;
	(void)close(fd); /* nothing was written to it */
	return stale;
}

static int bind_unix(int fd, const struct sockaddr_un *address, unsigned mode)
{
	const struct sockaddr *to = (const struct sockaddr *)address;
	int rc = bind(fd, to, sizeof(*address));
	if (rc < 0 && errno == EADDRINUSE && is_stale(address) && unlink(address->sun_path) == 0)
		rc = bind(fd, to, sizeof(*address));
	return rc < 0 || chmod(address->sun_path, mode) < 0 ? -errno : 0;
}

int datagram_open_unix(const char *path, unsigned mode, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, -ENAMETOOLONG, "the path is too long for a socket");
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, FLAGS, 0);
	int rc = fd < 0 ? -errno : bind_unix(fd, &address, mode);
	if (rc < 0) {
		if (fd >= 0)
			(void)close(fd); /* nothing was read from it */
		return refused(err, rc);
	}
	*ret_fd = fd;
	return 0;
}
