/* How people read a cell of the register, as an event has it (schema/effects.h). */
#pragma once

#include <jansson.h>

#define CELL_TEXT_MAX 256u

/** @value of @column of @table, mostly in @text; NULL: nothing. A text that a disk damaged is shown
 * as such, in the reader's language, with its first bytes. */
const char *cell_show(const char *table, const char *column, const json_t *value,
		      char text[CELL_TEXT_MAX]);
