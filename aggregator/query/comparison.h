/* A figure beside that of the period before, or of a year before.
 *
 * The period before has the same grain and calendar, and so the same length: 2025-06 beside 2025-05
 * or 2024-06, by the report calendar too. A year before is the period that has the same name in
 * that year: 29 February and week 53 may have none.
 *
 * A place is compared with itself: the unit with that code and first day, or the office. One that
 * was not there has nothing to be compared with, which is not 0 (rule 5.4). What is compared is
 * what is shown (rule 5.8): the change is the exact difference of both values, and the percentage
 * is of the size of the earlier one, rounded once. */
#pragma once

#include "common/base/err.h"
#include "common/model/period.h"
#include "common/text/table.h"

#include <stdbool.h>

enum versus { VERSUS_NOTHING, VERSUS_PERIOD, VERSUS_YEAR };

#define COMPARISON_COLUMNS 10u
#define PERCENT_DECIMALS   2u

/* before_period, before (its value), before_due, before_reported, before_carried, before_missing,
 * before_until (while it is not over), change, change_percent, change_reason (why one of the two is
 * missing) */
extern const char *const comparison_columns[COMPARISON_COLUMNS];

/** "year" or "period"; NULL: with nothing. -EINVAL says what there is. */
int versus_from_name(const char *name, enum versus *ret_versus, struct err *err);
/** The period that @period is compared with. False: there is none. */
bool versus_period(enum versus versus, struct period period, struct period *ret_before);

struct comparison { /* of the rows of one period */
	struct period now, before;
	bool is_there;                  /* the period before */
	const struct table *rows, *ago; /* lent, of both periods, with the same columns */
	size_t at;                      /* where the next row is looked for first */
};

/** The columns above, for row @row, into the row of @out that is begun. */
void comparison_put(struct comparison *comparison, size_t row, struct table *out);
