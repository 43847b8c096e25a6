#include "common/model/outlier.h"

#include "common/base/decimal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ENOUGH    4u /* values to tell how far they are from each other */
#define MADS      5
#define FLOOR     5 /* in the last digit */
#define FEW_TIMES 10
#define FEW_FLOOR 20 /* in the last digit */

static int ascending(const void *a, const void *b)
{
	int128 x = *(const int128 *)a, y = *(const int128 *)b;
	return (x > y) - (x < y);
}

/* The lower one of two. Sorts @values. */
static int128 median(int128 values[], size_t n)
{
	qsort(values, n, sizeof(values[0]), ascending);
	return values[(n - 1) / 2];
}

static int128 size_of(int128 value)
{
	return value < 0 ? -value : value;
}

static int128 larger(int128 a, int128 b)
{
	return a > b ? a : b;
}

static int64_t fitted(int128 value)
{
	return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

/* How far from @middle is usual, when there are enough values. */
static int128 spread(const int64_t past[], size_t n, int128 middle)
{
	int128 distances[HISTORY_MAX];
	for (size_t i = 0; i < n; i++)
		distances[i] = size_of((int128)past[i] - middle);
	return larger(larger(MADS * median(distances, n), size_of(middle) / 2), FLOOR);
}

bool history_far(const int64_t past[], size_t n, int64_t value_e, struct history_range *ret_usual)
{
	int128 values[HISTORY_MAX], low, high;
	assert(n <= HISTORY_MAX);
	if (n == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		values[i] = past[i];
	int128 middle = median(values, n);
	if (n < ENOUGH && middle == 0)
		return false;
	if (n >= ENOUGH) {
		int128 far = spread(past, n, middle);
		low = middle - far;
		high = middle + far;
	} else {
		int128 tenth = middle / FEW_TIMES, tenfold = middle * FEW_TIMES;
		low = middle - larger(middle - (middle < 0 ? tenfold : tenth), FEW_FLOOR);
		high = middle + larger((middle < 0 ? tenth : tenfold) - middle, FEW_FLOOR);
	}
	*ret_usual = (struct history_range){ fitted(low), fitted(high) };
	return value_e < low || value_e > high;
}

void history_add(struct history *history, int64_t value_e)
{
	if (history->n < HISTORY_MAX)
		history->past[history->n++] = value_e;
}

bool history_judge(const struct history *history, const struct metric *metric, int64_t value_e,
		   struct history_range *ret_usual)
{
	if (!history_far(history->past, history->n, value_e, ret_usual))
		return false;
	if (metric->has_min && ret_usual->low_e < metric->min_e)
		ret_usual->low_e = metric->min_e;
	if (metric->has_max && ret_usual->high_e > metric->max_e)
		ret_usual->high_e = metric->max_e;
	return true;
}
