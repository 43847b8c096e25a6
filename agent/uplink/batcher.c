#include "uplink/batcher.h"

#include "common/base/container.h"
#include "common/base/log.h"

#define CLOCK_LOOK_MS 60000u /* while figures wait for the time */

static int work(struct task *task)
{
	struct sealer *sealer = container_of(task, struct sealer, task);
	int64_t now_us = clock_now(spool_clock(sealer->spool)).at_us;
	int rc = spool_seal(sealer->spool, now_us, &sealer->last, &sealer->more, &task->err);
	sealer->life = spool_life(sealer->spool);
	return rc;
}

static void done(struct task *task)
{
	struct sealer *sealer = container_of(task, struct sealer, task);
	if (task->rc == 0) {
		if (spool_waits_for_clock(sealer->spool))
			sealer_within(sealer, CLOCK_LOOK_MS);
		sealer->on_sealed(sealer->context, sealer->last, &sealer->life);
		return;
	}
	log_error("uplink: seal failed, will try again cause=\"%s\"", task->err.text);
	sealer_within(sealer, sealer->interval_ms);
}

static void on_timer(uv_timer_t *timer)
{
	struct sealer *sealer = container_of(timer, struct sealer, timer);
	if (sealer->task.busy || sealer->paused)
		sealer_within(sealer, sealer->soon_ms);
	else
		task_start(&sealer->task, sealer->group, work, done);
}

void sealer_within(struct sealer *sealer, uint64_t wait_ms)
{
	const uv_handle_t *handle = (const uv_handle_t *)&sealer->timer;
	if (uv_is_closing(handle) ||
	    (uv_is_active(handle) && uv_timer_get_due_in(&sealer->timer) <= wait_ms))
		return;
	(void)uv_timer_start(&sealer->timer, on_timer, wait_ms, 0); /* not closing */
}

void sealer_start(struct sealer *sealer, uv_loop_t *loop)
{
	(void)uv_timer_init(loop, &sealer->timer); /* cannot fail */
}

void sealer_recorded(struct sealer *sealer, bool coarse)
{
	sealer_within(sealer, coarse ? sealer->soon_ms : sealer->interval_ms);
}

void sealer_acked(struct sealer *sealer)
{
	sealer_within(sealer, sealer->more ? 0 : sealer->interval_ms);
}

void sealer_set_interval(struct sealer *sealer, uint64_t interval_ms)
{
	sealer->interval_ms = interval_ms;
	if (uv_is_active((uv_handle_t *)&sealer->timer))
		sealer_within(sealer, interval_ms);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct sealer *sealer = container_of((uv_timer_t *)handle, struct sealer, timer);
	sealer->on_closed(sealer->context);
}

void sealer_stop(struct sealer *sealer, void (*on_closed)(void *context))
{
	sealer->on_closed = on_closed;
	uv_close((uv_handle_t *)&sealer->timer, on_handle_closed);
}
