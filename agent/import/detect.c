/* 1. The file's first 64 KiB are gathered.
 * 2. From them: the encoding; then, by each separator, the rows are held against the headings, and
 *    the best one is the header.
 * 3. The whole file goes through a reader of that dialect; each cell of a figure or a period is
 *    asked what it tells. */
#include "import/detect.h"

#include "common/base/utf8.h"
#include "common/model/period_words.h"
#include "common/text/csv_commas.h"
#include "common/text/viet.h"
#include "import/columns.h"
#include "import/measure.h"
#include "import/subheadings.h"
#include "workbook/cells.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX    65536u
#define HEADER_ROWS 30u /* among which the header must be */

struct candidate {     /* a row that may be the header */
	bool sure;     /* it can be one, with all its names known */
	size_t known;  /* names */
	size_t filled; /* fields that are not empty */
	size_t n;
	unsigned line;
	unsigned earlier; /* line of one that is sure, with lines between the two; 0: none */
	char separator;
	bool foreign;                  /* a name in it is not ASCII */
	struct title title;            /* the lines before it */
	char units[DIALECT_UNITS_MAX]; /* that lines before it name */
};

struct detect {
	const struct headings *headings;
	struct blob head; /* raw; until the reader is there. Of a workbook: the first
			   * rows' cells, each its kind and its text with a NUL */
	struct row_kept { /* of a workbook */
		unsigned line;
		size_t at, n; /* in @head; fields */
	} rows[HEADER_ROWS];
	size_t n_rows;
	bool by_rows, chosen;          /* a workbook's; its header is known */
	struct dialect_reader *reader; /* NULL before the dialect is known */
	struct dialect dialect;
	struct candidate best;
	struct err broken;     /* of the first separator whose reading broke; "" */
	char broken_separator; /* that one */
	struct columns columns;
	bool had_header, begun; /* and the first row below it was met */
	bool comma, point;      /* a number needs this mark */
	struct {                /* while candidates are looked for */
		char separator;
		unsigned rows;
		unsigned sure_row, sure_line; /* the first that can be the header; 0: none yet */
		struct title title;
		char units[DIALECT_UNITS_MAX];
	} trying;
};

/* --- where is the header? --- */

/* The unit that cell @i names for the figures around it. What does not fit is cut: it is no unit
 * then, and asked about. */
static void note_unit(const struct terms *terms, const struct csv_row *row, size_t i,
		      char units[DIALECT_UNITS_MAX])
{
	char unit[MEASURE_MAX];
	size_t next = i + 1, len = strlen(units);
	while (next < row->n && !*row->fields[next])
		next++;
	if (!measure_said(terms, row->fields[i], next < row->n ? row->fields[next] : "", unit))
		return;
	(void)utf8_print(units + len, DIALECT_UNITS_MAX - len, "\n%s", unit);
}

static struct candidate candidate_of(const struct detect *detect, const struct csv_row *row)
{
	struct columns columns;
	struct err ignored; /* the row that is chosen in the end is read again */
	struct candidate c = { .line = row->line,
			       .n = row->n,
			       .separator = detect->trying.separator,
			       .title = detect->trying.title };
	if (detect->trying.sure_row > 0 && detect->trying.rows > detect->trying.sure_row)
		c.earlier = detect->trying.sure_line;
	memcpy(c.units, detect->trying.units, sizeof(c.units));
	for (size_t i = 0; i < row->n; i++) {
		bool known = headings_find(detect->headings, row->fields[i]).role != ROLE_NONE;
		c.known += known;
		c.filled += row->fields[i][0] != '\0';
		for (const char *at = row->fields[i]; known && *at; at++)
			c.foreign |= (unsigned char)*at >= 0x80;
	}
	c.sure = c.known > 0 && columns_read(detect->headings, row, &columns, &ignored) == 0;
	if (c.sure)
		columns_free(&columns);
	return c;
}

/* Of sure ones the fullest, then the first. Of others, for the error: one with two known names,
 * else with two fields, else the first at all. */
