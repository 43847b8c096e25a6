#include "web/sdmx_reference.h"

#include "common/base/array.h"
#include "common/text/csv_table.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *sdmx_table_path(enum sdmx_table which)
{
	static const char *const paths[SDMX_TABLES] = { "catalogue", "indicators", "units" };

	return paths[which];
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_dimensions(struct sdmx_reference *reference, struct err *err)
{
	const struct catalogue *catalogue = reference->catalogue;
	const char **list = malloc((catalogue->n * METRIC_DIMENSIONS_MAX + 1) * sizeof(*list));
	size_t all = 0, kept = 0;

	if (!list)
		return err_memory(err);
	for (size_t i = 0; i < catalogue->n; i++)
		for (size_t k = 0; k < catalogue->metrics[i].n_dimensions; k++)
			list[all++] = catalogue->metrics[i].dimensions[k];
	qsort(list, all, sizeof(*list), by_text);
	for (size_t i = 0; i < all; i++)
		if (kept == 0 || strcmp(list[i], list[kept - 1]) != 0)
			list[kept++] = list[i];
	free(reference->dimensions);
	reference->dimensions = list;
	reference->n_dimensions = kept;
	return 0;
}

int sdmx_reference_read(struct sdmx_reference *reference, enum sdmx_table which, const char *csv,
			size_t len, struct err *err)
{
	int rc;

	if (which != SDMX_CATALOGUE)
		return csv_table(csv, len,
				 which == SDMX_UNITS ? &reference->units : &reference->indicators,
				 err);
	rc = catalogue_read(csv, len, &reference->catalogue, err);
	return rc == 0 ? find_dimensions(reference, err) : rc;
}

const struct metric *sdmx_divided(const struct sdmx_reference *reference, size_t *at)
{
	const struct catalogue *catalogue = reference->catalogue;

	for (; *at < catalogue->n; (*at)++)
		if (catalogue->metrics[*at].n_dimensions > 0)
			return &catalogue->metrics[(*at)++];
	return NULL;
}

int sdmx_labels_read(struct sdmx_reference *reference, const char *csv, size_t len, struct err *err)
{
	struct table **list = array_room(reference->labels, reference->n_labels, sizeof(*list));
	int rc = list ? csv_table(csv, len, &list[reference->n_labels], err) : err_memory(err);

	if (list)
		reference->labels = list;
	reference->n_labels += rc == 0 ? 1 : 0;
	return rc;
}

void sdmx_reference_free(struct sdmx_reference *reference)
{
	for (size_t i = 0; i < reference->n_labels; i++)
		table_close(reference->labels[i]);
	free(reference->labels);
	free(reference->dimensions);
	catalogue_close(reference->catalogue);
	table_close(reference->indicators);
	table_close(reference->units);
	*reference = (struct sdmx_reference){ 0 };
}

const char *sdmx_cell(const struct table *table, size_t row, const char *column)
{
	const char *text = table_cell_of(table, row, column);

	return text ? text : "";
}

static bool is_of_name(char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c) || c == '_' || c == '.';
}

size_t sdmx_operands(const struct sdmx_reference *reference, size_t row,
		     const struct metric *operands[], size_t room)
{
	const char *at = sdmx_cell(reference->indicators, row, "formula");
	size_t n = 0;

	while (*at && n < room) {
		char name[128];
		size_t len = 0;

		while (is_of_name(at[len]))
			len++;
		if (len > 0 && len < sizeof(name)) {
			memcpy(name, at, len);
			name[len] = '\0';
			operands[n] = catalogue_find(reference->catalogue, name);
			n += operands[n] ? 1 : 0;
		}
		at += len ? len : 1;
	}
	return n;
}
