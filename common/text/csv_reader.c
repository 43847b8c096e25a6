/* libcsv is fed line by line. That gives exact line numbers, and a callback's refusal ends the
 * reading at once, though libcsv's own callbacks cannot say no: a line ends at most one row. */
#include "common/text/csv_reader.h"
#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/diagnostics.h"

#include <csv.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A field grows by so much at a time; libcsv's 128 bytes copy one of a megabyte 8,000 times. */
#define FIELD_BLOCK 32768u

#define END_OF_FILE "\x1a" /* what DOS programs put behind a text */

static const char mark[] = "\xef\xbb\xbf"; /* what Excel puts before UTF-8 */

struct csv_reader {
	csv_on_row *on_row;
	void *context;
	struct err *err; /* of the call in progress */
	struct csv_parser parser;
	struct blob rest;   /* of the text: a line whose end has not come */
	struct blob plain;  /* a line without the '=' of ="8" */
	struct blob fields; /* of the current row, each with a NUL */
	size_t starts[CSV_COLUMNS_MAX];
	size_t n;
	unsigned line;     /* being read */
	unsigned row_line; /* where the current row began */
	bool in_row;       /* a quoted line break: the row goes on */
	int rc;            /* the first failure */
};

static int broken_at(struct csv_reader *r, unsigned line, const char *what)
{
	if (r->rc == 0)
		r->rc = err_set(r->err, -EINVAL, "line %u: %s", line, _(what));
	return r->rc;
}

static int field_too_long(struct csv_reader *r)
{
	return broken_at(r, r->row_line, "a field is longer than 65536 bytes; shorten it");
}

/* libcsv's callbacks. */

static void on_field(void *data, size_t len, void *context)
{
	struct csv_reader *r = context;
	if (r->rc != 0 || (len == 0 && r->n == CSV_COLUMNS_MAX))
		return; /* spreadsheets write empty ones, as far as anybody ever had a cell */
	if (len > CSV_FIELD_MAX)
		(void)field_too_long(r);
	else if (r->n == CSV_COLUMNS_MAX)
		(void)broken_at(r, r->row_line, "there are more than 256 fields; take some out");
	else if (blob_reserve(&r->fields, len + 1) != 0)
		r->rc = err_memory(r->err);
	if (r->rc != 0)
		return;
	r->starts[r->n++] = r->fields.len;
	/* ="8" in quotes of its own: see without_formula(). */
	const char *text = data;
	bool kept = len >= 3 && memcmp(text, "=\"", 2) == 0 && text[len - 1] == '"' &&
		    !memchr(text + 2, '"', len - 3);
	(void)blob_append(&r->fields, (const char *)data + (kept ? 2 : 0),
			  len - (kept ? 3 : 0)); /* reserved */
	(void)blob_append(&r->fields, "", 1);
}

static void on_end_of_row(int end, void *context)
{
	(void)end;
	struct csv_reader *r = context;
	const char *fields[CSV_COLUMNS_MAX];
	if (r->rc != 0)
		return;
	for (size_t i = 0; i < r->n; i++)
		fields[i] = (const char *)r->fields.data + r->starts[i];
	struct csv_row row = { .line = r->row_line, .n = r->n, .fields = fields };
	r->rc = r->on_row(r->context, &row, r->err);
	r->in_row = false;
	r->fields.len = 0;
	r->n = 0;
}

/* Lines. */

/* Up to and with the line's end: LF, CR LF or CR; 0 when it is not in sight. A CR at the very end
 * may be the first half of one. */
static size_t line_len(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			return i + 1;
		if (text[i] == '\r' && i + 1 < len)
			return text[i + 1] == '\n' ? i + 2 : i + 1;
	}
	return 0;
}

static int parser_failed(struct csv_reader *r)
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

/* A cell written ="8" is one that a spreadsheet shall keep as text: the line into r->plain without
 * the '='. @quoted: it begins inside quotes. */
