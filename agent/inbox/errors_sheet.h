/* NAME.errors.csv, or of a workbook NAME.errors.xlsx, beside a file: which lines of it were not
 * taken, which figures are to be looked at again though they were, and what to do about each. The
 * one is for the spreadsheet that made the file: UTF-8 with a mark, parted as the file was. The
 * other is a copy of the workbook in which the cells are marked and have a comment each. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/base/i18n.h"
#include "import/import.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define ERRORS_ROWS_MAX 1000u /* of each kind; more are counted */
#define ERRORS_ENDING   ".errors.csv"
#define COPY_ENDING     ".errors.xlsx"
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
/** What is told of cells, as workbook/marks.h has it, for a copy of the workbook; NULL: something
 * is told of the file as a whole, or more than there is room for, and belongs into the sheet. Valid
 * until more is told. */
const struct blob *errors_sheet_marks(struct errors_sheet *sheet);
/** A file in @folder_fd for the copy; a negative errno. */
int errors_copy_open(int folder_fd);
/** It is written: it becomes NAME.errors.xlsx, in the place of older ones. Closes @fd in any case.
 * As errors_sheet_write(). */
int errors_copy_keep(int folder_fd, int fd, const char *name, struct err *err);
/** It is not wanted. Closes @fd, which may be negative. */
void errors_copy_drop(int folder_fd, int fd);

/** Is @name such a sheet, and the file that it is about, @ret_file, lies in @folder_fd no more? */
bool errors_sheet_left(int folder_fd, const char *name, char ret_file[NAME_MAX + 1]);
/** ERRORS_ENDING or COPY_ENDING: which of both lies beside @name. */
const char *errors_sheet_ending(int folder_fd, const char *name);
/** @name has no errors any more. As errors_sheet_write(). */
int errors_sheet_remove(int folder_fd, const char *name, struct err *err);
