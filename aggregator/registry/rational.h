/* Exact fractions on their way in and out: GMP's mpq from decimals, and rounded to text. */
#pragma once

#include "common/base/decimal.h"

#include <gmp.h>
#include <stdbool.h>

/** @value rounded half to even at @decimals, as text without needless zeros at the end ("8.592",
 * "15", "-0.5"; never "-0"). The caller frees with free(). NULL: out of memory. */
char *rational_text(const mpq_t value, unsigned decimals);
/** @ret = @value rounded half to even at @decimals, as rational_text() shows it. @ret is
 * initialised by the caller, and may be @value. */
void rational_round(mpq_t ret, const mpq_t value, unsigned decimals);
/** A mantissa with decimals as a rational. @ret is initialised by the caller. */
void rational_set(mpq_t ret, int128 mantissa, unsigned decimals);
/** @text as rational_text() writes it. @ret is initialised by the caller. False: it is no such. */
bool rational_read(mpq_t ret, const char *text);
