#include "common/sys/unix_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

int unix_socket_address(const char *path, struct sockaddr_un *ret_address)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	*ret_address = address;
	return 0;
}

/* Is there a process behind the socket at @address? */
static bool is_alive(const struct sockaddr_un *address, int type)
{
	int fd = socket(AF_UNIX, type | FLAGS, 0);
	if (fd < 0)
		return true; /* we cannot know: it stays */
	int rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	bool refused = rc < 0 && errno == ECONNREFUSED;
	(void)close(fd); /* nothing was written to it */
	return !refused;
}

/* Makes way for a new one, where that harms nobody. */
static int remove_stale(const struct sockaddr_un *address, int type)
{
	struct stat found;
	if (lstat(address->sun_path, &found) < 0)
		return 0; /* bind() tells what is wrong, if anything is */
	if (!S_ISSOCK(found.st_mode) || is_alive(address, type))
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

int unix_socket_bind(const char *path, int type, unsigned mode, int *ret_fd)
{
	struct sockaddr_un address;
	int rc = unix_socket_address(path, &address);
	if (rc < 0)
		return rc;
	int fd = socket(AF_UNIX, type | FLAGS, 0);
	if (fd < 0)
		return -errno;
	/* The file is born with the socket's mode less the umask; chmod then only adds to it. */
	rc = fchmod(fd, (mode_t)mode) < 0 ? -errno : remove_stale(&address, type);
	if (rc == 0 && (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
			chmod(path, (mode_t)mode) < 0))
		rc = -errno;
	if (rc < 0) {
		(void)close(fd); /* nothing was written to it */
		return rc;
	}
	*ret_fd = fd;
	return 0;
}
