/* Periods as people write them in their tables: 30/06/2025, 6/2025, "Tháng 6/2025", "Quý II năm
 * 2025", "QII/2025", "6 tháng đầu năm 2025", "Năm 2025", "Tuần 26/2025", "30 tháng 6 năm 2025",
 * 30/06/2025 14:00; and as spreadsheets write them anew: Jun-25, Thg6-25, 2025-06-30T00:00:00. The
 * day stands before the month, as in all Vietnamese writing; a year has four digits, or two behind
 * a word. */
#pragma once

#include "common/base/err.h"
#include "common/model/period.h"

#include <stdbool.h>

/** Is @text a date that only makes sense with the month before the day, like 6/30/2025? A file that
 * has one was not written by somebody who puts the day first. */
bool period_month_first(const char *text);

/**
 * Write @text as period_parse() reads it.
 *
 * @grain        what the figure is counted per: an hour may be written 14:00, a day 0:00, and a
 *               month by its first day, which is what a spreadsheet makes of it
 * @month_first  the same file has dates with the month first: one that could be either is refused
 *
 * Returns 0; -EINVAL for what is no period of @grain, or could be two; err says what stands there
 * and what to write, which a spreadsheet leaves as it is typed.
 */
int period_from_words(const char *text, enum grain grain, bool month_first,
		      char ret_text[PERIOD_TEXT_MAX], struct err *err);

/** A period of @grain in words that no spreadsheet makes another of: "Tháng 6/2025". */
const char *period_words_example(enum grain grain);

/** Is @text a period of any grain, or lacks one its year alone ("Tháng 6")? */
bool period_words_known(const char *text);
