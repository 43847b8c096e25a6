#include "query/figures_head.h"

#include "common/base/i18n.h"
#include "query/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dimension {
	const char *key, *called; /* lent by the catalogue */
};

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct dimension *)a)->key, ((const struct dimension *)b)->key);
}

static bool is_vietnamese(void)
{
	return strcmp(language_tag(), "vi") == 0;
}

/* Owned by the caller, each once, ascending; NULL: out of memory. */
static struct dimension *dimensions_of(const struct metric *const metrics[], size_t n,
				       size_t *ret_n)
{
	struct dimension *list = malloc((n * METRIC_DIMENSIONS_MAX + 1) * sizeof(*list));
	size_t all = 0, kept = 0;
	if (!list)
		return NULL;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < metrics[i]->n_dimensions; k++) {
			const char *vi = metrics[i]->dimensions_vi[k];
			list[all++] = (struct dimension){ metrics[i]->dimensions[k],
							  is_vietnamese() && vi
								  ? vi
								  : metrics[i]->dimensions[k] };
		}
	qsort(list, all, sizeof(*list), by_key);
	for (size_t i = 0; i < all; i++)
		if (kept == 0 || strcmp(list[i].key, list[kept - 1].key) != 0)
			list[kept++] = list[i];
		else if (strcmp(list[kept - 1].called, list[kept - 1].key) == 0)
			list[kept - 1].called = list[i].called; /* some metric says it */
	*ret_n = kept;
	return list;
}

/* The dimensions of @metrics, each with its name. */
static void head_dimensions(const struct metric *const metrics[], size_t n, struct table *table)
{
	char *text = NULL;
	size_t len, n_dimensions = 0;
	struct dimension *list = dimensions_of(metrics, n, &n_dimensions);
	FILE *out = list ? open_memstream(&text, &len) : NULL;
	if (out) {
		for (size_t i = 0; i < n_dimensions; i++) {
			fprintf(out, "%s%s", i ? ";" : "", list[i].key);
			if (!strpbrk(list[i].called, ";="))
				fprintf(out, "=%s", list[i].called);
		}
		fclose(out);
		table_head(table, "query", "dimensions", text);
	}
	free(text);
	free(list);
}

static void head_catalogue(const struct catalogue *catalogue, struct table *table)
{
	const struct metric **all = malloc((catalogue->n + 1) * sizeof(const struct metric *));
	for (size_t i = 0; all && i < catalogue->n; i++)
		all[i] = &catalogue->metrics[i];
	if (all)
		head_dimensions(all, catalogue->n, table);
	free(all);
}

static void head_area(const struct plan *plan, const struct reference *reference,
		      struct table *table)
{
	char day[DAY_TEXT_MAX];
	int32_t on = plan->restated ? plan->structure
				    : period_end_day(plan_bucket(plan, plan->last)) - 1;
	const struct unit *unit = plan->area ? units_find(reference->units, plan->area, on) : NULL;
	if (!unit)
		return;
	table_head(table, "query", "area_name", unit->name);
	table_head(table, "query", "area_from", day_format(unit->valid_from, day));
}

static const char *title_of(const struct plan *plan)
{
	const struct indicator *indicator = plan->indicator;
	const char *label;
	if (!indicator)
		return metric_called(plan->metrics[0]);
	label = is_vietnamese() ? indicator->label_vi : indicator->label_en;
	return *label ? label : indicator->name;
}

static void decimals_of(const struct plan *plan, char text[16])
{
	(void)snprintf(text, 16, "%u",
		       plan->indicator ? INDICATOR_DECIMALS
				       : metric_shown_decimals(plan->metrics[0])); /* fits */
}

void figures_head_named(const struct plan *plan, const struct reference *reference,
			struct table *table)
{
	const struct metric *metric = plan->metrics[0];
	table_head(table, "query", "title", title_of(plan));
	if (!plan->indicator && is_vietnamese() && metric->unit_vi)
		table_head(table, "query", "unit_called", metric->unit_vi);
	head_area(plan, reference, table);
}

void figures_head(const struct plan plans[], size_t n, const struct reference *reference,
		  struct table *table)
{
	char text[16];
	for (size_t i = 0; i < n && n > 1; i++) {
		const char *name =
			plans[i].indicator ? plans[i].indicator->name : plans[i].metrics[0]->name;
		table_head(table, "titles", name, title_of(&plans[i]));
		decimals_of(&plans[i], text);
		table_head(table, "decimals", name, text);
		if (!plans[i].indicator && is_vietnamese() && plans[i].metrics[0]->unit_vi)
			table_head(table, "units_called", name, plans[i].metrics[0]->unit_vi);
	}
	if (n == 1) {
		const struct metric *metric = plans->metrics[0];
		table_head(table, "query", "title", title_of(plans));
		decimals_of(plans, text);
		table_head(table, "query", "decimals", text);
		if (!plans->indicator && is_vietnamese() && metric->unit_vi)
			table_head(table, "query", "unit_called", metric->unit_vi);
	}
	head_area(plans, reference, table);
	head_catalogue(reference->catalogue, table);
}
