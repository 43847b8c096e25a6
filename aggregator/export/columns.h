/* The columns of an answer, and what their cells are: known by name, from one table, since CSV says
 * nothing of it. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum column_kind {
	COLUMN_TEXT,   /* names, sentences */
	COLUMN_WORD,   /* one of a few words of the protocol, which people read translated */
	COLUMN_CODE,   /* of units, offices: digits, but no number */
	COLUMN_PERIOD, /* 2025-06, 2025-06-30 */
	COLUMN_NUMBER, /* decimals, exact */
	COLUMN_TIME,   /* an instant */
};

struct columns {
	char **names; /* owned [n] */
	enum column_kind *kinds;
	size_t n;
};

#define COLUMN_NONE ((size_t)-1)

int columns_make(const char *const names[], size_t n, struct columns *ret_columns, struct err *err);
void columns_free(struct columns *columns);
/** Which one is called @name; COLUMN_NONE: none. */
size_t columns_find(const struct columns *columns, const char *name);
/** What column @i is called for people, in the reader's language; its name where nothing is known
 * of it. */
const char *columns_called(const struct columns *columns, size_t i);

/** Is it a decimal: digits, one sign before them and one point among them at most? */
bool number_is(const char *text);

#define NUMBER_MAX 256u /* bytes of a decimal, and a NUL; a longer one is text */
/** Has this decimal at most 15 digits that matter? So many a double, and so a spreadsheet, has
 * exactly. */
bool number_is_exact(const char *text);
/** How many digits it has after its point. */
unsigned number_decimals(const char *text);
