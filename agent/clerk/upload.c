#include "clerk/upload.h"

#include "common/base/array.h"
#include "common/base/utf8.h"
#include "inbox/errors_sheet.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_KEPT 150u /* bytes: what done/ and the errors put before and behind it fits */

/* --- the folder --- */

static int open_folder(const char *path, bool make, struct err *err)
{
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_system(err, -errno, path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_system(err, -errno, path) : fd;
}

/* Files whose errors nobody came back for: without the oldest there are UPLOAD_FILES_MAX. */
static void prune(int folder_fd)
{
	char oldest[NAME_MAX + 1];
	for (unsigned n = UPLOAD_FILES_MAX + 1; n > UPLOAD_FILES_MAX;) {
		struct timespec least = { 0 };
		int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		DIR *folder = fd < 0 ? NULL : fdopendir(fd);
		if (!folder) {
			if (fd >= 0)
				(void)close(fd); /* a folder */
			return;
		}
		n = 0;
		for (struct dirent *entry; (entry = readdir(folder));) {
			struct stat stat;
			if (fstatat(folder_fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) < 0 ||
			    !S_ISREG(stat.st_mode))
				continue;
			bool older = stat.st_mtim.tv_sec < least.tv_sec ||
				     (stat.st_mtim.tv_sec == least.tv_sec &&
				      stat.st_mtim.tv_nsec < least.tv_nsec);
			if (n++ > 0 && !older)
				continue;
			least = stat.st_mtim;
			(void)snprintf(oldest, sizeof(oldest), "%s", entry->d_name); /* fits */
		}
		(void)closedir(folder); /* for reading */
		if (n > UPLOAD_FILES_MAX && unlinkat(folder_fd, oldest, 0) < 0)
			return; /* what cannot be put there is told by the next write */
	}
}

/* What @sent is called here: its last part, printable, no longer than NAME_KEPT, its ending kept.
 */
static void name_of(const char *sent, char name[NAME_MAX + 1])
{
	size_t len = 0;
	for (const char *at = sent; *at; at++)
		if (*at == '/' || *at == '\\')
			sent = at + 1;
	for (size_t n; *sent && len + 4 < NAME_MAX; sent += n ? n : 1) {
		n = utf8_char(sent, strlen(sent));
		bool good = n > 0 && utf8_seen(sent, n) && !(len == 0 && *sent == '.');
		if (good) {
			memcpy(name + len, sent, n);
			len += n;
		} else if (len > 0) {
			name[len++] = '_';
		}
	}
	name[len] = '\0';
	size_t over = len > NAME_KEPT ? len - NAME_KEPT : 0;
	while (over < len && ((unsigned char)name[over] & 0xc0) == 0x80)
		over++;
	memmove(name, name + over, len - over + 1);
	if (*name == '\0' || strcmp(name, DONE_FOLDER) == 0)
		(void)snprintf(name, NAME_MAX + 1, "table");
}

static int write_file(const struct upload *upload, const char *data, size_t len, struct err *err)
{
	(void)unlinkat(upload->folder_fd, upload->name, 0); /* one of the same name, from before */
	int fd = openat(upload->folder_fd, upload->name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc = fd < 0 ? -errno : 0;
	for (size_t at = 0; at < len && rc == 0;) {
		ssize_t n = write(fd, data + at, len - at);
		if (n < 0 && errno != EINTR)
			rc = -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0 && close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc < 0 ? err_system(err, rc, upload->name) : 0;
}

/* --- what is told of it --- */

void told_free(struct told *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].where);
		free(list[i].column);
		free(list[i].value);
		free(list[i].why);
	}
	free(list);
}

