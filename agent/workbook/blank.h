/* An empty form as text for lantoa-excel, which makes a workbook of it that people fill in. One
 * thing a line, its fields parted by tabs:
 *
 *   N NAME                        of the sheet
 *   T TEXT                        a line above the table
 *   L TEXT ...                    a list to choose from, of at least one
 *   H KEY WIDTH h|- TEXT          a column: what its reader goes by, in a hidden row; in
 * characters; hidden; what people read E TITLE TEXT                  what a cell says to whom
 * writes no such number R                             a row; then as many cells as there are
 * columns: s TEXT                        text b TEXT                        bold text n DECIMALS
 * TEXT               a number v DECIMALS MIN MAX TEXT       to be filled in with a number; each may
 * be empty c LIST TEXT                   to be filled in with one of a list, from 1; 0: with any
 * text
 *
 * Texts have no control characters. All but what is to be filled in is locked. */
#pragma once

#include "common/base/blob.h"

#include <stddef.h>

#define BLANK_BYTES_MAX   (2u * 1024 * 1024)
#define BLANK_COLUMNS_MAX 18u
#define BLANK_LISTS_MAX   16u

/** Append @format, a literal of ours with the tabs and the line's end; %s is text, made printable.
 * -ENOMEM. */
int blank_add(struct blob *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
