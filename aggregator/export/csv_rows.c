#include "export/csv_rows.h"

#include "common/base/blob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum at {
	AT_START,  /* of a field */
	IN_PLAIN,  /* in one without quotes */
	IN_QUOTES, /* in one with them */
	BEHIND,    /* a quote in it, which ends it unless another follows */
};

struct rows_reader {
	rows_on_row *on_row;
	void *context;
	enum at at;
	bool in_row;
	struct blob texts; /* owned: the fields of the row at hand, each ended by a NUL */
	size_t starts[ROWS_COLUMNS_MAX];
	bool nulls[ROWS_COLUMNS_MAX];
	size_t n; /* fields that are begun */
};

struct rows_reader *rows_reader_open(rows_on_row *on_row, void *context)
{
	struct rows_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->on_row = on_row;
	reader->context = context;
	return reader;
}

void rows_reader_close(struct rows_reader *reader)
{
	if (!reader)
		return;
	blob_free(&reader->texts);
	free(reader);
}

static int strange(struct err *err)
{
	return err_set(err, -EBADMSG, "the answer is not a table as an aggregator writes it");
}

static int put(struct rows_reader *reader, const char *text, size_t len, struct err *err)
{
	if (reader->texts.len + len > ROWS_ROW_MAX)
		return strange(err);
	return blob_append(&reader->texts, text, len) < 0 ? err_memory(err) : 0;
}

static int field_begin(struct rows_reader *reader, struct err *err)
{
	if (reader->n == ROWS_COLUMNS_MAX)
		return strange(err);
	reader->starts[reader->n] = reader->texts.len;
	reader->nulls[reader->n] = true;
	reader->n++;
	reader->in_row = true;
	reader->at = AT_START;
	return 0;
}

static int row_end(struct rows_reader *reader, struct err *err)
{
	const char *cells[ROWS_COLUMNS_MAX];
	size_t n = reader->n;

	for (size_t i = 0; i < n; i++)
		cells[i] = reader->nulls[i] ? NULL
					    : (const char *)reader->texts.data + reader->starts[i];
	reader->n = 0;
	reader->texts.len = 0;
	reader->in_row = false;
	return reader->on_row(reader->context, cells, n, err);
}

/* A comma, or the end of a line: the field is whole. */
static int field_end(struct rows_reader *reader, char by, struct err *err)
{
	int rc = put(reader, "", 1, err);

	if (rc == 0)
		rc = by == ',' ? field_begin(reader, err) : row_end(reader, err);
	return rc;
}

/* One byte that ends a run of those that mean nothing. */
static int step(struct rows_reader *reader, char c, struct err *err)
{
	bool *is_null = &reader->nulls[reader->n - 1];

	if (reader->at == IN_QUOTES) { /* c is a quote */
		reader->at = BEHIND;
		return 0;
	}
	if (c == '"' && reader->at == BEHIND) {
		reader->at = IN_QUOTES;
		return put(reader, "\"", 1, err);
	}
	if (c == '"' && reader->at == AT_START) {
		*is_null = false;
		reader->at = IN_QUOTES;
		return 0;
	}
	if (c == ',' || c == '\n')
		return field_end(reader, c, err);
	return strange(err);
}

/* Bytes of @text[@len] that are the field's own. */
static size_t run(const struct rows_reader *reader, const char *text, size_t len)
{
	size_t n = 0;

	if (reader->at == IN_QUOTES) {
		const char *quote = memchr(text, '"', len);

		return quote ? (size_t)(quote - text) : len;
	}
	if (reader->at == BEHIND)
		return 0;
	while (n < len && text[n] != ',' && text[n] != '\n' && text[n] != '"')
		n++;
	return n;
}

int rows_reader_feed(struct rows_reader *reader, const char *text, size_t len, struct err *err)
{
	int rc = memchr(text, '\0', len) ? strange(err) : 0;

	for (size_t i = 0; i < len && rc == 0;) {
		size_t n;

		if (!reader->in_row)
			rc = field_begin(reader, err);
		n = rc == 0 ? run(reader, text + i, len - i) : 0;
		if (n > 0) {
			reader->nulls[reader->n - 1] = false;
			if (reader->at == AT_START)
				reader->at = IN_PLAIN;
			rc = put(reader, text + i, n, err);
			i += n;
		} else if (rc == 0) {
			rc = step(reader, text[i++], err);
		}
	}
	return rc;
}

int rows_reader_end(struct rows_reader *reader, struct err *err)
{
	return reader->in_row ? strange(err) : 0;
}
