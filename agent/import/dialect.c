#include "import/dialect.h"

#include <stdlib.h>

struct dialect_reader {
	struct decoder *decoder;
	struct csv_reader *csv;
	struct blob text; /* what was decoded last */
	unsigned header_line;
	csv_on_row *on_row;
	void *context;
};

static int on_any_row(void *context, const struct csv_row *row, struct err *err)
{
	struct dialect_reader *reader = context;
	return row->line < reader->header_line ? 0 : reader->on_row(reader->context, row, err);
}

int dialect_reader_open(const struct dialect *dialect, csv_on_row *on_row, void *context,
			struct dialect_reader **ret_reader, struct err *err)
{
	struct dialect_reader *reader = calloc(1, sizeof(*reader));
	if (!reader)
		return err_memory(err);
	reader->header_line = dialect->header_line;
	reader->on_row = on_row;
	reader->context = context;
	int rc = decoder_open(dialect->charset, &reader->decoder, err);
	if (rc == 0)
		rc = csv_reader_open(dialect->separator, on_any_row, reader, &reader->csv, err);
	if (rc < 0)
		dialect_reader_close(reader);
	else
		*ret_reader = reader;
	return rc;
}

void dialect_reader_close(struct dialect_reader *reader)
{
	if (!reader)
		return;
	decoder_close(reader->decoder);
	csv_reader_close(reader->csv);
	blob_free(&reader->text);
	free(reader);
}

static int pass_on(struct dialect_reader *reader, struct err *err)
{
	return csv_reader_feed(reader->csv, (const char *)reader->text.data, reader->text.len, err);
}

int dialect_reader_feed(struct dialect_reader *reader, const void *bytes, size_t len,
			struct err *err)
{
	reader->text.len = 0;
	int rc = decoder_feed(reader->decoder, bytes, len, &reader->text, err);
	return rc < 0 ? rc : pass_on(reader, err);
}

int dialect_reader_end(struct dialect_reader *reader, struct err *err)
{
	reader->text.len = 0;
	int rc = decoder_end(reader->decoder, &reader->text, err);
	if (rc == 0)
		rc = pass_on(reader, err);
	return rc < 0 ? rc : csv_reader_end(reader->csv, err);
}
