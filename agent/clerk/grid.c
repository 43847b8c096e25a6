#include "clerk/grid.h"

#include <string.h>

bool grid_in_force(const struct code *code, int32_t day)
{
	return code->from <= day && day < code->to;
}

static const struct code_list *list_of(const struct dimensions *dimensions, const char *dimension)
{
	return dimensions_list(dimensions, dimension, strlen(dimension));
}

static size_t count(const struct code_list *list, int32_t day)
{
	size_t n = 0;
	for (size_t i = 0; list && i < list->n; i++)
		n += grid_in_force(&list->codes[i], day);
	return n;
}

static const struct code *nth_code(const struct code_list *list, int32_t day, size_t nth)
{
	size_t i = 0;
	while (!grid_in_force(&list->codes[i], day) || nth-- > 0)
		i++;
	return &list->codes[i];
}

size_t grid_parts(const struct dimensions *dimensions, const struct metric *metric, int32_t day)
{
	size_t parts = metric->n_dimensions > 0 ? 1 : 0;
	for (size_t k = 0; k < metric->n_dimensions && parts <= GRID_PARTS_MAX; k++)
		parts *= count(list_of(dimensions, metric->dimensions[k]), day);
	return parts <= GRID_PARTS_MAX ? parts : 0;
}

bool grid_labels(const struct dimensions *dimensions, const struct metric *metric, int32_t day,
		 size_t nth, char ret_labels[LABELS_TEXT_MAX])
{
	struct label labels[METRIC_DIMENSIONS_MAX];
	struct err ignored;
	for (size_t k = metric->n_dimensions; k-- > 0;) { /* the last one changes first */
		const struct code_list *list = list_of(dimensions, metric->dimensions[k]);
		size_t n = count(list, day);
		labels[k] =
			(struct label){ metric->dimensions[k], nth_code(list, day, nth % n)->code };
		nth /= n;
	}
	return labels_canonical(labels, metric->n_dimensions, ret_labels, &ignored) == 0;
}
