/* Exact numbers as people read them, in the language of the thread: 1.249,5 in Vietnamese, 1,249.5
 * in English. Digits alone are moved apart: nothing is rounded, added or left out. */
#pragma once

#include "common/base/blob.h"

#include <stdbool.h>

/** "-1234.50": an optional sign, digits, and maybe a point with digits behind it; what
 * decimal_format() writes. */
bool number_is_plain(const char *text);

/** Append @exact as people read it, without a NUL; what is no number as it is. -ENOMEM. */
int number_told(const char *exact, struct blob *out);
