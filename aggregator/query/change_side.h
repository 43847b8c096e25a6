/* One side of a row that an event changed: what it was, or is (schema/effects.h). Lends from the
 * event's body. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct side {
	const json_t *columns, *values; /* @values may be JSON's null: there was, or is, no row */
};

/** The sides of the @nth of a table's changes. */
static inline struct side side_of(const json_t *columns, const json_t *change, size_t nth)
{
	return (struct side){ columns, json_array_get(change, nth) };
}
static inline bool side_there(const struct side *side)
{
	return json_is_array(side->values);
}
/** NULL when it has no such column. */
const json_t *side_value(const struct side *side, const char *column);
/** "" of what is no text; 0 of what is no number. */
const char *side_text(const struct side *side, const char *column);
int64_t side_number(const struct side *side, const char *column);
