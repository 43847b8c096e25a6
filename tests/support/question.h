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
/** Does a refusal say that nothing was ever reported with a label? Which labels there are is judged
 * by what is known now, whatever instant is asked about (rules, 5.9 and I13). */
bool question_no_label(const char *refusal);
