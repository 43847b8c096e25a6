#include "import/subheadings.h"

#include "common/base/utf8.h"
#include "common/model/period.h"
#include "common/model/period_words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 128u /* bytes of a period in words */

/* A number of four digits stands nowhere else in a period. */
static unsigned year_in(const char *text)
{
	for (; *text; text++) {
		size_t n = strspn(text, "0123456789");
		if (n == 4)
			return (unsigned)strtoul(text, NULL, 10);
		text += n > 0 ? n - 1 : 0;
	}
	return 0;
}

static bool lacks_year(const char *text)
{
	return !year_in(text) && period_words_known(text);
}

static bool period_in(const char *text, struct period *ret_period)
{
	char written[PERIOD_TEXT_MAX];
	struct err ignored; /* the next grain is tried; at last it is no period */
	for (enum grain grain = GRAIN_DAY; grain < GRAIN_COUNT; grain++)
		if (period_from_words(text, grain, false, written, &ignored) == 0)
			return period_read(written, CALENDAR_CIVIL, ret_period);
	return false;
}

/* "Tháng 4" below "Năm 2025" is "Tháng 4/2025"; false when the one is not within the other. */
static bool join(const char *above, const char *below, char ret_words[WORDS_MAX])
{
	struct period outer, inner;
	(void)utf8_print(ret_words, WORDS_MAX, "%s/%u", below, year_in(above)); /* cut: no period */
	return lacks_year(below) && period_in(above, &outer) && period_in(ret_words, &inner) &&
	       inner.grain < outer.grain && period_first_day(inner) >= period_first_day(outer) &&
	       period_end_day(inner) <= period_end_day(outer);
}

/* For each cell of @row the column above it whose period it is part of; NULL: none. A merged cell
 * reaches as far as no other name stands above, and begins above a name. */
static const struct column *above(const struct columns *columns, const struct csv_row *row,
				  size_t i)
{
	while (i > 0 && (i >= columns->n || columns->list[i].heading.role == ROLE_NONE))
		i--;
	const struct column *column = i < columns->n ? &columns->list[i] : NULL;
	return column && column->heading.role == ROLE_PERIOD_FIGURES && year_in(column->name) &&
			       lacks_year(row->fields[i])
		       ? column
		       : NULL;
}

static bool is_repeated(const struct columns *columns, const struct csv_row *row, size_t i)
{
	return i < columns->n && strcmp(columns->list[i].name, row->fields[i]) == 0;
}

static int take_name(struct column *column, const char *name, const char *words, struct err *err)
{
	char *own = strdup(name), *period = strdup(words);
	if (!own || !period) {
		free(own);
		free(period);
		return err_memory(err);
	}
	free(column->name);
	free(column->period);
	column->name = own;
	column->period = period;
	column->heading.role = ROLE_PERIOD_FIGURES;
	return 0;
}

/* The list has room for as many columns as the header's first line has cells, which no rule of
 * growth knows (array_room() would not see that it is full). */
static int grow(struct columns *columns, size_t n, struct err *err)
{
	if (n <= columns->n)
		return 0;
	struct column *list = realloc(columns->list, n * sizeof(*list));
	if (!list)
		return err_memory(err);
	columns->list = list;
	while (columns->n < n) {
		list[columns->n] = (struct column){ .name = strdup("") };
		if (!list[columns->n].name)
			return err_memory(err);
		columns->n++;
	}
	return 0;
}

/* Of cells that are not empty: how many are part of a period above; and which is not. */
static size_t count_parts(const struct columns *columns, const struct csv_row *row,
			  size_t *ret_other)
{
	size_t n = 0;
	char words[WORDS_MAX];
	*ret_other = row->n;
	for (size_t i = 0; i < row->n; i++) {
		const struct column *column = above(columns, row, i);
		if (!*row->fields[i] || is_repeated(columns, row, i))
			continue;
		if (column && join(column->name, row->fields[i], words))
			n++;
		else if (*ret_other == row->n)
			*ret_other = i;
	}
	return n;
}

/* A merged cell that is filled in says one year twice; what stands below it does not. */
static int check_twice(const struct columns *columns, unsigned line, struct err *err)
{
	char shown[EXCERPT_MAX];
	for (size_t i = 0; i < columns->n; i++)
		for (size_t k = 0; k < i; k++) {
			const struct column *a = &columns->list[i], *b = &columns->list[k];
			const char *period = a->period ? a->period : a->name;
			if (a->heading.role == ROLE_PERIOD_FIGURES &&
			    a->heading.role == b->heading.role &&
			    strcmp(period, b->period ? b->period : b->name) == 0)
				return err_set(err, -EINVAL,
					       "line %u: column '%s' is there twice; remove one",
					       line, utf8_excerpt(period, strlen(period), shown));
		}
	return 0;
}

int subheadings_read(struct columns *columns, const struct csv_row *row, bool *ret_taken,
		     struct err *err)
{
	char name[EXCERPT_MAX], (*words)[WORDS_MAX];
	size_t other, n = columns->form == FORM_ACROSS ? count_parts(columns, row, &other) : 0;
	*ret_taken = false;
	if (n == 0)
		return check_twice(columns, columns->line, err);
	if (other < row->n)
		return err_set(err, -EINVAL,
			       "line %u: '%s' is in the second line of the header, and no part of "
			       "the period above it; write the whole name of each column in one "
			       "line, like Tháng 6/2025, and remove the other",
			       row->line,
			       utf8_excerpt(row->fields[other], strlen(row->fields[other]), name));
	words = calloc(row->n, sizeof(*words));
	if (!words)
		return err_memory(err);
	for (size_t i = 0; i < row->n; i++) /* all of them, before a name above changes */
		if (*row->fields[i] && !is_repeated(columns, row, i))
			(void)join(above(columns, row, i)->name, row->fields[i], words[i]);
	int rc = grow(columns, row->n, err);
	for (size_t i = 0; i < row->n && rc == 0; i++)
		if (*words[i])
			rc = take_name(&columns->list[i], row->fields[i], words[i], err);
	free(words);
	*ret_taken = rc == 0;
	return rc == 0 ? check_twice(columns, row->line, err) : rc;
}

int subheadings_year(struct columns *columns, unsigned year, struct err *err)
{
	char words[WORDS_MAX];
	if (columns->form != FORM_ACROSS || columns_find(columns, ROLE_PERIOD) || year == 0)
		return 0;
	for (size_t i = 0; i < columns->n; i++)
		if (columns->list[i].heading.role == ROLE_PERIOD_FIGURES &&
		    (columns->list[i].period || !lacks_year(columns->list[i].name)))
			return 0;
	for (size_t i = 0; i < columns->n; i++) {
		struct column *column = &columns->list[i];
		if (column->heading.role != ROLE_PERIOD_FIGURES)
			continue;
		(void)utf8_print(words, sizeof(words), "%s/%u", column->name, year); /* fits */
		column->period = strdup(words);
		if (!column->period)
			return err_memory(err);
	}
	return 1;
}
