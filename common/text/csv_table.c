#include "common/text/csv_table.h"

#include "common/text/csv_reader.h"

#include <errno.h>

static int on_header(void *context, const struct csv_row *row, struct err *err)
{
	struct table **table = context;

	*table = table_open(row->fields, row->n);
	return *table ? 0 : err_memory(err);
}

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct table *table = *(struct table **)context;

	if (row->n > table_columns(table))
		return err_set(err, -EINVAL,
			       "line %u: %zu fields, but the header names %zu columns", row->line,
			       row->n, table_columns(table));
	table_row(table);
	for (size_t i = 0; i < row->n; i++)
		table_text(table, *row->fields[i] ? row->fields[i] : NULL);
	return 0;
}

int csv_table(const char *text, size_t len, struct table **ret_table, struct err *err)
{
	struct table *table = NULL;
	int rc = csv_read(text, len, on_header, on_row, &table, err);

	if (rc == 0 && table_failed(table))
		rc = err_memory(err);
	if (rc == 0)
		*ret_table = table;
	else
		table_close(table);
	return rc;
}
