/* What the lines above a table, and headings within it, say of its period: "BÁO CÁO THÁNG 6 NĂM
 * 2025", "QUÝ II VÀ III/2025", "6 tháng đầu năm", "từ 01/6/2025 đến 30/6/2025", "Lũy kế". A table
 * without a column for the period may only be of now when nothing that is said contradicts. Pure.
 */
#pragma once

#include "common/base/utf8.h"
#include "common/model/period.h"
#include "common/text/csv_reader.h"
#include "import/title_plan.h"

#include <stdbool.h>
#include <stddef.h>

#define TITLE_NAMES_MAX 4u

struct title_name { /* a period that is named; a day may lack its month and year, others the year */
	enum grain grain;
	unsigned year, number, day; /* 0: not said; month, quarter, week or half */
};

struct title {                                                /* all 0 before the first line */
	struct title_name names[TITLE_NAMES_MAX], from, upto; /* days: from ... upto ... */
	size_t n;                                             /* of names, all different */
	unsigned years[TITLE_NAMES_MAX];                      /* said by themselves: "NĂM 2025" */
	size_t n_years;
	bool unclear;    /* it says what is no period, like "7 tháng", or too much */
	bool cumulative; /* "lũy kế", "từ đầu năm" */
	struct title_plan plan;
	char said[EXCERPT_MAX], said_day[EXCERPT_MAX]; /* the words, as they stand there: the first
							 line's that has some; and of a day */
};

/** One more line, all of its cells together. */
void title_read_row(struct title *title, const struct csv_row *row);
void title_read(struct title *title, const char *text); /* UTF-8 */

/** The words that say it, as they stand there; "" when nothing is said. */
const char *title_said(const struct title *title);

/** Can it be that the figures of @period are meant, and no others? A title that says nothing
 * contradicts nothing; one of another length does, and a day only where it says from or until. */
bool title_allows(const struct title *title, struct period period);

/** Does it name periods as long as @period, none of which is @period? */
bool title_names_other(const struct title *title, struct period period);

/** The year, when it is the only one that is named; 0: none, or several. */
unsigned title_year(const struct title *title);
