/* What another program answered as JSON, for a person's eyes: a daemon may be of another version,
 * or another's altogether, and its texts go to a terminal. */
#pragma once

#include <jansson.h>
#include <stddef.h>

/** The JSON @text[@len] with every name and text in it printable (utf8_clean(), lines kept). Owned
 * by the caller; NULL when it is no JSON, or without memory. */
json_t *answer_read(const void *text, size_t len);

/** The text of member @key; "" when there is none. */
const char *answer_text(const json_t *object, const char *key);
/** The whole number of member @key; 0 when there is none. */
long long answer_number(const json_t *object, const char *key);
