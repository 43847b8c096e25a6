/* Is a value far from what was reported before? The rule goes by the median of past values and by
 * how far they mostly are from it, so that one odd value of the past does not spoil it. What is far
 * is warned of, never refused. */
#pragma once

#include "common/model/catalogue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_MAX     12u                /* past values that are looked at */
#define HISTORY_PERIODS (HISTORY_MAX + 4u) /* to look for them in; some are withdrawn */

struct history {                   /* of one series before one period */
	int64_t past[HISTORY_MAX]; /* [n] */
	size_t n;
};

struct history_range {
	int64_t low_e, high_e; /* both usual */
};

/**
 * @past    [n] mantissas of one series, n <= HISTORY_MAX, in any order
 *
 * With four values or more, usual is the median give or take the largest of: five times the median
 * distance from it (MAD), half the median, 5 in the last digit. With one to three, a tenth to ten
 * times their median, and 20 in the last digit around it; a median of 0 then tells nothing. Without
 * any, nothing is far.
 *
 * Returns true when @value_e is not usual; then @ret_usual says what is.
 */
bool history_far(const int64_t past[], size_t n, int64_t value_e, struct history_range *ret_usual);

/** One more value of the past, the newest first; what is over HISTORY_MAX is passed over. */
void history_add(struct history *history, int64_t value_e);
/** The same as history_far(), and what is usual lies within what @metric allows. */
bool history_judge(const struct history *history, const struct metric *metric, int64_t value_e,
		   struct history_range *ret_usual);
