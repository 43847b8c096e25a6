/* The rows of an answer as a table, as the writers of tables and pivots want them. */
#pragma once

#include "common/text/table.h"

#include <jansson.h>

/** Columns as the first row has them; numbers by their exact text, and what is an object is null.
 * An answer without rows has no columns, and is no table: NULL, as where memory ran out. Owned by
 * the caller. */
struct table *answer_table(const json_t *answer);
