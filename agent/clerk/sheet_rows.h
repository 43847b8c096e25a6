/* The rows of a form as markup: fields with what is known beside them. */
#pragma once

#include "clerk/sheet.h"
#include "common/text/html.h"

/** "2 of 4 done": of the metrics in rows @i to @end. */
void sheet_progress_say(const struct sheet *sheet, size_t i, size_t end, char text[WORDING_MAX]);
void sheet_rows(struct html *html, const struct sheet *sheet);
