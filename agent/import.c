/* Each row: the header first; then what kind of line it is, its labels and period, and a figure or
 * several. A figure is written as programs write it, judged, and kept until there are enough to
 * record. */
#include "import.h"

#include "arena.h"
#include "cell.h"
#include "columns.h"
#include "i18n.h"
#include "labels.h"
#include "measure.h"
#include "period_words.h"
#include "row_kind.h"
#include "row_period.h"
#include "row_unit.h"
#include "survey.h"
#include "terms.h"
#include "utf8.h"
#include "viet.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK          2000u              /* figures in one transaction */
#define CHUNK_TEXT_MAX (8u * 1024 * 1024) /* their texts */
#define PIECE          65536u             /* bytes at once of a file that is in memory */

struct place { /* of an entry in its file */
	unsigned line;
	const char *column; /* the header's, or "" */
};

struct import {
	const struct import_config *config;
	struct dialect dialect;
	struct dialect_reader *reader;
	struct columns columns; /* empty before the header */
	struct row_place place;
	struct row_unit unit;
	bool told[GRAIN_COUNT][2]; /* by calendar: figures of now were noted */
	struct entry entries[CHUNK];
	struct place places[CHUNK];
	size_t n_entries;
	struct arena *arena; /* texts of the entries */
	struct import_result result;
};

struct cell { /* where a figure stands */
	unsigned line;
	const char *column, *value; /* as the file has them */
};

