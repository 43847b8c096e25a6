#include "common/text/drawn.h"

#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/fit.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_FLOOR     12u /* cells that a column of text keeps, */
#define SENTENCE_FLOOR 24u /* and one of sentences */
#define TITLE_ROWS     3u
#define GAP            1u /* between columns */

struct cell {
	size_t at; /* in texts */
	enum gravity gravity;
};

struct column {
	size_t title; /* in texts */
	unsigned traits;
	size_t cells; /* what the widest of its cells takes, */
	size_t word;  /* what its longest word takes */
	size_t brief; /* and that with times that lost their seconds */
	/* as it is to be drawn */
	size_t wide, title_wide;
	bool gone;
};

struct drawn {
	struct blob texts;   /* NUL-terminated */
	struct blob columns; /* struct column [n_columns] */
	struct blob cells;   /* struct cell [n_rows * n_columns] */
	size_t n_columns, n_rows, filled;
	bool brief, failed;
};

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

struct drawn *drawn_open(void)
{
	return calloc(1, sizeof(struct drawn));
}

void drawn_close(struct drawn *drawn)
{
	if (!drawn)
		return;
	blob_free(&drawn->texts);
	blob_free(&drawn->columns);
	blob_free(&drawn->cells);
	free(drawn);
}

static struct column *column_at(const struct drawn *drawn, size_t i)
{
	return (struct column *)(void *)drawn->columns.data + i;
}

static const char *text_at(const struct drawn *drawn, size_t at)
{
	return (const char *)drawn->texts.data + at;
}

static struct cell *cell_at(const struct drawn *drawn, size_t row, size_t i)
{
	return (struct cell *)(void *)drawn->cells.data + row * drawn->n_columns + i;
}

static size_t keep(struct drawn *drawn, const char *text)
{
	size_t at = drawn->texts.len;

	if (blob_append(&drawn->texts, text, strlen(text) + 1) < 0) {
		drawn->failed = true;
		return 0;
	}
	(void)utf8_clean((char *)drawn->texts.data + at,
			 ""); /* shorter is fine: it is terminated */
	return at;
}

void drawn_column(struct drawn *drawn, const char *title, unsigned traits)
{
	struct column column = { .title = keep(drawn, title), .traits = traits };

	if (drawn->failed || blob_append(&drawn->columns, &column, sizeof(column)) < 0)
		drawn->failed = true;
	else
		drawn->n_columns++;
}

void drawn_row(struct drawn *drawn)
{
	size_t empty = keep(drawn, "");

	for (size_t i = 0; i < drawn->n_columns && !drawn->failed; i++) {
		struct cell cell = { .at = empty };

		drawn->failed = blob_append(&drawn->cells, &cell, sizeof(cell)) < 0;
	}
	drawn->n_rows += !drawn->failed;
	drawn->filled = 0;
}

/* The minute is enough of "2026-11-30T19:47:07.123456+07:00" where room is short. */
static bool is_instant(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";

	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	return strspn(text + sizeof(form) - 1, "0123456789.+-:Z") ==
	       strlen(text + sizeof(form) - 1);
}
#define INSTANT_CELLS 16u

void drawn_cell(struct drawn *drawn, const char *text, enum gravity gravity)
{
	if (drawn->failed || drawn->filled == drawn->n_columns)
		return;
	struct column *column = column_at(drawn, drawn->filled);
	struct cell *cell = cell_at(drawn, drawn->n_rows - 1, drawn->filled++);

	cell->at = keep(drawn, text);
	cell->gravity = gravity;
	if (drawn->failed)
		return;
	text = text_at(drawn, cell->at);
	size_t cells = fit_cells(text), brief = is_instant(text) ? INSTANT_CELLS : cells;

	column->cells = cells > column->cells ? cells : column->cells;
	column->word = larger(fit_longest_word(text), column->word);
	column->brief = brief > column->brief ? brief : column->brief;
}

/* --- making it fit --- */

