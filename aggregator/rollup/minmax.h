/* Minima and maxima of units that became stale: a correction, a withdrawal or a move took away the
 * least or greatest figure, so what is now the least or greatest must be looked for among the
 * offices and units right below. */
#pragma once

#include "registry/reference.h"
#include "rollup/page.h"
#include "rollup/page_cache.h"

struct minmax_stale {
	struct page_key key; /* of the unit's page */
	uint32_t series;
	const struct metric *metric; /* lent until minmax_recompute() */
	int32_t day;                 /* whose borders hold */
	unsigned depth;              /* units above it */
};

struct minmax {
	struct minmax_stale *list; /* owned [n] */
	size_t n, room;
};

void minmax_deinit(struct minmax *minmax);
void minmax_forget(struct minmax *minmax);
/** -ENOMEM. */
int minmax_invalidate(struct minmax *minmax, const struct minmax_stale *stale, struct err *err);
/** Compute all stale ones anew, the lowest unit first, and forget them. */
int minmax_recompute(struct minmax *minmax, struct pages *pages, const struct reference *reference,
		     struct err *err);
