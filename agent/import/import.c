/* Each row: the header first; then what kind of line it is, and a row of figures goes on to
 * row_figures.c. */
#include "import/import_internal.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "import/detect.h"
#include "import/measure.h"
#include "import/subheadings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 65536u /* bytes at once of a file that is in memory */

/* --- rows --- */

/* Units below the headings: with a wrong one, no figure below it could be right. */
static int check_units(const struct import *import, const struct csv_row *row, struct err *err)
{
	char name[EXCERPT_MAX];
	for (size_t i = 0; i < import->columns.n; i++) {
		const struct column *column = &import->columns.list[i];
		const struct metric *metric = column->heading.metric;
		const char *unit = columns_place(&import->columns, row, column).value;
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
			       row->line, name, metric->name, measure_shown(metric), unit,
			       measure_shown(metric));
	}
	return 0;
}

/* A row of a form that we made: every row has its metric, and what is not filled in is not
 * reported (I6). */
static int take_ours(struct import *import, const struct csv_row *row, struct err *err)
{
	int rc = own_form_check(import, row, err);
	return rc < 0 || !own_form_filled(import, row) ? rc
						       : row_figures_take(import, row, "", err);
}

static int take_row(struct import *import, const struct csv_row *row, struct err *err)
{
	if (import->columns.ours)
		return take_ours(import, row, err);
	char shown[EXCERPT_MAX];
	const char *first = "", *longest = "";
	for (size_t i = 0; i < row->n; i++) {
		first = *first ? first : row->fields[i];
		longest = strlen(row->fields[i]) > strlen(longest) ? row->fields[i] : longest;
	}
	const struct place line = { .line = row->line, .column = "", .value = first };
	utf8_excerpt(longest, strlen(longest), shown);
	enum row_kind kind =
		row_kind_of(import->config->headings, &import->columns, row, &import->place);
	const char *unit = row_unit_read(&import->unit, &import->columns, row);
	switch (kind) {
	case ROW_EMPTY:
		break;
	case ROW_FIGURES:
		return row_figures_take(import, row, unit, err);
	case ROW_HEADER:
		return err_set(err, -EINVAL,
			       "line %u: '%s' looks like a second line of the header; write the "
			       "whole name of each column in one line, and remove the other",
			       row->line, shown);
	case ROW_OTHER:
		return err_set(err, -EINVAL,
			       "lines %u and %u are both the header of a table; hand in each table "
			       "in a file of its own",
			       import->dialect.header_line, row->line);
	case ROW_AGAIN:
		intake_note(import->intake, &line, _("passed over: the header again"));
		break;
	case ROW_NUMBERS:
		intake_note(import->intake, &line, _("passed over: the numbers of the columns"));
		break;
	case ROW_UNITS:
		intake_note(import->intake, &line, _("passed over: the units of measure"));
		return check_units(import, row, err);
	case ROW_SECTION:
		title_read_row(&import->dialect.title, row);
		(void)utf8_print(import->section, sizeof(import->section), "%s", longest);
		intake_note(import->intake, &line,
			    _("passed over: the heading '%s', without figures"), shown);
		break;
	case ROW_FOOTER:
		intake_note(import->intake, &line,
			    _("passed over: '%s' is a remark or a signature"), shown);
		break;
	case ROW_COUNTED:
		intake_reject(
			import->intake, &line,
			"these could be the numbers of the columns; if they are, remove the line, "
			"and if they are figures, add a column called Kỳ with their period");
		break;
	case ROW_TOTAL: /* I13: a total and its parts never add up by accident */
		intake_reject(
			import->intake, &line,
			"this line looks like a total of others, which the province makes itself; "
			"remove it");
		break;
	}
	return 0;
}

/* The first one below the header. */
static int take_first(struct import *import, const struct csv_row *row, struct err *err)
{
	const struct place line = { .line = row->line, .column = "", .value = "" };
	bool taken;
	import->begun = true;
	int rc = subheadings_read(&import->columns, row, &taken, err);
	if (rc == 0 && taken)
		intake_note(import->intake, &line,
			    _("taken as the second line of the header: its periods are of the "
			      "year above them"));
	if (rc == 0 && !taken)
		rc = subheadings_year(&import->columns, title_year(&import->dialect.title), err);
	if (rc > 0)
		intake_note(import->intake, &line,
			    _("the columns do not name the year: it is that of the title, %u"),
			    title_year(&import->dialect.title));
	return rc < 0 || taken ? rc : take_row(import, row, err);
}

/* What a merged cell says for the rows it reaches down to: a period, a metric, labels, a unit. A
 * figure keeps its kind, by which it is refused: nobody knows which of these rows it is of. */
static struct csv_row fill_merged(const struct columns *columns, const struct csv_row *row,
				  const char *fields[CSV_COLUMNS_MAX])
{
	struct csv_row filled = *row;
	for (size_t i = 0; i < row->n; i++) {
		enum role role = i < columns->n ? columns->list[i].heading.role : ROLE_NONE;
		bool says = role != ROLE_NONE && role != ROLE_NOTE;
		fields[i] = says && row->merged[i] ? row->merged[i] : row->fields[i];
	}
	filled.fields = fields;
	return filled;
}

