/* What is to be known about a figure besides its value, as a sign behind it that is explained
 * wherever it stands: by letters, never by colour alone. */
#pragma once

#include "common/text/html.h"

#include <jansson.h>

enum sign {
	/* A set of them. */
	SIGN_PARTIAL = 1,       /* somebody who was due is missing */
	SIGN_OPEN = 2,          /* the period is not over */
	SIGN_CARRIED = 4,       /* an earlier level stands for all of it */
	SIGN_REVISED = 8,       /* some of it was changed or withdrawn after it came */
	SIGN_WAITING = 16,      /* some of it waits in quarantine */
	SIGN_EXTRA = 32,        /* who was not due reported, too */
	SIGN_EXCUSED = 64,      /* somebody was excused */
	SIGN_MISSING = 128,     /* there is no figure, though one was due: never shown as 0 */
	SIGN_CARRIED_SOME = 256 /* an earlier level stands for some of it */
};

/** Not all that will be in it is. */
#define SIGNS_PROVISIONAL (SIGN_PARTIAL | SIGN_OPEN)

/** What is to be known about the figure of @row of an answer. */
unsigned signs_of(const json_t *row);
/** The signs of @set, each with its words for who hovers or hears; nothing where it is empty. */
void signs_write(struct html *html, unsigned set);
/** The same as plain text, for an SVG: "*r". Returns @text. */
#define SIGNS_TEXT_MAX 40u
const char *signs_text(unsigned set, char text[SIGNS_TEXT_MAX]);
/** In words: "somebody who was due is missing; changed after it came". Returns @text. */
#define SIGNS_WORDS_MAX 768u
const char *signs_words(unsigned set, char text[SIGNS_WORDS_MAX]);
/** A line that explains those of @set; nothing where it is empty. */
void signs_legend(struct html *html, unsigned set);
