/* Versions of programs, as they are compared: by their numbers, 1.9 < 1.10, whatever is not told
 * being 0: 2.1 is 2.1.0. What follows a '~' comes before the same without it (2.0~rc1 < 2.0), as
 * Debian's packages have it; any other letters come behind all numbers (2.0 < 2.0.1 < 2.0a). */
#pragma once

#include <stdbool.h>

/** Does @text begin as one: with a digit, and nothing in it but letters, digits, '.', '~', '+',
 * '-'?
 */
bool version_valid(const char *text);
/** Less than 0, 0 or more: @a is before, the same as, or behind @b. A total order of any texts. */
int version_compare(const char *a, const char *b);
