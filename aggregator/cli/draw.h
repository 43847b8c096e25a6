/* Tables for people: aligned by what letters take on a screen, titles in their language. */
#pragma once

#include "common/base/err.h"
#include "common/text/drawn.h"
#include "common/text/table.h"

#include <stdbool.h>
#include <stdio.h>

/** Draw @table, so that it fits @room. @show: the columns to draw, in that order, parted by blanks;
 * NULL: all. Columns that say nothing in any row are left out either way. Numbers have the
 * thousands and the decimal sign of the reader's language. -ENOMEM; -EIO. */
int draw_table(const struct table *table, const char *show, const struct drawn_room *room,
	       FILE *out, struct err *err);

/** Has column or counter @name of @object ("" for a column) a title of its own? */
bool draw_knows(const char *object, const char *name);

/** Every title, from 0, in English; NULL: there are no more. */
const char *draw_title(size_t i);

/** A line of what stands before the rows: counter @name of @object, under its title. */
void draw_head(const char *object, const char *name, const char *value, FILE *out);