static void complain(struct import *import, const struct cell *cell, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static struct import_complaint told(const struct cell *cell, const char *why)
{
	return (struct import_complaint){
		.line = cell->line, .column = cell->column, .value = cell->value, .why = why
	};
}

/* Without the metric in front, where the column has its name: that is told already. */
static const char *beside_column(const char *why, const char *column)
{
	size_t len = strlen(column);
	return len > 0 && strncmp(why, column, len) == 0 && strncmp(why + len, ": ", 2) == 0
		       ? why + len + 2
		       : why;
}

static void complain(struct import *import, const struct cell *cell, const char *format, ...)
{
	char why[ERR_TEXT_MAX / 2];
	va_list args;
	if (import->config->noting)
		return;
	va_start(args, format);
	(void)utf8_vprint(why, sizeof(why), _(format), args); /* its length; cut is fine */
	va_end(args);
	struct import_complaint complaint = told(cell, beside_column(why, cell->column));
	import->config->on_complaint(import->config->context, &complaint);
	import->result.rejected++;
}

/* @format is translated already. */
static void note(struct import *import, const struct cell *cell, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void note(struct import *import, const struct cell *cell, const char *format, ...)
{
	char text[ERR_TEXT_MAX / 2];
	va_list args;
	if (!import->config->on_note || import->config->noting)
		return;
	va_start(args, format);
	(void)utf8_vprint(text, sizeof(text), format, args); /* its length; cut is fine */
	va_end(args);
	struct import_complaint about = told(cell, text);
	import->config->on_note(import->config->context, &about);
}

/* --- figures --- */

/* Of entries of which one is refused after all (the agent's catalogue or clock is another by now)
 * the others are handed in: by halves, so that each costs some ten calls. */
static int hand_in_some(struct import *import, size_t from, size_t n, struct err *err)
{
	int rc =
		import->config->on_entries(import->config->context, import->entries + from, n, err);
	if (rc == 0)
		import->result.figures += n;
	if (rc != -EINVAL)
		return rc;
	if (n == 1) {
		struct cell cell = { import->places[from].line, import->places[from].column, "" };
		complain(import, &cell, "%s", err->text);
		*err = (struct err){ 0 }; /* that is told */
		return 0;
	}
	rc = hand_in_some(import, from, n / 2, err);
	return rc < 0 ? rc : hand_in_some(import, from + n / 2, n - n / 2, err);
}

static int hand_in(struct import *import, struct err *err)
{
	if (import->n_entries == 0)
		return 0;
	int rc = hand_in_some(import, 0, import->n_entries, err);
	if (rc < 0)
		return rc;
	import->n_entries = 0;
	arena_reset(import->arena);
	return 0;
}

/* The entry outlives the row it came from. */
static const char *keep(struct import *import, const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = arena_alloc_raw(import->arena, len);
	return copy ? memcpy(copy, text, len) : NULL;
}

static int add_entry(struct import *import, const struct cell *cell, const struct entry *entry,
		     struct err *err)
{
	struct entry kept = { .metric = keep(import, entry->metric),
			      .value = entry->value ? keep(import, entry->value) : NULL,
			      .period = entry->period ? keep(import, entry->period) : NULL,
			      .labels = keep(import, entry->labels) };
	if (!kept.metric || !kept.labels || (entry->value && !kept.value) ||
	    (entry->period && !kept.period))
		return err_memory(err);
	import->places[import->n_entries] = (struct place){ cell->line, cell->column };
	import->entries[import->n_entries++] = kept;
	return import->n_entries == CHUNK ? hand_in(import, err) : 0;
}

/* It is good for itself; is it beside the others of its file? */
static int take_judged(struct import *import, const struct cell *cell, const struct entry *entry,
		       const struct observation *obs, struct err *err)
{
	struct handin *handin = import->config->handin;
	unsigned other = 0;
	struct err why;
	if (import->config->noting)
		return handin_note(handin, obs, cell->line, err);
	enum handin_verdict verdict =
		handin ? handin_ask(handin, obs, cell->line, &other) : HANDIN_FINE;
	if (verdict == HANDIN_AGAIN)
		return 0;
	if (verdict == HANDIN_FINE)
		return add_entry(import, cell, entry, err);
	(void)handin_refuse(verdict, true, other, &why);
	err_wrap(&why, "%s", entry->metric);
	complain(import, cell, "%s", why.text);
	return 0;
}

/* A statistics office parts by ';' and writes a point: where the figure may have the decimals and
 * no other number tells, 1.250 is asked about. What is advised keeps the mark that stands there:
 * with another one it would tell wrong things of its neighbours. */
static int refuse_open(const struct import *import, const struct metric *metric, const char *text,
		       struct err *err)
{
	char thousands[NUMERAL_MAX], decimals[NUMERAL_MAX];
	if (!import->dialect.by_separator || !strchr(text, '.') ||
	    numeral_look(text) != NUMERAL_EITHER ||
	    !numeral_plain(text, NUMERAL_COMMA, thousands) ||
	    !numeral_plain(text, NUMERAL_POINT, decimals))
		return 0;
	size_t digits = 3;
	while (digits > 0 && decimals[strlen(decimals) - 4 + digits] == '0')
		digits--;
	if (digits == 0 || digits > metric->decimals)
		return 0;
	return err_set(err, -EINVAL,
		       "'%s' can be read as %s or as %s, and the other numbers of this file do not "
		       "tell; write the first, or the second with a zero more: %s0",
		       text, thousands, decimals, decimals);
}

/* --- a line --- */

struct line {
	const struct csv_row *row;
	const char *labels;
	const struct column *labels_column; /* the first one; NULL: there is none */
	const char *unit;                   /* of measure, as its column has it; "": nothing */
	const struct column *merged;        /* of a dimension: empty, below a cell that was not */
	bool measured;                      /* the metric's stands in brackets behind its name */
	struct row_period period;
	struct {
		bool read, good;
		char text[PERIOD_TEXT_MAX];
	} periods[GRAIN_COUNT]; /* @period as the metrics of each grain have it */
};

static const char *field(const struct csv_row *row, size_t i)
{
	return i < row->n ? row->fields[i] : ""; /* spreadsheets leave out empty cells at the end */
}

/* The cell under @column. */
static struct cell cell_at(const struct import *import, const struct csv_row *row,
			   const struct column *column)
{
	return (struct cell){ row->line, column->name,
			      field(row, (size_t)(column - import->columns.list)) };
}

static struct cell period_cell(const struct line *line)
{
	return (struct cell){ line->row->line, line->period.column->name, line->period.cell };
}

/* The line's period for @metric; false when there is none, which is told once. */
static bool line_period(struct import *import, struct line *line, const struct metric *metric,
			const char **ret_period)
{
	struct err why;
	enum grain grain = metric->period;
	if (!line->periods[grain].read) {
		struct cell cell = period_cell(line);
		line->periods[grain].read = true;
		line->periods[grain].good =
			period_from_words(line->period.text, grain, import->dialect.month_first,
					  line->periods[grain].text, &why) == 0;
		if (!line->periods[grain].good)
			complain(import, &cell, "%s: %s", metric->name, why.text);
	}
	*ret_period = line->periods[grain].text;
	return line->periods[grain].good;
}

/* --- a figure without a period --- */

/* Do the two have a day in common, as a month and its year do? */
static bool meet(struct period a, struct period b)
{
	return period_first_day(a) < period_end_day(b) && period_first_day(b) < period_end_day(a);
}

/* It is recorded for now; unless the title names another period, which nobody can have meant. */
static int take_now(struct import *import, const struct cell *cell, const struct observation *obs,
		    struct err *err)
{
	char title[PERIOD_TEXT_MAX], now[PERIOD_TEXT_MAX];
	const struct cell table = { .line = cell->line, .column = "", .value = "" };
	if (obs->now)
		return 0; /* nobody knows when that is: agent/clock.h */
	(void)period_format(obs->period, now);
	if (import->dialect.titled && !meet(import->dialect.title, obs->period))
		return err_set(err, -EINVAL,
			       "line %u: the title names %s, but without a column for the period "
			       "the figures would be recorded for %s; add a column called Kỳ and "
			       "fill it in, like %s",
			       cell->line, period_format(import->dialect.title, title), now,
			       period_words_example(obs->period.grain));
	if (!import->told[obs->period.grain][obs->period.calendar])
		note(import, &table,
		     _("there is no column for the period: the figures are recorded for %s, the "
		       "current %s"),
		     now, _(grain_name(obs->period.grain)));
	import->told[obs->period.grain][obs->period.calendar] = true;
	return 0;
}

/* --- in which unit --- */

static const char *shown_unit(const struct metric *metric)
{
	const char *vietnamese = terms_vietnamese(metric->unit);
	return language_tag()[0] == 'v' && vietnamese ? vietnamese : metric->unit;
}

/* False: told. */
static bool check_unit(struct import *import, const struct line *line, const struct cell *cell,
		       const struct metric *metric)
{
	char unit[MEASURE_MAX];
	const char *own = line->unit;
	if (*own && !measure_fits(metric, own)) {
		struct cell at =
			cell_at(import, line->row, columns_find(&import->columns, ROLE_UNIT));
		complain(import, &at,
			 "%s is counted in '%s', and this column says '%s'; write the figure in "
			 "'%s', and that as its unit",
			 metric->name, shown_unit(metric), own, shown_unit(metric));
		return false;
	}
	if (*own || line->measured || row_unit_fits_lines(import->dialect.units, metric, unit))
		return true;
	complain(
		import, cell,
		"%s is counted in '%s', and a line of the file says '%s'; write the figure in "
		"'%s', and mend that line, or add a column called ĐVT with the unit of each figure",
		metric->name, shown_unit(metric), unit, shown_unit(metric));
	return false;
}

/* --- one figure --- */

/* A merged cell leaves those below it empty: without its label the part would stand for the whole.
 * What a program writes, under the dimension's own name, has no merged cells.
 * False: told. */
static bool check_merged(struct import *import, struct line *line, const struct metric *metric)
{
	bool divided = false;
	for (size_t i = 0; line->merged && i < metric->n_dimensions; i++)
		divided |= strcmp(metric->dimensions[i], line->merged->heading.dimension) == 0;
	if (!divided)
		return true;
	struct cell at = cell_at(import, line->row, line->merged);
	complain(import, &at,
		 "%s: is empty below a line that has one; write it here as well, or hand in "
		 "figures that are not divided in a table of their own",
		 metric->name);
	return false;
}

/* Where does the sentence belong? */
static struct cell cell_of(const struct line *line, const struct cell *cell, enum entry_part part)
{
	if (part == ENTRY_PERIOD && line->period.column)
		return period_cell(line);
	if (part == ENTRY_LABELS && line->labels_column)
		return (struct cell){ cell->line, line->labels_column->name, line->labels };
	return *cell;
}

/* Judged here, so that the complaint knows its line. */
static int take_figure(struct import *import, struct line *line, const struct cell *cell,
		       const struct metric *metric, struct err *err)
{
	char plain[NUMERAL_MAX];
	struct entry entry = { .metric = metric->name,
			       .labels = line->labels,
			       .typed = cell->value,
			       .point = cell_point(import->dialect.mark) };
	struct observation obs;
	struct err why;
	enum entry_part part = ENTRY_VALUE;
	bool dated = import->columns.dated;
	if (!check_merged(import, line, metric) || !check_unit(import, line, cell, metric))
		return 0;
	bool good = !dated || line_period(import, line, metric, &entry.period);
	if (!good)
		entry.period = NULL; /* its value may be wrong as well */
	int rc = refuse_open(import, metric, cell->value, &why);
	if (rc == 0)
		rc = cell_read(cell->value, import->dialect.mark, metric->decimals, plain,
			       &entry.value, &why);
	if (rc == 0)
		rc = entry_judge_part(metric, &entry, import->config->now_us, &obs, &part, &why);
	if (rc == 0 && good) {
		rc = dated ? 0 : take_now(import, cell, &obs, err);
		return rc == 0 ? take_judged(import, cell, &entry, &obs, err) : rc;
	}
	if (rc == 0 || (!good && part == ENTRY_PERIOD))
		return 0;
	struct cell at = cell_of(line, cell, part);
	if (part == ENTRY_PERIOD && dated) /* not begun: for all of that grain */
		line->periods[metric->period].good = false;
	complain(import, &at, "%s: %s", metric->name, why.text);
	return 0;
}

/* --- labels --- */

/* "a=b;c=d" as people write it, in any order. */
static size_t split_labels(char *text, struct label labels[], size_t n, size_t most)
{
	char *rest;
	for (char *pair = strtok_r(text, ";", &rest); pair && n < most;
	     pair = strtok_r(NULL, ";", &rest)) {
		char *equals = strchr(pair, '=');
		if (equals)
			*equals = '\0';
		pair += strspn(pair, " ");
		labels[n++] = (struct label){ pair, equals ? equals + 1 : "" };
	}
	return n;
}

/* @line's labels into @text; else told, with the cell that is wrong. */
static bool read_labels(struct import *import, struct line *line, char text[LABELS_TEXT_MAX])
{
	struct label labels[LABELS_MAX + 1];
	char written[LABELS_TEXT_MAX] = "";
	size_t n = 0;
	struct err why;
	int rc = 0;
	struct cell cell = { line->row->line, "", "" };
	for (size_t i = 0; i < import->columns.n && n <= LABELS_MAX && rc == 0; i++) {
		const struct column *column = &import->columns.list[i];
		enum role role = column->heading.role;
		size_t before = n;
		if (role == ROLE_DIMENSION && !*field(line->row, i) && column->filled &&
		    !column->heading.plain)
			line->merged = column;
		if ((role != ROLE_DIMENSION && role != ROLE_LABELS) || !*field(line->row, i))
			continue;
		cell = cell_at(import, line->row, column);
		if (!line->labels_column)
			line->labels_column = column;
		import->columns.list[i].filled = true;
		if (role == ROLE_DIMENSION) {
			labels[n++] = (struct label){ column->heading.dimension, cell.value };
		} else if (strlen(cell.value) >= sizeof(written)) {
			rc = err_set(&why, -EINVAL, "labels: the text is too long");
		} else {
			memcpy(written, cell.value, strlen(cell.value) + 1);
			n = split_labels(written, labels, n, LABELS_MAX + 1);
		}
		if (rc == 0)
			rc = labels_canonical(labels + before, n - before, text, &why);
	}
	if (rc == 0)
		rc = labels_canonical(labels, n, text, &why);
	if (rc < 0) {
		complain(import, &cell, "%s", why.text);
		return false;
	}
	(void)viet_compose(text, text, LABELS_TEXT_MAX); /* one series, however a letter is typed;
							  it does not grow */
	line->labels = text;
	return true;
}

/* --- the three forms --- */

/* The metric that the line names; NULL when it is told what is wrong with that. */
static const struct metric *line_metric(struct import *import, struct line *line)
{
	const struct headings *headings = import->config->headings;
	const struct column *column = columns_find(&import->columns, ROLE_METRIC);
	struct cell cell = cell_at(import, line->row, column);
	struct heading heading = headings_find(headings, cell.value);
	line->measured = heading.measured;
	const char *font;
	if (heading.role == ROLE_FIGURES)
		return heading.metric;
	if (!*cell.value)
		complain(import, &cell, "is empty; write which metric the line is of");
	else if (heading.role == ROLE_AMBIGUOUS)
		complain(import, &cell,
			 "'%s': several metrics have this label; use the metric's name, like %s",
			 cell.value, heading.metric->name);
	else if (heading.role == ROLE_OTHER_UNIT)
		complain(import, &cell,
			 "'%s': %s is counted in '%s', and something else stands in brackets; if "
			 "the "
			 "figures are of that metric and unit, write %s",
			 cell.value, heading.metric->name, heading.metric->unit,
			 heading.metric->name);
	else if ((font = headings_font(headings, cell.value)))
		complain(import, &cell,
			 "'%s' is written for fonts of %s; convert the table to Unicode, and save "
			 "it "
			 "again",
			 cell.value, font);
	else
		complain(import, &cell,
			 "'%s' is not in the catalogue; 'lantoa-agent catalogue' lists what is",
			 cell.value);
	return NULL;
}

static int take_long(struct import *import, struct line *line, struct err *err)
{
	struct cell cell = cell_at(import, line->row, columns_find(&import->columns, ROLE_VALUE));
	const struct metric *metric = line_metric(import, line);
	if (!metric || row_says_nothing(cell.value))
		return 0;
	if (*cell.value)
		return take_figure(import, line, &cell, metric, err);
	complain(import, &cell, "is empty; write a number, or remove the line");
	return 0;
}

/* Dimensions that a metric of the line lacks are those of its neighbours. */
static int take_wide(struct import *import, struct line *line, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < import->columns.n && rc == 0; i++) {
		const struct column *column = &import->columns.list[i];
		struct cell cell = cell_at(import, line->row, column);
		line->measured = column->heading.measured;
		if (column->heading.role == ROLE_FIGURES && *cell.value &&
		    !row_says_nothing(cell.value))
			rc = take_figure(import, line, &cell, column->heading.metric, err);
	}
	return rc;
}

/* The line's period, or with @across that column's; else told. */
static bool read_period(struct import *import, struct line *line, const struct column *across)
{
	struct err why;
	memset(line->periods, 0, sizeof(line->periods));
	int rc = row_period_read(&import->columns, line->row, across, &line->period, &why);
	if (rc == 0 && !*line->period.text)
		rc = err_set(&why, -EINVAL, "is empty; write the period of the line's figures");
	struct cell cell = period_cell(line);
	if (rc < 0)
		complain(import, &cell, "%s", why.text);
	return rc == 0;
}

static int take_across(struct import *import, struct line *line, struct err *err)
{
	const struct metric *metric = line_metric(import, line);
	int rc = 0;
	for (size_t i = 0; metric && i < import->columns.n && rc == 0; i++) {
		const struct column *column = &import->columns.list[i];
		struct cell cell = cell_at(import, line->row, column);
		if (column->heading.role == ROLE_PERIOD_FIGURES && *cell.value &&
		    !row_says_nothing(cell.value) && read_period(import, line, column))
			rc = take_figure(import, line, &cell, metric, err);
	}
	return rc;
}

/* --- rows --- */

/* Units below the headings: with a wrong one, no figure below it could be right. */
static int check_units(const struct import *import, const struct csv_row *row, struct err *err)
{
	char name[EXCERPT_MAX];
	for (size_t i = 0; i < import->columns.n; i++) {
		const struct column *column = &import->columns.list[i];
		const struct metric *metric = column->heading.metric;
		const char *unit = field(row, i);
		if (!*unit || !role_is_figure(column->heading.role) ||
		    (metric ? measure_fits(metric, unit) : !measure_is_scaled(unit)))
			continue;
		utf8_excerpt(column->name, strlen(column->name), name);
		if (!metric)
			return err_set(err, -EINVAL,
				       "line %u: column '%s': nobody can tell which figures are in "
				       "'%s'; write the unit of each in a column called ĐVT, and "
				       "remove this line",
				       row->line, name, unit);
		return err_set(err, -EINVAL,
			       "line %u: column '%s': %s is counted in '%s', and this line says "
			       "'%s'; write the figures in '%s', and mend or remove this line",
			       row->line, name, metric->name, shown_unit(metric), unit,
			       shown_unit(metric));
	}
	return 0;
}

/* May every cell stand where it stands? */
static bool check_cells(struct import *import, const struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++) {
		const struct cell cell = { .line = row->line,
					   .column = "",
					   .value = row->fields[i] };
		if (!*cell.value ||
		    (i < import->columns.n && import->columns.list[i].heading.role != ROLE_NONE))
			continue;
		complain(import, &cell,
			 "it stands in column %zu, which has no name in the header; name the "
			 "column, or empty the cell",
			 i + 1);
		return false;
	}
	return true;
}

