#include "import/import_internal.h"

#include "common/base/i18n.h"
#include "common/model/period_words.h"
#include "import/cell.h"
#include "import/measure.h"
#include "import/terms.h"
#include "workbook/cells.h"

#include <errno.h>
#include <string.h>

/* --- two readings --- */

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

/* --- what a workbook knows of a cell --- */

/* A number of a workbook is written in one way, whatever its texts look like. */
static enum numeral mark_of(const struct import *import, const struct place *cell)
{
	return cell->kind == CELL_NUMBER || cell->kind == CELL_PERCENT ? NUMERAL_POINT
								       : import->dialect.mark;
}

static int refuse_kind(const struct import *import, const struct place *cell, struct err *err)
{
	char shown[EXCERPT_MAX];
	utf8_excerpt(cell->value, strlen(cell->value), shown);
	if (!import->dialect.separator && cell->kind == CELL_TEXT &&
	    import->dialect.mark == NUMERAL_EITHER && numeral_look(cell->value) == NUMERAL_EITHER)
		return err_set(err, -EINVAL,
			       "'%s' is text in this cell, and its mark can stand before decimals "
			       "or thousands; format the cell as a number, and type the figure "
			       "again",
			       shown);
	if (cell->kind == CELL_FORMULA)
		return err_set(err, -EINVAL,
			       "'%s' is a formula, and the file does not have what it comes to; "
			       "open the workbook in the spreadsheet program, save it there, and "
			       "hand it in again",
			       shown);
	if (cell->kind == CELL_MERGED)
		return err_set(err, -EINVAL,
			       "the cell is merged with the one above, so nobody can tell which "
			       "line '%s' is of; separate the cells, and write the figure of each "
			       "line into its own",
			       shown);
	if (cell->kind == CELL_DATE)
		return err_set(err, -EINVAL,
			       "the cell is formatted as a date, '%s'; if a number stands in it, "
			       "format the cell as a number",
			       shown);
	return 0;
}

/* 45 % is held as 0.45. What the cell holds counts, and is told. */
static void tell_percent(struct import *import, const struct place *cell,
			 const struct metric *metric)
{
	intake_warn(import->intake, cell,
		    "%s: the sheet shows a percentage here, and %s is recorded, which is what the "
		    "cell holds; if the percentage is meant, write its number into a cell that is "
		    "formatted as a number",
		    metric->name, cell->value);
}

/* --- its period --- */

struct place line_period_place(const struct import *import, const struct line *line)
{
	return (struct place){ .line = line->row->line,
			       .column = line->period.column->name,
			       .value = line->period.cell,
			       .nth = columns_nth(&import->columns, line->period.column) };
}

/* A spreadsheet makes the first of June of 06/2025; but what stands under "Ngày" is a day, and that
 * of a report comes after its month. */
static int check_day(const struct line *line, enum grain grain, struct err *err)
{
	char day[PERIOD_TEXT_MAX];
	struct err ignored; /* no day: then it is what it was read as */
	if (grain != GRAIN_MONTH || !line->period.column ||
	    line->period.column->heading.part != 'd' ||
	    period_from_words(line->period.text, GRAIN_DAY, false, day, &ignored) < 0)
		return 0;
	return err_set(err, -EINVAL, "'%s' is a %s, but it is counted per %s; write it like %s",
		       line->period.cell, _(grain_name(GRAIN_DAY)), _(grain_name(grain)),
		       period_words_example(grain));
}

/* The line's period for @metric; false when there is none, which is told once. */
static bool line_period(struct import *import, struct line *line, const struct metric *metric,
			const char **ret_period)
{
	struct err why;
	enum grain grain = metric->period;
	if (!line->periods[grain].read) {
		struct place cell = line_period_place(import, line);
		line->periods[grain].read = true;
		line->periods[grain].good =
			period_from_words(line->period.text, grain, import->dialect.month_first,
					  line->periods[grain].text, &why) == 0 &&
			check_day(line, grain, &why) == 0;
		if (!line->periods[grain].good)
			intake_reject(import->intake, &cell, "%s: %s", metric->name, why.text);
	}
	*ret_period = line->periods[grain].text;
	return line->periods[grain].good;
}

