/* An entry of the journal of which something is, or was, in quarantine: rows of it follow one
 * another, and its payload is decoded once. A damaged one costs itself alone: it has no runs (I11).
 */
#pragma once

#include "common/base/arena.h"
#include "common/net/wire.h"
#include "journal/declarations.h"

#include <stdbool.h>

struct held_entry {
	struct declarations *declarations; /* outlives it */
	sqlite3_stmt *stmt;                /* owned */
	struct arena *arena;               /* owned: of batch */
	int64_t id;                        /* the one that was read last; 0: none */
	int64_t office;                    /* 0: not even that can be read */
	bool readable;
	struct batch batch;              /* where it is */
	const struct declared *declared; /* [n_declared]: of its spool */
	size_t n_declared;
};

/** On error there is nothing to close; closing twice, or one of zeros, is fine. */
int held_entry_open(sqlite3 *db, struct declarations *declarations, struct held_entry *ret,
		    struct err *err);
void held_entry_close(struct held_entry *entry);
/** Read entry @id, unless it is at hand. -EINTR: the question's time is over. */
int held_entry_read(struct held_entry *entry, int64_t id, struct err *err);
/** Of which series @run is; NULL: it cannot be known. Its metric is NULL when it is in no
 * catalogue.
 */
const struct declared *held_entry_series(const struct held_entry *entry, int64_t run);