static int take_figures(struct import *import, const struct csv_row *row, const char *unit,
			struct err *err)
{
	static int (*const takers[])(struct import *, struct line *, struct err *) = {
		[FORM_LONG] = take_long, [FORM_WIDE] = take_wide, [FORM_ACROSS] = take_across
	};
	char labels[LABELS_TEXT_MAX];
	struct line line = { .row = row, .unit = unit };
	enum form form = import->columns.form;
	if (!check_cells(import, row) || !read_labels(import, &line, labels))
		return 0;
	if (form != FORM_ACROSS && import->columns.dated && !read_period(import, &line, NULL))
		return 0;
	return takers[form](import, &line, err);
}

static int take_row(struct import *import, const struct csv_row *row, struct err *err)
{
	char shown[EXCERPT_MAX];
	const char *first = "", *longest = "";
	for (size_t i = 0; i < row->n; i++) {
		first = *first ? first : row->fields[i];
		longest = strlen(row->fields[i]) > strlen(longest) ? row->fields[i] : longest;
	}
	const struct cell line = { .line = row->line, .column = "", .value = first };
	utf8_excerpt(longest, strlen(longest), shown);
	enum row_kind kind =
		row_kind_of(import->config->headings, &import->columns, row, &import->place);
	const char *unit = row_unit_read(&import->unit, &import->columns, row);
	switch (kind) {
	case ROW_EMPTY:
		break;
	case ROW_FIGURES:
		return take_figures(import, row, unit, err);
	case ROW_NUMBERS:
		note(import, &line, _("passed over: the numbers of the columns"));
		break;
	case ROW_UNITS:
		note(import, &line, _("passed over: the units of measure"));
		return check_units(import, row, err);
	case ROW_SECTION:
		note(import, &line, _("passed over: the heading '%s', without figures"), shown);
		break;
	case ROW_FOOTER:
		note(import, &line, _("passed over: '%s' is a remark or a signature"), shown);
		break;
	case ROW_COUNTED:
		complain(import, &line,
			 "these could be the numbers of the columns; if they are, remove the line, "
			 "and if they are figures, add a column called Kỳ with their period");
		break;
	case ROW_TOTAL:
		complain(import, &line,
			 "this line looks like a total of others, which the province makes itself; "
			 "remove it");
		break;
	}
	return 0;
}

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct import *import = context;
	if (import->columns.n > 0)
		return take_row(import, row, err);
	int rc = columns_read(import->config->headings, row, &import->columns, err);
	if (rc == 0 && import->config->periods_needed && !import->columns.dated)
		return err_set(err, -EINVAL,
			       "line %u: the header has no column for the period; add one called "
			       "Kỳ or period, and fill it in",
			       row->line);
	return rc;
}

