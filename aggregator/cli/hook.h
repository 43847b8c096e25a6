/* A program that is told something: one line on its standard input, in a process group of its own.
 * It has HOOK_LIMIT_S, and is killed with its group then. What it prints is read, so that it never
 * waits for us, and thrown away but for the beginning, which an error tells. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>

#define HOOK_LIMIT_S  60u
#define HOOK_LINE_MAX 4096u /* what a pipe takes at once (PIPE_BUF) */

/** Run @program with @line [len], and wait for it. -ENOENT, -EACCES: it cannot be run; -E2BIG: over
 * HOOK_LINE_MAX; -ETIMEDOUT; -EREMOTEIO: its exit status is not 0. */
int hook_run(const char *program, const char *line, size_t len, unsigned limit_s, struct err *err);
