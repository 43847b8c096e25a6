#include "common/sys/partial_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 16u /* as often another one comes or goes between two steps of ours */

/* Does what we hold have the name? Whoever had it before may have renamed or removed it. */
static bool has_the_name(int fd, const char *path)
{
	struct stat held, named;
	return fstat(fd, &held) == 0 && lstat(path, &named) == 0 && held.st_dev == named.st_dev &&
	       held.st_ino == named.st_ino;
}

static int busy(const char *path, struct err *err)
{
	return err_set(err, -EBUSY,
		       "another command is writing %s; wait for it, or give another name", path);
}

/* One that was left goes: what others may hold open is never written into. What cannot be opened is
 * nobody's who writes here. */
static int old_remove(const char *partial, const char *path, struct err *err)
{
	int fd = open(partial, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc = 0;
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		rc = errno == EWOULDBLOCK ? busy(path, err) : err_system(err, -errno, partial);
	if (rc == 0 && (fd < 0 || has_the_name(fd, partial)))
		(void)unlink(partial); /* what stays makes open() fail */
	if (fd >= 0)
		(void)close(fd); /* it was only locked */
	return rc;
}

int partial_file_open(const char *partial, const char *path, mode_t mode, int *ret_fd,
		      struct err *err)
{
	int rc = 0;
	for (unsigned i = 0; i < TRIES && rc == 0; i++) {
		int fd = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd < 0 && errno != EEXIST)
			return err_system(err, -errno, partial);
		if (fd < 0) {
			rc = old_remove(partial, path, err);
			continue;
		}
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && has_the_name(fd, partial)) {
			*ret_fd = fd;
			return 0;
		}
		(void)close(fd); /* another one took it for left behind */
	}
	return rc < 0 ? rc : err_system(err, -EEXIST, partial);
}
