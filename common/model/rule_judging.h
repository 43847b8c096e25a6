/* Figures that are handed in, held to the rules of the province (common/model/rules.h), beside what
 * stands: at an office before it records them, at the province before an operator does. Pure. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/observation.h"

#include <stdbool.h>
#include <stddef.h>

/** What stands already: @each hands every figure of @metric and @period to @on_value, of which
 * labels, value_e, decimals and withdrawn are looked at, and ends with what that returns below 0.
 * Labels that it and the hand-in have name one series when their keys are equal. */
struct rule_standing {
	int (*each)(void *context, const char *metric, struct period period,
		    int (*on_value)(void *found, const struct observation *obs), void *found,
		    struct err *err);
	void *context;
};

/** Who is told of each figure that a rule which does not hold names: @nth of the hand-in; @text,
 * the sentence. What it returns below 0 ends the judging. */
struct rule_teller {
	int (*tell)(void *context, size_t nth, bool refused, const char *text, struct err *err);
	void *context;
};

/**
 * Hold @list[@n], all that one file, request or call hands in, to the rules of @catalogue. A rule
 * is judged by what would stand afterwards. What breaks a rule that refuses is refused, as far as
 * that rule names it; then the others are judged again without it. A rule that warns is judged
 * last. Those of a time that nobody knows ("now") are not judged.
 *
 * @refused  [n]: what is refused already; NULL: nothing
 * @point    before decimals in the sentences; '\0': '.'
 *
 * Returns 0; -ENOMEM; what @standing or @teller return.
 */
int rules_judge(const struct rule_standing *standing, const struct catalogue *catalogue,
		const struct observation list[], size_t n, const bool refused[], char point,
		const struct rule_teller *teller, struct err *err);