static size_t title_rows(const char *title, size_t cells)
{
	size_t rows = 0, next;

	for (; *title; title += next, rows++)
		(void)fit_line(title, cells, &next);
	return rows;
}

/* The least that the title takes on its rows. */
static size_t title_least(const char *title)
{
	size_t cells = fit_longest_word(title);

	while (title_rows(title, cells) > TITLE_ROWS)
		cells++;
	return cells;
}

static size_t total(const struct drawn *drawn)
{
	size_t all = 0;

	for (size_t i = 0; i < drawn->n_columns; i++)
		if (!column_at(drawn, i)->gone)
			all += column_at(drawn, i)->wide + GAP;
	return all > 0 ? all - GAP : 0;
}

/* Each column as wide as it wants to be; or else, with its title on several rows, has to be. */
static void set_widths(struct drawn *drawn, bool narrow)
{
	for (size_t i = 0; i < drawn->n_columns; i++) {
		struct column *column = column_at(drawn, i);
		const char *title = text_at(drawn, column->title);

		column->title_wide = narrow ? title_least(title) : fit_cells(title);
		column->wide =
			larger(drawn->brief ? column->brief : column->cells, column->title_wide);
	}
}

/* What a column of text keeps. */
static size_t least(const struct column *column)
{
	size_t floor =
		column->traits & DRAWN_SENTENCE ? larger(SENTENCE_FLOOR, column->word) : TEXT_FLOOR;

	return larger(floor, column->title_wide);
}

/* The widest columns of text give way first, one cell at a time. */
static void shorten(struct drawn *drawn, size_t columns)
{
	for (size_t left = total(drawn); left > columns; left--) {
		struct column *widest = NULL;

		for (size_t i = 0; i < drawn->n_columns; i++) {
			struct column *column = column_at(drawn, i);

			if (!column->gone && column->traits & (DRAWN_TEXT | DRAWN_SENTENCE) &&
			    column->wide > least(column) &&
			    (!widest || column->wide > widest->wide))
				widest = column;
		}
		if (!widest)
			return;
		widest->wide--;
	}
}

/* Which column leaves next: a lesser one, then what is neither, then one of the main ones; of
 * these the last. NULL: the first alone is left. */
static struct column *leaves(const struct drawn *drawn)
{
	struct column *found = NULL;
	int rank = -1;

	for (size_t i = 1; i < drawn->n_columns; i++) {
		struct column *column = column_at(drawn, i);
		int its = column->traits & DRAWN_LESSER ? 2 : column->traits & DRAWN_MAIN ? 0 : 1;

		if (!column->gone && its >= rank) {
			found = column;
			rank = its;
		}
	}
	return found;
}

static bool is_whole(const struct drawn *drawn)
{
	for (size_t i = 0; i < drawn->n_columns; i++)
		if (column_at(drawn, i)->gone)
			return false;
	return true;
}

static void make_fit(struct drawn *drawn, size_t columns)
{
	drawn->brief = false;
	set_widths(drawn, false);
	if (columns == 0 || total(drawn) <= columns)
		return;
	drawn->brief = true;
	set_widths(drawn, false);
	if (total(drawn) <= columns)
		return;
	set_widths(drawn, true);
	for (;;) {
		struct column *column;

		shorten(drawn, columns);
		if (total(drawn) <= columns || !(column = leaves(drawn)))
			break;
		column->gone = true;
		set_widths(drawn, true);
	}
	/* What is left of the line lets titles have fewer rows. */
	for (size_t i = 0, left; i < drawn->n_columns; i++) {
		struct column *column = column_at(drawn, i);
		const char *title = text_at(drawn, column->title);

		while (!column->gone && (left = columns - total(drawn)) > 0 && left <= columns &&
		       column->wide < fit_cells(title))
			column->wide++;
	}
}

/* --- drawing --- */

/* How many lines the cell takes. */
static size_t cell_rows(const struct drawn *drawn, size_t i, const char *text)
{
	const struct column *column = column_at(drawn, i);

	return column->gone || !(column->traits & DRAWN_SENTENCE)
		       ? 1
		       : larger(title_rows(text, larger(column->wide, 1)), 1);
}

