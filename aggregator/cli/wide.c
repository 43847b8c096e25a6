#include "cli/wide.h"

#include "common/base/blob.h"
#include "common/base/i18n.h"
#include "common/base/utf8.h"
#include "common/text/number_told.h"
#include "common/text/pivot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOT_WHOLE "*"
#define NO_VALUE  "-"

struct wide {
	struct pivot pivot;
	struct drawn *drawn;
	size_t n_keys;
	const char *keys[8]; /* [n_keys]: columns that tell the rows apart */
	bool versus;         /* each metric has its change beside it */
	size_t *fractions;   /* owned [columns]: the longest fraction of value and change */
	bool marks, holes;   /* were drawn */
};

static const struct {
	const char *name, *title;
} keys[] = {
	{ "period", N_("Period") },         { "area", N_("Area") },        { "name", N_("Name") },
	{ "valid_from", N_("Valid from") }, { "label_name", N_("Label") },
};

/* Does the column tell anything apart? Days from which units are in force do so where one code
 * meant two. */
static bool is_wanted(const struct pivot *pivot, const char *name)
{
	bool any = false;
	if (strcmp(name, "valid_from") != 0) {
		for (size_t i = 0; i < pivot->n_rows && !any; i++)
			any = pivot_text(pivot, pivot->rows[i], name) != NULL;
		return any;
	}
	for (size_t i = 1; i < pivot->n_rows && !any; i++) {
		const char *area = pivot_text(pivot, pivot->rows[i], "area"),
			   *before = pivot_text(pivot, pivot->rows[i - 1], "area"),
			   *period = pivot_text(pivot, pivot->rows[i], "period"),
			   *other = pivot_text(pivot, pivot->rows[i - 1], "period");
		any = area && before && strcmp(area, before) == 0 && strcmp(period, other) == 0;
	}
	return any;
}

static void columns_add(struct wide *wide)
{
	const struct pivot *pivot = &wide->pivot;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		bool text = strcmp(keys[i].name, "name") == 0 ||
			    strcmp(keys[i].name, "label_name") == 0;
		if (!is_wanted(pivot, keys[i].name))
			continue;
		wide->keys[wide->n_keys++] = keys[i].name;
		drawn_column(wide->drawn, _(keys[i].title),
			     (text ? DRAWN_TEXT : 0u) |
				     (strcmp(keys[i].name, "valid_from") == 0 ? DRAWN_LESSER
									      : DRAWN_MAIN));
	}
	for (size_t i = 0; i < pivot->n_columns; i++) {
		const char *metric = pivot_text(pivot, pivot->columns[i], "metric");
		drawn_column(wide->drawn, metric ? metric : _("Value"), DRAWN_NUMBER);
		if (wide->versus)
			drawn_column(wide->drawn, _("Change, percent"), DRAWN_NUMBER);
	}
}

static size_t fraction_len(const char *number)
{
	const char *point = number ? strchr(number, '.') : NULL;
	return point ? strlen(point) : 0;
}

/* The longest fraction of each column, so that points stand below one another. */
static int fractions_find(struct wide *wide)
{
	const struct pivot *pivot = &wide->pivot;
	size_t *fractions = calloc(2 * pivot->n_columns + 1, sizeof(*fractions));
	if (!fractions)
		return -ENOMEM;
	for (size_t i = 0; i < pivot->n_rows * pivot->n_columns; i++) {
		size_t *of = &fractions[2 * (i % pivot->n_columns)];
		size_t value = fraction_len(pivot_text(pivot, pivot->cells[i], "value")),
		       change = fraction_len(pivot_text(pivot, pivot->cells[i], "change_percent"));
		of[0] = value > of[0] ? value : of[0];
		of[1] = change > of[1] ? change : of[1];
	}
	wide->fractions = fractions;
	return 0;
}

