/* Figures side by side: a row for each place and label, a column for each metric and period, each
 * with its change where the question was beside what was before. Every number is that of one row of
 * the answer, and links to what is behind it: a unit's figure to its own page, an office's to its
 * report. */
#pragma once

#include "dashboard/visit.h"

/** @answer: that of @target, a question to /api/v1/query with at least one row. @heading: the id of
 * what names the table. The heads of its newest columns sort by links. */
void pivot_table_write(struct visit *visit, struct html *html, const json_t *answer,
		       const char *target, const char *heading);