/* The @nth line of it. */
static int put_sentence(struct blob *shown, const char *text, size_t cells, size_t nth)
{
	size_t next = 0, len = fit_line(text, cells, &next);

	for (; nth > 0 && *text; nth--) {
		text += next;
		len = fit_line(text, cells, &next);
	}
	return blob_append(shown, text, len);
}

static int put(const struct drawn *drawn, struct libscols_line *line, size_t to, size_t i,
	       const char *text, size_t nth)
{
	const struct column *column = column_at(drawn, i);
	struct blob shown = { 0 };
	int rc = 0;

	if (column->traits & DRAWN_SENTENCE) {
		rc = put_sentence(&shown, text, larger(column->wide, 1), nth);
	} else if (nth == 0 && drawn->brief && is_instant(text)) {
		rc = blob_append(&shown, text, INSTANT_CELLS);
		if (rc == 0)
			shown.data[10] = ' ';
	} else if (nth == 0) {
		rc = fit_cut(text, larger(column->wide, 1), &shown);
	}
	if (rc == 0)
		rc = blob_append(&shown, "", 1);
	if (rc == 0)
		rc = scols_line_set_data(line, to, (const char *)shown.data);
	blob_free(&shown);
	return rc < 0 ? -ENOMEM : 0;
}

/* @row: from the last of @rows, so that titles stand right above their cells. */
static int put_title(const struct drawn *drawn, struct libscols_line *line, size_t to, size_t i,
		     size_t row, size_t rows)
{
	const struct column *column = column_at(drawn, i);
	const char *title = text_at(drawn, column->title);
	size_t above = rows - title_rows(title, column->wide), next = 0, len = 0;
	struct blob shown = { 0 };

	for (size_t at = above; at <= row; at++) {
		title += next;
		len = fit_line(title, column->wide, &next);
	}
	int rc = blob_append(&shown, title, len);

	if (rc == 0)
		rc = blob_append(&shown, "", 1);
	if (rc == 0)
		rc = scols_line_set_data(line, to, (const char *)shown.data);
	blob_free(&shown);
	return rc < 0 ? -ENOMEM : 0;
}

/* Titles are lines like the others, so that one may take several. */
static int put_titles(const struct drawn *drawn, struct libscols_table *lines, bool colour)
{
	size_t rows = 1;

	for (size_t i = 0; i < drawn->n_columns; i++) {
		const struct column *column = column_at(drawn, i);

		if (!column->gone)
			rows = larger(rows,
				      title_rows(text_at(drawn, column->title), column->wide));
	}
	for (size_t row = 0; row < rows; row++) {
		struct libscols_line *line = scols_table_new_line(lines, NULL);
		size_t to = 0;

		if (!line || (colour && scols_line_set_color(line, DRAWN_BOLD) < 0))
			return -ENOMEM;
		for (size_t i = 0; i < drawn->n_columns; i++)
			if (!column_at(drawn, i)->gone &&
			    put_title(drawn, line, to++, i, row, rows) < 0)
				return -ENOMEM;
	}
	return 0;
}

/* The @nth line of a row. */
static int put_row_line(const struct drawn *drawn, struct libscols_table *lines, size_t row,
			size_t nth, bool colour)
{
	struct libscols_line *line = scols_table_new_line(lines, NULL);
	size_t to = 0;

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < drawn->n_columns; i++) {
		const struct cell *cell = cell_at(drawn, row, i);

		if (column_at(drawn, i)->gone)
			continue;
		if (put(drawn, line, to, i, text_at(drawn, cell->at), nth) < 0)
			return -ENOMEM;
		if (colour && cell->gravity != GRAVITY_NONE &&
		    scols_cell_set_color(scols_line_get_cell(line, to),
					 drawn_colour(cell->gravity)) < 0)
			return -ENOMEM;
		to++;
	}
	return 0;
}

