/* What the reference catalogue's units of measure and dimensions are called in Vietnamese. The page
 * shows them so, and tables may call their columns so. */
#pragma once

#include <stdbool.h>

/** The Vietnamese name of unit or dimension @word; NULL for one that has none here. */
const char *terms_vietnamese(const char *word);
/** @word as its reader calls it. */
const char *terms_shown(const char *word);
/** Is @key, as viet_key() makes it, one of these words, in either language? */
bool terms_known(const char *key);