static bool is_better(const struct candidate *a, const struct candidate *b)
{
	unsigned a_class = a->sure ? 3 : a->known >= 2 ? 2 : a->filled >= 2;
	unsigned b_class = b->sure ? 3 : b->known >= 2 ? 2 : b->filled >= 2;
	if (b->line == 0 || a_class != b_class)
		return b->line == 0 || a_class > b_class;
	if (a->sure && a->known != b->known)
		return a->known > b->known;
	return a->line != b->line ? a->line < b->line : a->filled > b->filled;
}

static int on_head_row(void *context, const struct csv_row *row, struct err *err)
{
	struct detect *detect = context;
	struct candidate candidate = candidate_of(detect, row);
	if (is_better(&candidate, &detect->best))
		detect->best = candidate;
	if (candidate.sure && detect->trying.sure_row == 0) {
		detect->trying.sure_row = detect->trying.rows + 1;
		detect->trying.sure_line = row->line;
	}
	title_read_row(&detect->trying.title, row);
	for (size_t i = 0; i < row->n; i++)
		note_unit(headings_terms(detect->headings), row, i, detect->trying.units);
	return ++detect->trying.rows < HEADER_ROWS ? 0 : err_set(err, -ECANCELED, "%s", "");
}

static int try_separator(struct detect *detect, const struct blob *text, char separator,
			 struct err *err)
{
	struct csv_reader *csv;
	int rc = csv_reader_open(separator, on_head_row, detect, &csv, err);
	if (rc < 0)
		return rc;
	detect->trying.separator = separator;
	detect->trying.rows = detect->trying.sure_row = 0;
	detect->trying.title = (struct title){ 0 };
	detect->trying.units[0] = '\0';
	struct err broken = { 0 };
	rc = csv_reader_feed(csv, (const char *)text->data, text->len, &broken);
	if (rc == 0 && detect->head.len < HEAD_MAX)
		rc = csv_reader_end(csv, &broken);
	csv_reader_close(csv);
	if (rc == -EINVAL && !*detect->broken.text) {
		detect->broken = broken;
		detect->broken_separator = separator;
	}
	return rc == -ENOMEM ? err_memory(err) : 0;
}

static int choose_header(struct detect *detect, struct err *err)
{
	/* Some file breaks by a separator that is not its own. That counts where no other parts a
	 * line; where its own does, the reading proper tells it. */
	if (*detect->broken.text && detect->best.known == 0 &&
	    (detect->best.filled < 2 || detect->best.separator == detect->broken_separator))
		return err_set(err, -EINVAL, "%s", detect->broken.text);
	if (detect->best.line == 0)
		return err_set(err, -EINVAL,
			       "line 1: there is no header line with the names of the columns");
	if (detect->best.sure && detect->best.earlier > 0)
		return err_set(err, -EINVAL,
			       "lines %u and %u are both the header of a table; hand in each table "
			       "in a file of its own",
			       detect->best.earlier, detect->best.line);
	detect->dialect.separator = detect->best.separator;
	detect->dialect.header_line = detect->best.line;
	detect->dialect.title = detect->best.title;
	memcpy(detect->dialect.units, detect->best.units, sizeof(detect->dialect.units));
	return 0;
}

static int find_header(struct detect *detect, const struct blob *text, struct err *err)
{
	char told = separator_told((const char *)text->data, text->len);
	int rc = charset_refuse_markup((const char *)text->data, text->len, err);
	if (rc == 0 && told)
		rc = try_separator(detect, text, told, err);
	for (size_t i = 0; !told && SEPARATORS[i] && rc == 0; i++)
		rc = try_separator(detect, text, SEPARATORS[i], err);
	return rc < 0 ? rc : choose_header(detect, err);
}

