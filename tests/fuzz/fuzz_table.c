/* CSV as a table and back: the same cells, and always JSON. */
#include "common/base/utf8.h"
#include "common/text/csv_table.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <jansson.h>

static void check_same(const struct table *a, const struct table *b)
{
	require(table_columns(a) == table_columns(b) && table_rows(a) == table_rows(b));
	for (size_t column = 0; column < table_columns(a); column++) {
		require(strcmp(table_column(a, column), table_column(b, column)) == 0);
		for (size_t row = 0; row < table_rows(a); row++) {
			const char *x = table_cell(a, row, column), *y = table_cell(b, row, column);
			require(!x == !y && (!x || strcmp(x, y) == 0));
		}
	}
}

/* A row of nothing but nulls is a blank line, which a reader passes over. */
static bool cannot_return(const struct table *table)
{
	for (size_t row = 0; row < table_rows(table); row++) {
		size_t column = 0;
		while (column < table_columns(table) && !table_cell(table, row, column))
			column++;
		if (column == table_columns(table))
			return true;
	}
	/* A header of one column may be as empty; and what begins with a mark of the byte order
	 * loses it where it comes to stand first. */
	return table_columns(table) == 1 || strncmp(table_column(table, 0), "\xef\xbb\xbf", 3) == 0;
}

static void check_json(const struct table *table)
{
	struct blob json = { 0 };
	json_error_t why;
	require(table_json(table, &json) == 0);
	json_t *root = json_loadb((const char *)json.data, json.len, 0, &why);
	require(root);
	require(json_array_size(json_object_get(root, "rows")) == table_rows(table));
	json_decref(root);
	blob_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct table *table = NULL, *again = NULL;
	struct blob csv = { 0 };
	struct err err = { 0 };
	int rc = csv_table((const char *)data, len, &table, &err);
	require(rc == 0 || (rc == -EINVAL && *err.text));
	if (rc < 0)
		return 0;
	require(table_csv(table, &csv) == 0);
	require(utf8_valid((const char *)csv.data, csv.len));
	if (!cannot_return(table)) {
		require(csv_table((const char *)csv.data, csv.len, &again, &err) == 0);
		check_same(table, again);
		table_close(again);
	}
	check_json(table);
	blob_free(&csv);
	table_close(table);
	return 0;
}
