/* CSV with a header line, row by row, over libcsv. UTF-8, comma, quotes as in RFC 4180; a byte
 * order mark and Windows line ends are taken, blanks around a field without quotes are not part of
 * it. Line numbers are those of the file, quoted line breaks counted. */
#pragma once

#include "err.h"

#include <stddef.h>

#define CSV_COLUMNS_MAX 256u
#define CSV_FIELD_MAX   65536u

struct csv_row {
	unsigned line;             /* of the row's first character, from 1 */
	size_t n;                  /* fields; may differ from the header's */
	const char *const *fields; /* NUL-terminated, never NULL, valid during the callback */
};

/** A callback returns 0 to go on, or a negative errno, which csv_read then returns at once. */
typedef int csv_on_row(void *context, const struct csv_row *row, struct err *err);

/**
 * Read @text[@len]: @on_header gets the first line that is not blank, @on_row every other one.
 *
 * Returns 0; -EINVAL for broken quoting, a NUL byte, text that is not UTF-8, a field or row over
 * the limits, or no header (err says "line N: ..."); or what a callback returned.
 */
int csv_read(const char *text, size_t len, csv_on_row *on_header, csv_on_row *on_row, void *context,
	     struct err *err);
