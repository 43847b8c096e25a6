#include "inbox/done_folder.h"

#include "common/model/civil.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAMP_LEN        18u   /* of "2025-07-01_140509_" */
#define TWINS_MAX        1000u /* of one name in one second */
#define WATCHED_LINE_MAX (2 * NAME_MAX + 128)

/* --- names --- */

static bool is_stamped(const char *name)
{
	static const char shape[] = "9999-99-99_999999_";
	for (size_t i = 0; i < STAMP_LEN; i++)
		if (shape[i] == '9' ? name[i] < '0' || name[i] > '9' : name[i] != shape[i])
			return false;
	return true;
}

/* The end of a long name, with its ending; never from the middle of a character. */
static const char *fitting(const char *name, size_t room)
{
	size_t len = strlen(name);
	if (len > room)
		name += len - room;
	while ((*name & 0xc0) == 0x80)
		name++;
	return name;
}

/* --- moving --- */

/* Never onto another file; some file systems of networks cannot promise that. */
static int rename_new(int from_fd, const char *from, int to_fd, const char *to)
{
	if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (faccessat(to_fd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(from_fd, from, to_fd, to) < 0 ? -errno : 0;
}

static int move(int folder_fd, const char *name, int done_fd, const char *stamp,
		char ret_name[NAME_MAX + 1])
{
	int rc = -EEXIST;
	for (unsigned twin = 1; rc == -EEXIST && twin < TWINS_MAX; twin++) {
		char number[16] = "";
		if (twin > 1)
			(void)snprintf(number, sizeof(number), "%u_", twin); /* fits */
		(void)snprintf(ret_name, NAME_MAX + 1, "%s%s%s", stamp, number,
			       fitting(name, NAME_MAX - STAMP_LEN - sizeof(number))); /* fits */
		rc = rename_new(folder_fd, name, done_fd, ret_name);
	}
	return rc;
}

static bool is_as_read(int done_fd, const char *name, const struct stat *as_read)
{
	struct stat now;
	return fstatat(done_fd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       now.st_ino == as_read->st_ino && now.st_dev == as_read->st_dev &&
	       now.st_size == as_read->st_size && now.st_mtim.tv_sec == as_read->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == as_read->st_mtim.tv_nsec;
}

/* Opened, made if need be. */
static int open_done(int folder_fd)
{
	if (mkdirat(folder_fd, DONE_FOLDER, 0770) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(folder_fd, DONE_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* --- keeping within bounds --- */

static int is_done_file(const struct dirent *entry)
{
	return is_stamped(entry->d_name);
}

static void prune(int done_fd)
{
	struct dirent **list;
	struct stat file;
	uint64_t bytes = 0;
	int n = scandirat(done_fd, ".", &list, is_done_file, alphasort);
	for (int i = n - 1; i >= 0; i--) { /* the newest first */
		if (fstatat(done_fd, list[i]->d_name, &file, AT_SYMLINK_NOFOLLOW) == 0)
			bytes += (uint64_t)file.st_size;
		if ((unsigned)(n - i) > DONE_FILES_MAX || (bytes > DONE_BYTES_MAX && i < n - 1))
			(void)unlinkat(done_fd, list[i]->d_name, 0); /* the next one tries again */
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

/* --- what is written to after all --- */

/* Does @one lie there with other contents than were read? */
static bool is_written(int done_fd, const struct done_watched *one, bool *ret_there)
{
	struct stat stat = { .st_ino = 0 };
	*ret_there = fstatat(done_fd, one->moved, &stat, AT_SYMLINK_NOFOLLOW) == 0;
	struct inbox_stamp now = inbox_stamp_of(&stat);
	*ret_there &= now.inode == one->as_read.inode;
	return *ret_there &&
	       (now.size != one->as_read.size || now.modified_ns != one->as_read.modified_ns);
}

size_t done_folder_look(int folder_fd, struct done_watch *watch, uint64_t tick_ms)
{
	size_t n = 0;
	int done_fd =
		openat(folder_fd, DONE_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (done_fd < 0)
		return 0;
	for (struct done_watched *one = watch->list; one < watch->list + DONE_WATCHED_MAX; one++) {
		if (one->until_ms < tick_ms)
			one->until_ms = 0;
		bool there;
		if (one->until_ms == 0 || (!is_written(done_fd, one, &there) && there))
			continue;
		int rc = there ? rename_new(done_fd, one->moved, folder_fd, one->name) : 0;
		n += there && rc == 0;
		if (rc != -EEXIST) /* gone, back, or not to be moved */
			one->until_ms = 0;
	}
	(void)close(done_fd); /* a folder */
	return n;
}

/* --- over a restart --- */

int done_watch_remember(const struct done_watch *watch, struct blob *out)
{
	int rc = 0;
	for (const struct done_watched *one = watch->list;
	     one < watch->list + DONE_WATCHED_MAX && rc == 0; one++) {
		char line[WATCHED_LINE_MAX];
		if (one->until_ms == 0)
			continue;
		int len = snprintf(line, sizeof(line),
				   "moved %" PRIu64 " %" PRIu64 " %" PRId64 " %s/%s\n",
				   one->as_read.inode, one->as_read.size, one->as_read.modified_ns,
				   one->name, one->moved); /* fits */
		rc = blob_append(out, line, (size_t)len);
	}
	return rc;
}

static void recall_line(struct done_watch *watch, const char *text, size_t len, uint64_t tick_ms)
{
	char line[WATCHED_LINE_MAX];
	struct done_watched one = { .until_ms = tick_ms + DONE_WATCHED_MS };
	int names = 0;
	if (len >= sizeof(line))
		return;
	memcpy(line, text, len);
	line[len] = '\0';
	if (sscanf(line, "moved %" SCNu64 " %" SCNu64 " %" SCNd64 " %n", &one.as_read.inode,
		   &one.as_read.size, &one.as_read.modified_ns, &names) != 3)
		return;
	char *moved = strchr(line + names, '/');
	if (!moved)
		return;
	*moved++ = '\0'; /* no name holds one: what does is none of ours */
	if (inbox_name_judge(line + names) != INBOX_NAME_COUNTS || !is_stamped(moved) ||
	    strchr(moved, '/') || strlen(moved) > NAME_MAX || strlen(line + names) > NAME_MAX)
		return;
	memcpy(one.name, line + names, strlen(line + names) + 1);
	memcpy(one.moved, moved, strlen(moved) + 1);
	watch->list[watch->next++ % DONE_WATCHED_MAX] = one;
}

void done_watch_recall(struct done_watch *watch, const char *text, size_t len, uint64_t tick_ms)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		recall_line(watch, text, n, tick_ms);
		text += end ? n + 1 : n;
		len -= end ? n + 1 : n;
	}
}

int done_folder_take(int folder_fd, const char *name, const struct stat *as_read, int64_t now_us,
		     struct done_watch *watch, uint64_t tick_ms, char ret_moved[NAME_MAX + 1],
		     struct err *err)
{
	char stamp[STAMP_LEN + 1], text[INSTANT_TEXT_MAX], *moved = ret_moved;
	int done_fd = open_done(folder_fd);
	if (done_fd < 0)
		return err_set(err, done_fd,
			       "the folder '%s' cannot be made in the inbox (%s); let the agent "
			       "write there",
			       DONE_FOLDER, err_strerror(done_fd));
	civil_format(now_us, text); /* 2025-07-01T14:05:09+07:00 */
	(void)snprintf(stamp, sizeof(stamp), "%.10s_%.2s%.2s%.2s_", text, text + 11, text + 14,
		       text + 17); /* fits */
	int rc = move(folder_fd, name, done_fd, stamp, moved);
	if (rc == 0 && !is_as_read(done_fd, moved, as_read)) {
		rc = rename_new(done_fd, moved, folder_fd, name);
		rc = rc == 0 || rc == -EEXIST ? -ESTALE : rc;
	}
	if (rc == 0) {
		if (watch) {
			struct done_watched *new = &watch->list[watch->next++ % DONE_WATCHED_MAX];
			/* Both fit, as the system's names. */
			(void)snprintf(new->name, sizeof(new->name), "%s", name);
			(void)snprintf(new->moved, sizeof(new->moved), "%s", moved);
			new->as_read = inbox_stamp_of(as_read);
			new->until_ms = tick_ms + DONE_WATCHED_MS;
		}
		/* Back after a power cut it would be taken again, and set back what was corrected
		 * meanwhile. First where it is now. File systems that cannot sync a folder do
		 * without. */
		(void)fsync(done_fd);
		(void)fsync(folder_fd);
		prune(done_fd);
	}
	(void)close(done_fd); /* a folder */
	if (rc == -ENOENT || rc == -ESTALE)
		return err_set(err, -ESTALE, "'%s' was replaced while it was read", name);
	if (rc < 0)
		return err_set(err, rc,
			       "'%s' was taken, but cannot be moved to '%s' (%s); let the agent "
			       "write there",
			       name, DONE_FOLDER, err_strerror(rc));
	return 0;
}
