/* Numbers as workbooks hold them, as decimals. Excel computes with doubles and keeps 15 significant
 * digits of a number; but it writes as many digits as the double needs, 8.5920000000000005 for
 * 8.592. So of a number with a fraction and more than 15 digits, these 15 count. What was written
 * with fewer, and a whole number, stays as it is written. Pure. */
#pragma once

#include <stdbool.h>

#define NUMBER_TEXT_MAX 64u

/** @text is a number of XML Schema: -12.5, 1.2E-3. False for what is none. A number too long for
 * plain digits keeps its exponent: whoever reads it says so. */
bool number_text(const char *text, char ret_plain[NUMBER_TEXT_MAX]);
/** The same of a double, with its 15 digits. False when it is no number. */
bool number_text_of(double value, char ret_plain[NUMBER_TEXT_MAX]);
