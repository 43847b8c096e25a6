#include "secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int secret_file_read(const char *path, char ret_text[SECRET_FILE_MAX], struct err *err)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_system(err, -errno, path);
	ssize_t len = fstat(fd, &info) == 0 ? read(fd, ret_text, SECRET_FILE_MAX) : -1;
	int rc = len < 0 ? -errno : 0;
	(void)close(fd); /* opened for reading */
	if (rc < 0)
		return err_system(err, rc, path);
	if (info.st_mode & 077)
		return err_set(err, -EACCES,
			       "%s: others can read it; run 'chmod 600' on it, and make a new key "
			       "if someone "
			       "may have copied it",
			       path);
	if ((size_t)len == SECRET_FILE_MAX)
		return err_set(err, -EINVAL, "%s: is too long for a key", path);
	ret_text[len] = '\0';
	return 0;
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

static int write_synced(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ssize_t written = write(fd, text, len);
	int rc = 0;
	if (written < 0 || fchmod(fd, 0600) < 0 || fsync(fd) < 0)
		rc = -errno;
	else if ((size_t)written < len)
		rc = -ENOSPC;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int secret_file_write(const char *path, const char *text, struct err *err)
{
	char fresh[PATH_MAX];
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
