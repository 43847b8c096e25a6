/* Text on a screen of so many columns: how many cells it takes, shortened, or wrapped between
 * words. Escape sequences for colour (ECMA-48, CSI ... m) take no cells. Cells are counted as the
 * C library's wcwidth() has them, in the locale that i18n_init() chose. */
#pragma once

#include "common/base/blob.h"

#include <stddef.h>

/** How many cells @text takes. */
size_t fit_cells(const char *text);

/** How many cells the longest of its words takes. */
size_t fit_longest_word(const char *text);

/** Append @text, and where it takes more than @cells (>= 1) its beginning with an ellipsis.
 * -ENOMEM. */
int fit_cut(const char *text, size_t cells, struct blob *out);

/** How many bytes of @text its first line has when it may take @cells: it ends at a blank, before a
 * newline, or behind a word that is longer by itself. @ret_next: bytes until where the next line
 * begins. */
size_t fit_line(const char *text, size_t cells, size_t *ret_next);

/** Append the lines of @text, those that take more than @columns wrapped: what follows stands under
 * the beginning of the line's text or, where the line has a gap of two blanks or more in its first
 * half, behind that gap. Words stay whole, however long they are. @columns 0: there is no limit.
 * -ENOMEM. */
int fit_lines(const char *text, size_t columns, struct blob *out);
