/* Figures as an answer writes them, compared and placed without a float. Where a text has more
 * digits than fit, the last ones are left out: this is for where a point stands and which shade a
 * square has; what is shown is the text itself. */
#pragma once

#include "common/base/decimal.h"

#include <stdbool.h>
#include <stddef.h>

#define SCALE_DIGITS_MAX 30u /* of which a mantissa is made; times 10^7 it still fits */

/* What several texts have in common, so that their mantissas can be compared. */
struct scale {
	unsigned whole, decimals; /* digits before the point, and behind it, of the longest */
};

/** Let @scale, {0} to begin with, also hold @text. False: it is no number ("-12.50"), or has over
 * SCALE_DIGITS_MAX digits before the point. */
bool scale_widen(struct scale *scale, const char *text);
/** How many digits behind the point mantissas of that scale have. */
unsigned scale_decimals(const struct scale *scale);
/** The mantissa of @text, which @scale holds. */
int128 scale_mantissa(const struct scale *scale, const char *text);

/* Marks of an axis from low to high, both of which are marks: nice numbers, 4 to 8 of them where
 * the digits allow it. */
struct ticks {
	int128 low, step;
	unsigned n;        /* low, low + step, ... n of them; n >= 2 */
	unsigned decimals; /* to be shown; mantissas have those of the scale */
};
/** @low <= @high, with @decimals digits behind the point. Zero is a mark where the axis would
 * otherwise begin above zero, unless the values differ too little to be told apart then. */
struct ticks ticks_of(int128 low, int128 high, unsigned decimals);
/** Mark @i as text: "-12.5". Returns @text. */
const char *tick_text(const struct ticks *ticks, unsigned decimals, unsigned i,
		      char text[DECIMAL_TEXT_MAX]);
