#include "query/target.h"
#include "common/base/decimal.h"
#include "registry/rational.h"

#include <stdlib.h>
#include <string.h>

struct start { /* a row's first value */
	bool there;
	int32_t number; /* of its bucket */
	mpq_t value;
};

struct targets {
	const struct plan *plan;
	const struct reference *reference;
	size_t n;
	struct start starts[]; /* [n]: units, offices, the rest */
};

struct targets *targets_open(const struct plan *plan, const struct reference *reference)
{
	size_t n = reference->units->n + reference->offices->n + 1;
	struct targets *targets = calloc(1, sizeof(*targets) + n * sizeof(targets->starts[0]));
	if (!targets)
		return NULL;
	targets->plan = plan;
	targets->reference = reference;
	targets->n = n;
	for (size_t i = 0; i < n; i++)
		mpq_init(targets->starts[i].value);
	return targets;
}

void targets_close(struct targets *targets)
{
	for (size_t i = 0; targets && i < targets->n; i++)
		mpq_clear(targets->starts[i].value);
	free(targets);
}

static struct start *start_of(struct targets *targets, const struct row *row)
{
	const struct reference *reference = targets->reference;
	if (row->unit)
		return &targets->starts[row->unit - reference->units->list];
	if (row->office)
		return &targets->starts[reference->units->n +
					(size_t)(row->office - reference->offices->list)];
	return &targets->starts[targets->n - 1];
}

/* start + (target - start) * (bucket - first) / (end - first) */
static void expect(const struct start *start, struct period bucket, struct target_point *ret)
{
	/* The bucket, of the grain asked for, in which the target's year ends. */
	struct period year = { bucket.calendar, GRAIN_YEAR, ret->target->year - 1970 };
	int32_t last_day = period_end_day(year) - 1;
	int32_t end = bucket.grain == GRAIN_HOUR
			      ? last_day * 24 + 23
			      : period_of_day(bucket.calendar, bucket.grain, last_day).number;
	ret->has_expected = start->there;
	if (!start->there)
		return;
	mpq_set(ret->expected, ret->value);
	if (end <= start->number)
		return; /* it begins where it should end */
	mpq_t way;
	mpq_init(way);
	mpq_set_si(way, bucket.number - start->number, (unsigned long)(end - start->number));
	mpq_canonicalize(way);
	mpq_sub(ret->expected, ret->expected, start->value);
	mpq_mul(ret->expected, ret->expected, way);
	mpq_add(ret->expected, ret->expected, start->value);
	mpq_clear(way);
}

void targets_next(struct targets *targets, const struct row *row, struct period bucket,
		  mpq_srcptr value, struct target_point *ret)
{
	const struct indicator *indicator = targets->plan->indicator;
	struct start *start = start_of(targets, row);
	if (value && !start->there) {
		start->there = true;
		start->number = bucket.number;
		mpq_set(start->value, value);
	}
	int year = 1970 +
		   period_of_day(bucket.calendar, GRAIN_YEAR, period_end_day(bucket) - 1).number;
	ret->target = NULL;
	for (size_t i = 0; i < indicator->n_targets && !ret->target; i++)
		if (indicator->targets[i].year >= year)
			ret->target = &indicator->targets[i];
	if (!ret->target)
		return;
	struct err none; /* it was read before, when the indicators were */
	int64_t value_e = 0;
	(void)decimal_parse(ret->target->value, strlen(ret->target->value), DECIMALS_MAX, &value_e,
			    &none);
	rational_set(ret->value, value_e, DECIMALS_MAX);
	expect(start, bucket, ret);
}
