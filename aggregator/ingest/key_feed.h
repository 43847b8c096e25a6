/* How the key list follows the store: the keys of an office, read in the transaction that changed
 * them, put into the key list on the loop after the commit. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "registry/key_list.h"

#include <stddef.h>
#include <stdint.h>

struct key_feed {
	struct listed_key *keys; /* owned [n] */
	size_t n;
};

/** All keys of @office as they are now. -ENOMEM or the database's error. */
int key_feed_read(sqlite3 *db, int64_t office, struct key_feed *ret_feed, struct err *err);
/** Put them into the key list and free the feed. -ENOMEM: the key list lags behind; the caller must
 * end the process. */
int key_feed_apply(struct key_feed *feed, struct key_list *key_list);
void key_feed_free(struct key_feed *feed);
