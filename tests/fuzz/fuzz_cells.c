/* What lantoa-excel writes, should somebody have taken it over: the agent's side takes or refuses
 * it, the same in one piece as in many. */
#include "common/base/utf8.h"
#include "fuzz/fuzz.h"
#include "workbook/cells.h"

#include <errno.h>

static int on_sheet(void *context, const char *name, bool hidden, struct err *err)
{
	size_t *n = context;
	(void)hidden;
	(void)err;
	require(utf8_valid(name, strlen(name)));
	++*n;
	return 0;
}

static int on_hidden_columns(void *context, unsigned first, unsigned last, struct err *err)
{
	size_t *n = context;
	(void)err;
	require(first >= 1 && first <= last && last <= CELLS_COLUMN_MAX);
	++*n;
	return 0;
}

static int on_row(void *context, unsigned row, bool hidden, struct err *err)
{
	size_t *n = context;
	(void)hidden;
	(void)err;
	require(row >= 1 && row <= CELLS_ROW_MAX);
	++*n;
	return 0;
}

static int on_cell(void *context, unsigned column, enum cell_kind kind, const char *text,
		   struct err *err)
{
	size_t *n = context;
	(void)err;
	require(column >= 1 && column <= CELLS_COLUMN_MAX && strchr("tnpdefm", (int)kind));
	require(utf8_valid(text, strlen(text)));
	++*n;
	return 0;
}

static int on_end(void *context, struct err *err)
{
	(void)context;
	(void)err;
	return 0;
}

static int feed(const uint8_t *data, size_t len, size_t piece, size_t *ret_n)
{
	struct cells_events events = {
		on_sheet, on_hidden_columns, on_row, on_cell, on_end, ret_n
	};
	struct cells_reader *reader = cells_reader_open(&events);
	struct err err = { 0 };
	int rc = 0;
	require(reader);
	for (size_t at = 0; at < len && rc == 0; at += piece)
		rc = cells_reader_feed(reader, (const char *)data + at,
				       len - at < piece ? len - at : piece, &err);
	rc = rc == 0 ? cells_reader_end(reader, &err) : rc;
	require(rc == 0 || ((rc == -EINVAL || rc == -EPROTO) && *err.text));
	cells_reader_close(reader);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t whole = 0, pieces = 0;
	int rc = feed(data, len, len + 1, &whole);
	require(feed(data, len, 1 + len % 5, &pieces) == rc);
	require(pieces == whole);
	return 0;
}
