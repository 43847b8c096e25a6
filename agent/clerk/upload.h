/* A file that the clerk hands in on the page, on the worker: put into a folder of the agent's own,
 * and taken there as one of the inbox is (inbox/inbox_file.h), by the same judgement. */
#pragma once

#include "common/base/i18n.h"
#include "inbox/outcomes.h"

#include <stdbool.h>
#include <stddef.h>

#define UPLOAD_MAX       (4u << 20) /* bytes of a file: a month of all metrics has some 100 KB */
#define UPLOAD_FOLDER    "uploads"  /* in the agent's state */
#define UPLOAD_FILES_MAX 40u        /* that lie there with their errors; the oldest go */
#define UPLOAD_TOLD_MAX  200u
#define UPLOAD_COPY_MAX  (8u << 20)

struct told {          /* owned texts */
	bool is_error; /* not taken; else to be looked at again */
	char *where, *column, *value, *why;
};

struct upload_config {      /* all outlive the upload */
	const char *folder; /* its path; made when it is not there */
	struct spool *spool;
	const struct catalogue *catalogue;
	const char *office; /* as import_config has it */
	const char *author; /* likewise */
	int64_t now_us;     /* as entry_judge() has it */
	enum language language;
};

struct upload {
	struct upload_config config;
	int folder_fd;
	char name[NAME_MAX + 1];
	struct inbox_file *file;
	struct inbox_result result;
	struct outcome outcome; /* once it is taken */
	struct told *told;      /* owned [n_told] */
	size_t n_told;
	size_t n_untold; /* more of them than there is room for */
};

/** Put @data[@len], which its sender calls @name, into the folder. The caller closes, also after an
 * error. */
int upload_begin(struct upload *upload, const struct upload_config *config, const char *name,
		 const void *data, size_t len, struct err *err);
/** As inbox_file_step(). After 0 the outcome is kept with the spool; -EAGAIN: another
 * program touches the folder. */
int upload_step(struct upload *upload, struct err *err);
void upload_close(struct upload *upload); /* zeroed is fine */
void told_free(struct told *list, size_t n);

/** The copy of a file with its errors, @name as an outcome has it, for its reader. -ENOENT when it
 * is not there, or not such a file; -EFBIG over UPLOAD_COPY_MAX. */
int upload_errors(const char *folder, const char *name, struct blob *out, struct err *err);
