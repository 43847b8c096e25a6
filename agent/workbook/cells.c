#include "workbook/cells.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST    "lantoa-cells 1"
#define LINE_MAX (CELLS_TEXT_MAX + 64u)

/* --- faults --- */

static const char *const faults[] = {
	[FAULT_PASSWORD] = N_("this workbook is locked with a password; save it without one, and "
			      "hand that in"),
	[FAULT_OLD] =
		N_("this workbook is of a program older than Excel 5, which is not read; open "
		   "it and save it as an Excel workbook (.xlsx)"),
	[FAULT_CODEPAGE] = N_("this workbook is written in an old code page that is not read; open "
			      "it and save it as an Excel workbook (.xlsx)"),
	[FAULT_DAMAGED] =
		N_("this workbook is damaged and cannot be read to its end; open it in the "
		   "spreadsheet program, save it again, and hand that in"),
	[FAULT_OPEN_DOCUMENT] =
		N_("this is an OpenDocument table (.ods), which is not read; save it "
		   "as an Excel workbook (.xlsx)"),
	[FAULT_BINARY] = N_("this is a binary workbook (.xlsb), which is not read; save it as an "
			    "Excel workbook (.xlsx)"),
	[FAULT_OTHER] = N_("this is not a workbook, whatever its name says; save the table as an "
			   "Excel workbook (.xlsx) or as 'CSV UTF-8 (comma delimited)'"),
	[FAULT_STRANGE] = N_("this workbook has parts that no spreadsheet program writes, so it is "
			     "not read; open it, save it again as an Excel workbook (.xlsx), and "
			     "hand that in"),
	[FAULT_MEMORY] = N_("this workbook takes more memory than its reader has; hand its sheets "
			    "in as files of their own"),
};

int workbook_fault_say(enum workbook_fault fault, const char *what, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (fault == FAULT_LARGE)
		return err_set(err, -EINVAL,
			       "this workbook is too large (%s); hand its sheets in as files of "
			       "their own, with only the figures",
			       utf8_excerpt(what, strlen(what), shown));
	return err_set(err, -EINVAL, "%s", _(faults[fault]));
}

/* --- writing --- */

/* A full pipe or a reader that is gone is met once, when all is flushed. */
static void put_text(FILE *out, const char *text, size_t len)
{
	len = utf8_cut(text, len, CELLS_TEXT_MAX - 1);
	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_char(text + i, len - i);
		if (n == 0 || (n == 1 && ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)) ||
		    !utf8_printable(text + i, n)) {
			bool blank = n == 1 && strchr("\t\r\n\v\f", text[i]) && text[i];
			(void)fputc(blank ? ' ' : '?', out);
			n = n ? n : 1;
		} else {
			(void)fwrite(text + i, 1, n, out);
		}
	}
	(void)fputc('\n', out);
}

void cells_begin(FILE *out)
{
	(void)fputs(FIRST "\n", out);
}

void cells_sheet(FILE *out, const char *name, bool hidden)
{
	(void)fprintf(out, "S\t%c\t", hidden ? 'h' : '-');
	put_text(out, name, strlen(name));
}

void cells_hidden_columns(FILE *out, unsigned first, unsigned last)
{
	(void)fprintf(out, "H\t%u\t%u\n", first, last);
}

void cells_row(FILE *out, unsigned row, bool hidden)
{
	(void)fprintf(out, "R\t%u\t%c\n", row, hidden ? 'h' : '-');
}

void cells_cell(FILE *out, unsigned column, enum cell_kind kind, const char *text, size_t len)
{
	(void)fprintf(out, "C\t%u\t%c\t", column, (int)kind);
	put_text(out, text, len);
}

void cells_end(FILE *out)
{
	(void)fputs("E\n", out);
}

void cells_fault(FILE *out, enum workbook_fault fault, const char *what)
{
	(void)fprintf(out, "X\t%d\t", (int)fault);
	put_text(out, what, strlen(what));
}

/* --- reading --- */

struct cells_reader {
	const struct cells_events *events;
	char line[LINE_MAX + 1];
	size_t len;
	bool begun, in_sheet, ended;
	unsigned sheets, row, column; /* so far; 0: none */
};

struct cells_reader *cells_reader_open(const struct cells_events *events)
{
	struct cells_reader *reader = calloc(1, sizeof(*reader));
	if (reader)
		reader->events = events;
	return reader;
}

void cells_reader_close(struct cells_reader *reader)
{
	free(reader);
}

static int no_cells(struct err *err)
{
	return err_set(err, -EPROTO,
		       "the program that reads workbooks gave an answer that cannot be right");
}

