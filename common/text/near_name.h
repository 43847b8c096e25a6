/* Which name was meant? For a hint where one was mistyped or shortened, by whoever types without
 * marks: common/base/near.h on names as people read them (common/text/viet.h). */
#pragma once

#include "common/base/err.h"
#include "common/text/viet.h"

#include <stdbool.h>
#include <stddef.h>

struct near_name {
	char wanted[VIET_KEY_MAX]; /* without marks */
	size_t least;              /* how far the nearest of those tried is; SIZE_MAX: none is */
};

void near_name_begin(struct near_name *near, const char *wanted);
/** How far @name is from what may have been meant: few letters that differ, or a name of which a
 * part was left out. SIZE_MAX: it is another name. */
size_t near_name_distance(const struct near_name *near, const char *name);
/** Is @name nearer than all that were tried before? */
bool near_name_try(struct near_name *near, const char *name);

#define NEAR_WORDS_MAX  3u
#define NEAR_WORDS_TEXT 256u

/* The words that may have been meant, all that are as near as each other. */
struct near_words {
	struct near_name near;
	const char *list[NEAR_WORDS_MAX]; /* lent by whoever tried them */
	size_t n, more;                   /* more: as near, and not in the list */
};

void near_words_begin(struct near_words *words, const char *wanted);
/** @word, which is tried once and outlives @words. */
void near_words_try(struct near_words *words, const char *word);
/** "'office list' or 'excuse list'", in the thread's language; "" when none is near. Returns @text.
 */
const char *near_words_say(const struct near_words *words, char text[NEAR_WORDS_TEXT]);
/** Behind what @err says, "; did you mean 'month'?", if a word that was tried is near. Returns
 * @err's code. */
int near_words_add(struct err *err, const struct near_words *words);
/** The same, where a word of @list (parted by blanks or
 * commas; NULL: it has none) is near to @wanted. Returns @err's code. */
int near_words_hint(struct err *err, const char *list, const char *wanted);
