#include "common/base/histogram.h"

const uint64_t histogram_bounds_us[HISTOGRAM_BOUNDS] = { 1000,    2500,    5000,    10000,  25000,
							 50000,   100000,  250000,  500000, 1000000,
							 2500000, 5000000, 10000000 };

void histogram_add(struct histogram *histogram, uint64_t us)
{
	unsigned i = 0;
	while (i < HISTOGRAM_BOUNDS && us > histogram_bounds_us[i])
		i++;
	histogram->counts[i]++;
	histogram->n++;
	histogram->sum_us += us;
}

uint64_t histogram_upto(const struct histogram *histogram, unsigned i)
{
	uint64_t n = 0;
	for (unsigned k = 0; k <= i; k++)
		n += histogram->counts[k];
	return n;
}
