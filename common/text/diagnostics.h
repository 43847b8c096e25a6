/* What is wrong with a table, row by row: whoever mends the file sees everything at once, in the
 * file's order, as much as an err has room for. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>

#define COMPLAINT_TEXT_MAX 256u /* of one; longer is cut */
#define COMPLAINTS_KEPT    64u  /* more than an err shows */

struct complaints {
	struct complaint {
		unsigned line;
		char text[COMPLAINT_TEXT_MAX];
	} list[COMPLAINTS_KEPT]; /* those of the lowest lines, ascending */
	size_t n;                /* made, kept or not */
};

/** Add "line @line: @format". Checks of the whole may follow those of the rows: they are told by
 * line all the same. */
void complaints_add(struct complaints *complaints, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** 0 when there were none; otherwise -EINVAL with them in @err, one to a line of text, and how many
 * there was no room for. */
int complaints_tell(const struct complaints *complaints, struct err *err);
