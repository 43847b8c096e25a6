/* libcsv is fed line by line. That gives exact line numbers, and a callback's refusal ends the
 * reading at once, though libcsv's own callbacks cannot say no: a line ends at most one row. */
#include "csv_reader.h"
#include "blob.h"
#include "i18n.h"
#include "utf8.h"

#include <assert.h>
#include <csv.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

struct reader {
	csv_on_row *on_header, *on_row;
	void *context;
	struct err *err;
	struct csv_parser parser;
	struct blob fields; /* of the current row, each with a NUL */
	size_t starts[CSV_COLUMNS_MAX];
	size_t n;
	unsigned line;     /* being read */
	unsigned row_line; /* where the current row began */
	bool in_row;       /* a quoted line break: the row goes on */
	bool had_header;
	int rc; /* the first failure */
};

static int broken_at(struct reader *r, unsigned line, const char *what)
{
	if (r->rc == 0)
		r->rc = err_set(r->err, -EINVAL, "line %u: %s", line, _(what));
	return r->rc;
}

/* libcsv's callbacks. */

static void on_field(void *data, size_t len, void *context)
{
	struct reader *r = context;
	if (r->rc != 0)
		return;
	if (len > CSV_FIELD_MAX)
		(void)broken_at(r, r->row_line, "a field is longer than 65536 bytes; shorten it");
	else if (r->n == CSV_COLUMNS_MAX)
		(void)broken_at(r, r->row_line, "there are more than 256 fields; take some out");
	else if (blob_reserve(&r->fields, len + 1) != 0)
		r->rc = err_memory(r->err);
	if (r->rc != 0)
		return;
	r->starts[r->n++] = r->fields.len;
	(void)blob_append(&r->fields, data, len); /* reserved */
	(void)blob_append(&r->fields, "", 1);
}

static void on_end_of_row(int end, void *context)
{
	(void)end;
	struct reader *r = context;
	const char *fields[CSV_COLUMNS_MAX];
	if (r->rc != 0)
		return;
	for (size_t i = 0; i < r->n; i++)
		fields[i] = (const char *)r->fields.data + r->starts[i];
	struct csv_row row = { .line = r->row_line, .n = r->n, .fields = fields };
	r->rc = (r->had_header ? r->on_row : r->on_header)(r->context, &row, r->err);
	r->had_header = true;
	r->in_row = false;
	r->fields.len = 0;
	r->n = 0;
}

/* Lines. */

/* Up to and with the line's end: LF, CR LF or CR. */
static size_t line_len(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			return i + 1;
		if (text[i] == '\r')
			return i + 1 < len && text[i + 1] == '\n' ? i + 2 : i + 1;
	}
	return len;
}

static bool line_is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r\n", text[i]))
			return false;
	return true;
}

/* Is the line text at all? Judged before libcsv sees it: no field ever holds a NUL. */
static int line_check(struct reader *r, const char *text, size_t len)
{
	if (memchr(text, '\0', len))
		return broken_at(r, r->line, "there is a NUL byte; save the file as CSV in UTF-8");
	if (!utf8_valid(text, len))
		return broken_at(r, r->line, "this is not UTF-8; save the file as CSV in UTF-8");
	return 0;
}

static int parser_failed(struct reader *r)
{
	int error = csv_error(&r->parser);
	if (r->rc != 0)
		return r->rc;
	if (error == CSV_ENOMEM || error == CSV_ETOOBIG)
		return r->rc = err_memory(r->err);
	return broken_at(r, r->line,
			 "a quote stands inside a field; put the whole field in quotes and write "
			 "each quote in it twice");
}

static int read_line(struct reader *r, const char *text, size_t len)
{
	if (line_check(r, text, len) != 0)
		return r->rc;
	if (!r->in_row) {
		if (line_is_blank(text, len))
			return 0;
		r->row_line = r->line;
		r->in_row = true;
	}
	if (csv_parse(&r->parser, text, len, on_field, on_end_of_row, r) != len)
		return parser_failed(r);
	return r->rc;
}

static int read_lines(struct reader *r, const char *text, size_t len)
{
	while (len > 0) {
		size_t n = line_len(text, len);
		r->line++;
		if (read_line(r, text, n) != 0)
			return r->rc;
		text += n;
		len -= n;
	}
	if (csv_fini(&r->parser, on_field, on_end_of_row, r) != 0)
		return broken_at(r, r->row_line,
				 "a quote is opened here and never closed; close it");
	if (r->rc == 0 && !r->had_header)
		return broken_at(r, 1, "there is no header line with the names of the columns");
	return r->rc;
}

int csv_read(const char *text, size_t len, csv_on_row *on_header, csv_on_row *on_row, void *context,
	     struct err *err)
{
	static const char mark[] = "\xef\xbb\xbf"; /* what Excel puts before UTF-8 */
	struct reader r = {
		.on_header = on_header, .on_row = on_row, .context = context, .err = err
	};
	if (csv_init(&r.parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return err_memory(err);
	if (len >= 3 && memcmp(text, mark, 3) == 0) {
		text += 3;
		len -= 3;
	}
	int rc = read_lines(&r, text, len);
	csv_free(&r.parser);
	blob_free(&r.fields);
	return rc;
}
