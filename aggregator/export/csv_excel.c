/* CSV that Excel opens by a double click and shows as it is meant. Which signs it goes by are those
 * of the Windows it runs on: a Vietnamese one writes 1.234,5 and parts fields by ';', an English
 * one 1,234.5 and ','. Without the byte order mark it takes UTF-8 for the old code page. */
#include "common/base/i18n.h"
#include "export/states.h"
#include "export/writer.h"

#include <string.h>

struct csv_excel {
	struct writer writer;
	char separator, point;
	size_t state; /* which column */
};

/* A cell that begins with one of these Excel would reckon, or hand to another program; with a quote
 * before it, it is text. (OWASP: CSV injection.) */
static bool is_formula(const char *text)
{
	return *text && strchr("=+-@\t\r\n", *text);
}

/* Digits that Excel shall not reckon with stay as they are: ="00123" is a text to it. */
static int put_digits(struct csv_excel *csv, const char *text, struct err *err)
{
	return sink_quoted(csv->writer.sink, "=\"", text, "\"", err);
}

/* "1234.5" with the point of the reader's language; as text where Excel would round it. */
static int put_number(struct csv_excel *csv, const char *text, struct err *err)
{
	char digits[NUMBER_MAX];
	char *point;

	if (strlen(text) >= sizeof(digits))
		return sink_quoted(csv->writer.sink, "'", text, "", err);
	strcpy(digits, text);
	point = strchr(digits, '.');
	if (point)
		*point = csv->point;
	return number_is_exact(text) ? sink_field(csv->writer.sink, digits, csv->separator, err)
				     : put_digits(csv, digits, err);
}

static int put_text(struct csv_excel *csv, const char *text, struct err *err)
{
	return is_formula(text) ? sink_quoted(csv->writer.sink, "'", text, "", err)
				: sink_field(csv->writer.sink, text, csv->separator, err);
}

/* 00123, 1E5 and 2025-06 are neither numbers nor dates. */
static int put_code(struct csv_excel *csv, const char *text, struct err *err)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789._-:";
	bool misread = *text && strchr("0123456789.-", *text) && strlen(text) < NUMBER_MAX &&
		       text[strspn(text, plain)] == '\0';

	return misread ? put_digits(csv, text, err) : put_text(csv, text, err);
}

static int put_cell(struct csv_excel *csv, size_t i, const char *text, struct err *err)
{
	enum column_kind kind = csv->writer.columns->kinds[i];
	const struct state_words *words;

	if (!text)
		return 0;
	if (kind == COLUMN_NUMBER && number_is(text))
		return put_number(csv, text, err);
	if (kind == COLUMN_CODE || kind == COLUMN_PERIOD)
		return put_code(csv, text, err);
	if (kind == COLUMN_WORD && *text)
		text = _(text);
	words = i == csv->state ? state_words_find(text) : NULL;
	return put_text(csv, words ? _(words->called) : text, err);
}

static int put_row(struct csv_excel *csv, const char *const cells[], bool header, struct err *err)
{
	const struct columns *columns = csv->writer.columns;
	struct sink *sink = csv->writer.sink;
	int rc = 0;

	for (size_t i = 0; i < columns->n && rc == 0; i++) {
		rc = i ? sink_put(sink, &csv->separator, 1, err) : 0;
		if (rc == 0)
			rc = header ? put_text(csv, columns_called(columns, i), err)
				    : put_cell(csv, i, cells[i], err);
	}
	return rc == 0 ? sink_text(sink, "\r\n", err) : rc;
}

static int begin(struct writer *writer, struct err *err)
{
	struct csv_excel *csv = (struct csv_excel *)writer;
	bool vietnamese = strcmp(language_tag(), "vi") == 0;
	int rc = sink_text(writer->sink, "\xef\xbb\xbf", err);

	csv->separator = vietnamese ? ';' : ',';
	csv->point = vietnamese ? ',' : '.';
	csv->state = columns_find(writer->columns, "state");
	return rc == 0 ? put_row(csv, NULL, true, err) : rc;
}

static int row(struct writer *writer, const char *const cells[], struct err *err)
{
	return put_row((struct csv_excel *)writer, cells, false, err);
}

static int finish(struct writer *writer, struct err *err)
{
	(void)writer;
	(void)err;
	return 0;
}

const struct writer_kind writer_csv_excel = {
	.size = sizeof(struct csv_excel), .begin = begin, .row = row, .finish = finish
};
