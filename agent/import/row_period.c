#include "import/row_period.h"

#include "common/base/utf8.h"
#include "common/model/period.h"
#include "common/model/period_words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* From the finest to the coarsest, the year last, and what stands before a number alone. A quarter
 * beside its month says nothing more. */
static const struct {
	char part;
	const char *word;
} parts[] = {
	{ 'd', "ngày" }, { 'w', "tuần" }, { 'm', "tháng" }, { 'q', "quý" }, { '\0', "" },
};

static const struct column *part_find(const struct columns *columns, const struct csv_row *row,
				      char part, const char **ret_cell)
{
	for (size_t i = 0; i < columns->n; i++) {
		const struct heading *heading = &columns->list[i].heading;
		if (heading->role != ROLE_PERIOD || heading->part != part)
			continue;
		*ret_cell = i < row->n ? row->fields[i] : "";
		return &columns->list[i];
	}
	return NULL;
}

/* "6" and "II" need their word, "Tháng 6" has it. Quarters and weeks are nothing without it:
 * II/2025; of days and months 30/06/2025 and 06/2025 tell more as they stand. */
static bool is_bare(const char *text, char part)
{
	const char *of = part == 'q' || part == 'w' ? "0123456789 IVXivx/-." : "0123456789 IVXivx";
	return text[strspn(text, of)] == '\0';
}

/* Does @text name a year itself? A number of four digits stands nowhere else in a period. */
static bool names_year(const char *text)
{
	for (; *text; text++) {
		size_t n = strspn(text, "0123456789");
		if (n == 4)
			return true;
		text += n > 0 ? n - 1 : 0;
	}
	return false;
}

static void append(struct row_period *period, const char *word, const char *text)
{
	size_t len = strlen(period->text);
	(void)utf8_print(period->text + len, sizeof(period->text) - len, "%s%s%s%s",
			 len > 0 ? " " : "", word, *word ? " " : "", text); /* cut: no period */
}

/* @cell is that of the year's own column. */
static int take_year(struct row_period *period, const struct column *column, const char *cell,
		     struct err *err)
{
	const char *number = cell + strcspn(cell, "0123456789");
	if (!*cell && *period->text && !names_year(period->text)) {
		period->column = column;
		period->cell = "";
		return err_set(err, -EINVAL, "is empty; write the period of the line's figures");
	}
	if (*cell && names_year(period->text)) {
		char shown[EXCERPT_MAX];
		if (strlen(number) == 4 && strstr(period->text, number))
			return 0;
		return err_set(err, -EINVAL,
			       "'%s' and the year in its own column differ; correct one of them",
			       utf8_excerpt(period->text, strlen(period->text), shown));
	}
	if (*cell)
		append(period, is_bare(cell, 'y') && *period->text ? "năm" : "", cell);
	return 0;
}

static void take_part(struct row_period *period, const struct column *column, const char *cell,
		      const char *word)
{
	bool first = !*period->text;
	if (!*cell || names_year(period->text) || (!first && column->heading.part == 'q'))
		return;
	append(period, is_bare(cell, column->heading.part) ? word : "", cell);
	if (first) {
		period->column = column;
		period->cell = cell;
	}
}

/* Days of what @text names, whichever grain it is; false when it names no period. */
static bool days_of(const char *text, int32_t *ret_first, int32_t *ret_end)
{
	char written[PERIOD_TEXT_MAX];
	struct err ignored; /* the next grain is tried; at last it is no period */
	struct period period;
	for (enum grain grain = GRAIN_MINUTE; grain < GRAIN_COUNT; grain++) {
		if (period_from_words(text, grain, false, written, &ignored) < 0 ||
		    !period_read(written, CALENDAR_CIVIL, &period))
			continue;
		*ret_first = period_first_day(period);
		*ret_end = period_end_day(period);
		return true;
	}
	return false;
}

/* What stands in another column than those that it was put together from lies in it, or around it.
 */
static int check_others(const struct row_period *period, const struct columns *columns,
			const struct csv_row *row, struct err *err)
{
	char shown[EXCERPT_MAX], other[EXCERPT_MAX];
	int32_t first, end, other_first, other_end;
	for (size_t i = 0; i < columns->n; i++) {
		const struct column *column = &columns->list[i];
		const char *cell = i < row->n ? row->fields[i] : "";
		if (column == period->column || column->heading.role != ROLE_PERIOD ||
		    !names_year(cell) || !days_of(cell, &other_first, &other_end) ||
		    !days_of(period->text, &first, &end) ||
		    (first < other_end && other_first < end))
			continue;
		return err_set(err, -EINVAL,
			       "'%s' and '%s' in column '%s' differ; correct one of them",
			       utf8_excerpt(period->text, strlen(period->text), shown),
			       utf8_excerpt(cell, strlen(cell), other), column->name);
	}
	return 0;
}

int row_period_read(const struct columns *columns, const struct csv_row *row,
		    const struct column *across, struct row_period *ret_period, struct err *err)
{
	struct row_period period = { .cell = "" };
	const char *cell = "";
	const struct column *column;
	if (across)
		take_part(&period, across, across->period ? across->period : across->name, "");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if ((column = part_find(columns, row, parts[i].part, &cell)))
			take_part(&period, column, cell, parts[i].word);
	column = part_find(columns, row, 'y', &cell);
	int rc = column ? take_year(&period, column, cell, err) : 0;
	if (!period.column) { /* the year alone, or nothing */
		period.column = columns_find(columns, ROLE_PERIOD);
		period.cell = *period.text ? cell : "";
	}
	if (rc == 0)
		rc = check_others(&period, columns, row, err);
	*ret_period = period;
	return rc;
}
