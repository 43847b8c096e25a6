/* Which keys the pages of a local day can have, but for their nodes: those of its hours, of itself,
 * and of the weeks, months, ... that begin on it. */
#pragma once

#include "rollup/page.h"

struct day_buckets {
	int32_t grain, first, last; /* page_grain(), and its buckets */
};

#define DAY_BUCKETS_MAX (2u * GRAIN_COUNT)

/** Into @ret, in key order; how many. */
unsigned day_buckets(int32_t day, struct day_buckets ret[DAY_BUCKETS_MAX]);
