/* Titles of what is planned or expected: "KẾ HOẠCH THÁNG 7", "DỰ KIẾN QUÝ III". Their tables look
 * as those of what was done, and are none. Pure. */
#pragma once

#include "common/base/utf8.h"

#include <stdbool.h>
#include <stddef.h>

struct title_words;

struct title_plan { /* all 0 before the first line */
	bool done;  /* "kết quả", "thực hiện": what is planned elsewhere has been done */
	char said[EXCERPT_MAX]; /* of the first line that plans, as it stands there */
};

/** One more line; what it says of a period ends before word @behind, 0: it names none. */
void title_plan_read(struct title_plan *plan, const struct title_words *words, size_t behind);

/** The words that say so; "": none do. */
const char *title_plan_said(const struct title_plan *plan);
