#include "query/aggregate.h"

void aggregate_add(struct aggregate *aggregate, const mpq_t value, enum agg agg)
{
	int order = aggregate->n ? mpq_cmp(value, aggregate->value) : 0;
	if (aggregate->n == 0)
		mpq_set(aggregate->value, value);
	else if (agg == AGG_SUM || agg == AGG_MEAN)
		mpq_add(aggregate->value, aggregate->value, value);
	else if ((agg == AGG_MIN && order < 0) || (agg == AGG_MAX && order > 0))
		mpq_set(aggregate->value, value);
	aggregate->n++;
}

void aggregate_divide(mpq_t value, int64_t n)
{
	mpq_t divisor;
	mpq_init(divisor);
	mpq_set_si(divisor, (long)n, 1);
	mpq_div(value, value, divisor);
	mpq_clear(divisor);
}

void aggregate_finish(struct aggregate *aggregate, enum agg agg)
{
	if (agg == AGG_MEAN && aggregate->n > 1)
		aggregate_divide(aggregate->value, aggregate->n);
}
