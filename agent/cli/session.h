/* Where the commands hand in figures and ask: the running agent's socket, or, when none runs, the
 * spool itself, which this process then holds. */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/catalogue.h"
#include "office/settings.h"
#include "record/comparison.h"
#include "record/entry.h"

#include <stddef.h>

struct desk;

/** -EBUSY: someone holds the spool, and yet nobody answers on the socket; -ENOENT: neither is
 * there. */
int desk_open(const struct settings *settings, struct desk **ret_desk, struct err *err);
void desk_close(struct desk *desk); /* NULL is fine */

/** The cached catalogue, owned by the desk. -ENOENT before there is one. */
int desk_catalogue(struct desk *desk, const struct catalogue **ret_catalogue, struct err *err);
/** The time as far as the running agent knows it, or else this process, or CLOCK_UNKNOWN_US. */
int64_t desk_latest_us(struct desk *desk);
/** All or none, durable when it returns 0; then @ret_found tells which of them are far from what
 * was reported before, as far as a running agent of another version says so. The caller frees it.
 */
int desk_record(struct desk *desk, const struct entry entries[], size_t n,
		struct comparison *ret_found, struct err *err);

enum desk_question { DESK_STATUS, DESK_SPOOL, DESK_VERIFY, DESK_EXPORT, DESK_CLOCK };
/** The answer of the API to GET /v1/status, ..., appended to @out. */
int desk_ask(struct desk *desk, enum desk_question question, struct blob *out, struct err *err);
/** The same with a desk for this question alone. */
int desk_ask_once(const struct settings *settings, enum desk_question question, struct blob *out,
		  struct err *err);
/** POST /v1/clock with @request. */
int desk_tell_clock(struct desk *desk, const char *request, struct blob *out, struct err *err);
