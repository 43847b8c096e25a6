/* done/ in the inbox: files whose figures are all recorded, by the time they were taken
 * (2025-07-01_140509_NAME). The newest 1000 are kept, and at most a gigabyte of them. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "inbox/inbox_core.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define DONE_FOLDER    "done"
#define DONE_FILES_MAX 1000u
#define DONE_BYTES_MAX (UINT64_C(1) << 30)

/* Who still has a file open goes on writing to it wherever it lies. So what was moved is looked at
 * again for an hour, which begins anew with the program: the newest DONE_WATCHED_MAX of them. */
#define DONE_WATCHED_MAX 64u
#define DONE_WATCHED_MS  3600000u

struct done_watched {
	char name[NAME_MAX + 1], moved[NAME_MAX + 1]; /* in the folder; in done/ */
	struct inbox_stamp as_read;
	uint64_t until_ms; /* 0: this place is free */
};

struct done_watch {
	struct done_watched list[DONE_WATCHED_MAX];
	size_t next; /* to be written over */
};

/**
 * Move @name out of @folder_fd; @ret_moved is what it is called in done/. It must be what it was
 * when it was read, as @as_read tells: when another one took its place meanwhile, or it was written
 * to, that stays in the folder.
 *
 * @watch    remembers it; NULL is fine
 * @tick_ms  of a clock that never steps
 *
 * Returns 0; -ESTALE when it is another one, or gone; a negative errno, and @err says what to do.
 */
int done_folder_take(int folder_fd, const char *name, const struct stat *as_read, int64_t now_us,
		     struct done_watch *watch, uint64_t tick_ms, char ret_moved[NAME_MAX + 1],
		     struct err *err);
/** Those that were written to since go back under their names, to be read again; where another one
 * lies there by now, when that is gone. Returns how many went back. */
size_t done_folder_look(int folder_fd, struct done_watch *watch, uint64_t tick_ms);

/** Append the watch to @out as lines of text, which those of inbox_core_remember() may stand
 * beside. -ENOMEM. */
int done_watch_remember(const struct done_watch *watch, struct blob *out);
/** That of an earlier run, into an empty one. What is no such line is passed over. */
void done_watch_recall(struct done_watch *watch, const char *text, size_t len, uint64_t tick_ms);
