/* How a spreadsheet parted the fields of a CSV text, and the same text parted by commas.
 *
 * Where ',' stands before decimals, as in Viet Nam, spreadsheets part fields by ';'; what they call
 * Unicode text is UTF-16 parted by tabs. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"

#include <stddef.h>

#define SEPARATORS ";,\t"

/** What a first line "sep=;" says, as Excel heeds it; '\0' when there is none. */
char separator_told(const char *text, size_t len);

/**
 * Append @text[@len], which begins with its header, to @out in UTF-8 and parted by commas, line for
 * line: a diagnostic about line 7 is one about line 7 of @text. What is so already comes out byte
 * for byte.
 *
 * -EINVAL, with what to do instead, for what is no text or a web page; text in other encodings
 * passes, for csv_read() to refuse it by its line. -ENOMEM.
 */
int csv_commas(const char *text, size_t len, struct blob *out, struct err *err);
