#include "common/text/table.h"

#include "common/base/quote.h"
#include "common/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum cell_kind { CELL_NULL, CELL_TEXT, CELL_RAW, CELL_OBJECT }; /* RAW: numbers, true, false */

struct cell {
	enum cell_kind kind;
	size_t at; /* in texts */
};

struct head {
	size_t object, key, value; /* in texts */
	bool has_value, number;
};

/* All words lie NUL-terminated in one run of bytes; cells and columns hold offsets into it, since
 * it moves while it grows. */
struct table {
	struct blob texts;   /* of cells, */
	struct blob words;   /* and of columns and heads */
	struct blob columns; /* size_t [n_columns] */
	struct blob heads;   /* struct head [] */
	struct blob cells;   /* struct cell [n_rows * n_columns] */
	size_t n_columns, n_rows;
	size_t filled;                     /* cells of the last row given so far */
	const struct table_stream *stream; /* borrowed; NULL: rows are kept */
	size_t gone;                       /* rows that are with it, or in out */
	struct blob out;                   /* of the stream: not taken yet */
	int rc;                            /* what it said */
	bool failed;
};

#define STREAM_PIECE 65536u /* bytes that the stream takes at a time */

/* Returns the offset of a copy of @text in @texts, or 0 after remembering the failure. */
static size_t keep(struct table *table, struct blob *texts, const char *text)
{
	size_t at = texts->len;

	if (blob_append(texts, text, strlen(text) + 1) < 0) {
		table->failed = true;
		return 0;
	}
	return at;
}

static const char *text_at(const struct table *table, size_t at)
{
	return (const char *)table->texts.data + at;
}

static const char *word_at(const struct table *table, size_t at)
{
	return (const char *)table->words.data + at;
}

static const struct cell *cell_at(const struct table *table, size_t row, size_t column)
{
	assert(row >= table->gone && row < table->n_rows && column < table->n_columns);
	return (const struct cell *)(void *)table->cells.data +
	       (row - table->gone) * table->n_columns + column;
}

struct table *table_open(const char *const columns[], size_t n)
{
	struct table *table = calloc(1, sizeof(*table));

	assert(n > 0);
	if (!table)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t at = keep(table, &table->words, columns[i]);

		if (blob_append(&table->columns, &at, sizeof(at)) < 0)
			table->failed = true;
	}
	table->n_columns = n;
	if (table->failed) {
		table_close(table);
		return NULL;
	}
	return table;
}

void table_close(struct table *table)
{
	if (!table)
		return;
	blob_free(&table->texts);
	blob_free(&table->words);
	blob_free(&table->out);
	blob_free(&table->columns);
	blob_free(&table->heads);
	blob_free(&table->cells);
	free(table);
}

static void head_add(struct table *table, const char *object, const char *key, const char *value,
		     bool number)
{
	struct head head = { .object = keep(table, &table->words, object),
			     .key = keep(table, &table->words, key),
			     .value = value ? keep(table, &table->words, value) : 0,
			     .has_value = value != NULL,
			     .number = number };

	if (!table->failed && blob_append(&table->heads, &head, sizeof(head)) < 0)
		table->failed = true;
}

void table_head(struct table *table, const char *object, const char *key, const char *value)
{
	head_add(table, object, key, value, false);
}

void table_head_int(struct table *table, const char *object, const char *key, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value); /* fits */
	head_add(table, object, key, text, true);
}

const char *table_head_value(const struct table *table, const char *object, const char *key)
{
	const struct head *heads = (const struct head *)(void *)table->heads.data;

	for (size_t i = 0; i < table->heads.len / sizeof(struct head); i++)
		if (heads[i].has_value && strcmp(word_at(table, heads[i].object), object) == 0 &&
		    strcmp(word_at(table, heads[i].key), key) == 0)
			return word_at(table, heads[i].value);
	return NULL;
}

static void send_rows(struct table *table);

void table_row(struct table *table)
{
	size_t size = table->n_columns * sizeof(struct cell);

	if (table->stream)
		send_rows(table);
	if (table->failed || blob_reserve(&table->cells, size) < 0) {
		table->failed = true;
		return;
	}
	memset(table->cells.data + table->cells.len, 0, size); /* CELL_NULL */
	table->cells.len += size;
	table->n_rows++;
	table->filled = 0;
}