int import_open(const struct import_config *config, const struct dialect *dialect,
		struct import **ret_import, struct err *err)
{
	struct import *import = calloc(1, sizeof(*import));
	if (!import)
		return err_memory(err);
	import->config = config;
	import->dialect = *dialect;
	import->arena = arena_open(CHUNK_TEXT_MAX);
	int rc = import->arena ? 0 : err_memory(err);
	if (rc == 0)
		rc = dialect_reader_open(dialect, on_row, import, &import->reader, err);
	if (rc < 0)
		import_close(import);
	else
		*ret_import = import;
	return rc;
}

int import_feed(struct import *import, const void *bytes, size_t len, struct err *err)
{
	return dialect_reader_feed(import->reader, bytes, len, err);
}

int import_end(struct import *import, struct err *err)
{
	int rc = dialect_reader_end(import->reader, err);
	return rc < 0 ? rc : hand_in(import, err);
}

struct import_result import_result(const struct import *import)
{
	return import->result;
}

void import_close(struct import *import)
{
	if (!import)
		return;
	dialect_reader_close(import->reader);
	columns_free(&import->columns);
	arena_close(import->arena);
	free(import);
}

/* --- a file in memory --- */

static int survey_text(const struct headings *headings, const char *csv, size_t len,
		       struct dialect *ret_dialect, struct err *err)
{
	struct survey *survey;
	int rc = survey_open(headings, &survey, err);
	if (rc < 0)
		return rc;
	for (size_t at = 0; at < len && rc == 0; at += PIECE)
		rc = survey_feed(survey, csv + at, len - at < PIECE ? len - at : PIECE, err);
	if (rc == 0)
		rc = survey_end(survey, ret_dialect, err);
	survey_close(survey);
	return rc;
}

