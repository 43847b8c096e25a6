/* Which catalogue is in force, and the edition that offices are sent of it, for those who answer on
 * the loop: read from the store again when somebody asks and the last look is older than a second.
 * The edition is packed once for each catalogue, on a reader's thread, and held here: at most
 * WIRE_EDITION_MAX bytes. */
#pragma once

#include "registry/delivery.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct catalogue_watch {
	uv_loop_t *loop;                /* outlives it, as the store */
	struct store *store;            /* set both, and on_done */
	void (*on_done)(void *context); /* a look ended */
	void *context;
	/* its own: */
	struct store_job job;
	uint64_t looked_ms, version, found;
	struct edition edition; /* owned: that offices are sent */
	struct edition fresh;   /* owned: that a look found; of stamp 0: none */
	uint64_t of_stamp;      /* that edition is of, as the look began */
	bool known, looking, closed;
};

/** The catalogue's version as last seen, for offices of before protocol 3; 0: not known yet, or it
 * cannot be sent. Starts a look when that is due. */
uint64_t catalogue_watch_version(struct catalogue_watch *watch);
/** The edition as last seen; its version is 0 when there is none yet. The same. */
const struct edition *catalogue_watch_edition(struct catalogue_watch *watch);
/** Somebody else made @edition of what is in force now: it is taken over, and empty afterwards. */
void catalogue_watch_take(struct catalogue_watch *watch, struct edition *edition);
/** When it is no longer looking. */
void catalogue_watch_free(struct catalogue_watch *watch);
