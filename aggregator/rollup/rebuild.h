/* Every page made again from the journal (I3). */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stdint.h>

/** An office's day that cannot be read (@err says why): return 0 to go on without it. NULL:
 * it ends there. */
typedef int rebuild_on_bad(void *context, int64_t office, int32_t day, struct err *err);

/** Make every page anew from the journal, in the caller's transaction. (After units, assignments or
 * catalogue have changed, ledger_follow() makes what that touches.) */
int rebuild_pages(sqlite3 *db, const struct reference *reference, rebuild_on_bad *on_bad,
		  void *context, struct err *err);

/** Were they made by a version that kept less in them? */
int rebuild_due(sqlite3 *db, bool *ret_due, struct err *err);
/** Then make them anew, in a transaction of its own, at the start, before anything is folded. Takes
 * what reading the whole journal does. */
int rebuild_store(sqlite3 *db, struct err *err);
