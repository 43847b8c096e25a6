/* Figures of several metrics for people: a row for each place and period, a column for each metric,
 * and behind it the change where one was asked for. */
#pragma once

#include "common/base/err.h"
#include "common/text/drawn.h"
#include "common/text/table.h"

#include <stdbool.h>
#include <stdio.h>

/** Draw @table, the rows of a question with several names; @given: in the order in which they are.
 * What is not whole is marked, and below the table it is said what the marks mean. -EINVAL: these
 * are no figures; -ENOMEM; -EIO. */
int wide_draw(const struct table *table, bool given, const struct drawn_room *room, FILE *out,
	      struct err *err);
