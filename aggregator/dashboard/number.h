/* Numbers as a reader's language has them. What is shown comes from the exact decimal text, digit
 * by digit, and never through a float; the exact text stands beside it, in <data value="...">. */
#pragma once

#include "common/text/html.h"

#define NUMBER_MAX 160u /* what is shown */

/**
 * "1234567.50" as 1.234.567,50 in Vietnamese and 1,234,567.50 in English, all its digits kept; a
 * minus sign is U+2212. What is no decimal text is returned as it is, cut. Returns @shown.
 */
const char *number_shown(const char *exact, char shown[NUMBER_MAX]);
/** The same with a plus sign where it is above zero. */
const char *number_change(const char *exact, char shown[NUMBER_MAX]);
/** With its unit of measure behind it: a percent sign as the language writes it, any other after a
 * space that does not break. NULL or "": none. */
const char *number_with_unit(const char *exact, const char *unit, char shown[NUMBER_MAX]);

/** The same with at most @digits behind the point: halves are rounded away from zero. For a
 * headline, beside which the exact number stands. */
const char *number_rounded(const char *exact, unsigned digits, const char *unit,
			   char shown[NUMBER_MAX]);
const char *number_rounded_change(const char *exact, unsigned digits, char shown[NUMBER_MAX]);

/** <data value="EXACT">shown</data>; NULL: a dash that a screen reader says as "none". */
void number_write(struct html *html, const char *exact);
void number_write_change(struct html *html, const char *exact);
void number_write_unit(struct html *html, const char *exact, const char *unit);
/** The sign of an exact number: -1, 0 or 1; 0 for what is none. */
int number_sign(const char *exact);
