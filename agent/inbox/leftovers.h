/* Files that lie in the inbox and wait for somebody: what status and the clerk's page say of them.
 */
#pragma once

#include "common/base/err.h"
#include "common/base/utf8.h"
#include "inbox/inbox_core.h"
#include "inbox/inbox_folder.h"

#include <stddef.h>

struct leftovers { /* each kind with one of its names, or ""; @faulty is what is told of it */
	size_t n_stuck, n_faulty, n_sheets, n_held, n_told;
	char stuck[INBOX_NAME_MAX], held[INBOX_NAME_MAX], faulty[INBOX_NAME_MAX + 16],
		told[EXCERPT_MAX], sheet[EXCERPT_MAX];
};

/** Those of the last look. */
void leftovers_note(struct leftovers *leftovers, const struct inbox_core *core,
		    const struct inbox_folder *folder);
/** In sentences of the thread's language; "" when there are none. */
void leftovers_say(const struct leftovers *leftovers, char text[ERR_TEXT_MAX]);
