#include "inbox/inbox_folder.h"

#include "common/base/array.h"
#include "common/model/civil.h"
#include "inbox/errors_sheet.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HIDDEN_US                                                                                  \
	60000000 /* programs write a table under a hidden name, and give it its own then */

static int by_rank(const void *a, const void *b)
{
	const struct inbox_listed *x = a, *y = b;
	int64_t newer = (x->stamp.changed_ns < y->stamp.changed_ns) -
			(x->stamp.changed_ns > y->stamp.changed_ns);
	return x->rank != y->rank ? (x->rank > y->rank) - (x->rank < y->rank) : (int)newer;
}

/* Only those that come first in order go on being looked at. */
static void keep_first(struct inbox_folder *folder)
{
	if (folder->n <= INBOX_FILES_MAX)
		return;
	qsort(folder->list, folder->n, sizeof(*folder->list), by_rank);
	folder->n = INBOX_FILES_MAX;
}

/* One more of which @like is the first. */
static void tell(size_t *n, char like[EXCERPT_MAX], const char *name)
{
	if ((*n)++ == 0)
		(void)utf8_excerpt(name, strlen(name), like);
}

static int add(struct inbox_folder *folder, const char *name, const struct inbox_core *core)
{
	struct stat stat;
	char file[NAME_MAX + 1];
	enum inbox_name kind = inbox_name_judge(name);
	if (errors_sheet_left(folder->fd, name, file) && inbox_core_look_again(core, file))
		tell(&folder->sheets, folder->sheet, name);
	if (kind == INBOX_NAME_PASSED || strlen(name) >= INBOX_NAME_MAX ||
	    fstatat(folder->fd, name, &stat, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(stat.st_mode))
		return 0; /* what has gone meanwhile is no file either */
	if (kind == INBOX_NAME_TOLD) {
		if (name[0] != '.' ||
		    civil_now_us() - stat.st_ctim.tv_sec * INT64_C(1000000) > HIDDEN_US)
			tell(&folder->told, folder->like, name);
		return 0;
	}
	if (folder->n == 2 * INBOX_FILES_MAX)
		keep_first(folder);
	if (ARRAY_RESERVE(folder->list, folder->room, folder->n + 1) < 0)
		return -ENOMEM;
	struct inbox_listed *listed = &folder->list[folder->n++];
	*listed = (struct inbox_listed){ .stamp = inbox_stamp_of(&stat) };
	memcpy(listed->name, name, strlen(name) + 1);
	listed->rank = inbox_core_rank(core, listed);
	return 0;
}

static int list(struct inbox_folder *folder, const struct inbox_core *core)
{
	int fd = dup(folder->fd), rc = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		rc = -errno;
		if (fd >= 0)
			(void)close(fd); /* a folder */
		return rc;
	}
	folder->n = folder->told = folder->sheets = 0;
	folder->like[0] = '\0';
	errno = 0;
	for (const struct dirent *entry; rc == 0 && (entry = readdir(dir)); errno = 0)
		rc = add(folder, entry->d_name, core);
	if (rc == 0)
		rc = -errno; /* readdir's */
	(void)closedir(dir); /* only read */
	keep_first(folder);
	return rc;
}

int inbox_folder_look(struct inbox_folder *folder, const char *path, const struct inbox_core *core,
		      struct err *err)
{
	struct stat stat;
	inbox_folder_leave(folder);
	folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = folder->fd < 0 || fstat(folder->fd, &stat) < 0 ? -errno : 0;
	if (rc == 0) {
		folder->inode = stat.st_ino;
		rc = list(folder, core);
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
