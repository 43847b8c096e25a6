/* A line of a title, in words without marks, numbers and single characters; and what years and
 * numbers they are. Every reader may look at the words up to WORDS_AHEAD behind the last. */
#pragma once

#include "common/base/utf8.h"
#include "common/text/viet.h"

#include <stdbool.h>
#include <stddef.h>

#define WORDS_MAX   128u
#define WORDS_AHEAD 8u

struct title_word {
	const char *text; /* in bare */
	size_t len;
	unsigned value, digits; /* of a number; 0 digits: it is none */
	bool word;
};

struct title_words {
	const char *text; /* the line, as it was given */
	char bare[VIET_KEY_MAX];
	struct title_word list[WORDS_MAX + WORDS_AHEAD]; /* empty ones at the end */
	size_t n;
};

/** @text, UTF-8, outlives it; what is too long is left out. */
void title_words_read(struct title_words *words, const char *text);

/** Are the words from @i on those of @wanted, which are parted by one blank? */
bool words_are(const struct title_words *words, size_t i, const char *wanted);
bool words_are_one_of(const struct title_words *words, size_t i, const char *const list[],
		      size_t n);
#define WORDS_ARE_ONE_OF(words, i, list)                                                           \
	words_are_one_of(words, i, list, sizeof(list) / sizeof((list)[0]))

/** 1900 to 2100; 0: it is none. */
unsigned words_year(const struct title_words *words, size_t i);
/** "/2025", "năm 2025", "2025", and "/25". 0 for none, and then @ret_next is @i. */
unsigned words_year_behind(const struct title_words *words, size_t i, size_t *ret_next);
/** 6, VI, "sáu"; 0 for none. */
unsigned words_number(const struct title_words *words, size_t i, size_t *ret_next);
/** Words @from to before @behind, as they stand in the text. */
void words_quote(const struct title_words *words, size_t from, size_t behind,
		 char ret_said[EXCERPT_MAX]);
