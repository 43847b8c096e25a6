/* done/ in the inbox: files whose figures are all recorded, by the time they were taken
 * (2025-07-01_140509_NAME). The newest 1000 are kept, and at most a gigabyte of them. */
#pragma once

#include "err.h"

#include <stdint.h>
#include <sys/stat.h>

#define DONE_FOLDER    "done"
#define DONE_FILES_MAX 1000u
#define DONE_BYTES_MAX (UINT64_C(1) << 30)

/**
 * Move @name out of @folder_fd. It must be what it was when it was read, as @as_read tells: when
 * another one took its place meanwhile, or it was written to, that stays in the folder.
 *
 * Returns 0; -ESTALE when it is another one, or gone; a negative errno, and @err says what to do.
 */
int done_folder_take(int folder_fd, const char *name, const struct stat *as_read, int64_t now_us,
		     struct err *err);
