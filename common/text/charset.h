/* Text in the encodings that spreadsheets save in, to UTF-8, piece by piece: UTF-8 and UTF-16, with
 * and without a byte order mark, and Windows-1258, which is what Excel's plain "CSV" is on a
 * Vietnamese Windows. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum charset {
	CHARSET_UTF_8,
	CHARSET_UTF_16LE,
	CHARSET_UTF_16BE,
	CHARSET_WINDOWS_1258, /* a guess: any bytes could be that, so something must confirm it */
};

const char *charset_name(enum charset charset); /* "UTF-8" ... */

/**
 * What are the first bytes @head[@len] of a file encoded in? By its byte order mark; or UTF-16 when
 * every other byte is mostly zero; or UTF-8 when they are that (a character may be cut at the end);
 * or else Windows-1258.
 *
 * -EINVAL with what to do instead, when it is no text: a spreadsheet's own format, or other bytes.
 */
int charset_guess(const void *head, size_t len, enum charset *ret_charset, struct err *err);

/** Is the text, in UTF-8, a web page or a workbook in XML? Many programs save that as .xls or .csv.
 * -EINVAL, with what to do instead. */
int charset_refuse_markup(const char *text, size_t len, struct err *err);

struct decoder;

/** -ENOMEM; -ENOSYS when this system's C library lacks the encoding. */
int decoder_open(enum charset charset, struct decoder **ret_decoder, struct err *err);
/**
 * Append what @bytes[@len] means to @out; a character that is cut waits for its rest. A byte order
 * mark is passed over. UTF-8 passes as it is, unchecked: its reader knows lines.
 * -EINVAL when the bytes are not of the encoding; -ENOMEM.
 */
int decoder_feed(struct decoder *decoder, const void *bytes, size_t len, struct blob *out,
		 struct err *err);
/** There is no more. -EINVAL when a character lacks its rest. */
int decoder_end(struct decoder *decoder, struct blob *out, struct err *err);
void decoder_close(struct decoder *decoder); /* NULL is fine */
