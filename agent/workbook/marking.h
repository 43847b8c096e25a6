/* Workbooks that lantoa-excel makes, in processes of their own: a form, of its text; or a copy of a
 * workbook with marked cells, by two of them: one reads the workbook, the other writes what it
 * says, and never sees the workbook itself. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"

struct marking;

/** Begin: @fd is the workbook, @marks as workbook/marks.h has them, and the copy goes to @out_fd,
 * an empty file. All stay their caller's. Returns as workbook_reader_open(). */
int marking_open(int fd, const struct blob *marks, int out_fd, struct marking **ret_marking,
		 struct err *err);
/** Begin to make a form: @text as workbook/blank.h has it, and the workbook goes to @out_fd, an
 * empty file. The rest as above. */
int marking_blank(const struct blob *text, int out_fd, struct marking **ret_marking,
		  struct err *err);
/** Is it made? Waits for @wait_ms. 0: it is; -EAGAIN: not yet; -EIO: it cannot be made, or takes
 * too long. */
int marking_wait(struct marking *marking, int wait_ms, struct err *err);
/** Ends what still runs. NULL is fine. */
void marking_close(struct marking *marking);
