#include "import/columns.h"

#include "common/base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int unknown(const struct headings *headings, const char *name, unsigned line,
		   struct err *err)
{
	char shown[EXCERPT_MAX], meant[NEAR_METRICS_TEXT];
	utf8_excerpt(name, strlen(name), shown);
	const char *font = headings_font(headings, name);
	if (font)
		return err_set(
			err, -EINVAL,
			"line %u: column '%s' is written in %s, from before Unicode; convert "
			"the table to Unicode (Unikey does it: Ctrl+Shift+F6), and save it "
			"again",
			line, shown, font);
	if (headings_near(headings, name, meant))
		return err_set(err, -EINVAL,
			       "line %u: no column can be called '%s'; did you mean %s? Rename it "
			       "if so, or remove it",
			       line, shown, meant);
	return err_set(err, -EINVAL,
		       "line %u: column '%s' is neither period, metric, value and labels, nor a "
		       "metric or a dimension of the catalogue; rename or remove it",
		       line, shown);
}

static int name_column(const struct headings *headings, const char *name, unsigned line,
		       struct heading *ret_heading, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (!name[strspn(name, " \t\r\n")])
		return 0; /* ROLE_NONE */
	struct heading heading = headings_find(headings, name);
	switch (heading.role) {
	case ROLE_NONE:
		return unknown(headings, name, line, err);
	case ROLE_AMBIGUOUS:
		return err_set(err, -EINVAL,
			       "line %u: column '%s': several metrics have this label; use the "
			       "metric's name, like %s",
			       line, utf8_excerpt(name, strlen(name), shown), heading.metric->name);
	case ROLE_OTHER_UNIT:
		return err_set(
			err, -EINVAL,
			"line %u: column '%s': %s is counted in '%s', and something else stands "
			"in brackets; if the figures are of that metric and unit, call the "
			"column %s, else remove it",
			line, utf8_excerpt(name, strlen(name), shown), heading.metric->name,
			heading.metric->unit, heading.metric->name);
	default:
		*ret_heading = heading;
		return 0;
	}
}

static bool means_the_same(const struct column *one, const struct column *other)
{
	const struct heading *a = &one->heading, *b = &other->heading;
	if (a->role != b->role || a->role == ROLE_NONE || a->role == ROLE_NOTE ||
	    a->role == ROLE_PERIOD_FIGURES) /* a second line may tell them apart: subheadings.h */
		return false;
	return a->metric == b->metric && a->part == b->part &&
	       (a->role != ROLE_DIMENSION || strcmp(a->dimension, b->dimension) == 0);
}

static int check_twice(const struct columns *columns, unsigned line, struct err *err)
{
	char shown[EXCERPT_MAX];
	for (size_t i = 0; i < columns->n; i++)
		for (size_t k = 0; k < i; k++)
			if (means_the_same(&columns->list[i], &columns->list[k]))
				return err_set(err, -EINVAL,
					       "line %u: column '%s' is there twice; remove one",
					       line,
					       utf8_excerpt(columns->list[i].name,
							    strlen(columns->list[i].name), shown));
	return 0;
}

const struct column *columns_find(const struct columns *columns, enum role role)
{
	for (size_t i = 0; i < columns->n; i++)
		if (columns->list[i].heading.role == role)
			return &columns->list[i];
	return NULL;
}

struct place columns_place(const struct columns *columns, const struct csv_row *row,
			   const struct column *column)
{
	size_t at = (size_t)(column - columns->list);
	bool filled = at < row->n;
	return (struct place){ .line = row->line,
			       .column = column->name,
			       .value = filled ? row->fields[at] : "",
			       .nth = columns_nth(columns, column),
			       .kind = filled && row->kinds ? row->kinds[at] : 't' };
}

unsigned columns_nth(const struct columns *columns, const struct column *column)
{
	return (unsigned)(column - columns->list) + 1;
}

bool role_is_figure(enum role role)
{
	return role == ROLE_VALUE || role == ROLE_FIGURES || role == ROLE_PERIOD_FIGURES;
}

static int check_form(struct columns *columns, unsigned line, struct err *err)
{
	bool metric = columns_find(columns, ROLE_METRIC), value = columns_find(columns, ROLE_VALUE);
	bool wide = columns_find(columns, ROLE_FIGURES);
	bool across = columns_find(columns, ROLE_PERIOD_FIGURES);
	bool whole_period = false;
	for (size_t i = 0; i < columns->n; i++)
		whole_period |= columns->list[i].heading.role == ROLE_PERIOD &&
				columns->list[i].heading.part != 'y';
	const struct column *metrics = columns_find(columns, ROLE_METRIC);
	columns->ours = metrics && strcmp(metrics->name, HEADING_FORM) == 0;
	columns->form = wide ? FORM_WIDE : across ? FORM_ACROSS : FORM_LONG;
	columns->dated = across || columns_find(columns, ROLE_PERIOD);
	if (wide && (metric || value))
		return err_set(err, -EINVAL,
			       "line %u: the header: columns metric and value do not go together "
			       "with a column per metric; use one form or the other",
			       line);
	if (across && (wide || value || whole_period))
		return err_set(err, -EINVAL,
			       "line %u: the header: a column per period goes together with a "
			       "column metric (Chỉ tiêu) and no other figures or periods; use one "
			       "form or the other",
			       line);
	if (across && !metric)
		return err_set(err, -EINVAL,
			       "line %u: the header has a column per period, and none that says "
			       "which metric a line is of; add one called Chỉ tiêu or metric",
			       line);
	if (!wide && !across && (!metric || !value))
		return err_set(err, -EINVAL,
			       "line %u: the header needs columns metric and value, or a column "
			       "per metric",
			       line);
	return check_twice(columns, line, err);
}

static int read_names(const struct headings *headings, const struct csv_row *row,
		      struct columns *columns, struct err *err)
{
	columns->plain = true;
	for (size_t i = 0; i < row->n; i++) {
		struct column *column = &columns->list[i];
		int rc = name_column(headings, row->fields[i], row->line, &column->heading, err);
		if (rc < 0)
			return rc;
		column->name = strdup(row->fields[i]);
		if (!column->name)
			return err_memory(err);
		columns->n++;
		columns->plain &= column->heading.plain || column->heading.role == ROLE_NONE;
	}
	return 0;
}

int columns_read(const struct headings *headings, const struct csv_row *row,
		 struct columns *ret_columns, struct err *err)
{
	struct columns columns = { .list = calloc(row->n, sizeof(*columns.list)) };
	int rc = columns.list ? read_names(headings, row, &columns, err) : err_memory(err);
	if (rc == 0)
		rc = check_form(&columns, row->line, err);
	if (rc < 0) {
		columns_free(&columns);
		return rc;
	}
	while (columns.n > 0 && columns.list[columns.n - 1].heading.role == ROLE_NONE)
		free(columns.list[--columns.n].name);
	columns.line = row->line;
	*ret_columns = columns;
	return 0;
}

void columns_free(struct columns *columns)
{
	for (size_t i = 0; i < columns->n; i++) {
		free(columns->list[i].name);
		free(columns->list[i].period);
	}
	free(columns->list);
	*columns = (struct columns){ 0 };
}
