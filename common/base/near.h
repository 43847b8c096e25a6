/* Which word was meant? For a hint where a name was mistyped. */
#pragma once

#include <stddef.h>

#define NEAR_WORD_MAX 64u /* bytes; longer words are near to none */

/** Bytes to insert, drop, change or swap with their neighbour until @a is @b (Damerau 1964, as
 * "optimal string alignment"); SIZE_MAX for long words. */
size_t near_distance(const char *a, const char *b);

/** From this distance on it is another word than @word. */
size_t near_limit(const char *word);
