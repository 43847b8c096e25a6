/* Rules 5.3 and 5.8: values being combined as a metric's area_agg says, in rationals, so exactly.
 */
#pragma once

#include "common/model/catalogue.h"

#include <gmp.h>
#include <stdint.h>

struct aggregate {
	mpq_t value; /* initialised and cleared by the owner */
	int64_t n;   /* values so far; 0: none, and value means nothing */
};

void aggregate_add(struct aggregate *aggregate, const mpq_t value, enum agg agg);
/** The last slice: a mean is a sum until here. */
void aggregate_finish(struct aggregate *aggregate, enum agg agg);
/** @value divided by @n >= 1. */
void aggregate_divide(mpq_t value, int64_t n);
