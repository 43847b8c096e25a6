/* Advice of the programs, followed to the letter: what comes of it must be right.
 *
 * A row holds what somebody wrote, the sentence of common/po/vi.po that is to be said about it, the
 * same as that sentence advises, and what it must come to. tests/docs/check_advice sees to it that
 * each sentence that advises stands in such a row, or in its list of those followed elsewhere. */
#pragma once

#include "common/base/blob.h"
#include "common/base/i18n.h"

#include <stddef.h>

struct advice {
	const char *given;   /* with '@' for what is to be mended; the whole, when there is none */
	const char *wrong;   /* in the place of '@' */
	const char *said;    /* the sentence as the source has it, a format */
	const char *advised; /* in the place of '@'; $1 to $9: what that conversion of the sentence
				came to, in the language that it was said in */
	const char *outcome; /* of @given as advised; NULL: that it is taken is enough */
};

/** Try @text: append what is complained of to @said, and what came of it to @outcome. */
typedef void advice_try(void *context, const char *text, struct blob *said, struct blob *outcome);

/** Follow each of @rows[@n] in @language. Fails the test after all were tried. */
void advice_follow_in(enum language language, const struct advice rows[], size_t n,
		      advice_try *try_it, void *context);
/** Follow each of @rows[@n] in English and in Vietnamese. */
void advice_follow(const struct advice rows[], size_t n, advice_try *try_it, void *context);