/* Without memory for it it is counted: the copy with the errors has it. */
static void on_told(void *context, bool is_error, const struct import_diagnostic *told)
{
	struct upload *upload = context;
	char where[IMPORT_WHERE_MAX];
	struct told own = { .is_error = is_error,
			    .where = strdup(import_where(told, where)),
			    .column = strdup(told->column),
			    .value = strdup(told->value),
			    .why = strdup(told->why) };
	struct told *list =
		upload->n_told < UPLOAD_TOLD_MAX && own.where && own.column && own.value && own.why
			? array_room(upload->told, upload->n_told, sizeof(*list))
			: NULL;
	if (!list) {
		free(own.where);
		free(own.column);
		free(own.value);
		free(own.why);
		upload->n_untold++;
		return;
	}
	upload->told = list;
	list[upload->n_told++] = own;
}

/* --- taking it --- */

int upload_begin(struct upload *upload, const struct upload_config *config, const char *name,
		 const void *data, size_t len, struct err *err)
{
	struct stat stat;
	struct inbox_listed listed = { 0 };
	*upload = (struct upload){ .config = *config, .folder_fd = -1 };
	name_of(name, upload->name);
	int rc = open_folder(config->folder, true, err);
	if (rc < 0)
		return rc;
	upload->folder_fd = rc;
	prune(upload->folder_fd);
	rc = write_file(upload, data, len, err);
	if (rc == 0 && fstatat(upload->folder_fd, upload->name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
		rc = err_system(err, -errno, upload->name);
	if (rc < 0)
		return rc;
	struct inbox_file_config file = { .folder_fd = upload->folder_fd,
					  .spool = config->spool,
					  .catalogue = config->catalogue,
					  .office = config->office,
					  .author = config->author,
					  .now_us = config->now_us,
					  .language = config->language,
					  .uploaded = true,
					  .on_told = on_told,
					  .context = upload };
	(void)snprintf(listed.name, sizeof(listed.name), "%s", upload->name); /* fits */
	listed.stamp = inbox_stamp_of(&stat);
	return inbox_file_open(&file, &listed, &upload->file, err);
}

int upload_step(struct upload *upload, struct err *err)
{
	struct err ignored; /* the list of files is for people; the figures are recorded */
	int rc = inbox_file_step(upload->file, &upload->result, err);
	if (rc != 0)
		return rc;
	if (!outcome_of(&upload->result, OUTCOME_PAGE, upload->folder_fd, upload->name,
			&upload->outcome))
		return err_set(err, -EAGAIN, "another program changed the file while it was read");
	(void)outcomes_add(upload->config.spool, &upload->outcome, &ignored);
	return 0;
}

void upload_close(struct upload *upload)
{
	inbox_file_close(upload->file);
	told_free(upload->told, upload->n_told);
	if (upload->folder_fd > 0)
		(void)close(upload->folder_fd); /* a folder */
	*upload = (struct upload){ .folder_fd = -1 };
}

/* --- its copy --- */

static bool ends_with(const char *text, const char *ending)
{
	size_t len = strlen(text), n = strlen(ending);
	return len > n && strcmp(text + len - n, ending) == 0;
}

int upload_errors(const char *folder, const char *name, struct blob *out, struct err *err)
{
	struct stat stat;
	bool good = !strchr(name, '/') &&
		    (ends_with(name, ERRORS_ENDING) || ends_with(name, COPY_ENDING));
	int folder_fd = good ? open_folder(folder, false, err) : -ENOENT;
	int fd = folder_fd < 0
			 ? -1
			 : openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int rc = 0;
	if (fd < 0 || fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode))
		rc = err_set(err, -ENOENT,
			     "this copy is gone; hand the file in again, which makes another");
	else if (stat.st_size > UPLOAD_COPY_MAX)
		rc = err_set(err, -EFBIG, "this copy is too large for the page");
	for (ssize_t n = 1; n > 0 && rc == 0;) {
		if (blob_reserve(out, 65536) < 0)
			rc = err_memory(err);
		else if ((n = read(fd, out->data + out->len, 65536)) < 0)
			rc = err_system(err, -errno, name);
		else
			out->len += (size_t)n;
		if (out->len > UPLOAD_COPY_MAX) /* it grows */
			n = 0;
	}
	if (fd >= 0)
		(void)close(fd); /* for reading */
	if (folder_fd >= 0)
		(void)close(folder_fd); /* a folder */
	return rc;
}
