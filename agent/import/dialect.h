/* How a table of figures is written: what a spreadsheet chose when it saved it as CSV. Found by
 * agent/import/detect.h; here it is read by. */
#pragma once

#include "common/base/err.h"
#include "common/text/charset.h"
#include "common/text/csv_reader.h"
#include "common/text/numeral.h"
#include "import/title.h"

#include <stdbool.h>
#include <stddef.h>

#define DIALECT_UNITS_MAX 512u

struct dialect {
	enum charset charset;
	char separator;       /* , ; | or a tab; '\0': rows of a workbook */
	unsigned header_line; /* lines before it are a title, or "sep=;" */
	enum numeral mark;    /* COMMA or POINT before decimals; EITHER: the file does not tell */
	bool by_separator;    /* no number tells the mark, only ';' between columns */
	struct title title;   /* what stands above the header */
	char units[DIALECT_UNITS_MAX]; /* what its lines say that figures are counted in, each
					  behind a line break; "" for nothing */
	bool month_first; /* it has dates like 6/30/2025: see common/model/period_words.h */
};

struct dialect_reader;

/** @on_row gets the rows as in common/text/csv_reader.h, from @dialect's header_line on. -ENOMEM.
 */
int dialect_reader_open(const struct dialect *dialect, csv_on_row *on_row, void *context,
			struct dialect_reader **ret_reader, struct err *err);
/** More of the file's bytes, cut anywhere. Returns as csv_reader_feed() and decoder_feed(). */
int dialect_reader_feed(struct dialect_reader *reader, const void *bytes, size_t len,
			struct err *err);
int dialect_reader_end(struct dialect_reader *reader, struct err *err);
void dialect_reader_close(struct dialect_reader *reader); /* NULL is fine */
