#include "state_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

int state_lock_take(const char *path, int *ret_fd, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_system(err, -errno, path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int code = errno == EWOULDBLOCK ? -EBUSY : -errno;
		(void)close(fd); /* nothing was written */
		if (code == -EBUSY)
			return err_set(err, code,
				       "%s: another lantoa-aggregator works in this folder; stop "
				       "that one first, or set [aggregator] state_dir to another",
				       path);
		return err_system(err, code, path);
	}
	*ret_fd = fd;
	return 0;
}
