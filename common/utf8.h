/* Text that came from outside: is it UTF-8 (RFC 3629), and how is it quoted in a sentence? */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** Bytes of the character that @text[@len] begins with, 1 to 4; 0 when it is none: overlong forms,
 * surrogates, beyond U+10FFFF, cut short. @len >= 1. */
size_t utf8_char(const char *text, size_t len);

bool utf8_valid(const char *text, size_t len);

/** Valid, and without control characters (C0, DEL, C1). */
bool utf8_printable(const char *text, size_t len);

#define EXCERPT_MAX 48u
/** As much of @text[@len] as a sentence can quote, always printable UTF-8: what cannot be printed
 * becomes '?', what is long ends in "...". Returns @out. */
const char *utf8_excerpt(const char *text, size_t len, char out[EXCERPT_MAX]);
