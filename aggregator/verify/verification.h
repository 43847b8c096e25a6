/* Verification as a job of the store: one step after the other (verify/verify.h), those that read
 * on a reader, those that rebuild on the writer, between what others have for them to do. One at a
 * time; its outcome stays to be asked for until the next one begins.
 *
 * 1. verification_start() queues the first step and returns;
 * 2. each step's end notes how far it is, and queues the next;
 * 3. the last one, a step that fails, or the one in work when verification_cancel() was called ends
 *    the run, and on_end is told. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/base/i18n.h"
#include "store/store.h"
#include "verify/verify.h"

#include <stdbool.h>
#include <stdint.h>

struct verification;

/** @store outlives it. @on_end runs on the loop at the end of each run, last of all: it may close
 * the verification. NULL: out of memory. */
struct verification *verification_open(struct store *store, void (*on_end)(void *context),
				       void *context);
/** None may be running (asserted). NULL is fine. */
void verification_close(struct verification *verification);

/** @repairer as in verify_open(); @language is that of the rows. -EEXIST while one runs; -ENOMEM.
 * @ret_run: its number since the verification was opened, from 1. */
int verification_start(struct verification *verification, const char *repairer,
		       enum language language, uint64_t *ret_run, struct err *err);
/** What runs ends with the step that is in work, or never begins. */
void verification_cancel(struct verification *verification);

/**
 * Append what is to be told of @run (0: the last one) to @out. While it runs: no rows, the counts
 * so far, and a head object "progress" of "stage" ("journal", "days", "pages"), "done" and "all".
 * At the end the table of verify_table_take(). With @csv just the rows, and -EAGAIN while it runs.
 * -ENOENT: there was no such run, or another began since; the error that ended it, if one did.
 */
int verification_tell(const struct verification *verification, uint64_t run, bool csv,
		      struct blob *out, struct err *err);