static int without_formula(struct csv_reader *r, const char *text, size_t len, bool quoted)
{
	char separator = (char)csv_get_delim(&r->parser);
	bool begins = !quoted; /* a field */
	r->plain.len = 0;
	if (blob_reserve(&r->plain, len) < 0)
		return r->rc = err_memory(r->err);
	for (size_t i = 0; i < len; i++) {
		bool dropped = begins && text[i] == '=' && i + 1 < len && text[i + 1] == '"';
		if (text[i] == '"')
			quoted = !quoted;
		begins = !quoted && (text[i] == separator || dropped ||
				     (begins && (text[i] == ' ' || text[i] == '\t')));
		if (!dropped)
			r->plain.data[r->plain.len++] = (uint8_t)text[i];
	}
	return 0;
}

static int read_line(struct csv_reader *r, const char *text, size_t len)
{
	bool goes_on = r->in_row;
	r->line++;
	/* Is the line text at all? Judged before libcsv sees it: no field ever holds a NUL. */
	if (memchr(text, '\0', len))
		return broken_at(r, r->line, "there is a NUL byte; save the file as CSV in UTF-8");
	if (!utf8_valid(text, len))
		return broken_at(r, r->line, "this is not UTF-8; save the file as CSV in UTF-8");
	if (!r->in_row) {
		size_t blanks = 0;
		while (blanks < len && memchr(" \t\r\n" END_OF_FILE, text[blanks], 5))
			blanks++;
		if (blanks == len)
			return 0;
		r->row_line = r->line;
		r->in_row = true;
	}
	if (memmem(text, len, "=\"", 2)) {
		if (without_formula(r, text, len, goes_on) < 0)
			return r->rc;
		text = (const char *)r->plain.data;
		len = r->plain.len;
	}
	if (csv_parse(&r->parser, text, len, on_field, on_end_of_row, r) != len)
		return parser_failed(r);
	if (r->rc == 0 && r->in_row && r->parser.entry_pos > CSV_FIELD_MAX)
		return field_too_long(r); /* it may go on to the end of the file */
	return r->rc;
}

/* The first line's mark is no text. */
static int read_line_of_file(struct csv_reader *r, const char *text, size_t len)
{
	size_t skip = r->line == 0 && len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
	return read_line(r, text + skip, len - skip);
}

static int keep_rest(struct csv_reader *r, const char *text, size_t len)
{
	if (r->rest.len + len > CSV_LINE_MAX)
		return broken_at(r, r->line + 1, "a line is longer than 1 MiB; is this a table?");
	if (blob_append(&r->rest, text, len) < 0)
		return r->rc = err_memory(r->err);
	return 0;
}

/* The rest of before is ended by the first line of @text; how much of that belongs to it. */
static size_t end_rest(struct csv_reader *r, const char *text, size_t len)
{
	bool after_cr = r->rest.data[r->rest.len - 1] == '\r';
	size_t n = after_cr ? (size_t)(*text == '\n') : line_len(text, len);
	if (!after_cr && n == 0) {
		(void)keep_rest(r, text, len); /* its failure is r->rc */
		return len;
	}
	if (keep_rest(r, text, n) == 0)
		(void)read_line_of_file(r, (const char *)r->rest.data, r->rest.len);
	r->rest.len = 0;
	return n;
}

int csv_reader_feed(struct csv_reader *r, const char *text, size_t len, struct err *err)
{
	r->err = err;
	if (r->rest.len > 0 && len > 0) {
		size_t n = end_rest(r, text, len);
		text += n;
		len -= n;
	}
	size_t n;
	while (r->rc == 0 && (n = line_len(text, len)) > 0) {
		(void)read_line_of_file(r, text, n); /* its failure is r->rc */
		text += n;
		len -= n;
	}
	return r->rc == 0 && len > 0 ? keep_rest(r, text, len) : r->rc;
}

int csv_reader_end(struct csv_reader *r, struct err *err)
{
	r->err = err;
	while (r->rest.len > 0 && r->rest.data[r->rest.len - 1] == END_OF_FILE[0])
		r->rest.len--;
	if (r->rest.len > 0)
		(void)read_line_of_file(r, (const char *)r->rest.data, r->rest.len); /* r->rc */
	r->rest.len = 0;
	if (r->rc == 0 && csv_fini(&r->parser, on_field, on_end_of_row, r) != 0)
		return broken_at(r, r->row_line,
				 "a quote is opened here and never closed; close it");
	return r->rc;
}

