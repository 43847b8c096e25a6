/* I11: offices' days of which a journal entry cannot be read, as an order (an import, a move, a
 * release) meets them. It goes on without them and says so: in its answer, the log and the audit.
 * What can be read of such a day waits in quarantine as damaged, so that status names office and
 * day, until a backup is restored or the entry is put right and released. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "registry/code.h"
#include "registry/offices.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct damaged_days { /* zeros: none */
	uint64_t n;
	char code[CODE_LEN_MAX + 1]; /* the first one's office, */
	int32_t day;                 /* its day, */
	char why[256];               /* and what is wrong; cut */
};

/** Does an error say that what stands on the disk cannot be read? */
bool is_damage(int rc);

/** One more; @why is the error that met it. The first 20 of an order are logged and audited each.
 * In the transaction of the order, which happens at @at_us (event_form). */
int damaged_days_add(struct damaged_days *days, sqlite3 *db, const struct reference *reference,
		     int64_t office, int32_t day, int64_t at_us, const struct err *why,
		     struct err *err);

#define DAMAGED_DAYS_TEXT_MAX 768u
/** For people, in the thread's language: what was left out, and what to do. Some there must be. */
void damaged_days_text(const struct damaged_days *days, char ret_text[DAMAGED_DAYS_TEXT_MAX]);