static int put_number(struct wide *wide, size_t row, size_t column, bool change)
{
	const struct pivot *pivot = &wide->pivot;
	size_t cell = pivot_cell(pivot, row, column);
	const char *number = pivot_text(pivot, cell, change ? "change_percent" : "value");
	size_t fraction = wide->fractions[2 * column + change];
	struct blob text = { 0 };
	bool part = !change && number && !pivot_is_whole(pivot, cell);
	if (cell == PIVOT_NONE) {
		drawn_cell(wide->drawn, "", GRAVITY_NONE);
		return 0;
	}
	wide->holes |= !number;
	wide->marks |= part;
	number = number ? number : NO_VALUE;
	int rc = number_told(number, &text);
	for (size_t i = fraction_len(number); i < fraction && rc == 0; i++)
		rc = blob_append(&text, " ", 1);
	if (rc == 0 && change)
		rc = blob_append(&text, strcmp(number, NO_VALUE) == 0 ? "  " : " %", 2);
	if (rc == 0 && !change)
		rc = blob_append(&text, part ? NOT_WHOLE : " ", 1);
	if (rc == 0)
		rc = blob_append(&text, "", 1);
	if (rc == 0)
		drawn_cell(wide->drawn, (const char *)text.data,
			   part ? GRAVITY_WARNING : GRAVITY_NONE);
	blob_free(&text);
	return rc;
}

/* A place's name; what is none says which row it is. */
static void put_key(struct wide *wide, size_t row, const char *name)
{
	const struct pivot *pivot = &wide->pivot;
	const char *text = pivot_text(pivot, row, name), *kind = pivot_text(pivot, row, "row");
	bool is_name = strcmp(name, "name") == 0, total = kind && strncmp(kind, "total", 5) == 0;
	char shown[256];
	if (is_name && !pivot_text(pivot, row, "area")) {
		text = _(kind ? kind : "rest");
	} else if (is_name && total) {
		(void)utf8_print(shown, sizeof(shown), _("%s (total)"), text); /* cut is fine */
		text = shown;
	}
	drawn_cell(wide->drawn, text ? text : "", GRAVITY_NONE);
}

static int row_add(struct wide *wide, size_t row)
{
	int rc = 0;
	drawn_row(wide->drawn);
	for (size_t i = 0; i < wide->n_keys; i++)
		put_key(wide, wide->pivot.rows[row], wide->keys[i]);
	for (size_t i = 0; i < wide->pivot.n_columns && rc == 0; i++) {
		rc = put_number(wide, row, i, false);
		if (rc == 0 && wide->versus)
			rc = put_number(wide, row, i, true);
	}
	return rc;
}

static int draw(struct wide *wide, const struct drawn_room *room, FILE *out, struct err *err)
{
	int rc = wide->drawn ? fractions_find(wide) : -ENOMEM;
	if (rc == 0)
		columns_add(wide);
	for (size_t row = 0; row < wide->pivot.n_rows && rc == 0; row++)
		rc = row_add(wide, row);
	if (rc < 0)
		return err_memory(err);
	rc = drawn_print(wide->drawn, room, out, err);
	if (rc == 0 && wide->marks)
		fprintf(out, _("%s not all that was due is in it, or the period is not over\n"),
			NOT_WHOLE);
	if (rc == 0 && wide->holes)
		fprintf(out, _("%s there is no value; --format csv has the reason\n"), NO_VALUE);
	return rc;
}

int wide_draw(const struct table *table, bool given, const struct drawn_room *room, FILE *out,
	      struct err *err)
{
	struct wide wide = { 0 };
	int rc = (given ? pivot_make_given : pivot_make)(table, PIVOT_METRICS, &wide.pivot, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < table_columns(table); i++)
		wide.versus |= strcmp(table_column(table, i), "change_percent") == 0;
	wide.drawn = drawn_open();
	rc = draw(&wide, room, out, err);
	drawn_close(wide.drawn);
	free(wide.fractions);
	pivot_free(&wide.pivot);
	return rc;
}
