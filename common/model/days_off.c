#include "common/model/days_off.h"

#include "common/base/array.h"
#include "common/base/i18n.h"
#include "common/base/search.h"
#include "common/base/utf8.h"
#include "common/model/document.h"
#include "common/model/period.h"
#include "common/text/import_sheet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 128u

enum column { FROM, TO, KIND, NAME_VI, NAME_EN, COLUMNS };
static const char *const columns[COLUMNS] = { "from", "to", "kind", "name_vi", "name_en" };
static const char *const kinds[DAYS_OFF_KINDS] = { "off", "work", "weekend" };

/* --- which days --- */

/* 1970-01-01 was a Thursday. */
static bool is_weekend(int32_t day)
{
	int32_t of_week = ((day + 3) % 7 + 7) % 7; /* Monday 0 */
	return of_week >= 5;
}

/* The row of rows @first to @end - 1, which are ascending, that has @day; NULL: none. */
static const struct days_off_row *row_of(const struct days_off *days, size_t first, size_t end,
					 int32_t day)
{
	size_t n = end - first;
	const struct days_off_row *list = days->list + first;
	size_t at = search_first(i, n, list[i].end <= day);
	return at < n && list[at].from <= day ? &list[at] : NULL;
}

bool days_off_has(const struct days_off *days, int32_t day)
{
	if (!days || days->n == 0)
		return false;
	const struct days_off_row *row = row_of(days, 0, days->n_days, day);
	if (row)
		return row->kind == DAYS_OFF;
	return is_weekend(day) && row_of(days, days->n_days, days->n, day);
}

int32_t days_off_next_work(const struct days_off *days, int32_t day)
{
	while (days_off_has(days, day))
		day++;
	return day;
}

bool days_off_same(const struct days_off *a, const struct days_off *b)
{
	return (a ? a->version : 0) == (b ? b->version : 0);
}

/* --- rows --- */

static bool day_read(struct import_sheet *sheet, enum column column, int32_t *day)
{
	struct err why = { 0 };
	const char *text = import_sheet_field(sheet, column);
	if (day_parse(text, day, &why) == 0)
		return true;
	import_sheet_diagnose(sheet, "%s: %s", columns[column], why.text);
	return false;
}

static bool kind_read(struct import_sheet *sheet, enum days_off_kind *kind)
{
	char shown[EXCERPT_MAX];
	const char *text = import_sheet_field(sheet, KIND);
	size_t i = 0;
	while (*text && i < DAYS_OFF_KINDS && strcmp(text, kinds[i]) != 0)
		i++;
	if (i == DAYS_OFF_KINDS) {
		import_sheet_diagnose(sheet,
				      "kind: '%s' is not valid; it must be off, work or weekend",
				      utf8_excerpt(text, strlen(text), shown));
		return false;
	}
	*kind = (enum days_off_kind)i;
	return true;
}

static void name_check(struct import_sheet *sheet, enum column column)
{
	char shown[EXCERPT_MAX];
	const char *text = import_sheet_field(sheet, column);
	size_t len = strlen(text);
	if (len > NAME_MAX_BYTES || utf8_plain(text, len) != len)
		import_sheet_diagnose(sheet, "%s: '%s' is not valid; at most %u bytes of text",
				      columns[column], utf8_excerpt(text, len, shown),
				      NAME_MAX_BYTES);
}

static void worked_check(struct import_sheet *sheet, const struct days_off_row *row)
{
	char text[DAY_TEXT_MAX];
	for (int32_t day = row->from; day < row->end; day++)
		if (!is_weekend(day)) {
			import_sheet_diagnose(
				sheet, "%s is a working day anyway: it is not a Saturday or Sunday",
				day_format(day, text));
			return;
		}
}

