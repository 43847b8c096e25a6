#include "common/model/metric.h"

#include "common/base/i18n.h"

#include <string.h>

const char *metric_called(const struct metric *metric)
{
	const char *label = strcmp(language_tag(), "vi") == 0 ? metric->label_vi : metric->label_en;
	return *label ? label : metric->name;
}

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
