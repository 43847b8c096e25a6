/* How the roster follows the store: the keys of an office, read in the transaction that changed
 * them, put into the roster on the loop after the commit. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "registry/key_list.h"

#include <stddef.h>
#include <stdint.h>

struct roster_feed {
	struct roster_key *keys; /* owned [n] */
	size_t n;
};

/** All keys of @office as they are now. -ENOMEM or the database's error. */
int roster_feed_read(sqlite3 *db, int64_t office, struct roster_feed *ret_feed, struct err *err);
/** Put them into the roster and free the feed. -ENOMEM: the roster lags behind; the caller must end
 * the process. */
int roster_feed_apply(struct roster_feed *feed, struct roster *roster);
void roster_feed_free(struct roster_feed *feed);