static int on_row(struct import_sheet *sheet, struct err *err)
{
	struct days_off *days = sheet->context;
	struct days_off_row row = { .line = sheet->row->line };
	bool open = !*import_sheet_field(sheet, TO), good = kind_read(sheet, &row.kind);
	int32_t last = 0;
	name_check(sheet, NAME_VI);
	name_check(sheet, NAME_EN);
	if (!*import_sheet_field(sheet, NAME_VI) && !*import_sheet_field(sheet, NAME_EN))
		import_sheet_diagnose(sheet, "it has no name: people will ask why nothing is due");
	good &= day_read(sheet, FROM, &row.from);
	good &= open || day_read(sheet, TO, &last);
	if (!good)
		return 0;
	row.end = !open ? last + 1 : row.kind == DAYS_OFF_WEEKEND ? INT32_MAX : row.from + 1;
	if (row.end <= row.from) {
		import_sheet_diagnose(sheet, "it ends before it begins");
		return 0;
	}
	if (row.kind != DAYS_OFF_WEEKEND && row.end - row.from > DAYS_OFF_RUN_MAX) {
		import_sheet_diagnose(sheet, "it has more than %d days in a row", DAYS_OFF_RUN_MAX);
		return 0;
	}
	if (row.kind == DAYS_OFF_WORK)
		worked_check(sheet, &row);
	if (days->n == DAYS_OFF_ROWS_MAX) {
		import_sheet_diagnose(sheet, "there are more than %u rows", DAYS_OFF_ROWS_MAX);
		return 0;
	}
	struct days_off_row *list = array_room(days->list, days->n, sizeof(*list));
	if (!list)
		return err_memory(err);
	days->list = list;
	list[days->n++] = row;
	return 0;
}

/* --- all of them --- */

static int row_order(const void *a, const void *b)
{
	const struct days_off_row *x = a, *y = b;
	bool later = x->kind == DAYS_OFF_WEEKEND, other = y->kind == DAYS_OFF_WEEKEND;
	if (later != other)
		return later ? 1 : -1;
	return (x->from > y->from) - (x->from < y->from);
}

static void sort(struct days_off *days)
{
	if (days->n > 1)
		qsort(days->list, days->n, sizeof(*days->list), row_order);
	while (days->n_days < days->n && days->list[days->n_days].kind != DAYS_OFF_WEEKEND)
		days->n_days++;
}

static void overlaps_check(const struct days_off *days, struct diagnostics *diagnostics)
{
	char text[DAY_TEXT_MAX];
	for (size_t i = 1; i < days->n; i++) {
		const struct days_off_row *row = &days->list[i], *before = row - 1;
		if (i != days->n_days && row->from < before->end)
			diagnostics_add(diagnostics, row->line,
					"%s is on line %u already; take it out of one of both",
					day_format(row->from, text), before->line);
	}
}

static void runs_check(const struct days_off *days, struct diagnostics *diagnostics)
{
	char text[DAY_TEXT_MAX];
	for (size_t i = 0; i < days->n_days; i++) {
		const struct days_off_row *row = &days->list[i];
		int32_t day = row->from;
		while (day <= row->from + DAYS_OFF_RUN_MAX && days_off_has(days, day))
			day++;
		if (day > row->from + DAYS_OFF_RUN_MAX)
			diagnostics_add(diagnostics, row->line,
					"more than %d days in a row are off, from %s on",
					DAYS_OFF_RUN_MAX, day_format(row->from, text));
	}
}

int days_off_read(const char *csv, size_t len, struct days_off **ret_days, struct err *err)
{
	struct days_off *days = calloc(1, sizeof(*days));
	struct import_sheet sheet = {
		.columns = columns, .n_columns = COLUMNS, .on_row = on_row, .context = days
	};
	if (!days)
		return err_memory(err);
	int rc = import_sheet_read(&sheet, csv, len, err);
	if (rc == 0) {
		sort(days);
		overlaps_check(days, &sheet.diagnostics);
		runs_check(days, &sheet.diagnostics);
		rc = diagnostics_tell(&sheet.diagnostics, err);
	}
	if (rc == 0)
		rc = document_keep(csv, len, &days->csv, &days->version, err);
	if (rc < 0) {
		days_off_close(days);
		return rc;
	}
	days->csv_len = len;
	if (days->n == 0)
		days->version = 0;
	*ret_days = days;
	return 0;
}

void days_off_close(struct days_off *days)
{
	if (!days)
		return;
	free(days->list);
	free(days->csv);
	free(days);
}