/* --- the whole file --- */

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct detect *detect = context;
	for (size_t i = 0; i < row->n; i++) {
		enum role role = detect->had_header && i < detect->columns.n
					 ? detect->columns.list[i].heading.role
					 : ROLE_NONE;
		/* A metric's own unit is compared with it alone, where its name is read. */
		if (*row->fields[i] && role != ROLE_UNIT && role != ROLE_DIMENSION &&
		    !role_is_figure(role) &&
		    !headings_find(detect->headings, row->fields[i]).metric)
			note_unit(headings_terms(detect->headings), row, i, detect->dialect.units);
	}
	if (detect->had_header && !detect->begun) {
		bool taken;
		int rc = subheadings_read(&detect->columns, row, &taken, err);
		detect->begun = true;
		if (rc < 0 || taken)
			return rc;
	}
	if (!detect->had_header) {
		detect->had_header = true;
		for (size_t i = 0; i < row->n; i++) /* days across */
			detect->dialect.month_first |= period_month_first(row->fields[i]);
		return columns_read(detect->headings, row, &detect->columns, err);
	}
	for (size_t i = 0; i < row->n && i < detect->columns.n; i++) {
		enum role role = detect->columns.list[i].heading.role;
		if (role_is_figure(role) && (!row->kinds || row->kinds[i] == CELL_TEXT)) {
			enum numeral numeral = numeral_look(row->fields[i]);
			detect->comma |= numeral == NUMERAL_COMMA;
			detect->point |= numeral == NUMERAL_POINT;
		} else if (role == ROLE_PERIOD && !detect->dialect.month_first) {
			detect->dialect.month_first = period_month_first(row->fields[i]);
		}
	}
	return 0;
}

/* Any bytes are Windows-1258: only a known name that reads well in it makes it certain. */
static int confirm_charset(const struct detect *detect, struct err *err)
{
	if (detect->dialect.charset != CHARSET_WINDOWS_1258 ||
	    (detect->best.sure && detect->best.foreign))
		return 0;
	return err_set(err, -EINVAL,
		       "this is not UTF-8, and no Vietnamese column name tells what else it is; "
		       "save the table as 'CSV UTF-8 (comma delimited)'");
}

/* Text for the fonts of before Unicode, in bytes that are not UTF-8: each byte is the character of
 * Latin-1 that stands for a letter. Only a known name makes it certain. */
static int refuse_old_font(const struct detect *detect, struct err *err)
{
	const uint8_t *bytes = detect->head.data;
	char cell[2 * VIET_KEY_MAX];
	size_t len = 0;
	for (size_t i = 0; i <= detect->head.len; i++) {
		bool end = i == detect->head.len || strchr(",;|\t\r\n\"", bytes[i]);
		if (!end && len + 3 < sizeof(cell)) {
			if (bytes[i] >= 0x80)
				cell[len++] = (char)(0xc0 | bytes[i] >> 6);
			cell[len++] = (char)(bytes[i] < 0x80 ? bytes[i] : 0x80 | (bytes[i] & 0x3f));
		}
		if (!end)
			continue;
		cell[len] = '\0';
		const char *font = len > 0 ? headings_font(detect->headings, cell) : NULL;
		if (font)
			return err_set(
				err, -EINVAL,
				"this text is written in %s, from before Unicode; convert the "
				"table to Unicode (Unikey does it: Ctrl+Shift+F6), and save it "
				"as 'CSV UTF-8 (comma delimited)'",
				font);
		len = 0;
	}
	return 0;
}

static int decode_head(struct detect *detect, struct blob *text, struct err *err)
{
	struct decoder *decoder;
	int rc = decoder_open(detect->dialect.charset, &decoder, err);
	if (rc < 0)
		return rc;
	rc = decoder_feed(decoder, detect->head.data, detect->head.len, text, err);
	if (rc == 0 && detect->head.len < HEAD_MAX)
		rc = decoder_end(decoder, text, err);
	decoder_close(decoder);
	return rc;
}

/* The head is there, or all of a short file. */
static int begin(struct detect *detect, struct err *err)
{
	struct blob text = { 0 };
	int rc = charset_guess(detect->head.data, detect->head.len, &detect->dialect.charset, err);
	if (rc == 0 && detect->dialect.charset == CHARSET_WINDOWS_1258)
		rc = refuse_old_font(detect, err);
	if (rc == 0)
		rc = decode_head(detect, &text, err);
	if (rc == 0)
		rc = find_header(detect, &text, err);
	blob_free(&text);
	if (rc == 0)
		rc = confirm_charset(detect, err);
	if (rc == 0)
		rc = dialect_reader_open(&detect->dialect, on_row, detect, &detect->reader, err);
	if (rc == 0)
		rc = dialect_reader_feed(detect->reader, detect->head.data, detect->head.len, err);
	blob_free(&detect->head);
	return rc;
}