static void add(struct table *table, enum cell_kind kind, const char *text)
{
	table->failed |= kind != CELL_NULL && !text; /* who made it had no memory */
	if (table->failed)
		return;
	assert(table->n_rows > 0 && table->filled < table->n_columns);
	struct cell cell = { .kind = kind,
			     .at = kind == CELL_NULL ? 0 : keep(table, &table->texts, text) };
	struct cell *cells = (struct cell *)(void *)table->cells.data;

	cells[(table->n_rows - table->gone - 1) * table->n_columns + table->filled++] = cell;
}

void table_text(struct table *table, const char *text)
{
	add(table, text ? CELL_TEXT : CELL_NULL, text);
}

void table_int(struct table *table, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value); /* 20 at most */
	add(table, CELL_RAW, text);
}

void table_decimal(struct table *table, int128 mantissa, unsigned decimals)
{
	char text[DECIMAL_TEXT_MAX];

	decimal_format(mantissa, decimals, text);
	add(table, CELL_RAW, text);
}

void table_number(struct table *table, const char *digits)
{
	add(table, CELL_RAW, digits);
}

void table_bool(struct table *table, bool value)
{
	add(table, CELL_RAW, value ? "true" : "false");
}

void table_null(struct table *table)
{
	add(table, CELL_NULL, NULL);
}

void table_object(struct table *table, const char *pairs)
{
	add(table, CELL_OBJECT, pairs);
}

void table_copy(struct table *table, const struct table *from, size_t row, size_t column)
{
	const struct cell *cell = cell_at(from, row, column);

	add(table, cell->kind, cell->kind == CELL_NULL ? NULL : text_at(from, cell->at));
}

int table_arrange(struct table *table, const size_t rows[], size_t n)
{
	size_t size = table->n_columns * sizeof(struct cell);
	struct blob cells = { 0 };

	assert(!table->stream && n <= table->n_rows);
	if (blob_reserve(&cells, n * size) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		memcpy(cells.data + i * size, cell_at(table, rows[i], 0), size);
	cells.len = n * size;
	blob_free(&table->cells);
	table->cells = cells;
	table->n_rows = n;
	table->filled = table->n_columns;
	return 0;
}

void table_clear(struct table *table)
{
	if (table->n_rows == 0)
		return;
	table->texts.len = 0;
	table->cells.len = 0;
	table->n_rows = 0;
}

bool table_failed(const struct table *table)
{
	return table->failed;
}

size_t table_columns(const struct table *table)
{
	return table->n_columns;
}

size_t table_rows(const struct table *table)
{
	return table->n_rows;
}

const char *table_column(const struct table *table, size_t column)
{
	assert(column < table->n_columns);
	return word_at(table, ((const size_t *)(void *)table->columns.data)[column]);
}

const char *table_cell(const struct table *table, size_t row, size_t column)
{
	const struct cell *cell = cell_at(table, row, column);

	return cell->kind == CELL_NULL ? NULL : text_at(table, cell->at);
}

size_t table_find(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table_columns(table); i++)
		if (strcmp(table_column(table, i), name) == 0)
			return i;
	return TABLE_NO_COLUMN;
}

const char *table_cell_of(const struct table *table, size_t row, const char *column)
{
	size_t at = table_find(table, column);

	return at == TABLE_NO_COLUMN ? NULL : table_cell(table, row, at);
}

/* Output that remembers its first failure, so that the writers below read as what they write. */
struct writer {
	struct blob *out;
	int rc;
};

static void put(struct writer *to, const char *text)
{
	if (to->rc == 0)
		to->rc = blob_append(to->out, text, strlen(text));
}

static void put_json_text(struct writer *to, const char *text, size_t len)
{
	if (to->rc == 0)
		to->rc = quote_json(to->out, text, len);
}

static void put_raw(struct writer *to, const char *text, size_t len)
{
	if (to->rc == 0)
		to->rc = len ? blob_append(to->out, text, len) : blob_append(to->out, "null", 4);
}

/* "name=digits;name=" as {"name": digits, "name": null} */
static void put_object(struct writer *to, const char *pairs)
{
	put(to, "{");
	for (const char *at = pairs; *at;) {
		size_t len = strcspn(at, ";"), name = strcspn(at, "=;");
		size_t skip = name < len ? name + 1 : len;

		put(to, at == pairs ? "" : ", ");
		put_json_text(to, at, name);
		put(to, ": ");
		put_raw(to, at + skip, len - skip);
		at += len + (at[len] == ';');
	}
	put(to, "}");
}

