/* Text that came from outside: is it UTF-8 (RFC 3629), can a person see all of it, and how is it
 * shortened and quoted in a sentence?
 *
 * Whatever comes from a program, a peer, a file or its name is made printable where it comes in, by
 * utf8_clean() or utf8_excerpt(): what is behind that door may go to a terminal, a log and JSON. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of the character that @text[@len] begins with, 1 to 4; 0 when it is none: overlong forms,
 * surrogates, beyond U+10FFFF, cut short. @len >= 1. */
size_t utf8_char(const char *text, size_t len);

/** The code point of the character @text[@n]. */
uint32_t utf8_code(const char *text, size_t n);

bool utf8_valid(const char *text, size_t len);

/** Can the character @text[@n] be seen, and leaves its neighbours alone? Not controls (C0, DEL,
 * C1), marks that turn the direction of writing round, separators of lines and paragraphs,
 * characters without width, tags and noncharacters. */
bool utf8_seen(const char *text, size_t n);

/** Valid, and without control characters (C0, DEL, C1): what the wire takes. */
bool utf8_printable(const char *text, size_t len);

/** How many bytes of @text[@len] come before the first that is no character or is not seen; @len
 * when all is well. What names and labels that people hand in are held to. */
size_t utf8_plain(const char *text, size_t len);

/** How many bytes of @text[@len] to keep when @max is the limit: the cut is never inside a
 * character. A byte that belongs to none is one. */
size_t utf8_cut(const char *text, size_t len, size_t max);

/** snprintf() whose result is cut between characters. Returns its length, which is below @room.
 * @room >= 1. */
size_t utf8_print(char *to, size_t room, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
size_t utf8_vprint(char *to, size_t room, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));

/** Make @text printable, in place: a character that is not seen and a byte that is none become '?',
 * a blank other than space becomes a space; those in @but (ASCII) stay as they are. It never grows.
 * Returns its length. */
size_t utf8_clean(char *text, const char *but);

#define EXCERPT_MAX 48u
/** As much of @text[@len] as a sentence can quote, always printable UTF-8: what cannot be printed
 * becomes '?', what is long ends in "...". Returns @out. */
const char *utf8_excerpt(const char *text, size_t len, char out[EXCERPT_MAX]);
