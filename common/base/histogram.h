/* How long things took, counted by how long: for whoever adds such counts up over time and asks for
 * quantiles. Pure, and a copy of it is one as of then. */
#pragma once

#include <stdint.h>

#define HISTOGRAM_BOUNDS 13u

struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* of each bound those above the one before and up to
						  it; the last: above all */
	uint64_t n, sum_us;
};

/** The bounds, ascending, in microseconds: 1 ms to 10 s. */
extern const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS];
/** One thing took @us. */
void histogram_add(struct histogram *histogram, uint64_t us);
/** How many took as long as bound @i, or less; of HISTOGRAM_BOUNDS: all. */
uint64_t histogram_upto(const struct histogram *histogram, unsigned i);
