#include "common/model/metric.h"

const char *kind_name(enum metric_kind kind)
{
	static const char *const names[] = { "flow", "stock", "ratio" };
	return names[kind];
}

const char *agg_name(enum agg agg)
{
	static const char *const names[] = { "sum", "last", "mean", "min", "max" };
	return names[agg];
}
