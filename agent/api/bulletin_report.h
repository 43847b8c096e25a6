/* What the province told this office about itself, as JSON for status. */
#pragma once

#include "common/base/blob.h"
#include "office/bulletin.h"

#include <jansson.h>

/**
 * {"unit", "unit_name", "level", "closed": [{"period", "calendar", "metric", "since"}, ...],
 *  "waiting_more", "released": [{"figures", "at", "reason"}, ...], "messages": [{"message", "at",
 *  "who", "text", "metric", "labels", "period", "news"}, ...]}; null when nothing was told.
 * Closed is the newest first, and so is released, in which what was let in at once for one reason
 * is one row. NULL: out of memory.
 */
json_t *bulletin_json(const struct bulletin *told);

/** {"message": N}, or {"all": true}: somebody read it, answered with {"read": how many}. -EINVAL:
 * it is none of them; as bulletin_mark_read(). Blocks on disk. */
int bulletin_carry_out(struct spool *spool, const void *request, size_t len, struct blob *out,
		       struct err *err);
