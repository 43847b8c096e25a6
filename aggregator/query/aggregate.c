#include "query/aggregate.h"

void mix_add(struct mix *mix, const mpq_t value, enum agg agg)
{
	int order = mix->n ? mpq_cmp(value, mix->value) : 0;
	if (mix->n == 0)
		mpq_set(mix->value, value);
	else if (agg == AGG_SUM || agg == AGG_MEAN)
		mpq_add(mix->value, mix->value, value);
	else if ((agg == AGG_MIN && order < 0) || (agg == AGG_MAX && order > 0))
		mpq_set(mix->value, value);
	mix->n++;
}

void mix_divide(mpq_t value, int64_t n)
{
	mpq_t divisor;
	mpq_init(divisor);
	mpq_set_si(divisor, (long)n, 1);
	mpq_div(value, value, divisor);
	mpq_clear(divisor);
}

void mix_finish(struct mix *mix, enum agg agg)
{
	if (agg == AGG_MEAN && mix->n > 1)
		mix_divide(mix->value, mix->n);
}
