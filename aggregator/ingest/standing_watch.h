/* Which version the standing of each office has (journal/standing.h), for those who answer on the
 * loop: with each Ack and Pong, without a question to the database.
 *
 * 1. A Welcome, and each standing that was asked for, leave its version in the office's note
 * (agents.h).
 * 2. Every few seconds a reader looks whether an event came that may have changed any. Then all
 * notes are stale, as they are with each new day.
 * 3. Stale ones are read anew, some at a time: 11,000 offices take a reader half a second in all,
 * and within a few more the last of them hears of it with its next Pong.
 *
 * What a batch brings into quarantine its Ack names, and that is no reason to ask; where it brings
 * more than an Ack names, the note is stale, too. */
#pragma once

#include "ingest/agents.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define STANDINGS_AT_ONCE 256u

struct standing_watch {
	struct store *store; /* outlives it, as the agents; set these, and on_done */
	struct agent_list *agents;
	void (*on_done)(void *context); /* a look ended, or the timer closed */
	void *context;
	/* its own: */
	uv_timer_t timer;
	struct store_job job;
	int64_t event, found; /* the last that was seen; that the look under way sees */
	int32_t day, today;   /* likewise */
	bool news;            /* what the look under way saw */
	struct standing_look {
		int64_t office;
		uint64_t version; /* 0: it cannot be read */
	} list[STANDINGS_AT_ONCE];
	size_t n;
	bool looking, open;
};

void standing_watch_start(uv_loop_t *loop, struct standing_watch *watch);
void standing_watch_stop(struct standing_watch *watch);
/** Is a job of it in the store's hands, or its timer still open? */
bool standing_watch_busy(const struct standing_watch *watch);

/** @office's is @version, as of a transaction that saw events up to @event. */
void standing_watch_read(struct standing_watch *watch, int64_t office, uint64_t version,
			 int64_t event);
/** More of it waits than its office was told. */
void standing_watch_stale(struct standing_watch *watch, int64_t office);
/** What @office is to be told; 0: nothing. */
uint64_t standing_watch_version(const struct standing_watch *watch, int64_t office);
