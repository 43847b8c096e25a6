/* An answer as a workbook of three sheets: the figures as people read them (common/text/pivot.h),
 * where there are any; all rows with all columns, as programs read them; and notes, which say what
 * was asked, of when and under which borders, who is missing, and what the signs mean. No cell is
 * merged, no row is blank, and none holds a formula. */
#include "common/base/i18n.h"
#include "common/model/civil.h"
#include "common/text/pivot.h"
#include "export/states.h"
#include "export/writer.h"
#include "export/xlsx.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASONS_MAX 500u /* different ones that the notes list; more are counted */

struct reason {
	char *text; /* owned */
	uint64_t n;
};

struct workbook {
	struct writer writer;
	struct xlsx xlsx;
	struct table *figures; /* owned: the rows, by kept[]; NULL where they are none */
	struct pivot pivot;
	lxw_worksheet *shown, *all, *notes; /* shown: NULL where the rows are no figures */
	size_t n_rows, n_noted;
	unsigned decimals; /* of values, as they are shown; more where one has more */
	size_t kept[16];   /* columns of the answer, as kept[] names them */
	size_t label, period, value, state, reason, due, reported, missing, row;
	int64_t n_due[2], n_reported[2], n_missing[2]; /* [1]: of rows that are totals */
	bool has_totals;
	struct reason reasons[REASONS_MAX];
	size_t n_reasons;
	uint64_t n_more; /* rows with a reason that is not listed */
};

static const char *cell(const char *const cells[], size_t column)
{
	return column == COLUMN_NONE ? NULL : cells[column];
}

/* What the sheet of figures is made of. */
static const char *const kept[] = { "area",   "valid_from", "name",  "label", "label_name",
				    "period", "metric",     "value", "state", "row" };
#define N_KEPT (sizeof(kept) / sizeof(kept[0]))

static void find_columns(struct workbook *book)
{
	const struct columns *columns = book->writer.columns;

	for (size_t i = 0; i < N_KEPT; i++)
		book->kept[i] = columns_find(columns, kept[i]);
	book->label = columns_find(columns, "label");
	book->period = columns_find(columns, "period");
	book->value = columns_find(columns, "value");
	book->state = columns_find(columns, "state");
	book->reason = columns_find(columns, "reason");
	book->due = columns_find(columns, "due");
	book->reported = columns_find(columns, "reported");
	book->missing = columns_find(columns, "missing");
	book->row = columns_find(columns, "row");
}

static double width_of(enum column_kind kind)
{
	switch (kind) {
	case COLUMN_CODE:
	case COLUMN_PERIOD:
		return 12;
	case COLUMN_NUMBER:
		return 14;
	case COLUMN_TIME:
		return 18;
	case COLUMN_TEXT:
	case COLUMN_WORD:
		break;
	}
	return 30;
}

/* A table with those of kept[] that the answer has. */
static int open_figures(struct workbook *book, struct err *err)
{
	const char *names[N_KEPT];
	size_t n = 0;

	for (size_t i = 0; i < N_KEPT; i++)
		if (book->kept[i] != COLUMN_NONE)
			names[n++] = kept[i];
	book->figures = table_open(names, n);
	return book->figures ? 0 : err_memory(err);
}

static int begin(struct writer *writer, struct err *err)
{
	struct workbook *book = (struct workbook *)writer;
	const struct columns *columns = writer->columns;
	const char *decimals = head_text(writer->head, "query", "decimals");
	int rc = 0;

	find_columns(book);
	if (decimals && strlen(decimals) == 1 && *decimals <= '3') /* not of an indicator */
		book->decimals = (unsigned)(*decimals - '0');
	rc = xlsx_open(&book->xlsx, err);
	if (rc == 0 && book->value != COLUMN_NONE && book->period != COLUMN_NONE)
		rc = xlsx_sheet(&book->xlsx, _("Figures"), &book->shown, err);
	if (rc == 0 && book->shown)
		rc = open_figures(book, err);
	if (rc == 0)
		rc = xlsx_sheet(&book->xlsx, _("All rows"), &book->all, err);
	if (rc == 0)
		rc = xlsx_sheet(&book->xlsx, _("Notes"), &book->notes, err);
	for (size_t i = 0; i < columns->n && rc == 0; i++) {
		(void)worksheet_set_column(book->all, (lxw_col_t)i, (lxw_col_t)i,
					   width_of(columns->kinds[i]), NULL); /* it is there */
		rc = xlsx_text(book->all, 0, i, columns_called(columns, i), book->xlsx.header, err);
	}
	return rc;
}

