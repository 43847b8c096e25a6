#include "common/base/utf8.h"
#include "common/text/csv_commas.h"
#include "common/text/csv_reader.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

static unsigned last_line;

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	(void)context;
	(void)err;
	require(row->line > last_line);
	require(row->n >= 1 && row->n <= CSV_COLUMNS_MAX);
	last_line = row->line;
	for (size_t i = 0; i < row->n; i++) {
		size_t len = strlen(row->fields[i]);
		require(len <= CSV_FIELD_MAX && utf8_valid(row->fields[i], len));
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct err err = { 0 };
	last_line = 0;
	int rc = csv_read((const char *)data, len, on_row, on_row, NULL, &err);
	require(rc == 0 || (rc == -EINVAL && strncmp(err.text, "line ", 5) == 0));
	struct blob commas = { 0 };
	rc = csv_commas((const char *)data, len, &commas, &err);
	require(rc == 0 || (rc == -EINVAL && *err.text));
	require(commas.len <= 3 * len + 3);
	blob_free(&commas);
	return 0;
}
