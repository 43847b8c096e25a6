/* An order by which offices report for other units from a day on: one moves or ends, or all of a
 * reform's day follow theirs. Private to api/. */
#pragma once

#include "api/call.h"
#include "ledger/change.h"

/** The field @name, a day; today when it is not there and @needed is not set. -EINVAL. */
int moving_day(struct call *call, const char *name, bool needed, int32_t *ret_day, struct err *err);
/** Do it, figures and all, in this transaction or, if they are many, by steps; and answer with how
 * many offices moved ("moved"), or as what is under way. */
int moving_run(struct call *call, sqlite3 *db, const struct reference *before,
	       const struct change_form *form, struct err *err);
struct moving_would {           /* it come to */
	size_t n;               /* offices that move; 0: it stands so already */
	struct steps_cost cost; /* what goes along */
	int64_t us;             /* about, that it takes */
};

/** What it would come to, without doing it. Errors are those of the act. */
int moving_try(sqlite3 *db, const struct reference *before, const struct change_form *form,
	       struct moving_would *ret_would, struct err *err);
/** What goes along, as the object "figures" before the rows of an answer. */
void moving_cost(struct table *table, const struct moving_would *would);