/* --- a figure without a period --- */

/* It is recorded for now; unless the title says another period, or several. */
static int take_now(struct import *import, const struct place *cell, const struct observation *obs,
		    struct err *err)
{
	char now[PERIOD_TEXT_MAX];
	const struct place table = { .line = cell->line, .column = "", .value = "" };
	if (obs->now)
		return 0; /* nobody knows when that is: agent/clock/clock.h */
	(void)period_format(obs->period, now);
	if (!title_allows(&import->dialect.title, obs->period))
		return err_set(err, -EINVAL,
			       "line %u: '%s' stands above the figures, but without a column for "
			       "the period they would be recorded for %s; add a column called Kỳ "
			       "with the %s that each figure is of, like %s",
			       cell->line, title_said(&import->dialect.title), now,
			       _(grain_name(obs->period.grain)),
			       period_words_example(obs->period.grain));
	if (!import->told[obs->period.grain][obs->period.calendar])
		intake_note(
			import->intake, &table,
			_("there is no column for the period: the figures are recorded for %s, the "
			  "current %s"),
			now, _(grain_name(obs->period.grain)));
	import->told[obs->period.grain][obs->period.calendar] = true;
	return 0;
}

/* What is to be is not what was. */
static int refuse_planned(const struct import *import, const struct place *cell, struct err *err)
{
	const char *plan = title_plan_said(&import->dialect.title.plan);
	return *plan ? err_set(err, -EINVAL,
			       "line %u: '%s' stands above the figures, which are to be what was "
			       "done; hand in that, or remove these words if that is what the "
			       "table "
			       "has",
			       cell->line, plan)
		     : 0;
}

/* What has come together since the beginning of the year is not what happened in a month. */
static int refuse_cumulative(const struct import *import, const struct place *cell,
			     const struct metric *metric, struct err *err)
{
	if (!import->dialect.title.cumulative || metric->kind != KIND_FLOW ||
	    metric->period == GRAIN_YEAR)
		return 0;
	return err_set(
		err, -EINVAL,
		"line %u: '%s' stands above the figures, but %s counts what happened in each %s; "
		"hand in the figures of each %s by itself, in a table without these words",
		cell->line, title_said(&import->dialect.title), metric->name,
		_(grain_name(metric->period)), _(grain_name(metric->period)));
}

/* --- in which unit --- */

/* False: told. */
static bool check_unit(struct import *import, const struct line *line, const struct place *cell,
		       const struct metric *metric)
{
	char unit[MEASURE_MAX];
	const char *own = line->unit;
	if (*own && !measure_fits(metric, own)) {
		struct place at = columns_place(&import->columns, line->row,
						columns_find(&import->columns, ROLE_UNIT));
		intake_reject(
			import->intake, &at,
			"%s is counted in '%s', and this column says '%s'; write the figure in "
			"'%s', and that as its unit",
			metric->name, measure_shown(metric), own, measure_shown(metric));
		return false;
	}
	if (*own || line->measured || row_unit_fits_lines(import->dialect.units, metric, unit))
		return true;
	intake_reject(
		import->intake, cell,
		"%s is counted in '%s', and a line of the file says '%s'; write the figure in "
		"'%s', and mend that line, or add a column called ĐVT with the unit of each figure",
		metric->name, measure_shown(metric), unit, measure_shown(metric));
	return false;
}

/* --- one figure --- */

/* A merged cell leaves those below it empty: without its label the part would stand for the whole.
 * What a program writes, under the dimension's own name, has no merged cells.
 * False: told. */
static bool check_merged(struct import *import, struct line *line, const struct metric *metric)
{
	bool divided = false;
	for (size_t i = 0; line->labels.merged && i < metric->n_dimensions; i++)
		divided |=
			strcmp(metric->dimensions[i], line->labels.merged->heading.dimension) == 0;
	if (!divided)
		return true;
	struct place at = columns_place(&import->columns, line->row, line->labels.merged);
	intake_reject(import->intake, &at,
		      "%s: is empty below a line that has one; write it here as well, or hand in "
		      "figures that are not divided in a table of their own",
		      metric->name);
	return false;
}

