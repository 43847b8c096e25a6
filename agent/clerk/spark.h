/* The past of one series as a small line, drawn here, so that it prints and needs no script; in
 * words for who hears the page. */
#pragma once

#include "clerk/sheet.h"
#include "common/text/html.h"

/** Nothing is drawn of less than three values. */
void spark_write(struct html *html, const struct sheet_row *row);
