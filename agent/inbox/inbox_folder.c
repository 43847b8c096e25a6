#include "inbox_folder.h"

#include "inbox_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_room(struct inbox_folder *folder)
{
	if (folder->n < folder->room)
		return 0;
	size_t room = folder->room ? folder->room * 2 : 8;
	struct inbox_listed *list = realloc(folder->list, room * sizeof(*list));
	if (!list)
		return -ENOMEM;
	folder->list = list;
	folder->room = room;
	return 0;
}

static int add(struct inbox_folder *folder, const char *name)
{
	struct stat stat;
	if (!inbox_name_counts(name) || strlen(name) >= INBOX_NAME_MAX ||
	    fstatat(folder->fd, name, &stat, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(stat.st_mode))
		return 0; /* what has gone meanwhile is no file either */
	if (make_room(folder) < 0)
		return -ENOMEM;
	struct inbox_listed *listed = &folder->list[folder->n++];
	memcpy(listed->name, name, strlen(name) + 1);
	listed->stamp = inbox_stamp_of(&stat);
	return 0;
}

static int list(struct inbox_folder *folder)
{
	int fd = dup(folder->fd), rc = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		rc = -errno;
		if (fd >= 0)
			(void)close(fd); /* a folder */
		return rc;
	}
	folder->n = 0;
	errno = 0;
	for (const struct dirent *entry;
	     rc == 0 && folder->n < INBOX_FILES_MAX && (entry = readdir(dir)); errno = 0)
		rc = add(folder, entry->d_name);
	if (rc == 0)
		rc = -errno; /* readdir's */
	(void)closedir(dir); /* only read */
	return rc;
}

int inbox_folder_look(struct inbox_folder *folder, const char *path, struct err *err)
{
	struct stat stat;
	inbox_folder_leave(folder);
	folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = folder->fd < 0 || fstat(folder->fd, &stat) < 0 ? -errno : 0;
	if (rc == 0) {
		folder->inode = stat.st_ino;
		rc = list(folder);
	}
	if (rc == -ENOMEM)
		return err_memory(err);
	if (rc < 0)
		return err_set(err, rc,
			       "[inbox] folder '%s': %s; make it, let the agent read and write "
			       "there, or name another one",
			       path, err_strerror(rc));
	return 0;
}

void inbox_folder_leave(struct inbox_folder *folder)
{
	if (folder->fd >= 0)
		(void)close(folder->fd); /* a folder */
	folder->fd = -1;
}

void inbox_folder_free(struct inbox_folder *folder)
{
	inbox_folder_leave(folder);
	free(folder->list);
}
