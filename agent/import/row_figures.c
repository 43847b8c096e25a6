#include "import/import_internal.h"

#include "common/model/near_metric.h"

#include <errno.h>
#include <string.h>

/* --- the three forms --- */

/* The metric that the line names; NULL when it is told what is wrong with that. */
static const struct metric *line_metric(struct import *import, struct line *line)
{
	const struct headings *headings = import->config->headings;
	const struct column *column = columns_find(&import->columns, ROLE_METRIC);
	struct place cell = columns_place(&import->columns, line->row, column);
	struct heading heading = headings_find(headings, cell.value);
	line->measured = heading.measured;
	char meant[NEAR_METRICS_TEXT];
	struct near_metrics near;
	const char *font;
	if (heading.role == ROLE_FIGURES)
		return heading.metric;
	/* I13: a name that is not known is an error. */
	if (!*cell.value)
		intake_reject(import->intake, &cell, "is empty; write which metric the line is of");
	else if (heading.role == ROLE_AMBIGUOUS)
		intake_reject(
			import->intake, &cell,
			"'%s': several metrics have this label; use the metric's name, like %s",
			cell.value, heading.metric->name);
	else if (heading.role == ROLE_OTHER_UNIT)
		intake_reject(
			import->intake, &cell,
			"'%s': %s is counted in '%s', and something else stands in brackets; if "
			"the figures are of that metric and unit, write %s",
			cell.value, heading.metric->name, heading.metric->unit,
			heading.metric->name);
	else if ((font = headings_font(headings, cell.value)))
		intake_reject(
			import->intake, &cell,
			"'%s' is written in %s, from before Unicode; convert the table to Unicode "
			"(Unikey does it: Ctrl+Shift+F6), and save it again",
			cell.value, font);
	else if (catalogue_near(import->config->catalogue, cell.value, &near))
		intake_reject(import->intake, &cell,
			      "no metric is called '%s'; did you mean %s? Rename it if so",
			      cell.value, near_metrics_say(&near, meant));
	else
		intake_reject(import->intake, &cell,
			      "no metric is called '%s'; write its name as the form of its period "
			      "on the page does",
			      cell.value);
	return NULL;
}

static int take_long(struct import *import, struct line *line, struct err *err)
{
	struct place cell = columns_place(&import->columns, line->row,
					  columns_find(&import->columns, ROLE_VALUE));
	const struct metric *metric = line_metric(import, line);
	if (!metric || row_says_nothing(cell.value))
		return 0;
	if (*cell.value)
		return figure_take(import, line, &cell, metric, err);
	intake_reject(import->intake, &cell, "is empty; write a number, or remove the line");
	return 0;
}

/* Dimensions that a metric of the line lacks are those of its neighbours. */
static int take_wide(struct import *import, struct line *line, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < import->columns.n && rc == 0; i++) {
		const struct column *column = &import->columns.list[i];
		struct place cell = columns_place(&import->columns, line->row, column);
		line->measured = column->heading.measured;
		/* I6: an empty cell is not reported, which is not 0. */
		if (column->heading.role == ROLE_FIGURES && *cell.value &&
		    !row_says_nothing(cell.value))
			rc = figure_take(import, line, &cell, column->heading.metric, err);
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
	struct place cell = line_period_place(import, line);
	if (rc < 0)
		intake_reject(import->intake, &cell, "%s", why.text);
	return rc == 0;
}

static int take_across(struct import *import, struct line *line, struct err *err)
{
	const struct metric *metric = line_metric(import, line);
	int rc = 0;
	for (size_t i = 0; metric && i < import->columns.n && rc == 0; i++) {
		const struct column *column = &import->columns.list[i];
		struct place cell = columns_place(&import->columns, line->row, column);
		if (column->heading.role == ROLE_PERIOD_FIGURES && *cell.value &&
		    !row_says_nothing(cell.value) && read_period(import, line, column))
			rc = figure_take(import, line, &cell, metric, err);
	}
	return rc;
}

/* --- a row --- */

/* May every cell stand where it stands? */
static bool check_cells(struct import *import, const struct csv_row *row)
{
	for (size_t i = 0; i < row->n; i++) {
		const struct place cell = { .line = row->line,
					    .column = "",
					    .value = row->fields[i],
					    .nth = (unsigned)i + 1 };
		if (!*cell.value ||
		    (i < import->columns.n && import->columns.list[i].heading.role != ROLE_NONE))
			continue;
		intake_reject(import->intake, &cell,
			      "it stands in column %zu, which has no name in the header; name the "
			      "column, or empty the cell",
			      i + 1);
		return false;
	}
	return true;
}

int row_figures_take(struct import *import, const struct csv_row *row, const char *unit,
		     struct err *err)
{
	static int (*const takers[])(struct import *, struct line *, struct err *) = {
		[FORM_LONG] = take_long, [FORM_WIDE] = take_wide, [FORM_ACROSS] = take_across
	};
	struct line line = { .row = row, .unit = unit };
	enum form form = import->columns.form;
	struct place cell;
	struct err why;
	if (!check_cells(import, row))
		return 0;
	if (row_labels_read(&import->columns, row, &line.labels, &cell, &why) < 0) {
		intake_reject(import->intake, &cell, "%s", why.text);
		return 0;
	}
	if (form != FORM_ACROSS && import->columns.dated && !read_period(import, &line, NULL))
		return 0;
	return takers[form](import, &line, err);
}
