/* The kinds of events: what each is called, for people, and which tables its rows may be of. To
 * have another: a row in event_kinds.c, beside the act that appends it. A kind that this version
 * does not know, because a later one wrote it, is shown by its name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct event_kind {
	const char *name;    /* as it is stored */
	const char *words;   /* N_(): what was done */
	const char *carries; /* names of ledger tables, parted by blanks; "": it changes no row;
				"*": any */
};
extern const struct event_kind event_kinds[];
extern const size_t n_event_kinds;

/** NULL: this version does not know it. */
const struct event_kind *event_kind_find(const char *name);
/** What was done, in the reader's language; @name itself where it is not known. */
const char *event_kind_words(const char *name);
/** May its rows be of @table? One that is not known may have any. */
bool event_kind_carries(const char *name, const char *table);