static void put_json_cell(struct writer *to, const struct table *table, const struct cell *cell)
{
	const char *text = cell->kind == CELL_NULL ? "" : text_at(table, cell->at);

	switch (cell->kind) {
	case CELL_TEXT:
		put_json_text(to, text, strlen(text));
		break;
	case CELL_NULL:
	case CELL_RAW:
		put_raw(to, text, strlen(text));
		break;
	case CELL_OBJECT:
		put_object(to, text);
		break;
	}
}

static void put_json_row(struct writer *to, const struct table *table, size_t row)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		put(to, i ? ", " : "{");
		put_json_text(to, table_column(table, i), strlen(table_column(table, i)));
		put(to, ": ");
		put_json_cell(to, table, cell_at(table, row, i));
	}
	put(to, "}");
}

/* A head's value, of one that is longer than @most bytes the beginning. */
static void put_head_value(struct writer *to, const char *value, size_t most)
{
	size_t len = strlen(value);
	struct blob cut = { 0 };

	if (len <= most) {
		put_json_text(to, value, len);
		return;
	}
	if (to->rc == 0)
		to->rc = blob_append(&cut, value, utf8_cut(value, len, most));
	if (to->rc == 0)
		to->rc = blob_append(&cut, "...", 3);
	put_json_text(to, (const char *)cut.data, cut.len);
	blob_free(&cut);
}

/* One object: every head that has the name of heads[first]. */
static void put_head(struct writer *to, const struct table *table, const struct head heads[],
		     size_t n, size_t first, size_t most)
{
	const char *object = word_at(table, heads[first].object);
	const char *separator = "{";

	put_json_text(to, object, strlen(object));
	put(to, ": ");
	for (size_t i = first; i < n; i++) {
		const char *key = word_at(table, heads[i].key);
		const char *value = word_at(table, heads[i].value);

		if (strcmp(word_at(table, heads[i].object), object) != 0)
			continue;
		put(to, separator);
		put_json_text(to, key, strlen(key));
		put(to, ": ");
		if (heads[i].number)
			put(to, value);
		else if (heads[i].has_value)
			put_head_value(to, value, most);
		else
			put(to, "null");
		separator = ", ";
	}
	put(to, "}");
}

/* All objects, @between them, of values at most @most bytes; returns how many. */
static size_t put_heads(struct writer *to, const struct table *table, const char *between,
			size_t most)
{
	const struct head *heads = (const struct head *)(void *)table->heads.data;
	size_t n_heads = table->heads.len / sizeof(struct head), n = 0;

	for (size_t i = 0; i < n_heads; i++) {
		const char *object = word_at(table, heads[i].object);
		size_t first = 0;
		while (strcmp(word_at(table, heads[first].object), object) != 0)
			first++;
		if (first != i)
			continue; /* it is written with the first of that name */
		put(to, n++ ? between : "");
		put_head(to, table, heads, n_heads, i, most);
	}
	return n;
}

static void put_json_begin(struct writer *to, const struct table *table)
{
	put(to, "{");
	put(to, put_heads(to, table, ", ", SIZE_MAX) > 0 ? ", " : "");
	put(to, "\"rows\": [");
}

/* Those that are kept. */
static void put_json_rows(struct writer *to, const struct table *table)
{
	for (size_t row = table->gone; row < table->n_rows; row++) {
		put(to, row ? ",\n" : "\n");
		put_json_row(to, table, row);
	}
}

#define JSON_END "]}\n"

int table_json(const struct table *table, struct blob *out)
{
	struct writer to = { .out = out };

	assert(!table->stream);
	if (table->failed)
		return -ENOMEM;
	put_json_begin(&to, table);
	put_json_rows(&to, table);
	put(&to, JSON_END);
	return to.rc;
}

