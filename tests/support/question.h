/* Random questions about a random history. */
#pragma once

#include "common/model/civil.h"
#include "query/query.h"
#include "support/history.h"

struct question { /* stays where it is: its texts are its own */
	struct query query;
	char from[PERIOD_TEXT_MAX], to[PERIOD_TEXT_MAX], structure[DAY_TEXT_MAX],
		known[INSTANT_TEXT_MAX], words[384];
	int64_t known_us;
	enum grain per;
	enum calendar calendar;
	int32_t first, last;
};

/** One about a metric of @catalogue, which has them in the history's order; of the diligent mostly
 * what units' own pages tell. */
void question_make(struct history *h, const struct catalogue *catalogue, struct question *q);
