#include "verify/verify_report.h"

#include "common/base/i18n.h"
#include "common/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct words words(const char *format, ...)
{
	struct words words;
	va_list args;
	va_start(args, format);
	(void)utf8_vprint(words.text, sizeof(words.text), _(format), args); /* cut is fine */
	va_end(args);
	return words;
}

struct table *verify_table_open(void)
{
	static const char *const columns[] = { "what", "where", "found", "expected", "outcome" };
	return table_open(columns, sizeof(columns) / sizeof(columns[0]));
}

void verify_table_head(struct table *table, const struct verify_counts *counts)
{
	const struct {
		const char *name;
		uint64_t count;
	} heads[] = {
		{ "batches", counts->batches },
		{ "observations", counts->observations },
		{ "pages", counts->pages },
		{ "differences", counts->differences },
		{ "beyond_repair", counts->beyond_repair },
		{ "repaired", counts->repaired },
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		table_head_int(table, "counts", heads[i].name, (int64_t)heads[i].count);
}

void verify_report_begin(struct verify_report *report, bool writes)
{
	bool repairs = *report->repairer && !report->damaged;
	report->mending = repairs && writes;
	report->quiet = repairs && !writes;
	report->seen = false;
}

/* Rows of @what that were told; NULL: of too many kinds. */
static uint64_t *told_of(struct verify_report *report, const char *what)
{
	for (size_t i = 0; i < VERIFY_WHATS_MAX; i++) {
		if (!report->told[i].what)
			report->told[i].what = what;
		if (strcmp(report->told[i].what, what) == 0)
			return &report->told[i].n;
	}
	return NULL;
}

static void name(struct verify_report *report, const char *what, const struct words *where,
		 const struct words *found, const struct words *expected, bool repaired)
{
	report->counts.repaired += repaired;
	uint64_t *told = told_of(report, what);
	report->counts.differences++;
	if (table_rows(report->table) >= VERIFY_ROWS_MAX || (told && ++*told > VERIFY_ROWS_OF_ONE))
		return;
	table_row(report->table);
	table_text(report->table, what);
	table_text(report->table, where->text);
	table_text(report->table, found->text);
	table_text(report->table, expected->text);
	if (*report->repairer)
		table_text(report->table, repaired ? "repaired" : "left");
}

void verify_differs(struct verify_report *report, const char *what, struct words where,
		    struct words found, struct words expected)
{
	report->seen = true;
	if (!report->quiet)
		name(report, what, &where, &found, &expected, report->mending);
}

void verify_damaged(struct verify_report *report, const char *what, struct words where,
		    struct words found, struct words expected)
{
	report->damaged = true;
	report->counts.beyond_repair++;
	name(report, what, &where, &found, &expected, false);
}
