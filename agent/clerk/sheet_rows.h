/* The rows of a form as markup: fields with what is known beside them. */
#pragma once

#include "clerk/html.h"
#include "clerk/sheet.h"

void sheet_rows(struct html *html, const struct sheet *sheet);
