/* What is wrong with a table, row by row, gathered until a sentence for each has been said or the
 * room is full: whoever mends the file sees everything at once. */
#pragma once

#include "err.h"

#include <stddef.h>

struct complaints {
	char text[ERR_TEXT_MAX]; /* one per line */
	size_t len;
	size_t n;        /* complaints made */
	size_t left_out; /* of them, those there was no room for */
};

/** Add "line @line: @format". */
void complaints_add(struct complaints *complaints, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** 0 when there were none; otherwise -EINVAL with all of them in @err, and how many were left out.
 */
int complaints_tell(const struct complaints *complaints, struct err *err);
