/* Rows as the aggregator's CSV has them (table_csv()), told one by one while the text comes in
 * pieces: unlike common/text/csv_reader.h, which reads what people wrote, it takes every cell as it
 * is, and knows null (nothing) from an empty text (""). Memory stays within a row. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define ROWS_COLUMNS_MAX 256u
#define ROWS_ROW_MAX     (1u << 20) /* bytes of one row */

/** @cells [@n]: NUL-terminated, NULL: null; valid during the call. 0, or what ends the reading. */
typedef int rows_on_row(void *context, const char *const cells[], size_t n, struct err *err);

struct rows_reader;

/** Each row goes to @on_row, the header first. NULL: out of memory. */
struct rows_reader *rows_reader_open(rows_on_row *on_row, void *context);
/** More of the text, cut anywhere. 0; -EBADMSG: it is no such CSV (a NUL, a quote that stands
 * wrong, a row that is longer than the limits); -ENOMEM; or what @on_row said. After an error only
 * close is left. */
int rows_reader_feed(struct rows_reader *reader, const char *text, size_t len, struct err *err);
/** There is no more. -EBADMSG: it ends in a row that has no end, so some of it is lost. */
int rows_reader_end(struct rows_reader *reader, struct err *err);
void rows_reader_close(struct rows_reader *reader); /* NULL is fine */
