/* Text made safe for others to read: as JSON strings. */
#pragma once

#include "common/base/blob.h"

#include <stddef.h>

/** Append @text[@len] to @out as a JSON string, quotes included. What is not UTF-8 (an error
 * sentence that was cut inside a letter, say) becomes U+FFFD, so that the result is always JSON.
 * -ENOMEM. */
int quote_json(struct blob *out, const char *text, size_t len);
