/* Which catalogue is in force, for those who answer on the loop: read from the store again when
 * somebody asks and the last look is older than a second. */
#pragma once

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
	bool known, looking, closed;
};

/** The catalogue's version as last seen; 0: not known yet, or it cannot be sent. Starts a look when
 * that is due. */
uint64_t catalogue_watch_version(struct catalogue_watch *watch);
