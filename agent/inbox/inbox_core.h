/* Which file of the inbox is taken when? A file counts as whole when nothing about it has changed
 * for a while; one that was dealt with is left alone until it changes. Pure: what lies in the
 * folder and the time arrive from outside. */
#pragma once

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INBOX_FILES_MAX 1000u /* looked at together; more wait until some of them are gone */
#define INBOX_NAME_MAX  256u  /* with its NUL, as the system has it */

struct inbox_stamp { /* a file as it was: another stamp means other contents */
	uint64_t inode, size;
	int64_t modified_ns, changed_ns;
};

struct inbox_listed {
	char name[INBOX_NAME_MAX];
	struct inbox_stamp stamp;
};

/** Is it a file for us? Not what is hidden, half copied, an editor's, a system's or our own. */
bool inbox_name_counts(const char *name);

struct inbox_core; /* knows the files of the last look */

struct inbox_core *inbox_core_open(void); /* NULL: out of memory */
void inbox_core_close(struct inbox_core *core);

/**
 * This is what lies there now. @list[@n] is sorted by this, and copied; n <= INBOX_FILES_MAX.
 * @now_ms is of a clock that never steps. -ENOMEM: the core is as before.
 */
int inbox_core_look(struct inbox_core *core, struct inbox_listed list[], size_t n, uint64_t now_ms,
		    struct err *err);

/**
 * The file to take now: of those that have not changed for @settle_ms the one modified first, so
 * that of two versions the later one counts. NULL when there is none; then @ret_wait_ms is after
 * what time there may be, UINT64_MAX when nothing waits. Valid until the next look.
 */
const struct inbox_listed *inbox_core_next(const struct inbox_core *core, uint64_t now_ms,
					   uint64_t settle_ms, uint64_t *ret_wait_ms);

/** It was dealt with as it was at @stamp: not again before it changes. @faulty: not all of it could
 * be taken. */
void inbox_core_done(struct inbox_core *core, const char *name, const struct inbox_stamp *stamp,
		     bool faulty);
/** It could not be taken for a reason that is not its own: again, but not before @until_ms. */
void inbox_core_later(struct inbox_core *core, const char *name, uint64_t until_ms);
/** Deal with all of them again: what was wrong with them may be right now. */
void inbox_core_anew(struct inbox_core *core);
/** How many lie there that could not be taken whole; @ret_first (may be NULL) is one's name, valid
 * until the next look. */
size_t inbox_core_faulty(const struct inbox_core *core, const char **ret_first);
/** Are @a and @b of the same contents? */
bool inbox_stamp_same(const struct inbox_stamp *a, const struct inbox_stamp *b);
