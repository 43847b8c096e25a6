/* What of an entry was held when it came, as the journal keeps it beside the payload: the chain
 * covers it, so that the verdicts of that moment are facts, by whichever rules they were found.
 *
 * For each hold four varints (common/base/varint.h): the run, the first point + 1 (0: the whole
 * run), how many observations, the verdict. Nothing held: no bytes (NULL in the table). */
#pragma once

#include "common/base/blob.h"
#include "common/base/err.h"
#include "common/model/verdict.h"

#include <stddef.h>
#include <stdint.h>

struct hold {
	size_t run;
	int64_t point; /* the first of n; QUARANTINE_WHOLE_RUN */
	size_t n;      /* observations */
	enum verdict verdict;
};

/** Append one. -ENOMEM. */
int held_list_add(struct blob *list, const struct hold *hold);
/** The next one of @list [@len] from @*at on, which is moved behind it. 1, 0 at the end, -EBADMSG:
 * these bytes are no such list. */
int held_list_next(const uint8_t *list, size_t len, size_t *at, struct hold *ret_hold);
