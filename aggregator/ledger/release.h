/* Out of quarantine: what is held is judged anew by today's reference, and what passes counts as if
 * it had from the start: it is marked as released at this moment, and its series of the day is
 * played again from the journal. As known before this moment, it is still held. */
#pragma once

#include "common/base/err.h"
#include "common/sys/db.h"
#include "common/text/table.h"
#include "registry/reference.h"

#include <stdbool.h>
#include <stdint.h>

struct release_form {
	int64_t entry;      /* of the journal; 0: any */
	const char *office; /* code; NULL: any */
	const char *metric; /* as it was declared; NULL: any */
	bool closed;        /* let in what lacks nothing but that its period were open */
	bool older_copy;    /* let in what a machine sent that was set back: older_copy.h */
	const char *who;
	int64_t at_us; /* now; where a release was at that time already, a microsecond later */
};

/**
 * Release what fits all of @form, inside the caller's transaction; the audit tells of it when
 * anything passed. Of a run that was held as a whole, the values that may not count are held one by
 * one from now on; what stays is held for today's reason.
 *
 * The answer: counts.released and counts.kept, both of observations, then rows of reason and
 * observations for what stays. Where a journal entry cannot be read, all of its office's day stays,
 * and counts.damaged says so. -ENOENT: no such office.
 */
int quarantine_release(sqlite3 *db, const struct reference *reference,
		       const struct release_form *form, struct table **ret_table, struct err *err);
