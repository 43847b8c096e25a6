#include "support/failing_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>

static int left = -1;     /* operations that still pass; below 0: all do */
static bool stays, fired; /* later ones fail, too, as if the power had gone */
static char trace[64];    /* what was done, a letter each */

static bool fails(char what)
{
	size_t n = strlen(trace);
	if (n + 1 < sizeof(trace)) {
		trace[n] = what;
		trace[n + 1] = '\0';
	}
	bool fail = left == 0 || (fired && stays);
	fired |= fail;
	left -= left >= 0;
	errno = EIO;
	return fail;
}

int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *data, size_t len);
int __real_fsync(int fd);
int __real_close(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __wrap_fsync(int fd);
int __wrap_close(int fd);
int __wrap_rename(const char *from, const char *to);

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	return fails('o') ? -1 : __real_open(path, flags, mode);
}

/* Half of it is written before the disk is full. */
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	return fails('w') ? __real_write(fd, data, len / 2) : __real_write(fd, data, len);
}

int __wrap_fsync(int fd)
{
	return fails('s') ? -1 : __real_fsync(fd);
}

int __wrap_close(int fd)
{
	bool fail = fails('c');
	int rc = __real_close(fd); /* closed it is in any case */
	return fail ? -1 : rc;
}

int __wrap_rename(const char *from, const char *to)
{
	return fails('r') ? -1 : __real_rename(from, to);
}

void failing_disk_arm(int after, bool for_good)
{
	left = after;
	stays = for_good;
	fired = false;
	trace[0] = '\0';
}

bool failing_disk_disarm(void)
{
	bool was = fired;
	failing_disk_arm(-1, false);
	return was;
}

const char *failing_disk_trace(void)
{
	return trace;
}
