#include "uplink/batcher.h"

#include "common/base/container.h"
#include "common/base/log.h"

#define CLOCK_LOOK_MS 60000u /* while figures wait for the time */

static int work(struct task *task)
{
	struct batcher *batcher = container_of(task, struct batcher, task);
	int64_t now_us = clock_now(spool_clock(batcher->spool)).at_us;
	int rc = spool_seal(batcher->spool, now_us, &batcher->last, &batcher->more, &task->err);
	batcher->life = spool_life(batcher->spool);
	return rc;
}

static void done(struct task *task)
{
	struct batcher *batcher = container_of(task, struct batcher, task);
	if (task->rc == 0) {
		if (spool_waits_for_clock(batcher->spool))
			batcher_within(batcher, CLOCK_LOOK_MS);
		batcher->on_sealed(batcher->context, batcher->last, &batcher->life);
		return;
	}
	log_error("uplink: seal failed, will try again cause=\"%s\"", task->err.text);
	batcher_within(batcher, batcher->interval_ms);
}

static void on_timer(uv_timer_t *timer)
{
	struct batcher *batcher = container_of(timer, struct batcher, timer);
	if (batcher->task.busy || batcher->paused)
		batcher_within(batcher, batcher->soon_ms);
	else
		task_start(&batcher->task, batcher->group, work, done);
}

void batcher_within(struct batcher *batcher, uint64_t wait_ms)
{
	const uv_handle_t *handle = (const uv_handle_t *)&batcher->timer;
	if (uv_is_closing(handle) ||
	    (uv_is_active(handle) && uv_timer_get_due_in(&batcher->timer) <= wait_ms))
		return;
	(void)uv_timer_start(&batcher->timer, on_timer, wait_ms, 0); /* not closing */
}

void batcher_start(struct batcher *batcher, uv_loop_t *loop)
{
	(void)uv_timer_init(loop, &batcher->timer); /* cannot fail */
}

void batcher_recorded(struct batcher *batcher, bool coarse)
{
	batcher_within(batcher, coarse ? batcher->soon_ms : batcher->interval_ms);
}

void batcher_acked(struct batcher *batcher)
{
	batcher_within(batcher, batcher->more ? 0 : batcher->interval_ms);
}

void batcher_set_interval(struct batcher *batcher, uint64_t interval_ms)
{
	batcher->interval_ms = interval_ms;
	if (uv_is_active((uv_handle_t *)&batcher->timer))
		batcher_within(batcher, interval_ms);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct batcher *batcher = container_of((uv_timer_t *)handle, struct batcher, timer);
	batcher->on_closed(batcher->context);
}

void batcher_stop(struct batcher *batcher, void (*on_closed)(void *context))
{
	batcher->on_closed = on_closed;
	uv_close((uv_handle_t *)&batcher->timer, on_handle_closed);
}
