/* A workbook of any kind as cells (workbook/cells.h), or the fault that keeps it from being read.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#define READER_BYTES_MAX (32 * 1024 * 1024) /* of a file */

/** What needs a file of the system is opened now: afterwards none may be. */
void reader_prepare(void);
/** Write all of it to @out, from beginning to end, whatever @bytes[@len] is. */
void reader_run(const void *bytes, size_t len, FILE *out);
