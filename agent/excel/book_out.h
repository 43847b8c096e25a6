/* A workbook that libxlsxwriter makes, on its way out: the library writes to a file of a name
 * alone, so it gets one in memory. */
#pragma once

#include "common/base/blob.h"

#include <stdbool.h>
#include <stdio.h>
#include <xlsxwriter.h>

struct book_out {
	lxw_workbook *workbook;
	int fd;
};

/** -1: there is no memory for it. */
int book_out_open(struct book_out *book);
/** Close it, and write it to @out unless @drop. -1: it could not be made or written. */
int book_out_close(struct book_out *book, bool drop, FILE *out);
/** All of @file; over @max bytes the rest is left. A negative errno. */
int book_in_read(FILE *file, size_t max, struct blob *out);
