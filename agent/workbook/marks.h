/* What is told of cells of a workbook, as text for lantoa-excel, which makes a copy of the workbook
 * with these cells marked. One a line, its fields parted by tabs:
 *
 *   M KIND ROW COLUMN SHEET TEXT    KIND: enum mark_kind; ROW 0: the sheet; COLUMN 0: the row
 *
 * Texts have no control characters. */
#pragma once

#include "common/base/blob.h"

#include <stddef.h>

#define MARKS_MAX     4000u
#define MARK_TEXT_MAX 2048u /* bytes; longer ones are cut */

enum mark_kind {
	MARK_ERROR = 'e',
	MARK_WARNING = 'w', /* it was taken, and is to be looked at again */
	MARK_NOTE = 'n',
};

struct mark {
	enum mark_kind kind;
	unsigned row, column;
	const char *sheet, *text; /* in the text that was read */
};

/** Append one to @out. -ENOMEM. */
int marks_append(struct blob *out, const struct mark *mark);
/** Those of @text[@len], which is changed and outlives them, in its order; what is no such line is
 * passed over. Its caller frees the list. -ENOMEM. */
int marks_read(char *text, size_t len, struct mark **ret_list, size_t *ret_n);
