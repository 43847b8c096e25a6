#include "common/sys/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_private(int fd, const char *path, char text[SECRET_FILE_MAX], struct err *err)
{
	struct stat info;
	if (fstat(fd, &info) < 0)
		return err_system(err, -errno, path);
	if (info.st_mode & 077 && !S_ISDIR(info.st_mode))
		return err_set(err, -EACCES,
			       "%s: others can read it; run 'chmod 600' on it, and make a new key "
			       "if someone may have copied it",
			       path);
	ssize_t len = read(fd, text, SECRET_FILE_MAX);
	if (len < 0)
		return err_system(err, -errno, path);
	if ((size_t)len == SECRET_FILE_MAX)
		return err_set(err, -EINVAL, "%s: is too long for a key", path);
	text[len] = '\0';
	return 0;
}

int secret_file_read(const char *path, char ret_text[SECRET_FILE_MAX], struct err *err)
{
	char text[SECRET_FILE_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_system(err, -errno, path);
	int rc = read_private(fd, path, text, err);
	(void)close(fd); /* opened for reading */
	if (rc == 0)
		memcpy(ret_text, text, strlen(text) + 1);
	explicit_bzero(text, sizeof(text));
	return rc;
}

int secret_file_sync_folder(const char *path, struct err *err)
{
	char copy[PATH_MAX];
	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return err_system(err, -ENAMETOOLONG, path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) < 0 ? -errno : 0;
	if (fd >= 0)
		(void)close(fd); /* opened for reading */
	return rc < 0 ? err_system(err, rc, path) : 0;
}

/* Always a new file: who holds an older one open, or left a link in its place, gets nothing. */
static int write_synced(const char *path, const char *text)
{
	size_t len = strlen(text);
	(void)unlink(path); /* of a write that was cut short; what remains makes open() fail */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ssize_t written = fchmod(fd, 0600) < 0 ? -1 : write(fd, text, len);
	int rc = 0;
	if (written >= 0 && (size_t)written < len)
		rc = -ENOSPC;
	else if (written < 0 || fsync(fd) < 0)
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int secret_file_write(const char *path, const char *text, struct err *err)
{
	char fresh[PATH_MAX];
	if (strlen(text) >= SECRET_FILE_MAX)
		return err_set(err, -EINVAL, "%s: is too long for a key", path);
	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return err_system(err, -ENAMETOOLONG, path);
	int rc = write_synced(fresh, text);
	if (rc == 0 && rename(fresh, path) < 0)
		rc = -errno;
	if (rc < 0) {
		(void)unlink(fresh); /* may not be there */
		return err_system(err, rc, path);
	}
	return secret_file_sync_folder(path, err);
}
