/* What stands above a pivot: which metrics it has, and the form that says of what. */
#pragma once

#include "dashboard/visit.h"

/** The metrics that are chosen, each with a link that takes it away; a search for more by name or
 * label; and what was found, each with a link that adds it. */
void pivot_choice(struct visit *visit, struct html *html);
/** By which level, periods, labels, borders and knowledge; a GET form that keeps all else. */
void pivot_form(struct visit *visit, struct html *html);
