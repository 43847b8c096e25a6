/* A change under way (ledger/change.h) as a job of the store: one step after the other on the
 * writer, between what others have for it to do. It goes on from where the database says it is,
 * whether or not anybody asks, and after a restart. A step that fails, as where the disk is full,
 * is tried again after a second, and after twice as long each time that it fails again, a minute at
 * most. */
#pragma once

#include "common/base/err.h"
#include "common/base/i18n.h"
#include "store/store.h"

#include <stdbool.h>
#include <uv.h>

#define CHANGING_TROUBLE_MAX ERR_TEXT_MAX

struct changing;

/** @loop and @store outlive it. @on_end runs on the loop whenever it has nothing more to do, last
 * of all: it may close it. NULL: out of memory. */
struct changing *changing_open(uv_loop_t *loop, struct store *store, void (*on_end)(void *context),
			       void *context);
/** None may be running (asserted). NULL is fine. */
void changing_close(struct changing *changing);

/** Look whether there is a change, and go on with it. False: it runs already, so that on_end will
 * be called once. @language: that of what is kept to be told. */
bool changing_start(struct changing *changing, enum language language);
/** What failed may go well now, as another was ordered or this one taken back: wait no longer. */
void changing_hurry(struct changing *changing);
/** It ends with the step in work, and goes on at the next start. */
void changing_stop(struct changing *changing);
/** Why the last step failed, in the language of whoever started it; "": it did not. Valid until the
 * loop turns. */
const char *changing_trouble(const struct changing *changing);
