/* A figure on a page: what a formula gives has six digits, of which a chart or a cell shows as many
 * as are read, and the exact number stands beside it. */
#pragma once

#include "common/text/html.h"
#include "dashboard/number.h"

#define SHOWN_ALL (-1) /* digits behind the point: all that there are */

/** With its unit of measure behind it (NULL, "": none). Returns @text. */
const char *shown_number(const char *exact, int digits, const char *unit, char text[NUMBER_MAX]);
/** <data value="EXACT">shown</data> */
void shown_write(struct html *html, const char *exact, int digits);

/** How much a figure changed since another period: an arrow up, down or level, as the exact number
 * has its sign; what the caller writes; and against which period. */
void shown_change_begin(struct html *html, const char *exact);
void shown_change_end(struct html *html, const char *before, const char *calendar);
