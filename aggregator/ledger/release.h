/* Out of quarantine: what is held is judged anew by today's reference, and what passes counts as if
 * it had from the start: it is marked as released at this moment, and its series of the day is
 * played again from the journal. As known before this moment, it is still held.
 *
 * I12: what is little is released at once. What is much goes by steps (change.h), each a
 * transaction, an event and a moment of its own: first the entries that wait are listed (table
 * release_entry), some at a time, of those that had come when it was ordered; then they are judged,
 * by day and office. What is released stays so, whatever becomes of the rest. */
#pragma once

#include "common/base/err.h"
#include "common/model/verdict.h"
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

struct release_counts { /* of observations */
	uint64_t released, kept, kept_for[VERDICT_COUNT];
};

/**
 * Release what fits all of @form, inside the caller's transaction; the audit tells of it when
 * anything passed. Of a run that was held as a whole, the values that may not count are held one by
 * one from now on; what stays is held for today's reason.
 *
 * The answer is release_table()'s. Where a journal entry cannot be read, all of its office's day
 * stays. -ENOENT: no such office.
 */
int quarantine_release(sqlite3 *db, const struct reference *reference,
		       const struct release_form *form, struct table **ret_table, struct err *err);
/** counts.released and counts.kept, then rows of reason and observations for what stays. @damaged:
 * what was left out, as counts.damaged; NULL: nothing. @object: "counts". */
int release_table(const struct release_counts *counts, const char *object, const char *damaged,
		  struct table **ret_table, struct err *err);
/** What it would come to, each held row judged by itself: where one is released because another
 * was before it, that is not seen. On a connection that only reads. -ENOENT. */
int release_try(sqlite3 *db, const struct reference *reference, const struct release_form *form,
		struct release_counts *ret_counts, struct err *err);

/** What it costs at most, in work as steps.h has it, without looking at what is held. -ENOENT. */
int release_weigh(sqlite3 *db, const struct reference *reference, const struct release_form *form,
		  uint64_t *ret_work, struct err *err);

/** Forget what a release in steps had listed; with @counts, also what came of it. */
int release_forget(sqlite3 *db, bool counts, struct err *err);
int release_counts_read(sqlite3 *db, struct release_counts *ret_counts, struct err *err);
/** List what waits of the entries behind *@place up to @upto, for about @budget of work or
 * @limit_us of time (0: any), at least an entry; *@place moves on. 1: there is more; 0: all is
 * listed. *@work grows by what was done. */
int release_list(sqlite3 *db, const struct reference *reference, const struct release_form *form,
		 int64_t upto, int64_t *place, uint64_t budget, int64_t limit_us, uint64_t *work,
		 struct err *err);
/** Judge and release what was listed, likewise, with its event. @ret_damaged: "" or what was left
 * out, DAMAGED_DAYS_TEXT_MAX. Likewise. */
int release_step(sqlite3 *db, const struct reference *reference, const struct release_form *form,
		 uint64_t budget, int64_t limit_us, uint64_t *work, char *ret_damaged,
		 struct err *err);