static int put_row(const struct drawn *drawn, struct libscols_table *lines, size_t row, bool colour)
{
	size_t rows = 1;
	int rc = 0;

	for (size_t i = 0; i < drawn->n_columns; i++)
		rows = larger(rows,
			      cell_rows(drawn, i, text_at(drawn, cell_at(drawn, row, i)->at)));
	for (size_t nth = 0; nth < rows && rc == 0; nth++)
		rc = put_row_line(drawn, lines, row, nth, colour);
	return rc;
}

static int fill(const struct drawn *drawn, struct libscols_table *lines, bool colour)
{
	int rc = 0;

	if (!lines || scols_table_enable_noheadings(lines, 1) < 0 ||
	    scols_table_enable_colors(lines, colour) < 0 ||
	    scols_table_set_termforce(lines, SCOLS_TERMFORCE_NEVER) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < drawn->n_columns && rc == 0; i++) {
		const struct column *column = column_at(drawn, i);
		int flags = column->traits & DRAWN_NUMBER ? SCOLS_FL_RIGHT : 0;

		if (!column->gone && !scols_table_new_column(lines, "", 0, flags))
			rc = -ENOMEM;
	}
	if (rc == 0)
		rc = put_titles(drawn, lines, colour);
	for (size_t row = 0; row < drawn->n_rows && rc == 0; row++)
		rc = put_row(drawn, lines, row, colour);
	return rc;
}

/* "Left out, for want of room: Due, Late." */
static int tell_gone(const struct drawn *drawn, const struct drawn_room *room, FILE *out)
{
	struct blob names = { 0 }, lines = { 0 };
	const char *between = "";
	int rc = 0;

	for (size_t i = 0; i < drawn->n_columns && rc == 0; i++) {
		const char *title = text_at(drawn, column_at(drawn, i)->title);

		if (!column_at(drawn, i)->gone)
			continue;
		rc = blob_append(&names, between, strlen(between));
		if (rc == 0)
			rc = blob_append(&names, title, strlen(title));
		between = "; ";
	}
	if (rc == 0)
		rc = blob_append(&names, "", 1);
	char *told = NULL;
	if (rc == 0 && asprintf(&told,
				room->whole ? _("Columns left out for want of room: %s. A wider "
						"terminal shows them, or %s.\n")
					    : _("Columns left out for want of room: %s. A wider "
						"terminal shows them.\n"),
				(const char *)names.data, room->whole) < 0) {
		told = NULL;
		rc = -ENOMEM;
	}
	if (rc == 0)
		rc = fit_lines(told, room->columns, &lines);
	if (rc == 0)
		(void)fwrite(lines.data, 1, lines.len, out); /* whoever closes it finds an error */
	free(told);
	blob_free(&names);
	blob_free(&lines);
	return rc;
}

int drawn_print(struct drawn *drawn, const struct drawn_room *room, FILE *out, struct err *err)
{
	struct libscols_table *lines = drawn->failed ? NULL : scols_new_table();
	int rc = -ENOMEM;

	if (lines) {
		make_fit(drawn, room->columns);
		rc = fill(drawn, lines, room->colour);
	}
	if (rc < 0) {
		scols_unref_table(lines);
		return err_memory(err);
	}
	(void)scols_table_set_stream(lines, out); /* fails for NULL alone */
	rc = scols_print_table(lines);
	scols_unref_table(lines);
	if (rc < 0)
		return err_set(err, -EIO, "cannot write the table: %s", err_strerror(rc));
	return is_whole(drawn) || tell_gone(drawn, room, out) == 0 ? 0 : err_memory(err);
}

const char *drawn_colour(enum gravity gravity)
{
	static const char *const colours[] = {
		[GRAVITY_NONE] = "",
		[GRAVITY_GOOD] = "\x1b[32m",
		[GRAVITY_WARNING] = "\x1b[33m",
		[GRAVITY_BAD] = "\x1b[31m",
	};

	return colours[gravity];
}
