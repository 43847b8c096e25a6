/* What is told of figures that an operator recorded for an office: to the audit, and to the
 * office. */
#pragma once

#include "common/base/err.h"
#include "common/model/observation.h"
#include "common/sys/db.h"
#include "ledger/hand_judge.h"
#include "registry/reference.h"

#include <stddef.h>
#include <stdint.h>

struct hand_note {
	const char *office; /* its code */
	const struct hand_common *common;
	const struct reference *reference;
};

/** Of @list[@n], the last of which came with journal entry @entry: an event "figure record", which
 * has the office's new hand, if it is; and a message (registry/messages.h), about the figure where
 * it is one, in the language of the thread. In the caller's transaction. */
int hand_note(sqlite3 *db, const struct hand_note *note, const struct observation *const list[],
	      size_t n, int64_t entry, struct err *err);
