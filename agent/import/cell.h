/* What stands in the cell of a figure, as people write it in a table: a number, or the word that
 * takes one back. A dash or "không có" is neither: to some it says none, to some not reported, so
 * it is asked about. Pure. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/text/numeral.h"

#include <stdbool.h>

/* Takes back what was reported; also in Vietnamese: "rút lại". What a program writes. */
#define CELL_WITHDRAW "withdraw"

/** What @text's table puts before decimals, or, where the table does not tell, the reader's
 * language: ',' or '.'. For sentences. */
char cell_point(enum numeral mark);

/** Hyphens, dashes of any length and the minus, between blanks of any kind: "-", " -   ", "–". */
bool cell_is_dash(const char *text);

/**
 * Read @text, which is not empty.
 *
 * @mark       of the table (agent/import/dialect.h)
 * @metric     whose figure it is: for the sentence
 * @ret_value  written to @plain as common/base/decimal.h reads it; NULL: it takes back
 *
 * -EINVAL, and what to do, in the table's own notation.
 */
int cell_read(const char *text, enum numeral mark, const struct metric *metric,
	      char plain[NUMERAL_MAX], const char **ret_value, struct err *err);

/** The sentence about @text, which is no number: -EINVAL. The arguments are those of cell_read().
 */
int cell_refuse(const char *text, enum numeral mark, const struct metric *metric, struct err *err);