/* --- all rows --- */

static int put_cell(struct workbook *book, size_t i, const char *text, struct err *err)
{
	const struct state_words *state = text && i == book->state ? state_words_find(text) : NULL;

	if (text && book->writer.columns->kinds[i] == COLUMN_NUMBER && number_is(text))
		return xlsx_number(&book->xlsx, book->all, book->n_rows, i, text,
				   i == book->value ? book->decimals : 0, false, err);
	if (text && *text && book->writer.columns->kinds[i] == COLUMN_WORD)
		text = _(text);
	return xlsx_text(book->all, book->n_rows, i, state ? _(state->called) : text, NULL, err);
}

static int note_reason(struct workbook *book, const char *text, struct err *err)
{
	size_t i = 0;

	while (i < book->n_reasons && strcmp(book->reasons[i].text, text) != 0)
		i++;
	if (i == REASONS_MAX) {
		book->n_more++;
		return 0;
	}
	if (i == book->n_reasons) {
		book->reasons[i].text = strdup(text);
		if (!book->reasons[i].text)
			return err_memory(err);
		book->n_reasons++;
	}
	book->reasons[i].n++;
	return 0;
}

static int64_t count_of(const char *const cells[], size_t column)
{
	const char *text = cell(cells, column);

	return text ? strtoll(text, NULL, 10) : 0;
}

static int lay_out(struct workbook *book, const char *const cells[], struct err *err)
{
	table_row(book->figures);
	for (size_t i = 0; i < N_KEPT; i++)
		if (book->kept[i] != COLUMN_NONE)
			table_text(book->figures, cells[book->kept[i]]);
	return table_failed(book->figures) ? err_memory(err) : 0;
}

static int row(struct writer *writer, const char *const cells[], struct err *err)
{
	struct workbook *book = (struct workbook *)writer;
	const char *reason = cell(cells, book->reason), *kind = cell(cells, book->row);
	bool total = kind && strncmp(kind, "total", 5) == 0;
	int rc = reason ? note_reason(book, reason, err) : 0;

	if (++book->n_rows > XLSX_ROWS_MAX)
		return err_set(err, -E2BIG,
			       "the answer has more rows than a sheet of a workbook takes; ask "
			       "for less, or choose csv");
	for (size_t i = 0; i < writer->columns->n && rc == 0; i++)
		rc = put_cell(book, i, cells[i], err);
	book->has_totals |= total;
	book->n_due[total] += count_of(cells, book->due);
	book->n_reported[total] += count_of(cells, book->reported);
	book->n_missing[total] += count_of(cells, book->missing);
	return rc == 0 && book->shown ? lay_out(book, cells, err) : rc;
}

/* --- figures side by side --- */

/* What stands where there is no figure: never a zero, and never nothing where somebody was due. */
static const char *sign_of(const struct state_words *state)
{
	if (!state || state->obs_status == 'O')
		return "…";
	return state->obs_status == 'M' ? NULL : "x";
}

static bool has_labels(const struct workbook *book)
{
	return book->label != COLUMN_NONE;
}

/* Columns before the figures. */
static size_t n_stub(const struct workbook *book)
{
	return has_labels(book) ? 5 : 3;
}

static int put_shown_header(struct workbook *book, struct err *err)
{
	static const char *const stub[] = { N_("Code"), N_("In force from"), N_("Name"),
					    N_("Label"), N_("Label's name") };
	static const double widths[] = { 12, 12, 30, 12, 24 };
	const struct pivot *pivot = &book->pivot;
	lxw_format *header = book->xlsx.header;
	int rc = 0;

	for (size_t i = 0; i < n_stub(book) && rc == 0; i++) {
		(void)worksheet_set_column(book->shown, (lxw_col_t)i, (lxw_col_t)i, widths[i],
					   NULL); /* it is there */
		rc = xlsx_text(book->shown, 0, i, _(stub[i]), header, err);
	}
	(void)worksheet_set_column(book->shown, (lxw_col_t)n_stub(book),
				   (lxw_col_t)(n_stub(book) + pivot->n_columns), 14, NULL);
	for (size_t i = 0; i < pivot->n_columns && rc == 0; i++) {
		const char *period = pivot_text(pivot, pivot->columns[i], "period");
		const char *metric = pivot_text(pivot, pivot->columns[i], "metric");
		char text[256];

		(void)snprintf(text, sizeof(text), "%.128s%s%.64s", metric ? metric : "",
			       metric ? " " : "", period ? period : ""); /* fits */
		rc = xlsx_text(book->shown, 0, n_stub(book) + i, text, header, err);
	}
	return rc;
}

