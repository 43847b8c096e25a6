/* A first reading of a file of figures, from which nothing is recorded: can it be read to its end,
 * where is its header, and how does it write numbers and dates?
 *
 * - Encoding: by common/text/charset.h; Windows-1258 only when a Vietnamese column name confirms
 * it.
 * - Separator and header: the line among the first 30, and the separator, by which every name in it
 *   is known; titles may stand above. A first line "sep=;" is heeded.
 * - Title: what do the lines above the header say of the period?
 * - Mark before decimals: what the numbers themselves tell (12,5 or 1,234,567). Where all of them
 *   are silent, ';' as separator tells a decimal comma, as spreadsheets have it, though statistics
 *   offices part by ';' and write a point (by_separator: ask about 1.250); and ',' with columns
 * called as programs call them (metric,period,value) a point. Else, or when some numbers say this
 * and some that, the file does not tell, and 1.234 must be asked about.
 * - Dates: does one have the month first? */
#pragma once

#include "common/base/err.h"
#include "import/dialect.h"
#include "import/headings.h"

#include <stddef.h>

struct detect;

/** @headings outlive it. -ENOMEM. */
int detect_open(const struct headings *headings, struct detect **ret_detect, struct err *err);
/** More of the file's bytes, cut anywhere; memory stays bounded. -EINVAL when the file cannot be
 * read, with line, why and what to do; -ENOMEM. */
int detect_feed(struct detect *detect, const void *bytes, size_t len, struct err *err);
/** A workbook's next row, of which nothing is kept, instead of its bytes. Returns as feed. */
int detect_row(struct detect *detect, const struct csv_row *row, struct err *err);
/** How many names of columns did the row have that looked most like a header? Once it came to its
 * end or failed: a sheet with none is no table of figures. */
size_t detect_known(const struct detect *detect);
/** That was all. Returns as feed. */
int detect_end(struct detect *detect, struct dialect *ret_dialect, struct err *err);
void detect_close(struct detect *detect); /* NULL is fine */
