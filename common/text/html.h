/* Pages, written so that nothing from outside breaks out of its place: markup is in formats of the
 * source alone, and what fills them is escaped here and nowhere else. */
#pragma once

#include "common/base/blob.h"

#include <stdbool.h>

struct html {
	struct blob out; /* owned */
	bool failed;     /* out of memory: the page is not whole */
};

/**
 * Append @format, a literal of ours. %s is text, escaped for both places where it may stand:
 * between tags, and in an attribute within double quotes (elsewhere only words of ours may stand,
 * like " checked"). %d, %u, %zu, %lld and %llu are numbers;
 * %% is a percent sign. There is nothing else.
 */
void html_add(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Append a sentence, all of it as text: @format and what fills it. */
void html_say(struct html *html, const char *format, ...) __attribute__((format(printf, 2, 3)));
