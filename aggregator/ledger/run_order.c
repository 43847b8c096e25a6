#include "ledger/run_order.h"

#include "common/base/array.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

void run_order_free(struct run_order *order)
{
	free(order->turns);
	*order = (struct run_order){ 0 };
}

static int room_make(struct run_order *order, size_t n, struct err *err)
{
	if (ARRAY_RESERVE(order->turns, order->room, n) < 0)
		return err_memory(err);
	order->n = n;
	return 0;
}

static int by_series(const void *a, const void *b)
{
	const struct series_turn *x = a, *y = b;
	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* As a rule they come in it. */
static void sort(struct run_order *order)
{
	bool ascending = true;
	for (size_t i = 1; i < order->n && ascending; i++)
		ascending = by_series(&order->turns[i - 1], &order->turns[i]) < 0;
	if (!ascending)
		qsort(order->turns, order->n, sizeof(order->turns[0]), by_series);
}

static bool same_shape(const struct declared *a, const struct declared *b)
{
	return a->grain == b->grain && a->decimals == b->decimals && a->calendar == b->calendar;
}

/* Two numbers with labels may be two spellings, which are one series. Those of one series are
 * compared each with each: there are 126 shapes, so the first two that are the same are met soon.
 */
static int twice_refuse(const struct run_order *order, const struct run runs[],
			const struct declared declared[], struct err *err)
{
	for (size_t i = 1; i < order->n; i++) {
		uint32_t number = runs ? runs[order->turns[i].index].series : order->turns[i].index;
		if (declared[number].labelled)
			continue;
		for (size_t k = i; k-- > 0 && order->turns[k].series == order->turns[i].series;) {
			uint32_t other =
				runs ? runs[order->turns[k].index].series : order->turns[k].index;
			if (same_shape(&declared[number], &declared[other]))
				return err_set(err, -EBADMSG,
					       "the numbers %u and %u stand for one series", other,
					       number);
		}
	}
	return 0;
}

static int declared_check(struct run_order *order, const struct batch *batch,
			  const struct declared declared[], struct err *err)
{
	int rc = room_make(order, batch->n_declared, err);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < batch->n_declared; i++) {
		uint32_t number = batch->first_declared + i;
		order->turns[i] = (struct series_turn){ declared[number].series, number, 0 };
	}
	sort(order);
	return twice_refuse(order, NULL, declared, err);
}

int run_order_find(struct run_order *order, const struct batch *batch,
		   const struct declared declared[], struct err *err)
{
	int rc = declared_check(order, batch, declared, err);
	if (rc == 0)
		rc = room_make(order, batch->n_runs, err);
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < batch->n_runs; i++)
		order->turns[i] =
			(struct series_turn){ declared[batch->runs[i].series].series, i, 0 };
	sort(order);
	return twice_refuse(order, batch->runs, declared, err);
}