static int put_place(struct workbook *book, size_t line, struct err *err)
{
	const struct pivot *pivot = &book->pivot;
	size_t long_row = pivot->rows[line];
	const char *kind = pivot_text(pivot, long_row, "row");
	bool whole = kind && strncmp(kind, "total", 5) == 0;
	int rc = 0;

	for (size_t i = 0; i < n_stub(book) && rc == 0; i++) {
		const char *text = pivot_text(pivot, long_row, kept[i]);

		if (!text && strcmp(kept[i], "name") == 0)
			text = _("in none of the units shown");
		if (!text && whole && strcmp(kept[i], "label_name") == 0)
			text = _("Total");
		rc = xlsx_text(book->shown, line + 1, i, text, NULL, err);
	}
	return rc;
}

static int put_shown_line(struct workbook *book, size_t line, struct err *err)
{
	const struct pivot *pivot = &book->pivot;
	int rc = put_place(book, line, err);

	for (size_t i = 0; i < pivot->n_columns && rc == 0; i++) {
		size_t long_row = pivot_cell(pivot, line, i), column = n_stub(book) + i;
		const char *value = pivot_text(pivot, long_row, "value");
		const char *word = pivot_text(pivot, long_row, "state");
		const struct state_words *state = word ? state_words_find(word) : NULL;

		if (long_row == PIVOT_NONE)
			continue;
		rc = value ? xlsx_number(&book->xlsx, book->shown, line + 1, column, value,
					 book->decimals, state && state->obs_status == 'P', err)
			   : xlsx_text(book->shown, line + 1, column, sign_of(state), NULL, err);
	}
	return rc;
}

static int put_shown(struct workbook *book, struct err *err)
{
	struct pivot *pivot = &book->pivot;
	bool given = head_text(book->writer.head, "query", "sort");
	int rc = (given ? pivot_make_given : pivot_make)(book->figures, PIVOT_BOTH, pivot, err);

	if (rc == 0 && n_stub(book) + pivot->n_columns > XLSX_COLUMNS_MAX)
		rc = err_set(err, -E2BIG,
			     "the answer has more periods than a sheet of a workbook has columns; "
			     "ask for less, or choose csv");
	if (rc == 0)
		rc = put_shown_header(book, err);
	for (size_t line = 0; line < pivot->n_rows && rc == 0; line++)
		rc = put_shown_line(book, line, err);
	xlsx_frame(book->shown, pivot->n_rows, n_stub(book) + pivot->n_columns, n_stub(book));
	return rc;
}

/* --- notes --- */

static int note(struct workbook *book, const char *key, const char *text, struct err *err)
{
	size_t at = book->n_noted;
	int rc = text ? xlsx_text(book->notes, at, 0, key, book->xlsx.wrap, err) : 0;

	if (rc == 0 && text) {
		rc = xlsx_text(book->notes, at, 1, text, book->xlsx.wrap, err);
		book->n_noted++;
	}
	return rc;
}

static int note_count(struct workbook *book, const char *key, int64_t count, struct err *err)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64, count); /* fits */
	return note(book, key, text, err);
}

/* What has a line of its own above is not said again by its key. */
static int note_question(struct workbook *book, struct err *err)
{
	static const char told[] =
		" title decimals dimensions own_dimensions known structure head ";
	const char *object, *key, *text;
	int rc = 0;

	for (size_t i = 0; (text = head_pair(book->writer.head, i, &object, &key)) && rc == 0;
	     i++) {
		char called[128], marked[128];

		(void)snprintf(marked, sizeof(marked), " %.120s ", key);
		(void)snprintf(called, sizeof(called), "%.60s: %.60s", object, key);
		if (*text && !strstr(told, marked))
			rc = note(book, called, text, err);
	}
	return rc;
}