static int import_text(const struct import_config *config, const struct dialect *dialect,
		       const char *csv, size_t len, struct import_result *ret_result,
		       struct err *err)
{
	struct import *import;
	int rc = import_open(config, dialect, &import, err);
	if (rc < 0)
		return rc;
	for (size_t at = 0; at < len && rc == 0; at += PIECE)
		rc = import_feed(import, csv + at, len - at < PIECE ? len - at : PIECE, err);
	if (rc == 0)
		rc = import_end(import, err);
	*ret_result = import_result(import);
	import_close(import);
	return rc;
}

int import_csv(const struct import_config *config, const char *name, const char *csv, size_t len,
	       struct import_result *ret_result, struct err *err)
{
	struct import_config own = *config;
	struct headings *headings = NULL;
	struct dialect dialect;
	*ret_result = (struct import_result){ 0 };
	int rc = headings_open(config->catalogue, &headings, err);
	if (rc == 0)
		rc = survey_text(headings, csv, len, &dialect, err);
	own.headings = headings;
	own.noting = true;
	if (rc == 0 && !(own.handin = handin_open()))
		rc = err_memory(err);
	if (rc == 0)
		rc = import_text(&own, &dialect, csv, len, ret_result, err);
	own.noting = false;
	if (rc == 0)
		rc = import_text(&own, &dialect, csv, len, ret_result, err);
	handin_close(own.handin);
	headings_close(headings);
	return rc < 0 ? err_wrap(err, "%s", name) : 0;
}