/* A tab that parts fields is no blank. */
static int is_space(unsigned char c)
{
	return c == CSV_SPACE;
}

int csv_reader_open(char separator, csv_on_row *on_row, void *context,
		    struct csv_reader **ret_reader, struct err *err)
{
	struct csv_reader *r = calloc(1, sizeof(*r));
	if (!r || csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
		free(r);
		return err_memory(err);
	}
	csv_set_blk_size(&r->parser, FIELD_BLOCK);
	csv_set_delim(&r->parser, (unsigned char)separator);
	if (separator == '\t')
		csv_set_space_func(&r->parser, is_space);
	r->on_row = on_row;
	r->context = context;
	*ret_reader = r;
	return 0;
}

void csv_reader_close(struct csv_reader *r)
{
	if (!r)
		return;
	csv_free(&r->parser);
	blob_free(&r->rest);
	blob_free(&r->plain);
	blob_free(&r->fields);
	free(r);
}

size_t csv_row_filled(const struct csv_row *row)
{
	size_t n = row->n;
	while (n > 0 && *row->fields[n - 1] == '\0')
		n--;
	return n;
}

/* A whole text with a header line. */

struct sheet {
	csv_on_row *on_header, *on_row;
	void *context;
	bool had_header;
};

static int on_sheet_row(void *context, const struct csv_row *row, struct err *err)
{
	struct sheet *sheet = context;
	bool first = !sheet->had_header;
	sheet->had_header = true;
	return (first ? sheet->on_header : sheet->on_row)(sheet->context, row, err);
}

int csv_read(const char *text, size_t len, csv_on_row *on_header, csv_on_row *on_row, void *context,
	     struct err *err)
{
	struct sheet sheet = { .on_header = on_header, .on_row = on_row, .context = context };
	struct csv_reader *r;
	if (csv_reader_open(',', on_sheet_row, &sheet, &r, err) < 0)
		return -ENOMEM;
	int rc = csv_reader_feed(r, text, len, err);
	if (rc == 0)
		rc = csv_reader_end(r, err);
	if (rc == 0 && !sheet.had_header)
		rc = broken_at(r, 1, "there is no header line with the names of the columns");
	csv_reader_close(r);
	return rc;
}

/* --- what nobody sees --- */

#define BEFORE_MAX 24u /* bytes of the line that are quoted, for people to find the place */

static void diagnose_unseen(struct diagnostics *diagnostics, unsigned line, const char *start,
			    const char *at, size_t n)
{
	char shown[EXCERPT_MAX];
	size_t before = (size_t)(at - start);
	size_t skip = before > BEFORE_MAX ? utf8_cut(start, before, before - BEFORE_MAX) : 0;
	diagnostics_add(diagnostics, line,
			"a character that nobody can see (U+%04X) stands behind '%s'; take it out",
			(unsigned)utf8_code(at, n),
			utf8_excerpt(start + skip, before - skip, shown));
}

/* One diagnostic a line is enough. */
static void check_line(struct diagnostics *diagnostics, unsigned line, const char *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		at += utf8_plain(text + at, len - at);
		n = at < len ? utf8_char(text + at, len - at) : 0;
		if (n == 0)
			return;
		if (text[at] == '\t' || text[at] == '\r')
			continue;
		diagnose_unseen(diagnostics, line, text, text + at, n);
		return;
	}
}

int csv_plain(const char *text, size_t len, struct err *err)
{
	struct diagnostics diagnostics = { 0 };
	size_t at = len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
	while (len > at && text[len - 1] == END_OF_FILE[0])
		len--;
	for (unsigned line = 1; at < len; line++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;
		check_line(&diagnostics, line, text + at, n);
		at += n + 1;
	}
	return diagnostics_tell(&diagnostics, err);
}
