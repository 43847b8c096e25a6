#include "api/difference.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 4u

struct side { /* a table, and its rows by their keys */
	const struct table *table;
	struct line {
		char key[LOSS_KEY_MAX]; /* cells parted by blanks; cut as a loss's */
		size_t row;
	} * lines; /* owned [n], ascending by key, then by row */
	size_t n;
};

/* Which column of @table is called @name[@len]; its number of columns when none is. */
static size_t column_find(const struct table *table, const char *name, size_t len)
{
	size_t i = 0;

	while (i < table_columns(table) && (strncmp(table_column(table, i), name, len) != 0 ||
					    table_column(table, i)[len] != '\0'))
		i++;
	return i;
}

static const char *cell(const struct table *table, size_t row, size_t column)
{
	const char *text = column < table_columns(table) ? table_cell(table, row, column) : NULL;

	return text ? text : "";
}

static int line_order(const void *a, const void *b)
{
	const struct line *left = a, *right = b;
	int order = strcmp(left->key, right->key);

	return order ? order : (left->row > right->row) - (left->row < right->row);
}

static int side_open(struct side *side, const struct table *table, const char *keys,
		     struct err *err)
{
	size_t columns[KEYS_MAX], n_keys = 0;

	side->table = table;
	side->n = table_rows(table);
	side->lines = calloc(side->n + 1, sizeof(side->lines[0]));
	if (!side->lines)
		return err_memory(err);
	for (const char *at = keys; *at && n_keys < KEYS_MAX; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		columns[n_keys++] = column_find(table, at, len);
		at += len;
	}
	for (size_t row = 0; row < side->n; row++) {
		struct line *line = &side->lines[row];
		size_t len = 0;

		line->row = row;
		for (size_t i = 0; i < n_keys && len < sizeof(line->key); i++)
			len += (size_t)snprintf(line->key + len, sizeof(line->key) - len, "%s%s",
						i ? " " : "", cell(table, row, columns[i]));
	}
	qsort(side->lines, side->n, sizeof(side->lines[0]), line_order);
	return 0;
}

struct comparing {
	struct table *out;
	const struct losses *losses;
	const char *told; /* the key whose figures were told: once */
};

static void row_add(struct comparing *c, const char *change, const char *key, const char *column,
		    const char *was, const char *becomes)
{
	const struct loss *loss = losses_find(c->losses, key);
	bool first = !c->told || strcmp(c->told, key) != 0;

	table_row(c->out);
	table_text(c->out, change);
	table_text(c->out, key);
	table_text(c->out, column);
	table_text(c->out, was);
	table_text(c->out, becomes);
	if (loss && first) {
		table_int(c->out, (int64_t)loss->figures);
		table_int(c->out, (int64_t)loss->offices);
		c->told = loss->key;
	}
}

/* The cells of one row; a column that only one of the tables has is empty in the other. */
static void cells_compare(struct comparing *c, const struct side *before, size_t i,
			  const struct side *after, size_t k)
{
	const struct table *were = before->table, *are = after->table;
	const char *key = before->lines[i].key;
	size_t was_row = before->lines[i].row, is_row = after->lines[k].row;

	for (size_t n = 0; n < table_columns(are); n++) {
		const char *name = table_column(are, n);
		const char *was = cell(were, was_row, column_find(were, name, strlen(name)));
		const char *is = cell(are, is_row, n);

		if (strcmp(was, is) != 0)
			row_add(c, "changed", key, name, was, is);
	}
	for (size_t n = 0; n < table_columns(were); n++) {
		const char *name = table_column(were, n);
		bool there = column_find(are, name, strlen(name)) < table_columns(are);

		if (!there && *cell(were, was_row, n))
			row_add(c, "changed", key, name, cell(were, was_row, n), "");
	}
}

int difference_add(struct table *out, const struct table *before, const struct table *after,
		   const char *keys, const struct losses *losses, struct err *err)
{
	struct side was = { 0 }, is = { 0 };
	struct comparing c = { .out = out, .losses = losses };
	int rc = side_open(&was, before, keys, err);

	if (rc == 0)
		rc = side_open(&is, after, keys, err);
	for (size_t i = 0, k = 0; rc == 0 && (i < was.n || k < is.n);) {
		int order = i == was.n  ? 1
			    : k == is.n ? -1
					: strcmp(was.lines[i].key, is.lines[k].key);

		if (order < 0)
			row_add(&c, "gone", was.lines[i++].key, NULL, NULL, NULL);
		else if (order > 0)
			row_add(&c, "new", is.lines[k++].key, NULL, NULL, NULL);
		else
			cells_compare(&c, &was, i++, &is, k++);
	}
	free(was.lines);
	free(is.lines);
	return rc < 0 ? rc : table_failed(out) ? err_memory(err) : 0;
}
