/* CSV row by row, over libcsv. UTF-8, quotes as in RFC 4180; a byte order mark and any line ends
 * are taken, blanks around a field without quotes are not part of it, ="8" (text, for a
 * spreadsheet) is 8, and a 0x1A at the end of the file is none of it. Line numbers are those of the
 * file, quoted line breaks counted. csv_read() reads a whole text with a comma and a header line;
 * a csv_reader is fed piece by piece. */
#pragma once

#include "common/base/err.h"

#include <stddef.h>

#define CSV_COLUMNS_MAX 256u
#define CSV_FIELD_MAX   65536u
#define CSV_LINE_MAX    (1u << 20) /* bytes */

struct csv_row {
	unsigned line;             /* of the row's first character, from 1 */
	size_t n;                  /* fields; may differ from the header's */
	const char *const *fields; /* NUL-terminated, never NULL, valid during the callback */
	/* What a workbook knows of its cells beside their text; NULL for CSV: */
	const char *kinds;         /* [n] as agent/workbook/cells.h has them; 't' is text */
	const char *const *merged; /* [n] the text of the merged cell that reaches down here, of
				      which the field has nothing; NULL: none does */
};

/** A callback returns 0 to go on, or a negative errno, which ends the reading at once. */
typedef int csv_on_row(void *context, const struct csv_row *row, struct err *err);

/** Fields without the empty ones at the end: spreadsheets write these, and leave them out. */
size_t csv_row_filled(const struct csv_row *row);

struct csv_reader;

/** Fields are parted by @separator; @on_row gets every line that is not blank. -ENOMEM. */
int csv_reader_open(char separator, csv_on_row *on_row, void *context,
		    struct csv_reader **ret_reader, struct err *err);
/**
 * More of the text, cut anywhere. Memory stays within a line and a field, whatever the text.
 *
 * Returns 0; -EINVAL for broken quoting, a NUL byte, text that is not UTF-8, or a field, row or
 * line over the limits (err says "line N: ..."); -ENOMEM; or what the callback returned. After an
 * error only close is left.
 */
int csv_reader_feed(struct csv_reader *reader, const char *text, size_t len, struct err *err);
/** There is no more. -EINVAL when a quote was never closed; or as feed. */
int csv_reader_end(struct csv_reader *reader, struct err *err);
void csv_reader_close(struct csv_reader *reader); /* NULL is fine */

/**
 * Read @text[@len]: @on_header gets the first line that is not blank, @on_row every other one.
 *
 * Returns 0; -EINVAL as csv_reader_feed(), or when there is no header; or what a callback returned.
 */
int csv_read(const char *text, size_t len, csv_on_row *on_header, csv_on_row *on_row, void *context,
	     struct err *err);

/** Can people see every character of @text[@len] (utf8_plain(); tabs and line ends aside)? What is
 * imported is read by many, and compared by its bytes. -EINVAL, with a diagnostic for each line;
 * what is no UTF-8 is left to csv_read(). */
int csv_plain(const char *text, size_t len, struct err *err);
