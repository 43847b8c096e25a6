/* Values being combined as a metric's area_agg says, in rationals. */
#pragma once

#include "common/model/catalogue.h"

#include <gmp.h>
#include <stdint.h>

struct mix {
	mpq_t value; /* initialised and cleared by the owner */
	int64_t n;   /* values so far; 0: none, and value means nothing */
};

void mix_add(struct mix *mix, const mpq_t value, enum agg agg);
/** The last step: a mean is a sum until here. */
void mix_finish(struct mix *mix, enum agg agg);
/** @value divided by @n >= 1. */
void mix_divide(mpq_t value, int64_t n);
