#include "daemon/watchdog.h"

#include "common/base/container.h"
#include "common/sys/notify.h"

static void work_beat(struct job *job)
{
	struct heartbeat *heartbeat = container_of(job, struct heartbeat, job);
	heartbeat->look(heartbeat->context);
}

static void done_beat(struct job *job)
{
	struct heartbeat *heartbeat = container_of(job, struct heartbeat, job);
	heartbeat->beating = false;
	notify("WATCHDOG=1");
	if (!uv_is_closing((uv_handle_t *)&heartbeat->timer))
		heartbeat->tell(heartbeat->context);
}

static void on_timer(uv_timer_t *timer)
{
	struct heartbeat *heartbeat = container_of(timer, struct heartbeat, timer);
	if (heartbeat->beating)
		return; /* the worker is stuck, and systemd shall know */
	heartbeat->beating = true;
	heartbeat->job = (struct job){ .work = work_beat, .done = done_beat };
	worker_submit(heartbeat->worker, &heartbeat->job);
}

void heartbeat_start(struct heartbeat *heartbeat, uv_loop_t *loop)
{
	uint64_t every_ms = notify_watchdog_ms();
	(void)uv_timer_init(loop, &heartbeat->timer); /* cannot fail */
	if (every_ms > 0)
		(void)uv_timer_start(&heartbeat->timer, on_timer, 0, every_ms); /* not closing */
}

void heartbeat_stop(struct heartbeat *heartbeat)
{
	uv_close((uv_handle_t *)&heartbeat->timer, NULL);
}
