/* Exact decimals: an integer mantissa and, beside it, how many of its digits follow the point.
 * 12.50 with 2 decimals is 1250. Nothing here rounds. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define DECIMALS_MAX     6u
#define DECIMAL_TEXT_MAX 56u /* an int128 with sign, point, leading zeros and NUL */

__extension__ typedef __int128 int128; /* sums of int64 mantissas: 2^63 of them fit */
__extension__ typedef unsigned __int128 uint128;

/**
 * Read @text[@len], e.g. "-12.5", as a mantissa with @decimals digits after the point.
 *
 * Digits with one optional sign and one optional '.' between digits, nothing else: no exponent, no
 * blanks, no thousands marks. More than @decimals digits after the point are refused, but for zeros
 * at the end: 8.00 is 8. "1.000" with fewer than 3 @decimals is refused as well: it is how a
 * Vietnamese spreadsheet writes a thousand, so it could be either.
 *
 * Returns 0; -EINVAL when it is not a number or has more than @decimals digits after the point;
 * -ERANGE when the mantissa does not fit into 64 bits.
 */
int decimal_parse(const char *text, size_t len, unsigned decimals, int64_t *ret_mantissa,
		  struct err *err);

/** Write @mantissa with exactly @decimals (0 to 18) digits after the point. Returns the length. */
size_t decimal_format(int128 mantissa, unsigned decimals, char text[DECIMAL_TEXT_MAX]);

/** The same value with @to decimals. -ERANGE when it does not fit; -EINVAL when digits would be
 * lost. */
int decimal_rescale(int64_t mantissa, unsigned from, unsigned to, int64_t *ret_mantissa);

/** Is @text a number as answers write it: digits with one optional '-' and one optional '.' between
 * digits, of any length? */
bool decimal_is_text(const char *text);
/** Which of two such numbers is greater, exactly: -1 where @a is less, 0 (1.50 is 1.5, and -0 is
 * 0), or 1. */
int decimal_compare_texts(const char *a, const char *b);
