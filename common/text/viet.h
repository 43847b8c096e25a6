/* Vietnamese text as keyboards, spreadsheets and old systems write it: with letters of one
 * character (ế) or with combining marks (ê + acute, or e + circumflex + acute), in capitals, with
 * the tone on one vowel or its neighbour (hoá, hóa). For people it is the same text. Only the
 * letters of the Vietnamese alphabet are known here; everything else stays as it is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VIET_KEY_MAX 512u

/**
 * What names are compared by: two texts are the same name when their keys are equal. Letters are
 * small and of one character, the tone stands at the end of its syllable, a run of blanks (line
 * breaks, no-break spaces) is one space, none at the ends.
 *
 * @text is UTF-8. Returns false when the key does not fit into @ret_key.
 */
bool viet_key(const char *text, char ret_key[VIET_KEY_MAX]);

/** The same without any mark, as people type in a hurry: "quý" and "quy" are both "quy". */
bool viet_bare(const char *text, char ret_bare[VIET_KEY_MAX]);

#define VIET_WORD_MAX 48u
/** The key of @word, one of the program's own, kept in @kept (empty to begin with), so that a text
 * is compared with a list of words without making their keys each time. Any thread may come first:
 * the clerk's page reads a cell on the loop while the inbox reads others on the worker. */
const char *viet_word(const char *word, char kept[VIET_WORD_MAX]);

/**
 * Make letters with combining marks one character each (Unicode's form NFC, for Vietnamese): @text
 * into @to[@room]. A byte that is no character is copied. What is composed is never longer than it
 * was, so @to may be @text.
 *
 * @room >= 1. Returns false when it does not fit; then @to has as many whole characters as do.
 */
bool viet_compose(const char *text, char *to, size_t room);
