/* In which order the runs of a batch are posted: that of the province's series, in which a page's
 * entries stand. An office may number its series the other way round, and each new entry would move
 * all others then (65,536 of them took 12 s).
 *
 * In that order it shows, too, whether two numbers stand for one series: same metric and
 * shape, without labels. Then nobody could say which of two values counts, or which number a
 * refusal was about, and the batch is refused. One series in several shapes is none of that: an
 * agent numbers it anew when the catalogue gives it other decimals, and may seal both together. Nor
 * are labels, which may be one in two spellings: of those the later run counts. */
#pragma once

#include "common/base/err.h"
#include "common/net/wire.h"
#include "journal/declarations.h"

#include <stddef.h>
#include <stdint.h>

struct run_order {
	struct series_turn {
		uint32_t series, index;
		uint32_t n; /* for who orders them: of its points (ledger.c: that count) */
	} * turns;          /* owned [n]: batch->runs[turns[i].index] is the i-th; NULL: none yet */
	size_t n, room;
};

/**
 * Order the runs of @batch, those of one series as they came. @declared is what its spool has
 * declared, the batch included: every number in it is known. -EBADMSG: two numbers stand for one
 * series, among its runs or among what it declares. -ENOMEM.
 */
int run_order_find(struct run_order *order, const struct batch *batch,
		   const struct declared declared[], struct err *err);
void run_order_free(struct run_order *order);
