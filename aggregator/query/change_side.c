#include "query/change_side.h"

#include <string.h>

const json_t *side_value(const struct side *side, const char *column)
{
	size_t i;
	json_t *name;
	json_array_foreach((json_t *)side->columns, i, name)
		if (json_is_string(name) && strcmp(json_string_value(name), column) == 0)
			return json_array_get(side->values, i);
	return NULL;
}

const char *side_text(const struct side *side, const char *column)
{
	const char *text = json_string_value(side_value(side, column));
	return text ? text : "";
}

int64_t side_number(const struct side *side, const char *column)
{
	return json_integer_value(side_value(side, column)); /* 0 for what is none */
}