int detect_open(const struct headings *headings, struct detect **ret_detect, struct err *err)
{
	struct detect *detect = calloc(1, sizeof(*detect));
	if (!detect)
		return err_memory(err);
	detect->headings = headings;
	*ret_detect = detect;
	return 0;
}

int detect_feed(struct detect *detect, const void *bytes, size_t len, struct err *err)
{
	if (detect->reader)
		return dialect_reader_feed(detect->reader, bytes, len, err);
	if (blob_append(&detect->head, bytes, len) < 0)
		return err_memory(err);
	return detect->head.len < HEAD_MAX ? 0 : begin(detect, err);
}

/* --- rows of a workbook --- */

static int keep_row(struct detect *detect, const struct csv_row *row, struct err *err)
{
	detect->rows[detect->n_rows++] = (struct row_kept){ row->line, detect->head.len, row->n };
	for (size_t i = 0; i < row->n; i++)
		if (blob_append(&detect->head, row->kinds ? &row->kinds[i] : "t", 1) < 0 ||
		    blob_append(&detect->head, row->fields[i], strlen(row->fields[i]) + 1) < 0)
			return err_memory(err);
	return 0;
}

/* The header among the rows that were kept; those from it on go the way of all that follow. */
static int begin_rows(struct detect *detect, struct err *err)
{
	const char *fields[CSV_COLUMNS_MAX];
	char kinds[CSV_COLUMNS_MAX];
	int rc = choose_header(detect, err);
	detect->chosen = true;
	for (size_t i = 0; i < detect->n_rows && rc == 0; i++) {
		struct csv_row row = { .line = detect->rows[i].line,
				       .n = detect->rows[i].n,
				       .fields = fields,
				       .kinds = kinds };
		const char *text = (const char *)detect->head.data + detect->rows[i].at;
		for (size_t k = 0; k < row.n; k++, text += strlen(text) + 1) {
			kinds[k] = *text++;
			fields[k] = text;
		}
		if (row.line >= detect->dialect.header_line)
			rc = on_row(detect, &row, err);
	}
	blob_free(&detect->head);
	return rc;
}

int detect_row(struct detect *detect, const struct csv_row *row, struct err *err)
{
	struct err full; /* on_head_row() says when it has seen enough */
	detect->by_rows = true;
	if (detect->chosen)
		return on_row(detect, row, err);
	int rc = keep_row(detect, row, err);
	if (rc == 0 && (on_head_row(detect, row, &full) < 0 || detect->head.len >= HEAD_MAX))
		rc = begin_rows(detect, err);
	return rc;
}

size_t detect_known(const struct detect *detect)
{
	return detect->best.known;
}

static enum numeral mark_of(struct detect *detect)
{
	if (detect->comma || detect->point)
		return detect->comma && detect->point ? NUMERAL_EITHER
		       : detect->comma                ? NUMERAL_COMMA
						      : NUMERAL_POINT;
	if (detect->columns.n > 1 && detect->dialect.separator == ';') {
		detect->dialect.by_separator = true;
		return NUMERAL_COMMA;
	}
	bool comma_separated = detect->columns.n == 1 || detect->dialect.separator == ',';
	return detect->columns.plain && comma_separated ? NUMERAL_POINT : NUMERAL_EITHER;
}

int detect_end(struct detect *detect, struct dialect *ret_dialect, struct err *err)
{
	int rc = 0;
	if (detect->by_rows)
		rc = detect->chosen ? 0 : begin_rows(detect, err);
	else if (!detect->reader)
		rc = begin(detect, err);
	if (rc == 0 && detect->reader)
		rc = dialect_reader_end(detect->reader, err);
	if (rc < 0)
		return rc;
	detect->dialect.mark = mark_of(detect);
	*ret_dialect = detect->dialect;
	return 0;
}

void detect_close(struct detect *detect)
{
	if (!detect)
		return;
	blob_free(&detect->head);
	dialect_reader_close(detect->reader);
	columns_free(&detect->columns);
	free(detect);
}
