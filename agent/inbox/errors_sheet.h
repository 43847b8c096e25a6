/* NAME.errors.csv beside a file: which lines of it were not taken, which figures are to be looked
 * at again though they were, and what to do about each. For the spreadsheet that made the file:
 * UTF-8 with a mark, parted as the file was. */
#pragma once

#include "common/base/err.h"
#include "common/base/i18n.h"
#include "import/import.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define ERRORS_ROWS_MAX 1000u /* of each kind; more are counted */
#define ERRORS_ENDING   ".errors.csv"
#define NOTES_ENDING    ".notes.csv"

struct errors_sheet;

/** NULL: out of memory. The words in it are of the thread's language when they are added. */
struct errors_sheet *errors_sheet_open(enum language language);
void errors_sheet_close(struct errors_sheet *sheet); /* NULL is fine */

/** What separates columns: that of the file; ';' where a spreadsheet would not know it. */
void errors_sheet_separator(struct errors_sheet *sheet, char separator);
/** An error of line 0 is about the file as a whole. Texts are copied. */
void errors_sheet_add(struct errors_sheet *sheet, const struct import_diagnostic *error);
/** What whoever made the file should know beside its errors, like a line that was passed over; it
 * stands behind them, and alone it is no error. */
void errors_sheet_note(struct errors_sheet *sheet, const struct import_diagnostic *note);
/** A figure that was taken, and is to be looked at again; it stands behind the errors. */
void errors_sheet_warn(struct errors_sheet *sheet, const struct import_diagnostic *warning);

/** Write it into @folder_fd beside the file @name, in the place of an older one, whole or not at
 * all. -ENOMEM; a negative errno, and @err says which file and why. */
int errors_sheet_write(struct errors_sheet *sheet, int folder_fd, const char *name,
		       struct err *err);
/** The same as @name.notes.csv, for a file of which all was taken that is a figure: there are only
 * notes in it, and nothing to do. */
int errors_sheet_write_notes(struct errors_sheet *sheet, int folder_fd, const char *name,
			     struct err *err);
/** Is @name such a sheet, and the file that it is about, @ret_file, lies in @folder_fd no more? */
bool errors_sheet_left(int folder_fd, const char *name, char ret_file[NAME_MAX + 1]);
/** @name has no errors any more. As errors_sheet_write(). */
int errors_sheet_remove(int folder_fd, const char *name, struct err *err);
