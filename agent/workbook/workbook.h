/* A workbook, read by lantoa-excel in a process of its own: the libraries that take it apart are
 * no part of this one, and what goes wrong there costs one file. For a thread that may block. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WORKBOOK_HEAD 8u /* bytes that tell what it is */

/** Is what begins with @head[@len] a workbook, in a zip archive or a compound file? Or what
 * else such files hold. */
bool workbook_is(const void *head, size_t len);

struct workbook_reader;

/** Begin to read the file @fd, which is seekable and stays its caller's. -EINVAL: it cannot be read
 * on this machine, and what to do; -ENOMEM, -EMFILE and the like. */
int workbook_reader_open(int fd, struct workbook_reader **ret_reader, struct err *err);
/** Ends the process that reads, if need be. NULL is fine. */
void workbook_reader_close(struct workbook_reader *reader);
/**
 * More of its cells, as workbook/cells.h has them.
 *
 * @wait_ms  how long it may take until there are some
 *
 * Returns how many bytes; 0: these were all; -EAGAIN: not yet; -EINVAL when it cannot be read, with
 * what to do; or another negative errno.
 */
ssize_t workbook_reader_read(struct workbook_reader *reader, char *cells, size_t size, int wait_ms,
			     struct err *err);