static int note_reasons(struct workbook *book, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < book->n_reasons && rc == 0; i++) {
		char key[128];

		(void)snprintf(key, sizeof(key), _("Reason (rows: %" PRIu64 ")"),
			       book->reasons[i].n); /* cut is fine */
		rc = note(book, key, book->reasons[i].text, err);
	}
	if (rc == 0 && book->n_more > 0)
		rc = note_count(book, _("Rows with other reasons"), (int64_t)book->n_more, err);
	return rc;
}

static int note_signs(struct workbook *book, struct err *err)
{
	int rc = note(book, "…", _("due, but nobody reported, or no figure"), err);

	if (rc == 0)
		rc = note(book, "x",
			  _("not derivable under these borders, or in its successor's figure"),
			  err);
	if (rc == 0)
		rc = note(book, _("(empty)"), _("not due"), err);
	if (rc == 0)
		rc = note(book, _("(italics)"),
			  _("provisional: the period is not over, or somebody is missing"), err);
	return rc;
}

/* As-known-on, the day of the borders, how complete it is, and the ledger's head. */
static int note_standing(struct workbook *book, struct err *err)
{
	const struct head *head = book->writer.head;
	const char *known = head_text(head, "query", "known");
	const char *structure = head_text(head, "query", "structure");
	/* A report stands in each label's row, and in the total's again: it is one. */
	bool counted = book->has_totals || book->label == COLUMN_NONE;
	char now[INSTANT_TEXT_MAX];
	int rc = note(book, _("As known on"), known ? known : civil_format(civil_now_us(), now),
		      err);

	if (rc == 0)
		rc = note(book, _("Borders of the day"),
			  structure ? structure : _("as they were in each period"), err);
	if (counted && rc == 0 && book->due != COLUMN_NONE)
		rc = note_count(book, _("Reports due"), book->n_due[book->has_totals], err);
	if (counted && rc == 0 && book->reported != COLUMN_NONE)
		rc = note_count(book, _("of these, reported"), book->n_reported[book->has_totals],
				err);
	if (counted && rc == 0 && book->missing != COLUMN_NONE)
		rc = note_count(book, _("of these, missing"), book->n_missing[book->has_totals],
				err);
	return rc == 0 ? note(book, _("Head of the ledger"), head_text(head, "ledger", "head"), err)
		       : rc;
}

static int put_notes(struct workbook *book, struct err *err)
{
	int rc;

	(void)worksheet_set_column(book->notes, 0, 0, 28, NULL); /* these columns are there */
	(void)worksheet_set_column(book->notes, 1, 1, 90, NULL);
	rc = note(book, _("Title"), head_text(book->writer.head, "query", "title"), err);
	if (rc == 0)
		rc = note_standing(book, err);
	if (rc == 0)
		rc = note_question(book, err);
	if (rc == 0 && book->shown)
		rc = note_signs(book, err);
	if (rc == 0 && book->xlsx.n_long > 0)
		rc = note_count(book,
				_("Cells that hold a number as text, because it has more digits "
				  "(over 15) than a spreadsheet keeps"),
				(int64_t)book->xlsx.n_long, err);
	return rc == 0 ? note_reasons(book, err) : rc;
}

static int put_piece(void *context, const void *data, size_t len, struct err *err)
{
	return sink_put(context, data, len, err);
}

static int finish(struct writer *writer, struct err *err)
{
	struct workbook *book = (struct workbook *)writer;
	int rc = 0;

	if (book->shown)
		rc = put_shown(book, err);
	xlsx_frame(book->all, book->n_rows, writer->columns->n, 0);
	if (rc == 0)
		rc = put_notes(book, err);
	return rc == 0 ? xlsx_finish(&book->xlsx, put_piece, writer->sink, err) : rc;
}

static void close_book(struct writer *writer)
{
	struct workbook *book = (struct workbook *)writer;

	for (size_t i = 0; i < book->n_reasons; i++)
		free(book->reasons[i].text);
	pivot_free(&book->pivot);
	table_close(book->figures);
	xlsx_close(&book->xlsx);
}

const struct writer_kind writer_xlsx = { .size = sizeof(struct workbook),
					 .begin = begin,
					 .row = row,
					 .finish = finish,
					 .close = close_book };
