/* The way of one figure as a small drawing: its line, with gaps as gaps, and the way to its target
 * dashed. All that it draws is also told in words, for who does not see it. */
#pragma once

#include "common/text/html.h"

#include <stddef.h>

#define SPARK_MAX 64u /* points; of more, the last ones */

struct spark_point {        /* texts borrowed; exact */
	const char *period; /* as people write it */
	const char *value;  /* NULL: none */
	const char *path;   /* where the way to the target is then; NULL: nowhere */
};

/** @goal: the target itself; NULL. Nothing where fewer than two points have a value. */
void spark_write(struct html *html, const struct spark_point points[], size_t n, const char *goal,
		 const char *goal_words);
