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

struct survey {
	const struct headings *headings;
	struct blob head;              /* raw; until the reader is there */
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

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* The unit that cell @i names for the figures around it. What does not fit is cut: it is no unit
 * then, and asked about. */
static void note_unit(const struct csv_row *row, size_t i, char units[DIALECT_UNITS_MAX])
{
	char unit[MEASURE_MAX];
	size_t next = i + 1, len = strlen(units);
	while (next < row->n && !*row->fields[next])
		next++;
	if (!measure_said(row->fields[i], next < row->n ? row->fields[next] : "", unit))
		return;
	(void)utf8_print(units + len, DIALECT_UNITS_MAX - len, "\n%s", unit);
}

static struct candidate candidate_of(const struct survey *survey, const struct csv_row *row)
{
	struct columns columns;
	struct candidate c = { .line = row->line,
			       .n = row->n,
			       .separator = survey->trying.separator,
			       .title = survey->trying.title };
	if (survey->trying.sure_row > 0 && survey->trying.rows > survey->trying.sure_row)
		c.earlier = survey->trying.sure_line;
	memcpy(c.units, survey->trying.units, sizeof(c.units));
	for (size_t i = 0; i < row->n; i++) {
		bool known = headings_find(survey->headings, row->fields[i]).role != ROLE_NONE;
		c.known += known;
		c.filled += row->fields[i][0] != '\0';
		c.foreign |= known && !is_ascii(row->fields[i]);
	}
	c.sure = c.known > 0 && columns_read(survey->headings, row, &columns, NULL) == 0;
	if (c.sure)
		columns_free(&columns);
	return c;
}

/* Of sure ones the fullest, then the first. Of others, for the complaint: one with two known names,
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
	struct survey *survey = context;
	struct candidate candidate = candidate_of(survey, row);
	if (is_better(&candidate, &survey->best))
		survey->best = candidate;
	if (candidate.sure && survey->trying.sure_row == 0) {
		survey->trying.sure_row = survey->trying.rows + 1;
		survey->trying.sure_line = row->line;
	}
	title_read_row(&survey->trying.title, row);
	for (size_t i = 0; i < row->n; i++)
		note_unit(row, i, survey->trying.units);
	return ++survey->trying.rows < HEADER_ROWS ? 0 : err_set(err, -ECANCELED, "%s", "");
}

static int try_separator(struct survey *survey, const struct blob *text, char separator,
			 struct err *err)
{
	struct csv_reader *csv;
	int rc = csv_reader_open(separator, on_head_row, survey, &csv, err);
	if (rc < 0)
		return rc;
	survey->trying.separator = separator;
	survey->trying.rows = survey->trying.sure_row = 0;
	survey->trying.title = (struct title){ 0 };
	survey->trying.units[0] = '\0';
	struct err broken = { 0 };
	rc = csv_reader_feed(csv, (const char *)text->data, text->len, &broken);
	if (rc == 0 && survey->head.len < HEAD_MAX)
		rc = csv_reader_end(csv, &broken);
	csv_reader_close(csv);
	if (rc == -EINVAL && !*survey->broken.text) {
		survey->broken = broken;
		survey->broken_separator = separator;
	}
	return rc == -ENOMEM ? err_memory(err) : 0;
}

/* Some file breaks by a separator that is not its own. That counts where no other parts a line;
 * where its own does, the reading proper tells it. */
static bool is_broken(const struct survey *survey)
{
	return *survey->broken.text && survey->best.known == 0 &&
	       (survey->best.filled < 2 || survey->best.separator == survey->broken_separator);
}

static int find_header(struct survey *survey, const struct blob *text, struct err *err)
{
	char told = separator_told((const char *)text->data, text->len);
	int rc = charset_refuse_markup((const char *)text->data, text->len, err);
	if (rc == 0 && told)
		rc = try_separator(survey, text, told, err);
	for (size_t i = 0; !told && SEPARATORS[i] && rc == 0; i++)
		rc = try_separator(survey, text, SEPARATORS[i], err);
	if (rc < 0)
		return rc;
	if (is_broken(survey))
		return err_set(err, -EINVAL, "%s", survey->broken.text);
	if (survey->best.line == 0)
		return err_set(err, -EINVAL,
			       "line 1: there is no header line with the names of the columns");
	if (survey->best.sure && survey->best.earlier > 0)
		return err_set(err, -EINVAL,
			       "lines %u and %u are both the header of a table; hand in each table "
			       "in a file of its own",
			       survey->best.earlier, survey->best.line);
	survey->dialect.separator = survey->best.separator;
	survey->dialect.header_line = survey->best.line;
	survey->dialect.title = survey->best.title;
	memcpy(survey->dialect.units, survey->best.units, sizeof(survey->dialect.units));
	return 0;
}

/* --- the whole file --- */

static void ask_number(struct survey *survey, const char *text)
{
	enum numeral numeral = numeral_look(text);
	survey->comma |= numeral == NUMERAL_COMMA;
	survey->point |= numeral == NUMERAL_POINT;
}

/* A metric's own unit is compared with it alone, where its name is read. */
static bool may_say_unit(const struct survey *survey, const struct csv_row *row, size_t i)
{
	enum role role = survey->had_header && i < survey->columns.n
				 ? survey->columns.list[i].heading.role
				 : ROLE_NONE;
	return *row->fields[i] && role != ROLE_UNIT && role != ROLE_DIMENSION &&
	       !role_is_figure(role) && !headings_find(survey->headings, row->fields[i]).metric;
}

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct survey *survey = context;
	for (size_t i = 0; i < row->n; i++)
		if (may_say_unit(survey, row, i))
			note_unit(row, i, survey->dialect.units);
	if (survey->had_header && !survey->begun) {
		bool taken;
		int rc = subheadings_read(&survey->columns, row, &taken, err);
		survey->begun = true;
		if (rc < 0 || taken)
			return rc;
	}
	if (!survey->had_header) {
		survey->had_header = true;
		for (size_t i = 0; i < row->n; i++) /* days across */
			survey->dialect.month_first |= period_month_first(row->fields[i]);
		return columns_read(survey->headings, row, &survey->columns, err);
	}
	for (size_t i = 0; i < row->n && i < survey->columns.n; i++) {
		enum role role = survey->columns.list[i].heading.role;
		if (role_is_figure(role))
			ask_number(survey, row->fields[i]);
		else if (role == ROLE_PERIOD && !survey->dialect.month_first)
			survey->dialect.month_first = period_month_first(row->fields[i]);
	}
	return 0;
}

