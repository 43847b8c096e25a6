/* A sentence of ours that was said in English, told again in the language of this thread.
 *
 * Daemons log in English, and send each other what is wrong in English; a person who reads it later
 * has a language. What was said came of a format in the catalogue of messages, so it is found again
 * by the text between the format's conversions, and what stood in them goes into its translation. A
 * sentence that wraps others ("line 7: period: ...") is told part by part; what is not found stays
 * as it is. */
#pragma once

#include <stddef.h>

/** @english in this thread's language. @ret_text [@room]; what does not fit is cut between letters.
 * Returns @ret_text. */
char *retell(const char *english, char *ret_text, size_t room);
