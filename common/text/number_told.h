/* Exact numbers as people read them, in the language of the thread: 1.249,5 in Vietnamese, 1,249.5
 * in English. Digits alone are moved apart: nothing is rounded, added or left out. */
#pragma once

#include "common/base/blob.h"

#include <stdbool.h>

/** "-1234.50": an optional sign, digits, and maybe a point with digits behind it; what
 * decimal_format() writes. */
bool number_is_plain(const char *text);

/** Room for a number of @len characters, as number_print() writes it. */
#define NUMBER_ROOM(len) (2 * (len) + 4)
/** Write @exact, which is plain, as people read it, with @minus (4 bytes at most) for its sign.
 * @shown has NUMBER_ROOM() of it. Returns the length; a NUL is behind it. */
size_t number_print(const char *exact, const char *minus, char *shown);
/** Append @exact as people read it, without a NUL; what is no number as it is. -ENOMEM. */
int number_told(const char *exact, struct blob *out);
