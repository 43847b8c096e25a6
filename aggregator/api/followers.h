/* Who waits for the ledger to grow: requests for changes that found none, and said how long they
 * would wait. They hold no thread and no place among those in work; none of them asks the store
 * anything until it has grown, and then each does once.
 *
 * A client that hangs up meanwhile is not noticed until its time is over: a place is lost for
 * CHANGES_WAIT_MAX_S at most. */
#pragma once

#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define FOLLOWERS_MAX      32u /* one more is answered 503 */
#define CHANGES_WAIT_MAX_S 60u

struct follower {                                  /* embed it; stays in place while it is kept */
	uint64_t until_ms;                         /* by the loop's clock */
	void (*again)(struct follower *follower);  /* the ledger has grown */
	void (*finish)(struct follower *follower); /* its time is over */
};
struct followers;

int followers_open(uv_loop_t *loop, struct followers **ret_followers, struct err *err);
/** Nobody waits (followers_end()). It frees itself from the loop. NULL is fine. */
void followers_close(struct followers *followers);
unsigned followers_count(const struct followers *followers);
/** Let it wait until until_ms: one of its callbacks is called then, once, from the loop. False: too
 * many do, or followers_end() was called. */
bool followers_keep(struct followers *followers, struct follower *follower);
/** The ledger has grown: again() for all. */
void followers_wake(struct followers *followers);
/** Nobody waits from here on: finish() for all who do. */
void followers_end(struct followers *followers);
