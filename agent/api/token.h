/* What a program shows when it hands in figures over TCP: a random word in STATE_DIR/api.token,
 * which only the agent's user may read. */
#pragma once

#include "common/base/err.h"
#include "common/sys/secret_file.h"

#define TOKEN_FILE "api.token"

/** Is @header, an Authorization header (NULL: there was none), "Bearer " (in any case) and the word
 * in @path? Compared in constant time. -EACCES with what to do. Reads a small file, so that a new
 * token counts at once: call from the worker. */
int token_check(const char *path, const char *header, struct err *err);

/** The word in @path. As secret_file_read(); -EINVAL when the file is empty. */
int token_read(const char *path, char ret_token[SECRET_FILE_MAX], struct err *err);
