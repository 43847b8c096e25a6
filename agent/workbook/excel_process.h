/* lantoa-excel, started: with a clean environment, files that are named and no others, and a
 * process group of its own. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>
#include <sys/types.h>

#define EXCEL_PROGRAM "lantoa-excel"
#define EXCEL_MARK    "mark"  /* a mode: see excel/marked_copy.h */
#define EXCEL_BLANK   "blank" /* another one: see excel/blank_form.h */

/** @mode: NULL reads a workbook. @fds[@n] become its files 0, 1 and, behind its stderr, 3. -EINVAL:
 * it is not on this machine, and what to do; or another negative errno. */
int excel_start(const char *mode, const int fds[], size_t n, pid_t *ret_pid, struct err *err);
/** Wait for its end; the status that waitpid() has. */
int excel_await(pid_t pid);
/** A pipe whose ends are none of the numbers above. A negative errno. */
int excel_pipe(int ret_ends[2]);
