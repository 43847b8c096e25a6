/* Small files that nobody else may read: keys. There whole or not at all. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>

#define SECRET_FILE_MAX 1024u /* bytes, NUL included */

/** Read @path as text. -ENOENT when there is none; -EACCES when others can read it; -EINVAL over
 * SECRET_FILE_MAX. The caller wipes it. */
int secret_file_read(const char *path, char ret_text[SECRET_FILE_MAX], struct err *err);
/** Write PATH.new, fsync, rename, fsync the folder: after 0 it survives a power cut; on error @path
 * holds the old text or the new one, whole. Mode 0600. -EINVAL over SECRET_FILE_MAX. */
int secret_file_write(const char *path, const char *text, struct err *err);
/** fsync the folder that holds @path. */
int secret_file_sync_folder(const char *path, struct err *err);
