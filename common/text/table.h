/* Rows on their way to a person or a program: named columns, cells as exact text. Whoever computes
 * fills a table; the writers below turn it into JSON or CSV (and, at the operator's end, csv
 * becomes a drawn table). Numbers keep every digit, because they stay text. */
#pragma once

#include "common/base/blob.h"
#include "common/base/decimal.h"
#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;

/** @columns[@n]: names, copied. NULL: out of memory. */
struct table *table_open(const char *const columns[], size_t n);
void table_close(struct table *table); /* NULL is fine */

/* Words before the rows, e.g. the query as understood: in JSON an object of that name, in CSV left
 * out. */
void table_head(struct table *table, const char *object, const char *key, const char *value);

/** The same of a whole number, which is one in JSON. */
void table_head_int(struct table *table, const char *object, const char *key, int64_t value);

/** What stands there; NULL: nothing does. */
const char *table_head_value(const struct table *table, const char *object, const char *key);

/* Fill row by row, cell by cell, in the order of columns; table_row() begins the next one, and
 * cells not given are null. Failures (out of memory) are remembered; table_failed() tells at the
 * end. */
void table_row(struct table *table);
void table_text(struct table *table, const char *text); /* NULL: null */
void table_int(struct table *table, int64_t value);
void table_decimal(struct table *table, int128 mantissa, unsigned decimals);
void table_number(struct table *table, const char *digits); /* as written, e.g. "8.592" */
void table_bool(struct table *table, bool value);
void table_null(struct table *table);
/* An object of numbers, "name=digits;name=digits" (digits may be empty: null). In CSV just that
 * text. */
void table_object(struct table *table, const char *pairs);
/* A cell of another table, as it is there. */
void table_copy(struct table *table, const struct table *from, size_t row, size_t column);
/** Its rows from now on are @rows[@n] of those that it has, in that order; none is kept twice, and
 * it is not streamed. -ENOMEM: it is as it was. */
int table_arrange(struct table *table, const size_t rows[], size_t n);
/* Without its rows, to be filled anew. */
void table_clear(struct table *table);
bool table_failed(const struct table *table);

size_t table_columns(const struct table *table);
size_t table_rows(const struct table *table);
const char *table_column(const struct table *table, size_t column);
#define TABLE_NO_COLUMN SIZE_MAX
/** Which column is called @name. */
size_t table_find(const struct table *table, const char *name);
/** The cell's text; NULL: null. */
const char *table_cell(const struct table *table, size_t row, size_t column);
/** The same in the column of that name; NULL also when there is none. */
const char *table_cell_of(const struct table *table, size_t row, const char *column);

/* Where rows go that are complete, instead of being kept: a long answer takes no more memory than a
 * short one. */
struct table_stream {
	bool csv; /* written as table_csv() writes them; else as table_json() */
	/** 0, or an error: the table has failed then, and no more is given. */
	int (*take)(void *context, const uint8_t *data, size_t len);
	void *context;
};
/** Before the first row. From then on the cells of the last row alone can be looked at. @stream
 * outlives the table. */
void table_stream(struct table *table, const struct table_stream *stream);
bool table_is_streamed(const struct table *table);
/** No more rows: what is not with @stream yet goes there, and what belongs before the rows and
 * behind them is appended to @before and @behind. -ENOMEM, or what take() said. */
int table_stream_end(struct table *table, struct blob *before, struct blob *behind);

/** Append {"<object>": {...}, "rows": [{...}, ...]} to @out. -ENOMEM. */
int table_json(const struct table *table, struct blob *out);
/** Append what table_json() has before its rows, {"<object>": {...}, ...}, on one line and in ASCII
 * alone, for a field of HTTP's head; nothing where there are none: where that is longer than @max
 * bytes, of the long values the beginning, with "..." behind it; nothing, where even so it is
 * longer. -ENOMEM. */
int table_heads_ascii(const struct table *table, size_t max, struct blob *out);
/** Append CSV with a header line, quoted as in RFC 4180, lines ended by "\n" alone for the sake of
 * cut and awk; null is an empty field, an empty text is "". -ENOMEM. */
int table_csv(const struct table *table, struct blob *out);
