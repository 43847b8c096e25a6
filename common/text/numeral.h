/* Numbers as people and spreadsheets write them: 12,5  1.234,5  1,234.5  1 234  -7. Which of '.'
 * and ',' stands before the decimals depends on who wrote them; most numbers tell by themselves,
 * and one like 1.234 needs to be told. Nothing here guesses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum numeral {
	NUMERAL_NONE,   /* no number */
	NUMERAL_PLAIN,  /* without decimals or with neither mark: the same for everybody */
	NUMERAL_COMMA,  /* only with ',' before the decimals does it make sense: 12,5  1.234.567 */
	NUMERAL_POINT,  /* only with '.': 12.5  1,234,567 */
	NUMERAL_EITHER, /* one mark, three digits behind it: 1.234  1,234 */
};

#define NUMERAL_MAX 64u

/** What does @text tell? Blanks around it, blanks between groups of three digits (also no-break
 * ones), the typographic minus and wide digits are taken. */
enum numeral numeral_look(const char *text);

/**
 * Write it as common/base/decimal.h reads it: digits, with '.' before the decimals.
 *
 * @mark  NUMERAL_COMMA or NUMERAL_POINT: what stands before decimals. It matters for
 *        NUMERAL_EITHER alone; the others go by themselves.
 *
 * Returns false for what is no number, is longer than NUMERAL_MAX, or is NUMERAL_EITHER without a
 * @mark.
 */
bool numeral_plain(const char *text, enum numeral mark, char ret_plain[NUMERAL_MAX]);
