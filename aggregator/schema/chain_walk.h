/* The ledger from its beginning, link by link: whoever asks whether it is whole walks the entries
 * of the journal himself, as he has more to ask of them, and has the events between them walked. */
#pragma once

#include "schema/chain.h"
#include "schema/event.h"

struct chain_walk { /* where a walk is; zeros: before the first */
	int64_t entry, event;
	uint8_t chain[CHAIN_LEN];
};

struct chain_walker {            /* what a step of it needs at hand */
	struct chain_walk *walk; /* kept from step to step */
	sqlite3_stmt *events;    /* NULL: the store has none yet */
	int64_t of_before;       /* entries up to this one are of before events began */
	int64_t next; /* the entry that the next event is behind; INT64_MAX: none is left */
};

/** In a transaction. Works on a store of an earlier version, too. On error, too,
 * chain_walker_close() is called. */
int chain_walker_open(struct chain_walker *walker, struct chain_walk *walk, sqlite3 *db,
		      struct err *err);
void chain_walker_close(struct chain_walker *walker);

/** Told of each event: @right: its number, place and link are what they must be. Not 0 ends the
 * walk. */
typedef int chain_on_event(void *context, const struct event *event, bool right, struct err *err);
/** Walk the events that come before entry @id (INT64_MAX: all that are left). */
int chain_walk_events(struct chain_walker *walker, int64_t id, chain_on_event *on_event,
		      void *context, struct err *err);
/** Walk entry @id, whose row keeps @kept [@kept_len] as its link. False: that is another one; the
 * walk goes on from what is kept, so that each break is named once. Its events are walked. */
bool chain_walk_entry(struct chain_walker *walker, int64_t id, const struct chain_entry *entry,
		      const void *kept, size_t kept_len);