/* "Lĩnh vực đất đai" above figures that have no label: they are a part of the whole. False: told.
 */
static bool check_section(struct import *import, const struct line *line, const struct place *cell,
			  const struct metric *metric)
{
	const char *shown = NULL;
	if (*line->labels.text || !*import->section)
		return true;
	for (size_t i = 0; i < metric->n_dimensions && !shown; i++)
		if (headings_begins(import->section, metric, metric->dimensions[i]))
			shown = terms_shown(metric->dimensions[i],
					    terms_dimension(metric, metric->dimensions[i]));
	if (!shown)
		return true;
	intake_reject(import->intake, cell,
		      "%s: the heading '%s' stands above it, and the line does not say which %s "
		      "it is of; write that into each line, in a column of its own",
		      metric->name, import->section, shown);
	return false;
}

/* A number of a workbook, as the sheet shows it to its reader: 41,5. */
static const char *shown_number(const struct place *cell, char point, char text[NUMERAL_MAX])
{
	bool number = cell->kind == CELL_NUMBER || cell->kind == CELL_PERCENT;
	if (!number || point != ',' || strlen(cell->value) >= NUMERAL_MAX)
		return cell->value;
	memcpy(text, cell->value, strlen(cell->value) + 1);
	char *at = strchr(text, '.');
	if (at)
		*at = ',';
	return text;
}

int figure_take(struct import *import, struct line *line, const struct place *cell,
		const struct metric *metric, struct err *err)
{
	char plain[NUMERAL_MAX], labels[LABELS_TEXT_MAX], shown[NUMERAL_MAX];
	char point = cell_point(import->dialect.mark);
	struct entry entry = { .metric = metric->name,
			       .labels = line->labels.text,
			       .typed = shown_number(cell, point, shown),
			       .point = point };
	struct observation obs;
	struct err why;
	enum entry_part part = ENTRY_VALUE;
	bool dated = import->columns.dated;
	/* What stands around figures in a form that we made says nothing of them. */
	bool ours = import->columns.ours;
	if (!ours && (refuse_planned(import, cell, err) < 0 ||
		      refuse_cumulative(import, cell, metric, err) < 0))
		return -EINVAL;
	if (!ours &&
	    (!check_section(import, line, cell, metric) || !check_merged(import, line, metric) ||
	     !check_unit(import, line, cell, metric)))
		return 0;
	bool good = !dated || line_period(import, line, metric, &entry.period);
	if (!good)
		entry.period = NULL; /* its value may be wrong as well */
	int rc = refuse_kind(import, cell, &why);
	if (rc == 0)
		rc = refuse_open(import, metric, cell->value, &why);
	if (rc == 0)
		rc = cell_read(cell->value, mark_of(import, cell), metric, plain, &entry.value,
			       &why);
	if (rc == 0)
		rc = entry_judge_as(import->config->catalogue, metric, &entry,
				    import->config->now_us, labels, &obs, &part, &why);
	if (rc == 0 && good) {
		rc = dated ? 0 : take_now(import, cell, &obs, err);
		if (rc == 0)
			rc = intake_take(import->intake, cell, &entry, &obs, err);
		if (rc == 0 && cell->kind == CELL_PERCENT)
			tell_percent(import, cell, metric);
		return rc;
	}
	if (rc == 0 || (!good && part == ENTRY_PERIOD))
		return 0;
	struct place at = *cell; /* where the sentence belongs */
	at.value = entry.typed;
	if (part == ENTRY_PERIOD && line->period.column)
		at = line_period_place(import, line);
	else if (part == ENTRY_LABELS && line->labels.column)
		at = (struct place){ .line = cell->line,
				     .column = line->labels.column->name,
				     .value = line->labels.text,
				     .nth = columns_nth(&import->columns, line->labels.column) };
	if (part == ENTRY_PERIOD && dated) /* not begun: for all of that grain */
		line->periods[metric->period].good = false;
	intake_reject(import->intake, &at, "%s: %s", metric->name, why.text);
	return 0;
}
