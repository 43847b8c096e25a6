#include "dashboard/answer_table.h"

#include "dashboard/asking.h"

#define COLUMNS_MAX 64u

static void put(struct table *table, const json_t *row, const char *key)
{
	const json_t *cell = json_object_get(row, key);
	char room[EXACT_MAX];

	if (json_is_boolean(cell))
		table_bool(table, json_is_true(cell));
	else
		table_text(table, exact_text(row, key, room));
}

struct table *answer_table(const json_t *answer)
{
	const json_t *rows = answer_rows(answer);
	json_t *first = json_array_get(rows, 0), *value;
	const char *names[COLUMNS_MAX], *key;
	size_t n = 0;
	struct table *table;

	json_object_foreach(first, key, value)
		if (n < COLUMNS_MAX)
			names[n++] = key;
	table = n > 0 ? table_open(names, n) : NULL;
	for (size_t row = 0; table && row < json_array_size(rows); row++) {
		table_row(table);
		for (size_t i = 0; i < n; i++)
			put(table, json_array_get(rows, row), names[i]);
	}
	if (table && table_failed(table)) {
		table_close(table);
		return NULL;
	}
	return table;
}