/* The characters of @json[@len] that are not ASCII stand in its texts: \uXXXX there. */
static void put_ascii(struct writer *to, const char *json, size_t len)
{
	size_t n;

	for (size_t i = 0; i < len && to->rc == 0; i += n) {
		char text[16];
		uint32_t code;

		n = utf8_char(json + i, len - i);
		code = utf8_code(json + i, n);
		if (n == 1)
			(void)snprintf(text, sizeof(text), "%c", json[i]);
		else if (code < 0x10000)
			(void)snprintf(text, sizeof(text), "\\u%04x", (unsigned)code);
		else
			(void)snprintf(text, sizeof(text), "\\u%04x\\u%04x",
				       (unsigned)(0xd800 + ((code - 0x10000) >> 10)),
				       (unsigned)(0xdc00 + ((code - 0x10000) & 0x3ff)));
		put(to, text);
	}
}

int table_heads_ascii(const struct table *table, size_t max, struct blob *out)
{
	static const size_t most[] = { SIZE_MAX, 240, 40 }; /* bytes of a value, one after the
							       other until all fits */
	int rc = table->failed ? -ENOMEM : 0;

	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]) && rc == 0; i++) {
		struct blob json = { 0 }, ascii = { 0 };
		struct writer to = { .out = &json }, told = { .out = &ascii };

		put(&to, "{");
		size_t n = put_heads(&to, table, ", ", most[i]);
		put(&to, "}");
		if (to.rc == 0 && n > 0)
			put_ascii(&told, (const char *)json.data, json.len);
		bool fits = ascii.len <= max;
		rc = to.rc < 0 ? to.rc : told.rc;
		if (rc == 0 && fits)
			rc = blob_append(out, ascii.data, ascii.len);
		blob_free(&json);
		blob_free(&ascii);
		if (fits)
			break;
	}
	return rc;
}

static void put_csv_field(struct writer *to, const char *text)
{
	if (*text && !strpbrk(text, ",\"\r\n\t") && *text != ' ' && text[strlen(text) - 1] != ' ') {
		put(to, text);
		return;
	}
	put(to, "\"");
	for (const char *at = text; *at && to->rc == 0;) {
		size_t len = strcspn(at, "\"");

		to->rc = blob_append(to->out, at, len);
		at += len;
		if (*at) {
			put(to, "\"\"");
			at++;
		}
	}
	put(to, "\"");
}

static void put_csv_begin(struct writer *to, const struct table *table)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		put(to, i ? "," : "");
		put_csv_field(to, table_column(table, i));
	}
	put(to, "\n");
}

static void put_csv_rows(struct writer *to, const struct table *table)
{
	for (size_t row = table->gone; row < table->n_rows; row++) {
		for (size_t i = 0; i < table->n_columns; i++) {
			const char *text = table_cell(table, row, i);

			put(to, i ? "," : "");
			if (text)
				put_csv_field(to, text);
		}
		put(to, "\n");
	}
}

int table_csv(const struct table *table, struct blob *out)
{
	struct writer to = { .out = out };

	assert(!table->stream);
	if (table->failed)
		return -ENOMEM;
	put_csv_begin(&to, table);
	put_csv_rows(&to, table);
	return to.rc;
}

/* --- streamed --- */

void table_stream(struct table *table, const struct table_stream *stream)
{
	assert(table->n_rows == 0);
	table->stream = stream;
}

bool table_is_streamed(const struct table *table)
{
	return table->stream != NULL;
}

static void give(struct table *table)
{
	if (table->rc == 0 && table->out.len > 0)
		table->rc = table->stream->take(table->stream->context, table->out.data,
						table->out.len);
	table->out.len = 0;
}

/* The last row is complete: it is kept no more. */
static void send_rows(struct table *table)
{
	struct writer to = { .out = &table->out, .rc = table->rc };

	if (table->failed)
		return;
	if (table->stream->csv)
		put_csv_rows(&to, table);
	else
		put_json_rows(&to, table);
	table->rc = to.rc;
	table->gone = table->n_rows;
	table->cells.len = table->texts.len = 0;
	if (table->out.len >= STREAM_PIECE)
		give(table);
	table->failed = table->rc < 0;
}

int table_stream_end(struct table *table, struct blob *before, struct blob *behind)
{
	struct writer to = { .out = before };

	send_rows(table);
	give(table);
	if (table->rc < 0 || table->failed)
		return table->rc < 0 ? table->rc : -ENOMEM;
	if (table->stream->csv)
		put_csv_begin(&to, table);
	else
		put_json_begin(&to, table);
	to.out = behind;
	put(&to, table->stream->csv ? "" : JSON_END);
	return to.rc;
}