/* The field that *@at begins with, up to @most characters of it; *@at moves behind it. */
static char *take(char **at)
{
	char *field = *at, *tab = field ? strchr(field, '\t') : NULL;
	if (tab)
		*tab = '\0';
	*at = tab ? tab + 1 : NULL;
	return field;
}

/* From 1 to @max; 0: no such number. */
static unsigned number(const char *text, unsigned max)
{
	unsigned long n = 0;
	if (!text || !*text || strlen(text) > 7 || text[strspn(text, "0123456789")])
		return 0;
	n = strtoul(text, NULL, 10);
	return n <= max ? (unsigned)n : 0;
}

static int is_hidden(const char *flag) /* -1: no flag */
{
	if (!flag || !*flag || flag[1])
		return -1;
	return *flag == 'h' ? 1 : *flag == '-' ? 0 : -1;
}

static int take_sheet(struct cells_reader *reader, char *rest, struct err *err)
{
	int hidden = is_hidden(take(&rest));
	if (hidden < 0 || !rest || ++reader->sheets > CELLS_SHEETS_MAX)
		return no_cells(err);
	reader->in_sheet = true;
	reader->row = reader->column = 0;
	return reader->events->on_sheet(reader->events->context, rest, hidden, err);
}

static int take_hidden(struct cells_reader *reader, char *rest, struct err *err)
{
	unsigned first = number(take(&rest), CELLS_COLUMN_MAX);
	unsigned last = number(rest, CELLS_COLUMN_MAX);
	if (!reader->in_sheet || first == 0 || last < first)
		return no_cells(err);
	return reader->events->on_hidden_columns(reader->events->context, first, last, err);
}

static int take_row(struct cells_reader *reader, char *rest, struct err *err)
{
	unsigned row = number(take(&rest), CELLS_ROW_MAX);
	int hidden = is_hidden(rest);
	if (!reader->in_sheet || row <= reader->row || hidden < 0)
		return no_cells(err);
	reader->row = row;
	reader->column = 0;
	return reader->events->on_row(reader->events->context, row, hidden, err);
}

static int take_cell(struct cells_reader *reader, char *rest, struct err *err)
{
	unsigned column = number(take(&rest), CELLS_COLUMN_MAX);
	const char *kind = take(&rest);
	if (reader->row == 0 || column <= reader->column || !kind || !*kind || kind[1] ||
	    !strchr("tnpdefm", *kind) || !rest)
		return no_cells(err);
	reader->column = column;
	return reader->events->on_cell(reader->events->context, column, (enum cell_kind) * kind,
				       rest, err);
}

static int take_fault(char *rest, struct err *err)
{
	unsigned fault = number(take(&rest), FAULT_COUNT - 1);
	return fault == 0 || !rest ? no_cells(err)
				   : workbook_fault_say((enum workbook_fault)fault, rest, err);
}

/* A line, without its end. */
static int take_line(struct cells_reader *reader, struct err *err)
{
	char *line = reader->line, *rest = line + 2;
	line[reader->len] = '\0';
	for (size_t i = 0; i < reader->len; i++) /* tabs part, all else can be seen */
		if (line[i] == '\0' || ((unsigned char)line[i] < 0x20 && line[i] != '\t'))
			return no_cells(err);
	if (!utf8_valid(line, reader->len) || reader->ended)
		return no_cells(err);
	if (!reader->begun) {
		reader->begun = strcmp(line, FIRST) == 0;
		return reader->begun ? 0 : no_cells(err);
	}
	if (strcmp(line, "E") == 0) {
		reader->ended = true;
		return reader->events->on_end(reader->events->context, err);
	}
	if (reader->len < 3 || line[1] != '\t')
		return no_cells(err);
	switch (line[0]) {
	case 'S':
		return take_sheet(reader, rest, err);
	case 'H':
		return take_hidden(reader, rest, err);
	case 'R':
		return take_row(reader, rest, err);
	case 'C':
		return take_cell(reader, rest, err);
	case 'X':
		return take_fault(rest, err);
	default:
		return no_cells(err);
	}
}

int cells_reader_feed(struct cells_reader *reader, const char *text, size_t len, struct err *err)
{
	int rc = 0;
	while (len > 0 && rc == 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		if (reader->len + n > LINE_MAX)
			return no_cells(err);
		memcpy(reader->line + reader->len, text, n);
		reader->len += n;
		if (end) {
			rc = take_line(reader, err);
			reader->len = 0;
		}
		n += end != NULL;
		text += n;
		len -= n;
	}
	return rc;
}

int cells_reader_end(struct cells_reader *reader, struct err *err)
{
	return reader->ended ? 0 : no_cells(err);
}
