/* Seals what was recorded, after a while: figures of an hour or a minute together after the push
 * interval, others soon. A seal that fails is tried again. */
#pragma once

#include "spool/spool.h"
#include "uplink/task.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct batcher {
	struct task_group *group; /* outlives it, as the spool */
	struct spool *spool;
	uint64_t interval_ms, soon_ms;
	bool paused; /* set it: nothing is sealed meanwhile */
	/* Batches up to @last are sealed, and @life is the spool's. */
	void (*on_sealed)(void *context, uint64_t last, const struct spool_life *life);
	void *context;
	/* its own: */
	uv_timer_t timer;
	struct task task;
	uint64_t last;
	struct spool_life life;
	bool more; /* unsealed figures wait for acks */
	void (*on_closed)(void *context);
};

/** The fields above its own are filled; it must stay in place until on_closed. */
void batcher_start(struct batcher *batcher, uv_loop_t *loop);
/** @coarse: figures of a day or more are among those recorded. */
void batcher_recorded(struct batcher *batcher, bool coarse);
/** Figures that were left unsealed until acks came may be sealed now. */
void batcher_acked(struct batcher *batcher);
void batcher_within(struct batcher *batcher, uint64_t wait_ms);
/** Also for what waits, when it is shorter. */
void batcher_set_interval(struct batcher *batcher, uint64_t interval_ms);
void batcher_stop(struct batcher *batcher, void (*on_closed)(void *context));
