/* After units, offices or the catalogue have changed: what has counted so far and may not by the
 * new rules goes into quarantine, where office and operator see it with its reason, instead of
 * dropping out of the totals in silence. The rollups must be made anew afterwards. (What was closed
 * since stays as it is: a closed period keeps its figures.) */
#pragma once

#include "db.h"
#include "err.h"
#include "reference.h"

#include <stdint.h>

/**
 * Judge every journal entry (of @office, or of all: 0) by @reference, inside the caller's
 * transaction. @ret_held: observations that went into quarantine now. What had been released before
 * is held again. -EUCLEAN: an entry cannot be read.
 */
int books_review(sqlite3 *db, const struct reference *reference, int64_t office, uint64_t *ret_held,
		 struct err *err);