/* Any bytes are Windows-1258: only a known name that reads well in it makes it certain. */
static int confirm_charset(const struct survey *survey, struct err *err)
{
	if (survey->dialect.charset != CHARSET_WINDOWS_1258 ||
	    (survey->best.sure && survey->best.foreign))
		return 0;
	return err_set(err, -EINVAL,
		       "this is not UTF-8, and no Vietnamese column name tells what else it is; "
		       "save the table as 'CSV UTF-8 (comma delimited)'");
}

/* Text for the fonts of before Unicode, in bytes that are not UTF-8: each byte is the character of
 * Latin-1 that stands for a letter. Only a known name makes it certain. */
static int refuse_old_font(const struct survey *survey, struct err *err)
{
	const uint8_t *bytes = survey->head.data;
	char cell[2 * VIET_KEY_MAX];
	size_t len = 0;
	for (size_t i = 0; i <= survey->head.len; i++) {
		bool end = i == survey->head.len || strchr(",;|\t\r\n\"", bytes[i]);
		if (!end && len + 3 < sizeof(cell)) {
			if (bytes[i] >= 0x80)
				cell[len++] = (char)(0xc0 | bytes[i] >> 6);
			cell[len++] = (char)(bytes[i] < 0x80 ? bytes[i] : 0x80 | (bytes[i] & 0x3f));
		}
		if (!end)
			continue;
		cell[len] = '\0';
		const char *font = len > 0 ? headings_font(survey->headings, cell) : NULL;
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

static int decode_head(struct survey *survey, struct blob *text, struct err *err)
{
	struct decoder *decoder;
	int rc = decoder_open(survey->dialect.charset, &decoder, err);
	if (rc < 0)
		return rc;
	rc = decoder_feed(decoder, survey->head.data, survey->head.len, text, err);
	if (rc == 0 && survey->head.len < HEAD_MAX)
		rc = decoder_end(decoder, text, err);
	decoder_close(decoder);
	return rc;
}

/* The head is there, or all of a short file. */
static int begin(struct survey *survey, struct err *err)
{
	struct blob text = { 0 };
	int rc = charset_guess(survey->head.data, survey->head.len, &survey->dialect.charset, err);
	if (rc == 0 && survey->dialect.charset == CHARSET_WINDOWS_1258)
		rc = refuse_old_font(survey, err);
	if (rc == 0)
		rc = decode_head(survey, &text, err);
	if (rc == 0)
		rc = find_header(survey, &text, err);
	blob_free(&text);
	if (rc == 0)
		rc = confirm_charset(survey, err);
	if (rc == 0)
		rc = dialect_reader_open(&survey->dialect, on_row, survey, &survey->reader, err);
	if (rc == 0)
		rc = dialect_reader_feed(survey->reader, survey->head.data, survey->head.len, err);
	blob_free(&survey->head);
	return rc;
}

int survey_open(const struct headings *headings, struct survey **ret_survey, struct err *err)
{
	struct survey *survey = calloc(1, sizeof(*survey));
	if (!survey)
		return err_memory(err);
	survey->headings = headings;
	*ret_survey = survey;
	return 0;
}

int survey_feed(struct survey *survey, const void *bytes, size_t len, struct err *err)
{
	if (survey->reader)
		return dialect_reader_feed(survey->reader, bytes, len, err);
	if (blob_append(&survey->head, bytes, len) < 0)
		return err_memory(err);
	return survey->head.len < HEAD_MAX ? 0 : begin(survey, err);
}

static enum numeral mark_of(struct survey *survey)
{
	if (survey->comma || survey->point)
		return survey->comma && survey->point ? NUMERAL_EITHER
		       : survey->comma                ? NUMERAL_COMMA
						      : NUMERAL_POINT;
	if (survey->columns.n > 1 && survey->dialect.separator == ';') {
		survey->dialect.by_separator = true;
		return NUMERAL_COMMA;
	}
	bool comma_separated = survey->columns.n == 1 || survey->dialect.separator == ',';
	return survey->columns.plain && comma_separated ? NUMERAL_POINT : NUMERAL_EITHER;
}

int survey_end(struct survey *survey, struct dialect *ret_dialect, struct err *err)
{
	int rc = survey->reader ? 0 : begin(survey, err);
	if (rc == 0)
		rc = dialect_reader_end(survey->reader, err);
	if (rc < 0)
		return rc;
	survey->dialect.mark = mark_of(survey);
	*ret_dialect = survey->dialect;
	return 0;
}

void survey_close(struct survey *survey)
{
	if (!survey)
		return;
	blob_free(&survey->head);
	dialect_reader_close(survey->reader);
	columns_free(&survey->columns);
	free(survey);
}