static int on_row(void *context, const struct csv_row *row, struct err *err)
{
	struct import *import = context;
	const char *fields[CSV_COLUMNS_MAX];
	if (import->columns.n > 0 && import->begun && row->merged) {
		struct csv_row filled = fill_merged(&import->columns, row, fields);
		return take_row(import, &filled, err);
	}
	if (import->columns.n > 0)
		return import->begun ? take_row(import, row, err) : take_first(import, row, err);
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
	import->intake = config->intake;
	int rc = config->intake ? 0 : intake_open(config, &import->intake, err);
	if (rc == 0)
		rc = dialect->separator
			     ? dialect_reader_open(dialect, on_row, import, &import->reader, err)
			     : 0;
	if (rc < 0)
		import_close(import);
	else
		*ret_import = import;
	return rc;
}

int import_feed(struct import *import, const void *bytes, size_t len, struct err *err)
{
	int rc = dialect_reader_feed(import->reader, bytes, len, err);
	if (rc < 0)
		intake_tell(import->intake);
	return rc;
}

int import_row(struct import *import, const struct csv_row *row, struct err *err)
{
	return row->line < import->dialect.header_line ? 0 : on_row(import, row, err);
}

int import_end(struct import *import, struct err *err)
{
	int rc = import->reader && !import->ended ? dialect_reader_end(import->reader, err) : 0;
	import->ended = true;
	if (rc < 0)
		intake_tell(import->intake);
	return rc < 0 || import->config->intake ? rc : intake_end(import->intake, err);
}

bool import_is_ours(const struct import *import)
{
	return import->columns.ours;
}

struct import_result import_result(const struct import *import)
{
	struct import_result result = intake_result(import->intake);
	result.untouched = import->untouched;
	return result;
}

void import_close(struct import *import)
{
	if (!import)
		return;
	dialect_reader_close(import->reader);
	columns_free(&import->columns);
	if (!import->config->intake)
		intake_close(import->intake);
	free(import);
}

/* --- where something is --- */

/* As a spreadsheet's formula has it. */
static size_t print_sheet(const char *name, char *text, size_t room)
{
	bool plain = *name < '0' || *name > '9';
	size_t n = 0;
	for (const char *at = name; *at && plain; at++)
		plain = (unsigned char)*at >= 0x80 || *at == '_' || (*at >= '0' && *at <= '9') ||
			(*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z');
	if (plain)
		return utf8_print(text, room, "%s", name);
	text[n++] = '\'';
	for (; *name && n + 3 < room; name++) {
		if (*name == '\'')
			text[n++] = '\'';
		text[n++] = *name;
	}
	n = utf8_cut(text, n, room - 2);
	text[n++] = '\'';
	text[n] = '\0';
	return n;
}

void import_column(unsigned column, char ret_letters[IMPORT_COLUMN_MAX])
{
	char letters[IMPORT_COLUMN_MAX] = "";
	size_t n = sizeof(letters) - 1;
	for (; column > 0 && n > 0; column = (column - 1) / 26)
		letters[--n] = (char)('A' + (column - 1) % 26);
	memcpy(ret_letters, letters + n, sizeof(letters) - n);
}

const char *import_where(const struct import_diagnostic *told, char ret_text[IMPORT_WHERE_MAX])
{
	char column[IMPORT_COLUMN_MAX];
	*ret_text = '\0';
	if (!told->sheet && told->line > 0)
		(void)utf8_print(ret_text, IMPORT_WHERE_MAX, "%u", told->line); /* fits */
	if (!told->sheet)
		return ret_text;
	size_t n = print_sheet(told->sheet, ret_text, IMPORT_WHERE_MAX - 32);
	import_column(told->nth, column);
	if (told->line > 0 && told->nth > 0)
		(void)utf8_print(ret_text + n, IMPORT_WHERE_MAX - n, "!%s%u", column, told->line);
	else if (told->line > 0)
		(void)utf8_print(ret_text + n, IMPORT_WHERE_MAX - n, _(", line %u"), told->line);
	return ret_text;
}

/* --- a file in memory --- */

static int detect_text(const struct headings *headings, const char *csv, size_t len,
		       struct dialect *ret_dialect, struct err *err)
{
	struct detect *detect;
	int rc = detect_open(headings, &detect, err);
	if (rc < 0)
		return rc;
	for (size_t at = 0; at < len && rc == 0; at += PIECE)
		rc = detect_feed(detect, csv + at, len - at < PIECE ? len - at : PIECE, err);
	if (rc == 0)
		rc = detect_end(detect, ret_dialect, err);
	detect_close(detect);
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
	while (rc >= 0 && (rc = import_end(import, err)) > 0)
		;
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
		rc = detect_text(headings, csv, len, &dialect, err);
	own.headings = headings;
	own.noting = true;
	if (rc == 0 && !(own.hand_in = hand_in_open()))
		rc = err_memory(err);
	if (rc == 0)
		rc = import_text(&own, &dialect, csv, len, ret_result, err);
	own.noting = false;
	if (rc == 0)
		rc = import_text(&own, &dialect, csv, len, ret_result, err);
	hand_in_close(own.hand_in);
	headings_close(headings);
	return rc < 0 ? err_wrap(err, "%s", name) : 0;
}
