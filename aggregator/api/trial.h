/* An order that is only tried, ?dry_run=1: it is done in a savepoint, told as what it would come
 * to, and undone, so that what it is refused for is what the order itself would be refused for.
 * Private to api/. */
#pragma once

#include "api/call.h"

/** prepare() of an action that takes nothing else: is it a trial? -EINVAL. */
int trial_prepare(struct call *call, struct err *err);
int trial_begin(sqlite3 *db, struct err *err);
/** All since trial_begin() is undone. Returns @rc, with its @err, or else what undoing it met. */
int trial_end(sqlite3 *db, int rc, struct err *err);
