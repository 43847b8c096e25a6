/* Periods as people write them in their tables: 30/06/2025, 6/2025, "Tháng 6/2025", "Quý II năm
 * 2025", "6 tháng đầu năm 2025", "Năm 2025", "Tuần 26/2025", 30/06/2025 14:00. The day stands
 * before the month, as in all Vietnamese writing; years have four digits. */
#pragma once

#include "err.h"
#include "period.h"

#include <stdbool.h>

/** Is @text a date that only makes sense with the month before the day, like 6/30/2025? A file that
 * has one was not written by somebody who puts the day first. */
bool period_month_first(const char *text);

/**
 * Write @text as period_parse() reads it. What this module does not know is copied as it is, for
 * period_parse() to judge.
 *
 * @grain        what the figure is counted per: an hour may be written 14:00, and a day 0:00
 * @month_first  the same file has dates with the month first: one that could be either is refused
 *
 * Returns 0; -EINVAL for a date with the month first, one that could be either, a year of two
 * digits, or a text that is too long for a period; err says what to write.
 */
int period_from_words(const char *text, enum grain grain, bool month_first,
		      char ret_text[PERIOD_TEXT_MAX], struct err *err);
