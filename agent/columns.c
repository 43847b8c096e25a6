#include "columns.h"

#include "utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int unknown(const char *name, unsigned line, struct err *err)
{
	char shown[EXCERPT_MAX];
	return err_set(err, -EINVAL,
		       "line %u: column '%s' is neither period, metric, value and labels, nor a "
		       "metric or a dimension of the catalogue; rename or remove it",
		       line, utf8_excerpt(name, strlen(name), shown));
}

static int name_column(const struct headings *headings, const char *name, unsigned line,
		       struct heading *ret_heading, struct err *err)
{
	char shown[EXCERPT_MAX];
	if (!name[strspn(name, " \t\r\n")])
		return 0; /* ROLE_NONE */
	const struct heading *heading = headings_find(headings, name);
	if (!heading)
		return unknown(name, line, err);
	if (heading->role == ROLE_AMBIGUOUS)
		return err_set(err, -EINVAL,
			       "line %u: column '%s': several metrics have this label; use the "
			       "metric's name, like %s",
			       line, utf8_excerpt(name, strlen(name), shown),
			       heading->metric->name);
	*ret_heading = *heading;
	return 0;
}

static bool means_the_same(const struct heading *a, const struct heading *b)
{
	if (a->role != b->role || a->role == ROLE_NONE || a->role == ROLE_NOTE)
		return false;
	return a->metric == b->metric &&
	       (a->role != ROLE_DIMENSION || strcmp(a->dimension, b->dimension) == 0);
}

static int check_twice(const struct columns *columns, unsigned line, struct err *err)
{
	char shown[EXCERPT_MAX];
	for (size_t i = 0; i < columns->n; i++)
		for (size_t k = 0; k < i; k++)
			if (means_the_same(&columns->list[i].heading, &columns->list[k].heading))
				return err_set(err, -EINVAL,
					       "line %u: column '%s' is there twice; remove one",
					       line,
					       utf8_excerpt(columns->list[i].name,
							    strlen(columns->list[i].name), shown));
	return 0;
}

static bool has(const struct columns *columns, enum role role)
{
	for (size_t i = 0; i < columns->n; i++)
		if (columns->list[i].heading.role == role)
			return true;
	return false;
}

static int check_form(struct columns *columns, unsigned line, struct err *err)
{
	bool metric = has(columns, ROLE_METRIC), value = has(columns, ROLE_VALUE);
	columns->wide = has(columns, ROLE_FIGURES);
	if (columns->wide && (metric || value))
		return err_set(err, -EINVAL,
			       "line %u: the header: columns metric and value do not go together "
			       "with a column per metric; use one form or the other",
			       line);
	if (!columns->wide && (!metric || !value))
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
	*ret_columns = columns;
	return 0;
}

void columns_free(struct columns *columns)
{
	for (size_t i = 0; i < columns->n; i++)
		free(columns->list[i].name);
	free(columns->list);
	*columns = (struct columns){ 0 };
}
