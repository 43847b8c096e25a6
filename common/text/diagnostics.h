/* What is wrong with a table, row by row: whoever mends the file sees everything at once, in the
 * file's order, as much as an err has room for. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>

#define DIAGNOSTIC_TEXT_MAX 256u /* of one; longer is cut */
#define DIAGNOSTICS_KEPT    64u  /* more than an err shows */

struct diagnostics {
	struct diagnostic {
		unsigned line;
		char text[DIAGNOSTIC_TEXT_MAX];
	} list[DIAGNOSTICS_KEPT]; /* those of the lowest lines, ascending */
	size_t n;                 /* made, kept or not */
};

/** Add "line @line: @format". Checks of the whole may follow those of the rows: they are told by
 * line all the same. */
void diagnostics_add(struct diagnostics *diagnostics, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** 0 when there were none; otherwise -EINVAL with them in @err, one to a line of text, and how many
 * there was no room for. */
int diagnostics_tell(const struct diagnostics *diagnostics, struct err *err);
