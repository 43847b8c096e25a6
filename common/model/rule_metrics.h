/* The metrics that rules name, as a catalogue has them. */
#pragma once

#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "common/model/rules.h"

/** Are all metrics there, those of a rule of one period and calendar? -EINVAL, with every rule
 * named by its line. */
int rules_suit(const struct rules *rules, const struct catalogue *catalogue, struct err *err);

/** "Dossiers received online 12, Administrative dossiers received 10", in the thread's language;
 * @point stands before decimals, '\0': '.'. Cut where there is no room. Returns @text. */
const char *rule_numbers(const struct rule *rule, const struct catalogue *catalogue,
			 const struct operand operands[], char point, char text[RULE_TEXT_MAX]);
